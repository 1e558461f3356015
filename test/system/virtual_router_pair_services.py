"""What a redundant virtual router does beside routing: the far ends of its tunnels, its BGP neighbour, its firewall group (docs/virtual-router.md).

    g 10.0.0.x ─ the pair ─ network out ─┬─ ipsec      10.2.1.1   a router of its own for each kind of tunnel, which answers
                                         ├─ wireguard  10.2.2.1   at its address inside
                                         ├─ gre        10.2.3.1
                                         └─ far        FRR of AS 65000: knows the way to a floating IP of 198.18.0.0/24 by it alone
"""
from conftest import wait_until
from test_virtual_router_bgp import Neighbour

AS, FAR_AS = 65001, 65000
PASSWORD = "a-secret"
SECRET = "a secret of two sites"
ALLOWED, DENIED = 7003, 7004
INSIDE = {"ipsec": "10.2.1.1", "wireguard": "10.2.2.1", "gre": "10.2.3.1"}
CONFIG = f"""
router bgp {FAR_AS}
 no bgp ebgp-requires-policy
 neighbor routers peer-group
 neighbor routers remote-as {AS}
 neighbor routers password {PASSWORD}
 bgp listen range 203.0.113.0/24 peer-group routers
"""


def cidr(address):
    return address.rpartition(".")[0] + ".0/24"


class Services:
    def __init__(self, cloud):
        self.cloud, self.api, self.made = cloud, cloud.api, []
        profile = cloud.offering()
        self.flavor = self.api.make("flavor", service_type="L3_ROUTER_NAT", service_profiles=[profile["id"]])
        self.end = self.outside(self.api.get(f"/v2.0/routers/{cloud.router['id']}").json["router"])
        self.far_ends = {name: self.far_end(name, address) for name, address in INSIDE.items()}
        self.frr = self.group = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Whatever has become of the test: the next one has the pair as it was."""
        self.end_all()

    def make(self, path, kind, **attributes):
        answer = self.api.call("POST", f"/v2.0/{path}", {kind: attributes})
        assert answer.status == 201, answer.text
        self.made.append(f"/v2.0/{path}/{answer.json[kind]['id']}")
        return answer.json[kind]

    @staticmethod
    def outside(router):
        return next(ip["ip_address"] for ip in router["external_gateway_info"]["external_fixed_ips"] if "." in ip["ip_address"])

    def far_end(self, name, address):
        network = self.api.make("network", name=name)
        subnet = self.api.make("subnet", network_id=network["id"], ip_version=4, cidr=cidr(address))
        router = self.api.make("router", name=name, flavor_id=self.flavor["id"], external_gateway_info={"network_id": self.cloud.networks["out"]["id"]})
        assert self.api.call("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]}).status == 200
        self.api.make("port", network_id=network["id"], device_owner="compute:nova")
        return {"id": router["id"], "outside": self.outside(router), "subnet": subnet["id"], "cidr": cidr(address)}

    def ends(self, kind):
        """The router, the other one's address outside, its subnet and the other one's prefix: of the pair first."""
        far, inner = self.far_ends[kind], self.cloud.net["subnet"]
        return (self.cloud.router["id"], far["outside"], inner["id"], far["cidr"]), (far["id"], self.end, far["subnet"], inner["cidr"])

    def connect(self):
        """All three tunnels; the pair's ends."""
        self.ike = self.make("vpn/ikepolicies", "ikepolicy", name="ike", ike_version="v2", encryption_algorithm="aes-256", auth_algorithm="sha256", pfs="group14")
        self.esp = self.make("vpn/ipsecpolicies", "ipsecpolicy", name="esp", encryption_algorithm="aes-256", auth_algorithm="sha256", pfs="group14")
        own = [self.ipsec(*end) for end in self.ends("ipsec")][0]
        return own, self.wireguard(), [self.gre(*end) for end in self.ends("gre")][0]

    def ipsec(self, router, peer, subnet, peer_cidr):
        service = self.make("vpn/vpnservices", "vpnservice", router_id=router, subnet_id=subnet)
        made = self.make("vpn/ipsec-site-connections", "ipsec_site_connection", vpnservice_id=service["id"], ikepolicy_id=self.ike["id"],
                         ipsecpolicy_id=self.esp["id"], peer_address=peer, peer_id=peer, peer_cidrs=[peer_cidr], psk=SECRET,
                         dpd={"action": "restart", "interval": 2, "timeout": 5})
        return self.made[-1], made

    def wireguard(self):
        ends = self.ends("wireguard")
        interfaces = [self.make("wireguard-interfaces", "wireguard_interface", router_id=router) for router, *_ in ends]
        for (_, peer, _, peer_cidr), own, other in zip(ends, interfaces, reversed(interfaces)):
            made = self.make("wireguard-peers", "wireguard_peer", wireguard_interface_id=own["id"], public_key=other["public_key"], peer_address=peer,
                             allowed_ips=[peer_cidr])
        return self.made[-2], made

    def gre(self, router, peer, _subnet, peer_cidr):
        made = self.make("gre-tunnels", "gre_tunnel", router_id=router, peer_address=peer, key=7, destinations=[peer_cidr])
        return self.made[-1], made

    def status(self, path):
        return next(iter(self.api.get(path).json.values()))["status"]

    def speak(self, far):
        """Far learns the way to a floating IP of g's, which it has no other way to."""
        out = self.cloud.networks["out"]
        floats = self.make("subnets", "subnet", network_id=out["id"], ip_version=4, cidr="198.18.0.0/24", enable_dhcp=False, gateway_ip=None)
        speaker = self.make("bgp-speakers", "bgp_speaker", name="v4", local_as=AS, ip_version=4)
        peer = self.make("bgp-peers", "bgp_peer", peer_ip=self.cloud.outside, remote_as=FAR_AS, auth_type="md5", password=PASSWORD)
        for action, body in (("add_gateway_network", {"network_id": out["id"]}), ("add_bgp_peer", {"bgp_peer_id": peer["id"]})):
            assert self.api.call("PUT", f"/v2.0/bgp-speakers/{speaker['id']}/{action}", body).status == 200
        self.frr = Neighbour(self.cloud.lab, CONFIG)
        made = self.make("floatingips", "floatingip", floating_network_id=out["id"], subnet_id=floats["id"], port_id=self.cloud.g["id"])
        return made["floating_ip_address"]

    def guard(self):
        """To g only ALLOWED and ICMP, from it ICMP alone: what it answers needs the state of a connection."""
        icmp = self.rule(protocol="icmp")
        web = self.rule(protocol="tcp", destination_port=str(ALLOWED))
        policies = [self.make("fwaas/firewall_policies", "firewall_policy", firewall_rules=rules)["id"] for rules in ([icmp, web], [icmp])]
        ports = self.api.get("/v2.0/ports", device_id=self.cloud.router["id"]).json["ports"]
        port = next(port["id"] for port in ports if any(ip["ip_address"] == "10.0.0.1" for ip in port["fixed_ips"]))
        group = self.make("fwaas/firewall_groups", "firewall_group", ports=[port], ingress_firewall_policy_id=policies[0], egress_firewall_policy_id=policies[1])
        self.group = f"/v2.0/fwaas/firewall_groups/{group['id']}"
        wait_until(lambda: self.status(self.made[-1]) == "ACTIVE", what="the group is ACTIVE")

    def rule(self, **attributes):
        return self.make("fwaas/firewall_rules", "firewall_rule", action="allow", **attributes)["id"]

    def is_open(self, address, port):
        """Does far get a connection there, or is it refused by g itself?"""
        done = self.cloud.exec("far", "socat", "-u", f"TCP4:{address}:{port},connect-timeout=1", "-", check=False)
        return not done.returncode or "refused" in done.stderr

    def end_all(self):
        if self.frr:
            self.frr.stop()
        if self.group:
            assert self.api.call("PUT", self.group, {"firewall_group": {"ports": []}}).status == 200
        answers = {path: self.api.call("DELETE", path) for path in reversed(self.made)}
        for end in self.far_ends.values():
            assert self.api.call("PUT", f"/v2.0/routers/{end['id']}", {"router": {"admin_state_up": False}}).status == 200
        assert {answer.status for answer in answers.values()} <= {204}, {path: answer.text for path, answer in answers.items()}
