"""Security groups, enforced at the ports: every kind of rule, on one host and across two, in both IP versions.

    h1: a, c                  h2: b, d                 net: 10.0.0.0/24, fd00::/64, project red
        └── edge ════════════════ edge ┘
"""
import select
import socket

import pytest

from conftest import wait_until
from firewall_lab import GRE, SCTP, Firewall, icmp, passes, raw, refused, tcp, udp
from packets import Wire, inside

UDPLITE, AH = 136, 51
EVERYTHING_OUT = [{"direction": "egress", "version": 4}, {"direction": "egress", "version": 6}]


@pytest.fixture(scope="module")
def red(module_lab):
    """The drawing. Tests change the groups of b and c; a may send anything."""
    red = Firewall(module_lab, "red", {"a": 1, "c": 1, "b": 2, "d": 2})
    red.out = red.group("out", rules=EVERYTHING_OUT)
    red.default = red["a"].port["security_groups"]
    for name in ("b", "c"):
        wait_until(lambda: module_lab.pings("red-a", red[name].ip[6]), what=f"a reaches {name}")
    return red


def test_a_default_group(red):
    """Its ports reach each other with anything; nobody else reaches them, and they reach everybody."""
    for to in (red["b"], red["c"]):
        for version in (4, 6):
            passes(tcp(red["a"], to, 80, version))
            passes(udp(red["a"], to, 53, version))
        passes(icmp(red["a"], to, 8))
    red.set_groups(red["a"], red.out)  # a is no member any more, and lets nothing in
    for to in (red["b"], red["c"]):
        for version in (4, 6):
            refused(lambda: tcp(red["a"], to, 80, version), to)
        refused(lambda: icmp(red["a"], to, 8), to)
        refused(lambda: tcp(to, red["a"], 80), red["a"])


KINDS = [
    # the rule; a packet that it is about; one that is just not
    ({"protocol": "tcp", "ports": (80, 90)}, lambda a, b, v: tcp(a, b, 90, v), lambda a, b, v: tcp(a, b, 91, v)),
    ({"protocol": "udp", "ports": (1000, 65535)}, lambda a, b, v: udp(a, b, 1000, v), lambda a, b, v: udp(a, b, 999, v)),
    ({"protocol": "tcp"}, lambda a, b, v: tcp(a, b, 7, v), lambda a, b, v: udp(a, b, 7, v)),
    ({"protocol": "132"}, lambda a, b, v: raw(a, b, SCTP, b"\x0f\xa0\x00\x07stream", v), lambda a, b, v: raw(a, b, GRE, b"\0\0\x08\0gre", v)),
    ({"protocol": "udplite", "ports": (7, 8)}, lambda a, b, v: raw(a, b, UDPLITE, b"\x0f\xa0\x00\x08\0\x08\0\0", v),
     lambda a, b, v: raw(a, b, UDPLITE, b"\x0f\xa0\x00\x09\0\x08\0\0", v)),
    ({"protocol": "ah"}, lambda a, b, v: raw(a, b, AH, b"\x06\x04\0\0\0\0\0\1\0\0\0\1" + bytes(32), v),
     lambda a, b, v: raw(a, b, GRE, b"\0\0\x08\0gre", v)),
    ({"protocol": 47}, lambda a, b, v: raw(a, b, GRE, b"\0\0\x08\0gre", v), lambda a, b, v: tcp(a, b, 47, v)),
    ({}, lambda a, b, v: raw(a, b, 99, b"any protocol", v), None),
]


@pytest.mark.parametrize("version", [4, 6])
def test_kinds_of_ingress_rules(red, version):
    """Protocols by name and number, ports from and to: what a rule says passes, and what is beside it does not."""
    a, b = red["a"], red["b"]
    red.set_groups(a, red.out)
    for rule, matching, other in KINDS:
        group = red.group("kind")
        red.rule(group, version=version, wait=False, **rule)
        red.set_groups(b, group)
        passes(matching(a, b, version), rule)
        if other:
            refused(lambda: other(a, b, version), b)
        refused(lambda: tcp(a, b, 85, 10 - version), b)  # the other IP version
        red.set_groups(b)


def test_icmp_by_type_and_code(red):
    a, c = red["a"], red["c"]
    red.set_groups(a, red.out)
    red.set_groups(c, red.group("icmp", rules=[{"protocol": "icmp", "ports": (8, 0)}, {"protocol": "icmp", "ports": (13, None)},
                                               {"version": 6, "protocol": "icmp", "ports": (128, 0)}]))
    passes(icmp(a, c, 8, 0))
    refused(lambda: icmp(a, c, 8, 1), c)
    passes(icmp(a, c, 13, 5))
    refused(lambda: icmp(a, c, 17), c)
    passes(icmp(a, c, 128, 0, version=6))
    refused(lambda: icmp(a, c, 200, 0, version=6), c)


def test_egress(red):
    """Rules for what goes out count at the sender; what they don't allow does not leave its port."""
    a, b = red["a"], red["b"]
    red.set_groups(b, red.group("in", rules=[{}, {"version": 6}]))
    red.set_groups(a, red.group("some out", rules=[
        {"direction": "egress", "protocol": "tcp", "ports": (443, 443), "remote_ip_prefix": f"{b.ip[4]}/32"},
        {"direction": "egress", "version": 6, "protocol": "udp", "remote_ip_prefix": "fd00::/64"}]))
    passes(tcp(a, b, 443))
    refused(lambda: tcp(a, b, 444), a, "egress")
    refused(lambda: tcp(a, red["c"], 443), a, "egress")
    passes(udp(a, b, 9, 6))
    refused(lambda: tcp(a, b, 443, 6), a, "egress")
    red.set_groups(a)
    refused(lambda: tcp(a, b, 443), a, "egress")
    assert red.lab.exec("red-a", "busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-s", "/bin/true").returncode == 0, "DHCP always works"
    assert "fd00::/64" in red.lab.exec("red-a", "rdisc6", "-1", "eth0").stdout, "and so do router advertisements"


def test_remote_prefixes(red):
    """The longest prefix and a short one, each for its ports; prefixes that contain each other add up."""
    a, b, d = red["a"], red["b"], red["d"]
    for guest in (a, d):
        red.set_groups(guest, red.out)
    red.set_groups(b, red.group("prefixes", rules=[
        {"protocol": "tcp", "ports": (22, 22), "remote_ip_prefix": f"{a.ip[4]}/32"},
        {"protocol": "tcp", "ports": (80, 80), "remote_ip_prefix": "10.0.0.7/24"},
        {"protocol": "tcp", "ports": (81, 81), "remote_ip_prefix": "10.1.0.0/16"},
        {"version": 6, "protocol": "tcp", "ports": (80, 80), "remote_ip_prefix": f"{d.ip[6]}/128"}]))
    for sender, port, version, allowed in ((a, 22, 4, True), (d, 22, 4, False), (a, 80, 4, True), (d, 80, 4, True),
                                           (a, 81, 4, False), (d, 80, 6, True), (a, 80, 6, False)):
        if allowed:
            passes(tcp(sender, b, port, version), (sender.name, port, version))
        else:
            refused(lambda: tcp(sender, b, port, version), b)


def test_remote_groups(red):
    """Who has the group now, in both IP versions, with its allowed address pairs; several groups at a port add up."""
    a, b, d = red["a"], red["b"], red["d"]
    friends = red.group("friends", rules=EVERYTHING_OUT)
    web = red.group("web", rules=[{"protocol": "tcp", "ports": (80, 80), "remote_group_id": friends},
                                  {"version": 6, "protocol": "tcp", "ports": (80, 80), "remote_group_id": friends}])
    ssh = red.group("ssh", rules=[{"protocol": "tcp", "ports": (22, 22)}])
    red.set_groups(b, web, ssh)
    red.set_groups(a, red.out)
    red.set_groups(d, friends)
    for version in (4, 6):
        refused(lambda: tcp(a, b, 80, version), b)
        passes(tcp(d, b, 80, version))
    passes(tcp(a, b, 22))
    refused(lambda: tcp(d, b, 23), b)
    red.set_groups(a, red.out, friends)
    for version in (4, 6):
        passes(tcp(a, b, 80, version))
    red.set_groups(a, red.out)
    refused(lambda: tcp(a, b, 80), b)
    red.set_groups(b, web)
    refused(lambda: tcp(d, b, 22), b)


def test_allowed_pairs_belong_to_groups(red):
    """What a port may send from besides its own addresses is in its groups; without the pair it does not leave the port."""
    b, d = red["b"], red["d"]
    friends = red.group("pairs", rules=EVERYTHING_OUT)
    red.set_groups(b, red.group("for pairs", rules=[{"protocol": "tcp", "remote_group_id": friends}]), red.out)
    red.set_groups(d, friends)
    red.set_port(d, allowed_address_pairs=[{"ip_address": "10.0.0.240/29"}])
    red.lab.exec("red-d", "ip", "address", "add", "10.0.0.243/32", "dev", "lo")
    with Wire(b.netns, "eth0") as wire:
        red.lab.popen("red-d", "socat", "-u", "OPEN:/dev/null", f"TCP:{b.ip[4]}:80,bind=10.0.0.243")
        wire.expect(lambda f: f[12:14] == b"\x08\x00" and f[26:30] == bytes([10, 0, 0, 243]))
    red.set_port(d, allowed_address_pairs=[])


def test_an_address_that_several_members_have(red):
    """By its group, an address that several ports have as an allowed pair is let in as long as one of them is a member; so is whoever of them sends from it."""
    b, c, d = (red[name] for name in "bcd")
    friends = red.group("holders", rules=EVERYTHING_OUT)
    red.set_groups(b, red.group("for holders", rules=[{"protocol": "tcp", "remote_group_id": friends}]), red.out)
    for guest in (c, d):
        red.set_groups(guest, friends, red.out)
        red.set_port(guest, allowed_address_pairs=[{"ip_address": "10.0.0.250"}])
    red.lab.exec(c.name, "ip", "address", "add", "10.0.0.250/32", "dev", "lo")

    def knock():
        with inside(c.netns):
            made = socket.socket()
        made.setblocking(False)
        made.bind(("10.0.0.250", 0))
        made.connect_ex((b.ip[4], 80))
        return made, lambda: False

    def gets_in():
        with Wire(b.netns, "eth0") as wire:
            made, _ = knock()
            wire.expect(lambda f: f[12:14] == b"\x08\x00" and f[26:30] == bytes([10, 0, 0, 250]))
            made.close()
    gets_in()
    red.set_groups(c, red.out)
    gets_in()  # d is a member, and has it
    red.set_port(d, allowed_address_pairs=[])
    refused(knock, b)
    red.set_groups(c, friends, red.out)
    gets_in()
    red.set_port(d, allowed_address_pairs=[{"ip_address": "10.0.0.250"}])
    red.set_groups(c, red.out)
    gets_in()
    red.set_groups(d, red.out)
    refused(knock, b)
    for guest in (c, d):
        red.set_port(guest, allowed_address_pairs=[])


def test_address_groups(red):
    a, b, d = red["a"], red["b"], red["d"]
    blocks = red.make("address_group", name="blocks", addresses=[f"{a.ip[4]}/32", f"{a.ip[6]}/128"])["id"]
    red.set_groups(b, red.group("by blocks", rules=[{"protocol": "tcp", "remote_address_group_id": blocks},
                                                    {"version": 6, "protocol": "tcp", "remote_address_group_id": blocks}]))
    for guest in (a, d):
        red.set_groups(guest, red.out)
    for version in (4, 6):
        passes(tcp(a, b, 80, version))
        refused(lambda: tcp(d, b, 80, version), b)
    red.call("PUT", f"/v2.0/address-groups/{blocks}/add_addresses", {"addresses": ["10.0.0.0/24"]})
    passes(tcp(d, b, 80))
    red.call("PUT", f"/v2.0/address-groups/{blocks}/remove_addresses", {"addresses": ["10.0.0.0/24", f"{a.ip[6]}/128"]})
    refused(lambda: tcp(d, b, 80), b)
    refused(lambda: tcp(a, b, 80, 6), b)
    passes(tcp(a, b, 80))


def test_stateless_groups(red):
    """Without connection tracking the answer needs a rule too."""
    a, b = red["a"], red["b"]
    red.set_groups(a, red.out)
    stateless = red.group("stateless", stateful=False, rules=[{"protocol": "tcp", "ports": (80, 80)}])
    red.set_groups(b, stateless)
    before = b.drops()["egress"]
    kept, _ = tcp(a, b, 80)
    wait_until(lambda: b.drops()["egress"] > before, what="the answer is refused")
    red.rule(stateless, "egress", protocol="tcp")
    passes(tcp(a, b, 80))
    del kept


def test_no_port_security_no_groups(red):
    """A port whose port security is off lets everything in and out, non-IP too; with it back, nothing without a group."""
    a, b = red["a"], red["b"]
    red.set_groups(a, red.out)
    red.set_port(b, security_groups=[])
    refused(lambda: tcp(a, b, 80), b)
    red.set_port(b, port_security_enabled=False)
    for version in (4, 6):
        passes(tcp(a, b, 80, version))
    red.set_port(b, port_security_enabled=True)
    refused(lambda: tcp(a, b, 80), b)


def test_a_trace_names_group_and_rule(red):
    b = red["b"]
    friends = red.group("trace friends", rules=EVERYTHING_OUT)
    group = red.group("trace web")
    rule = red.rule(group, protocol="tcp", ports=(80, 80), remote_group_id=friends)
    red.set_groups(b, group)
    red.set_groups(red["d"], friends)

    def steps(port):
        spec = {"dst": b.ip[4], "proto": "tcp", "dst_port": port}
        return "\n".join(red.lab.agent("h2", "trace", port=red["d"].id, spec=spec)["steps"])
    assert f"the rule {rule} of the security group trace web allows" in steps(80), steps(80)
    refusal = steps(81)
    assert "of the security group trace friends allows" in refusal and "no rule of the security group trace web matches" in refusal, refusal
    assert "dropped: denied-ingress" in refusal
    out = red.lab.weft("trace", red["d"].id, "--to", b.ip[4], "--proto", "tcp", "--dport", "81", check=False).stdout
    assert "no rule of the security group trace web" in out, out


@pytest.mark.parametrize("version", [4, 6])
def test_both_open_at_once(red, version):
    """Two guests that let nothing in connect to each other, as peers behind firewalls do (RFC 9293 section 3.5); nobody else gets in."""
    a, b = red["a"], red["b"]
    red.set_groups(a, red.out)
    red.set_groups(b, red.out)
    sockets = []
    for guest in (a, b):
        with inside(guest.netns):
            sockets.append(socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET))
        sockets[-1].bind((guest.ip[version], 7000))
        sockets[-1].setblocking(False)
    one, other = sockets
    with one, other:
        one.connect_ex((b.ip[version], 7000))  # refused there, as nothing has been sent from there yet
        other.connect_ex((a.ip[version], 7000))
        for end in sockets:
            assert select.select([], [end], [], 10)[1] and not end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        for end, peer in ((one, other), (other, one)):
            end.sendall(b"hello")
            assert select.select([peer], [], [], 10)[0] and peer.recv(5) == b"hello"
        refused(lambda: tcp(b, a, 7000, version), a)


def test_why(red):
    """`weft why A B tcp/80`: across hosts and on one, in both IP versions, with the rules that decide at both ends."""
    a, b, c = red["a"], red["b"], red["c"]
    web = red.group("why web")
    rule = red.rule(web, protocol="tcp", ports=(80, 80), remote_ip_prefix="10.0.0.0/24")
    red.set_groups(a, red.out)
    for guest in (b, c):
        red.set_groups(guest, web)

    def why(to, what, *options):
        return red.lab.json("why", a.id, to.id, what, *options)
    for to in (b, c):
        answer = why(to, "tcp/80")
        assert answer["verdict"] == "let through", answer
        assert len(answer["decisions"]) == 2
        assert "of the security group out allows" in answer["decisions"][0]
        assert f"the rule {rule} of the security group why web allows" in answer["decisions"][1]
        assert bool(answer["steps_at_receiver"]) == (to is b)
        passes(tcp(a, to, 80))
        for what, options in (("tcp/81", []), ("udp/80", []), ("icmp", []), ("tcp/80", ["--ipv6"]), ("sctp/80", []), ("gre", []), ("ah", ["--ipv6"])):
            answer = why(to, what, *options)
            assert answer["verdict"] == "refused", answer
            assert "no rule of the security group why web matches" in answer["decisions"][1]
            assert "denied-ingress" in answer["decisions"][2]
    rule = red.rule(web, protocol="sctp", ports=(80, 90))
    assert f"the rule {rule} of" in why(b, "sctp/85")["decisions"][1] and why(b, "sctp/91")["verdict"] == "refused"
    for flags, reason in (("SF", "tcp-flags"), ("", "tcp-flags"), ("SA", "no-connection")):
        assert f"dropped: {reason}" in red.lab.weft("trace", a.id, "--to", b.ip[4], "--proto", "tcp", "--dport", "80", "--flags", flags).stdout
    red.set_groups(a)
    answer = why(b, "tcp/80")
    assert answer["verdict"] == "refused" and "its security groups, of which it has none" in answer["decisions"][0]
    for wrong in ("gre/80", "ipv6-route", "tcp/0", "bogus", "0"):
        assert red.lab.weft("why", a.id, b.id, wrong, check=False).returncode
    out = red.lab.weft("why", a.id, b.id).stdout
    assert "Verdict: refused." in out and "At the sender's host:" in out
    red.set_groups(a, red.out)
