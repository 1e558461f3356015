"""Tenants with the same addresses and MACs: what one sends, the other never sees.

    [red-a] [blue-a]      [red-b] [blue-b]                        networks red and blue, both 10.0.0.0/24, the same MACs
        └── h1 ──┘            └── h2 ──┘          h3: nobody
             ╘═══════ underlay ═══╧════════════════╛
"""
import pathlib

import pytest

import footprint
from conftest import wait_until
from packets import (ARP, BROADCAST, ICMP6, IP4, IP6, UDP, Wire, address_bytes, arp, ethernet,
                     icmp6, ip4, mac_bytes, udp, tunnelled)

MACS = {"a": "02:00:5e:00:00:0a", "b": "02:00:5e:00:00:0b"}
IPS = {"a": "10.0.0.11", "b": "10.0.0.12"}
MARK = b"only for red:"


def add_guest(lab, project, name, host, **options):
    """A guest whose MAC is chosen, which `weft lab guest` leaves to weft. It may send anything: what is asked is who gets it."""
    port = lab.json("port", "create", f"{project}-{name}", "--project", project, "--network", lab.networks[project]["id"],
                    "--mac-address", MACS[name], "--fixed-ip", f"ip-address={IPS[name]}", "--host", f"h{host}", "--no-port-security")
    lab.weft("lab", "guest", f"{project}-{name}", "--host", str(host), "--port", port["id"])
    return port


@pytest.fixture
def tenants(lab_with):
    """The lab of the drawing; lab.ports[project, guest], lab.networks[project], lab.vni[project]."""
    lab = lab_with(hosts=3)
    lab.networks = {project: lab.network("net", project=project) for project in ("red", "blue")}
    lab.vni = {project: lab.json("network", "show", network["id"])["provider:segmentation_id"]
               for project, network in lab.networks.items()}
    lab.ports = {(project, name): add_guest(lab, project, name, host)
                 for project in lab.networks for name, host in (("a", 1), ("b", 2))}
    return lab


def marked(text, dst_mac=MACS["b"], dst=IPS["b"]):
    return ethernet(dst_mac, MACS["a"], IP4, ip4(IPS["a"], dst, UDP, udp(7000, 7000, MARK + text)))


FLOODS = [
    marked(b"unicast"), marked(b"broadcast", BROADCAST, "10.0.0.255"), marked(b"limited", BROADCAST, "255.255.255.255"),
    marked(b"multicast", "01:00:5e:00:00:fb", "224.0.0.251"),
    ethernet(BROADCAST, MACS["a"], 0x88b5, MARK + b"not IP" + bytes(40)),
    ethernet(MACS["b"], MACS["a"], 0x88b5, MARK + b"not IP, unicast" + bytes(40)),
    marked(b"unknown unicast", "02:00:5e:00:00:77", "10.0.0.77"),
]


def test_nothing_crosses_between_tenants(tenants):
    """B10, B11, B4, L6: red's unicast, broadcast and multicast reach red, and no interface of blue; all under red's VNI."""
    lab = tenants
    assert len(set(lab.vni.values())) == 2
    with Wire(lab.netns("red-a"), "eth0") as sender, Wire(lab.netns("red-b"), "eth0") as receiver, \
            Wire(lab.netns("blue-a"), "eth0") as blue_a, Wire(lab.netns("blue-b"), "eth0") as blue_b, \
            Wire(lab.netns("h2"), "uplink0") as uplink:
        for _ in range(20):
            sender.send(*FLOODS)
        # Frames on one way arrive in order: after the last has come, so has all before it. On blue's way a ping has.
        sender.send(marked(b"last"))
        receiver.expect(lambda f: MARK + b"last" in f)
        for source in ("blue-a", "blue-b"):
            assert lab.pings(source, IPS["b" if source == "blue-a" else "a"])
        for wire in (blue_a, blue_b):
            wire.received()
            assert wire.seen and not [f for f in wire.seen if MARK in f]
        for frame in FLOODS[:-1]:
            assert frame in receiver.seen
        assert FLOODS[-1] not in receiver.seen
        uplink.received()
        marks = [packet for f in uplink.seen if MARK in f and (packet := tunnelled(f))]
        assert len(marks) == len([f for f in uplink.seen if MARK in f]) >= len(FLOODS) - 1
        assert {vni for vni, _ in marks} == {lab.vni["red"]}
        assert all(inner in FLOODS + [marked(b"last")] for _, inner in marks)


def test_arp_is_answered_at_the_port(tenants):
    """B22, B26, B38: ARP and ND get their answer at the asking port; neither a guest nor the underlay sees the question."""
    lab = tenants
    lab.weft("subnet", "create", "six", "--network", lab.networks["red"]["id"], "--subnet-range", "fd00:5::/64",
             "--no-dhcp", "--project", "red")
    for name in ("a", "b"):
        lab.weft("port", "set", lab.ports["red", name]["id"], "--fixed-ip", f"ip-address={IPS[name]}",
                 "--fixed-ip", f"ip-address=fd00:5::{name}")
    solicited = "ff02::1:ff00:b"
    question = ethernet(BROADCAST, MACS["a"], ARP, arp(1, MACS["a"], IPS["a"], "00:00:00:00:00:00", IPS["b"]))
    solicitation = ethernet("33:33:ff:00:00:0b", MACS["a"], IP6, icmp6(
        "fd00:5::a", solicited, 135, bytes(4) + address_bytes("fd00:5::b") + b"\x01\x01" + mac_bytes(MACS["a"])))
    wait_until(lambda: any(e["data"]["ips"] == [IPS["b"], "fd00:5::b"] for e in
                           lab.agent("h1", "view", kind="endpoint")["records"]), what="h1 knows the IPv6 address")
    with Wire(lab.netns("red-a"), "eth0") as sender, Wire(lab.netns("red-b"), "eth0") as receiver, \
            Wire(lab.netns("blue-a"), "eth0") as blue, Wire(lab.netns("h1"), "uplink0") as uplink, \
            Wire(lab.netns("h2"), "uplink0") as far_uplink:
        for _ in range(10):
            sender.send(question)
            answer = sender.expect(lambda f: f[12:14] == b"\x08\x06" and f[21] == 2)
            assert answer[:42] == ethernet(MACS["a"], MACS["b"], ARP, arp(2, MACS["b"], IPS["b"], MACS["a"], IPS["a"]))
            sender.send(solicitation)
            answer = sender.expect(lambda f: f[12:14] == b"\x86\xdd" and f[20] == ICMP6 and f[54] == 136)
            assert answer[6:12] == answer[-6:] == mac_bytes(MACS["b"])
        assert lab.pings("red-b", IPS["a"]) and lab.pings("blue-b", IPS["a"])  # after which all else has arrived
        for wire in (receiver, blue, uplink, far_uplink):
            wire.received()
            seen = [packet[1] if (packet := tunnelled(f)) else f for f in wire.seen]
            assert not [f for f in seen if f[:42] == question[:42] or f == solicitation]


def test_broadcast_goes_to_hosts_of_the_network_only(tenants):
    """B23, B26, L23: h3 has no guest of red and gets no packet; known unicast is never replicated; a guest on h3 changes that."""
    lab = tenants
    others = [frame for frame in FLOODS if frame[0] & 1]
    with Wire(lab.netns("red-a"), "eth0") as sender, Wire(lab.netns("red-b"), "eth0") as receiver, \
            Wire(lab.netns("h3"), "uplink0") as outsider:
        sender.send(*FLOODS, marked(b"last"))
        receiver.expect(lambda f: MARK + b"last" in f)
        # Whatever was sent to h3 was sent before this ping over the same bridge.
        assert lab.exec("h1", "ping", "-c1", "-W1", "192.0.2.3").returncode == 0
        outsider.received()
        assert outsider.seen and not [f for f in outsider.seen if tunnelled(f)]

        lab.guest("red-c", 3, lab.networks["red"]["id"], project="red")
        lab.weft("port", "set", "red-c", "--no-security-group", "--no-port-security")
        lab.weft("wait", "revision")
        outsider.received()
        outsider.seen.clear()
        with Wire(lab.netns("red-c"), "eth0") as joined:
            last = marked(b"last", BROADCAST, "10.0.0.255")
            wait_until(lambda: lab.pings("red-a", lab.address(lab.json("port", "show", "red-c"))))
            sender.send(*FLOODS, last)
            joined.expect(lambda f: f == last)
            outsider.received()
            got = [inner for f in outsider.seen if MARK in f for _, inner in [tunnelled(f)]]
            assert got == others + [last]
            assert [f for f in joined.seen if MARK in f] == others + [last]


def bpf_objects():
    """(kind, id) of all BPF programs and maps of the machine."""
    return {(kind, one["id"]) for kind in ("prog", "map") for one in footprint.output("bpftool", "-j", kind, "show")}


def test_end_of_a_port_leaves_nothing(tenants):
    """B8: a deleted port is gone from kernel and records of its host and of the others, and its device is as it was."""
    lab = tenants
    port = lab.ports["red", "b"]
    before = {host: lab.agent(host, "status")["datapath"] for host in ("h1", "h2")}
    lab.weft("lab", "remove", "red-b")
    lab.weft("port", "delete", port["id"], check=False)  # `weft lab remove` leaves a port that was made by somebody else
    wait_until(lambda: not lab.agent("h1", "view", kind="endpoint", id=port["id"])["records"], what="h1 has heard of it")
    wait_until(lambda: lab.agent("h2", "status")["datapath"]["ports"] == before["h2"]["ports"] - 1, what="h2 is rid of it")

    assert not [r for r in lab.agent("h2", "view")["records"] if port["id"] in str(r) or lab.networks["red"]["id"] in str(r)]
    after = {host: lab.agent(host, "status")["datapath"] for host in ("h1", "h2")}
    assert after["h2"]["networks"] == before["h2"]["networks"] - 1
    for host in ("h1", "h2"):
        assert after[host]["endpoints"] < before[host]["endpoints"]
    assert "v-red-b" not in lab.exec("h2", "ip", "link").stdout
    # The file grows by lines; one without a device takes back what an earlier one said.
    plugs = pathlib.Path(lab.folder, "h2/state/plugs")
    wait_until(lambda: [line for line in plugs.read_text().splitlines() if port["id"] in line][-1:] in ([], [port["id"]]),
               what="h2 has forgotten where it was plugged")
    pins = [p.name for p in (lab.folder / "h2/bpf").rglob("*")]
    assert not [name for name in pins if "v-red-b" in name or port["id"][:8] in name]
    # No packet comes for it any more, and none goes.
    assert not lab.pings("red-a", IPS["b"])
    assert lab.pings("blue-a", IPS["b"])
    assert lab.json("port", "list", "--network", lab.networks["red"]["id"])[0]["id"] == lab.ports["red", "a"]["id"]


def test_end_of_an_agent_leaves_no_program(lab):
    """B8: stopped with cleanup, an agent leaves no BPF program, no map, no filter, no pin and no device of its own."""
    lab.network("net1")
    lab.guest("g", 1, "net1")
    own = {("map", one) for one in footprint.map_ids(lab, "h1")} | {("prog", one) for one in footprint.programs(lab, "h1")}
    assert own <= bpf_objects()
    devices = lab.exec("h1", "ip", "-br", "link").stdout
    filters = ("tc", "filter", "show", "dev", "v-g", "ingress")
    assert "weft" in devices and "from_guest" in lab.exec("h1", *filters).stdout
    lab.agent("h1", "stop", cleanup=True)
    wait_until(lambda: not lab.pid("h1") or not pathlib.Path(f"/proc/{lab.pid('h1')}").exists(), what="the agent has ended")
    assert not list((lab.folder / "h1").glob("bpf/*"))
    assert lab.exec("h1", *filters).stdout == ""
    assert "weft" not in lab.exec("h1", "ip", "-br", "link").stdout
    wait_until(lambda: not own & bpf_objects(), what="programs and maps are gone")
