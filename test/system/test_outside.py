"""External networks, routers' gateways and floating IPs, at the edge of every host, and their limits. Proves Z5, Z6, Z7, Z36, B27.

    net1 10.1.0.0/24, fd01::/64 ── r ── public (flat, 203.0.113.0/24, 2001:db8:1::/64) ── the world of outside.py
    h1: a, d (net1)     h2: b (net1)     h3: c (net1), not connected to the outside
"""
import json
import pathlib
import re

import pytest

import bpf_maps
import footprint
import outside
import stalls
from conftest import wait_until
from limits import BOTH_WAYS, Policy, assert_free, assert_near, mbits, together
from outside_cloud import Connection, clouds
from traffic import Iperf, Ping
from twin import Mover

TCP_CONTROLS = {"bbr", "cubic"} & set(pathlib.Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split())


@pytest.fixture(scope="module")
def cloud(request):
    yield from clouds(request)


@pytest.fixture(autouse=True)
def clean(cloud):
    """Each test leaves the cloud as it was, failed or not."""
    yield
    cloud.remove_floating_ips()


def test_gateway_is_scheduled(cloud):
    """On one of the hosts that are connected, which says that it has it; shown where OpenStack shows it."""
    wait_until(lambda: cloud.gateway()["status"] == "ACTIVE", what="the gateway is ACTIVE")
    host = cloud.gateway()["binding:host_id"]
    assert host in ("h1", "h2")
    agents = cloud.api.get(f"/v2.0/routers/{cloud.router['id']}/l3-agents").json["agents"]
    assert [agent["host"] for agent in agents][0] == host and {a["host"] for a in agents} == {"h1", "h2", "h3"}
    assert {agent["host"]: agent.get("ha_state") for agent in agents} == {host: "active", {"h1": "h2", "h2": "h1"}[host]: "standby", "h3": None}
    mappings = {a["host"]: a["configurations"]["bridge_mappings"] for a in cloud.api.get("/v2.0/agents", agent_type="L3 agent").json["agents"]}
    assert mappings == {"h1": {"public": "ext0"}, "h2": {"public": "ext0"}, "h3": {}}
    status = {name: cloud.lab.agent(name, "status") for name in ("h1", "h2", "h3")}
    assert {name: [g["here"] for g in s["gateways"]] for name, s in status.items()} == {n: [n == host] for n in status}
    assert status["h1"]["wires"] == [{"physical_network": "public", "device": "ext0", "attached": True, "running": True}] and status["h3"]["wires"] == []


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_snat(cloud, name):
    """Z5: every host's guests reach the outside with the router's address, over the gateway's host."""
    wait_until(lambda: cloud.pings(name, outside.FAR), what=f"{name} reaches the outside")
    assert cloud.pings(name, outside.ROUTER)
    assert cloud.asks(name) == cloud.gateway_ip()
    assert cloud.world.pings(cloud.gateway_ip())


def test_each_host_translates_its_own(cloud):
    """Z10, B49: no machine for the network is on the way. A connected host's guests leave by its own wire, from its own MAC and with its own ports of the router's address; others by the gateway."""
    first = cloud.gateway()["binding:host_id"]
    other, near, far = {"h1": ("h2", "a", "b"), "h2": ("h1", "b", "a")}[first]
    for name in (near, far):
        wait_until(lambda: cloud.asks(name) == cloud.gateway_ip(), what=f"{name} is translated")
    gateways = {name: cloud.lab.agent(name, "status")["gateways"][0] for name in ("h1", "h2", "h3")}
    assert {gateways["h1"]["snat_ports"], gateways["h2"]["snat_ports"]} == {"32768-49151", "49152-65535"}
    assert gateways["h3"]["snat_ports"] is None and "bridge-mappings lacks public:DEVICE" in gateways["h3"]["snat_reason"]
    first_port, last_port = map(int, gateways[other]["snat_ports"].split("-"))
    assert first_port <= int(cloud.asks(far, port=7002)) <= last_port
    switch = dict(re.findall(r"^(\S+) dev (h\d)", cloud.world.exec("bridge", "fdb", "show", "br", "br0", "dynamic").stdout, re.MULTILINE))
    assert switch[cloud.gateway()["mac_address"]] == first and other in {dev for mac, dev in switch.items() if mac.startswith("06:")}, switch
    trace = cloud.lab.weft("trace", cloud.ports[far]["id"], "--to", outside.FAR, env={**cloud.lab.env, "WEFT_AGENT_SOCKET": str(cloud.lab.folder / other / "run/agent.sock")}).stdout
    assert "handed to the host" not in trace and cloud.gateway_ip() in trace, trace
    trace = cloud.lab.weft("trace", cloud.ports["c"]["id"], "--to", outside.FAR, env={**cloud.lab.env, "WEFT_AGENT_SOCKET": str(cloud.lab.folder / "h3/run/agent.sock")}).stdout
    assert "handed to the host that has the router's gateway" in trace, trace


NOBODY = bytes(6)


def owner_of(cloud, block):
    """The MAC of the other host that has a block of 1024 ports of the router's address, as the gateway's host knows it."""
    host = cloud.gateway()["binding:host_id"]
    pins = [pin for pin in footprint.map_pins(cloud.lab, host) if pin.name == "snat_owners"]
    owners = [value[6 * block:6 * block + 6] for pin in pins for _, value in bpf_maps.entries(pin, bpf_maps.about(pin))]
    assert len(owners) == 1
    return owners[0]


def test_hosts_get_ranges_beside_connections(cloud):
    """Hosts that come, get what ports are left, and go again: connections of others know nothing of it."""
    ranges = {name: cloud.lab.agent(name, "status")["gateways"][0]["snat_ports"] for name in ("h1", "h2")}
    held = {}
    for name in ("a", "b", "c"):
        wait_until(lambda: cloud.asks(name) == cloud.gateway_ip(), what=f"{name} is translated")
        held[name] = Connection(cloud.lab, name, outside.FAR, 7003)
        assert held[name].asks("first", seconds=20) == "first", name
    for turn in range(2):
        hosts = [cloud.api.make("host", name=f"late{i}", tunnel_ips=[f"192.0.2.{200 + i}"], bridge_mappings={"public": "eth1"}) for i in range(2)]
        ports = [cloud.api.make("port", network_id=cloud.net1["id"], **{"binding:host_id": host["name"]}) for host in hosts]
        for block, owned in ((16, True), (19, True), (20, True), (24, False)):  # 4096 each from 16384 on: the others have the upper half
            wait_until(lambda: owned == (owner_of(cloud, block) != NOBODY), what=f"block {block} is {'a' if owned else 'no'} host's")
        assert owner_of(cloud, 16) == owner_of(cloud, 19) != owner_of(cloud, 20)
        assert all(connection.asks(f"with{turn}", seconds=20) == f"with{turn}" for connection in held.values())
        for port, host in zip(ports, hosts):
            cloud.delete("port", port)
            cloud.delete("host", host)
        wait_until(lambda: owner_of(cloud, 16) == owner_of(cloud, 20) == NOBODY, what="the ranges are nobody's")
        assert all(connection.asks(f"without{turn}", seconds=20) == f"without{turn}" for connection in held.values())
    assert ranges == {name: cloud.lab.agent(name, "status")["gateways"][0]["snat_ports"] for name in ("h1", "h2")}
    for connection in held.values():
        connection.close()


def test_traceroute(cloud):
    out = cloud.lab.exec("c", "traceroute", "-n", "-q", "1", "-w", "2", "-m", "5", outside.SMALL).stdout
    assert re.findall(r"^ *\d+ +(\S+)", out, re.MULTILINE) == ["10.1.0.1", outside.ROUTER, outside.SMALL], out


def test_trace(cloud):
    """B1: what leaves by the wire, through the tunnel to the gateway's host, and what routers answer, asked on the gateway's host and on another."""
    near = {"h1": "a", "h2": "b"}[cloud.gateway()["binding:host_id"]]
    wait_until(lambda: all(cloud.pings(name, outside.FAR) for name in (near, "c")))
    for name, to, verdict in ((near, outside.FAR, "sent out on the physical network"), ("c", outside.FAR, "sent to another host"),
                              (near, "10.1.0.1", "answered by the edge switch"), (near, cloud.gateway_ip(), "answered by the edge switch")):
        answer = cloud.lab.json("trace", cloud.ports[name]["id"], "--to", to)
        assert answer["verdict"] == verdict, answer
        assert cloud.pings(name, to)
    # The guest's own port is kept where it is this host's to give; which of others is taken is not known before.
    first = cloud.lab.agent(cloud.gateway()["binding:host_id"], "status")["gateways"][0]["snat_ports"].split("-")[0]
    for sport, becomes in ((first, f"{cloud.gateway_ip()} port {first}"), ("4444", cloud.gateway_ip())):
        steps = cloud.lab.weft("trace", cloud.ports[near]["id"], "--to", outside.FAR, "--proto", "udp", "--sport", sport, "--dport", "9").stdout
        assert f"the sender becomes {becomes}\n" in steps, steps


def test_errors_about_translated_packets(cloud):
    """What the outside says of a translated packet reaches its sender: too big, and nobody there."""
    for name in ("a", "b", "c"):
        out = cloud.lab.exec(name, "ping", "-c", "2", "-W", "2", "-M", "do", "-s", "1350", outside.SMALL, check=False).stdout
        assert "mtu = 1300" in out or "mtu=1300" in out, out
    out = cloud.lab.exec("c", "ping", "-c", "1", "-W", "4", "198.51.100.177", check=False).stdout
    assert f"From {outside.ROUTER}" in out and "Unreachable" in out, out


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_tcp_runs_both_ways(cloud, name):
    bits, _ = Iperf(cloud.lab.netns(name), cloud.world.out, outside.FAR, 1).result()
    assert bits > 1e8, f"{bits / 1e9:.2f} Gb/s out of {name}"
    assert cloud.asks(name) == cloud.gateway_ip()


def test_floating_ips(cloud):
    """From outside, to outside, between them on one host and on two, and from a guest without one."""
    floats = {name: cloud.float(name) for name in ("a", "d", "b")}
    at = {name: made["floating_ip_address"] for name, made in floats.items()}
    for name in at:
        wait_until(lambda: cloud.world.pings(at[name]), what=f"the outside reaches {name}")
        assert cloud.asks(name) == at[name]
    for asker, asked in (("a", "d"), ("a", "b"), ("b", "a"), ("c", "b"), ("a", "a"), ("c", "a")):
        # A packet or two may be lost while the neighbours on the wire are asked for.
        wait_until(lambda: cloud.pings(asker, at[asked]), what=f"{asker} reaches {asked}'s floating IP")
    server = cloud.lab.popen("b", "socat", "TCP-LISTEN:7001,fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR")
    wait_until(lambda: cloud.asks("a", at["b"], 7001), what="b's server answers a")
    assert cloud.asks("a", at["b"], 7001) == at["a"]
    assert cloud.asks("c", at["b"], 7001) == cloud.gateway_ip()
    server.terminate()
    server.wait()
    bits, _ = Iperf(cloud.world.out, cloud.lab.netns("b"), at["b"], 1).result()
    assert bits > 1e8, f"{bits / 1e9:.2f} Gb/s to a floating IP"
    out = cloud.world.exec("traceroute", "-n", "-q", "1", "-w", "2", "-m", "5", at["b"]).stdout
    assert re.findall(r"^ *\d+ +(\S+)", out, re.MULTILINE)[-1] == at["b"], out
    out = cloud.world.exec("ping", "-c", "2", "-W", "2", at["a"], namespace=cloud.world.small).stdout
    assert "2 received" in out
    cloud.remove_floating_ips()
    wait_until(lambda: not cloud.world.pings(at["a"]), what="it is gone")
    assert cloud.asks("a") == cloud.gateway_ip()


def test_connections_move_with_a_guest(cloud):
    """B6, Z6, Z7: established connections with the outside go on when their guest moves to another host and back: as the router's address, whose
    port is the old host's to give, by a floating IP, and by a forwarded port."""
    away = cloud.gateway()["binding:host_id"]  # which has nothing of a connection that another host translates
    home, name = {"h1": ("h2", "b"), "h2": ("h1", "d")}[away]
    wait_until(lambda: cloud.pings(name, outside.FAR), what=f"{name} reaches the outside")
    mover = Mover(cloud.lab, name, cloud.ports[name], home, away, "10.1.0.1")
    try:
        mover.connect(outside.FAR, 7003)
        for host in (away, home, away):
            assert mover.asks(b"before\n") == b"before\n"
            mover.move_to(host)
            assert mover.asks(b"after\n") == b"after\n", f"the connection is known on {host}"
        mover.connect(outside.FAR, 7003)
        mover.move_to(home)
        assert mover.asks(b"from the gateway's host\n") == b"from the gateway's host\n"
        made = cloud.float(name)
        mover.connect(outside.FAR, 7003)
        for host in (away, home):
            assert mover.asks(b"floating\n") == b"floating\n"
            mover.move_to(host)
        assert mover.asks(b"floating\n") == b"floating\n"
        cloud.update("floatingip", made, port_id=None)
        forwarding = {"port_forwarding": {"protocol": "tcp", "external_port": 8080, "internal_port": 80, "internal_port_id": cloud.ports[name]["id"],
                                          "internal_ip_address": cloud.ip[name]}}
        path = f"/v2.0/floatingips/{made['id']}/port_forwardings"
        forwarded = cloud.api.call("POST", path, forwarding).json["port_forwarding"]["id"]
        cloud.wait_floating(made)
        client = mover.accept(80, lambda: cloud.world.connect_to(made["floating_ip_address"], 8080))
        mover.move_to(away)
        mover.socket.send(b"forwarded")
        assert client.recv(100) == b"forwarded"
        client.send(b"back")
        assert mover.socket.recv(100) == b"back"
        client.close()
        assert cloud.api.call("DELETE", f"{path}/{forwarded}").status == 204
    finally:
        mover.remove()


def test_floating_ip_moves(cloud):
    """From a guest to another one on another host, and back, in one request: an outsider hardly notices."""
    made = cloud.float("a")
    wait_until(lambda: cloud.world.pings(made["floating_ip_address"]), what="it answers")
    ping = Ping(cloud.world.out, made["floating_ip_address"], 0.01)
    wait_until(ping.answered)
    for name in ("b", "d", "a"):
        cloud.update("floatingip", made, port_id=cloud.ports[name]["id"])
        cloud.wait_floating(made)
        wait_until(lambda: cloud.asks(name) == made["floating_ip_address"], what=f"{name} has it")
    ping.stop()
    assert ping.gap_s < 1, f"silent for {ping.gap_s:.2f} s"
    cloud.update("floatingip", made, port_id=None)
    cloud.wait_floating(made, "DOWN")


def test_floating_ip_of_an_unconnected_host(cloud):
    """Its host can't have it: the gateway's host has it, which goes with the gateway."""
    made = cloud.float("c")
    address = made["floating_ip_address"]
    known = wait_until(lambda: cloud.lab.agent("h3", "status")["floating_ips"], what="h3 knows of it")[0]
    assert not known["wired"] and "the host that has the router's gateway has it" in known["reason"], known
    assert cloud.asks("c") == address and cloud.world.pings(address)
    wait_until(lambda: cloud.pings("a", address) and cloud.pings("b", address), what="guests reach it")
    first = cloud.gateway()["binding:host_id"]
    cloud.world.ip("link", "set", first, "down")
    wait_until(lambda: cloud.world.pings(address) and cloud.asks("c") == address, what="it is on the other host")
    cloud.world.ip("link", "set", first, "up")
    wait_until(lambda: cloud.here(first) and cloud.world.pings(address), what="it is back")


def test_ipv6_is_routed(cloud):
    """No translation: the outside has a route to the subnet by the gateway's address."""
    cloud.world.ip("-6", "route", "add", "fd01::/64", "via", cloud.gateway_ip(6))
    for name in ("a", "b", "c"):
        wait_until(lambda: cloud.pings(name, outside.FAR6), what=f"{name} reaches the outside over IPv6")
        assert cloud.asks(name, outside.FAR6).strip("[]").replace("0000", "0") != ""
        assert cloud.world.pings(cloud.ip6[name]), f"the outside reaches {name}"
    out = cloud.lab.exec("c", "traceroute", "-n", "-q", "1", "-w", "2", "-m", "5", outside.FAR6).stdout
    assert re.findall(r"^ *\d+ +(\S+)", out, re.MULTILINE) == ["fd01::1", outside.FAR6], out


def test_without_snat(cloud):
    """Guests keep their addresses; the outside has a route to them by the gateway."""
    info = {"network_id": cloud.public["id"], "enable_snat": False}
    cloud.update("router", cloud.router, external_gateway_info=info)
    cloud.world.ip("route", "add", "10.1.0.0/24", "via", cloud.gateway_ip())
    for name in ("a", "b", "c"):
        wait_until(lambda: cloud.asks(name) == cloud.ip[name], what=f"{name} is not translated")
        assert cloud.world.pings(cloud.ip[name])
    cloud.world.ip("route", "del", "10.1.0.0/24")
    cloud.update("router", cloud.router, external_gateway_info={"network_id": cloud.public["id"]})
    wait_until(lambda: cloud.asks("c") == cloud.gateway_ip(), what="it is translated again")


def test_extra_route_outside(cloud):
    """A route of the router by a neighbour on the external network."""
    cloud.world.address("br0", "203.0.113.2/24")
    cloud.world.address("lo", "192.0.4.1/32")
    cloud.world.ip("route", "add", "blackhole", "192.0.5.0/24")
    cloud.update("router", cloud.router, routes=[{"destination": "192.0.4.0/24", "nexthop": "203.0.113.2"}])
    wait_until(lambda: cloud.pings("c", "192.0.4.1"), what="c reaches what is behind it")
    cloud.update("router", cloud.router, routes=[])


def test_guests_on_a_vlan(cloud):
    """A provider network on a VLAN of the wire: guests of two hosts and who else is there are neighbours."""
    network = cloud.vlan()
    ports = {name: cloud.guest(name, host, network) for name, host in (("v1", 1), ("v2", 2))}
    at = {name: cloud.lab.address(port) for name, port in ports.items()}
    wait_until(lambda: cloud.pings("v1", at["v2"]), what="v1 reaches v2")
    for name in at:
        wait_until(lambda: cloud.pings(name, outside.VLAN_HOST), what=f"{name} reaches the VLAN's host")
        assert cloud.world.pings(at[name], namespace=cloud.world.vlan)
    bits, _ = Iperf(cloud.lab.netns("v1"), cloud.lab.netns("v2"), at["v2"], 1).result()
    assert bits > 1e8
    lost = cloud.api.make("port", network_id=network["id"], **{"binding:host_id": "h3"})
    cloud.lab.exec("h3", "ip", "link", "add", "lost0", "type", "veth", "peer", "name", "lost1")
    cloud.lab.weft("plug", lost["id"], "lost0", check=False, env={**cloud.lab.env, "WEFT_AGENT_SOCKET": str(cloud.lab.folder / "h3/run/agent.sock")})
    reason = wait_until(lambda: cloud.api.get(f"/v2.0/ports/{lost['id']}").json["port"].get("status_reason"), what="h3 says why not")
    assert "bridge-mappings lacks public:DEVICE" in reason
    cloud.delete("port", lost)
    for name in ports:
        cloud.lab.weft("lab", "remove", name)
        cloud.delete("port", ports[name])
    cloud.delete("network", network)


def test_the_outside_is_a_private_vlan(cloud):
    """Z24: a VLAN of somebody's own addresses is an external network, and no way to the Internet."""
    network = cloud.vlan(**{"router:external": True})
    router = cloud.api.make("router", name="r2", external_gateway_info={"network_id": network["id"]})
    path, inside = f"/v2.0/routers/{router['id']}/", cloud.api.make("network", name="net2")
    subnet = {"subnet_id": cloud.subnet(inside, "10.2.0.0/24")["id"]}
    assert cloud.api.call("PUT", path + "add_router_interface", subnet).status == 200
    port = cloud.guest("o", 2, inside)
    wait_until(lambda: cloud.pings("o", outside.VLAN_HOST), what="o reaches the VLAN's host")
    assert not cloud.pings("o", outside.FAR)
    cloud.lab.weft("lab", "remove", "o")
    cloud.delete("port", port)
    assert cloud.api.call("PUT", path + "remove_router_interface", subnet).status == 200
    for kind, made in (("router", router), ("network", inside), ("network", network)):
        cloud.delete(kind, made)


def test_wire_comes_and_goes(cloud):
    """A device of another index is another wire; everything is there again. Meanwhile the next host has the gateway."""
    host = cloud.gateway()["binding:host_id"]
    other = {"h1": "h2", "h2": "h1"}[host]
    made = cloud.float("a" if host == "h1" else "b")
    cloud.world.ip("link", "del", host)
    wait_until(lambda: cloud.here(other), what="the other host has the gateway")
    wires = cloud.lab.agent(host, "status")["wires"]
    assert wires == [{"physical_network": "public", "device": "ext0", "attached": False, "running": False}]
    cloud.wait_floating(made, "DOWN")
    wait_until(lambda: cloud.gateway()["status"] == "ACTIVE")
    cloud.world.connect(host)
    cloud.wait_floating(made)
    wait_until(lambda: cloud.here(host) and not cloud.here(other), what="the gateway is back")
    wait_until(lambda: cloud.pings("c", outside.FAR) and cloud.world.pings(made["floating_ip_address"]), what="both work")


def test_daemons_may_die(cloud):
    """With weftd killed and each agent killed and started again."""
    wait_until(lambda: cloud.pings("a", outside.FAR))
    host = cloud.gateway()["binding:host_id"]
    ping = Ping(cloud.lab.netns("a" if host == "h1" else "b"), outside.FAR, 0.02)
    wait_until(ping.answered)
    cloud.lab.stop("weftd", kill=True)
    cloud.lab.start("weftd")
    cloud.lab.weft("wait", "revision")
    cloud.lab.stop(host, kill=True)
    cloud.lab.start(host)
    wait_until(lambda: cloud.gateway()["status"] == "ACTIVE")
    sent, lost = ping.stop()
    assert cloud.gateway()["binding:host_id"] == host
    assert lost == 0, f"{lost} of {sent} lost"


def dropped_of_a_flood(cloud, policy, address):
    """What does not arrive of a flood from outside is what the limit has dropped; how much that is in all."""
    def flood():
        before = policy.counters("floating_ip", "h1")["ingress"]["dropped"]
        # Several senders: one is slowed by what of it waits in the shaper of the same machine.
        run = Iperf(cloud.world.out, cloud.lab.netns("a"), address, 1, options=["-u", "-b", "10M", "-l", "1300", "-P", "8"])
        report = json.loads(run.client.communicate(timeout=60)[0])
        run.stop()
        dropped = policy.counters("floating_ip", "h1")["ingress"]["dropped"]
        return report["end"]["sum"]["lost_packets"], dropped - before, dropped
    return stalls.measured(flood, lambda seen: seen[0] > 500 and seen[1] == pytest.approx(seen[0], rel=0.2, abs=50))[2]


def test_limits_of_a_floating_ip(cloud):
    """Of all that goes through it, either way, and of nothing else; a rule that changes holds at once."""
    made, policy = cloud.float("a"), Policy(cloud, bandwidth_limit=BOTH_WAYS)
    address, a, d, out = made["floating_ip_address"], *map(cloud.lab.netns, "ad"), cloud.world.out
    wait_until(lambda: cloud.world.pings(address), what="it answers")
    assert policy.give("floatingip", made)["qos_policy_id"] == policy.id
    assert_near(20, lambda: mbits(Iperf(a, out, outside.FAR, 2)))
    assert_near(20, lambda: mbits(Iperf(out, a, address, 2)))
    assert_free(lambda: mbits(Iperf(a, d, cloud.ip["d"], 1)))  # guests among themselves
    assert_free(lambda: mbits(Iperf(d, out, outside.FAR, 1)))  # another guest of the host
    seen = policy.counters("floating_ip", "h1")
    assert seen["egress"]["address"] == address and seen["egress"]["max_kbps"] == 20000
    assert seen["egress"]["bytes"] > 2e6 and seen["ingress"]["bytes"] > 2e6 and seen["egress"]["packets"] > 2e6 / 1500
    dropped = dropped_of_a_flood(cloud, policy, address)
    metric = f'weft_floating_ip_limited_total{{floating_ip="{made["id"]}",direction="ingress"}} {dropped}\n'
    assert metric in cloud.lab.agent("h1", "metrics")["text"]
    table = cloud.lab.weft("qos", "counters", "--host", "h1", "-f", "value", "-c", "address", "-c", "direction", "-c", "dropped").stdout
    assert f"{address} ingress {dropped}" in table, table
    policy.change(60000)
    assert_near(60, lambda: mbits(Iperf(a, out, outside.FAR, 1)))
    policy.change(10000)
    for control in TCP_CONTROLS:
        assert_near(10, lambda: mbits(Iperf(out, a, address, 3, options=["-C", control])), 0.85)
    policy.change(60000)
    trace = cloud.lab.weft("trace", cloud.ports["a"]["id"], "--to", outside.FAR).stdout
    assert "what leaves by this address outside is limited to 60000 kbit/s" in trace, trace
    policy.give("floatingip", made, qos_policy_id=None)
    assert_free(lambda: mbits(Iperf(a, out, outside.FAR, 1)))
    assert cloud.lab.agent("h1", "limits")["limits"] == []


def test_limits_of_a_gateway(cloud):
    """One for all guests behind it, on whatever host; those with a floating IP have none. The external network's policy is that of both."""
    gateway = {"network_id": cloud.public["id"]}
    policy, made = Policy(cloud, bandwidth_limit=BOTH_WAYS), cloud.float("d")
    a, b, d, out = *map(cloud.lab.netns, "abd"), cloud.world.out
    shown = policy.give("router", cloud.router, external_gateway_info={**gateway, "qos_policy_id": policy.id})
    assert shown["external_gateway_info"]["qos_policy_id"] == policy.id
    try:
        wait_until(lambda: cloud.asks("a") == cloud.asks("b") == cloud.gateway_ip(), what="both leave by the gateway")
        for direction, options in (("egress", []), ("ingress", ["-R"])):
            assert_near(20, lambda: together(policy, cloud.gateway()["binding:host_id"], direction,
                                             *(Iperf(guest, out, outside.FAR, 3, port, options) for guest, port in ((a, 5201), (b, 5202)))))
        assert_free(lambda: mbits(Iperf(d, out, outside.FAR, 1)))
        assert policy.counters("router", cloud.gateway()["binding:host_id"])["egress"]["address"] == cloud.gateway_ip()
        policy.give("router", cloud.router, external_gateway_info={**gateway, "qos_policy_id": None})
        assert policy.give("network", cloud.public)["qos_policy_id"] == policy.id
        assert cloud.api.get(f"/v2.0/floatingips/{made['id']}").json["floatingip"]["qos_network_policy_id"] == policy.id
        wait_until(lambda: cloud.asks("d") == made["floating_ip_address"], what="d is outside")
        assert_near(20, lambda: mbits(Iperf(d, out, outside.FAR, 2)))
        assert policy.counters("router", cloud.gateway()["binding:host_id"])["egress"]["max_kbps"] == 20000
    finally:
        policy.give("network", cloud.public, qos_policy_id=None)
        policy.give("router", cloud.router, external_gateway_info={**gateway, "qos_policy_id": None})
    wait_until(lambda: cloud.asks("b") == cloud.gateway_ip(), what="hosts share the address again")
    assert_free(lambda: mbits(Iperf(b, out, outside.FAR, 1)))
