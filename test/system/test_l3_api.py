"""Layer 3 of Networking v2.0 by the real clients: routers, floating IPs and what belongs to them. Proves B2, B9 (the API that
users already have) for these resources; their datapath is not part of it, so nothing here is ever ACTIVE.

    public 203.0.113.0/24 (external) ── r ── inside 10.0.0.0/24 ── guest
"""
import openstack
import pytest

from weftd import MEMBER, OTHER, Weftd, refused


class World:
    """The networks of a test, with a router between them and a port inside."""

    def __init__(self, api, public="203.0.113.0/24", inside="10.0.0.0/24", shared=False):
        self.api = api
        self.public = api.make("network", name="public", **{"router:external": True})
        self.public_subnet = api.make("subnet", network_id=self.public["id"], cidr=public, ip_version=4)
        self.inside = api.make("network", name="inside", shared=shared)
        self.subnet = api.make("subnet", network_id=self.inside["id"], cidr=inside, ip_version=4)
        self.port = api.make("port", network_id=self.inside["id"], name="guest")
        self.router = api.make("router", name="r", external_gateway_info={"network_id": self.public["id"]})
        answer = self.act("add_router_interface", subnet_id=self.subnet["id"])
        assert answer.status == 200, answer.text

    def act(self, verb, **body):
        return self.api.call("PUT", f"/v2.0/routers/{self.router['id']}/{verb}", body)

    def floating_ip(self, **attributes):
        return self.api.make("floatingip", floating_network_id=self.public["id"], **attributes)


def show(api, kind, thing):
    answer = api.get(f"/v2.0/{kind}s/{thing['id']}")
    assert answer.status == 200, answer.text
    return answer.json[kind]


def test_cli_router(cli, api):
    world = World(api)
    api.make("subnet", network_id=world.inside["id"], cidr="10.0.7.0/24", ip_version=4, name="seven")
    made = cli.json("router", "create", "cli-r", "--description", "d", "--tag", "red", "--centralized", "--no-ha")
    assert (made["name"], made["status"], made["external_gateway_info"]) == ("cli-r", "ACTIVE", None)
    cli("router", "set", "cli-r", "--external-gateway", world.public["id"], "--disable-snat", "--fixed-ip",
        "ip-address=203.0.113.77", "--name", "cli-s", "--disable")
    cli("router", "add", "subnet", "cli-s", "seven")
    cli("router", "set", "cli-s", "--route", "destination=192.168.0.0/16,gateway=10.0.7.9")
    cli("router", "add", "route", "cli-s", "--route", "destination=172.16.0.0/12,gateway=10.0.7.9")
    shown = cli.json("router", "show", "cli-s")
    gateway = shown["external_gateway_info"]
    assert gateway["network_id"] == world.public["id"] and gateway["enable_snat"] is False
    assert [ip["ip_address"] for ip in gateway["external_fixed_ips"]] == ["203.0.113.77"]
    assert {r["destination"] for r in shown["routes"]} == {"192.168.0.0/16", "172.16.0.0/12"}
    assert [i["ip_address"] for i in shown["interfaces_info"]] == ["10.0.7.1"]
    assert "required by one or more routes" in cli.fails("router", "remove", "subnet", "cli-s", "seven")
    cli("router", "remove", "route", "cli-s", "--route", "destination=172.16.0.0/12,gateway=10.0.7.9")
    cli("router", "unset", "cli-s", "--route", "destination=192.168.0.0/16,gateway=10.0.7.9")
    cli("router", "unset", "cli-s", "--external-gateway", "--tag", "red")
    shown = cli.json("router", "show", "cli-s")
    assert (shown["routes"], shown["external_gateway_info"], shown["tags"]) == ([], None, [])
    assert "cli-s" in [r["Name"] for r in cli.json("router", "list", "--disable")]
    assert "still has interfaces" in cli.fails("router", "delete", "cli-s")
    cli("router", "remove", "subnet", "cli-s", "seven")
    cli("router", "delete", "cli-s")
    assert api.get("/v2.0/routers", name="cli-s").json["routers"] == []


def test_sdk_router(sdk, api):
    world = World(api)
    router = sdk.create_router(name="sdk-r", external_gateway_info={"network_id": world.public["id"]})
    assert router.status == "ACTIVE" and router.external_gateway_info["enable_snat"] is True
    port = sdk.create_port(network_id=world.inside["id"])
    added = sdk.add_interface_to_router(router, port_id=port.id)
    assert added["port_id"] == port.id and added["subnet_ids"] == [world.subnet["id"]]
    assert sdk.get_port(port.id).device_id == router.id
    with pytest.raises(openstack.exceptions.ConflictException, match="device owner"):
        sdk.delete_port(port.id, ignore_missing=False)
    assert [p.device_owner for p in sdk.ports(device_id=router.id)] == ["network:router_gateway", "network:router_interface"]
    sdk.add_extra_routes_to_router(router, {"router": {"routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.7"}]}})
    assert sdk.get_router(router.id).routes == [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.7"}]
    sdk.remove_extra_routes_from_router(router,
                                        {"router": {"routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.7"}]}})
    sdk.remove_interface_from_router(router, subnet_id=world.subnet["id"])
    assert sdk.find_port(port.id) is None
    assert sdk.find_router("sdk-r").id == router.id
    sdk.delete_router(router, ignore_missing=False)


def test_interface_refusals(weftd, api):
    world = World(api)
    other = api.make("network", name="other")
    overlapping = api.make("subnet", network_id=other["id"], cidr="10.0.0.128/25", ip_version=4)
    bare = api.make("subnet", network_id=other["id"], cidr="10.5.0.0/24", ip_version=4, gateway_ip=None)
    addressless = api.make("port", network_id=other["id"], fixed_ips=[])
    two = api.make("subnet", network_id=other["id"], cidr="10.6.0.0/24", ip_version=4)
    both = api.make("port", network_id=other["id"],
                    fixed_ips=[{"subnet_id": bare["id"]}, {"subnet_id": two["id"]}])
    gone = "01234567-89ab-cdef-0123-456789abcdef"

    assert "subnet_id or port_id" in refused(world.act("add_router_interface"), 400, "BadRequest")
    assert "UUID" in refused(world.act("add_router_interface", subnet_id="x"), 400, "BadRequest")
    refused(world.act("add_router_interface", subnet_id=gone), 404, "SubnetNotFound")
    refused(world.act("add_router_interface", port_id=gone), 404, "PortNotFound")
    assert "both" in refused(world.act("add_router_interface", port_id=gone, subnet_id=gone), 400, "BadRequest")
    assert "already" in refused(world.act("add_router_interface", subnet_id=world.subnet["id"]), 400, "BadRequest")
    assert "overlaps" in refused(world.act("add_router_interface", subnet_id=overlapping["id"]), 400, "BadRequest")
    assert "gateway IP" in refused(world.act("add_router_interface", subnet_id=bare["id"]), 400, "BadRequest")
    assert "at least one" in refused(world.act("add_router_interface", port_id=addressless["id"]), 400, "BadRequest")
    assert "multiple IPv4" in refused(world.act("add_router_interface", port_id=both["id"]), 400, "BadRequest")
    assert show(api, "port", both)["device_id"] == ""
    refused(world.act("remove_router_interface", port_id=world.port["id"]), 404, "RouterInterfaceNotFound")
    refused(world.act("remove_router_interface", subnet_id=two["id"]), 404, "RouterInterfaceNotFoundForSubnet")
    interface = api.get("/v2.0/ports", device_owner="network:router_interface",
                        device_id=world.router["id"]).json["ports"][0]
    refused(world.act("remove_router_interface", port_id=interface["id"], subnet_id=two["id"]), 400,
            "SubnetMismatchForPort")
    refused(api.call("DELETE", f"/v2.0/ports/{interface['id']}"), 409, "ServicePortInUse")
    refused(api.call("DELETE", f"/v2.0/subnets/{world.subnet['id']}"), 409, "SubnetInUse")
    refused(api.call("DELETE", f"/v2.0/networks/{world.public['id']}"), 409, "NetworkInUse")
    refused(api.call("DELETE", f"/v2.0/routers/{world.router['id']}"), 409, "RouterInUse")
    refused(weftd.client(OTHER).call("PUT", f"/v2.0/routers/{world.router['id']}/add_router_interface", {}), 404,
            "RouterNotFound")
    refused(api.call("POST", f"/v2.0/routers/{world.router['id']}/add_router_interface", {}), 405, "HTTPMethodNotAllowed")


def test_whose_subnets_a_router_may_have(weftd, api):
    """What is shared with everybody may be routed to by a port of one's own, but not by the gateway's address."""
    world = World(api, shared=True)
    api.call("PUT", f"/v2.0/routers/{world.router['id']}/remove_router_interface", {"subnet_id": world.subnet["id"]})
    member = weftd.client(MEMBER)
    router = member.make("router", external_gateway_info={"network_id": world.public["id"]})
    assert "ha" not in router and "distributed" not in router
    path = f"/v2.0/routers/{router['id']}/add_router_interface"
    assert "not owned" in refused(member.call("PUT", path, {"subnet_id": world.subnet["id"]}), 400, "BadRequest")
    refused(member.call("POST", "/v2.0/ports", {"port": {"network_id": world.inside["id"], "fixed_ips": [{"ip_address": "10.0.0.1"}]}}), 403,
            "PolicyNotAuthorized")
    taken = api.make("port", network_id=world.inside["id"], project_id="project-1", fixed_ips=[{"ip_address": "10.0.0.1"}])
    assert "allocation pools" in refused(member.call("PUT", path, {"port_id": taken["id"]}), 400, "BadRequest")
    mine = member.make("port", network_id=world.inside["id"])
    assert member.call("PUT", path, {"port_id": mine["id"]}).status == 200
    refused(member.call("PUT", path, {"port_id": world.port["id"]}), 404, "PortNotFound")
    for given in ({name: value} for name in ("ha", "distributed") for value in (True, False, None)):
        for verb, where in (("POST", "/v2.0/routers"), ("PUT", f"/v2.0/routers/{router['id']}")):
            refused(member.call(verb, where, {"router": given}), 403, "PolicyNotAuthorized")
        assert api.call("POST", "/v2.0/routers", {"router": given}).status == 201, given
    for host in ("", None):
        refused(member.call("POST", "/v2.0/ports", {"port": {"network_id": world.inside["id"], "binding:host_id": host}}), 403, "PolicyNotAuthorized")
    assert member.make("network", shared=False, **{"router:external": False}), "what has a default is asked for by another value alone"
    refused(member.call("PUT", f"/v2.0/routers/{router['id']}", {"router": {
        "external_gateway_info": {"network_id": world.public["id"], "enable_snat": False}}}), 403, "PolicyNotAuthorized")
    refused(member.call("POST", "/v2.0/ports", {"port": {"network_id": world.public["id"]}}), 403, "PolicyNotAuthorized")
    reader = weftd.client("reader-token")
    assert reader.get(f"/v2.0/routers/{router['id']}").status == 200
    refused(reader.call("PUT", path, {"subnet_id": world.subnet["id"]}), 403, "PolicyNotAuthorized")


def test_cli_floating_ip(cli, api):
    world = World(api)
    port = world.port["id"]
    made = cli.json("floating", "ip", "create", world.public["id"], "--subnet", world.public_subnet["id"],
                    "--floating-ip-address", "203.0.113.200", "--description", "d", "--tag", "red")
    assert (made["floating_ip_address"], made["status"], made["port_id"]) == ("203.0.113.200", "DOWN", None)
    cli("floating", "ip", "set", "203.0.113.200", "--port", port, "--fixed-ip-address",
        world.port["fixed_ips"][0]["ip_address"])
    shown = cli.json("floating", "ip", "show", "203.0.113.200")
    assert (shown["router_id"], shown["status"]) == (world.router["id"], "DOWN")
    details = show(api, "floatingip", shown)["port_details"]
    assert details["name"] == "guest" and details["mac_address"] == world.port["mac_address"]
    assert len(cli.json("floating", "ip", "list", "--port", port, "--router", world.router["id"], "--network",
                        world.public["id"])) == 1
    assert "required by one or more floating IPs" in cli.fails("router", "unset", world.router["id"], "--external-gateway")
    cli("floating", "ip", "unset", "203.0.113.200", "--port")
    assert cli.json("floating", "ip", "show", made["id"])["router_id"] is None
    assert "already allocated" in cli.fails("floating", "ip", "create", world.public["id"], "--floating-ip-address",
                                      "203.0.113.200")
    cli("floating", "ip", "delete", "203.0.113.200")
    cli.fails("floating", "ip", "show", made["id"])


def test_floating_ip_by_sdk_and_its_refusals(weftd, sdk, api):
    world = World(api)
    ip = sdk.create_ip(floating_network_id=world.public["id"], port_id=world.port["id"])
    assert ip.fixed_ip_address == world.port["fixed_ips"][0]["ip_address"] and ip.router_id == world.router["id"]
    assert sdk.find_ip(ip.floating_ip_address).id == ip.id
    assert [i.id for i in sdk.ips(fixed_ip_address=ip.fixed_ip_address, port_id=world.port["id"])] == [ip.id]
    second = {"floatingip": {"floating_network_id": world.public["id"], "port_id": world.port["id"]}}
    refused(api.call("POST", "/v2.0/floatingips", second), 409, "FloatingIPPortAlreadyAssociated")
    refused(api.call("POST", "/v2.0/floatingips", {"floatingip": {"floating_network_id": world.inside["id"]}}), 400,
            "BadRequest")
    far = api.make("network")
    api.make("subnet", network_id=far["id"], cidr="10.77.0.0/24", ip_version=4)
    lonely = api.make("port", network_id=far["id"])
    refused(api.call("PUT", f"/v2.0/floatingips/{ip.id}", {"floatingip": {"port_id": lonely["id"]}}), 404,
            "ExternalGatewayForFloatingIPNotFound")
    assert sdk.get_ip(ip.id).port_id == world.port["id"]
    refused(world.act("remove_router_interface", subnet_id=world.subnet["id"]), 409, "RouterInterfaceInUseByFloatingIP")
    sdk.delete_port(world.port["id"], ignore_missing=False)
    freed = sdk.get_ip(ip.id)
    assert (freed.port_id, freed.fixed_ip_address, freed.router_id, freed.port_details) == (None, None, None, None)

    member = weftd.client(MEMBER)
    own = {"floating_network_id": world.public["id"]}
    assert member.call("POST", "/v2.0/floatingips", {"floatingip": own}).status == 201
    refused(member.call("POST", "/v2.0/floatingips", {"floatingip": {**own, "floating_ip_address": "203.0.113.99"}}), 403,
            "PolicyNotAuthorized")
    assert member.get("/v2.0/floatingips", floating_network_id=world.public["id"]).json["floatingips"][0]["project_id"] == \
        "project-1"
    sdk.delete_ip(ip, ignore_missing=False)


def test_all_of_it_is_there_after_a_restart(tmp_path):
    server = Weftd(tmp_path).start()
    api = server.client()
    world = World(api)
    ip = world.floating_ip(port_id=world.port["id"])
    before = [show(api, "router", world.router), show(api, "floatingip", ip)]
    server.stop()
    server.start()
    api = world.api = server.client()
    assert [show(api, "router", world.router), show(api, "floatingip", ip)] == before
    assert world.floating_ip()["floating_ip_address"] not in (
        ip["floating_ip_address"], before[0]["external_gateway_info"]["external_fixed_ips"][0]["ip_address"])
    refused(world.act("remove_router_interface", subnet_id=world.subnet["id"]), 409, "RouterInterfaceInUseByFloatingIP")
    server.stop()


def test_extensions(api):
    aliases = {e["alias"] for e in api.get("/v2.0/extensions").json["extensions"]}
    assert {"router", "external-net", "extraroute", "extraroute-atomic", "ext-gw-mode", "dvr", "l3-ha", "fip-port-details",
            "router-admin-state-down-before-update", "router-interface-fip", "floatingip-autodelete-internal",
            "l3-port-ip-change-not-allowed"} <= aliases


def test_port_forwardings(cli, sdk, weftd, api):
    world = World(api)
    ip, port = world.floating_ip(), world.port["id"]
    inside = world.port["fixed_ips"][0]["ip_address"]
    made = cli.json("floating", "ip", "port", "forwarding", "create", ip["id"], "--internal-ip-address", inside, "--port",
                    port, "--internal-protocol-port", "22", "--external-protocol-port", "2222", "--protocol", "tcp",
                    "--description", "d")
    assert (made["external_port"], made["internal_port"], made["protocol"]) == (2222, 22, "tcp")
    assert show(api, "floatingip", ip)["router_id"] == world.router["id"]
    cli("floating", "ip", "port", "forwarding", "set", ip["id"], made["id"], "--external-protocol-port", "2200",
        "--protocol", "udp")
    shown = cli.json("floating", "ip", "port", "forwarding", "show", ip["id"], made["id"])
    assert (shown["external_port"], shown["protocol"], shown["description"]) == (2200, "udp", "d")
    assert len(cli.json("floating", "ip", "port", "forwarding", "list", ip["id"], "--port", port)) == 1
    assert cli.json("floating", "ip", "port", "forwarding", "list", ip["id"], "--external-protocol-port", "1") == []

    second = sdk.create_floating_ip_port_forwarding(ip["id"], internal_ip_address=inside, internal_port_id=port,
                                                    internal_port=80, external_port=80, protocol="tcp")
    assert sdk.find_floating_ip_port_forwarding(ip["id"], second.id).internal_port == 80
    path = f"/v2.0/floatingips/{ip['id']}/port_forwardings"
    base = {"internal_port_id": port, "protocol": "tcp"}
    several = api.call("POST", path, {"port_forwarding": {**base, "external_port_range": "8000:8009",
                                                          "internal_port_range": "9000:9009"}}).json["port_forwarding"]
    assert several["external_port_range"] == "8000:8009" and several["internal_port"] is None
    assert several["internal_ip_address"] == inside and "floatingip_id" not in several
    assert {p["id"] for p in show(api, "floatingip", ip)["port_forwardings"]} == {made["id"], second.id, several["id"]}

    def wrong(status, error, **more):
        return refused(api.call("POST", path, {"port_forwarding": {**base, **more}}), status, error)

    assert "collision" in wrong(400, "BadRequest", external_port=8005, internal_port=1)
    assert "collision" in wrong(400, "BadRequest", external_port=1, internal_port=80)
    assert "as many" in wrong(400, "BadRequest", external_port_range="1:3", internal_port_range="1:2")
    assert "Neither" in wrong(400, "BadRequest", external_port=1)
    assert "contradict" in wrong(400, "BadRequest", external_port=1, internal_port=1, external_port_range="1:2")
    wrong(400, "InvalidInput", external_port_range="9:1", internal_port=1)
    wrong(400, "InvalidInput", external_port=70000, internal_port=1)
    wrong(400, "InvalidInput", external_port=5, internal_port=5, protocol="icmp")
    wrong(400, "BadRequest", external_port=5, internal_port=5, internal_ip_address="10.0.0.250")
    wrong(404, "PortNotFound", external_port=5, internal_port=5, internal_port_id=ip["id"])
    refused(api.call("DELETE", f"/v2.0/floatingips/{ip['id']}"), 409, "FipInUseByPortForwarding")
    refused(api.call("PUT", f"/v2.0/floatingips/{ip['id']}", {"floatingip": {"port_id": port}}), 409,
            "FipInUseByPortForwarding")
    refused(world.act("remove_router_interface", subnet_id=world.subnet["id"]), 409, "RouterInterfaceInUseByFloatingIP")
    refused(weftd.client(OTHER).get(path), 404, "FloatingIPNotFound")
    other = api.make("port", network_id=world.inside["id"])
    whole = world.floating_ip(port_id=other["id"])
    wrong(409, "PortHasBindingFloatingIP", external_port=5, internal_port=5, internal_port_id=other["id"])
    refused(api.call("POST", f"/v2.0/floatingips/{whole['id']}/port_forwardings",
                     {"port_forwarding": {**base, "external_port": 5, "internal_port": 5}}), 409,
            "FloatingIPPortAlreadyAssociated")

    cli("floating", "ip", "port", "forwarding", "delete", ip["id"], made["id"])
    sdk.delete_floating_ip_port_forwarding(ip["id"], second.id, ignore_missing=False)
    assert show(api, "floatingip", ip)["router_id"] == world.router["id"]
    assert api.call("DELETE", f"/v2.0/ports/{port}").status == 204
    assert api.get(path).json["port_forwardings"] == []
    assert show(api, "floatingip", ip)["router_id"] is None
    refused(api.call("DELETE", f"{path}/{several['id']}"), 404, "PortForwardingNotFound")


def test_conntrack_helpers(cli, sdk, weftd, api):
    router = api.make("router", name="helped")
    made = cli.json("network", "l3", "conntrack", "helper", "create", router["id"], "--helper", "tftp", "--protocol",
                    "udp", "--port", "69")
    assert (made["helper"], made["port"]) == ("tftp", 69)
    cli("network", "l3", "conntrack", "helper", "set", router["id"], made["id"], "--port", "6969")
    assert cli.json("network", "l3", "conntrack", "helper", "show", router["id"], made["id"])["port"] == 6969
    assert len(cli.json("network", "l3", "conntrack", "helper", "list", router["id"])) == 1
    assert show(api, "router", router)["conntrack_helpers"] == [{"protocol": "udp", "port": 6969, "helper": "tftp"}]
    second = sdk.create_conntrack_helper(router["id"], helper="ftp", protocol="tcp", port=21)
    assert [h.id for h in sdk.conntrack_helpers(router["id"])] == [made["id"], second.id]
    path = f"/v2.0/routers/{router['id']}/conntrack_helpers"
    assert [h["id"] for h in api.get(path, helper="ftp").json["conntrack_helpers"]] == [second.id]

    def wrong(status, error, **body):
        return refused(api.call("POST", path, {"conntrack_helper": body}), status, error)

    assert "already used" in wrong(400, "BadRequest", helper="ftp", protocol="tcp", port=21)
    wrong(400, "ConntrackHelperNotAllowed", helper="smtp", protocol="tcp", port=25)
    assert "udp" in wrong(400, "InvalidProtocolForHelper", helper="tftp", protocol="tcp", port=69)
    assert "udp" in wrong(400, "InvalidProtocolForHelper", helper="tftp", protocol="tcp", port=69)
    assert "ftp, sip and tftp" in wrong(400, "ConntrackHelperNotAllowed", helper="h323", protocol="tcp", port=1720)
    wrong(400, "InvalidInput", helper="ftp", protocol="tcp", port=0)
    assert "project" in wrong(400, "BadRequest", helper="sip", protocol="tcp", port=5060, project_id="other")
    refused(weftd.client(OTHER).call("POST", path, {"conntrack_helper": {
        "helper": "sip", "protocol": "tcp", "port": 5060}}), 404, "RouterNotFound")
    cli("network", "l3", "conntrack", "helper", "delete", router["id"], made["id"])
    refused(api.get(f"{path}/{made['id']}"), 404, "ConntrackHelperNotFound")
    assert api.call("DELETE", f"/v2.0/routers/{router['id']}").status == 204
    refused(api.get(path), 404, "RouterNotFound")
