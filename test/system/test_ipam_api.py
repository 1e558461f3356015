"""What Networking v2.0 has around addresses: how many a network has left, where floating IPs come from, local IPs, by the real
clients. Proves B2, B9 for these resources; the datapath of local IPs is not part of it."""
import openstack
import pytest

from test_l3_api import World, show
from weftd import MEMBER, OTHER, Weftd, refused


def test_ip_availability(weftd, cli, sdk, api):
    net = api.make("network", name="counted")
    four = api.make("subnet", network_id=net["id"], cidr="10.0.0.0/24", name="four",
                    allocation_pools=[{"start": "10.0.0.10", "end": "10.0.0.19"}, {"start": "10.0.0.30", "end": "10.0.0.30"}])
    six = api.make("subnet", network_id=net["id"], cidr="fd00::/48", ip_version=6, name="six", gateway_ip=None)
    empty = api.make("network", name="without-subnets")
    bare = api.make("network", name="no-pools")
    api.make("subnet", network_id=bare["id"], cidr="10.1.0.0/24", allocation_pools=[], gateway_ip=None)

    def of(network, **query):
        answer = api.get(f"/v2.0/network-ip-availabilities/{network['id']}", **query)
        assert answer.status == 200, answer.text
        return answer.json["network_ip_availability"]

    def numbers(what):
        return [(s["subnet_name"], s["ip_version"], s["total_ips"], s["used_ips"]) for s in what["subnet_ip_availability"]]

    assert numbers(of(net)) == [("four", 4, 11, 0), ("six", 6, 2 ** 80 - 1, 0)]
    # In the pools, outside of them, and of the other version: all are addresses that ports have.
    ports = [api.make("port", network_id=net["id"], fixed_ips=ips) for ips in (
        [{"subnet_id": four["id"]}, {"subnet_id": four["id"]}], [{"ip_address": "10.0.0.200"}],
        [{"subnet_id": six["id"]}, {"ip_address": "10.0.0.30"}])]
    assert numbers(of(net)) == [("four", 4, 11, 4), ("six", 6, 2 ** 80 - 1, 1)]
    assert (of(net)["total_ips"], of(net)["used_ips"]) == (2 ** 80 + 10, 5)
    details = ["total_ips_in_subnet", "total_ips_in_allocation_pool", "used_ips_in_subnet", "used_ips_in_allocation_pool"]
    counted = [[of["ip_availability_details"][name] for name in details] for of in (*of(net)["subnet_ip_availability"], of(net), of(bare), of(empty))]
    assert counted == [[254, 11, 4, 3], [2 ** 80, 2 ** 80 - 1, 1, 1], [2 ** 80 + 254, 2 ** 80 + 10, 5, 4], [254, 0, 0, 0], [0, 0, 0, 0]]
    for subnet in of(net)["subnet_ip_availability"]:
        assert {subnet["subnet_id"], subnet["cidr"]} in ({four["id"], "10.0.0.0/24"}, {six["id"], "fd00::/48"})
    api.call("PUT", f"/v2.0/subnets/{four['id']}", {"subnet": {"allocation_pools": [{"start": "10.0.0.20", "end": "10.0.0.29"}]}})
    assert numbers(of(net))[0] == ("four", 4, 10, 4), "other pools do not change what ports have"
    refused(api.call("PUT", f"/v2.0/ports/{ports[1]['id']}", {"port": {"fixed_ips": [{"ip_address": "10.9.9.9"}]}}), 400,
            "InvalidIpForNetwork")
    api.call("PUT", f"/v2.0/ports/{ports[0]['id']}", {"port": {"fixed_ips": []}})
    api.call("DELETE", f"/v2.0/ports/{ports[2]['id']}")
    assert numbers(of(net)) == [("four", 4, 10, 1), ("six", 6, 2 ** 80 - 1, 0)]
    assert (of(empty)["total_ips"], of(empty)["used_ips"], of(empty)["subnet_ip_availability"]) == (0, 0, [])
    assert of(bare)["total_ips"] == 256, "without pools it is the whole range"

    def names(**query):
        answer = api.get("/v2.0/network-ip-availabilities", **query)
        assert answer.status == 200, answer.text
        return [n["network_name"] for n in answer.json["network_ip_availabilities"]]

    assert names() == ["counted", "without-subnets", "no-pools"]
    assert sorted(names(ip_version=4)) == ["counted", "no-pools"] and names(ip_version=6) == ["counted"]
    assert names(network_id=empty["id"]) == names(network_name="without-subnets") == ["without-subnets"]
    assert names(project_id="nobody") == names(tenant_id="nobody") == []
    assert names(sort_key="network_name", sort_dir="desc", limit=1) == ["without-subnets"]
    only = api.get("/v2.0/network-ip-availabilities", ip_version=6, fields=["total_ips", "used_ips"]).json
    assert only == {"network_ip_availabilities": [{"total_ips": 2 ** 80 - 1, "used_ips": 0}]}
    assert "network_ip_availabilities" in api.get("/v2.0/network-ip-availabilities.json").json
    refused(api.get("/v2.0/network-ip-availabilities", color="red"), 400, "InvalidInput")
    refused(api.get("/v2.0/network-ip-availabilities/01234567-89ab-cdef-0123-456789abcdef"), 404, "NetworkNotFound")
    refused(api.call("DELETE", f"/v2.0/network-ip-availabilities/{net['id']}"), 405, "HTTPMethodNotAllowed")

    listed = {row["Network Name"]: row for row in cli.json("ip", "availability", "list")}
    assert listed["counted"]["Total IPs"] == 10 and listed["counted"]["Used IPs"] == 1 and "without-subnets" not in listed
    shown = cli.json("ip", "availability", "show", "counted")
    assert (shown["network_id"], shown["used_ips"], len(shown["subnet_ip_availability"])) == (net["id"], 1, 2)
    assert [a.network_name for a in sdk.network_ip_availabilities(ip_version=6)] == ["counted"]
    assert sdk.find_network_ip_availability(net["id"]).used_ips == 1
    member = weftd.client(MEMBER)
    assert member.get("/v2.0/network-ip-availabilities").json["network_ip_availabilities"] == []
    refused(member.get(f"/v2.0/network-ip-availabilities/{net['id']}"), 404, "NetworkNotFound")


def test_availability_is_counted_again_at_a_start(tmp_path):
    server = Weftd(tmp_path).start()
    api = server.client()
    net = api.make("network")
    api.make("subnet", network_id=net["id"], cidr="10.0.0.0/24")
    for _ in range(3):
        api.make("port", network_id=net["id"])
    path = f"/v2.0/network-ip-availabilities/{net['id']}"
    before = api.get(path).json
    assert before["network_ip_availability"]["used_ips"] == 3
    server.stop()
    server.start()
    assert server.client().get(path).json == before
    server.stop()


def test_floating_ip_pools(weftd, api):
    public = api.make("network", name="public", **{"router:external": True})
    four = api.make("subnet", network_id=public["id"], cidr="203.0.113.0/24", name="v4")
    api.make("subnet", network_id=public["id"], cidr="2001:db8::/64", ip_version=6)
    private = api.make("network")
    api.make("subnet", network_id=private["id"], cidr="10.0.0.0/24")
    hidden = api.make("network", **{"router:external": True})
    unseen = api.make("subnet", network_id=hidden["id"], cidr="198.51.100.0/24")
    policy, = api.get("/v2.0/rbac-policies", object_id=hidden["id"]).json["rbac_policies"]
    assert api.call("DELETE", f"/v2.0/rbac-policies/{policy['id']}").status == 204
    pool = {"subnet_id": four["id"], "subnet_name": "v4", "network_id": public["id"], "cidr": "203.0.113.0/24",
            "project_id": "project-1", "tenant_id": "project-1"}  # the caller's: of what he would make of it
    member = weftd.client(MEMBER)
    assert member.get("/v2.0/floatingip_pools").json == {"floatingip_pools": [pool]}
    assert member.get("/v2.0/floatingip_pools", cidr="10.0.0.0/24").json == {"floatingip_pools": []}
    assert member.get("/v2.0/floatingip_pools", subnet_name="v4", fields="cidr").json["floatingip_pools"] == [
        {"cidr": "203.0.113.0/24"}]
    refused(member.call("POST", "/v2.0/floatingip_pools", {"floatingip_pool": {}}), 405, "HTTPMethodNotAllowed")
    refused(member.get(f"/v2.0/floatingip_pools/{four['id']}"), 404, "HTTPNotFound")
    api.call("PUT", f"/v2.0/networks/{hidden['id']}", {"network": {"router:external": False}})
    everywhere = {p["subnet_id"] for p in api.get("/v2.0/floatingip_pools").json["floatingip_pools"]}
    assert four["id"] in everywhere and unseen["id"] not in everywhere


def test_cli_local_ip(cli, api):
    net = api.make("network", name="lip-net")
    api.make("subnet", network_id=net["id"], cidr="10.4.0.0/24")
    api.make("port", network_id=net["id"], name="web")
    made = cli.json("local", "ip", "create", "--name", "lip", "--network", "lip-net", "--local-ip-address", "10.4.0.77",
                    "--ip-mode", "passthrough", "--description", "d")
    assert (made["local_ip_address"], made["ip_mode"], made["network_id"]) == ("10.4.0.77", "passthrough", net["id"])
    cli("local", "ip", "set", "lip", "--name", "lip2", "--description", "e")
    shown = cli.json("local", "ip", "show", "lip2")
    assert (shown["id"], shown["description"]) == (made["id"], "e")
    assert [row["Name"] for row in cli.json("local", "ip", "list", "--ip-mode", "passthrough", "--network", "lip-net")] == ["lip2"]
    tied = cli.json("local", "ip", "association", "create", "lip2", "web")
    assert (tied["local_ip_address"], tied["host"]) == ("10.4.0.77", "")
    listed = cli.json("local", "ip", "association", "list", "lip2")
    assert [row["Fixed port ID"] for row in listed] == [tied["fixed_port_id"]]
    assert "in use" in cli.fails("local", "ip", "delete", "lip2")
    cli("local", "ip", "association", "delete", "lip2", tied["fixed_port_id"])
    cli("local", "ip", "delete", "lip2")
    assert api.get("/v2.0/local_ips").json["local_ips"] == []
    assert api.get("/v2.0/ports", fixed_ips="ip_address=10.4.0.77").json["ports"] == []


def test_local_ips_by_sdk_and_their_refusals(weftd, sdk, api):
    net = api.make("network")
    four = api.make("subnet", network_id=net["id"], cidr="10.5.0.0/24")
    six = api.make("network")
    api.make("subnet", network_id=six["id"], cidr="fd06::/64", ip_version=6)
    one = api.make("port", network_id=net["id"], fixed_ips=[{"subnet_id": four["id"], "ip_address": "10.5.0.9"}])
    several = api.make("port", network_id=net["id"], fixed_ips=[{"ip_address": "10.5.0.20"}, {"ip_address": "10.5.0.21"}])
    none = api.make("port", network_id=net["id"], fixed_ips=[])
    path = "/v2.0/local_ips"

    def wrong(status, error, to=path, kind="local_ip", **body):
        return refused(api.call("POST", to, {kind: body}), status, error)

    wrong(400, "LocalIPPortOrNetworkRequired", name="x")
    wrong(400, "BadRequest", network_id=six["id"])
    wrong(404, "NetworkNotFound", network_id=one["id"])
    wrong(404, "PortNotFound", local_port_id=net["id"])
    wrong(400, "LocalIPNoIP", local_port_id=none["id"])
    wrong(400, "LocalIPNoRequestedIP", local_port_id=several["id"])
    wrong(400, "LocalIPRequestedIPNotFound", local_port_id=several["id"], local_ip_address="10.5.0.22")
    wrong(409, "IpAddressAlreadyAllocated", network_id=net["id"], local_ip_address="10.5.0.20")
    wrong(400, "InvalidInput", network_id=net["id"], ip_mode="both")

    lip = sdk.create_local_ip(local_port_id=several["id"], local_ip_address="10.5.0.21", name="l")
    assert (lip.network_id, lip.ip_mode) == (net["id"], "translate")
    assert sdk.find_local_ip("l").id == lip.id and sdk.update_local_ip(lip, name="m").name == "m"
    refused(api.call("PUT", f"{path}/{lip.id}", {"local_ip": {"ip_mode": "passthrough"}}), 400, "BadRequest")
    refused(api.call("DELETE", f"/v2.0/ports/{several['id']}"), 409, "ServicePortInUse")
    refused(api.call("PUT", f"/v2.0/ports/{several['id']}", {"port": {"fixed_ips": [{"ip_address": "10.5.0.20"}]}}), 409,
            "ServicePortInUse")
    below = f"{path}/{lip.id}/port_associations"
    tied = sdk.create_local_ip_association(lip.id, fixed_port_id=one["id"])
    assert (tied.fixed_ip, tied.local_ip_address) == ("10.5.0.9", "10.5.0.21")
    wrong(409, "Conflict", below, "port_association", fixed_port_id=one["id"])
    wrong(400, "LocalIPNoIP", below, "port_association", fixed_port_id=none["id"])
    wrong(404, "PortNotFound", below, "port_association", fixed_port_id=net["id"])
    assert api.get(f"{below}/{one['id']}").json["port_association"]["fixed_ip"] == "10.5.0.9"
    refused(api.get(f"{below}/{several['id']}"), 404, "LocalIPAssociationNotFound")
    assert [a["fixed_port_id"] for a in api.get(below, fixed_ip="10.5.0.9").json["port_associations"]] == [one["id"]]
    refused(api.call("DELETE", f"{path}/{lip.id}"), 409, "LocalIPInUse")
    # An address that the port loses is none that the local IP means; what goes with the port does not hold it.
    api.call("PUT", f"/v2.0/ports/{one['id']}", {"port": {"fixed_ips": [{"ip_address": "10.5.0.8"}]}})
    assert api.get(below).json["port_associations"] == []
    sdk.create_local_ip_association(lip.id, fixed_port_id=one["id"])
    assert api.call("DELETE", f"/v2.0/ports/{one['id']}").status == 204
    assert [a.fixed_port_id for a in sdk.local_ip_associations(lip.id)] == []
    sdk.delete_local_ip(lip, ignore_missing=False)
    assert show(api, "port", several)["fixed_ips"], "a port that weftd did not make stays"

    held = sdk.create_local_ip(network_id=net["id"])
    port = api.get(f"/v2.0/ports/{held.local_port_id}").json["port"]
    assert (port["device_owner"], port["device_id"]) == ("network:local_ip", held.id)
    refused(api.call("DELETE", f"/v2.0/ports/{port['id']}"), 409, "ServicePortInUse")
    refused(api.call("DELETE", f"/v2.0/networks/{net['id']}"), 409, "NetworkInUse")

    member, other = weftd.client(MEMBER), weftd.client(OTHER)
    own = member.make("network")
    member.make("subnet", network_id=own["id"], cidr="10.6.0.0/24")
    mine = member.make("local_ip", network_id=own["id"])
    assert other.get(path).json["local_ips"] == [] and other.get(f"{path}/{mine['id']}").status == 404
    refused(member.call("POST", path, {"local_ip": {"network_id": own["id"], "local_ip_address": "10.6.0.9"}}), 403,
            "PolicyNotAuthorized")
    refused(other.call("POST", path, {"local_ip": {"network_id": own["id"]}}), 404, "NetworkNotFound")
    refused(other.get(f"{path}/{mine['id']}/port_associations"), 404, "LocalIPNotFound")
    sdk.delete_local_ip(held, ignore_missing=False)
    with pytest.raises(openstack.exceptions.ResourceNotFound):
        sdk.get_local_ip(held.id)


def test_where_a_router_is(cli, api):
    api.make("host", name="h1", tunnel_ips=["192.0.2.1"], availability_zone="east")
    api.make("host", name="h2", tunnel_ips=["192.0.2.2"], availability_zone="west")
    world = World(api, public="203.0.112.0/24")
    hinted = api.make("router", availability_zone_hints=["east"])
    assert hinted["availability_zone_hints"] == ["east"] and hinted["availability_zones"] == []
    refused(api.call("POST", "/v2.0/routers", {"router": {"availability_zone_hints": ["south"]}}), 404,
            "AvailabilityZoneNotFound")
    assert show(api, "router", world.router)["availability_zones"] == []
    for host in ("h2", "h1", "h1"):
        api.make("port", network_id=world.inside["id"], **{"binding:host_id": host})
    assert sorted(show(api, "router", world.router)["availability_zones"]) == ["east", "west"]
    agents = cli.json("network", "agent", "list", "--router", world.router["id"])
    assert sorted(a["Host"] for a in agents) == ["h1", "h2"] and {a["Agent Type"] for a in agents} == {"L3 agent"}
    assert [r["ID"] for r in cli.json("router", "list", "--agent", agents[0]["ID"])] == [world.router["id"]]
    assert world.act("remove_router_interface", subnet_id=world.subnet["id"]).status == 200
    assert api.get(f"/v2.0/agents/{agents[0]['ID']}/l3-routers").json == {"routers": []}


class Scoped:
    """An external and an inner IPv6 network of one address scope, a router between them and a port inside."""

    def __init__(self, api, prefix):
        self.api = api
        answer = api.call("POST", "/v2.0/address-scopes", {"address_scope": {"name": "s", "ip_version": 6}})
        self.scope = answer.json["address_scope"]
        self.pool = api.make("subnetpool", name="p", prefixes=[f"{prefix}::/32"], default_prefixlen=64,
                             address_scope_id=self.scope["id"])
        self.public = api.make("network", **{"router:external": True})
        self.inside = api.make("network")
        self.outer, self.subnet = self.subnet_on(self.public), self.subnet_on(self.inside)
        self.router = api.make("router", name="proxied", external_gateway_info={"network_id": self.public["id"]})
        self.port = api.make("port", network_id=self.inside["id"])
        self.connect(self.subnet)

    def subnet_on(self, network, **more):
        return self.api.make("subnet", network_id=network["id"], ip_version=6,
                             **(more or {"subnetpool_id": self.pool["id"]}))

    def connect(self, subnet, verb="add_router_interface", status=200):
        answer = self.api.call("PUT", f"/v2.0/routers/{self.router['id']}/{verb}", {"subnet_id": subnet["id"]})
        assert answer.status == status, answer.text
        return answer

    def update(self, **attributes):
        return self.api.call("PUT", f"/v2.0/routers/{self.router['id']}", {"router": attributes})


def test_ndp_proxies(weftd, sdk, api):
    world = Scoped(api, "2001:db8")
    address = world.port["fixed_ips"][0]["ip_address"]
    given = {"router_id": world.router["id"], "port_id": world.port["id"]}

    def wrong(status, error, **more):
        return refused(api.call("POST", "/v2.0/ndp_proxies", {"ndp_proxy": {**given, **more}}), status, error)

    assert world.router["enable_ndp_proxy"] is False
    wrong(409, "RouterNDPProxyNotEnable")
    assert world.update(enable_ndp_proxy=True).json["router"]["enable_ndp_proxy"] is True
    assert [r["id"] for r in api.get("/v2.0/routers", enable_ndp_proxy=True).json["routers"]] == [world.router["id"]]
    proxy = sdk.create_ndp_proxy(name="np", description="d", **given)
    assert (proxy.ip_address, proxy.description) == (address, "d")
    assert sdk.find_ndp_proxy("np").id == proxy.id and sdk.update_ndp_proxy(proxy, name="np2").name == "np2"
    assert [p.id for p in sdk.ndp_proxies(router_id=world.router["id"])] == [proxy.id]
    refused(api.call("PUT", f"/v2.0/ndp_proxies/{proxy.id}", {"ndp_proxy": {"ip_address": address}}), 400, "BadRequest")

    four = api.make("subnet", network_id=world.inside["id"], cidr="10.0.0.0/24")
    away = world.subnet_on(api.make("network"))
    far = api.make("port", network_id=away["network_id"])
    both = api.make("port", network_id=world.inside["id"], fixed_ips=[{"subnet_id": four["id"]}])
    other_scope = world.subnet_on(api.make("network"), cidr="fd00::/64")
    unscoped = api.make("port", network_id=other_scope["network_id"])
    wrong(409, "Conflict")
    wrong(409, "PortUnreachableRouter", port_id=far["id"])
    wrong(409, "PortUnreachableRouter", port_id=both["id"])
    wrong(400, "InvalidAddress", ip_address="2001:db8:ffff::1")
    wrong(400, "InvalidAddress", port_id=both["id"], ip_address=both["fixed_ips"][0]["ip_address"])
    wrong(400, "InvalidAddress", port_id=far["id"], ip_address=far["fixed_ips"][0]["ip_address"])
    wrong(404, "RouterNotFound", router_id=world.port["id"])
    wrong(404, "PortNotFound", port_id=world.router["id"])
    world.connect(other_scope)
    wrong(409, "AddressScopeConflict", port_id=unscoped["id"])

    # What an NDP proxy stands on stays as long as it does.
    assert world.connect(world.subnet, "remove_router_interface", 409).error == "RouterInterfaceInUseByNDPProxy"
    refused(world.update(external_gateway_info=None), 409, "RouterGatewayInUseByNDPProxy")
    assert show(api, "router", world.router)["enable_ndp_proxy"] is True
    api.call("PUT", f"/v2.0/ports/{world.port['id']}", {"port": {"fixed_ips": [{"subnet_id": four["id"]}]}})
    assert list(sdk.ndp_proxies()) == [], "it went with the address"
    again = sdk.create_ndp_proxy(router_id=world.router["id"], port_id=api.make("port", network_id=world.inside["id"])["id"])
    assert api.call("DELETE", f"/v2.0/ports/{again.port_id}").status == 204
    assert list(sdk.ndp_proxies()) == [], "it went with the port"

    # Only a router with IPv6 of an address scope outside may have them.
    v4 = api.make("subnet", network_id=world.public["id"], cidr="203.0.113.0/24")
    only_v4 = {"network_id": world.public["id"], "external_fixed_ips": [{"subnet_id": v4["id"]}]}
    refused(world.update(external_gateway_info=only_v4), 409, "RouterIPv6GatewayInUse")
    assert world.update(external_gateway_info=only_v4, enable_ndp_proxy=False).status == 200
    refused(world.update(enable_ndp_proxy=True), 409, "RouterGatewayNotValid")
    assert world.update(external_gateway_info={"network_id": world.public["id"], "external_fixed_ips": [
        {"subnet_id": world.outer["id"]}]}, enable_ndp_proxy=True).status == 200
    assert world.update(external_gateway_info=None).json["router"]["enable_ndp_proxy"] is False
    refused(world.update(enable_ndp_proxy=True), 409, "RouterGatewayNotValid")
    refused(api.call("POST", "/v2.0/routers", {"router": {"enable_ndp_proxy": True}}), 409, "RouterGatewayNotValid")
    plain = api.make("network", **{"router:external": True})
    api.make("subnet", network_id=plain["id"], cidr="fd77::/64", ip_version=6)
    refused(api.call("POST", "/v2.0/routers", {"router": {"enable_ndp_proxy": True, "external_gateway_info": {
        "network_id": plain["id"]}}}), 409, "RouterGatewayNotValid")
    assert weftd.client(MEMBER).get("/v2.0/ndp_proxies").json == {"ndp_proxies": []}


def test_ndp_proxies_of_a_member(weftd, api, sdk):
    world = Scoped(api, "2001:db9")
    world.update(enable_ndp_proxy=True)
    proxy = sdk.create_ndp_proxy(router_id=world.router["id"], port_id=world.port["id"])
    member = weftd.client(MEMBER)
    refused(member.get(f"/v2.0/ndp_proxies/{proxy.id}"), 404, "NDPProxyNotFound")
    refused(member.call("POST", "/v2.0/ndp_proxies", {"ndp_proxy": {"router_id": world.router["id"], "port_id": world.port["id"]}}),
            404, "RouterNotFound")
    sdk.delete_ndp_proxy(proxy, ignore_missing=False)
    with pytest.raises(openstack.exceptions.ResourceNotFound):
        sdk.get_ndp_proxy(proxy.id)
