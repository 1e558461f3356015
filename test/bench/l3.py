"""The table of routing: a router of two networks on two hosts, its floating IPs, a load balancer, and the outside.

    host 1: client 10.0.0.11, neighbour 10.0.0.12 ── network a ─┐
    host 1: peer 10.1.0.11 ──────────────────────── network b ─┴─ router ─ 203.0.113.10 ── world 203.0.113.1
    host 2: far 10.0.0.21 (network a), beyond 10.1.0.21 (network b)
Paths: `switched` client to neighbour, `routed` client to peer, `snat` client to the world, `fip` the world to the neighbour's
floating IP, `vip` client to the peer by a load balancer's address on network b; `cross` client to far, `cross-routed` client to
beyond. What is compared is what Neutron's L3 agent builds: a router namespace on host 1 between bridges, joined with host 2's by
the kernel's vxlan, nftables for addresses (and, for want of a load balancer there, for the VIP).
"""
import sys

import measure
from datapath import idle
from figures import median, own_costs, ratio
from shell import namespace, remove_all, sh, wait_until
from variants import QUEUES, Bare, Guests
from weft import Weft as WeftCloud

OVERHEAD = 78  # what weftd leaves to its tunnels, for all variants alike
GUESTS = {  # name -> (host, network, MAC, address)
    "client": (0, "a", "02:00:00:00:00:11", "10.0.0.11"), "neighbour": (0, "a", "02:00:00:00:00:12", "10.0.0.12"),
    "peer": (0, "b", "02:00:00:00:00:13", "10.1.0.11"),
    "far": (1, "a", "02:00:00:00:00:21", "10.0.0.21"), "beyond": (1, "b", "02:00:00:00:00:22", "10.1.0.21")}
GATEWAYS = {"a": "10.0.0.1", "b": "10.1.0.1"}
WORLD, ROUTER, FLOATING, VIP = "203.0.113.1", "203.0.113.10", "203.0.113.50", "10.1.0.100"
BALANCED_PORTS = [5201, 7001, 7003]  # what measure.py connects to
TUNNEL, VNIS = ["192.0.2.1", "192.0.2.2"], {"a": 1, "b": 2}
WORLD_MAC = "02:00:00:00:ee:01"
PATHS = {"switched": "switched", "routed": "routed", "snat": "to the outside (SNAT)", "fip": "from outside (floating IP)",
         "vip": "load balancer", "cross": "switched across hosts", "cross-routed": "routed across hosts"}
LEFT_OUT = {"snat": ["flows", "path", "known"],  # unanswered translations hold their ports for two minutes; who answers has to see the port
            "vip": ["flows"]}  # listeners are of TCP
OWN = {"cross-routed": "cross"}  # what a path is compared with, where it is not `switched`
TESTS = ["tcp1cpu", "tcp4", "rr", "crr", "path", "known", "flows"]
# ratio to the variant's own switched path, and of connections to the router namespace
TARGETS = {"routed": 0.97, "snat": 0.90, "fip": 0.90, "vip": 0.90, "cross-routed": 0.97}


class Variant:
    def __init__(self, name, mtu):
        self.name, self.mtu = name, mtu
        self.hosts = [namespace(f"{name}-h{i}") for i in range(2)]
        self.host = self.hosts[0]
        self.world = namespace(f"{name}-w")
        self.guests = {guest: namespace(f"{name}-{guest[0]}") for guest in GUESTS}
        sh(f"ip link add x0 netns {self.host} mtu {mtu} {QUEUES} type veth peer name x0 netns {self.world} address {WORLD_MAC} mtu {mtu} {QUEUES}")
        sh("ip link set x0 up", netns=self.host)
        sh(f"ip addr add {WORLD}/24 dev x0; ip link set x0 up", netns=self.world)
        sh(f"ip link add u0 netns {self.hosts[0]} mtu {mtu} {QUEUES} type veth peer name u0 netns {self.hosts[1]} mtu {mtu} {QUEUES}")
        for host, address in zip(self.hosts, TUNNEL):
            sh(f"ip addr add {address}/24 dev u0; ip link set u0 up", netns=host)
        for guest, (host, network, mac, address) in GUESTS.items():
            sh(f"ip link add p-{guest} netns {self.hosts[host]} mtu {mtu - OVERHEAD} {QUEUES} type veth "
               f"peer name eth0 netns {self.guests[guest]} address {mac} mtu {mtu - OVERHEAD} {QUEUES}")
            sh(f"ip link set p-{guest} up", netns=self.hosts[host])
            sh(f"ip addr add {address}/24 dev eth0; ip link set eth0 up; ip route add default via {GATEWAYS[network]}",
               netns=self.guests[guest])
        self.join()

    def ends(self, path):
        client = self.guests["client"]
        to = {"switched": "neighbour", "routed": "peer", "cross": "far", "cross-routed": "beyond"}
        if path in to:
            return Guests(client, self.guests[to[path]], GUESTS[to[path]][3])
        return {"snat": Guests(client, self.world, WORLD), "vip": Guests(client, self.guests["peer"], VIP),
                "fip": Guests(self.world, self.guests["neighbour"], FLOATING)}[path]

    def check(self):
        for path in PATHS:
            if path == "vip":  # which no echo is sent to
                continue
            ends = self.ends(path)
            wait_until(lambda: "1 received" in sh(f"ping -c1 -W1 {ends.address}", ends.client, check=False),
                       f"ping of {self.name} on the path {path}")


class RouterNamespace(Variant):
    """Neutron's: a bridge per network, a namespace with the router's legs, nftables with connection tracking."""

    def join(self):
        self.router = namespace(f"{self.name}-r")
        legs = {"a": f"{GATEWAYS['a']}/24", "b": f"{GATEWAYS['b']}/24", "x": f"{ROUTER}/24 {FLOATING}/32"}
        for network, addresses in legs.items():
            mtu = self.mtu if network == "x" else self.mtu - OVERHEAD
            self.bridge(0, network)
            sh(f"""ip link add q-{network} mtu {mtu} {QUEUES} type veth peer name q-{network} netns {self.router} mtu {mtu} {QUEUES}
                   ip link set q-{network} master br-{network}; ip link set q-{network} up""", netns=self.host)
            for address in addresses.split():
                sh(f"ip addr add {address} dev q-{network}; ip link set q-{network} up", netns=self.router)
        for network in GATEWAYS:
            self.bridge(1, network)
        sh("ip link set x0 master br-x", netns=self.host)
        for guest, (host, network, _, _) in GUESTS.items():
            sh(f"ip link set {self.port(guest)} master br-{network} up", netns=self.hosts[host])
        fixed, member = GUESTS["neighbour"][3], GUESTS["peer"][3]
        sh(f"""sysctl -qw net.ipv4.ip_forward=1
               nft 'add table ip nat; add chain ip nat pre {{ type nat hook prerouting priority -100; }}
                    add chain ip nat post {{ type nat hook postrouting priority 100; }}
                    add rule ip nat pre ip daddr {FLOATING} dnat to {fixed}
                    add rule ip nat pre ip daddr {VIP} dnat to {member}
                    add rule ip nat post oifname q-x ip saddr {fixed} snat to {FLOATING}
                    add rule ip nat post oifname q-x snat to {ROUTER}'""", netns=self.router)

    def port(self, guest):
        """The device by which a guest is on its network."""
        return f"p-{guest}"

    def bridge(self, host, network):
        """A network on a host; of two hosts joined by vxlan."""
        sh(f"ip link add br-{network} type bridge mcast_snooping 0; ip link set br-{network} up; "
           "sysctl -qw net.bridge.bridge-nf-call-iptables=0 || true", netns=self.hosts[host])
        if network in VNIS:
            sh(f"""ip link add vx-{network} mtu {self.mtu - OVERHEAD} type vxlan id {VNIS[network]} local {TUNNEL[host]} remote {TUNNEL[1 - host]} dstport 4789 dev u0
                   ip link set vx-{network} master br-{network}; ip link set vx-{network} up""", netns=self.hosts[host])


class FilteredPorts(RouterNamespace):
    """The same with security groups, as Neutron's hybrid firewall has them: between a guest and its network a bridge with the port's rules, and a zone
    of connection tracking of its own. They say what weft's say here: out as who it is, in from everywhere."""

    def port(self, guest):
        host, _, _, address = GUESTS[guest]
        zone = list(GUESTS).index(guest) + 1
        sh(f"""ip link add g-{guest} type bridge mcast_snooping 0 nf_call_iptables 1; ip link set g-{guest} up
               ip link add j-{guest} mtu {self.mtu - OVERHEAD} {QUEUES} type veth peer name k-{guest} mtu {self.mtu - OVERHEAD} {QUEUES}
               ip link set p-{guest} master g-{guest}; ip link set j-{guest} master g-{guest} up
               nft 'add table ip {guest}; add chain ip {guest} pre {{ type filter hook prerouting priority raw; }}
                    add rule ip {guest} pre iifname g-{guest} ct zone set {zone}
                    add chain ip {guest} port {{ type filter hook forward priority 0; }}
                    add rule ip {guest} port iifname != g-{guest} accept
                    add rule ip {guest} port ct state established,related accept
                    add rule ip {guest} port ct state invalid drop
                    add rule ip {guest} port ip saddr {address} accept
                    add rule ip {guest} port ip daddr {address} accept
                    add rule ip {guest} port drop'""", netns=self.hosts[host])
        return f"k-{guest}"


class Weft(Variant):
    """The product as users run it: weftd, an agent with a bridge mapping, ports with port security and security groups."""

    def join(self):
        self.cloud = WeftCloud(self.name, self.hosts, TUNNEL, "geneve", self.mtu, mappings=["public:x0", None],
                               settings=["half-open-per-port = 65536"])  # the router namespace has no quota that new flows could meet
        api = self.cloud.api
        for network, gateway in GATEWAYS.items():
            self.cloud.network(network, gateway.rsplit(".", 1)[0] + ".0/24")
        group = api("GET", "/v2.0/security-groups?name=default")["security_groups"][0]["id"]
        api("POST", "/v2.0/security-group-rules", {"security_group_rule": {"security_group_id": group, "direction": "ingress"}})
        public = api("POST", "/v2.0/networks", {"network": {
            "name": "public", "router:external": True, "provider:network_type": "flat", "provider:physical_network": "public"}})["network"]["id"]
        api("POST", "/v2.0/subnets", {"subnet": {"network_id": public, "cidr": "203.0.113.0/24", "gateway_ip": WORLD, "ip_version": 4,
                                                 "enable_dhcp": False}})
        router = api("POST", "/v2.0/routers", {"router": {"name": "r", "external_gateway_info": {
            "network_id": public, "external_fixed_ips": [{"ip_address": ROUTER}]}}})["router"]["id"]
        for network in GATEWAYS:
            subnet = api("GET", f"/v2.0/subnets?network_id={self.cloud.ids[network]}")["subnets"][0]["id"]
            api("PUT", f"/v2.0/routers/{router}/add_router_interface", {"subnet_id": subnet})
        ports = {}
        for guest, (host, network, mac, address) in GUESTS.items():
            ports[guest] = self.cloud.port(network, host, mac, address)
            self.cloud.plug(ports[guest], host, f"p-{guest}")
        api("POST", "/v2.0/floatingips", {"floatingip": {"floating_network_id": public, "floating_ip_address": FLOATING,
                                                        "port_id": ports["neighbour"]}})
        self.balance()

    def balance(self):
        """A load balancer on network b with one member, the peer, at each of the ports."""
        api = self.cloud.api
        subnet = api("GET", f"/v2.0/subnets?network_id={self.cloud.ids['b']}")["subnets"][0]["id"]
        balancer = api("POST", "/load-balancer/v2.0/lbaas/loadbalancers", {"loadbalancer": {"vip_subnet_id": subnet, "vip_address": VIP}})["loadbalancer"]["id"]
        for port in BALANCED_PORTS:
            listener = api("POST", "/load-balancer/v2.0/lbaas/listeners", {"listener": {"loadbalancer_id": balancer, "protocol": "TCP", "protocol_port": port}})
            pool = api("POST", "/load-balancer/v2.0/lbaas/pools", {"pool": {"listener_id": listener["listener"]["id"], "protocol": "TCP",
                                                            "lb_algorithm": "SOURCE_IP_PORT"}})["pool"]["id"]
            api("POST", f"/load-balancer/v2.0/lbaas/pools/{pool}/members", {"member": {"address": GUESTS["peer"][3], "protocol_port": port}})
        api("GET", "/weft/v1/wait?timeout=30")


VARIANTS = {"bare": ("bare veth (the limit)", Bare), "netns": ("router namespace + nftables", RouterNamespace),
            "netns2": ("the same, and security groups", FilteredPorts), "weft": ("weft", Weft)}


def tests(options):
    return [test for test in TESTS if test in (options.tests or TESTS)]


def run(options):
    """Returns {variant: {path: {test: [samples]}}}."""
    try:
        standing = {name: VARIANTS[name][1](f"l3-{name}", options.mtu[0]) for name in VARIANTS}
        for variant in standing.values():
            variant.check()
        paths = [path for path in PATHS if path in (options.routes or PATHS)]
        results = {name: {path: {test: [] for test in TESTS} for path in PATHS} for name in standing}
        for repetition in range(options.reps):
            for test in tests(options):
                for path in paths:  # these follow each other: the machine's speed drifts
                    if test in LEFT_OUT.get(path, []):
                        continue
                    for name, variant in standing.items():
                        idle(options.wait)
                        ends = variant.ends(("cross" if "cross" in path else "same") if name == "bare" else path)
                        try:
                            results[name][path][test].append(measure.sample(test, ends, options.seconds))
                        except (RuntimeError, ValueError) as error:
                            print(f"{name} {path} {test}: {error}", file=sys.stderr)
                            results[name][path][test].append(None)
            print(f"  repetition {repetition + 1} of {options.reps} done", file=sys.stderr, flush=True)
    finally:
        remove_all()
    print_table(results, options)
    return results


def share_of_own(own, path, test):
    return None if path in ("switched", "cross") else ratio(own[path][test], own[OWN.get(path, "switched")][test])


def cell(value, share, digits=3):
    return "-" if value is None else f"{value:.{digits}g}" + (f" ({share:.2f})" if share else "")


def figure(value):
    return "no figure" if value is None else f"{value:.2f}"


def costs(results, path):
    """Of weft in µs; and how many times that the router namespace's are."""
    return own_costs(*(results[name][path]["path"] for name in ("bare", "weft", "netns", "netns2")))


def print_table(results, options):
    print(f"\nRouting, MTU {options.mtu[0]}: median of {options.reps}, in brackets the ratio to the variant's own switched path (across hosts: to that across hosts)")
    width = max(len(title) for title, _ in VARIANTS.values())
    for path, title in PATHS.items():
        if not any(results["weft"][path].values()):
            continue
        print(f"\n{title:{width}s}" + "".join(f"{measure.TESTS[test][0]:>24s}" for test in TESTS))
        for name in results:
            own = results[name]
            print(f"{VARIANTS[name][0]:{width}s}" + "".join(
                f"{cell(median(own[path][test]), share_of_own(own, path, test)):>24s}" for test in TESTS))
        if path in TARGETS:
            verdicts = []
            for test in TESTS:
                share = share_of_own(results["weft"], path, test)
                verdicts.append("no figure" if share is None else f"ok ({TARGETS[path]:.2f})" if share >= TARGETS[path] else f"below {TARGETS[path]:.2f}")
            print(f"{'  target: weft':{width}s}" + "".join(f"{text:>24s}" for text in verdicts))
            for test in (test for test in ("crr", "path", "flows") if test not in LEFT_OUT.get(path, [])):
                against = [ratio(results["weft"][path][test], results[name][path][test]) for name in ("netns", "netns2")]
                print(f"  {measure.TESTS[test][0].split(',')[0]}: {figure(against[0])} x the router namespace, {figure(against[1])} x that with security groups (target 2)")
            print("  what a connection of the path costs more than bare veth, of weft and, times that, of the router namespace without and with security groups: "
                  + ", ".join(figure(value) for value in costs(results, path)))
    sys.stdout.flush()
