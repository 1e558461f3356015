"""Provider attributes of networks through the `openstack` command line, openstacksdk and plain HTTP. Proves B2."""
import json

import openstack
import pytest

from openstack_clients import Cli
from weftd import MEMBER, Weftd, refused

PROVIDER = ["network_type", "physical_network", "segmentation_id"]


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = Weftd(tmp_path_factory.mktemp("provider")).start()
    server.client().make("host", name="h1", tunnel_ips=["192.0.2.1"])
    yield server
    server.stop()


def of(network):
    return [network[f"provider:{name}"] for name in PROVIDER]


def give(*values):
    return {f"provider:{name}": value for name, value in zip(PROVIDER, values) if value is not None}


def create(client, *values, **more):
    return client.call("POST", "/v2.0/networks", {"network": {**give(*values), **more}})


def test_cli(weftd):
    cli = Cli(weftd)
    made = cli.json("network", "create", "v", "--provider-network-type", "vlan", "--provider-physical-network", "cli",
                    "--provider-segment", "100")
    assert (of(made), made["status"], made["mtu"]) == (["vlan", "cli", 100], "ACTIVE", 1500)
    cli("network", "set", "v", "--provider-segment", "101")
    assert of(cli.json("network", "show", "v")) == ["vlan", "cli", 101]
    assert [n["Name"] for n in cli.json("network", "list", "--provider-segment", "101", "--provider-network-type", "vlan",
                                        "--provider-physical-network", "cli")] == ["v"]
    flat = cli.json("network", "create", "public", "--external", "--provider-network-type", "flat", "--provider-physical-network", "cli")
    assert (of(flat), flat["status"], flat["router:external"]) == (["flat", "cli", None], "ACTIVE", True)
    assert "already used" in cli.fails("network", "create", "w", "--provider-network-type", "vlan",
                                      "--provider-physical-network", "cli", "--provider-segment", "101")
    assert cli.json("network", "create", "t", "--transparent-vlan")["status"] == "DOWN"
    cli("network", "delete", "v", "public", "t")


def test_sdk(sdk):
    made = sdk.create_network(provider_network_type="vlan", provider_physical_network="sdk")
    assert (made.provider_segmentation_id, made.status, made.mtu) == (1, "ACTIVE", 1500)
    assert [n.id for n in sdk.networks(provider_physical_network="sdk")] == [made.id]
    with pytest.raises(openstack.exceptions.ConflictException):
        sdk.create_network(provider_network_type="vlan", provider_physical_network="sdk", provider_segmentation_id=1)
    assert sdk.update_network(made, provider_segmentation_id=7).provider_segmentation_id == 7
    assert sdk.create_network(vlan_transparent=True).status == "DOWN"
    assert sdk.create_network(vlan_transparent=False).status == "ACTIVE"


def test_rules(weftd, admin):
    member = weftd.client(MEMBER)
    assert of(create(admin, "vxlan", None, 77).json["network"]) == ["vxlan", None, 77]
    assert refused(create(admin, "geneve", None, 77), 409, "TunnelIdInUse")
    assert of(create(admin, "vlan", "p", 77).json["network"]) == ["vlan", "p", 77]
    assert refused(create(admin, "vlan", "p", 77), 409, "VlanIdInUse")
    assert of(create(admin, "vlan", "q", 77).json["network"]) == ["vlan", "q", 77]
    assert create(admin, "flat", "p").status == 201
    assert refused(create(admin, "flat", "p"), 409, "FlatNetworkInUse")
    assert refused(create(admin, "flat", "q", 5), 400, "InvalidInput", "flat network has none")
    assert refused(create(admin, "vlan"), 400, "InvalidInput", "physical network; name it")
    assert refused(create(admin, "vlan", "p", 4095), 400, "InvalidInput", "1 to 4094")
    assert refused(create(admin, "gre", None, 5), 400, "InvalidInput", "geneve")
    assert refused(create(admin, None, "p"), 400, "InvalidInput", "network_type required")
    assert refused(create(admin, "vlan", "p", mtu=1501), 400, "InvalidInput", "leaves 1500")
    assert create(admin, "vlan", "p", mtu=1500).status == 201
    assert refused(create(member, "vlan", "p", 5), 403, "PolicyNotAuthorized")
    mine = member.make("network")
    assert not [name for name in PROVIDER if f"provider:{name}" in mine]
    path = f"/v2.0/networks/{mine['id']}"
    assert refused(admin.call("PUT", path, {"network": give(None, None, 9)}), 400, "InvalidInput", "Only VLAN type networks")
    assert refused(admin.call("PUT", path, {"network": give("vlan")}), 400, "BadRequest")
    assert refused(member.call("PUT", path, {"network": give(None, None, 9)}), 403, "PolicyNotAuthorized")


def test_segments(weftd, admin):
    """multi-provider: a network that is carried in several ways."""
    items = [give("vlan", "s1", 5), give("vlan", "s2"), give("geneve", None, 90)]
    made = create(admin, segments=items)
    assert made.status == 201, made.text
    network = made.json["network"]
    shown = [dict.fromkeys((f"provider:{name}" for name in PROVIDER), None) | item for item in items]
    shown[1]["provider:segmentation_id"] = 1
    assert (network["segments"], of(network), network["status"], network["mtu"]) == (shown, [None, None, None], "ACTIVE", 1422)
    assert admin.get(f"/v2.0/networks/{network['id']}").json["network"] == network
    assert refused(create(admin, "vlan", "s2", 1), 409, "VlanIdInUse", network["id"])
    assert of(create(admin, segments=[give("flat", "s3")]).json["network"]) == ["flat", "s3", None]
    assert refused(create(admin, "vlan", "s4", segments=items), 400, "InvalidInput", "cannot both be set")
    assert refused(create(admin, segments=[give("flat", "s4"), give("flat", "s4")]), 400, "InvalidInput", "Duplicate")
    assert refused(create(admin, segments=[give(None, "s4")]), 400, "InvalidInput", "network_type")
    assert refused(create(weftd.client(MEMBER), segments=items), 403, "PolicyNotAuthorized")
    assert "segments" not in weftd.client(MEMBER).make("network")
    assert admin.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204
    assert create(admin, segments=items).status == 201


def test_sdk_segments(sdk):
    made = sdk.create_network(segments=[give("vlan", "sdk2", 5), give("vlan", "sdk3", 6)])
    assert [s["provider:segmentation_id"] for s in sdk.get_network(made.id).segments] == [5, 6]
    assert (made.provider_network_type, made.is_router_external) == (None, False)


def test_adjacency_and_allocation(admin):
    """l2_adjacency and ip_allocation say what routed networks would change."""
    network = admin.make("network")
    assert network["l2_adjacency"] is True
    admin.make("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    assert admin.make("port", network_id=network["id"])["ip_allocation"] == "immediate"
    none = admin.make("port", network_id=network["id"], fixed_ips=[])
    assert none["ip_allocation"] == "none"
    assert [p["id"] for p in admin.get("/v2.0/ports", ip_allocation="none").json["ports"]] == [none["id"]]


def test_hosts_are_not_told(weftd, admin):
    """A port on a network that hosts do not forward for stays DOWN, whatever is bound."""
    network = admin.make("network", vlan_transparent=True)["id"]
    overlay, vlan = create(admin).json["network"]["id"], create(admin, "vlan", "hosts", 7).json["network"]["id"]
    ports = [admin.make("port", network_id=n, **{"binding:host_id": "h1"})["id"] for n in (network, overlay, vlan)]
    view = admin.get("/weft/v1/hosts/h1/view").text.decode()
    assert f'"kind":"network","id":"{overlay}"' in view and f'"kind":"network","id":"{network}"' not in view
    assert [admin.get(f"/v2.0/ports/{port}").json["port"]["status"] for port in ports] == ["DOWN"] * 3
    record = next(line for line in map(json.loads, view.splitlines()) if line.get("kind") == "network" and line["id"] == vlan)["data"]
    assert {key: record.get(key) for key in ("network_type", "physical_network", "segmentation_id", "vni")} == {
        "network_type": "vlan", "physical_network": "hosts", "segmentation_id": 7, "vni": None}


def test_numbers_are_free_again_after_a_restart(tmp_path):
    """B45: what was taken is taken, and what was given back is free."""
    server = Weftd(tmp_path).start()
    admin = server.client()
    first, second = (create(admin, "vlan", "p").json["network"] for _ in range(2))
    several = create(admin, segments=[give("vlan", "r", 3), give("vxlan", None, 4)]).json["network"]
    assert admin.call("DELETE", f"/v2.0/networks/{first['id']}").status == 204
    server.kill()
    server.start()
    admin = server.client()
    assert admin.get(f"/v2.0/networks/{second['id']}").json["network"] == second
    assert refused(create(admin, "vlan", "p", 2), 409, "VlanIdInUse")
    assert admin.get(f"/v2.0/networks/{several['id']}").json["network"] == several
    assert refused(create(admin, "vlan", "r", 3), 409, "VlanIdInUse")
    assert of(create(admin, "vlan", "p").json["network"]) == ["vlan", "p", 1]
    server.stop()
