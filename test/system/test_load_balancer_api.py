"""Load balancers by the real clients: Debian's python3-octaviaclient and openstacksdk's load_balancer proxy; bad input by plain HTTP.
Requirement Z27 (the API; the packets are in test_load_balancer.py)."""
import json

import openstack
import openstack_cli
import pytest

from identity_server import PASSWORD, Admin, client_of, start
from conftest import wait_until
from weftd import ADMIN, Weftd

LB = "/load-balancer/v2.0/lbaas/"
LOG_IN = dict(username="admin", password=PASSWORD, project_name="admin", user_domain_id="default", project_domain_id="default")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("weftd"), quotas={"default": -1, "pool": 3})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def api(server):
    return client_of(server, project="admin")


@pytest.fixture(scope="module")
def subnet(api):
    network = api.make("network", name="net1")
    return api.make("subnet", name="sub1", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")


def call(api, method, path, **inner):
    kind = path.split("?")[0].split("/")[-1 if method == "POST" else -2].rstrip("s")
    kind = {"l7policie": "l7policy"}.get(kind, kind)
    return api.call(method, LB + path, {kind: inner} if inner else None)


def make(api, path, **inner):
    answer = call(api, "POST", path, **inner)
    assert answer.status == 201, answer.text
    return next(iter(answer.json.values()))


def remove(api, balancer):
    assert api.call("DELETE", LB + f"loadbalancers/{balancer['id']}?cascade=true").status == 204


def test_cli(server, api, subnet):
    """`openstack loadbalancer …`, every verb of each resource."""
    cli = openstack_cli.Cli(OS_AUTH_URL=server.url, OS_IDENTITY_API_VERSION="3",
                            **{"OS_" + key.upper(): value for key, value in LOG_IN.items()})
    balancer = cli.json("loadbalancer", "create", "--name", "lb1", "--vip-subnet-id", "sub1", "--vip-address", "10.0.0.50", "--provider", "edge", "--wait")
    assert (balancer["vip_address"], balancer["provider"], balancer["provisioning_status"]) == ("10.0.0.50", "edge", "ACTIVE")
    assert balancer["operating_status"] == "OFFLINE"  # no host has it
    port = api.get(f"/v2.0/ports/{balancer['vip_port_id']}").json["port"]
    assert (port["device_owner"], port["device_id"], port["fixed_ips"][0]["ip_address"]) == ("network:load_balancer", balancer["id"], "10.0.0.50")
    listener = cli.json("loadbalancer", "listener", "create", "lb1", "--name", "l1", "--protocol", "TCP", "--protocol-port", "80", "--allowed-cidr", "192.0.2.1")
    assert listener["allowed_cidrs"] == "192.0.2.1/32"
    pool = cli.json("loadbalancer", "pool", "create", "--name", "p1", "--listener", "l1", "--protocol", "TCP", "--lb-algorithm", "SOURCE_IP_PORT",
                    "--session-persistence", "type=SOURCE_IP")
    assert cli.json("loadbalancer", "listener", "show", "l1")["default_pool_id"] == pool["id"]
    assert "virtual-router" in cli("loadbalancer", "listener", "create", "lb1", "--protocol", "HTTP", "--protocol-port", "81", fails=True)
    member = cli.json("loadbalancer", "member", "create", "p1", "--name", "m1", "--address", "10.0.0.11", "--protocol-port", "8080", "--weight", "5")
    assert (member["weight"], member["operating_status"]) == (5, "OFFLINE")
    cli("loadbalancer", "member", "set", "p1", "m1", "--weight", "0", "--disable")
    assert cli.json("loadbalancer", "member", "show", "p1", "m1")["weight"] == 0
    monitor = cli.json("loadbalancer", "healthmonitor", "create", "p1", "--name", "h1", "--type", "HTTP", "--delay", "5", "--timeout", "2", "--max-retries", "2",
                       "--url-path", "/health")
    assert (monitor["url_path"], monitor["expected_codes"], monitor["max_retries_down"]) == ("/health", "200", 3)
    cli("loadbalancer", "healthmonitor", "set", "h1", "--delay", "9")
    assert cli.json("loadbalancer", "healthmonitor", "show", "h1")["delay"] == 9
    cli("loadbalancer", "healthmonitor", "set", "h1", "--http-version", "1.1", "--http-method", "POST", "--domain-name", "a.example.org")
    assert cli.json("loadbalancer", "healthmonitor", "show", "h1")["http_version"] == 1.1
    cli("loadbalancer", "healthmonitor", "unset", "h1", "--http-version", "--http-method", "--domain-name")
    assert cli.json("loadbalancer", "healthmonitor", "show", "h1")["http_method"] == "GET"
    tree = json.loads(cli("loadbalancer", "status", "show", "lb1"))["loadbalancer"]
    assert tree["listeners"][0]["pools"][0]["members"][0]["id"] == member["id"]
    assert tree["pools"][0]["health_monitor"]["type"] == "HTTP"
    for words, names in ((["loadbalancer"], ["lb1"]), (["listener"], ["l1"]), (["pool"], ["p1"]), (["healthmonitor"], ["h1"]), (["member"], ["m1"])):
        words = ["loadbalancer"] + [word for word in words if word != "loadbalancer"] + ["list"] + (["p1"] if words == ["member"] else [])
        assert [item["name"] for item in cli.json(*words)] == names, words
    cli("loadbalancer", "set", "lb1", "--description", "x", "--disable", "--tag", "t")
    policy = cli.json("network", "qos", "policy", "create", "slow")
    assert "floating IP" in cli("loadbalancer", "set", "lb1", "--vip-qos-policy-id", "slow", fails=True)
    assert "floating IP" in cli("loadbalancer", "create", "--vip-subnet-id", "sub1", "--vip-qos-policy-id", "slow", fails=True)
    cli("loadbalancer", "unset", "lb1", "--vip-qos-policy-id")
    limited = api.make("port", network_id=port["network_id"], qos_policy_id=policy["id"])
    assert call(api, "POST", "loadbalancers", vip_port_id=limited["id"]).status == 501
    assert api.call("DELETE", f"/v2.0/ports/{limited['id']}").status == 204
    cli("network", "qos", "policy", "delete", "slow")
    cli("loadbalancer", "listener", "set", "l1", "--connection-limit", "-1", "--name", "l2", "--allowed-cidr", "10.0.0.0/8")
    cli("loadbalancer", "pool", "set", "p1", "--lb-algorithm", "SOURCE_IP")
    cli("loadbalancer", "pool", "unset", "p1", "--session-persistence")
    cli("loadbalancer", "listener", "set", "l2", "--timeout-client-data", "50000", "--timeout-member-connect", "5000", "--timeout-member-data", "50000",
        "--timeout-tcp-inspect", "0")  # Octavia's defaults, which some clients always send
    sticky = cli.json("loadbalancer", "pool", "create", "--name", "p2", "--loadbalancer", "lb1", "--protocol", "UDP", "--lb-algorithm", "SOURCE_IP_PORT",
                      "--session-persistence", "type=SOURCE_IP,persistence_timeout=360,persistence_granularity=255.255.255.255")
    assert "persistence_timeout=360" in sticky["session_persistence"], sticky
    cli("loadbalancer", "pool", "delete", "p2")
    assert cli.json("loadbalancer", "pool", "show", "p1")["session_persistence"] is None
    assert cli.json("loadbalancer", "stats", "show", "lb1")["total_connections"] == 0 == cli.json("loadbalancer", "listener", "stats", "show", "l2")["bytes_in"]
    assert [item["name"] for item in cli.json("loadbalancer", "provider", "list")] == ["edge", "virtual-router"]
    assert cli.json("loadbalancer", "flavor", "list") == cli.json("loadbalancer", "provider", "capability", "list", "edge") == []
    cli("loadbalancer", "quota", "set", "--listener", "7", "--member", "9", "admin")
    assert cli.json("loadbalancer", "quota", "show", "admin")["listener"] == 7
    assert cli.json("loadbalancer", "quota", "defaults", "show")["pool"] == 3
    cli("loadbalancer", "quota", "unset", "--listener", "admin")
    assert cli.json("loadbalancer", "quota", "show", "admin")["listener"] == -1
    cli("loadbalancer", "quota", "reset", "admin")
    assert "nothing that could fail over" in cli("loadbalancer", "failover", "lb1", fails=True)
    cli("loadbalancer", "healthmonitor", "delete", "h1")
    cli("loadbalancer", "member", "delete", "p1", "m1")
    assert "still in use" in cli("loadbalancer", "delete", "lb1", fails=True)
    cli("loadbalancer", "listener", "unset", "l2", "--description", "--tls-versions", "--allowed-cidrs", "--client-authentication")
    cli("loadbalancer", "pool", "unset", "p1", "--description", "--tls-ciphers")
    assert cli.json("loadbalancer", "amphora", "list") == []
    cli("loadbalancer", "pool", "delete", "p1")
    cli("loadbalancer", "listener", "delete", "l2")
    cli("loadbalancer", "delete", "lb1", "--wait")
    assert api.get(f"/v2.0/ports/{balancer['vip_port_id']}").status == 404


def test_sdk(server, subnet):
    """openstacksdk finds the service by the catalogue and its version by discovery."""
    connection = openstack.connect(load_envvars=False, load_yaml_config=False, auth_url=server.url, **LOG_IN)
    proxy = connection.load_balancer
    balancer = proxy.create_load_balancer(name="s", vip_network_id=subnet["network_id"])
    assert proxy.wait_for_load_balancer(balancer.id).vip_subnet_id == subnet["id"]
    listener = proxy.create_listener(name="l", load_balancer_id=balancer.id, protocol="UDP", protocol_port=53)
    pool = proxy.create_pool(name="p", listener_id=listener.id, protocol="UDP", lb_algorithm="SOURCE_IP")
    member = proxy.create_member(pool, address="10.0.0.20", protocol_port=53, backup=True)
    proxy.update_member(member, pool, weight=9)
    monitor = proxy.create_health_monitor(pool_id=pool.id, type="UDP-CONNECT", delay=5, timeout=3, max_retries=1)
    assert [one.weight for one in proxy.members(pool)] == [9]
    assert proxy.find_pool("p").health_monitor_id == monitor.id
    assert [one.name for one in proxy.providers()] == ["edge", "virtual-router"]
    assert proxy.get_quota_default().pools == 3
    proxy.delete_load_balancer(balancer, cascade=True)
    assert [list(proxy.load_balancers()), list(proxy.pools()), list(proxy.listeners()), list(proxy.health_monitors())] == [[], [], [], []]
    connection.close()


def test_whole_load_balancers(api, subnet):
    """A load balancer with all of its parts by one request, as Kubernetes' cloud provider makes it: all or none."""
    def whole(address="10.0.0.31", second=None):
        servers = {"name": "servers", "protocol": "TCP", "lb_algorithm": "SOURCE_IP", "members": [{"address": address, "protocol_port": 8080, "tags": ["a"]}],
                   "healthmonitor": {"type": "TCP", "delay": 5, "timeout": 2, "max_retries": 2}}
        return dict(name="whole", vip_subnet_id=subnet["id"], pools=[{"name": "shared", "protocol": "TCP", "lb_algorithm": "SOURCE_IP_PORT"}],
                    listeners=[{"name": "web", "protocol": "TCP", "protocol_port": 80, "default_pool": servers, "l7policies": []},
                               {"name": "more", "protocol": "TCP", "protocol_port": 81, "default_pool": second or {"name": "shared"}}])

    balancer = make(api, "loadbalancers", **whole())
    assert len(balancer["listeners"]) == len(balancer["pools"]) == 2
    tree = api.get(LB + f"loadbalancers/{balancer['id']}/status").json["statuses"]["loadbalancer"]
    web, more = tree["listeners"]
    assert [(m["address"], m["protocol_port"]) for m in web["pools"][0]["members"]] == [("10.0.0.31", 8080)]
    assert web["pools"][0]["health_monitor"]["type"] == "TCP" and (more["name"], more["pools"][0]["name"]) == ("more", "shared")
    refused = call(api, "POST", "loadbalancers", **whole())
    assert refused.status == 409 and "default_pool: Quota exceeded" in refused.json["faultstring"], refused.text
    own = LB + f"quotas/{balancer['project_id']}"
    assert api.call("PUT", own, {"quota": {"pool": 9}}).status == 202
    for bad, status, where in (({"address": "10.9.0.1"}, 400, "listeners[0]: default_pool: members[0]: Member address 10.9.0.1"),
                               ({"second": {"name": "none"}}, 400, "listeners[1]: default_pool: the load balancer has no pool 'none'"),
                               ({"second": "x"}, 400, "listeners[1]: default_pool: it must be an object"),
                               ({"second": {"protocol": "TCP", "lb_algorithm": "ROUND_ROBIN"}}, 501, "listeners[1]: default_pool: Provider 'edge'")):
        answer = call(api, "POST", "loadbalancers", **whole(**bad))
        assert answer.status == status and answer.json["faultstring"].startswith(where), answer.text
    for wrong, says in (("x", "listeners: it must be a list"), (["x"], "listeners[0]: it must be an object")):
        answer = call(api, "POST", "loadbalancers", **{**whole(), "listeners": wrong})
        assert answer.status == 400 and says in answer.json["faultstring"], answer.text
    listener = make(api, "listeners", loadbalancer_id=balancer["id"], protocol="UDP", protocol_port=53, default_pool={
        "protocol": "UDP", "lb_algorithm": "SOURCE_IP", "members": [{"address": "10.0.0.32", "protocol_port": 53}]})
    pool = api.get(LB + f"pools/{listener['default_pool_id']}").json["pool"]
    assert pool["listeners"] == [{"id": listener["id"]}] and len(pool["members"]) == 1
    assert len(api.get(LB + f"pools?loadbalancer_id={balancer['id']}").json["pools"]) == 3  # nothing of what was refused
    answer = api.call("DELETE", LB + f"loadbalancers/{balancer['id']}")
    assert answer.status == 400 and "cascade=true" in answer.json["faultstring"], answer.text
    remove(api, balancer)
    assert api.call("DELETE", own).status == 204


def test_what_clients_always_send(api, subnet):
    """Octavia's defaults of what is not done here are taken, and null where it means the default; the rest is refused by name."""
    balancer = make(api, "loadbalancers", vip_subnet_id=subnet["id"], name=None, description=None, availability_zone=None, flavor_id=None, provider=None)
    assert (balancer["name"], balancer["availability_zone"], balancer["provider"]) == ("", None, "edge")
    assert call(api, "POST", "loadbalancers", vip_subnet_id=subnet["id"], availability_zone="here").status == 404
    pool = make(api, "pools", loadbalancer_id=balancer["id"], protocol="TCP", lb_algorithm="SOURCE_IP", tls_enabled=False, tls_versions=[], tls_ciphers=None)
    assert (pool["tls_enabled"], pool["alpn_protocols"]) == (False, [])
    listener = make(api, "listeners", loadbalancer_id=balancer["id"], protocol="TCP", protocol_port=80, client_authentication="NONE", tls_versions=None,
                    alpn_protocols=[], insert_headers={}, allowed_cidrs=[], client_ca_tls_container_ref=None)
    assert (listener["client_authentication"], listener["tls_versions"]) == ("NONE", [])
    for path, change in ((f"pools/{pool['id']}", {"tls_enabled": True}), (f"listeners/{listener['id']}", {"client_authentication": "MANDATORY"}),
                         (f"listeners/{listener['id']}", {"alpn_protocols": ["h2"]}), (f"listeners/{listener['id']}", {"tls_ciphers": "x"})):
        answer = call(api, "PUT", path, **change)
        assert answer.status == 501 and "No provider supports" in answer.json["faultstring"], answer.text
    idle = call(api, "PUT", f"listeners/{listener['id']}", timeout_member_data=600000)
    assert idle.status == 501 and "timeout_member_data 600000; it has no proxy" in idle.json["faultstring"], idle.text
    monitor = make(api, "healthmonitors", pool_id=pool["id"], type="HTTP", delay=5, timeout=5, max_retries=3, http_version=1.0)
    assert monitor["http_version"] == 1.0
    for given, status in ((1.1, 200), ("1.1", 200), (1, 200), (1.14, 400), (2.0, 400), ("x", 400), (None, 200)):
        assert call(api, "PUT", f"healthmonitors/{monitor['id']}", http_version=given).status == status, given
    assert call(api, "PUT", f"healthmonitors/{monitor['id']}", http_version=1.0, domain_name="a.example.org").status == 400
    assert call(api, "PUT", f"listeners/{listener['id']}", name="l", description="d").status == 200
    assert call(api, "PUT", f"listeners/{listener['id']}", name=None, description=None).json["listener"]["name"] == ""
    remove(api, balancer)


def test_what_clients_look_for(api, subnet):
    """Versions, Octavia's `v2` and `sort`, and that there are no amphorae."""
    versions = [version["id"] for version in api.get("/load-balancer").json["versions"]]
    assert versions[0] == "v2.0" and versions[-1] == "v2.26"  # the additional VIPs' is the youngest that is here
    made = [make(api, "loadbalancers", vip_subnet_id=subnet["id"], name=name) for name in ("b", "c", "a")]
    def names(sort):
        return [one["name"] for one in api.get(f"/load-balancer/v2/lbaas/loadbalancers?fields=name&sort={sort}").json["loadbalancers"]]
    assert names("name") == ["a", "b", "c"] and names("name:desc,created_at") == ["c", "b", "a"]
    for bad in ("name:up", "nothing:asc"):
        assert api.get(LB + f"loadbalancers?sort={bad}").status == 400
    assert api.get("/v2.0/networks?sort=name").status == 400
    assert api.get("/load-balancer/v2.0/octavia/amphorae").json["amphorae"] == []
    for balancer in made:
        remove(api, balancer)


def test_additional_vips(api, subnet):
    """Further addresses of the VIP's network, on one port; members are of the version of any."""
    six = api.make("subnet", network_id=subnet["network_id"], ip_version=6, cidr="fd00::/64", enable_dhcp=False)
    balancer = make(api, "loadbalancers", vip_subnet_id=subnet["id"], additional_vips=[
        {"subnet_id": subnet["id"], "ip_address": "10.0.0.77"}, {"subnet_id": six["id"]}, {"subnet_id": subnet["id"]}])
    vips = balancer["additional_vips"]
    assert vips[0]["ip_address"] == "10.0.0.77" and vips[1]["ip_address"].startswith("fd00::") and vips[2]["ip_address"].startswith("10.0.0.")
    assert len({balancer["vip_address"], *(vip["ip_address"] for vip in vips)}) == 4
    assert {(vip["port_id"], vip["network_id"]) for vip in vips} == {(balancer["vip_port_id"], subnet["network_id"])}
    assert len(api.get(f"/v2.0/ports/{balancer['vip_port_id']}").json["port"]["fixed_ips"]) == 4
    pool = make(api, "pools", loadbalancer_id=balancer["id"], protocol="TCP", lb_algorithm="SOURCE_IP")
    make(api, f"pools/{pool['id']}/members", address="fd00::9", protocol_port=80)
    make(api, "listeners", loadbalancer_id=balancer["id"], protocol="TCP", protocol_port=80, allowed_cidrs=["fd00::/8", "10.0.0.0/8"])
    other = api.make("subnet", network_id=api.make("network")["id"], ip_version=4, cidr="10.8.0.0/24")
    wrong = call(api, "POST", "loadbalancers", vip_subnet_id=subnet["id"], additional_vips=[{"subnet_id": other["id"]}])
    assert wrong.status == 400 and other["id"] in wrong.json["faultstring"], wrong.text
    port = api.make("port", network_id=subnet["network_id"], fixed_ips=[{"subnet_id": subnet["id"]}])
    wrong = call(api, "POST", "loadbalancers", vip_port_id=port["id"], additional_vips=[{"subnet_id": subnet["id"]}])
    assert wrong.status == 400 and "no other address" in wrong.json["faultstring"], wrong.text
    remove(api, balancer)
    for path, name in (("flavorprofiles", "flavorprofiles"), ("availabilityzones", "availability_zones"), ("availabilityzoneprofiles", "availability_zone_profiles"),
                       ("providers/edge/availability_zone_capabilities", "availability_zone_capabilities")):
        assert api.get(LB + path).json[name] == []
    unknown = api.get(LB + "providers/amphora/flavor_capabilities")
    assert unknown.status == 501 and "there is edge" in unknown.json["faultstring"]
    assert api.call("DELETE", f"/v2.0/subnets/{six['id']}").status == 204


def test_batch(api, subnet):
    """PUT of a pool's members: all or none; what is not named goes, unless additive_only says otherwise."""
    balancer = make(api, "loadbalancers", vip_subnet_id=subnet["id"])
    pool = make(api, "pools", loadbalancer_id=balancer["id"], protocol="TCP", lb_algorithm="SOURCE_IP")
    path = f"{LB}pools/{pool['id']}/members"

    def put(*members, more=""):
        answer = api.call("PUT", path + more, {"members": [dict(zip(("address", "protocol_port", "weight"), member)) for member in members]})
        assert answer.status == 202, answer.text
        return {(member["address"], member["weight"]): member["id"] for member in api.get(path).json["members"]}

    before = put(("10.0.0.1", 80, 1), ("10.0.0.2", 80, 2))
    after = put(("10.0.0.2", 80, 7), ("10.0.0.3", 80, 3))
    assert set(after) == {("10.0.0.2", 7), ("10.0.0.3", 3)} and after["10.0.0.2", 7] == before["10.0.0.2", 2]
    assert set(put(("10.0.0.4", 80, 1), more="?additive_only=true")) == {*after, ("10.0.0.4", 1)}
    answer = api.call("PUT", path, {"members": [{"address": "10.0.0.9", "protocol_port": 80}, {"address": "10.9.9.9", "protocol_port": 80}]})
    assert answer.status == 400 and "members[1]" in answer.json["faultstring"] and "give subnet_id" in answer.json["faultstring"]
    assert len(api.get(path).json["members"]) == 3
    assert put() == {}
    remove(api, balancer)


def test_given_port(api, subnet):
    """A port that the user has becomes the VIP, can't be deleted meanwhile, and is given back."""
    port = api.make("port", network_id=subnet["network_id"])
    balancer = make(api, "loadbalancers", vip_port_id=port["id"])
    assert balancer["vip_address"] == port["fixed_ips"][0]["ip_address"]
    assert api.call("DELETE", f"/v2.0/ports/{port['id']}").status == 409
    twice = call(api, "POST", "loadbalancers", vip_port_id=port["id"])
    assert twice.status == 409 and "is in use" in twice.json["faultstring"]
    remove(api, balancer)
    assert api.get(f"/v2.0/ports/{port['id']}").json["port"]["device_owner"] == ""
    assert api.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204


def test_statistics(tmp_path):
    """What hosts count is added up; nothing is counted twice and nothing lost, whichever of the two ends begins anew."""
    weftd = Weftd(tmp_path).start()
    client = weftd.client()
    network = client.make("network")
    subnet = client.make("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    balancer = make(client, "loadbalancers", vip_subnet_id=subnet["id"])
    listener = make(client, "listeners", loadbalancer_id=balancer["id"], protocol="TCP", protocol_port=80)
    tokens = {name: client.make("host", name=name, tunnel_ips=[f"192.0.2.{n}"])["credential"] for n, name in enumerate(("h1", "h2"), 1)}

    def report(host, *counters, full=False):
        said = [{**dict(zip(("number", "active", "total", "bytes_in", "bytes_out", "errors"), one)), **({"ended": True} if len(one) > 6 else {})} for one in counters]
        answer = weftd.client(tokens[host]).call("POST", f"/weft/v1/hosts/{host}/report", {
            "instance": "i", "revision": 0, "full": full, "ports": {}, "listeners": {listener["id"]: said} if said else {}})
        assert answer.status == 200, answer.text

    def stats(path="listeners", one=listener):
        answer = weftd.client().get(f"{LB}{path}/{one['id']}/stats").json["stats"]
        return tuple(answer[name] for name in ("active_connections", "total_connections", "bytes_in", "bytes_out", "request_errors"))

    assert stats() == (0, 0, 0, 0, 0)
    report("h1", (1, 2, 5, 100, 1000, 0))
    report("h2", (7, 1, 1, 10, 100, 3))
    assert stats() == stats("loadbalancers", balancer) == (3, 6, 110, 1100, 3)
    report("h1", (1, 1, 6, 120, 1000, 0), full=True)  # another process, the same counters
    assert stats() == (2, 7, 130, 1100, 3)
    report("h1", (2, 1, 1, 7, 8, 0), full=True)  # the host began anew
    assert stats() == (2, 8, 137, 1108, 3)
    for _ in range(2):  # the answer to the first was lost
        report("h2", (7, 0, 2, 20, 200, 3, "ended"))
    assert stats() == (1, 9, 147, 1208, 3)
    weftd.stop()
    weftd.start()  # it has what is past, and hosts tell the rest again
    assert stats() == (0, 8, 140, 1200, 3)
    report("h1", (2, 1, 1, 7, 8, 0), full=True)
    assert stats() == (1, 9, 147, 1208, 3)
    assert weftd.client().call("DELETE", "/v2.0/hosts/" + weftd.client().get("/v2.0/hosts", name="h1").json["hosts"][0]["id"]).status == 204
    wait_until(lambda: stats() == (0, 9, 147, 1208, 3))
    wrong = weftd.client(tokens["h2"]).call("POST", "/weft/v1/hosts/h2/report", {
        "instance": "i", "revision": 0, "listeners": {listener["id"]: [{"number": 1, "active": -1}]}})
    assert wrong.status == 400 and b"bytes_in" in wrong.text
    weftd.stop()


def test_members_of_a_lost_host(tmp_path):
    """L34: a host that others miss is lost if it has said nothing since, or says that it hears nobody while they do; so are its members, monitored or not."""
    weftd = Weftd(tmp_path).start()
    client = weftd.client()
    network = client.make("network")
    subnet = client.make("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    balancer = make(client, "loadbalancers", vip_subnet_id=subnet["id"])
    pool = make(client, "pools", loadbalancer_id=balancer["id"], protocol="TCP", lb_algorithm="SOURCE_IP_PORT")
    hosts = {name: client.make("host", name=name, tunnel_ips=[f"192.0.2.{n}"]) for n, name in enumerate(("h1", "h2", "h3"), 1)}
    for name in hosts:
        port = client.make("port", network_id=network["id"], **{"binding:host_id": name})
        make(client, f"pools/{pool['id']}/members", address=port["fixed_ips"][0]["ip_address"], protocol_port=80, name=name)

    def report(name, missed=(), hears_others=True, **more):
        said = {"missed": {"hosts": [hosts[one]["id"] for one in missed], "hears_others": hears_others}} if missed else {}
        return weftd.client(hosts[name]["credential"]).call("POST", f"/weft/v1/hosts/{name}/report", {"instance": "i", "revision": 0, **said, **more})

    def lost():
        return {host["name"] for host in client.get("/v2.0/hosts", lost="true").json["hosts"]}

    def status():
        before = lost()
        members = client.get(f"{LB}pools/{pool['id']}/members").json["members"]
        bad = {member["name"] for member in members if member["operating_status"] == "ERROR"}
        assert {one["operating_status"] for one in members} <= {"ERROR", "NO_MONITOR"}
        assert bad in (before, lost()), "one of them has just been found out to be"
        return client.get(f"{LB}pools/{pool['id']}").json["pool"]["operating_status"], bad

    assert report("h1", load_balancers={balancer["id"]: {"wired": True}}).status == report("h2").status == report("h3").status == 200
    assert status() == ("ONLINE", set())
    report("h1", missed=["h2"])
    report("h3", missed=["h2"])
    wait_until(lambda: status() == ("DEGRADED", {"h2"}), what="it has said nothing since")
    report("h2", missed=["h1", "h3"], hears_others=True)  # of the same network, and others
    assert status() == ("ONLINE", set())
    report("h2", missed=["h1", "h3"], hears_others=False)
    assert status() == ("DEGRADED", {"h2"})
    report("h1", missed=["h2", "h3"], hears_others=False)
    report("h3", missed=["h1", "h2"], hears_others=False)
    assert status() == ("ONLINE", set()), "nobody can say who is cut off"
    for name in hosts:
        report(name)
    assert status() == ("ONLINE", set())
    for name in ("h1", "h3"):
        report(name, missed=["h2"])
    wait_until(lambda: status() == ("DEGRADED", {"h2"}))
    wrong = weftd.client(hosts["h1"]["credential"]).call("POST", "/weft/v1/hosts/h1/report", {"instance": "i", "revision": 0, "missed": {"hosts": ["h2"]}})
    assert wrong.status == 400 and b"no host's id" in wrong.text
    weftd.stop()


def test_why_members_fail(tmp_path):
    """What a host says of a dead member is its `status_reason`, in the tree of statuses too; one whose port has gone is dead, whatever was said of it before."""
    weftd = Weftd(tmp_path).start()
    client = weftd.client()
    network = client.make("network")
    subnet = client.make("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    host = client.make("host", name="h1", tunnel_ips=["192.0.2.1"])
    port = client.make("port", network_id=network["id"], **{"binding:host_id": "h1"})
    balancer = make(client, "loadbalancers", vip_subnet_id=subnet["id"])
    pool = make(client, "pools", loadbalancer_id=balancer["id"], protocol="TCP", lb_algorithm="SOURCE_IP_PORT")
    monitor = make(client, "healthmonitors", pool_id=pool["id"], type="HTTP", delay=1, timeout=1, max_retries=1, http_version=1.1)
    member = make(client, f"pools/{pool['id']}/members", address=port["fixed_ips"][0]["ip_address"], protocol_port=80)

    def report(**more):
        answer = weftd.client(host["credential"]).call("POST", "/weft/v1/hosts/h1/report", {
            "instance": "i", "revision": 0, "load_balancers": {balancer["id"]: {"wired": True}}, **more})
        assert answer.status == 200, answer.text

    def says():
        shown = client.get(f"{LB}pools/{pool['id']}/members/{member['id']}").json["member"]
        tree = client.get(f"{LB}loadbalancers/{balancer['id']}/status").json["statuses"]["loadbalancer"]["pools"][0]["members"][0]
        assert shown["status_reason"] == tree["status_reason"]
        return shown["operating_status"], shown["status_reason"]

    report()
    assert says() == ("OFFLINE", "it has not been asked yet")
    report(members={member["id"]: {"alive": False, "reason": "refused: nobody listens"}})
    assert says() == ("ERROR", "refused: nobody listens")
    report(members={member["id"]: {"alive": False, "reason": "é" * 5000}})
    assert says() == ("ERROR", "é" * 256)
    weftd.stop()
    weftd.start()  # what was said is kept, and numbers with a point are
    client = weftd.client()
    assert says() == ("ERROR", "é" * 256)
    assert client.get(f"{LB}healthmonitors/{monitor['id']}").json["healthmonitor"]["http_version"] == 1.1
    assert len(client.get(f"{LB}healthmonitors?http_version=1.1").json["healthmonitors"]) == 1 and not client.get(f"{LB}healthmonitors?http_version=1.0").json["healthmonitors"]
    report(members={member["id"]: {"alive": True, "reason": "of no dead one"}})
    assert says() == ("ONLINE", "")
    assert client.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"binding:host_id": ""}}).status == 200
    assert says() == ("ERROR", f"the port that has the address {member['address']} is bound to no host")
    assert client.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    assert says() == ("ERROR", f"no port of network {network['id']} has the address {member['address']}")
    weftd.stop()


def test_bad_input(server, api, subnet):
    """Every refusal has Octavia's shape and says what would be right."""
    balancer = make(api, "loadbalancers", vip_subnet_id=subnet["id"])
    other = make(api, "loadbalancers", vip_subnet_id=subnet["id"])
    listener = make(api, "listeners", loadbalancer_id=balancer["id"], protocol="TCP", protocol_port=80)
    pool = make(api, "pools", loadbalancer_id=balancer["id"], protocol="TCP", lb_algorithm="SOURCE_IP_PORT")
    udp = make(api, "pools", loadbalancer_id=balancer["id"], protocol="UDP", lb_algorithm="SOURCE_IP_PORT")
    members, monitor = f"pools/{pool['id']}/members", {"delay": 5, "timeout": 2, "max_retries": 1}
    make(api, members, address="10.0.0.9", protocol_port=80)
    make(api, "healthmonitors", pool_id=pool["id"], type="TCP", **monitor)
    nobody = "2f6c9d5e-0000-4000-8000-000000000000"
    for path, inner, status, part in (
            ("loadbalancers", {"name": "x"}, 400, "vip_port_id, vip_network_id, vip_subnet_id"),
            ("loadbalancers", {"vip_subnet_id": nobody}, 404, "could not be found"),
            ("loadbalancers", {"vip_subnet_id": subnet["id"], "provider": "amphora"}, 501, "there is edge"),
            ("loadbalancers", {"vip_subnet_id": subnet["id"], "vip_address": balancer["vip_address"]}, 409, balancer["vip_address"]),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "protocol_port": 80}, 409, "already used"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "TERMINATED_HTTPS", "protocol_port": 443}, 501, "virtual-router"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "IPX", "protocol_port": 443}, 400, "'edge' has TCP, UDP"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "protocol_port": 70000}, 400, "65535"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "SCTP", "protocol_port": 443}, 501, "No provider"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "protocol_port": 81, "timeout_client_data": 5}, 501, "'virtual-router' has timeouts"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "protocol_port": 81, "default_tls_container_ref": nobody}, 400, "TERMINATED_HTTPS"),
            ("l7policies", {"listener_id": listener["id"], "action": "REJECT"}, 501, "'virtual-router' speaks HTTP"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "protocol_port": 81, "connection_limit": 5}, 501, "-1"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "protocol_port": 81, "allowed_cidrs": ["fd00::/8"]}, 400, "of IPv6"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "protocol_port": 81, "allowed_cidrs": ["10.0.0.0/33"]}, 400, "allowed_cidrs"),
            ("listeners", {"loadbalancer_id": balancer["id"], "protocol": "UDP", "protocol_port": 81, "default_pool_id": pool["id"]}, 400, "not compatible"),
            ("listeners", {"loadbalancer_id": other["id"], "protocol": "TCP", "protocol_port": 81, "default_pool_id": pool["id"]}, 400, "is part of"),
            ("pools", {"protocol": "TCP", "lb_algorithm": "SOURCE_IP"}, 400, "loadbalancer_id, listener_id"),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "lb_algorithm": "ROUND_ROBIN"}, 501, "SOURCE_IP_PORT"),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "lb_algorithm": "SOURCE_IP", "session_persistence": {"type": "HTTP_COOKIE"}}, 501, "SOURCE_IP"),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "lb_algorithm": "SOURCE_IP", "session_persistence":
                       {"type": "SOURCE_IP", "persistence_timeout": 9}}, 400, "for pools of UDP"),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "UDP", "lb_algorithm": "SOURCE_IP", "session_persistence":
                       {"type": "SOURCE_IP", "persistence_granularity": "255.255.0.0"}}, 501, "a client of its own"),
            ("pools", {"loadbalancer_id": other["id"], "listener_id": listener["id"], "protocol": "TCP", "lb_algorithm": "SOURCE_IP"}, 400, "is part of"),
            (members, {"address": "10.0.0.9", "protocol_port": 80}, 409, "already used"),
            (members, {"address": "10.9.0.9", "protocol_port": 80}, 400, "give subnet_id"),
            (members, {"address": "10.9.0.9", "protocol_port": 80, "subnet_id": subnet["id"]}, 400, "10.0.0.0/24"),
            (members, {"address": "fd00::9", "protocol_port": 80}, 501, "IP version"),
            (members, {"address": "10.0.0.8", "protocol_port": 80, "weight": 257}, 400, "256"),
            ("healthmonitors", {"pool_id": pool["id"], "type": "TCP", **monitor}, 409, "already used"),
            ("healthmonitors", {"pool_id": udp["id"], "type": "HTTPS", **monitor}, 501, "UDP-CONNECT"),
            ("healthmonitors", {"pool_id": udp["id"], "type": "PING", **monitor, "timeout": 6}, 400, "must not be longer"),
            ("healthmonitors", {"pool_id": udp["id"], "type": "PING", **monitor, "url_path": "/"}, 400, "for health monitors of type HTTP"),
            ("healthmonitors", {"pool_id": udp["id"], "type": "HTTP", **monitor, "url_path": "x"}, 400, "begin with '/'"),
            ("healthmonitors", {"pool_id": udp["id"], "type": "HTTP", **monitor, "expected_codes": "2xx"}, 400, "200-299"),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "lb_algorithm": "SOURCE_IP", "admin_state_up": True, "name": "3"}, 201, ""),
            ("pools", {"loadbalancer_id": balancer["id"], "protocol": "TCP", "lb_algorithm": "SOURCE_IP"}, 409, "uota")):
        answer = call(api, "POST", path, **inner)
        assert answer.status == status, (path, inner, answer.text)
        if status >= 400:
            assert part in answer.json["faultstring"] and answer.json["faultcode"] == ("Server" if status > 500 else "Client"), (inner, answer.text)
    assert api.get(LB + f"pools/{nobody}").json["faultstring"] == f"Load balancer pool {nobody} could not be found."
    assert server.client(None).get(LB + "pools").status == 401
    refused = api.call("PUT", LB + "pools", {"pools": []})
    assert refused.status == 405 and "GET, HEAD, POST" in refused.json["faultstring"]
    admin = Admin(server)
    _, project = admin.tenant("tenant")
    stranger = client_of(server, "tenant", "pw", project="tenant")
    assert stranger.get(LB + "loadbalancers").json == {"loadbalancers": []}
    assert call(stranger, "POST", "pools", loadbalancer_id=balancer["id"], protocol="TCP", lb_algorithm="SOURCE_IP").status == 404
    assert call(stranger, "POST", members, address="10.0.0.4", protocol_port=1).status == 404
    for one in (balancer, other):
        remove(api, one)
    assert server.client(ADMIN).get("/v2.0/quotas/" + project).json["quota"].keys().isdisjoint({"pool", "member"})
