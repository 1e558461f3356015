"""Layer 3 of Networking v2.0 by the real clients: routers, floating IPs and what belongs to them. Proves B2, B9 (the API that
users already have) for these resources; their datapath is not part of it, so nothing here is ever ACTIVE.

    public 203.0.113.0/24 (external) ── r ── inside 10.0.0.0/24 ── guest
"""
import json
import os
import shutil
import subprocess

import pytest

from weftd import ADMIN, MEMBER, OTHER, Weftd

openstack = pytest.importorskip("openstack")


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = Weftd(tmp_path_factory.mktemp("l3")).start()
    yield server
    server.stop()


@pytest.fixture
def api(weftd):
    return weftd.client()


@pytest.fixture
def cli(weftd):
    """Runs `openstack` as the administrator; as_json() parses what it shows."""
    if not shutil.which("openstack"):
        pytest.skip("python3-openstackclient is not installed")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    clean |= {"OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": weftd.url, "OS_TOKEN": ADMIN}

    def run(*words, fails=False):
        done = subprocess.run(["/usr/bin/openstack", *words], env=clean, text=True, capture_output=True, timeout=60)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    run.json = lambda *words: json.loads(run(*words, "-f", "json"))
    return run


@pytest.fixture
def sdk(weftd):
    connection = openstack.connect(auth_type="admin_token", auth={"endpoint": weftd.url, "token": ADMIN},
                                   load_envvars=False, load_yaml_config=False)
    yield connection.network
    connection.close()


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


def refused(answer, status, error):
    assert (answer.status, answer.error) == (status, error), answer.text
    return answer.message


def show(api, kind, thing):
    answer = api.get(f"/v2.0/{kind}s/{thing['id']}")
    assert answer.status == 200, answer.text
    return answer.json[kind]


def test_cli_router(cli, api):
    world = World(api)
    api.make("subnet", network_id=world.inside["id"], cidr="10.0.7.0/24", ip_version=4, name="seven")
    made = cli.json("router", "create", "cli-r", "--description", "d", "--tag", "red", "--centralized", "--no-ha")
    assert (made["name"], made["status"], made["external_gateway_info"]) == ("cli-r", "DOWN", None)
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
    assert "required by one or more routes" in cli("router", "remove", "subnet", "cli-s", "seven", fails=True)
    cli("router", "remove", "route", "cli-s", "--route", "destination=172.16.0.0/12,gateway=10.0.7.9")
    cli("router", "unset", "cli-s", "--route", "destination=192.168.0.0/16,gateway=10.0.7.9")
    cli("router", "unset", "cli-s", "--external-gateway", "--tag", "red")
    shown = cli.json("router", "show", "cli-s")
    assert (shown["routes"], shown["external_gateway_info"], shown["tags"]) == ([], None, [])
    assert "cli-s" in [r["Name"] for r in cli.json("router", "list", "--disable")]
    assert "still has interfaces" in cli("router", "delete", "cli-s", fails=True)
    cli("router", "remove", "subnet", "cli-s", "seven")
    cli("router", "delete", "cli-s")
    assert api.get("/v2.0/routers", name="cli-s").json["routers"] == []


def test_sdk_router(sdk, api):
    world = World(api)
    router = sdk.create_router(name="sdk-r", external_gateway_info={"network_id": world.public["id"]})
    assert router.status == "DOWN" and router.external_gateway_info["enable_snat"] is True
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
    taken = member.make("port", network_id=world.inside["id"], fixed_ips=[{"ip_address": "10.0.0.1"}])
    assert "allocation pools" in refused(member.call("PUT", path, {"port_id": taken["id"]}), 400, "BadRequest")
    mine = member.make("port", network_id=world.inside["id"])
    assert member.call("PUT", path, {"port_id": mine["id"]}).status == 200
    refused(member.call("PUT", path, {"port_id": world.port["id"]}), 404, "PortNotFound")
    refused(member.call("POST", "/v2.0/routers", {"router": {"ha": True}}), 403, "PolicyNotAuthorized")
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
    assert "required by one or more floating IPs" in cli("router", "unset", world.router["id"], "--external-gateway",
                                                         fails=True)
    cli("floating", "ip", "unset", "203.0.113.200", "--port")
    assert cli.json("floating", "ip", "show", made["id"])["router_id"] is None
    assert "already allocated" in cli("floating", "ip", "create", world.public["id"], "--floating-ip-address",
                                      "203.0.113.200", fails=True)
    cli("floating", "ip", "delete", "203.0.113.200")
    cli("floating", "ip", "show", made["id"], fails=True)


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
