"""Two appliances that are one router: who serves, and what is left of it when that one dies (Z15, Z37; docs/high-availability.md).

The topology is that of appliance_pair.py.
"""
import re

import pytest

from appliance_pair import MACS, Connection, Pair, Pings
from conftest import wait_until

DOWNTIME_S = 1.5


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    one = Pair(tmp_path_factory.mktemp("pair"))
    try:
        yield one.up()
    finally:
        one.down()


def addresses(machine):
    return set(re.findall(r"inet (\S+)", machine.inside("ip", "-4", "address", "show", "scope", "global").stdout))


def dig(pair):
    return pair.exec("g1", "dig", "+short", "+time=1", "+tries=1", "@10.0.0.1", "g2.example.org", check=False).stdout.strip()


def test_one_serves(pair):
    """Z37: the better one is master; it alone has the addresses, the routes that need them, and dnsmasq; both have the filter and the same virtual MACs."""
    master, backup = wait_until(pair.master, what="one is master")
    assert master.name == "a"
    assert addresses(master) == {"192.0.2.5/24", "203.0.113.5/24", "203.0.113.6/32", "10.0.0.1/24"} and addresses(backup) == {"192.0.2.6/24"}
    assert "198.51.100.0/24" in master.inside("ip", "route").stdout and "198.51.100.0/24" not in backup.inside("ip", "route").stdout
    daemons = {machine: machine.status()["daemons"] for machine in pair.machines}
    assert daemons[master]["dnsmasq"]["running"] and not daemons[backup]["dnsmasq"]["wanted"]
    for machine in pair.machines:
        assert daemons[machine]["keepalived"]["running"] and daemons[machine]["conntrackd"]["running"]
        assert "connections_snat" in machine.inside("nft", "list", "ruleset").stdout
        for nic, mac in MACS.items():
            assert mac in machine.inside("ip", "link", "show", nic).stdout
    assert wait_until(lambda: dig(pair), what="a name") == "10.0.0.11"


def test_addresses_change(pair):
    """Z32: a floating IP that comes and goes moves nothing: the same master, the same process."""
    master, backup = wait_until(pair.master, what="one is master")
    pids = {machine: machine.status()["daemons"]["keepalived"]["pid"] for machine in pair.machines}
    nics = master.document(1)["interfaces"]
    for revision, more in ((2, ["203.0.113.7/32"]), (3, [])):
        for machine in pair.machines:
            nics = machine.document(1)["interfaces"]
            nics[1]["virtual_addresses"] = [*nics[1]["virtual_addresses"], *more]
            machine.tell(revision, interfaces=nics)
        wait_until(lambda more=more: ("203.0.113.7/32" in addresses(master)) == bool(more), what=f"addresses of revision {revision}")
    assert {machine: machine.status()["daemons"]["keepalived"]["pid"] for machine in pair.machines} == pids
    assert pair.master() == [master, backup] and "203.0.113.7/32" not in addresses(backup)


def test_master_dies(pair):
    """Z15, Z37: the machine is killed; TCP connections by SNAT and by a floating IP go on, the gap is below 1.5 s, and who comes back does not take over again."""
    master, backup = wait_until(pair.master, what="one is master")
    out = Connection(pair, "g2", "far", "198.51.100.1", 7001)
    into = Connection(pair, "far", "g1", "203.0.113.6", 7002)
    connections = (out, into)
    pings = {name: Pings(pair, name, "198.51.100.1") for name in pair.guests}
    wait_until(lambda: all(re.search(rf"tcp.*ESTABLISHED.*dport={port} ", backup.heard_of()) for port in (7001, 7002)), what="the backup knows the connections")
    started = master.pid
    master.kill()
    wait_until(lambda: backup.state == "MASTER", what="the other one is master")
    for connection in connections:
        connection.talk("still there")
    gaps = {name: one.end() for name, one in pings.items()}
    print(f"takeover: {max(gaps.values()):.3f} s without an answer ({gaps})")
    assert max(gaps.values()) < DOWNTIME_S
    assert dig(pair) == "10.0.0.11"
    wait_until(lambda: master.pid not in (None, started), what="the machine is made again")
    master.connect()
    wait_until(lambda: master.state == "BACKUP", what="it is backup now")
    since = backup.status()["redundancy"]["since_s"]
    for connection in connections:
        connection.talk("and after that")
        connection.end()
    status = backup.status()["redundancy"]
    assert status["state"] == "MASTER" and status["since_s"] >= since
