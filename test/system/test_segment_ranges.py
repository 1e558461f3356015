"""Network segment ranges: where the numbers of new networks come from; through the `openstack` command line, openstacksdk and
plain HTTP. Proves B2."""
import openstack
import pytest

from weftd import Weftd, refused

VLAN = {"network_type": "vlan", "minimum": 100, "maximum": 102}
PATH = "/v2.0/network_segment_ranges"


def make(admin, **attributes):
    return admin.call("POST", PATH, {"network_segment_range": attributes})


def network(admin, physical, project=None, **more):
    return admin.call("POST", "/v2.0/networks", {"network": {
        "provider:network_type": "vlan", "provider:physical_network": physical, **more,
        **({"project_id": project} if project else {})}})


def vlan(admin, physical, project):
    made = network(admin, physical, project)
    assert made.status == 201, made.text
    return made.json["network"]["provider:segmentation_id"]


def test_cli(cli, admin):
    words = ["--network-type", "vlan", "--physical-network", "cli"]
    made = cli.json("network", "segment", "range", "create", "c", *words, "--minimum", "10", "--maximum", "15")
    assert (made["name"], made["shared"], made["default"], made["project_id"]) == ("c", True, False, None)
    assert (made["network_type"], made["physical_network"], made["available"], made["used"]) == ("vlan", "cli", ["10-15"], {})
    number = vlan(admin, "cli", "somebody")
    cli("network", "segment", "range", "set", "c", "--name", "d", "--minimum", "10", "--maximum", "14")
    shown = cli.json("network", "segment", "range", "show", "d")
    assert (number, shown["available"], shown["used"]) == (10, ["11-14"], {"somebody": ["10"]})
    listed = cli.json("network", "segment", "range", "list", "--used")
    assert [r["Name"] for r in listed] == ["d"]
    assert {r["Network Type"] for r in cli.json("network", "segment", "range", "list", "--unused") if r["Default"]} == \
        {"geneve", "vxlan"}
    assert "overlaps" in cli.fails("network", "segment", "range", "create", "e", *words, "--minimum", "14", "--maximum", "20")
    assert "referenced by" in cli.fails("network", "segment", "range", "delete", "d")
    admin.call("DELETE", f"/v2.0/networks/{admin.get('/v2.0/networks', project_id='somebody').json['networks'][0]['id']}")
    cli("network", "segment", "range", "delete", "d")


def test_sdk(sdk):
    made = sdk.create_network_segment_range(network_type="vxlan", minimum=100, maximum=101, shared=False, project_id="blue", name="s")
    assert (made.is_shared if hasattr(made, "is_shared") else made.shared, made.project_id) == (False, "blue")
    assert sdk.update_network_segment_range(made, maximum=200).maximum == 200
    assert [r.id for r in sdk.network_segment_ranges(network_type="vxlan", project_id="blue")] == [made.id]
    assert [r.id for r in sdk.network_segment_ranges(name="s")] == [made.id]
    assert sdk.find_network_segment_range("s").available == list(range(100, 201))
    sdk.delete_network_segment_range(made)
    with pytest.raises(openstack.exceptions.NotFoundException):
        sdk.get_network_segment_range(made)


def test_own_then_shared_then_all(admin):
    assert make(admin, **VLAN, physical_network="o", shared=False, project_id="mine").status == 201
    assert make(admin, network_type="vlan", minimum=1, maximum=2, physical_network="o", shared=False, project_id="other").status == 201
    assert make(admin, network_type="vlan", minimum=200, maximum=200, physical_network="o").status == 201
    assert [vlan(admin, "o", "mine") for _ in range(6)] == [100, 101, 102, 200, 3, 4]
    assert [vlan(admin, "o", "other") for _ in range(3)] == [1, 2, 5]
    asked = network(admin, "o", "mine", **{"provider:segmentation_id": 300})
    assert asked.status == 201 and refused(network(admin, "o", **{"provider:segmentation_id": 300}), 409, "VlanIdInUse")
    # a segment that is added later gets its number like its network's first one
    segment = {"network_id": asked.json["network"]["id"], "network_type": "vlan", "physical_network": "p"}
    assert make(admin, **VLAN, physical_network="p", shared=False, project_id="mine").status == 201
    assert admin.call("POST", "/v2.0/segments", {"segment": segment}).json["segment"]["segmentation_id"] == 100


def test_nothing_left(admin):
    assert make(admin, network_type="vlan", minimum=2, maximum=4094, physical_network="n", shared=False, project_id="x").status == 201
    assert vlan(admin, "n", "y") == 1
    assert refused(network(admin, "n", "y"), 409, "NoNetworkAvailable", "keep them for other projects")


def test_rules(admin, member):
    assert refused(make(admin, **VLAN), 400, "BadRequest", "physical_network")
    assert refused(make(admin, network_type="gre", minimum=1, maximum=2), 400, "NetworkSegmentRangeNetTypeNotSupported", "gre")
    assert refused(make(admin, network_type="vlan", physical_network="r", minimum=1, maximum=4095), 400, "InvalidInput", "4094")
    assert refused(make(admin, network_type="vxlan", minimum=9, maximum=8), 400, "InvalidInput", "begins before it ends")
    made = make(admin, **VLAN, physical_network="r", description="d", tags=["t"]).json["network_segment_range"]
    path = f"{PATH}/{made['id']}"
    assert (made["description"], made["tags"], made["revision_number"]) == ("d", ["t"], 1)
    assert refused(make(admin, **VLAN, physical_network="r"), 409, "NetworkSegmentRangeOverlaps", made["id"])
    assert make(admin, **VLAN, physical_network="r2").status == 201
    assert vlan(admin, "r", "mine") == 100
    for update in ({"minimum": 101}, {"minimum": 200, "maximum": 300}):
        assert refused(admin.call("PUT", path, {"network_segment_range": update}), 409, "NetworkSegmentRangeReferencedByProject")
    assert refused(admin.call("DELETE", path), 409, "NetworkSegmentRangeReferencedByProject", made["id"])
    assert refused(admin.call("PUT", path, {"network_segment_range": {"shared": False}}), 400, "BadRequest", "when it is created")
    shown = admin.get(path).json["network_segment_range"]
    assert (shown["used"], shown["available"]) == ({"100": "mine"}, [101, 102])
    assert refused(member.call("POST", PATH, {"network_segment_range": VLAN}), 403, "PolicyNotAuthorized")
    assert member.get(PATH).json["network_segment_ranges"] == [] and refused(member.get(path), 404, "NetworkSegmentRangeNotFound")


def test_defaults(admin):
    """weft's own: overlays, and the VLANs of the physical networks that hosts are on."""
    def defaults():
        return {(r["network_type"], r["physical_network"]): r for r in admin.get(PATH).json["network_segment_ranges"] if r["default"]}
    assert set(defaults()) == {("geneve", None), ("vxlan", None)}
    geneve = defaults()["geneve", None]
    assert (geneve["minimum"], geneve["maximum"], geneve["shared"], len(geneve["available"])) == (4096, 0xfffffe, True, 10000)
    path = f"{PATH}/{geneve['id']}"
    assert refused(admin.call("DELETE", path), 400, "NetworkSegmentRangeDefaultReadOnly", geneve["id"])
    assert refused(admin.call("PUT", path, {"network_segment_range": {"name": "x"}}), 400, "NetworkSegmentRangeDefaultReadOnly")
    host = admin.make("host", name="h1", tunnel_ips=["192.0.2.1"], bridge_mappings={"d": "eth1"})
    assert (defaults()["vlan", "d"]["minimum"], defaults()["vlan", "d"]["maximum"]) == (1, 4094)
    assert make(admin, **VLAN, physical_network="d").status == 201
    assert vlan(admin, "d", "mine") == 100
    assert defaults()["vlan", "d"]["used"] == {"100": "mine"} and 100 not in defaults()["vlan", "d"]["available"]
    assert admin.call("DELETE", f"/v2.0/hosts/{host['id']}").status == 204
    assert ("vlan", "d") not in defaults()


def test_ranges_survive_a_restart(tmp_path):
    """B45."""
    server = Weftd(tmp_path).start()
    admin = server.client()
    made = make(admin, **VLAN, physical_network="p", shared=False, project_id="mine").json["network_segment_range"]
    assert vlan(admin, "p", "mine") == 100
    before = admin.get(PATH).json["network_segment_ranges"]
    server.kill()
    server.start()
    admin = server.client()
    assert admin.get(PATH).json["network_segment_ranges"] == before
    assert vlan(admin, "p", "mine") == 101 and admin.get(f"{PATH}/{made['id']}").json["network_segment_range"]["available"] == [102]
    server.stop()
