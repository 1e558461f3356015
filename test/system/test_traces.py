"""What moves or goes leaves nothing behind: no map entry, device, record, file, namespace.

    h1: a ─┐                  ┌─ m :h2, which moves to h1 or goes away
           └── edge ═════ edge
"""
import json
import pathlib

import pytest

from conftest import BUILD, run, wait_until
from footprint import devices, maps_with, mounts_below, programs, qdiscs, view
from packets import address_bytes, mac_bytes
from traffic import Ping

HOSTS = ("h1", "h2")


@pytest.fixture
def talking(lab):
    """The lab of the drawing; m's port is lab.port, and its address lab.there."""
    lab.network("net1")
    lab.guest("a", 1, "net1")
    lab.port = lab.json("port", "create", "m", "--network", "net1", "--host", "h2")
    lab.there = lab.address(lab.port)
    lab.guest("m", 2, None, port=lab.port["id"])
    wait_until(lambda: lab.pings("a", lab.there), what="a reaches m")
    lab.weft("wait", "revision")
    return lab


def traces(lab, host, port, address):
    """Where the host still knows something of the port."""
    mapped = b"\xff\xff" + address_bytes(address)
    found = [f"map {name}" for name in maps_with(lab, host, mac_bytes(port["mac_address"]), mapped)]
    found += [f"record {record[0]}" for record in view(lab, host) if port["id"] in record]
    return found + (["plugs"] if port["id"] in (lab.folder / host / "state/plugs").read_text() else [])


def test_a_guest_moves_while_it_is_pinged(talking):
    """B6, B39: from the moment the moved guest is up its peer reaches it; the host it left knows nothing of it."""
    lab, port = talking, talking.port
    assert {"map endpoints", "map neighbours", "record endpoint"} <= set(traces(lab, "h1", port, lab.there)), "finds what is"
    ping = Ping(lab.netns("a"), lab.there)
    lab.weft("lab", "remove", "m")
    lab.weft("port", "set", port["id"], "--host", "h1")
    moved = lab.guest("m", 1, None, port=port["id"])
    assert (moved["mac_address"], moved["fixed_ips"]) == (port["mac_address"], port["fixed_ips"])
    assert lab.pings("a", lab.there), "the first ping after the move is answered"
    sent, lost = ping.stop()
    print(f"cold move: {ping.gap_s * 1000:.0f} ms from its end at h2 to the first answer from h1 ({lost} of {sent} lost)")
    assert ping.gap_s < 5
    wait_until(lambda: traces(lab, "h2", port, lab.there) == [], what="h2 has no guest left on the network, and knows nothing")


def test_a_guest_that_ends_leaves_no_trace(talking):
    """B8: after the end of guest and port no host has its MAC in any map, a record, a plug or a device."""
    lab, port, before = talking, talking.port, {host: devices(talking, host) for host in HOSTS}
    lab.weft("lab", "remove", "m")
    lab.weft("port", "delete", port["id"], check=False)  # it may have gone with the guest
    for host in HOSTS:
        wait_until(lambda: traces(lab, host, port, lab.there) == [], what=f"nothing of it on {host}")
    assert "v-m" in before["h2"] and devices(lab, "h2") == {n: d for n, d in before["h2"].items() if n != "v-m"}
    assert devices(lab, "h1") == before["h1"]
    assert not (lab.folder / "guest-m").exists()


def test_cleanup_gives_the_host_back(talking):
    """B8, B52: weft-agent --cleanup leaves devices, qdiscs and files as they were before weft; nobody else is disturbed."""
    lab = talking
    lab.stop("h2", kill=True)
    (lab.folder / "h2/state/view.new").write_text("weft-view 1\n")  # as if it had been killed while it wrote
    (lab.folder / "h2/state/plugs.AB12CD").write_text("")
    run("nsenter", f"--net=/run/netns/{lab.netns('h2')}", BUILD / "src/agent/weft-agent", "--cleanup", "--config",
        lab.folder / "h2/agent.conf")
    assert {name: device[4] for name, device in devices(lab, "h2").items()} == {"lo": 0, "mgmt0": 0, "uplink0": 0, "v-m": 0}
    assert not [q for q in qdiscs(lab, "h2") if q[1] == "clsact"]
    assert programs(lab, "h2") == set() and not list((lab.folder / "h2/bpf").glob("*/*"))
    assert not (lab.folder / "h2/state").exists() and not (lab.folder / "h2/run/agent.sock").exists()
    assert view(lab, "h1") and lab.agent("h1", "status")["ports"] == {"total": 1, "wired": 1}


def test_down_leaves_nothing_even_of_what_was_killed(lab_with):
    """B52: `weft lab down` after SIGKILL of everything: no process, namespace, mount, program or file."""
    lab = lab_with()
    lab.network("net1")
    lab.guest("a", 1, "net1")
    used = programs(lab, "h1") | programs(lab, "h2")
    for node in ("h1", "h2", "weftd"):
        lab.stop(node, kill=True)
    lab.down()
    assert used and not lab.folder.exists() and not mounts_below(lab.folder)
    assert not list(pathlib.Path("/run/netns").glob(f"weft-{lab.name}-*"))

    def gone():
        return not used & {one["id"] for one in json.loads(run("bpftool", "-j", "prog", "show").stdout)}
    wait_until(gone, what="the kernel has freed the programs")
