"""Segments of networks: what carries them, as objects; through the `openstack` command line, openstacksdk and plain HTTP.
Proves B2."""
import openstack
import pytest

from weftd import Weftd, refused

PROVIDER = ["network_type", "physical_network", "segmentation_id"]


def give(*values):
    return {f"provider:{name}": value for name, value in zip(PROVIDER, values) if value is not None}


def segment(admin, network, *values, **more):
    given = {name: value for name, value in zip(PROVIDER, values) if value is not None}
    return admin.call("POST", "/v2.0/segments", {"segment": {"network_id": network, **given, **more}})


def segments_of(admin, network):
    return admin.get("/v2.0/segments", network_id=network).json["segments"]


def said(network):
    """What a network says of its segments."""
    listed = network["segments"] or [{name: network[name] for name in give(*PROVIDER)}]
    return [tuple(item[name] for name in give(*PROVIDER)) for item in listed]


def test_cli(cli):
    network = cli.json("network", "create", "c", "--provider-network-type", "vlan", "--provider-physical-network", "cli1",
                       "--provider-segment", "100")
    implicit, = cli.json("network", "segment", "list", "--network", "c", "--long")
    assert (implicit["Network Type"], implicit["Physical Network"], implicit["Segment"]) == ("vlan", "cli1", 100)
    assert (implicit["Name"], implicit["Network"]) == (None, network["id"])
    made = cli.json("network", "segment", "create", "two", "--network", "c", "--network-type", "vlan", "--physical-network", "cli2",
                    "--segment", "200", "--description", "d")
    assert (made["name"], made["description"], made["segmentation_id"], made["network_id"]) == ("two", "d", 200, network["id"])
    cli("network", "segment", "set", "two", "--name", "second", "--description", "e")
    shown = cli.json("network", "segment", "show", "second")
    assert (shown["id"], shown["description"], shown["physical_network"]) == (made["id"], "e", "cli2")
    assert "already used by network" in cli.fails("network", "segment", "create", "three", "--network", "c", "--network-type", "vlan",
                                                  "--physical-network", "cli2", "--segment", "200")
    cli("network", "segment", "delete", implicit["ID"])
    assert cli.json("network", "show", "c")["provider:segmentation_id"] == 200
    cli("network", "delete", "c")
    assert cli.json("network", "segment", "list") == []


def test_sdk(sdk):
    network = sdk.create_network(name="s")
    made = sdk.create_segment(network_id=network.id, network_type="flat", physical_network="sdk")
    assert [s.id for s in sdk.segments(network_id=network.id, physical_network="sdk")] == [made.id]
    assert sdk.update_segment(made, name="x").name == "x" and sdk.find_segment("x").id == made.id
    assert sdk.update_segment(made, name=None).name is None
    assert made.created_at and sdk.get_segment(made).revision_number == 3
    sdk.delete_segment(made)
    with pytest.raises(openstack.exceptions.NotFoundException):
        sdk.get_segment(made)
    sdk.delete_network(network)


def test_network_and_segments_say_the_same(admin):
    network = admin.make("network", segments=[give("vlan", "n1", 5), give("vlan", "n2", 6)])
    path = f"/v2.0/networks/{network['id']}"
    first, second = segments_of(admin, network["id"])
    assert [[s[name] for name in PROVIDER] for s in (first, second)] == [["vlan", "n1", 5], ["vlan", "n2", 6]]
    assert (network["status"], network["mtu"]) == ("DOWN", 1500)
    third = segment(admin, network["id"], "geneve").json["segment"]
    network = admin.get(path).json["network"]
    assert said(network) == [("vlan", "n1", 5), ("vlan", "n2", 6), ("geneve", None, third["segmentation_id"])]
    assert (network["status"], network["mtu"]) == ("ACTIVE", 1422)
    for one in (first, third):
        assert admin.call("DELETE", f"/v2.0/segments/{one['id']}").status == 204
    network = admin.get(path).json["network"]
    assert (said(network), network["segments"], network["status"]) == ([("vlan", "n2", 6)], None, "ACTIVE")
    assert admin.call("PUT", path, {"network": give(None, None, 7)}).status == 200
    assert segments_of(admin, network["id"])[0]["segmentation_id"] == 7
    assert admin.call("DELETE", f"/v2.0/segments/{second['id']}").status == 204
    network = admin.get(path).json["network"]
    assert said(network) == [(None, None, None)] and segments_of(admin, network["id"]) == []
    assert segment(admin, network["id"], "flat", "n3").status == 201
    assert said(admin.get(path).json["network"]) == [("flat", "n3", None)]
    assert admin.call("DELETE", path).status == 204
    assert segments_of(admin, network["id"]) == []
    assert admin.make("network", **give("flat", "n3"))


def test_provider_filters_find_what_several_segments_carry(admin):
    """A network is found by what any of its segments is, by the index of numbers too, as long as it has that segment."""
    several = admin.make("network", segments=[give("vlan", "f1", 3101), give("vlan", "f2", 3102)])["id"]
    one = admin.make("network", **give("vlan", "f1", 3103))["id"]

    def found(*values, **more):
        return [n["id"] for n in admin.get("/v2.0/networks", **give(*values), **more).json["networks"]]

    assert found(None, None, "3101") == found(None, None, "3102") == [several] and found(None, None, "3103") == [one]
    assert found(None, "f1") == [several, one] and found(None, "f2") == [several] and found(None, "f3") == []
    assert {several, one} <= set(found("vlan")) and several not in found("flat")
    second = segments_of(admin, several)[1]["id"]
    assert segment(admin, several, "vlan", "f3", 3104).status == 201
    assert admin.call("DELETE", f"/v2.0/segments/{second}").status == 204
    assert found(None, None, "3104") == found(None, "f3") == [several] and found(None, None, "3102") == found(None, "f2") == []
    assert found("vlan", "f3", "3104", name="x") == []


def test_rules(weftd, admin, member):
    network, used = admin.make("network", **give("vlan", "r", 5))["id"], admin.make("network", **give("vxlan", None, 5))["id"]
    assert refused(segment(admin, network, "vlan", "r", 5), 409, "VlanIdInUse", network)
    assert refused(segment(admin, network, "vxlan", None, 5), 409, "TunnelIdInUse", used)
    assert refused(segment(admin, network, "vlan", "r", 4095), 400, "InvalidInput", "1 to 4094")
    assert refused(segment(admin, network, "vlan"), 400, "InvalidInput", "name it")
    assert refused(segment(admin, network, "local"), 400, "InvalidInput", "geneve")
    assert refused(segment(admin, network, None, "r"), 400, "BadRequest", "network_type")
    assert refused(segment(admin, "6c1a3f0e-0000-4000-8000-000000000000", "vxlan"), 404, "NetworkNotFound")
    assert refused(segment(member, network, "vxlan"), 403, "PolicyNotAuthorized")
    assert member.get("/v2.0/segments").json["segments"] == []
    mine = segments_of(admin, network)[0]
    path = f"/v2.0/segments/{mine['id']}"
    assert refused(member.get(path), 404, "SegmentNotFound")
    assert refused(admin.call("PUT", path, {"segment": {"segmentation_id": 6}}), 400, "BadRequest", "when it is created")
    many = admin.call("POST", "/v2.0/segments", {"segments": [{"network_id": network, "network_type": "vlan", "physical_network": "r",
                                                                "segmentation_id": number} for number in (8, 8)]})
    assert refused(many, 409, "VlanIdInUse") and len(segments_of(admin, network)) == 1


def test_in_use(admin):
    admin.make("host", name="h1", tunnel_ips=["192.0.2.1"])
    network = admin.make("network")["id"]
    port = admin.make("port", network_id=network, **{"binding:host_id": "h1"})
    path = f"/v2.0/segments/{segments_of(admin, network)[0]['id']}"
    assert refused(admin.call("DELETE", path), 409, "SegmentInUse", port["id"])
    assert admin.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    assert admin.call("DELETE", path).status == 204


def test_an_overlay_among_several_is_what_hosts_use(admin):
    """The host's network keeps its VNI whatever other segments come and go."""
    admin.make("host", name="h2", tunnel_ips=["192.0.2.2"])
    network = admin.make("network", **give("vxlan", None, 77))["id"]
    admin.make("port", network_id=network, **{"binding:host_id": "h2"})
    assert segment(admin, network, "vlan", "o").status == 201
    assert admin.get(f"/v2.0/networks/{network}").json["network"]["status"] == "ACTIVE"
    assert '"vni":77' in admin.get("/weft/v1/hosts/h2/view").text.decode()
    network = admin.make("network", **give("vlan", "o2"))["id"]
    admin.make("port", network_id=network, **{"binding:host_id": "h2"})
    overlay = segment(admin, network, "vxlan", None, 78).json["segment"]
    assert '"vni":78' in admin.get("/weft/v1/hosts/h2/view").text.decode()
    assert refused(admin.call("DELETE", f"/v2.0/segments/{overlay['id']}"), 409, "SegmentInUse", overlay["id"])


def test_segments_survive_a_restart(tmp_path):
    """B45."""
    server = Weftd(tmp_path).start()
    admin = server.client()
    network = admin.make("network", **give("vlan", "p", 9))["id"]
    made = segment(admin, network, "vlan", "p", name="ten").json["segment"]
    before = segments_of(admin, network)
    server.kill()
    server.start()
    admin = server.client()
    assert segments_of(admin, network) == before and made["segmentation_id"] == 1
    assert refused(segment(admin, network, "vlan", "p", 1), 409, "VlanIdInUse")
    server.stop()
