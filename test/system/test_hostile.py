"""Frames that a well-behaved guest or peer never sends.

    [evil] ──┐                              ┌── [w]
    [v] ─────┴── h1 ═════ underlay ═════ h2 ┘            v pings w all the time
                              └── [far VTEP: the test itself, with a packet socket]
Each frame is dropped for its reason, counted once; the neighbours lose nothing; the agents go on.
"""
import ipaddress
import random
import struct

import pytest

from conftest import wait_until
from far import FarVtep
from packets import (ARP, BROADCAST, GENEVE_PORT, ICMP6, IP4, IP6, TCP, UDP, VLAN, VXLAN_PORT, Wire, address_bytes, arp,
                     ethernet, geneve, icmp6, ip4, ip6, mac_bytes, udp, udp6, vxlan)
from traffic import Ping

MORE_FRAGMENTS, DF = 0x2000, 0x4000
ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
NOBODY = "02:00:5e:00:00:77"


class Guest:
    def __init__(self, lab, name, host):
        port = lab.guest(name, host, "net1")
        self.id, self.name, self.mac = port["id"], name, port["mac_address"]
        self.ip4, self.ip6 = lab.address(port), lab.address(port, 6)
        self.netns = lab.netns(name)


def silence(lab, *guests):
    """What the guests' own systems would say (MLD, ARP and ND for a gateway) is not said from now on: drops are only of what a
    test sends by a packet socket. Pings go on."""
    known = ", ".join(guest.ip4 for guest in (lab.evil, lab.v, lab.w))
    for guest in guests:
        lab.exec(guest, "nft", f"""
            table inet silence {{
                chain output {{
                    type filter hook output priority 0; policy drop;
                    meta l4proto icmp accept
                }}
            }}
            table arp silence {{
                chain output {{
                    type filter hook output priority 0; policy drop;
                    arp daddr ip {{ {known} }} accept
                }}
            }}""")


@pytest.fixture(scope="module")
def guests(module_lab):
    """The lab of the drawing."""
    lab = module_lab
    lab.network("net1")
    lab.weft("subnet", "create", "six", "--network", "net1", "--subnet-range", "fd00:5::/64", "--no-dhcp")
    lab.evil, lab.v, lab.w = Guest(lab, "evil", 1), Guest(lab, "v", 1), Guest(lab, "w", 2)
    silence(lab, "evil", "v", "w")
    wait_until(lambda: lab.pings("v", lab.w.ip4))
    return lab


@pytest.fixture
def stage(guests):
    """During a test v's ping must not lose anything, and afterwards the agents must be the same processes."""
    lab = guests
    agents = [lab.pid("h1"), lab.pid("h2")]
    ping = Ping(lab.v.netns, lab.w.ip4)
    yield lab
    sent, lost = ping.stop()
    assert sent and lost == 0
    assert [lab.pid("h1"), lab.pid("h2")] == agents and lab.agent("h1", "status") and lab.agent("h2", "status")


def link_local(mac):
    b = mac_bytes(mac)
    return str(ipaddress.IPv6Address(bytes.fromhex("fe80") + bytes(6) + bytes([b[0] ^ 2]) + b[1:3] + b"\xff\xfe" + b[3:]))


def port_drops(lab, guest):
    return lab.agent("h1", "ports", port=guest.id)["ports"][0]["drop_reasons"]


def host_drops(lab):
    return {name: drop["count"] for name, drop in lab.agent("h1", "drops")["host"].items() if drop["count"]}


def more(before, after):
    return {reason: n - before.get(reason, 0) for reason, n in after.items() if n > before.get(reason, 0)}


def counted(before, drops):
    """What more is dropped by now; the kernel may take a frame a moment after it was sent."""
    try:
        return wait_until(lambda: more(before, drops()), 10)
    except pytest.fail.Exception:
        return {}


def from_guest(evil, victim):
    """(what, frame, reason) of what a guest must not send."""
    me4, me6, to4, to6 = evil.ip4, evil.ip6, victim.ip4, victim.ip6
    hello = udp(7000, 7000, b"hello")

    def eth4(packet, src=evil.mac, dst=victim.mac):
        return ethernet(dst, src, IP4, packet)

    def eth6(packet, src=evil.mac, dst=victim.mac):
        return ethernet(dst, src, IP6, packet)

    def link_address(kind, mac):
        return bytes([kind, 1]) + mac_bytes(mac)

    def advert(target, mac, src=me6):
        return eth6(icmp6(src, ALL_NODES, 136, b"\x20\0\0\0" + address_bytes(target) + link_address(2, mac)), dst=ALL_NODES_MAC)

    def solicit(options):
        return eth6(icmp6(me6, to6, 135, bytes(4) + address_bytes(to6) + options))

    def extended(headers, protocol, packet):
        """An IPv6 packet with headers before its payload."""
        return packet[:4] + struct.pack("!HB", len(headers) + len(packet) - 40, protocol) + packet[7:40] + headers + packet[40:]

    ra = icmp6(me6, ALL_NODES, 134, bytes([64, 0, 7, 8]) + bytes(8))
    redirect = icmp6(me6, to6, 137, bytes(4) + address_bytes(me6) + address_bytes(to6))
    good_arp = arp(1, evil.mac, me4, "00:00:00:00:00:00", to4)
    to_all = {"dst": BROADCAST}
    return [
        ("an ARP request cut short", ethernet(BROADCAST, evil.mac, ARP, good_arp[:20]), "truncated"),
        ("ARP of other lengths", ethernet(BROADCAST, evil.mac, ARP, good_arp[:4] + b"\x08\x04" + good_arp[6:]), "malformed"),
        ("another's MAC", eth4(ip4(me4, to4, UDP, hello), src=victim.mac), "spoofed-mac"),
        ("a multicast source", eth4(ip4(me4, to4, UDP, hello), src="01:00:5e:00:00:01"), "spoofed-mac"),
        ("another's MAC, not IP", ethernet(victim.mac, NOBODY, 0x88b5, bytes(46)), "spoofed-mac"),
        ("another's IPv4 address", eth4(ip4(to4, to4, UDP, hello)), "spoofed-ip"),
        ("no IPv4 address", eth4(ip4("0.0.0.0", to4, UDP, hello)), "spoofed-ip"),
        ("another's IPv6 address", eth6(ip6(to6, to6, UDP, hello)), "spoofed-ip"),
        ("another's link-local address", eth6(ip6("fe80::5", to6, UDP, hello)), "spoofed-ip"),
        ("another's address in a fragment", eth4(ip4(to4, to4, UDP, hello, flags=5)), "spoofed-ip"),
        ("ARP for another", ethernet(BROADCAST, evil.mac, ARP, arp(1, evil.mac, to4, evil.mac, me4)), "spoofed-arp"),
        ("ARP reply with another's MAC", ethernet(victim.mac, evil.mac, ARP, arp(2, victim.mac, me4, victim.mac, to4)),
         "spoofed-arp"),
        ("gratuitous ARP for another", ethernet(BROADCAST, evil.mac, ARP, arp(2, evil.mac, to4, BROADCAST, to4)), "spoofed-arp"),
        ("ARP with another's Ethernet source", ethernet(BROADCAST, victim.mac, ARP, good_arp), "spoofed-mac"),
        ("an advertisement of another's address", advert(to6, evil.mac), "spoofed-nd"),
        ("an advertisement with another's MAC", advert(me6, victim.mac), "spoofed-nd"),
        ("a solicitation with another's MAC", solicit(link_address(1, victim.mac)), "spoofed-nd"),
        ("the same behind five other options", solicit(5 * (b"\x0e\x01" + bytes(6)) + link_address(1, victim.mac)), "spoofed-nd"),
        ("an option of no length", solicit(b"\x0e\0" + bytes(6) + link_address(1, victim.mac)), "spoofed-nd"),
        ("a DHCP server's offer", eth4(ip4(me4, "255.255.255.255", UDP, udp(67, 68, bytes(300))), **to_all), "dhcp-server"),
        ("another, from a port of its own", eth4(ip4(me4, "255.255.255.255", UDP, udp(1067, 68, bytes(300))), **to_all), "dhcp-server"),
        ("a DHCPv6 server's reply", eth6(ip6(me6, to6, UDP, udp(547, 546, bytes(60)))), "dhcp-server"),
        ("another, from a port of its own", eth6(ip6(me6, to6, UDP, udp(1547, 546, bytes(60)))), "dhcp-server"),
        ("a router advertisement", eth6(ra, dst=ALL_NODES_MAC), "router-advertisement"),
        ("a redirect", eth6(redirect), "router-advertisement"),
        ("the same behind hop-by-hop options", eth6(extended(b"\x3a\0\1\4\0\0\0\0", 0, ra), dst=ALL_NODES_MAC),
         "router-advertisement"),
        ("the same in a fragment", eth6(extended(b"\x3a\0\0\1\0\0\0\7", 44, ra), dst=ALL_NODES_MAC), "router-advertisement"),
        ("more extension headers than anybody needs", eth6(extended(7 * b"\0\0\1\4\0\0\0\0", 0, ra)), "malformed"),
        ("a VLAN tag", ethernet(victim.mac, evil.mac, VLAN, struct.pack("!HH", 100, IP4) + ip4(me4, to4, UDP, hello)),
         "vlan-tagged"),
        ("a service tag", ethernet(victim.mac, evil.mac, 0x88a8, struct.pack("!HH", 100, IP4) + ip4(me4, to4, UDP, hello)),
         "vlan-tagged"),
        ("spanning tree", ethernet("01:80:c2:00:00:00", evil.mac, 38, bytes(46)), "reserved-multicast"),
        ("IPv4 version 5", eth4(ip4(me4, to4, UDP, hello, version_ihl=0x55)), "malformed"),
        ("an IPv4 header of 16 bytes", eth4(ip4(me4, to4, UDP, hello, version_ihl=0x44)), "malformed"),
        ("IPv4 longer than its frame", eth4(ip4(me4, to4, UDP, hello, length=200)), "malformed"),
        ("IPv4 shorter than its header", eth4(ip4(me4, to4, UDP, hello, length=19)), "malformed"),
        ("half an IPv4 header", eth4(ip4(me4, to4, UDP, hello)[:10]), "truncated"),
        ("half a UDP header", eth4(ip4(me4, to4, UDP, hello[:4])), "truncated"),
        ("a TCP header of 16 bytes", eth4(ip4(me4, to4, TCP, bytes(12) + b"\x40" + bytes(7))), "malformed"),
        ("IPv6 longer than its frame", eth6(ip6(me6, to6, UDP, hello)[:-3]), "malformed"),
        ("half an IPv6 header", eth6(ip6(me6, to6, UDP, hello)[:30]), "truncated"),
        ("to nobody", eth4(ip4(me4, to4, UDP, hello), dst=NOBODY), "unknown-unicast"),
        ("to itself", eth4(ip4(me4, me4, UDP, hello), dst=evil.mac), "hairpin"),
    ]


def test_what_a_guest_must_not_send(stage):
    """L6, B22: truncated, spoofed, rogue and malformed frames: each is one drop with its reason and reaches nobody."""
    lab, evil = stage, stage.evil
    with Wire(evil.netns, "eth0") as wire, Wire(lab.v.netns, "eth0") as v, Wire(lab.w.netns, "eth0") as w:
        wrong = []
        cases = from_guest(evil, lab.w)
        for what, frame, reason in cases:
            before = port_drops(lab, evil)
            wire.send(frame)
            dropped = counted(before, lambda: port_drops(lab, evil))
            if dropped != {reason: 1}:
                wrong.append(f"{what}: want {reason}, got {dropped}")
        assert not wrong, "\n".join(wrong)
        marker = ethernet(lab.w.mac, evil.mac, IP4, ip4(evil.ip4, lab.w.ip4, UDP, udp(7000, 7001, b"the last")))
        wire.send(marker)
        w.expect(lambda f: f == marker)
        v.received()
        sent = {frame for _, frame, _ in cases}
        assert not [f for f in v.seen + w.seen if f in sent]


def test_fragments_pass_whole(stage):
    """B46: fragments, of which only the first has ports, arrive as they were sent, over the tunnel and on the same host."""
    lab, evil = stage, stage.evil
    before = port_drops(lab, evil)
    with Wire(evil.netns, "eth0") as wire, Wire(lab.v.netns, "eth0") as v, Wire(lab.w.netns, "eth0") as w:
        for receiver, seen in ((lab.v, v), (lab.w, w)):
            datagram = udp(7000, 7001, bytes(range(256)))
            frames = [ethernet(receiver.mac, evil.mac, IP4, packet) for packet in (
                ip4(evil.ip4, receiver.ip4, UDP, datagram[:128], flags=MORE_FRAGMENTS, ident=7),
                ip4(evil.ip4, receiver.ip4, UDP, datagram[128:], flags=128 // 8, ident=7))]
            wire.send(*frames, *reversed(frames))
            seen.expect(lambda f: seen.seen.count(frames[0]) == 2)
            assert seen.seen.count(frames[1]) == 2
    assert more(before, port_drops(lab, evil)) == {}


def test_sender_of_too_large_packets_is_told(stage):
    """L30, B35: over the network's MTU, DF: fragmentation needed with the MTU, and packet too big for IPv6; for unicast only."""
    lab, evil = stage, stage.evil
    mtu = lab.json("network", "show", "net1")["mtu"]
    # A guest that believes its network to be larger; a veth takes no more than this above its peer's.
    lab.exec("evil", "ip", "link", "set", "eth0", "mtu", str(mtu + 4))
    for receiver in (lab.v, lab.w):
        with Wire(evil.netns, "eth0") as wire:
            fits = ip4(evil.ip4, receiver.ip4, UDP, udp(7000, 7001, bytes(mtu - 28)), flags=DF)
            large = ip4(evil.ip4, receiver.ip4, UDP, udp(7000, 7001, bytes(mtu - 27)), flags=DF)
            before = port_drops(lab, evil)
            wire.send(ethernet(receiver.mac, evil.mac, IP4, fits))
            assert more(before, port_drops(lab, evil)) == {}
            wire.send(ethernet(receiver.mac, evil.mac, IP4, large))
            told = wire.expect(lambda f: f[12:14] == b"\x08\x00" and f[23] == 1 and f[34:36] == b"\x03\x04")
            assert int.from_bytes(told[40:42], "big") == mtu and told[42:70] == large[:28]
            assert told[30:34] == address_bytes(evil.ip4)
            large6 = ip6(evil.ip6, receiver.ip6, UDP, udp(7000, 7001, bytes(mtu - 47)))
            wire.send(ethernet(receiver.mac, evil.mac, IP6, large6))
            told = wire.expect(lambda f: f[12:14] == b"\x86\xdd" and f[20] == ICMP6 and f[54] == 2)
            assert int.from_bytes(told[58:62], "big") == mtu and told[62:110] == large6[:48]
            assert more(before, port_drops(lab, evil)) == {"too-big": 2}
    # The guest's own system believes it: what it sends from then on is smaller, and arrives.
    assert lab.exec("evil", "ping", "-c", "3", "-i", "0.1", "-W", "1", "-M", "want", "-s", str(mtu - 24), lab.w.ip4,
                    check=False).stdout.count("bytes from") >= 1


def test_bad_dhcp_is_survived(stage):
    """B5: what claims to be DHCP, RS or DNS and is not gets no answer, harms nobody, and good requests still do."""
    lab, evil = stage, stage.evil
    chance = random.Random(4)
    head = bytes([1, 1, 6, 0]) + bytes(24) + mac_bytes(evil.mac) + bytes(202) + b"\x63\x82\x53\x63"
    tails = [b"", b"\x35", b"\x35\xff", b"\x35\x01", b"\x35\x00\xff", b"\x35\x01\x63\xff", b"\x35\x01\x01\x52\xff\x01",
             b"\x35\x01\x03\x32\x03\x0a\0\0\xff", b"\x34\x01\x03\x35\x01\x01", bytes(1000)]
    payloads = [head[:n] for n in (0, 1, 27, 235, 239)] + [head + tail for tail in tails]
    payloads += [head + b"\x35\x01\x01" + chance.randbytes(chance.randrange(200)) for _ in range(50)]
    frames = [ethernet(BROADCAST, evil.mac, IP4, ip4("0.0.0.0", "255.255.255.255", UDP, udp(68, 67, p))) for p in payloads]
    frames += [ethernet("33:33:00:01:00:02", evil.mac, IP6, udp6(
        link_local(evil.mac), "ff02::1:2", 546, 547, b"\x01" + chance.randbytes(chance.randrange(80)))) for _ in range(50)]
    frames += [ethernet("33:33:00:00:00:02", evil.mac, IP6, icmp6(
        evil.ip6, "ff02::2", 133, chance.randbytes(chance.randrange(60)))) for _ in range(50)]
    mode = ("--ipv6-ra-mode", "dhcpv6-stateful", "--ipv6-address-mode", "dhcpv6-stateful")
    lab.weft("subnet", "create", "stateful", "--network", "net1", "--subnet-range", "fd00:6::/64", *mode)
    lab.weft("port", "set", evil.id, *(word for ip in (evil.ip4, evil.ip6, "fd00:6::e")
                                       for word in ("--fixed-ip", f"ip-address={ip}")))
    with Wire(evil.netns, "eth0") as wire, Wire(lab.v.netns, "eth0") as v:
        solicitation = ethernet("33:33:00:00:00:02", evil.mac, IP6, icmp6(evil.ip6, "ff02::2", 133, bytes(4)))
        wait_until(lambda: wire.send(solicitation) or any(f[20] == ICMP6 and f[54] == 134 for f in wire.received()
                                                          if f[12:14] == b"\x86\xdd"), what="a router advertisement")
        v.received()
        v.seen.clear()
        def all_punted(batch):
            before = port_drops(lab, evil)
            wire.send(*batch)
            return "punt-rate" not in more(before, port_drops(lab, evil))

        for first in range(0, len(frames), 5):
            wait_until(lambda: all_punted(frames[first:first + 5]))
        v.received()
        assert not [f for f in v.seen if f in frames]
        services = lab.agent("h1", "services")
        assert all(services[service][outcome] for service, outcome in (
            ("dhcp4", "bad-header"), ("dhcp4", "bad-option"), ("dhcp6", "bad-option"), ("ra", "bad-option"))), services
    lab.guest("new", 1, "net1", fixed_ip="10.0.0.99")  # by DHCP
    silence(lab, "new")


def discover(guest, client):
    """A DISCOVER that is @guest's frame and asks in the name of @client."""
    message = bytes([1, 1, 6, 0]) + mac_bytes(client)[2:] + bytes(20) + mac_bytes(client) + bytes(202) + b"\x63\x82\x53\x63\x35\x01\x01\xff"
    return ethernet(BROADCAST, guest.mac, IP4, ip4("0.0.0.0", "255.255.255.255", UDP, udp(68, 67, message)))


def test_dhcp_starvation(stage):
    """L6: who asks for addresses in the names of hundreds gets none, and takes none from anybody: an address is a port's, and so is what it may ask."""
    lab, evil, v = stage, stage.evil, stage.v

    def offered(frame, client):
        return frame[12:14] == b"\x08\x00" and frame[23] == UDP and frame[34:36] == b"\0\x43" and frame[70:76] == mac_bytes(client)

    def refused():
        return lab.agent("h1", "services")["dhcp4"]["foreign-mac"]

    with Wire(evil.netns, "eth0") as wire, Wire(v.netns, "eth0") as neighbour:
        before, crowd = refused(), [f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}" for n in range(400)]
        for client in crowd:
            wire.send(discover(evil, client))
        wait_until(lambda: refused() > before, what="the agent has seen some; the others are beyond the port's rate")
        neighbour.send(discover(v, v.mac))
        offer = neighbour.expect(lambda f: offered(f, v.mac))
        assert offer[58:62] == address_bytes(v.ip4), "its own address, as ever"
        wait_until(lambda: wire.send(discover(evil, evil.mac)) or any(offered(f, evil.mac) for f in wire.received()), what="its own it gets")
        assert not [f for f in wire.seen for client in crowd if offered(f, client)]


def random_frame(chance, evil, targets):
    """Anything, but more often than chance would have it something that gets far."""
    dst = chance.choice([evil.mac, NOBODY, BROADCAST, ALL_NODES_MAC, *(t.mac for t in targets)])
    src = evil.mac if chance.random() < 0.8 else ":".join(f"{chance.randrange(256):02x}" for _ in range(6))
    ethertype = chance.choice([IP4, IP4, IP6, IP6, ARP, VLAN, chance.randrange(65536)])
    body = bytearray(chance.randbytes(chance.randrange(0, 300)))
    if len(body) > 44 and chance.random() < 0.8:
        if ethertype == IP4:
            body[0], body[2:4] = 0x40 | chance.choice([5, 5, 5, 6, 15]), len(body).to_bytes(2, "big")
            body[9] = chance.choice([1, 2, TCP, UDP, 58, 47])
            body[12:16] = address_bytes(evil.ip4)
        elif ethertype == IP6:
            body[0], body[4:6] = 0x60, (len(body) - 40).to_bytes(2, "big")
            body[6] = chance.choice([0, 43, 44, 51, 60, TCP, UDP, ICMP6, ICMP6])
            body[8:24] = address_bytes(evil.ip6)
            body[40] = chance.choice([133, 134, 135, 136, 137, ICMP6, UDP, 44, 0])
        elif ethertype == ARP:
            body[:8] = bytes.fromhex("00010800060400") + bytes([chance.randrange(3)])
            body[8:14], body[14:18] = mac_bytes(evil.mac), address_bytes(evil.ip4)
    return ethernet(dst, src, ethertype, bytes(body))


def test_garbage_from_a_guest(stage):
    """L6: thousands of random frames: nothing stops, no neighbour loses a packet, no spoofed source comes out."""
    lab, evil = stage, stage.evil
    chance, before = random.Random(2), port_drops(lab, evil)
    with Wire(evil.netns, "eth0") as wire, Wire(lab.v.netns, "eth0") as v, Wire(lab.w.netns, "eth0") as w:
        for _ in range(100):
            wire.send(*(random_frame(chance, evil, [lab.v, lab.w]) for _ in range(40)))
            v.received(), w.received()
        drops = more(before, port_drops(lab, evil))
        assert "internal" not in drops and "internal" not in host_drops(lab)
        for reason in ("spoofed-mac", "malformed", "truncated", "vlan-tagged", "unknown-unicast"):
            assert drops.get(reason), f"the frames did not get as far as {reason}: {drops}"
        known = {mac_bytes(guest.mac) for guest in (evil, lab.v, lab.w)}
        services = {f[6:12] for f in v.seen + w.seen} - known
        # What else came is of weft's own services, which have one address for the network.
        assert len(services) <= 1, services


def from_underlay(far, local_mac, vni, evil):
    """(what, frame, reason) of tunnel packets that must go nowhere. `far` is a host of the network."""
    machine = ethernet(evil.mac, NOBODY, IP4, ip4("10.0.0.200", evil.ip4, UDP, udp(7000, 7001, b"hello")))

    def outer(port, payload, src=far.address, flags=0, length=None):
        header = struct.pack("!HHHH", 50000, port, 8 + len(payload) if length is None else length, 0)
        return ethernet(local_mac, far.mac, IP4, ip4(src, far.local, UDP, header + payload, flags=flags))

    both = [("VXLAN", VXLAN_PORT, vxlan), ("Geneve", GENEVE_PORT, geneve)]
    cases = [case for name, port, wrap in both for case in [
        (f"{name}: another VNI", outer(port, wrap(vni + 1000, machine)), "unknown-vni"),
        (f"{name}: the largest VNI", outer(port, wrap(0xffffff, machine)), "unknown-vni"),
        (f"{name}: from no host of the network", outer(port, wrap(vni, machine), src="192.0.2.201"), "unknown-vtep"),
        (f"{name}: UDP longer than the packet", outer(port, wrap(vni, machine), length=200), "outer-malformed"),
        (f"{name}: UDP shorter than the header", outer(port, wrap(vni, machine), length=12), "outer-malformed"),
        (f"{name}: no room for a frame", outer(port, wrap(vni, machine[:10])), "outer-malformed"),
        (f"{name}: a fragment", outer(port, wrap(vni, machine), flags=MORE_FRAGMENTS), "outer-fragment"),
        (f"{name}: half an IP header in it", outer(port, wrap(vni, machine[:24])), "truncated"),
        (f"{name}: an IP packet longer than its frame", outer(port, wrap(vni, machine[:-1])), "malformed"),
        (f"{name}: to a MAC that is not here", outer(port, wrap(vni, mac_bytes(NOBODY) + machine[6:])), "unknown-unicast"),
    ]]

    def with_options(options, first=None, flags=0):
        return outer(GENEVE_PORT, geneve(vni, machine, options, first, flags))

    return cases + [
        ("VXLAN without a valid VNI", outer(VXLAN_PORT, vxlan(vni, machine, flags=0)), "outer-malformed"),
        ("Geneve of version 1", with_options(b"", first=0x40), "outer-malformed"),
        ("Geneve with IPv4 in it", outer(GENEVE_PORT, b"\0\0\x08\0" + geneve(vni, machine)[4:]), "outer-malformed"),
        ("a Geneve control packet", with_options(b"", flags=0x80), "outer-malformed"),
        ("Geneve that says it has critical options", with_options(b"\0\1\1\0", flags=0x40), "critical-option"),
        ("a critical option", with_options(b"\0\1\x81\1" + bytes(4)), "critical-option"),
        ("a critical option behind another", with_options(b"\0\1\1\1" + bytes(4) + b"\0\1\x81\0"), "critical-option"),
        ("an option longer than all", with_options(b"\0\1\1\5" + bytes(4)), "outer-malformed"),
        ("more options than there are bytes", outer(GENEVE_PORT, geneve(vni, machine[:20], first=63)), "truncated"),
    ]


@pytest.fixture(scope="module")
def far(guests, request):
    """A VTEP that is a host of the network and speaks both encapsulations: a packet socket."""
    stage = guests
    far = FarVtep(stage)
    request.addfinalizer(far.remove)
    far.mac = far.ip("-o", "link", "show", "u0").split("link/ether ")[1].split()[0]
    network = stage.json("network", "show", "net1")
    far.vni = network["provider:segmentation_id"]
    far.declare(network, "vxlan", "02:00:5e:00:00:c8", "10.0.0.200")
    far.near_mac = stage.exec("h1", "cat", "/sys/class/net/uplink0/address").stdout.strip()
    wait_until(lambda: any(far.address in m["data"]["tunnel_ips"] for m in
                           stage.agent("h1", "view", kind="member")["records"]), what="h1 knows the VTEP")
    return far


def test_what_a_peer_must_not_send(stage, far):
    """L6, B4, B11: bad tunnel packets are one drop each, with the reason, and nothing of them comes out."""
    lab, evil = stage, stage.evil
    with Wire(far.namespace, "u0") as wire, Wire(evil.netns, "eth0") as guest:
        good = ethernet(far.near_mac, far.mac, IP4, ip4(far.address, far.local, UDP, udp(50000, VXLAN_PORT, vxlan(
            far.vni, ethernet(evil.mac, "02:00:5e:00:00:c8", IP4, ip4("10.0.0.200", evil.ip4, UDP, udp(1, 2, b"good")))))))
        wait_until(lambda: wire.send(good) or [f for f in guest.received() if b"good" in f], what="a good packet arrives")
        wrong, cases = [], from_underlay(far, far.near_mac, far.vni, evil)
        for what, frame, reason in cases:
            before = host_drops(lab)
            wire.send(frame)
            dropped = counted(before, lambda: host_drops(lab))
            if dropped != {reason: 1}:
                wrong.append(f"{what}: want {reason}, got {dropped}")
        assert not wrong, "\n".join(wrong)
        guest.received()
        assert not [f for f in guest.seen if b"hello" in f]


def test_garbage_from_the_underlay(stage, far):
    """L6: random tunnel packets, of a host of the network and of strangers: guests and agents notice nothing."""
    lab, chance, before = stage, random.Random(3), host_drops(stage)
    with Wire(far.namespace, "u0") as wire, Wire(lab.v.netns, "eth0") as v:
        for n in range(3000):
            if n % 100 == 0:
                v.received()
            inner = random_frame(chance, lab.evil, [])[:chance.randrange(1, 400)]
            vni = chance.choice([far.vni, far.vni, chance.randrange(1 << 24)])
            payload = chance.choice([vxlan(vni, inner), geneve(vni, chance.randbytes(32) + inner, first=chance.randrange(256)),
                                     chance.randbytes(chance.randrange(120))])
            packet = ip4(chance.choice([far.address, far.address, "192.0.2.99"]), far.local, UDP,
                         udp(50000, chance.choice([VXLAN_PORT, GENEVE_PORT]), payload))
            wire.send(ethernet(far.near_mac, far.mac, IP4, packet))
        drops = more(before, host_drops(lab))
        assert "internal" not in drops and "decap-failed" not in drops
        for reason in ("unknown-vni", "unknown-vtep", "outer-malformed", "critical-option", "truncated", "malformed"):
            assert drops.get(reason), f"the packets did not get as far as {reason}: {drops}"
    assert lab.pings("evil", lab.w.ip4) and lab.pings("evil", lab.v.ip4)
