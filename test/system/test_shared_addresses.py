"""Addresses that several guests may have, and keepalived moves: reached over routers, and from outside.

    net1 10.1.0.0/24, fd01::/64 ─┬─ r ── public (flat, 203.0.113.0/24) ── the world of outside.py
    net2 10.2.0.0/24, fd02::/64 ─┘
    h1: a, d (net1), e (net2)     h2: b (net1)     h3: c (net1), not connected to the outside
    d, b and c have 10.1.0.200 and fd01::200 in their allowed_address_pairs: a port that is bound nowhere has them
"""
import pytest

from conftest import wait_until
from outside_cloud import clouds
from traffic import Ping

VIP, VIP6 = "10.1.0.200", "fd01::200"
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
        pairs = [{"ip_address": VIP}, {"ip_address": VIP6}]
        for name in "dbc":
            cloud.update("port", cloud.ports[name], allowed_address_pairs=pairs)
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
    for old, new in ("db", "bc"):
        pings = [Ping(cloud.lab.netns("e"), address, 0.02) for address in (VIP, VIP6)]
        wait_until(lambda: all(ping.answered() for ping in pings))
        cloud.daemons.pop(old).end()
        answered = [ping.answered() for ping in pings]
        wait_until(lambda: held_by(cloud, new), what=f"{new} has it")
        wait_until(lambda: all(ping.answered() > before + 20 for ping, before in zip(pings, answered)), what="it answers again")
        for ping in pings:
            ping.stop()
            print(old, new, ping.gap_s)
            assert ping.gap_s < 1.5, f"silent for {ping.gap_s:.2f} s"
