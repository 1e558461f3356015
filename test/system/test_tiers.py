"""The provider's tiers: policies above and below security groups, on one host and across two.

    h1: a, c                  h2: b, d                 net: 10.0.0.0/24, fd00::/64, project green
        └── edge ════════════════ edge ┘
"""
import pytest

from conftest import wait_until
from firewall_lab import Connection, icmp, passes, tcp, udp
from packets import BROADCAST, ICMP6, IP4, IP6, UDP, Wire, address_bytes, ethernet, icmp6, ip4, mac_bytes
from packets import udp as packet_udp
from tiers import OPEN, Tiers, denied


@pytest.fixture(scope="module")
def bed(module_lab):
    bed = Tiers(module_lab, "green", {"a": 1, "c": 1, "b": 2, "d": 2})
    group = bed.group("open", rules=OPEN)
    bed.open = group
    for guest in bed.guests.values():
        bed.set_groups(guest, group)
    wait_until(lambda: module_lab.pings("green-a", bed["b"].ip[6]), what="a reaches b")
    return bed


@pytest.fixture
def green(bed):
    yield bed
    bed.clear()


def test_allow_deny_and_pass(green):
    """What a tier denies no group can allow, what it allows none can refuse; pass leaves it to the next tier."""
    a, b, c = green["a"], green["b"], green["c"]
    passes(tcp(a, b, 22))
    first, second = green.tier("emergency", 10), green.tier("operations", 20)
    rules = green.policy(first, 1, name="no ssh")
    green.rule_of(rules, 10, "pass", protocol="tcp", ports=(22, 22), remote_ip_prefix=f"{c.ip[4]}/32")
    deny = green.rule_of(rules, 20, "deny", protocol="tcp", ports=(22, 23))
    denied(lambda: tcp(a, b, 22), b)
    denied(lambda: tcp(b, a, 23), a)
    passes(tcp(a, b, 24))
    passes(udp(a, b, 22))
    passes(tcp(a, b, 22, 6))
    passes(tcp(c, b, 22))
    green.rule_of(green.policy(second, 1, ports=[b.id]), 1, "deny", protocol="tcp", ports=(22, 22))
    denied(lambda: tcp(c, b, 22), b)
    passes(tcp(c, a, 22))
    green.change(f"security-policy-rules/{deny}", action="allow")
    closed = green.group("closed")
    green.set_groups(b, closed)
    passes(tcp(a, b, 22))
    green.set_groups(b, green.open)


def test_whom_it_is_applied_to(green):
    """Projects, networks, ports, tags, groups; all, when it names none; nobody, when it is not enabled."""
    a, b, d = green["a"], green["b"], green["d"]
    policy = green.policy(green.tier("who", 1), 1)
    green.rule_of(policy, 1, "deny", protocol="tcp", ports=(80, 80))
    denied(lambda: tcp(a, b, 80), b)
    nobody = dict.fromkeys(("projects", "networks", "ports", "port_tags", "security_groups"), [])
    other = green.group("other", rules=OPEN)
    green.set_groups(d, other)
    green.set_port(b, tags=["pci"])
    for target, at, free in (({"projects": [b.port["project_id"]]}, b, None), ({"projects": ["somebody"]}, None, b),
                             ({"networks": [green.network["id"]]}, d, None), ({"ports": [b.id]}, b, d),
                             ({"port_tags": ["x", "pci"]}, b, d), ({"security_groups": [other]}, d, b)):
        green.change(f"security-policies/{policy}", **{**nobody, **target})
        if at:
            denied(lambda: tcp(a, at, 80), at)
        if free:
            passes(tcp(a, free, 80), target)
    green.change(f"security-policies/{policy}", port_tags=["pci"], security_groups=[])
    denied(lambda: tcp(a, b, 80), b)
    green.set_port(b, tags=[])
    passes(tcp(a, b, 80))
    green.change(f"security-policies/{policy}", **nobody, enabled=False)
    passes(tcp(a, d, 80))
    green.set_groups(d, green.open)


def test_at_once_for_connections_too(green):
    """A new deny cuts what there is; so does an allow that is removed, of what it alone allowed."""
    a, b = green["a"], green["b"]
    here, there = Connection(a, b, 8080), Connection(b, a, 8080, version=6)
    policy = green.policy(green.tier("now", 1), 1)
    assert here.works() and there.works()
    deny = green.rule_of(policy, 5, "deny", protocol="tcp", ports=(8080, 8080))
    denied(here.send, b)
    assert there.works()
    green.delete(f"security-policy-rules/{deny}")
    passes(tcp(a, b, 8080))
    allow = green.rule_of(policy, 5, "allow", version=6, protocol="tcp", ports=(8080, 8080))
    green.set_groups(a, green.group("only out", rules=[{"direction": "egress"}, {"direction": "egress", "version": 6}]))
    assert there.works()
    green.delete(f"security-policy-rules/{allow}")
    before = a.drops()["ingress"]
    there.client.send(b"more")
    wait_until(lambda: a.drops()["ingress"] > before, what="what only the tier allowed is refused")
    green.set_groups(a, green.open)


def test_baseline_and_ports_without_groups(green):
    """A baseline decides about what no group lets through; a port without groups is open but for the tiers."""
    a, b = green["a"], green["b"]
    baseline = green.policy(green.tier("baseline", 100, baseline=True), 1)
    green.rule_of(baseline, 1, "allow", protocol="icmp")
    green.rule_of(baseline, 2, "deny", protocol="tcp", ports=(25, 25))
    passes(tcp(a, b, 25))  # a group allows it
    green.set_groups(b, green.group("nothing in"))
    passes(icmp(a, b, 8))
    denied(lambda: tcp(a, b, 25), b)
    green.set_port(b, security_groups=[], port_security_enabled=False)
    passes(tcp(a, b, 26))
    denied(lambda: tcp(a, b, 25), b)
    assert Connection(b, a, 2525).works(), "what it opens is answered"
    green.delete(f"security-policies/{baseline}")
    passes(tcp(a, b, 25))
    green.set_port(b, port_security_enabled=True, security_groups=[green.open])


def test_what_is_always_possible(green):
    """DHCP, router advertisements, names and metadata: with groups that let nothing through, and a tier that denies everything."""
    a, b = green["a"], green["b"]
    green.set_groups(b, green.group("nothing at all"))
    policy = green.policy(green.tier("nothing", 1), 1, ports=[b.id])
    for place, (direction, version) in enumerate((d, v) for d in ("ingress", "egress") for v in (4, 6)):
        green.rule_of(policy, place, "deny", direction, version)
    denied(lambda: udp(a, b, 53), b)
    denied(lambda: udp(b, a, 53, 6), b)
    mac = b.port["mac_address"]
    with Wire(b.netns, "eth0") as wire:
        message = bytes([1, 1, 6, 0]) + b"weft" + bytes(20) + mac_bytes(mac) + bytes(202) + b"\x63\x82\x53\x63\x35\x01\x01\xff"
        wire.send(ethernet(BROADCAST, mac, IP4, ip4("0.0.0.0", "255.255.255.255", UDP, packet_udp(68, 67, message))))
        offer = wire.expect(lambda f: f[12:14] == b"\x08\x00" and f[34:36] == b"\0\x43" and f[46:50] == b"weft")
        assert offer[58:62] == address_bytes(b.ip[4])
        wire.send(ethernet("33:33:00:00:00:02", mac, IP6, icmp6(b.ip[6], "ff02::2", 133, bytes(4))))
        wire.expect(lambda f: f[12:14] == b"\x86\xdd" and f[20] == ICMP6 and f[54] == 134)
    assert "status: REFUSED" in green.lab.exec(b.name, "dig", "+time=3", "+tries=2", "CH", "TXT", "version.bind").stdout, "the DNS answers"
    assert "latest" in green.lab.exec(b.name, "curl", "-sS", "--fail", "--max-time", "5", "http://169.254.169.254/openstack").stdout
    green.set_groups(b, green.open)


def test_remotes_and_egress(green):
    """Rules about groups, address groups and prefixes, in both directions; members come and go."""
    a, b, c, d = (green[name] for name in "abcd")
    friends = green.group("friends", rules=OPEN)
    blocks = green.make("address_group", name="blocks", addresses=[f"{c.ip[6]}/128"])["id"]
    policy = green.policy(green.tier("remotes", 1), 1, ports=[b.id])
    green.rule_of(policy, 1, "deny", protocol="udp", remote_group_id=friends)
    green.rule_of(policy, 2, "deny", protocol="udp", version=6, remote_address_group_id=blocks)
    green.rule_of(policy, 3, "deny", "egress", protocol="udp", remote_ip_prefix=f"{d.ip[4]}/32")
    passes(udp(a, b, 53))
    green.set_groups(a, green.open, friends)
    denied(lambda: udp(a, b, 53), b)
    passes(udp(c, b, 53))
    denied(lambda: udp(c, b, 53, 6), b)
    denied(lambda: udp(b, d, 53), b)
    green.set_groups(a, green.open)
    passes(udp(a, b, 53))


def test_trace_and_why_name_tier_policy_and_rule(green):
    a, b = green["a"], green["b"]
    policy = green.policy(green.tier("quarantine", 1), 1, name="worm")
    rule = green.rule_of(policy, 1, "deny", protocol="tcp", ports=(445, 445))
    passing = green.rule_of(policy, 2, "pass", protocol="tcp", ports=(446, 446))
    answer = green.lab.json("why", a.id, b.id, "tcp/445")
    assert answer["verdict"] == "refused", answer
    assert f"the rule {rule} of the policy worm in the provider's tier quarantine denies" in answer["decisions"][1], answer
    assert "denied-tier" in answer["decisions"][2]
    answer = green.lab.json("why", a.id, b.id, "tcp/446")
    assert answer["verdict"] == "let through"
    steps = "\n".join(answer["decisions"] + answer["steps_at_receiver"])
    assert f"{passing} of the policy worm in the provider's tier quarantine leaves to the next tier" in steps, steps
    assert "security group open allows" in steps


def test_a_restart_changes_nothing(green):
    """The agent comes back to the same decisions, and connections live on."""
    a, b = green["a"], green["b"]
    green.rule_of(green.policy(green.tier("lasting", 1), 1), 1, "deny", protocol="tcp", ports=(99, 99))
    connection = Connection(a, b, 9090)
    green.lab.stop("h2", kill=True)
    green.lab.start("h2")
    assert connection.works()
    denied(lambda: tcp(a, b, 99), b)
