"""A cloud whose guests reach the world of outside.py, as test_outside.py draws it."""
import select
import subprocess

import outside
from conftest import labs, wait_until


def clouds(request):
    """One for all tests of a file, on three hosts of which two are connected to the outside."""
    make = labs(request)
    lab = next(make)(hosts=3)
    world = outside.World(lab, ["h1", "h2"])
    try:
        world.up()
        world.who()
        world.who(7002, "SYSTEM:echo $SOCAT_PEERPORT")
        world.who(7003, "EXEC:cat")
        yield Cloud(lab, world)
    finally:
        world.down()
        next(make, None)


class Cloud:
    """The drawing."""
    PLACES = (("a", 1), ("d", 1), ("b", 2), ("c", 3))  # guests, and their hosts

    def __init__(self, lab, world):
        self.lab, self.world = lab, world
        self.public = self.api.make("network", name="public", **{"router:external": True, "provider:network_type": "flat",
                                                                  "provider:physical_network": "public"})
        self.subnet(self.public, "203.0.113.0/24", enable_dhcp=False, allocation_pools=[{"start": "203.0.113.10",
                                                                                          "end": "203.0.113.99"}])
        self.subnet(self.public, "2001:db8:1::/64", ip_version=6, enable_dhcp=False)
        self.allow_all()
        self.net1 = self.api.make("network", name="net1")
        inner = [self.subnet(self.net1, "10.1.0.0/24"),
                 self.subnet(self.net1, "fd01::/64", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="slaac")]
        self.router = self.api.make("router", name="r", external_gateway_info={"network_id": self.public["id"]})
        for subnet in inner:
            answer = self.api.call("PUT", f"/v2.0/routers/{self.router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
            assert answer.status == 200, answer.text
        self.ports = {name: self.guest(name, host) for name, host in self.PLACES}
        self.ip = {name: lab.address(port) for name, port in self.ports.items()}
        self.ip6 = {name: lab.address(port, 6) for name, port in self.ports.items()}

    def allow_all(self):
        """Guests' security group lets the outside in."""
        group = self.api.get("/v2.0/security-groups", name="default", project_id=self.public["project_id"]).json["security_groups"][0]
        for version in ("IPv4", "IPv6"):
            rule = {"security_group_id": group["id"], "direction": "ingress", "ethertype": version}
            answer = self.api.call("POST", "/v2.0/security-group-rules", {"security_group_rule": rule})
            assert answer.status == 201, answer.text

    @property
    def api(self):
        """A connection of its own each time: weftd is restarted meanwhile."""
        return self.lab.api()

    def subnet(self, network, cidr, **more):
        return self.api.make("subnet", network_id=network["id"], cidr=cidr, **{"ip_version": 4, **more})

    def vlan(self, **more):
        """A network on the world's VLAN, with a subnet."""
        network = self.api.make("network", name="vlan", **{"provider:network_type": "vlan", "provider:physical_network": "public",
                                                            "provider:segmentation_id": outside.VLAN, **more})
        assert network["status"] == "ACTIVE"
        self.subnet(network, "192.0.3.0/24", allocation_pools=[{"start": "192.0.3.10", "end": "192.0.3.99"}], gateway_ip=None)
        return network

    def guest(self, name, host, network=None):
        port = self.api.make("port", name=name, network_id=(network or self.net1)["id"], **{"binding:host_id": f"h{host}"})
        self.lab.guest(name, host, None, port=port["id"])
        return port

    def update(self, kind, object, **attributes):
        answer = self.api.call("PUT", f"/v2.0/{kind}s/{object['id']}", {kind: attributes})
        assert answer.status == 200, answer.text
        return answer.json[kind]

    def gateway(self):
        """The gateway's port."""
        return self.api.get("/v2.0/ports", device_id=self.router["id"], device_owner="network:router_gateway").json["ports"][0]

    def here(self, host):
        """Whether a host says that it has the gateway."""
        return self.lab.agent(host, "status")["gateways"][0]["here"]

    def gateway_ip(self, version=4):
        return self.lab.address(self.gateway(), version)

    def float(self, name):
        """A floating IP for a guest, once it works."""
        made = self.api.make("floatingip", floating_network_id=self.public["id"], port_id=self.ports[name]["id"])
        self.wait_floating(made)
        return made

    def remove_floating_ips(self):
        for made in self.api.get("/v2.0/floatingips").json["floatingips"]:
            self.delete("floatingip", made)

    def wait_floating(self, made, status="ACTIVE"):
        wait_until(lambda: self.api.get(f"/v2.0/floatingips/{made['id']}").json["floatingip"]["status"] == status,
                   what=f"the floating IP is {status}")

    def delete(self, kind, object):
        assert self.api.call("DELETE", f"/v2.0/{kind}s/{object['id']}").status == 204

    def pings(self, name, address):
        return self.lab.pings(name, address)

    def asks(self, name, address=outside.FAR, port=7000):
        """The address that a server outside says that a guest has."""
        address = f"[{address}]" if ":" in address else address
        return self.lab.exec(name, "socat", "-u", f"TCP:{address}:{port},connect-timeout=5", "-", check=False).stdout.strip()


class Connection:
    """A guest's TCP connection with a server that says what it hears."""

    def __init__(self, lab, name, address, port):
        self.process = lab.popen(name, "socat", "-", f"TCP:{address}:{port},connect-timeout=20", stdin=subprocess.PIPE)

    def asks(self, word, seconds=20):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip() if select.select([self.process.stdout], [], [], seconds)[0] else None

    def close(self):
        self.process.terminate()
        self.process.wait()
