"""Small attributes of layer 2 that extensions bring, through the `openstack` command line, openstacksdk and plain HTTP.
test_extensions.py compares what is taken, shown and filtered by with the extensions' maps; here is what they do. Proves B2."""
import pytest

from openstack_clients import Cli
from weftd import MEMBER, Weftd, refused


# without plug-ins: weftd's own
SERVICE_PROVIDERS = [*((kind, "edge", True) for kind in ("DHCP", "DNS", "METADATA", "L3_ROUTER_NAT", "FIREWALL_V2", "QOS")), ("SECURITY_GROUP", "security-group", True),
                     *((kind, "virtual-router", False) for kind in ("DHCP", "DNS", "METADATA", "L3_ROUTER_NAT", "FIREWALL_V2", "VPN", "GRE"))]


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = Weftd(tmp_path_factory.mktemp("attributes")).start()
    admin = server.client()
    admin.make("host", name="h1", tunnel_ips=["192.0.2.1"])
    server.network = admin.make("network", name="net", project_id="project-1")["id"]
    yield server
    server.stop()


def test_cli(weftd):
    """The command line sets each; one call of a kind."""
    cli = Cli(weftd)
    made = cli.json("port", "create", "p", "--network", "net", "--numa-policy-required", "--device-profile", "fpga",
                    "--disable-uplink-status-propagation", "--tag", "red")
    assert (made["numa_affinity_policy"], made["device_profile"], made["propagate_uplink_status"], made["tags"]) == (
        "required", "fpga", False, ["red"])
    cli("port", "set", "p", "--data-plane-status", "DOWN", "--numa-policy-legacy")
    shown = cli.json("port", "show", "p")
    assert (shown["data_plane_status"], shown["numa_affinity_policy"]) == ("DOWN", "legacy")
    cli("port", "unset", "p", "--data-plane-status", "--numa-policy")
    shown = cli.json("port", "show", "p")
    assert (shown["data_plane_status"], shown["numa_affinity_policy"]) == (None, None)
    subnet = cli.json("subnet", "create", "s", "--network", "net", "--subnet-range", "10.9.0.0/24", "--service-type", "compute:nova")
    assert subnet["service_types"] == ["compute:nova"]
    assert cli.json("port", "create", "q", "--network", "net", "--device-owner", "compute:nova")["fixed_ips"][0]["subnet_id"] == subnet["id"]
    assert "No valid service subnet" in cli.fails("port", "create", "r", "--network", "net", "--device-owner", "compute:other")
    cli("subnet", "unset", "s", "--service-type", "compute:nova")
    assert cli.json("subnet", "show", "s")["service_types"] == []
    assert [(p["Service Type"], p["Name"], p["Default"]) for p in cli.json("network", "service", "provider", "list")] == SERVICE_PROVIDERS


def test_sdk(weftd, sdk):
    port = sdk.create_port(network_id=weftd.network, mac_address="02:00:00:00:00:10")
    assert (port.propagate_uplink_status, port.numa_affinity_policy, port.data_plane_status) == (True, None, None)
    assert sdk.update_port(port, numa_affinity_policy="socket", data_plane_status="ACTIVE").data_plane_status == "ACTIVE"
    assert [(p.service_type, p.name, p.is_default) for p in sdk.service_providers()] == SERVICE_PROVIDERS
    assert sdk.update_port(port, propagate_uplink_status=False).propagate_uplink_status is False


def test_another_mac(weftd, admin):
    path = "/v2.0/ports/" + admin.make("port", network_id=weftd.network, project_id="project-1", mac_address="02:00:00:00:00:20")["id"]
    made = admin.call("PUT", path, {"port": {"mac_address": None}}).json["port"]["mac_address"]
    assert made.startswith("fa:16:3e:") and admin.get("/v2.0/ports", mac_address=made).json["ports"]
    assert refused(weftd.client(MEMBER).call("PUT", path, {"port": {"mac_address": None}}), 403, "PolicyNotAuthorized")


def test_mac_of_a_device(weftd, admin):
    """B2: bound to a physical function the port has its MAC, until it is unbound."""
    made = admin.make("port", network_id=weftd.network, **{"binding:vnic_type": "direct-physical", "binding:host_id": "h1",
                      "binding:profile": {"device_mac_address": "02:00:00:00:00:30"}})
    assert made["mac_address"] == "02:00:00:00:00:30"
    left = admin.call("PUT", f"/v2.0/ports/{made['id']}", {"port": {"binding:host_id": ""}}).json["port"]
    assert left["mac_address"].startswith("fa:16:3e:")
    second = admin.make("port", network_id=weftd.network, **{"binding:vnic_type": "direct-physical", "binding:host_id": "h1",
                        "binding:profile": {"device_mac_address": "02:00:00:00:00:30"}})
    assert second["mac_address"] == "02:00:00:00:00:30", "it is free for the next port on the device"


def test_refused(weftd, admin):
    member = weftd.client(MEMBER)
    port = {"network_id": weftd.network}

    def make(client, **more):
        return client.call("POST", "/v2.0/ports", {"port": {**port, **more}})

    assert refused(make(admin, data_plane_status="ACTIVE"), 400, "BadRequest", "data_plane_status")
    assert refused(make(admin, numa_affinity_policy="near"), 400, "InvalidInput", "required")
    assert refused(make(admin, device_profile="x" * 256), 400, "InvalidInput", "device_profile")
    mine = member.make("port", **port)["id"]
    assert refused(member.call("PUT", f"/v2.0/ports/{mine}", {"port": {"data_plane_status": "DOWN"}}), 403, "PolicyNotAuthorized")
    assert refused(member.call("PUT", f"/v2.0/ports/{mine}", {"port": {"device_profile": "x"}}), 400, "BadRequest", "device_profile")
    assert refused(admin.call("POST", "/v2.0/subnets", {"subnet": {"network_id": weftd.network, "cidr": "10.8.0.0/24",
                   "service_types": ["odd"]}}), 400, "InvalidSubnetServiceType", "compute:")


def test_tags_are_added(weftd, admin):
    """tag-creation: POST adds what is not there yet."""
    made = admin.call("POST", "/v2.0/ports", {"ports": [{"network_id": weftd.network, "tags": ["a"]},
                                                       {"network_id": weftd.network, "tags": ["b"]}]}).json["ports"]
    assert [port["tags"] for port in made] == [["a"], ["b"]]
    path = f"/v2.0/ports/{made[0]['id']}/tags"
    answer = admin.call("POST", path, {"tags": ["c", "a", "d"]})
    assert (answer.status, answer.json) == (201, {"tags": ["a", "c", "d"]})
    assert admin.get(path).json == {"tags": ["a", "c", "d"]}
    for wrong in ({}, {"tags": "x"}, {"tags": [5, "x"]}, {"tags": ["x" * 256]}, {"tag": []}):
        assert admin.call("POST", path, wrong).status == 400, wrong
    assert admin.get(path).json == {"tags": ["a", "c", "d"]}
    assert refused(admin.call("POST", f"/v2.0/ports/{weftd.network}/tags", {"tags": []}), 404, "PortNotFound")


def test_hints(weftd, api, member):
    """They are the administrator's, and those that OpenStack's API knows."""
    hints = {"openvswitch": {"other_config": {"tx-steering": "hash"}}}
    port = api.make("port", network_id=weftd.network, hints=hints)
    path = f"/v2.0/ports/{port['id']}"
    assert port["hints"] == hints == api.get(path).json["port"]["hints"]
    for good in ({}, {"openvswitch": {}}, {"openvswitch": {"other_config": {}}}, None):
        assert api.call("PUT", path, {"port": {"hints": good}}).json["port"]["hints"] == good
    for bad in ({"ovn": {}}, {"openvswitch": {"other_config": {"tx-steering": "fast"}}}, {"openvswitch": 1},
                {"openvswitch": {"other_config": {"tx-steering": "hash", "x": 1}}}):
        refused(api.call("PUT", path, {"port": {"hints": bad}}), 400, "InvalidInput", "hints")
    refused(member.call("POST", "/v2.0/ports", {"port": {"network_id": weftd.network, "hints": hints}}), 403, "PolicyNotAuthorized")
    own = member.make("port", network_id=weftd.network)
    assert "hints" not in own
