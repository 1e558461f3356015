"""Networks that are routed between their segments: hosts, subnets and ports on segments; through the `openstack` command line,
openstacksdk and plain HTTP. Proves B2.

         r1 ─ h1        Each rack has its own VLAN and subnet; the provider's routers connect them.
    net ─┤
         r2 ─ h2        h0 is on none of them, h3 on both.
"""
import uuid

import pytest

from weftd import refused

RACKS = {"r1": "10.1.0.0/24", "r2": "10.2.0.0/24"}


class Routed:
    """The network of the picture, made anew."""

    def __init__(self, admin):
        self.admin = admin
        self.racks = {rack: f"{rack}-{uuid.uuid4()}" for rack in RACKS}
        self.network = admin.make("network", **{"segments": [
            {"provider:network_type": "vlan", "provider:physical_network": name} for name in self.racks.values()]})["id"]
        listed = admin.get("/v2.0/segments", network_id=self.network).json["segments"]
        self.segments = dict(zip(RACKS, (s["id"] for s in listed)))
        self.hosts = {f"h{n}": f"h{n}-{uuid.uuid4()}" for n in range(4)}
        for n, racks in enumerate([[], ["r1"], ["r2"], ["r1", "r2"]]):
            admin.make("host", name=self.hosts[f"h{n}"], tunnel_ips=[f"192.0.2.{n + 1}"],
                       bridge_mappings={self.racks[rack]: "eth1" for rack in racks})

    def subnet(self, rack, cidr=None, **more):
        return self.admin.call("POST", "/v2.0/subnets", {"subnet": {
            "network_id": self.network, "segment_id": self.segments.get(rack), "cidr": cidr or RACKS[rack], **more}})

    def subnets(self):
        return {rack: self.subnet(rack).json["subnet"]["id"] for rack in RACKS}

    def port(self, host=None, **more):
        bound = {"binding:host_id": self.hosts[host]} if host else {}
        return self.admin.call("POST", "/v2.0/ports", {"port": {"network_id": self.network, **bound, **more}})

    def bind(self, port, host, **more):
        return self.admin.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"binding:host_id": self.hosts[host], **more}})


@pytest.fixture
def routed(admin):
    return Routed(admin)


def ips(port):
    return [ip["ip_address"] for ip in port["fixed_ips"]]


def test_subnets(routed, admin, member):
    path = f"/v2.0/networks/{routed.network}"
    assert admin.get(path).json["network"]["l2_adjacency"] is True
    made = routed.subnets()
    assert admin.get(path).json["network"]["l2_adjacency"] is False
    first = admin.get(f"/v2.0/subnets/{made['r1']}").json["subnet"]
    assert first["host_routes"] == [{"destination": "10.2.0.0/24", "nexthop": "10.1.0.1"}]
    assert [s["id"] for s in admin.get("/v2.0/subnets", segment_id=routed.segments["r2"]).json["subnets"]] == [made["r2"]]
    assert refused(routed.subnet(None, "10.3.0.0/24"), 400, "SubnetsNotAllAssociatedWithSegments", routed.network)
    assert routed.subnet(None, "10.3.0.0/24", service_types=["network:routed"]).status == 201
    absent = str(uuid.uuid4())
    routed.segments |= {"absent": absent, "other": Routed(admin).segments["r1"]}
    assert refused(routed.subnet("absent", "10.4.0.0/24"), 404, "SegmentNotFound", absent)
    assert refused(routed.subnet("other", "10.4.0.0/24"), 400, "NetworkIdsDontMatch", routed.network)
    assert refused(admin.call("DELETE", f"/v2.0/segments/{routed.segments['r1']}"), 409, "SegmentInUse", made["r1"])
    assert refused(admin.call("PUT", f"/v2.0/subnets/{made['r1']}", {"subnet": {"segment_id": None}}), 400,
                   "SubnetsNotAllAssociatedWithSegments")
    assert admin.call("DELETE", f"/v2.0/subnets/{made['r2']}").status == 204
    assert {"destination": "10.2.0.0/24", "nexthop": "10.1.0.1"} not in \
        admin.get(f"/v2.0/subnets/{made['r1']}").json["subnet"]["host_routes"]
    assert admin.call("DELETE", path).status == 204
    mine = member.make("subnet", network_id=member.make("network")["id"], cidr="10.0.0.0/24")
    assert "segment_id" not in mine
    for method, path in (("POST", "/v2.0/subnets"), ("PUT", f"/v2.0/subnets/{mine['id']}")):
        given = {"network_id": mine["network_id"], "cidr": "10.1.0.0/24"} if method == "POST" else {}
        assert refused(member.call(method, path, {"subnet": {**given, "segment_id": absent}}), 403, "PolicyNotAuthorized")


def test_an_existing_network_becomes_routed(admin):
    network = admin.make("network")["id"]
    segment, = admin.get("/v2.0/segments", network_id=network).json["segments"]
    subnet = admin.make("subnet", network_id=network, cidr="10.0.0.0/24")
    path = f"/v2.0/subnets/{subnet['id']}"
    assert subnet["segment_id"] is None
    assert admin.call("PUT", path, {"subnet": {"segment_id": segment["id"]}}).json["subnet"]["segment_id"] == segment["id"]
    assert refused(admin.call("PUT", path, {"subnet": {"segment_id": None}}), 400, "SubnetSegmentAssociationChangeNotAllowed")
    other = admin.make("network")["id"]
    subnet = admin.make("subnet", network_id=other, cidr="10.0.0.0/24")
    two = admin.call("POST", "/v2.0/segments", {"segment": {"network_id": other, "network_type": "vxlan"}}).json["segment"]
    assert refused(admin.call("PUT", f"/v2.0/subnets/{subnet['id']}", {"subnet": {"segment_id": two["id"]}}), 400,
                   "NoUpdateSubnetWhenMultipleSegmentsOnNetwork", other)


def test_a_port_has_addresses_of_its_hosts_segment(routed, admin):
    subnets = routed.subnets()
    port = routed.port("h2").json["port"]
    assert (port["ip_allocation"], ips(port)) == ("immediate", ["10.2.0.2"])
    assert refused(routed.port("h0"), 409, "HostNotConnectedToAnySegment", routed.hosts["h0"])
    assert refused(routed.port("h3"), 409, "HostConnectedToMultipleSegments", routed.hosts["h3"])
    assert refused(routed.port("h2", fixed_ips=[{"subnet_id": subnets["r1"]}]), 400, "InvalidInput", "another segment")
    assert refused(routed.port("h2", fixed_ips=[{"ip_address": "10.1.0.9"}]), 400, "InvalidIpForNetwork", "10.1.0.9")
    assert refused(routed.port(fixed_ips=[{"subnet_id": s} for s in subnets.values()]), 400, "FixedIpsSubnetsNotOnSameSegment")
    assert refused(routed.bind(port, "h1"), 409, "HostNotCompatibleWithFixedIps", port["id"])
    moved = routed.bind(port, "h1", fixed_ips=[{"subnet_id": subnets["r1"]}]).json["port"]
    assert ips(moved) == ["10.1.0.2"]


def test_a_port_waits_for_its_host(routed, admin):
    """ip_allocation deferred: Nova makes a port and binds it when it knows the host."""
    routed.subnets()
    port = routed.port().json["port"]
    assert (port["ip_allocation"], ips(port)) == ("deferred", [])
    assert [p["id"] for p in admin.get("/v2.0/ports", network_id=routed.network, ip_allocation="deferred").json["ports"]] == [port["id"]]
    assert refused(routed.bind(port, "h0"), 409, "HostNotConnectedToAnySegment")
    bound = routed.bind(port, "h1").json["port"]
    assert (bound["ip_allocation"], ips(bound)) == ("deferred", ["10.1.0.2"])
    wish = routed.port(fixed_ips=[{"ip_address": "10.2.0.77"}]).json["port"]
    assert (wish["ip_allocation"], ips(wish)) == ("immediate", ["10.2.0.77"])
    assert refused(routed.bind(wish, "h1"), 409, "HostNotCompatibleWithFixedIps")
    assert ips(routed.bind(wish, "h2").json["port"]) == ["10.2.0.77"]
    none = routed.port(fixed_ips=[]).json["port"]
    assert (none["ip_allocation"], ips(routed.bind(none, "h1").json["port"])) == ("none", [])


def test_hosts_say_where_they_are(routed, admin):
    """By the agent's report, and for good: the next weftd knows it too. Agents show it, as in Neutron."""
    routed.subnets()
    host = routed.hosts["h0"]
    report = {"instance": "i", "revision": 0, "agent": {"bridge_mappings": {routed.racks["r2"]: "eth7"}}}
    assert admin.call("POST", f"/weft/v1/hosts/{host}/report", report).status == 200
    assert admin.get("/v2.0/hosts", name=host).json["hosts"][0]["bridge_mappings"] == {routed.racks["r2"]: "eth7"}
    agents = admin.get("/v2.0/agents", host=host).json["agents"]
    assert all(a["configurations"]["bridge_mappings"] == {routed.racks["r2"]: "eth7"} for a in agents) and agents
    assert ips(routed.port("h0").json["port"]) == ["10.2.0.2"]
    assert admin.call("PUT", f"/weft/v1/hosts/{host}", {"host": {"bridge_mappings": {}}}).status == 200
    assert refused(routed.port("h0"), 409, "HostNotConnectedToAnySegment")
    report["agent"]["bridge_mappings"] = {"p": 5}
    assert refused(admin.call("POST", f"/weft/v1/hosts/{host}/report", report), 400, "InvalidInput", "bridge_mappings")


def test_cli(routed, cli):
    made = cli.json("subnet", "create", "rack1", "--network", routed.network, "--network-segment", routed.segments["r1"],
                    "--subnet-range", "10.1.0.0/24")
    assert made["segment_id"] == routed.segments["r1"]
    cli("network", "create", "one")
    cli("network", "segment", "set", cli.json("network", "segment", "list", "--network", "one")[0]["ID"], "--name", "only")
    cli("subnet", "create", "late", "--network", "one", "--subnet-range", "10.0.0.0/24")
    cli("subnet", "set", "late", "--network-segment", "only")
    assert cli.json("subnet", "show", "late")["segment_id"] == cli.json("network", "segment", "show", "only")["id"]


def test_sdk(routed, sdk):
    made = sdk.create_subnet(network_id=routed.network, segment_id=routed.segments["r1"], cidr="10.1.0.0/24", ip_version=4)
    assert [s.id for s in sdk.subnets(segment_id=routed.segments["r1"])] == [made.id]
    port = sdk.create_port(network_id=routed.network)
    assert (port.ip_allocation, port.fixed_ips) == ("deferred", [])
    assert sdk.update_port(port, binding_host_id=routed.hosts["h1"]).fixed_ips[0]["ip_address"] == "10.1.0.2"
    assert sdk.get_network(routed.network).is_router_external is False
