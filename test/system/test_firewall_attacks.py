"""What somebody tries who wants to get past the rules, or to break what they let through.

    h1: evil, peer            h2: victim               net: 10.0.0.0/24, fd00::/64, project red
        └── edge ════════════════ edge ┘
evil has no port security: it may send whatever it likes, also as others. victim lets TCP port 80 in, and nothing else.
"""
import socket
import threading
import time
from xml.etree import ElementTree

import pytest

from conftest import wait_until
from firewall_lab import Connection, Firewall, passes, refused, tcp
from packets import Wire, inside
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import Ether

MARK = b"past the rules"
EVERYTHING_OUT = [{"direction": "egress", "version": 4}, {"direction": "egress", "version": 6}]


@pytest.fixture(scope="module")
def red(module_lab):
    red = Firewall(module_lab, "red", {"evil": 1, "peer": 1, "victim": 2})
    red.evil, red.peer, red.victim = (red[name] for name in ("evil", "peer", "victim"))
    red.out = red.group("out", rules=EVERYTHING_OUT)
    red.web = red.group("web", rules=EVERYTHING_OUT + [{"protocol": "tcp", "ports": (80, 80)},
                                                       {"version": 6, "protocol": "tcp", "ports": (80, 80)}])
    red.set_groups(red.victim, red.web)
    red.set_groups(red.peer, red.out)
    red.set_port(red.evil, security_groups=[], port_security_enabled=False)
    for version in (4, 6):
        passes(tcp(red.peer, red.victim, 80, version))
    return red


def reasons(guest):
    return guest.lab.agent(guest.host, "ports", port=guest.id)["ports"][0]["drop_reasons"]


def ether(red, source):
    return Ether(src=source.port["mac_address"], dst=red.victim.port["mac_address"])


def bad4(red):
    """(what, packet behind the Ethernet header, the reason to drop it)"""
    head = IP(src=red.evil.ip[4], dst=red.victim.ip[4])
    whole = bytes(TCP(sport=1, dport=80, flags="S") / MARK)
    wrong = bytes(TCP(sport=1, dport=22, flags="S") / MARK)
    return [
        ("another port", head / TCP(dport=22, flags="S") / MARK, "denied-ingress"),
        ("another protocol to the same port", head / UDP(dport=80) / MARK, "denied-ingress"),
        ("from the open port", head / TCP(sport=80, dport=22, flags="S") / MARK, "denied-ingress"),
        ("an answer that nobody asked for", head / TCP(sport=80, dport=22, flags="SA") / MARK, "no-connection"),
        ("the middle of a connection", head / TCP(dport=22, flags="A") / MARK, "denied-ingress"),
        ("SYN and FIN", head / TCP(dport=80, flags="SF") / MARK, "tcp-flags"),
        ("SYN and RST", head / TCP(dport=80, flags="SR") / MARK, "tcp-flags"),
        ("no flags", head / TCP(dport=80, flags=0) / MARK, "tcp-flags"),
        ("behind IP options", IP(src=head.src, dst=head.dst, options=[IPOption_NOP()] * 40) / TCP(dport=22, flags="S") / MARK,
         "denied-ingress"),
        ("a header longer than the packet", IP(src=head.src, dst=head.dst, ihl=15, len=40, proto=6) / (bytes(10) + MARK), "malformed"),
        ("a first fragment without the ports", IP(src=head.src, dst=head.dst, id=7, flags="MF", proto=6) / whole[:8], "truncated"),
        ("what would follow it", IP(src=head.src, dst=head.dst, id=7, frag=1, proto=6) / (wrong[8:] + MARK), "fragment"),
        ("a fragment of nothing", IP(src=head.src, dst=head.dst, id=8, frag=100, proto=6) / MARK, "fragment"),
        ("an echo reply", head / ICMP(type=0, id=9) / MARK, "denied-ingress"),
        ("an error about no connection", head / ICMP(type=3, code=1) / IP(src=red.victim.ip[4], dst=head.src)
         / TCP(sport=22, dport=4444), "denied-ingress"),
        ("an unknown protocol", IP(src=head.src, dst=head.dst, proto=253) / MARK, "denied-ingress"),
    ]


def bad6(red):
    head = IPv6(src=red.evil.ip[6], dst=red.victim.ip[6])
    door = TCP(dport=22, flags="S") / MARK
    return [
        ("another port", head / door, "denied-ingress"),
        ("behind options", head / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt() / door, "denied-ingress"),
        ("behind a routing header", head / IPv6ExtHdrRouting(addresses=[head.src]) / door, "denied-ingress"),
        ("in an atomic fragment", head / IPv6ExtHdrFragment(id=3) / door, "denied-ingress"),
        ("behind a long chain", head / chain(40) / door, "malformed"),
        ("a first fragment whose headers end before the ports", head / IPv6ExtHdrFragment(id=4, m=1, nh=60)
         / bytes(IPv6ExtHdrDestOpt(nh=6)), "truncated"),
        ("what would follow it", head / IPv6ExtHdrFragment(id=4, offset=1, nh=60) / bytes(door), "fragment"),
        ("an echo reply", head / ICMPv6EchoReply(id=9, data=MARK), "denied-ingress"),
        ("an error about no connection", head / ICMPv6DestUnreach() / IPv6(src=head.dst, dst=head.src) / TCP(sport=22, dport=4444),
         "denied-ingress"),
        ("in an authentication header", head / AH(spi=1, seq=1, payloadlen=4, icv=bytes(12), nh=6) / bytes(door), "denied-ingress"),
    ]


def chain(n):
    headers = IPv6ExtHdrDestOpt()
    for _ in range(n - 1):
        headers = headers / IPv6ExtHdrDestOpt()
    return headers


def test_a_project_takes_no_more_than_its_quota(red):
    """The quota API bounds the connections of a project's ports on each host, at once; what there is stays. First: nothing is half open, which would give way."""
    held = [Connection(red.peer, red.victim, 80) for _ in range(3)]
    red.call("PUT", f"/v2.0/quotas/{red.project}", {"quota": {"tracked_connection": 3}}, admin=True)
    for guest in (red.peer, red.victim):
        before = reasons(guest).get("project-connection-quota", 0)
        kept, _ = tcp(red.peer, red.victim, 80) if guest is red.peer else tcp(red.evil, red.victim, 80)
        wait_until(lambda: reasons(guest).get("project-connection-quota", 0) > before, what=f"{guest.name}'s host refuses one more")
        del kept
    assert all(connection.works() for connection in held)
    red.call("PUT", f"/v2.0/quotas/{red.project}", {"quota": {"tracked_connection": -1}}, admin=True)
    passes(tcp(red.peer, red.victim, 80))


SCANS = {  # nmap's options: what it finds at the ports that are let in and listened at, let in alone, and not let in
    "-sT": ("open", "closed", "filtered"),
    "-sS": ("open", "closed", "filtered"),
    "-sU": ("open", "closed", "open|filtered"),
    "-sF": ("open|filtered", "closed", "open|filtered"),
    "-sX": ("open|filtered", "closed", "open|filtered"),
    "-sN": ("open|filtered", "open|filtered", "open|filtered"),  # no flags at all: never let in
    "-sA": ("unfiltered", "unfiltered", "filtered"),
}
TCP_DOORS, UDP_DOORS = (80, 81, 22), (53, 54, 55)


def listen(guest, version):
    """At the first of the doors; the UDP socket answers whatever comes, until it is closed."""
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with inside(guest.netns):
        tcp_socket = socket.create_server((guest.ip[version], TCP_DOORS[0]), family=family)
        udp_socket = socket.socket(family, socket.SOCK_DGRAM)
    udp_socket.bind((guest.ip[version], UDP_DOORS[0]))

    def answer():
        while True:
            data, sender = udp_socket.recvfrom(2000)
            if data == b"over":
                return
            udp_socket.sendto(b"here", sender)
    thread = threading.Thread(target=answer, daemon=True)
    thread.start()

    def close():
        udp_socket.sendto(b"over", udp_socket.getsockname())
        thread.join()
        udp_socket.close()
        tcp_socket.close()
    return close


def nmap(red, option, version):
    doors = UDP_DOORS if option == "-sU" else TCP_DOORS
    words = [option, *(["-6"] if version == 6 else []), "-n", "-Pn", "--disable-arp-ping", "--max-retries", "2", "--initial-rtt-timeout", "400ms",
             "--max-rtt-timeout", "1s", "-p", ",".join(map(str, doors)), "-oX", "-", red.victim.ip[version]]
    return doors, red.lab.popen("red-evil", "nmap", *words, stderr=None)


def test_scans(red):
    """nmap, from another host in both IP versions, finds what the rules say, port by port, whatever flags it sends."""
    doors = [{"version": version, "protocol": protocol, "ports": ports} for version in (4, 6)
             for protocol, ports in (("tcp", TCP_DOORS[:2]), ("udp", UDP_DOORS[:2]))]
    red.set_groups(red.victim, red.group("doors", rules=EVERYTHING_OUT + doors))
    closers = [listen(red.victim, version) for version in (4, 6)]
    found, expected = {}, {}
    running = {(option, version): nmap(red, option, version) for option in SCANS for version in (4, 6)}
    for key, (doors, process) in running.items():
        printed, _ = process.communicate(timeout=60)
        found[key] = {int(port.get("portid")): port.find("state").get("state") for port in ElementTree.fromstring(printed).iter("port")}
        expected[key] = dict(zip(doors, SCANS[key[0]]))
    for close in closers:
        close()
    red.set_groups(red.victim, red.web)
    assert found == expected


@pytest.mark.parametrize("version", [4, 6])
def test_what_is_no_rule_s_business(red, version):
    """Each is refused with its reason, counted at the victim's port or, when it can't be read at all, at the sender's."""
    wrong = []
    with Wire(red.evil.netns, "eth0") as sender, Wire(red.victim.netns, "eth0") as receiver:
        for what, packet, reason in (bad4 if version == 4 else bad6)(red):
            before = reasons(red.victim).get(reason, 0) + reasons(red.evil).get(reason, 0)
            sender.send(bytes(ether(red, red.evil) / packet))
            try:
                wait_until(lambda: reasons(red.victim).get(reason, 0) + reasons(red.evil).get(reason, 0) > before, 2, interval=0.002)
            except pytest.fail.Exception:
                wrong.append(f"{what}: not counted as {reason}, but {reasons(red.victim)}, {reasons(red.evil)}")
        # What is let through comes behind all of these.
        head = IP(src=red.evil.ip[4], dst=red.victim.ip[4]) if version == 4 else \
            IPv6(src=red.evil.ip[6], dst=red.victim.ip[6]) / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt()
        last = bytes(ether(red, red.evil) / head / TCP(sport=5000 + version, dport=80, flags="S"))
        sender.send(last)
        receiver.expect(lambda f: f == last)
        assert not [f for f in receiver.seen if MARK in f]
    assert not wrong, "\n".join(wrong)


def fragment(red, version, identification, offset, more, data, named=6):
    """Of TCP, as a frame; the offset is in 8 bytes. @named: as what, in IPv6, where the first fragment alone is believed."""
    if version == 4:
        packet = IP(src=red.evil.ip[4], dst=red.victim.ip[4], id=identification, proto=6, frag=offset, flags="MF" if more else 0)
    else:
        packet = IPv6(src=red.evil.ip[6], dst=red.victim.ip[6]) / IPv6ExtHdrFragment(id=identification, nh=named, offset=offset, m=int(more))
    return bytes(ether(red, red.evil) / packet / data)


@pytest.mark.parametrize("version", [4, 6])
def test_fragments_that_overlap(red, version):
    """The first fragment is let through: another that writes over its ports or flags is not, one that follows it is."""
    first = bytes(TCP(sport=7777, dport=80, flags="S")) + b"A" * 12
    over = bytes(TCP(sport=7777, dport=22, flags="S"))
    with Wire(red.evil.netns, "eth0") as sender, Wire(red.victim.netns, "eth0") as receiver:
        before = reasons(red.victim).get("fragment", 0)
        frames = [fragment(red, version, 77, 0, True, first)]
        for offset, data in ((1, over[8:16]), (2, over[16:] + bytes(4)), (1, MARK + bytes(2))):
            frames.append(fragment(red, version, 77, offset, True, data))
        if version == 6:
            frames.append(fragment(red, version, 77, 1, True, over[8:16], named=17))
        last = fragment(red, version, 77, 4, False, b"B" * 8)
        sender.send(*frames, last)
        receiver.expect(lambda f: f == last)
        assert frames[0] in receiver.seen and not [f for f in frames[1:] if f in receiver.seen]
        assert reasons(red.victim)["fragment"] == before + len(frames) - 1


def test_an_error_about_a_fragment(red):
    """The victim sends what is too long for a link further away, in fragments; the router there says so, quoting one, and no rule lets ICMP in: its system takes
    the link's MTU. About what it has not sent it is told nothing."""
    with inside(red.victim.netns):
        sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sender.connect((red.evil.ip[6], 4242))
    with Wire(red.evil.netns, "eth0") as wire:
        sender.send(bytes(3000))
        first = IPv6(wire.expect(lambda f: (packet := Ether(f)).haslayer(IPv6ExtHdrFragment) and packet[IPv6ExtHdrFragment].offset == 0)[14:])
        about = ether(red, red.evil) / IPv6(src=red.evil.ip[6], dst=red.victim.ip[6]) / ICMPv6PacketTooBig(mtu=1280)
        other = first.copy()
        other[IPv6ExtHdrFragment].payload.sport += 1
        before = reasons(red.victim).get("denied-ingress", 0)
        wire.send(bytes(about / bytes(other)[:1200]))
        wait_until(lambda: reasons(red.victim).get("denied-ingress", 0) > before, what="an error about something else is refused")
        wire.send(bytes(about / bytes(first)[:1200]))
        wait_until(lambda: "mtu 1280" in red.lab.exec("red-victim", "ip", "-6", "route", "get", red.evil.ip[6]).stdout, what="the victim knows the link's MTU")
    sender.close()
    red.lab.exec("red-victim", "ip", "-6", "route", "flush", "cache")


def test_guesses_at_a_connection(red):
    """Resets, openings and errors by somebody who knows addresses and ports, but not the sequence: it goes on."""
    connection = Connection(red.peer, red.victim, 80)
    _, port = connection.client.getsockname()
    head = ether(red, red.peer) / IP(src=red.peer.ip[4], dst=red.victim.ip[4])
    before = reasons(red.victim).get("tcp-reset", 0)
    with Wire(red.evil.netns, "eth0") as sender:
        # some of these are in the window, in which case the victim's TCP challenges them (RFC 5961)
        sender.send(*[bytes(head / TCP(sport=port, dport=80, flags="R", seq=n << 24)) for n in range(256)])
        sender.send(*[bytes(head / TCP(sport=port, dport=80, flags="S", seq=n << 28)) for n in range(16)])
        sender.send(bytes(head / ICMP(type=3, code=3) / IP(src=red.victim.ip[4], dst=red.peer.ip[4]) / TCP(sport=80, dport=port + 1)))
        wait_until(lambda: reasons(red.victim).get("tcp-reset", 0) > before + 200, what="resets are refused")
    assert connection.works()


def test_groups_that_name_each_other(red):
    """A circle of remote groups, and a group that names itself, mean what they say and nothing else."""
    one, two = red.group("one"), red.group("two")
    for own, named in ((one, two), (two, one), (one, one)):
        red.rule(own, protocol="tcp", remote_group_id=named)
    red.set_groups(red.victim, one)
    red.set_groups(red.peer, red.out)
    refused(lambda: tcp(red.peer, red.victim, 80), red.victim)
    red.set_groups(red.peer, two, red.out)
    passes(tcp(red.peer, red.victim, 80))
    red.set_groups(red.peer, one, red.out)
    passes(tcp(red.peer, red.victim, 80))
    red.set_groups(red.peer, red.out)
    red.set_groups(red.victim, red.web)


def test_huge_groups(red):
    """1,000 ports in a group and 10,000 blocks in an address group: one more and one less is as quick as in a small one."""
    crowd = red.group("crowd", rules=EVERYTHING_OUT)
    net = red.api.make("network", name="crowd")["id"]
    red.api.make("subnet", network_id=net, cidr="10.64.0.0/16", ip_version=4)
    red.call("PUT", f"/v2.0/quotas/{red.project}", {"quota": {"port": -1}}, admin=True)
    red.call("POST", "/v2.0/ports", {"ports": [{"network_id": net, "security_groups": [crowd]}] * 1000})
    blocks = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(256 * 70, 256 * 70 + 10000)]
    group = red.make("address_group", name="huge", addresses=blocks)["id"]
    door = red.group("door", rules=[{"protocol": "tcp", "ports": (80, 80), "remote_group_id": crowd},
                                    {"protocol": "tcp", "ports": (81, 81), "remote_address_group_id": group}])
    red.set_groups(red.victim, door)
    refused(lambda: tcp(red.peer, red.victim, 80), red.victim)
    begin = time.monotonic()
    red.set_groups(red.peer, crowd)
    passes(tcp(red.peer, red.victim, 80))
    red.set_groups(red.peer, red.out)
    refused(lambda: tcp(red.peer, red.victim, 80), red.victim)
    red.call("PUT", f"/v2.0/address-groups/{group}/remove_addresses", {"addresses": blocks[:1]})
    red.call("PUT", f"/v2.0/address-groups/{group}/add_addresses", {"addresses": [f"{red.peer.ip[4]}/32"]})
    passes(tcp(red.peer, red.victim, 81))
    refused(lambda: tcp(red.peer, red.victim, 80), red.victim)
    print(f"four changes, each on all hosts and seen by a packet: {(time.monotonic() - begin) * 1000:.0f} ms")
    assert time.monotonic() - begin < 20
