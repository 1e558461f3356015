"""A cloud of four hosts whose virtual routers are redundant pairs, made by the API alone.

    weftd ── views ──► [h1] [h2] [h3] [h4]  of each pair an appliance on two of them: mgmt (network m) each its own; public (network out), guest0 and guest1 (IPv4 and IPv6 of network in) shared
    [h3] g on network in, far on network out
"""
import json
import os
import re
import subprocess
import types

from appliance_pair import Machine, settled
from conftest import run, wait_until
from test_virtual_router import Cloud


ADDRESS = "203.0.113.200"  # higher than that of any other end of a tunnel, so those would begin


class One(Machine):
    """An appliance of a pair, on whatever host it is."""

    def __init__(self, cloud, appliance):
        self.cloud, self.id, self.host, self.name = cloud, appliance["id"], appliance["host"], appliance["name"]
        self.folder = cloud.folder(appliance)

    @property
    def process(self):
        """Of weft-appliance-netns."""
        words = run("pgrep", "-f", f"weft-appliance-netns --folder {self.folder} ", check=False).stdout.split()
        return types.SimpleNamespace(pid=int(words[0]) if words else 0)


class Remains:
    """The network of a machine, which is there for longer than the machine: so it is while the kernel has others to clear away. end() lets go of it."""

    def __init__(self, machine):
        self.keeper = subprocess.Popen(["nsenter", f"--net=/proc/{machine.pid}/ns/net", "sleep", "300"])
        self.net = f"--net=/proc/{self.keeper.pid}/ns/net"
        wait_until(lambda: os.readlink(f"/proc/{self.keeper.pid}/ns/net") == os.readlink(f"/proc/{machine.pid}/ns/net"), what="its network is held")

    def forget(self):
        """Its devices are there, and nothing is answered."""
        run("nsenter", self.net, "ip", "-4", "address", "flush", "scope", "global")
        run("nsenter", self.net, "ip", "-6", "address", "flush", "scope", "global")

    def end(self):
        self.keeper.kill()
        self.keeper.wait()


class PairCloud(Cloud):
    """With a redundant router between the networks in and out."""

    def __init__(self, lab):
        super().__init__(lab)
        assert self.put("networks", self.networks["out"], **{"router:external": True})
        outer = [self.subnet6(self.networks["out"], "fd00:f::/64"), *self.api.get("/v2.0/subnets", cidr="203.0.113.0/24").json["subnets"]]
        addresses = [{"subnet_id": subnet["id"], **({"ip_address": ADDRESS} if subnet["ip_version"] == 4 else {})} for subnet in outer]
        self.profile = self.offering(ha=True)
        self.flavor = flavor = self.api.make("flavor", service_type="L3_ROUTER_NAT", service_profiles=[self.profile["id"]])
        self.router = self.api.make("router", flavor_id=flavor["id"], external_gateway_info={"network_id": self.networks["out"]["id"], "external_fixed_ips": addresses})
        self.net = self.network("in", "10.0.0.0/24")
        for subnet in (self.net["subnet"], self.subnet6(self.net, "fd00:1::/64", "slaac")):
            assert self.api.call("PUT", f"/v2.0/routers/{self.router['id']}/add_router_interface", {"subnet_id": subnet["id"]}).status == 200

    def add_guests(self):
        lab = self.lab
        self.g, self.far = lab.guest("g", 3, "in"), lab.guest("far", 3, "out")
        for guest in (self.g, self.far):
            assert self.put("ports", guest, port_security_enabled=False, security_groups=[])
        lab.exec("g", "ip", "route", "replace", "default", "via", "10.0.0.1")
        outer = self.api.get(f"/v2.0/routers/{self.router['id']}").json["router"]["external_gateway_info"]["external_fixed_ips"]
        lab.exec("far", "ip", "route", "add", "fd00:1::/64", "via", next(ip["ip_address"] for ip in outer if ":" in ip["ip_address"]))
        self.outside = lab.address(self.far)

    def put(self, collection, thing, **change):
        answer = self.api.call("PUT", f"/v2.0/{collection}/{thing['id']}", {collection[:-1]: change})
        assert answer.status == 200, answer.text
        return answer.json[collection[:-1]]

    def resize(self, given=None, **size):
        """Another offering for its appliances: one that a flavor has is not changed, so the flavor gets another one in its place."""
        profile = self.offering(**{**json.loads((given or self.profile)["metainfo"]), **size})
        path = f"/v2.0/flavors/{self.flavor['id']}/service_profiles"
        assert self.api.call("POST", path, {"service_profile": {"id": profile["id"]}}).status == 201
        assert self.api.call("DELETE", f"{path}/{self.profile['id']}").status == 204
        self.profile = profile

    def appliances(self, thing):
        return self.api.get("/v2.0/appliances", object_id=thing["id"]).json["appliances"]

    def is_redundant(self, thing):
        """The two of it, the active one first, when one serves and the other one could; None before."""
        attachment, both = self.attachment(thing), self.appliances(thing)
        states = sorted(one["ha_state"] for one in both)
        if not attachment or (attachment["status"], attachment["status_reason"], states) != ("ACTIVE", "", ["active", "standby"]):
            return None
        return sorted(both, key=lambda one: one["ha_state"])

    def machines(self):
        return [One(self, one) for one in self.appliances(self.router)]

    def advertised(self):
        """The guest's default route by IPv6, and what the router says of it when it is asked."""
        route = self.lab.exec("g", "ip", "-6", "route", "show", "default").stdout.split()
        said = self.lab.exec("g", "rdisc6", "-1", "-w", "3000", "eth0", check=False).stdout.replace(" ", "")
        return (route[2], said) if "via" in route and f"from{route[2]}" in said else None

    def settled(self):
        return settled(self.machines())

    def shared(self):
        """The ports that the two of the router have in common."""
        first, second = ({nic["port_id"] for nic in one["nics"]} for one in self.appliances(self.router))
        return sorted(first & second)

    def bindings(self, port):
        return {binding["host"]: binding["status"] for binding in self.api.get(f"/v2.0/ports/{port}/bindings").json["bindings"]}

    def active(self):
        """The host that all shared ports are bound to; None where they differ."""
        hosts = {self.api.get(f"/v2.0/ports/{port}").json["port"]["binding:host_id"] for port in self.shared()}
        return hosts.pop() if len(hosts) == 1 else None

    def serves(self):
        """The master and the other one, when the shared ports are the master's and the way out works."""
        both = self.settled()
        return both if both and self.active() == both[0].host and self.lab.pings("g", self.outside) else None

    def exec(self, *words, **options):
        return self.lab.exec(*words, **options)

    def popen(self, *words, **options):
        return self.lab.popen(*words, **options)


def heard(machine, *nics):
    return {nic: machine.get("counters")["interfaces"][nic]["rx_packets"] for nic in nics}


def knows(machine, port):
    """Has the other one told it of the connection?"""
    return re.search(rf"tcp.*ESTABLISHED.*dport={port} ", machine.heard_of())
