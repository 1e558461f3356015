"""Load balancers of the provider virtual-router in the API, by the real clients (Z33): what is HTTP's, certificates, policies and their rules.

What serves them is in test_appliance_haproxy.py.
"""
import openstack
import openstack_cli
import pytest

from conftest import run
from identity_server import Admin, client_of, start
from test_load_balancer_api import LB, LOG_IN, call, make, remove


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("weftd"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def api(server):
    return client_of(server, project="admin")


@pytest.fixture(scope="module")
def subnet(api):
    network = api.make("network", name="net1", service_providers={"dhcp": "virtual-router"})
    return api.make("subnet", name="sub1", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")


@pytest.fixture
def balancer(api, subnet):
    one = make(api, "loadbalancers", vip_subnet_id=subnet["id"], provider="virtual-router")
    yield one
    remove(api, one)


def pair(folder, name, *key):
    """PEM texts of a certificate for `name` and of its key."""
    run("openssl", "req", "-x509", "-newkey", *(key or ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")), "-nodes", "-days", "2", "-subj", f"/CN={name}",
        "-addext", f"subjectAltName=DNS:{name},DNS:www.{name}", "-keyout", folder / "key", "-out", folder / "cert")
    return {"certificate": (folder / "cert").read_text(), "private_key": (folder / "key").read_text()}


def policies(api, listener):
    found = api.get(LB + f"l7policies?listener_id={listener['id']}").json["l7policies"]
    return [one["name"] for one in sorted(found, key=lambda one: one["position"])]


def test_cli(server, api, subnet, tmp_path):
    """`openstack loadbalancer …`: listeners of TERMINATED_HTTPS, l7policies and l7rules, every verb."""
    cli = openstack_cli.Cli(OS_AUTH_URL=server.url, OS_IDENTITY_API_VERSION="3",
                            **{"OS_" + key.upper(): value for key, value in LOG_IN.items()})
    first, second = (make(api, "certificates", name=name, **pair(tmp_path, name)) for name in ("a.example.org", "b.example.org"))
    balancer = cli.json("loadbalancer", "create", "--name", "lb1", "--vip-subnet-id", "sub1", "--provider", "virtual-router")
    assert (balancer["provider"], balancer["provisioning_status"], balancer["operating_status"]) == ("virtual-router", "PENDING_CREATE", "OFFLINE")
    listener = cli.json("loadbalancer", "listener", "create", "lb1", "--name", "l1", "--protocol", "TERMINATED_HTTPS", "--protocol-port", "443",
                        "--default-tls-container-ref", f"{server.url}{LB}certificates/{first['id']}", "--sni-container-refs", second["id"],
                        "--insert-headers", "X-Forwarded-For=true,X-Forwarded-Port=true", "--connection-limit", "100", "--timeout-client-data", "1000")
    assert (listener["default_tls_container_ref"], listener["sni_container_refs"]) == (first["id"], [second["id"]])
    assert (listener["connection_limit"], listener["timeout_client_data"]) == (100, 1000)
    assert "X-Forwarded-For=true" in str(listener["insert_headers"]).replace("'", "").replace(": ", "=")
    pool = cli.json("loadbalancer", "pool", "create", "--name", "p1", "--listener", "l1", "--protocol", "HTTP", "--lb-algorithm", "ROUND_ROBIN",
                    "--session-persistence", "type=APP_COOKIE,cookie_name=JSESSIONID")
    assert "JSESSIONID" in str(pool["session_persistence"])
    policy = cli.json("loadbalancer", "l7policy", "create", "l1", "--name", "y1", "--action", "REDIRECT_TO_POOL", "--redirect-pool", "p1")
    rule = cli.json("loadbalancer", "l7rule", "create", "y1", "--type", "HEADER", "--key", "X-A", "--compare-type", "REGEX", "--value", "^a+$", "--invert")
    assert (rule["key"], rule["invert"], rule["compare_type"]) == ("X-A", True, "REGEX")
    cli("loadbalancer", "l7rule", "set", "y1", rule["id"], "--value", "^b+$")
    assert cli.json("loadbalancer", "l7rule", "show", "y1", rule["id"])["value"] == "^b+$"
    assert [one["id"] for one in cli.json("loadbalancer", "l7rule", "list", "y1")] == [rule["id"]]
    cli("loadbalancer", "l7policy", "set", "y1", "--action", "REDIRECT_PREFIX", "--redirect-prefix", "https://example.org", "--redirect-http-code", "308")
    shown = cli.json("loadbalancer", "l7policy", "show", "y1")
    assert (shown["redirect_prefix"], shown["redirect_http_code"], shown["redirect_pool_id"], shown["position"]) == ("https://example.org", 308, None, 1)
    assert policy["id"] in str(cli.json("loadbalancer", "listener", "show", "l1")["l7policies"])
    cli("loadbalancer", "healthmonitor", "create", "p1", "--type", "HTTPS", "--delay", "5", "--timeout", "2", "--max-retries", "2")
    assert "in use" in call(api, "DELETE", f"certificates/{first['id']}").json["faultstring"]
    assert "in use" in call(api, "DELETE", f"certificates/{second['id']}").json["faultstring"]
    cli("loadbalancer", "l7rule", "delete", "y1", rule["id"])
    cli("loadbalancer", "l7policy", "delete", "y1")
    cli("loadbalancer", "delete", "lb1", "--cascade")
    for one in (first, second):
        assert call(api, "DELETE", f"certificates/{one['id']}").status == 204


def test_sdk(server, api, subnet):
    """openstacksdk's proxy has the same; a cascade takes all along."""
    connection = openstack.connect(load_envvars=False, load_yaml_config=False, auth_url=server.url, **LOG_IN)
    proxy = connection.load_balancer
    balancer = proxy.create_load_balancer(name="s", vip_subnet_id=subnet["id"], provider="virtual-router")
    listener = proxy.create_listener(load_balancer_id=balancer.id, protocol="HTTP", protocol_port=80, insert_headers={"X-Forwarded-Proto": "true"})
    pool = proxy.create_pool(listener_id=listener.id, protocol="HTTP", lb_algorithm="LEAST_CONNECTIONS", session_persistence={"type": "HTTP_COOKIE"})
    proxy.create_member(pool, address="10.0.0.20", protocol_port=80, monitor_address="10.0.0.21", monitor_port=81)
    proxy.create_health_monitor(pool_id=pool.id, type="TLS-HELLO", delay=5, timeout=3, max_retries=1)
    policy = proxy.create_l7_policy(listener_id=listener.id, action="REDIRECT_TO_URL", redirect_url="http://example.org/a%20b")
    proxy.create_l7_rule(policy, compare_type="EQUAL_TO", type="FILE_TYPE", value="jpg")
    assert [rule.rule_value for rule in proxy.l7_rules(policy)] == ["jpg"] and proxy.get_l7_policy(policy.id).redirect_url == "http://example.org/a%20b"
    tree = api.get(LB + f"loadbalancers/{balancer.id}/status").json["statuses"]["loadbalancer"]
    assert tree["listeners"][0]["l7policies"][0]["action"] == "REDIRECT_TO_URL"
    proxy.delete_load_balancer(balancer, cascade=True)
    assert list(proxy.l7_policies()) == [] == list(proxy.listeners())
    connection.close()


def test_certificates(server, api, tmp_path):
    """A key is never shown, and is its certificate's; it is replaced in one request; another project has its own."""
    good = pair(tmp_path, "a.example.org")
    made = make(api, "certificates", name="c", **good)
    assert made["domain_names"] == ["a.example.org", "www.a.example.org"] and made["not_after"] > "2026"
    assert "private_key" not in made and "PRIVATE" not in api.get(LB + "certificates").text.decode()
    other = pair(tmp_path, "b.example.org", "rsa:2048")
    path = f"certificates/{made['id']}"
    encrypted = run("openssl", "pkey", "-aes128", "-passout", "pass:x", "-in", tmp_path / "key").stdout
    for inner, part in (
            ({"certificate": "x", "private_key": "y"}, "certificate is no PEM"), ({**good, "private_key": "y"}, "private_key is no PEM"),
            ({**good, "private_key": other["private_key"]}, "not the key"), ({**other, "private_key": encrypted}, "without a password"),
            (pair(tmp_path, "c", "rsa:1024"), "too weak")):
        answer = call(api, "POST", "certificates", **inner)
        assert answer.status == 400 and part in answer.json["faultstring"], (part, answer.text)
    assert call(api, "PUT", path, certificate=other["certificate"]).status == 400
    changed = call(api, "PUT", path, **other)
    assert changed.status in (200, 202) and changed.json["certificate"]["domain_names"][0] == "b.example.org"
    Admin(server).tenant("tenant")
    stranger = client_of(server, "tenant", "pw", project="tenant")
    assert stranger.get(LB + path).status == 404
    assert call(api, "DELETE", path).status == 204


def test_order(api, balancer):
    """A policy has a place of its own: one that is taken moves those behind it."""
    listener = make(api, "listeners", loadbalancer_id=balancer["id"], protocol="HTTP", protocol_port=80)

    def add(name, **more):
        return make(api, "l7policies", listener_id=listener["id"], action="REJECT", name=name, **more)

    a, _ = add("a"), add("b")
    add("c", position=1)
    assert policies(api, listener) == ["c", "a", "b"]
    assert add("d", position=99)["position"] == 4
    assert call(api, "PUT", f"l7policies/{a['id']}", position=4).status in (200, 202)
    assert policies(api, listener) == ["c", "b", "a", "d"]
    assert call(api, "DELETE", f"l7policies/{a['id']}").status == 204 and policies(api, listener) == ["c", "b", "d"]


def test_bad_input(api, subnet, balancer, tmp_path):
    """What an appliance would refuse is refused here; what no virtual router does names who does."""
    listener = make(api, "listeners", loadbalancer_id=balancer["id"], protocol="HTTP", protocol_port=80)
    stream = make(api, "listeners", loadbalancer_id=balancer["id"], protocol="TCP", protocol_port=81)
    pool = make(api, "pools", loadbalancer_id=balancer["id"], protocol="HTTP", lb_algorithm="ROUND_ROBIN", session_persistence={"type": "HTTP_COOKIE"})
    plain = make(api, "pools", listener_id=stream["id"], protocol="HTTP", lb_algorithm="ROUND_ROBIN")
    elsewhere = make(api, "loadbalancers", vip_subnet_id=subnet["id"], provider="virtual-router")
    policy = make(api, "l7policies", listener_id=listener["id"], action="REJECT")
    rules, monitor = f"l7policies/{policy['id']}/rules", {"delay": 5, "timeout": 2, "max_retries": 1, "pool_id": pool["id"]}
    for path, inner, status, part in (
            ("loadbalancers", {"vip_subnet_id": subnet["id"], "provider": "amphora"}, 501, "there is edge"),
            ("loadbalancers", {"vip_subnet_id": api.make("subnet", network_id=api.make("network")["id"], ip_version=4, cidr="10.5.0.0/24")["id"],
                               "provider": "virtual-router"}, 409, "map its dhcp or dns"),
            ("listeners", {"protocol": "UDP"}, 501, "the provider 'edge' has what is asked for"),
            ("listeners", {"protocol": "TERMINATED_HTTPS"}, 400, "needs default_tls_container_ref"),
            ("listeners", {"protocol": "TERMINATED_HTTPS", "default_tls_container_ref": "http://barbican/x"}, 400, "id of a certificate"),
            ("listeners", {"protocol": "TERMINATED_HTTPS", "default_tls_container_ref": balancer["id"]}, 404, "could not be found"),
            ("listeners", {"protocol": "TCP", "insert_headers": {"X-Forwarded-For": "true"}}, 400, "HTTP and TERMINATED_HTTPS"),
            ("listeners", {"protocol": "HTTP", "insert_headers": {"X-SSL-Client-CN": "true"}}, 400, "X-SSL-Client-CN"),
            ("listeners", {"protocol": "HTTP", "insert_headers": {"X-Forwarded-For": "yes"}}, 400, "true or false"),
            ("listeners", {"protocol": "HTTP", "connection_limit": 0}, 400, "from 1 to 1000000"),
            ("listeners", {"protocol": "TCP", "default_pool_id": pool["id"]}, 400, "HTTP_COOKIE"),
            ("listeners", {"protocol": "HTTPS", "default_pool_id": plain["id"]}, 400, "not compatible"),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "HTTP", "lb_algorithm": "SOURCE_IP_PORT"}, 501, "'edge'"),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "session_persistence": {"type": "APP_COOKIE"}}, 400, "cookie_name"),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN",
                       "session_persistence": {"type": "APP_COOKIE", "cookie_name": "a b"}}, 400, "letters, digits"),
            ("healthmonitors", {**monitor, "type": "PING"}, 501, "'edge'"),
            ("healthmonitors", {**monitor, "type": "HTTP", "domain_name": "a b"}, 400, "DNS name"),
            ("l7policies", {"listener_id": stream["id"], "action": "REJECT"}, 400, "HTTP and TERMINATED_HTTPS"),
            ("l7policies", {"listener_id": listener["id"], "action": "REDIRECT_TO_URL"}, 400, "needs redirect_url"),
            ("l7policies", {"listener_id": listener["id"], "action": "REJECT", "redirect_url": "http://a"}, 400, "is for REDIRECT_TO_URL"),
            ("l7policies", {"listener_id": listener["id"], "action": "REDIRECT_TO_URL", "redirect_url": "http://a\n\tserver x"}, 400, "blanks"),
            ("l7policies", {"listener_id": listener["id"], "action": "REDIRECT_TO_URL", "redirect_url": "ftp://a"}, 400, "http://"),
            ("l7policies", {"listener_id": listener["id"], "action": "REDIRECT_TO_URL", "redirect_url": "http://a", "redirect_http_code": 304}, 400, "301, 302"),
            ("l7policies", {"listener_id": listener["id"], "action": "DROP"}, 400, "REJECT"),
            (rules, {"type": "HEADER", "compare_type": "EQUAL_TO", "value": "x"}, 400, "needs key"),
            (rules, {"type": "PATH", "compare_type": "EQUAL_TO", "value": "x", "key": "y"}, 400, "no key"),
            (rules, {"type": "HEADER", "compare_type": "EQUAL_TO", "value": "x", "key": "a) evil"}, 400, "letters, digits"),
            (rules, {"type": "PATH", "compare_type": "EQUAL_TO", "value": "a\nbackend b"}, 400, "printable"),
            (rules, {"type": "PATH", "compare_type": "REGEX", "value": "("}, 400, "no regular expression"),
            (rules, {"type": "FILE_TYPE", "compare_type": "CONTAINS", "value": "x"}, 400, "EQUAL_TO or REGEX"),
            (rules, {"type": "SSL_CONN_HAS_CERT", "compare_type": "EQUAL_TO", "value": "True"}, 400, "HOST_NAME")):
        inner = {"loadbalancer_id": balancer["id"], "protocol_port": 90, **inner} if path == "listeners" else inner
        answer = call(api, "POST", path, **inner)
        assert answer.status == status and part in answer.json["faultstring"], (path, inner, answer.text)
    assert call(api, "PUT", f"pools/{plain['id']}", session_persistence={"type": "HTTP_COOKIE"}).status == 400
    far = make(api, "pools", loadbalancer_id=elsewhere["id"], protocol="HTTP", lb_algorithm="ROUND_ROBIN")
    wrong = call(api, "POST", "l7policies", listener_id=listener["id"], action="REDIRECT_TO_POOL", redirect_pool_id=far["id"])
    assert wrong.status == 400 and "another load balancer" in wrong.json["faultstring"]
    assert make(api, "l7policies", listener_id=listener["id"], action="REDIRECT_TO_POOL", redirect_pool_id=pool["id"])["redirect_pool_id"] == pool["id"]
    assert "in use" in call(api, "DELETE", f"pools/{pool['id']}").json["faultstring"]
    remove(api, elsewhere)
