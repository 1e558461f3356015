"""Files that are torn and agents that are not who they say, against real daemons; nobody else notices.

    h1: a ─┐                  ┌─ b :h2
           └── edge ═════ edge               a pings b all the time
"""
import re
import subprocess

import pytest

from conftest import BUILD, wait_until
from footprint import view
from traffic import Ping

AGENT = BUILD / "src/agent/weft-agent"


@pytest.fixture
def talking(lab):
    """The lab of the drawing. Afterwards the ping must have lost nothing, and h2's agent must be the same process."""
    lab.network("net1")
    lab.guest("a", 1, "net1")
    lab.b = lab.address(lab.guest("b", 2, "net1"))
    wait_until(lambda: lab.pings("a", lab.b), what="a reaches b")
    lab.weft("wait", "revision")
    ping, agent = Ping(lab.netns("a"), lab.b), lab.pid("h2")
    yield lab
    sent, lost = ping.stop()
    assert sent and (lost, ping.duplicates) == (0, 0), (sent, lost)
    assert lab.pid("h2") == agent and lab.agent("h2", "status")["controller"]["state"] == "connected"


def cut(data):
    return data[:len(data) // 2]


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x40]) + data[middle + 1:]


@pytest.mark.parametrize("damage", [cut, flip, lambda data: b"", lambda data: data[:7], lambda data: b"\0" * len(data),
                                    lambda data: data + b"0badc0de {\"op\":\"put\"", lambda data: b"nothing of ours\n" * 50],
                         ids=["half", "flipped", "empty", "torn header", "zeros", "torn line", "other file"])
def test_a_damaged_view_is_mended(talking, damage):
    """The view file is damaged while the agent is away: it starts, and has the whole view again from the controller."""
    lab, before = talking, view(talking, "h1")
    lab.stop("h1", kill=True)
    path = lab.folder / "h1/state/view"
    path.write_bytes(damage(path.read_bytes()))
    lab.start("h1")
    wait_until(lambda: not lab.agent("h1", "status")["view"]["needs_snapshot"] and view(lab, "h1") == before, what="mended")
    assert lab.agent("h1", "status")["ports"] == {"total": 1, "wired": 1}


@pytest.mark.parametrize("damage, survives", [(cut, False), (lambda line: b"\xff" * 100, False), (lambda line: line * 3, True)],
                         ids=["torn", "noise", "thrice"])
def test_damaged_plugs_cost_at_most_the_plug(talking, damage, survives):
    """A line that is no plug is named in the log; plugging again is all there is to do."""
    lab, port = talking, talking.guest("c", 1, "net1")["id"]
    lab.stop("h1")
    path = lab.folder / "h1/state/plugs"
    good, bad = sorted(path.read_bytes().splitlines(keepends=True), key=lambda line: port.encode() in line)
    path.write_bytes(good + damage(bad))
    lab.start("h1")
    if not survives:
        wait_until(lambda: lab.agent("h1", "status")["ports"]["wired"] == 1, what="the other is wired")
        assert "is no plug" in lab.log("h1")
        lab.agent("h1", "plug", port=port, device="v-c")
    wait_until(lambda: lab.agent("h1", "status")["ports"] == {"total": 2, "wired": 2}, what="both wired")


@pytest.fixture
def impostor(lab_with):
    """A lab with a third host, whose agent is started with another configuration; gives what the controller says to it."""
    lab, started = lab_with(hosts=3), []
    lab.network("net1")
    lab.guest("a", 1, "net1")
    lab.b = lab.address(lab.guest("b", 2, "net1"))
    lab.stop("h3")

    def start(host, credential_of):
        folder = lab.folder / "h3"
        conf = (folder / "agent.conf").read_text()
        (folder / "agent.conf").write_text(re.sub(r"^host = .*$", f"host = {host}", conf, flags=re.MULTILINE))
        (folder / "credential").write_text((lab.folder / credential_of / "credential").read_text())
        with open(folder / "log", "a") as log:
            started.append(subprocess.Popen(["nsenter", f"--net=/run/netns/{lab.netns('h3')}", AGENT, "--config",
                                             folder / "agent.conf"], stderr=log))

        def complaint():
            try:
                return lab.agent("h3", "status")["controller"].get("error")
            except OSError:
                return None
        return wait_until(complaint, what="it is refused")
    yield lab, start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("host, credential_of, says", [
    ("h2", "h2", r"409.*another agent.*100\.64\."), ("h2", "h3", "401"), ("nowhere", "h3", "40[14]")],
    ids=["second agent", "wrong credential", "unknown host"])
def test_an_agent_that_may_not(impostor, host, credential_of, says):
    """The second agent of a host is refused with the address of the first; a wrong credential, an unknown name. It says so
    in its log, and the rightful agent loses nothing."""
    lab, start = impostor
    first, ping = lab.agent("h2", "status"), Ping(lab.netns("a"), lab.b)
    complaint = start(host, credential_of)
    assert re.search(says, complaint), complaint
    assert complaint in lab.log("h3")
    now = lab.agent("h2", "status")
    assert (now["instance"], now["controller"]["state"], now["ports"]) == (first["instance"], "connected", {"total": 1, "wired": 1})
    assert lab.log("weftd").count("host h2: agent connected") == 1
    sent, lost = ping.stop()
    assert sent and lost == 0
    assert lab.json("port", "show", "b")["status"] == "ACTIVE"
