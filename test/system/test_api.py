"""Networking API v2.0 of weftd, call by call: one weftd per build (release, and ASan+UBSan), shared by the tests, which
keep to networks of their own. Proves B2 (one API for networks, subnets and ports), Q9 (every call is authorised)."""
import itertools
import socket
import uuid

import pytest

from weftd import ADMIN, ASAN_BUILD, BUILD, MEMBER, OTHER, READER, Weftd

BUILDS = {"release": BUILD, "asan": ASAN_BUILD}
numbers = itertools.count()


@pytest.fixture(scope="module", params=list(BUILDS))
def weftd(request, tmp_path_factory):
    if not (BUILDS[request.param] / "src/controller/weftd").exists():
        pytest.skip(f"there is no {request.param} build")
    server = Weftd(tmp_path_factory.mktemp("api"), BUILDS[request.param]).start()
    yield server
    server.stop()


def unique(word="n"):
    return f"{word}{next(numbers)}"


@pytest.fixture
def network(admin):
    return admin.make("network", name=unique())


@pytest.fixture
def subnet(admin, network):
    return admin.make("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")


# --- discovery

def test_versions(weftd):
    answer = weftd.client(None).get("/")
    version = answer.json["versions"][0]
    assert (answer.status, version["id"], version["status"]) == (200, "v2.0", "CURRENT")
    assert version["links"][0]["href"] == f"{weftd.url}/v2.0/"
    collections = {r["collection"] for r in weftd.client(None).get("/v2.0/").json["resources"]}
    assert {"networks", "subnets", "ports", "hosts"} <= collections


def test_extensions(admin):
    aliases = [e["alias"] for e in admin.get("/v2.0/extensions").json["extensions"]]
    assert "binding" in aliases and len(aliases) == len(set(aliases))
    assert admin.get("/v2.0/extensions/binding").json["extension"]["alias"] == "binding"
    assert admin.get("/v2.0/extensions/no-such-alias").status == 404
    assert admin.get("/v2.0/extensions.json").status in (200, 404)


def test_json_suffix_of_older_clients(admin, network):
    listed = admin.get("/v2.0/networks.json", id=network["id"]).json["networks"]
    assert [n["id"] for n in listed] == [network["id"]]


# --- who may

@pytest.mark.parametrize("token", [None, "wrong", "", ADMIN + "x"])
def test_unauthorized(weftd, token):
    client = weftd.client(None)
    answer = client.call("GET", "/v2.0/networks", headers={} if token is None else {"X-Auth-Token": token})
    assert answer.status == 401
    assert answer.json["error"]["code"] == 401
    assert "WWW-Authenticate" in answer.headers


def test_bearer_token(weftd):
    answer = weftd.client(None).call("GET", "/v2.0/networks", headers={"Authorization": f"Bearer {MEMBER}"})
    assert answer.status == 200


def test_projects_are_apart(weftd, member):
    """L4: a tenant sees and changes what is its own."""
    mine = member.make("network", name=unique())
    other, reader = weftd.client(OTHER), weftd.client(READER)
    path = f"/v2.0/networks/{mine['id']}"
    assert mine["project_id"] == mine["tenant_id"] == "project-1"
    assert other.get(path).status == 404
    assert other.call("PUT", path, {"network": {"name": "stolen"}}).status == 404
    assert other.call("DELETE", path).status == 404
    assert mine["id"] not in [n["id"] for n in other.get("/v2.0/networks").json["networks"]]
    assert reader.get(path).status == 200
    refused = reader.call("PUT", path, {"network": {"name": "x"}})
    assert (refused.status, refused.error) == (403, "PolicyNotAuthorized")
    assert reader.call("POST", "/v2.0/networks", {"network": {}}).status == 403
    assert reader.call("DELETE", path).status == 403
    assert member.call("DELETE", path).status == 204


def test_shared_network(weftd, admin):
    shared = admin.make("network", name=unique(), shared=True)
    other = weftd.client(OTHER)
    path = f"/v2.0/networks/{shared['id']}"
    assert other.get(path).status == 200
    assert other.call("PUT", path, {"network": {"name": "x"}}).status == 403


def test_admin_attributes(admin, member, network):
    assert admin.get(f"/v2.0/networks/{network['id']}").json["network"]["provider:segmentation_id"] >= 4096
    own = member.make("network", name=unique())
    assert "provider:segmentation_id" not in own
    for attributes in ({"provider:segmentation_id": 7}, {"shared": True}, {"project_id": "project-2"}):
        refused = member.call("POST", "/v2.0/networks", {"network": attributes})
        assert (refused.status, refused.error) == (403, "PolicyNotAuthorized")
    made = admin.make("network", name=unique(), project_id="project-1")
    assert member.get(f"/v2.0/networks/{made['id']}").status == 200


def test_hosts_are_the_administrators(member):
    assert member.call("POST", "/v2.0/hosts", {"host": {"name": "x"}}).status == 403
    assert member.get("/v2.0/hosts").json["hosts"] == []


# --- hosts and their credentials

@pytest.fixture
def host(admin):
    return admin.make("host", name=unique("host"), tunnel_ips=["192.0.2.7"])


def as_host(weftd, credential, method, path, body=None):
    return weftd.client(None).call(method, path, body, {"Authorization": f"Bearer {credential}"})


def test_credential_is_shown_once(weftd, admin, host):
    credential = host.pop("credential")
    assert len(credential) >= 43
    for answer in (admin.get(f"/v2.0/hosts/{host['id']}"), admin.get("/v2.0/hosts")):
        assert credential not in answer.text.decode() and "credential" not in answer.text.decode()
    if (weftd.folder / "weft.db").exists():
        stored = b"".join(path.read_bytes() for path in weftd.folder.glob("weft.db*"))
        assert credential.encode() not in stored, "the store has the credential itself"
    assert "credential" not in admin.make("host", name=unique("tor"), managed=False, tunnel_ips=["192.0.2.99"])
    assert admin.get("/v2.0/hosts", credential_hash="x").status == 400


def test_host_says_where_it_is(weftd, admin, host):
    path = f"/weft/v1/hosts/{host['name']}"
    moved = as_host(weftd, host["credential"], "PUT", path, {"host": {"tunnel_ips": ["192.0.2.8", "fd00::8"]}})
    assert moved.status == 200 and moved.json["host"]["tunnel_ips"] == ["192.0.2.8", "fd00::8"]
    assert admin.get(f"/v2.0/hosts/{host['id']}").json["host"]["tunnel_ips"] == ["192.0.2.8", "fd00::8"]
    assert as_host(weftd, host["credential"], "PUT", path, {"host": {"description": "x"}}).status == 403
    assert as_host(weftd, host["credential"], "PUT", path, {"host": {"tunnel_ips": ["nonsense"]}}).status == 400
    other = admin.make("host", name=unique("host"))
    assert as_host(weftd, other["credential"], "PUT", path, {"host": {"tunnel_ips": []}}).status == 401
    assert as_host(weftd, MEMBER, "PUT", path, {"host": {"tunnel_ips": []}}).status == 403
    assert as_host(weftd, host["credential"], "GET", "/v2.0/networks").status == 401, "it is no token of the API"


def test_credential_renewed(weftd, host):
    report = f"/weft/v1/hosts/{host['id']}/report", {"instance": "i", "revision": 0}
    renew = f"/weft/v1/hosts/{host['id']}/credential"
    assert weftd.client(MEMBER).call("POST", renew).status == 403
    new = weftd.client().call("POST", renew)
    assert new.status == 200
    assert as_host(weftd, host["credential"], "POST", *report).status == 401
    assert as_host(weftd, new.json["credential"], "POST", *report).status == 200


def test_host_in_use(admin, host, network, subnet):
    port = admin.make("port", network_id=network["id"], **{"binding:host_id": host["name"]})
    assert port["binding:host_id"] == host["name"] and port["binding:vif_type"] != "unbound"
    assert admin.call("DELETE", f"/v2.0/hosts/{host['id']}").status == 409
    admin.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"binding:host_id": ""}})
    assert admin.call("DELETE", f"/v2.0/hosts/{host['id']}").status == 204
    assert admin.call("POST", "/v2.0/hosts", {"hosts": [{"name": "a"}, {"name": "b"}]}).status == 400
    assert admin.call("POST", "/v2.0/hosts", {"host": {"name": "a b"}}).status == 400


# --- create, show, update, delete

def test_life_of_a_port(admin, network, subnet):
    made = admin.call("POST", "/v2.0/ports", {"port": {"network_id": network["id"], "name": "p"}})
    port = made.json["port"]
    assert (made.status, port["status"], port["admin_state_up"]) == (201, "DOWN", True)
    assert port["fixed_ips"] == [{"subnet_id": subnet["id"], "ip_address": "10.0.0.2"}]
    path = f"/v2.0/ports/{port['id']}"
    assert admin.get(path).json["port"] == port
    changed = admin.call("PUT", path, {"port": {"name": "q"}})
    assert (changed.status, changed.json["port"]["name"]) == (200, "q")
    assert changed.json["port"]["revision_number"] == port["revision_number"] + 1
    assert changed.revision > made.revision
    gone = admin.call("DELETE", path)
    assert (gone.status, gone.text) == (204, b"")
    assert gone.revision > changed.revision
    missing = admin.get(path)
    assert (missing.status, missing.error) == (404, "PortNotFound")
    assert admin.call("DELETE", path).status == 404


def test_fields_of_one(admin, network):
    assert admin.get(f"/v2.0/networks/{network['id']}", fields=["id", "name"]).json["network"] == {
        "id": network["id"], "name": network["name"]}
    assert admin.get(f"/v2.0/networks/{network['id']}", fields="").json["network"] == network
    assert admin.get(f"/v2.0/networks/{network['id']}", project_id="x").status == 200, "clients send filters along"


def test_name_is_no_id(admin, network):
    """Clients look a name up as an id first, expect 404, and then filter."""
    assert admin.get(f"/v2.0/networks/{network['name']}").status == 404
    assert [n["id"] for n in admin.get("/v2.0/networks", name=network["name"]).json["networks"]] == [network["id"]]


def test_bulk_is_all_or_nothing(admin, network, subnet):
    body = {"ports": [{"network_id": network["id"], "name": f"b{i}"} for i in range(5)]}
    made = admin.call("POST", "/v2.0/ports", body)
    assert made.status == 201 and [p["name"] for p in made.json["ports"]] == [f"b{i}" for i in range(5)]
    assert len({p["fixed_ips"][0]["ip_address"] for p in made.json["ports"]}) == 5
    body["ports"][3]["network_id"] = str(uuid.uuid4())
    refused = admin.call("POST", "/v2.0/ports", body)
    assert (refused.status, refused.error) == (404, "NetworkNotFound")
    assert "ports[3]" in refused.message
    assert len(admin.get("/v2.0/ports", network_id=network["id"]).json["ports"]) == 5


@pytest.mark.parametrize("header, status", [("revision_number=1", 200), ("revision_number=7", 412), ("x", 400)])
def test_if_match(admin, network, header, status):
    answer = admin.call("PUT", f"/v2.0/networks/{network['id']}", {"network": {"description": "d"}},
                        {"If-Match": header})
    assert answer.status == status
    if status == 412:
        assert answer.error == "RevisionNumberConstraintFailed"
        assert admin.call("DELETE", f"/v2.0/networks/{network['id']}", headers={"If-Match": header}).status == 412


def test_delete_in_use(admin, network, subnet):
    port = admin.make("port", network_id=network["id"])
    refused = admin.call("DELETE", f"/v2.0/networks/{network['id']}")
    assert (refused.status, refused.error) == (409, "NetworkInUse")
    assert port["id"] in refused.message
    assert admin.call("DELETE", f"/v2.0/subnets/{subnet['id']}").status == 409
    assert admin.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    assert admin.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204
    assert admin.get(f"/v2.0/subnets/{subnet['id']}").status == 404


def test_overlap_and_exhaustion(admin, network):
    admin.make("subnet", network_id=network["id"], ip_version=4, cidr="10.1.0.0/30")
    overlap = admin.call("POST", "/v2.0/subnets", {"subnet": {
        "network_id": network["id"], "ip_version": 4, "cidr": "10.1.0.0/24"}})
    assert overlap.status == 400
    admin.make("port", network_id=network["id"])
    full = admin.call("POST", "/v2.0/ports", {"port": {"network_id": network["id"]}})
    assert (full.status, full.error) == (409, "IpAddressGenerationFailure")


def test_the_outside_has_no_address_left(admin):
    """A gateway and a floating IP that can't be had are refused, leave nothing, and come when an address is free again."""
    outside = admin.make("network", **{"router:external": True})
    admin.make("subnet", network_id=outside["id"], ip_version=4, cidr="203.0.113.0/28", enable_dhcp=False, allocation_pools=[{"start": "203.0.113.5", "end": "203.0.113.5"}])
    floating = admin.make("floatingip", floating_network_id=outside["id"])
    assert floating["floating_ip_address"] == "203.0.113.5"
    gateway = {"router": {"external_gateway_info": {"network_id": outside["id"]}}}
    for path, body in (("floatingips", {"floatingip": {"floating_network_id": outside["id"]}}), ("routers", gateway)):
        full = admin.call("POST", f"/v2.0/{path}", body)
        assert (full.status, full.error) == (409, "IpAddressGenerationFailure") and "203.0.113.0/28" in full.message, full
    router = admin.make("router")
    assert admin.call("PUT", f"/v2.0/routers/{router['id']}", gateway).status == 409
    assert admin.get(f"/v2.0/routers/{router['id']}").json["router"]["external_gateway_info"] is None
    assert [port["device_owner"] for port in admin.get(f"/v2.0/ports?network_id={outside['id']}").json["ports"]] == ["network:floatingip"]
    assert admin.call("DELETE", f"/v2.0/floatingips/{floating['id']}").status == 204
    assert admin.call("PUT", f"/v2.0/routers/{router['id']}", gateway).status == 200
    for path in (f"routers/{router['id']}", f"networks/{outside['id']}"):
        assert admin.call("DELETE", f"/v2.0/{path}").status == 204


def test_mtu_follows_the_underlay(admin, network):
    assert network["mtu"] == 1500 - 78
    assert admin.make("network", mtu=1400)["mtu"] == 1400
    refused = admin.call("POST", "/v2.0/networks", {"network": {"mtu": 1423}})
    assert refused.status == 400 and "1422" in refused.message
    assert admin.call("POST", "/v2.0/networks", {"network": {"mtu": "1423"}}).status == 400
    assert admin.call("PUT", f"/v2.0/networks/{network['id']}", {"network": {"mtu": 9000}}).status == 400


def test_tags(admin, network):
    path = f"/v2.0/networks/{network['id']}/tags"
    assert admin.get(path).json == {"tags": []}
    assert admin.call("PUT", f"{path}/red").status == 201
    assert admin.call("PUT", f"{path}/blue").status == 201
    assert admin.get(f"{path}/red").status == 204
    assert admin.get(f"{path}/green").status == 404
    assert admin.get("/v2.0/networks", tags="red,blue").json["networks"][0]["id"] == network["id"]
    assert admin.call("DELETE", f"{path}/red").status == 204
    assert admin.call("PUT", path, {"tags": ["a", "b"]}).json == {"tags": ["a", "b"]}
    assert admin.call("DELETE", path).status == 204
    assert admin.get(path).json == {"tags": []}


# --- lists

@pytest.fixture
def five(admin, network, subnet):
    return [admin.make("port", network_id=network["id"], name=name, device_id=unique("d"))
            for name in ("e", "b", "d", "a", "c")]


def names(answer):
    assert answer.status == 200, answer.text
    return [p["name"] for p in answer.json["ports"]]


def test_filters(admin, network, five):
    ports = "/v2.0/ports"
    assert names(admin.get(ports, network_id=network["id"])) == ["e", "b", "d", "a", "c"]
    assert names(admin.get(ports, network_id=network["id"], name=["a", "b"])) == ["b", "a"]
    assert names(admin.get(ports, id=five[2]["id"])) == ["d"]
    assert names(admin.get(ports, mac_address=five[3]["mac_address"])) == ["a"]
    assert names(admin.get(ports, device_id=five[4]["device_id"])) == ["c"]
    address = five[1]["fixed_ips"][0]["ip_address"]
    assert names(admin.get(ports, network_id=network["id"], fixed_ips=f"ip_address={address}")) == ["b"]
    assert names(admin.get(ports, network_id=network["id"], fixed_ips=f"ip_address_substr={address[2:]}")) == ["b"]
    assert names(admin.get(ports, network_id=network["id"], status="ACTIVE")) == []
    assert names(admin.get(ports, network_id=network["id"], device_id="")) == []
    assert names(admin.get(ports, network_id=network["id"], device_owner="", name="a")) == ["a"]
    assert names(admin.get(ports, network_id=network["id"], admin_state_up="true", name="a")) == ["a"]
    assert admin.get(ports, no_such_attribute="x").status == 400


def test_sorting_and_pages(admin, network, five):
    query = {"network_id": network["id"], "sort_key": "name", "sort_dir": "asc"}
    assert names(admin.get("/v2.0/ports", **query)) == ["a", "b", "c", "d", "e"]
    assert names(admin.get("/v2.0/ports", **{**query, "sort_dir": "desc"})) == ["e", "d", "c", "b", "a"]
    page, seen = admin.get("/v2.0/ports", limit=2, **query), []
    while True:
        seen.append(names(page))
        links = {link["rel"]: link["href"] for link in page.json.get("ports_links", [])}
        if "next" not in links:
            break
        page = admin.call("GET", links["next"].split("/", 3)[-1].join(["/", ""]))
    assert seen == [["a", "b"], ["c", "d"], ["e"]]
    back = admin.call("GET", "/" + links["previous"].split("/", 3)[-1])
    assert names(back) == ["c", "d"]
    assert admin.get("/v2.0/ports", marker=str(uuid.uuid4()), limit=1).status in (400, 404)


def test_fields_of_many(admin, network, five):
    listed = admin.get("/v2.0/ports", network_id=network["id"], fields=["id"]).json["ports"]
    assert listed == [{"id": p["id"]} for p in five]


# --- what is wrong is said

def test_wrong_paths_and_methods(admin):
    assert admin.get("/v2.0/unknown").status == 404
    assert admin.get("/nothing/here").error == "HTTPNotFound"
    for method in ("DELETE", "PATCH", "OPTIONS"):
        answer = admin.call(method, "/v2.0/networks")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    head = admin.call("HEAD", "/v2.0/networks")
    assert (head.status, head.text) == (200, b"") and int(head.headers["Content-Length"]) > 0


BAD_BODIES = {
    "empty": b"", "no JSON": b"{", "a list": b"[]", "a number": b"7", "no member": b"{}",
    "not an object": b'{"network": []}', "a string": b'{"network": "x"}', "null": b'{"network": null}',
    "a neighbour": b'{"network": {}, "port": {}}', "duplicate": b'{"network": {"name": "a", "name": "b"}}',
    "not UTF-8": b'{"network": {"name": "\xff"}}', "NUL": b'{"network": {"name": "a\\u0000b"}}',
    "raw NUL": b'{"network": {"name": "a\x00b"}}', "lone surrogate": b'{"network": {"name": "\\ud800"}}',
    "deep": b'{"network": {"name": ' + b"[" * 100000 + b"]" * 100000 + b"}}",
    "unknown attribute": b'{"network": {"colour": "red"}}', "wrong type": b'{"network": {"name": 7}}',
    "wrong bool": b'{"network": {"admin_state_up": "maybe"}}', "long": b'{"network": {"name": "%s"}}' % (b"x" * 256),
    "huge number": b'{"network": {"mtu": 1e400}}', "big number": b'{"network": {"mtu": 99999999999999999999}}',
    "negative": b'{"network": {"mtu": -1}}', "read-only": b'{"network": {"id": "x"}}',
    "status": b'{"network": {"status": "ACTIVE"}}', "empty bulk": b'{"networks": []}',
    "bulk of nothing": b'{"networks": [null]}', "bulk no list": b'{"networks": {}}',
    "secret": b'{"network": {"credential_hash": "x"}}',
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_bodies(admin, name):
    before = len(admin.get("/v2.0/networks", fields="id").json["networks"])
    answer = admin.call("POST", "/v2.0/networks", BAD_BODIES[name])
    assert answer.status == 400, (name, answer.text)
    error = answer.json["NeutronError"]
    assert error["type"] and len(error["message"]) > 10 and error["detail"] == ""
    assert len(admin.get("/v2.0/networks", fields="id").json["networks"]) == before


BAD_PORTS = {
    "network": ({"network_id": "x"}, (400, 404)), "no network": ({}, (400,)),
    "mac": ({"mac_address": "zz"}, (400,)), "multicast": ({"mac_address": "01:00:00:00:00:01"}, (400,)),
    "address": ({"fixed_ips": [{"ip_address": "10.0.0.300"}]}, (400,)),
    "elsewhere": ({"fixed_ips": [{"ip_address": "192.0.2.1"}]}, (400,)),
    "host": ({"binding:host_id": "no-such-host"}, (400, 404)),
    "pairs": ({"allowed_address_pairs": [{}]}, (400,)), "list": ({"fixed_ips": {}}, (400,)),
    "group": ({"security_groups": [str(uuid.uuid4())]}, (400, 404)),
}


@pytest.mark.parametrize("name", BAD_PORTS)
def test_bad_ports(admin, network, subnet, name):
    attributes, statuses = BAD_PORTS[name]
    body = {"port": {**({"network_id": network["id"]} if name != "no network" else {}), **attributes}}
    answer = admin.call("POST", "/v2.0/ports", body)
    assert answer.status in statuses and answer.message, answer.text


@pytest.mark.parametrize("target", [
    "/v2.0/networks/%", "/v2.0/networks/%00", "/v2.0/networks/%ff", "/v2.0/networks?name=%ff",
    "/v2.0/networks?name=%00", "/v2.0/networks?limit=x", "/v2.0/networks?limit=-1", "/v2.0/networks?sort_key=nothing",
    "/v2.0/networks?sort_key=name&sort_dir=sideways", "/" + "a/" * 40])
def test_bad_targets(admin, target):
    answer = admin.call("GET", target)
    assert answer.status in (400, 404) and answer.message


@pytest.mark.parametrize("value", ["'; DROP TABLE objects; --", '"}], "x": [{"', "a\\u0000", "%s%n", "../../etc/passwd",
                                   "ü" * 100, "\u202e", "<script>", "\t"])
def test_text_comes_back_as_it_went(admin, value):
    """Injection attempts are text."""
    network = admin.make("network", name=value)
    assert admin.get(f"/v2.0/networks/{network['id']}").json["network"]["name"] == value
    assert network["id"] in [n["id"] for n in admin.get("/v2.0/networks", name=value).json["networks"]]


def raw(port, data, silence=10):
    """What the server sends for these bytes, until it closes or is silent for so long."""
    with socket.create_connection(("127.0.0.1", port), timeout=silence) as client:
        text = b""
        try:
            client.sendall(data)
            while chunk := client.recv(65536):
                text += chunk
        except (TimeoutError, ConnectionError):
            pass
        return text


def test_garbage_on_the_wire(weftd, admin):
    token = b"X-Auth-Token: " + ADMIN.encode() + b"\r\n"
    requests = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 100, b"\0" * 1000 + b"\r\n\r\n",
        b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\n" + token + b"Content-Length: -5\r\n\r\n",
        b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\n" + token + b"Content-Length: 99999999999999999999\r\n\r\n",
        b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\n" + token + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v2.0/networks HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + b"x" * 100000 + b"\r\n\r\n",
        b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    for request in requests:
        assert b" 200 OK" not in raw(weftd.port, request, silence=0.5)
    odd = raw(weftd.port, b"GET / HTTP/1.1\r\nHost: evil\"}],\r\nConnection: close\r\n\r\n")
    assert b" 200 OK" in odd and b"evil" not in odd
    assert admin.get("/v2.0/networks").status == 200


def test_large_body_is_refused(weftd, admin):
    big = b'{"network": {"name": "' + b"x" * (2 << 20) + b'"}}'
    head = (b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + ADMIN.encode() +
            b"\r\nContent-Length: %d\r\n\r\n" % len(big))
    assert b" 413 " in raw(weftd.port, head, silence=2)
    unknown = head.replace(ADMIN.encode(), b"wrong-token")
    assert b" 401 " in raw(weftd.port, unknown, silence=2)
    assert admin.get("/v2.0/networks").status == 200


def test_a_report_may_be_large(weftd, admin, host):
    """A full report names every port of a host; only the host may send so much."""
    ports = {str(uuid.UUID(int=i)): {"wired": False, "reason": "x" * 100} for i in range(20000)}
    report = {"instance": "i", "revision": 0, "full": True, "ports": ports}
    path = f"/weft/v1/hosts/{host['name']}/report"
    assert as_host(weftd, host["credential"], "POST", path, report).status == 200


def test_pipelined_requests(weftd):
    one = b"GET /v2.0/networks?limit=1 HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + ADMIN.encode() + b"\r\n"
    last = one + b"Connection: close\r\n\r\n"
    assert raw(weftd.port, (one + b"\r\n") * 19 + last).count(b"HTTP/1.1 200") == 20


# --- looking

def test_metrics(weftd, admin, network):
    text = weftd.client(None).get("/metrics").text.decode()
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(samples['weft_objects{kind="network"}']) >= 1
    assert float(samples['weft_http_requests_total{route="/v2.0/{collection}",kind="network",method="POST",status="2xx"}']) >= 1
    assert float(samples["weft_store_commits_total"]) >= 1
    assert float(samples["process_resident_memory_bytes"]) > 1 << 20
    key = 'weft_http_request_duration_seconds_%s{route="/v2.0/{collection}",kind="network",method="POST"%s}'
    assert samples[key % ("bucket", ',le="+Inf"')] == samples[key % ("count", "")]
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(families) == len(set(families))


def test_healthz(weftd):
    assert weftd.client(None).get("/healthz").status == 200
