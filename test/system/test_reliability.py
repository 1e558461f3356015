"""Agents are killed, stopped and exchanged while guests talk: nothing is lost, nothing is left over.

    h1: a  c ─┐                  ┌─ b :h2          a pings b and c every 5 ms,
              └── edge ═════ edge                  and sends b a TCP stream
    weft-agent      weftd     weft-agent
"""
import re
import subprocess

import pytest

from conftest import BUILD, wait_until
from footprint import footprint, programs
from traffic import Iperf, Ping

HOSTS = ("h1", "h2")


@pytest.fixture(scope="module")
def guests(module_lab):
    """The lab of the drawing; lab.ports has the ports by name."""
    lab = module_lab
    lab.network("net1")
    lab.ports = {name: lab.guest(name, host, "net1") for name, host in (("a", 1), ("c", 1), ("b", 2))}
    for other in ("b", "c"):
        wait_until(lambda: lab.pings("a", lab.address(lab.ports[other])), what=f"a reaches {other}")
    return lab


@pytest.fixture
def talking(guests):
    """They ping; after the test no ping may have lost an answer, or got two."""
    lab = guests
    lab.weft("wait", "revision")
    lab.pings_on = {other: Ping(lab.netns("a"), lab.address(lab.ports[other])) for other in ("b", "c")}
    yield lab
    for other, ping in lab.pings_on.items():
        sent, lost = ping.stop()
        print(f"a → {other}: {sent} sent, {lost} lost, longest gap {ping.gap_s * 1000:.0f} ms")
        assert (lost, ping.duplicates) == (0, 0) and sent > 100, (other, sent)


def connected(lab):
    return all(lab.agent(host, "status")["controller"]["state"] == "connected" for host in HOSTS)


def footprints(lab):
    return {host: footprint(lab, host) for host in HOSTS}


def same_again(lab, before):
    """The hosts are what they were. Programs that were replaced are freed by the kernel a moment later."""
    wait_until(lambda: connected(lab), what="all connected again")
    wait_until(lambda: all(len(programs(lab, host)) <= before[host]["programs"] for host in HOSTS), what="no more programs")
    after = footprints(lab)
    for host in HOSTS:
        for what, value in before[host].items():
            assert after[host][what] == value, (host, what)


@pytest.mark.alone
def test_agents_killed_again_and_again(talking):
    """B5, B39, L8: five SIGKILLs of each agent under two pings and a TCP stream; view, devices, maps, programs stay the same."""
    lab, before = talking, footprints(talking)
    iperf = Iperf(lab.netns("a"), lab.netns("b"), lab.address(lab.ports["b"]), 5)
    for _ in range(5):
        for host in HOSTS:
            lab.stop(host, kill=True)
        for host in HOSTS:
            lab.start(host)
    rate, least = iperf.result()
    print(f"iperf3: {rate / 1e9:.1f} Gbit/s, least second {least / 1e9:.1f}")
    assert least > rate / 10, "the stream stood still"
    same_again(lab, before)


def test_agents_stopped_and_started(talking):
    """The same with SIGTERM, as a package upgrade does it."""
    lab, before = talking, footprints(talking)
    for _ in range(3):
        for host in HOSTS:
            lab.stop(host)
            lab.start(host)
    same_again(lab, before)


def test_upgrade_to_another_layout(talking):
    """An agent whose maps have another layout fills new maps beside the old before it exchanges the programs."""
    lab = talking
    wired = {host: lab.agent(host, "status")["datapath"]["ports"] for host in HOSTS}
    assert all(wired.values())
    for host in HOSTS:
        lab.stop(host)
        old, = (lab.folder / host / "bpf").glob("maps-*")
        own = old.name
        old.rename(old.parent / "maps-1")
        lab.start(host)
        wait_until(lambda: connected(lab), what="connected again")
        assert [path.name for path in old.parent.glob("maps-*")] == [own]
        assert lab.agent(host, "status")["datapath"]["ports"] == wired[host]
    lab.guest("d", 1, "net1")
    assert lab.pings("d", lab.address(lab.ports["b"]))


def test_killed_while_it_starts(talking):
    """SIGKILL at any moment of a start, and of the changes that come with it: the next start makes it whole."""
    lab, before = talking, footprints(talking)
    lab.stop("h1")
    for after_ms in range(0, 240, 12):
        agent = subprocess.Popen(["nsenter", f"--net=/run/netns/{lab.netns('h1')}", BUILD / "src/agent/weft-agent",
                                  "--config", lab.folder / "h1/agent.conf"], stderr=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):  # it must not have ended by itself
            agent.wait(after_ms / 1000)
        agent.kill()
        agent.wait()
    lab.start("h1")
    same_again(lab, before)


def modes(lab, host):
    return re.findall(rf"host {host}: agent connected from \S+, (.*)", lab.log("weftd"))


def test_weftd_killed_again_and_again(talking):
    """L8, B25: weftd is killed while guests talk and right after ports were made: what was acknowledged is there, and new
    guests work at once."""
    lab, made = talking, []
    for number in range(3):
        made += [lab.json("port", "create", f"p{number}-{n}", "--network", "net1", "--host", "h2")["id"] for n in range(3)]
        lab.stop("weftd", kill=True)
        lab.start("weftd")
        wait_until(lambda: connected(lab), what="connected again")
    assert set(made) <= {port["id"] for port in lab.json("port", "list")}
    for name in lab.ports:
        lab.weft("wait", "port", name, "--timeout", "5")
    new = lab.guest("new", 2, "net1", timeout=5)
    assert lab.pings("a", lab.address(new))


def test_everybody_resumes_after_a_stop_of_weftd(talking):
    """L8: whoever had all that concerned it before an orderly restart resumes, though later commits were about others."""
    lab = talking
    lab.network("elsewhere", "10.7.0.0/24")
    lab.weft("port", "create", "p", "--network", "elsewhere", "--host", "h2")
    lab.weft("wait", "revision")  # h1 hears of p too: both are of the default group
    before, earlier = footprints(lab), {host: len(modes(lab, host)) for host in HOSTS}
    lab.stop("weftd")
    lab.start("weftd")
    same_again(lab, before)
    for host in HOSTS:
        assert modes(lab, host)[earlier[host]:] == ["resumes"]
