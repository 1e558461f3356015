"""An external network that is one of several racks, each a segment with a subnet of its own: gateways and floating IPs. Proves Z6, Z7, Z36.

    net1 10.1.0.0/24 ── r1 ──┬── public: rack1 (203.0.113.0/24), rack2 (198.18.2.0/24) ── the world of outside.py routes between the racks
    net2 10.2.0.0/24 ── r2 ──┘
    h1: a (net1), c (net2), on rack1     h2: b (net1), d (net2), on rack2
"""
import pytest

import outside
from conftest import labs, wait_until
from weftd import refused

RACKS = {"h1": ("rack1", "203.0.113.1/24", "203.0.113.0/24"), "h2": ("rack2", "198.18.2.1/24", "198.18.2.0/24")}


class World(outside.World):
    """That of outside.py, whose router has a leg in each rack."""

    def connect(self, host):
        rack, address, _ = RACKS[host]
        self.veth(host, "ext0", self.lab.netns(host))
        self.ip("link", "add", rack, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.ip("link", "set", host, "master", rack)
        if host == "h1":
            self.ip("address", "flush", "dev", "br0")
        self.address(rack, address)

    def add_vlan(self):
        """There is none here."""

    def map(self, host, mappings=None):
        super().map(host, mappings or f"{RACKS[host][0]}:ext0")


class Cloud:
    def __init__(self, lab, world):
        self.lab, self.world = lab, world
        self.public = self.api.make("network", **{"router:external": True, "provider:network_type": "flat", "provider:physical_network": "rack1"})
        first = self.api.get("/v2.0/segments", network_id=self.public["id"]).json["segments"][0]
        second = self.api.make("segment", network_id=self.public["id"], network_type="flat", physical_network="rack2")
        self.subnets = [self.api.make("subnet", network_id=self.public["id"], segment_id=segment["id"], cidr=cidr, ip_version=4, enable_dhcp=False)
                        for segment, (_, _, cidr) in zip((first, second), RACKS.values())]
        group = self.api.get("/v2.0/security-groups", name="default", project_id=self.public["project_id"]).json["security_groups"][0]
        rule = {"security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv4"}
        assert self.api.call("POST", "/v2.0/security-group-rules", {"security_group_rule": rule}).status == 201
        self.routers, self.ports = [], {}
        for number, guests in enumerate(("ab", "cd"), 1):
            network = self.api.make("network", name=f"net{number}")
            subnet = self.api.make("subnet", network_id=network["id"], cidr=f"10.{number}.0.0/24", ip_version=4)
            info = {"network_id": self.public["id"], **({"external_fixed_ips": [{"subnet_id": self.subnets[1]["id"]}]} if number == 2 else {})}
            router = self.api.make("router", external_gateway_info=info)
            self.api.call("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
            self.routers.append(router)
            for host, name in enumerate(guests, 1):
                self.ports[name] = self.api.make("port", name=name, network_id=network["id"], **{"binding:host_id": f"h{host}"})
                lab.guest(name, host, None, port=self.ports[name]["id"])

    @property
    def api(self):
        return self.lab.api()

    def gateway(self, number):
        ports = self.api.get("/v2.0/ports", device_id=self.routers[number]["id"], device_owner="network:router_gateway").json["ports"]
        return ports[0]

    def asks(self, name):
        return self.lab.exec(name, "socat", "-u", f"TCP:{outside.FAR}:7000,connect-timeout=2", "-", check=False).stdout.strip()

    def wait_active(self, floating):
        wait_until(lambda: self.api.get(f"/v2.0/floatingips/{floating['id']}").json["floatingip"]["status"] == "ACTIVE",
                   what="the floating IP is ACTIVE")


@pytest.fixture(scope="module")
def cloud(request):
    make = labs(request)
    lab = next(make)(hosts=2)
    world = World(lab, ["h1", "h2"])
    try:
        world.up()
        world.who()
        yield Cloud(lab, world)
    finally:
        world.down()
        next(make, None)


def test_gateways_are_on_hosts_that_reach_their_segment(cloud):
    """One that names no subnet is on a segment that a host reaches; the guests of the host of the other rack leave by it."""
    for number, host in enumerate(("h1", "h2")):
        port = wait_until(lambda number=number: next((p for p in [cloud.gateway(number)] if p["status"] == "ACTIVE"), None), what="the gateway is ACTIVE")
        assert port["binding:host_id"] == host and [ip["subnet_id"] for ip in port["fixed_ips"]] == [cloud.subnets[number]["id"]]
    for name, number in (("a", 0), ("b", 0), ("c", 1), ("d", 1)):
        address = cloud.lab.address(cloud.gateway(number))
        wait_until(lambda name=name, address=address: cloud.asks(name) == address, what=f"{name} leaves as {address}")


def test_floating_ips_are_of_the_gateways_segment(cloud):
    """One is at its guest's host where that is in the rack, else with the gateway; one of the other rack is refused."""
    answer = cloud.api.call("POST", "/v2.0/floatingips", {"floatingip": {"floating_network_id": cloud.public["id"], "subnet_id": cloud.subnets[0]["id"],
                                                                          "port_id": cloud.ports["c"]["id"]}})
    assert refused(answer, 400, "BadRequest", "is of a subnet on segment")
    made = [cloud.api.make("floatingip", floating_network_id=cloud.public["id"], port_id=cloud.ports[name]["id"]) for name in ("c", "d")]
    for floating, name in zip(made, ("c", "d")):
        assert floating["floating_ip_address"].startswith("198.18.2.")
        cloud.wait_active(floating)
        wait_until(lambda ip=floating["floating_ip_address"]: cloud.world.pings(ip), what=f"{name} is reached from outside")
        assert cloud.asks(name) == floating["floating_ip_address"]
    moves = {"router": {"external_gateway_info": {"network_id": cloud.public["id"], "external_fixed_ips": [{"subnet_id": cloud.subnets[0]["id"]}]}}}
    path = f"/v2.0/routers/{cloud.routers[1]['id']}"
    assert refused(cloud.api.call("PUT", path, moves), 409, "RouterExternalGatewayInUseByFloatingIp", "segment")
    for floating in made:
        assert cloud.api.call("DELETE", f"/v2.0/floatingips/{floating['id']}").status == 204
    assert cloud.api.call("PUT", path, moves).status == 200
    assert cloud.gateway(1)["binding:host_id"] == "h1"
    address = cloud.lab.address(cloud.gateway(1))
    assert address.startswith("203.0.113.")
    for name in ("c", "d"):
        wait_until(lambda name=name: cloud.asks(name) == address, what=f"{name} leaves as {address}")
