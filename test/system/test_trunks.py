"""Trunks with their subports, and bindings of ports for live migration, through the `openstack` command line, openstacksdk and
plain HTTP. Proves B2, B9 for these resources; test_live_migration.py proves that a guest moves."""
import itertools

import openstack
import pytest

from openstack_clients import Cli
from weftd import MEMBER, OTHER, Weftd, refused

portbindings_extended = pytest.importorskip("neutron_lib.api.definitions.portbindings_extended")
numbers = itertools.count()


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = Weftd(tmp_path_factory.mktemp("trunks")).start()
    admin = server.client()
    for number in (1, 2, 3):
        admin.make("host", name=f"h{number}", tunnel_ips=[f"192.0.2.{number}"])
    server.network = admin.make("network", name="net", project_id="project-1")["id"]
    yield server
    server.stop()


@pytest.fixture
def ports(weftd, member):
    """Makes ports of the member."""
    return lambda n, **more: [member.make("port", network_id=weftd.network, **more)["id"] for _ in range(n)]


def item(port, tag):
    return {"port_id": port, "segmentation_type": "vlan", "segmentation_id": tag}


# --- trunks

def test_cli_trunk(weftd, ports):
    cli = Cli(weftd, MEMBER)
    parent, one, two = ports(3)
    made = cli.json("network", "trunk", "create", "tr", "--parent-port", parent, "--subport",
                    f"port={one},segmentation-type=vlan,segmentation-id=100", "--description", "d")
    assert (made["name"], made["port_id"], made["status"], made["description"]) == ("tr", parent, "DOWN", "d")
    assert made["sub_ports"] == [item(one, 100)]
    cli("network", "trunk", "set", "tr", "--name", "trunk", "--subport", f"port={two},segmentation-type=vlan,segmentation-id=200")
    assert [(s["Port"], s["Segmentation ID"]) for s in cli.json("network", "subport", "list", "--trunk", "trunk")] == [
        (one, 100), (two, 200)]
    cli("network", "trunk", "unset", "trunk", "--subport", one)
    assert cli.json("network", "trunk", "show", "trunk")["sub_ports"] == [item(two, 200)]
    assert [t["Name"] for t in cli.json("network", "trunk", "list")] == ["trunk"]
    cli("network", "trunk", "set", "trunk", "--disable")
    assert "disabled" in cli.fails("network", "trunk", "delete", "trunk")
    cli("network", "trunk", "set", "trunk", "--enable")
    cli("network", "trunk", "delete", "trunk")
    assert cli.json("network", "trunk", "list") == []


def test_sdk_trunk(sdk, ports):
    parent, one, two, three = ports(4)
    trunk = sdk.create_trunk(name="sdk", port_id=parent, sub_ports=[item(one, 1)], tags=["red"])
    assert (trunk.status, trunk.is_admin_state_up, trunk.tags) == ("DOWN", True, ["red"])
    assert sdk.add_trunk_subports(trunk, [item(two, 2), item(three, 3)]).sub_ports == [item(one, 1), item(two, 2), item(three, 3)]
    assert sdk.delete_trunk_subports(trunk, [{"port_id": one}]).sub_ports == [item(two, 2), item(three, 3)]
    assert sdk.get_trunk_subports(trunk) == {"sub_ports": [item(two, 2), item(three, 3)]}
    details = sdk.get_port(parent).trunk_details
    assert details["trunk_id"] == trunk.id
    assert [(s["port_id"], s["segmentation_id"], s["mac_address"]) for s in details["sub_ports"]] == [
        (port, tag, sdk.get_port(port).mac_address) for port, tag in ((two, 2), (three, 3))]
    assert sdk.get_port(two).trunk_details is None
    assert [t.id for t in sdk.trunks(port_id=parent, admin_state_up=True, tags="red")] == [trunk.id]
    assert sdk.update_trunk(trunk, name="other", description="x").name == "other"
    for port in (parent, two):
        with pytest.raises(openstack.exceptions.ConflictException):
            sdk.delete_port(port)
    sdk.delete_trunk(trunk)
    for port in (parent, one, two, three):
        sdk.delete_port(port, ignore_missing=False)


def test_trunk_rules(weftd, member, ports):
    parent, one, two, third = ports(4)
    trunk = member.make("trunk", port_id=parent)
    path = f"/v2.0/trunks/{trunk['id']}"

    def add(*items, client=member):
        return client.call("PUT", path + "/add_subports", {"sub_ports": list(items)})

    assert add(item(one, 7)).json["sub_ports"] == [item(one, 7)]
    assert refused(add(item(two, 7)), 409, "DuplicateSubPort")
    assert refused(add(item(two, 8), item(one, 9)), 409, "TrunkPortInUse")
    assert member.get(path).json["trunk"]["sub_ports"] == [item(one, 7)], "all or nothing"
    assert refused(add(item(parent, 9)), 409, "ParentPortInUse")
    assert refused(add(item(two, 4095)), 400, "InvalidInput", "1 to 4094")
    assert refused(add({"port_id": two}), 400, "InvalidInput", "segmentation_id and segmentation_type")
    assert refused(add({"port_id": two, "segmentation_type": "inherit"}), 400, "InvalidInput", "geneve")
    assert refused(add(item(weftd.network, 9)), 404, "PortNotFound")
    assert refused(member.call("PUT", path + "/remove_subports", {"sub_ports": [{"port_id": two}]}), 404, "SubPortNotFound")
    assert refused(member.call("POST", "/v2.0/trunks", {"trunk": {"port_id": parent}}), 409, "ParentPortInUse")
    assert refused(member.call("POST", "/v2.0/trunks", {"trunk": {"port_id": one}}), 409, "TrunkPortInUse")
    assert refused(member.call("PUT", path, {"trunk": {"port_id": third}}), 400, "BadRequest")
    other = weftd.client(OTHER)
    assert refused(other.get(path), 404, "TrunkNotFound")
    assert refused(add(item(two, 9), client=other), 404, "TrunkNotFound")
    assert refused(weftd.client("reader-token").call("PUT", path + "/add_subports", {"sub_ports": []}), 403, "PolicyNotAuthorized")
    taken = member.make("port", network_id=weftd.network, device_id="guest")["id"]
    assert refused(add(item(taken, 9)), 409, "PortInUse", "guest")
    narrow = member.make("port", network_id=member.make("network", mtu=1300)["id"])["id"]
    assert refused(member.call("POST", "/v2.0/trunks", {"trunk": {"port_id": narrow, "sub_ports": [item(two, 9)]}}), 409,
                   "SubPortMtuGreaterThanTrunkPortMtu", "1300")
    assert member.call("DELETE", path).status == 204
    assert member.make("trunk", port_id=one)["sub_ports"] == [], "its subports went with the trunk"


def test_trunks_survive_a_restart(tmp_path):
    """Nothing of a trunk is in memory alone."""
    server = Weftd(tmp_path).start()
    admin = server.client()
    network = admin.make("network")["id"]
    parent, one = (admin.make("port", network_id=network)["id"] for _ in range(2))
    trunk = admin.make("trunk", port_id=parent, sub_ports=[item(one, 5)])
    server.kill()
    server.start()
    assert server.client().get(f"/v2.0/trunks/{trunk['id']}").json["trunk"] == trunk
    server.stop()


# --- bindings

@pytest.fixture
def bindings(weftd, admin):
    """The path of the bindings of a port that is bound to h1."""
    port = admin.make("port", network_id=weftd.network, device_owner="compute:nova", **{"binding:host_id": "h1"})
    return f"/v2.0/ports/{port['id']}/bindings"


def bind(client, path, **attributes):
    return client.call("POST", path, {"binding": attributes})


def test_binding_attributes(bindings, admin):
    """What a binding shows and takes is what the extension's map says."""
    parameters = portbindings_extended.SUB_RESOURCE_ATTRIBUTE_MAP["bindings"]["parameters"]
    made = bind(admin, bindings, host="h2", vnic_type="normal", profile={"a": "b"}).json["binding"]
    assert set(made) == {name for name, attribute in parameters.items() if attribute["is_visible"]}
    assert made == {"host": "h2", "vif_type": "tap", "vif_details": made["vif_details"], "vnic_type": "normal",
                    "profile": {"a": "b"}, "status": "INACTIVE", "project_id": "admin"}
    for choice in parameters["vnic_type"]["validate"]["type:values"]:
        assert admin.call("PUT", bindings + "/h2", {"binding": {"vnic_type": choice}}).json["binding"]["vnic_type"] == choice
    for name, attribute in parameters.items():
        if attribute.get("is_filter"):
            assert len(admin.get(bindings, **{name: made[name]}).json["bindings"]) in (1, 2), name
        if not attribute["allow_put"]:
            assert refused(admin.call("PUT", bindings + "/h2", {"binding": {name: "x"}}), 400, "InvalidInput", name)


def test_migration(bindings, admin):
    port = bindings.rsplit("/", 1)[0]
    assert bind(admin, bindings, host="h2", project_id="admin").status == 201
    assert [(b["host"], b["status"]) for b in admin.get(bindings).json["bindings"]] == [("h1", "ACTIVE"), ("h2", "INACTIVE")]
    assert [b["host"] for b in admin.get(bindings, status="INACTIVE", fields="host").json["bindings"]] == ["h2"]
    assert admin.get(bindings + "/h2").json["binding"]["status"] == "INACTIVE"
    assert admin.get(port).json["port"]["binding:host_id"] == "h1"
    done = admin.call("PUT", bindings + "/h2/activate")
    assert (done.status, done.json["host"], done.json["status"]) == (200, "h2", "ACTIVE")
    assert admin.get(port).json["port"]["binding:host_id"] == "h2"
    assert admin.get(port).json["port"]["status"] == "DOWN"
    assert [(b["host"], b["status"]) for b in admin.get(bindings).json["bindings"]] == [("h2", "ACTIVE"), ("h1", "INACTIVE")]
    assert admin.call("DELETE", bindings + "/h1").status == 204
    assert refused(admin.get(bindings + "/h1"), 404, "PortBindingNotFound")
    assert admin.call("DELETE", bindings + "/h2").status == 204
    assert admin.get(port).json["port"]["binding:vif_type"] == "unbound"
    assert bind(admin, bindings, host="h3").json["binding"]["status"] == "ACTIVE", "the first one"


def test_binding_rules(weftd, bindings, admin, member):
    assert refused(bind(admin, bindings), 400, "BadRequest", "host")
    assert refused(bind(admin, bindings, host="nowhere"), 400, "InvalidInput", "nowhere")
    assert refused(bind(admin, bindings, host="h1"), 409, "PortBindingAlreadyExists")
    assert refused(bind(admin, bindings, host="h2", vnic_type="odd"), 400, "InvalidInput", "vnic_type")
    assert refused(bind(admin, bindings, host="h2", status="ACTIVE"), 400, "InvalidInput", "status")
    assert refused(bind(admin, bindings, host="h2", project_id="project-2"), 400, "InvalidInput", "project_id")
    assert refused(admin.call("PUT", bindings + "/h1/activate"), 409, "PortBindingAlreadyActive")
    assert refused(admin.call("PUT", bindings + "/h3/activate"), 404, "PortBindingNotFound")
    assert refused(admin.call("DELETE", bindings + "/h3"), 404, "PortBindingNotFound")
    assert refused(admin.get(bindings, colour="red"), 400, "InvalidInput", "colour")
    assert bind(admin, bindings, host="h2").status == 201
    assert refused(bind(admin, bindings, host="h2"), 409, "PortBindingAlreadyExists")
    assert refused(admin.call("DELETE", "/v2.0/hosts/" + admin.get("/v2.0/hosts", name="h2").json["hosts"][0]["id"]), 409, "HostInUse")
    mine = member.make("port", network_id=weftd.network, device_owner="compute:nova")["id"]
    assert refused(member.get(f"/v2.0/ports/{mine}/bindings"), 403, "PolicyNotAuthorized")
    assert refused(bind(member, f"/v2.0/ports/{mine}/bindings", host="h1"), 403, "PolicyNotAuthorized")
    assert refused(weftd.client(OTHER).get(bindings), 404, "PortNotFound")
    plain = admin.make("port", network_id=weftd.network)["id"]
    assert refused(bind(admin, f"/v2.0/ports/{plain}/bindings", host="h1"), 400, "BadRequest", "compute:")
    for wrong in ({}, {"binding": []}, {"bindings": []}):
        assert admin.call("POST", bindings, wrong).status == 400
    assert admin.call("PUT", bindings + "/h2", {"binding": {"profile": 5}}).status == 400
