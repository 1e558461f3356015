"""Addresses that several guests may have, and keepalived moves: reached over routers, and from outside.

    net1 10.1.0.0/24, fd01::/64 ─┬─ r ── public (flat, 203.0.113.0/24) ── the world of outside.py
    net2 10.2.0.0/24, fd02::/64 ─┘
    h1: a, d (net1), e (net2)     h2: b (net1)     h3: c (net1), not connected to the outside
    d, b and c have 10.1.0.200 and fd01::200 in their allowed_address_pairs: a port that is bound nowhere has them
"""
import sys

import pytest

import outside
from conftest import wait_until
from outside_cloud import clouds
from traffic import Ping

VIP, VIP6 = "10.1.0.200", "fd01::200"
PAIRS = [{"ip_address": VIP}, {"ip_address": VIP6}]
CONFIG = """
global_defs {{
    vrrp_version 3
}}
vrrp_instance v {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 0.2
    virtual_ipaddress {{
        {vip}/24
    }}
    virtual_ipaddress_excluded {{
        {vip6}/64
    }}
}}
"""


class Keepalived:
    """The daemon in a guest."""

    def __init__(self, cloud, name, priority):
        folder = cloud.lab.folder / f"keepalived-{name}"
        folder.mkdir(exist_ok=True)
        (folder / "conf").write_text(CONFIG.format(priority=priority, vip=VIP, vip6=VIP6))
        self.process = cloud.lab.popen(name, "keepalived", "-n", "-l", "-P", "-f", str(folder / "conf"), "-p", str(folder / "pid"), "-r", str(folder / "vrrp"))

    def end(self):
        self.process.terminate()
        self.process.communicate()


@pytest.fixture(scope="module")
def cloud(request):
    for cloud in clouds(request):
        cloud.net2 = cloud.api.make("network", name="net2")
        for subnet in (cloud.subnet(cloud.net2, "10.2.0.0/24"), cloud.subnet(cloud.net2, "fd02::/64", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="slaac")):
            assert cloud.api.call("PUT", f"/v2.0/routers/{cloud.router['id']}/add_router_interface", {"subnet_id": subnet["id"]}).status == 200
        cloud.ports["e"] = cloud.guest("e", 1, cloud.net2)
        for name in "dbc":
            cloud.update("port", cloud.ports[name], allowed_address_pairs=PAIRS)
        cloud.vip = cloud.api.make("port", name="vip", network_id=cloud.net1["id"], fixed_ips=[{"ip_address": VIP}])
        cloud.daemons = {name: Keepalived(cloud, name, priority) for name, priority in (("d", 200), ("b", 150), ("c", 100))}
        yield cloud
        for daemon in cloud.daemons.values():
            daemon.end()


def held_by(cloud, name):
    return sorted(cloud.api.get(f"/v2.0/ports/{cloud.ports[name]['id']}").json["port"]["held_addresses"]) == [VIP, VIP6]


def test_it_is_reached_over_routers_wherever_it_is(cloud):
    """By IPv4 and IPv6, from the holder's host and from another, and within a second when it moves."""
    wait_until(lambda: held_by(cloud, "d"), what="the first has it")
    for address in (VIP, VIP6):
        wait_until(lambda: cloud.pings("e", address), what=f"e reaches {address}")
    for address in (VIP, VIP6):
        answer = cloud.lab.json("why", cloud.ports["e"]["id"], cloud.ports["d"]["id"], "tcp/443", "--vip", address)
        assert answer["verdict"] == "let through", answer
    for old, new in ("db", "bc"):
        pings = [Ping(cloud.lab.netns("e"), address, 0.02) for address in (VIP, VIP6)]
        wait_until(lambda: all(ping.answered() for ping in pings))
        cloud.daemons.pop(old).end()
        answered = [ping.answered() for ping in pings]
        wait_until(lambda: held_by(cloud, new), what=f"{new} has it")
        wait_until(lambda: all(ping.answered() > before + 20 for ping, before in zip(pings, answered)), what="it answers again")
        for ping in pings:
            ping.stop()
            print(f"from {old} to {new}: {ping.gap_s:.2f} s without an answer")
            assert ping.gap_s < 1.5, f"silent for {ping.gap_s:.2f} s"
        answer = cloud.lab.json("why", cloud.ports["e"]["id"], cloud.ports[new]["id"], "tcp/443", "--vip", VIP)
        assert answer["verdict"] == "let through" and answer["steps_at_receiver"], answer


def test_agents_that_were_away(cloud):
    """What is announced while the agent of its host is not there, and what weftd knew before it was started again; and an address that was never announced."""
    wait_until(lambda: held_by(cloud, "c") and cloud.pings("e", VIP))
    cloud.lab.stop("weftd")
    cloud.lab.start("weftd")
    assert held_by(cloud, "c") and cloud.pings("e", VIP)
    cloud.lab.stop("h2", kill=True)
    cloud.daemons["b"] = Keepalived(cloud, "b", 150)
    wait_until(lambda: VIP in cloud.lab.exec("b", "ip", "address").stdout and VIP not in cloud.lab.exec("c", "ip", "address").stdout, what="b has it")
    cloud.lab.start("h2")
    wait_until(lambda: held_by(cloud, "b"), what="the agent has found out")
    wait_until(lambda: cloud.pings("e", VIP) and cloud.pings("e", VIP6))
    for name in "bc":
        cloud.update("port", cloud.ports[name], allowed_address_pairs=[*PAIRS, {"ip_address": "10.1.0.201"}])
    cloud.lab.exec("b", "ip", "address", "add", "10.1.0.201/32", "dev", "lo")
    wait_until(lambda: cloud.pings("e", "10.1.0.201"), what="e reaches what b has and never announced")
    for name in "bc":
        cloud.update("port", cloud.ports[name], allowed_address_pairs=PAIRS)
    cloud.daemons.pop("b").end()
    wait_until(lambda: held_by(cloud, "c"))


def test_the_holders_host_dies(cloud):
    """Without weftd: the only other one that may have it has it, as soon as BFD knows and keepalived has taken over; the first again when its host is back."""
    cloud.update("port", cloud.ports["d"], allowed_address_pairs=[])
    cloud.daemons["b"] = Keepalived(cloud, "b", 150)
    wait_until(lambda: held_by(cloud, "b") and cloud.pings("e", VIP))
    wait_until(lambda: all(host["state"] == "up" for host in cloud.lab.agent("h1", "status")["hosts"]))
    cloud.lab.stop("weftd")
    ping = Ping(cloud.lab.netns("e"), VIP, 0.02)
    wait_until(ping.answered)
    cloud.lab.exec("h2", "ip", "link", "set", "uplink0", "down")
    try:
        answered = ping.answered()
        wait_until(lambda: ping.answered() > answered + 20, what="the other one answers")
        ping.stop()
    finally:
        cloud.lab.exec("h2", "ip", "link", "set", "uplink0", "up")
        cloud.lab.start("weftd")
    print(f"{ping.gap_s:.2f} s without an answer")
    assert ping.gap_s < 3, f"silent for {ping.gap_s:.2f} s"
    wait_until(lambda: VIP not in cloud.lab.exec("c", "ip", "address").stdout and cloud.pings("e", VIP), what="the first has it again")
    cloud.daemons.pop("b").end()
    wait_until(lambda: held_by(cloud, "c"))
    cloud.update("port", cloud.ports["d"], allowed_address_pairs=PAIRS)


UDP = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(1)
    s.connect((sys.argv[1], 7072))
    s.send(b"?")
    print(s.recv(100).decode())
"""


def serve(cloud, name):
    """Says its name, by TCP and UDP, whether it has the VIP or not."""
    return [cloud.lab.popen(name, "socat", f"{protocol},fork,reuseaddr", f"SYSTEM:echo {name}")
            for protocol in ("TCP4-LISTEN:7070", f"UDP4-RECVFROM:7072,bind={VIP},ip-freebind")]


def check_outside(cloud, address, name):
    """What is for the address comes to the guest, and what the guest sends as the VIP leaves as that."""
    ask = lambda *words: cloud.world.exec(*words, check=False).stdout.strip()
    wait_until(lambda: ask("socat", "-u", f"TCP:{address}:7070,connect-timeout=1", "-") == name, what=f"{name} answers TCP from outside")
    wait_until(lambda: ask(sys.executable, "-c", UDP, address) == name, what=f"{name} answers UDP from outside")
    wait_until(lambda: cloud.world.pings(address), what=f"{name} answers pings from outside")
    said = cloud.lab.exec(name, "socat", "-u", f"TCP:{outside.FAR}:7000,bind={VIP},connect-timeout=2", "-", check=False).stdout.strip()
    assert said == address, said


def test_a_floating_ip_of_it(cloud):
    """With the gateway, wherever the holder is: on its host, on another that is connected, and on one that is not. Nobody stands for it: it is DOWN."""
    servers = [server for name in "dbc" for server in serve(cloud, name)]
    made = cloud.api.make("floatingip", floating_network_id=cloud.public["id"], port_id=cloud.vip["id"])
    address = made["floating_ip_address"]
    cloud.wait_floating(made)
    for name, priority in (("c", None), ("b", 150), ("d", 200)):
        if priority:
            cloud.daemons[name] = Keepalived(cloud, name, priority)
        wait_until(lambda: held_by(cloud, name), what=f"{name} has it")
        check_outside(cloud, address, name)
    wait_until(lambda: cloud.pings("e", address), what="e reaches it by its floating IP")
    ping = Ping(cloud.world.out, address, 0.02)
    wait_until(ping.answered)
    cloud.daemons.pop("d").end()
    wait_until(lambda: held_by(cloud, "b"))
    answered = ping.answered()
    wait_until(lambda: ping.answered() > answered + 20, what="it answers again")
    ping.stop()
    assert ping.gap_s < 1.5, f"silent for {ping.gap_s:.2f} s"
    for name in "dbc":
        cloud.update("port", cloud.ports[name], allowed_address_pairs=[])
    cloud.wait_floating(made, "DOWN")
    wait_until(lambda: not cloud.world.pings(address))
    cloud.update("port", cloud.ports["b"], allowed_address_pairs=PAIRS)
    cloud.wait_floating(made)
    check_outside(cloud, address, "b")
    cloud.delete("floatingip", made)
    for server in servers:
        server.terminate()
        server.communicate()


def test_ports_that_are_forwarded_to_it(cloud):
    """As to any port."""
    for name in "dbc":
        cloud.update("port", cloud.ports[name], allowed_address_pairs=PAIRS)
    servers = [server for name in "bd" for server in serve(cloud, name)]
    made = cloud.api.make("floatingip", floating_network_id=cloud.public["id"])
    for protocol, port in (("tcp", 7070), ("udp", 7072)):
        body = {"internal_port_id": cloud.vip["id"], "internal_ip_address": VIP, "internal_port": port, "external_port": port, "protocol": protocol}
        answer = cloud.api.call("POST", f"/v2.0/floatingips/{made['id']}/port_forwardings", {"port_forwarding": body})
        assert answer.status == 201, answer.text
    ask = lambda *words: cloud.world.exec(*words, made["floating_ip_address"], check=False).stdout.strip()
    for name in "bd":
        if name == "d":
            cloud.daemons[name] = Keepalived(cloud, name, 200)
        wait_until(lambda: held_by(cloud, name), what=f"{name} has it")
        wait_until(lambda: cloud.world.exec("socat", "-u", f"TCP:{made['floating_ip_address']}:7070,connect-timeout=1", "-", check=False).stdout.strip() == name)
        wait_until(lambda: ask(sys.executable, "-c", UDP) == name)
    for server in servers:
        server.terminate()
        server.communicate()
