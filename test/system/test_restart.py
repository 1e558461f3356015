"""Daemons are killed and started again while guests talk; nobody notices.

    h1: a ─┐                 ┌─ b :h2
           └── edge ═════ edge
    weft-agent   weftd   weft-agent      each killed in turn
"""
import pytest

from conftest import wait_until
from traffic import Iperf, Ping


@pytest.fixture
def talking(lab):
    """A lab whose guests a (h1) and b (h2) reach each other; with b's address."""
    lab.network("net1")
    lab.guest("a", 1, "net1")
    address = lab.address(lab.guest("b", 2, "net1"))
    wait_until(lambda: lab.pings("a", address), what="a reaches b")
    return lab, address


def state(lab):
    """What must be the same before and after: view, datapath, ports."""
    def of(host):
        status = lab.agent(host, "status")
        datapath = {key: value for key, value in status["datapath"].items() if key not in ("flows", "flow_table_full")}
        return status["view"], datapath, status["ports"]
    return {host: of(host) for host in ("h1", "h2")}


def connected(lab):
    return all(lab.agent(host, "status")["controller"]["state"] == "connected" for host in ("h1", "h2"))


@pytest.mark.alone
def test_killed_daemons_lose_no_packet(talking):
    """B5, B39: SIGKILL and restart of both agents and the controller under ping and iperf3: nothing lost, nothing twice."""
    lab, address = talking
    before = state(lab)
    ping = Ping(lab.netns("a"), address, 0.01)
    iperf = Iperf(lab.netns("a"), lab.netns("b"), address, 4)
    for node in ("h1", "h2", "weftd"):
        lab.stop(node, kill=True)
        lab.start(node)
    rate, least = iperf.result()
    wait_until(lambda: connected(lab), what="all connected again")
    sent, lost = ping.stop()
    assert lost == 0 and sent > 100, (sent, lost)
    assert least > rate / 10, "the stream stood still"
    assert state(lab) == before
    assert lab.pings("b", lab.json("port", "show", "a")["fixed_ips"][0]["ip_address"])


def test_a_port_bound_while_the_agent_was_away(talking):
    """What happened meanwhile is resumed from the log: no snapshot, and the new port is wired."""
    lab, _ = talking
    lab.stop("h1", kill=True)
    lab.weft("port", "create", "late", "--network", "net1", "--host", "h1")
    lab.start("h1")
    wait_until(lambda: connected(lab), what="connected again")
    wait_until(lambda: lab.agent("h1", "status")["ports"]["total"] == 2, what="the new port")
    assert lab.json("port", "show", "late")["status"] == "DOWN"
    assert "takes up the stream" in lab.log("weftd") or "resume" in lab.log("weftd")


def test_a_deleted_guest_leaves_no_trace(talking):
    """B8: after its removal neither host knows anything of a guest."""
    lab, address = talking
    lab.weft("lab", "remove", "b")
    wait_until(lambda: lab.agent("h2", "status")["view"]["records"] <= 1, what="h2 has lost interest")
    wait_until(lambda: lab.agent("h1", "status")["datapath"]["endpoints"] == 1, what="h1 has forgotten the endpoint")
    h2 = lab.agent("h2", "status")
    assert h2["datapath"]["networks"] == h2["datapath"]["ports"] == h2["datapath"]["endpoints"] == 0
    assert (lab.folder / "h2/state/plugs").read_text() == ""
    assert not lab.pings("a", address)
