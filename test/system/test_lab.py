"""`weft lab`: hypervisors on one machine.

    root ns: weftd ── wl<id> ──┬── mgmt0 ──┐
                            [h1]        [h2] …        weft-agent in each
                               └ uplink0 ──┴── br0    the underlay
"""
import json
import pathlib
import re
import subprocess

import pytest
from conftest import WEFT, run, wait_until


def traces_of(name):
    """What of a lab is on this machine: processes, namespaces, devices, mounts, files."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"/{name}/" in words:
            found.append(f"process {words}")
    found += [f"namespace {p.name}" for p in pathlib.Path("/run/netns").glob(f"weft-{name}-*")]
    found += [f"mount {line}" for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f"/{name}/" in line]
    found += [str(p) for p in pathlib.Path("/etc/netns").glob(f"weft-{name}-*")]
    if pathlib.Path("/run/weft/lab", name).exists():
        found.append("folder")
    return found


def devices():
    return list(pathlib.Path("/sys/class/net").iterdir())


@pytest.mark.parametrize("shape", [
    {"underlay": 4, "encapsulation": "geneve"},
    {"underlay": 6, "encapsulation": "vxlan", "mtu": 9000},
    {"underlay": 6, "encapsulation": "geneve"},
    {"underlay": 4, "encapsulation": "vxlan", "hosts": 3},
], ids=lambda shape: "-".join(str(v) for v in shape.values()))
def test_guests_of_two_hosts_reach_each_other(lab_with, shape):
    """L12, L23, B4: guests on different hosts are on one network, over each underlay and encapsulation."""
    lab = lab_with(**shape)
    lab.network("net1")
    a, b = lab.guest("a", 1, "net1"), lab.guest("b", lab.shape.get("hosts", 2), "net1")
    assert a["status"] == b["status"] == "ACTIVE"
    assert lab.pings("a", lab.address(b)) and lab.pings("b", lab.address(a))
    mtu = lab.json("network", "show", "net1")["mtu"]
    assert mtu > 8000 if shape.get("mtu") == 9000 else 1400 <= mtu < 1500
    # The largest packet passes in one piece.
    assert lab.exec("a", "ping", "-c", "1", "-W", "2", "-M", "do", "-s", str(mtu - 28), lab.address(b)).returncode == 0


def test_tenants_with_the_same_addresses_never_meet(lab):
    """B4, B11, B12: two projects use 10.0.0.0/24; each sees its own guests only."""
    for project in ("red", "blue"):
        lab.network("net", project=project)
        lab.guest(f"{project}-a", 1, "net", project=project, fixed_ip="10.0.0.11")
    lab.guest("red-b", 2, "net", project="red", fixed_ip="10.0.0.12")
    lab.guest("blue-b", 2, "net", project="blue", fixed_ip="10.0.0.13")
    assert lab.pings("red-a", "10.0.0.12") and lab.pings("blue-a", "10.0.0.13")
    assert not lab.pings("red-a", "10.0.0.13") and not lab.pings("blue-a", "10.0.0.12")
    macs = {lab.json("port", "show", name)["mac_address"] for name in ("red-a", "blue-a")}
    seen = {lab.exec(name, "ping", "-c1", "-W1", "10.0.0.11").returncode == 0 and
            lab.exec(name, "ip", "neigh", "show", "10.0.0.11").stdout.split()[4] for name in ("red-b", "blue-b")}
    assert len(macs) == 2 and seen == macs


def test_guest_gets_name_route_and_mtu_by_dhcp(lab):
    """B5: a guest is provisioned with no manual network step."""
    lab.network("net1")
    a, b = lab.guest("a", 1, "net1"), lab.guest("b", 2, "net1")
    link = lab.exec("a", "ip", "-o", "link", "show", "eth0").stdout
    assert f"mtu {lab.json('network', 'show', 'net1')['mtu']} " in link and a["mac_address"] in link
    assert "default via 10.0.0.1 " in lab.exec("a", "ip", "route").stdout
    assert lab.address(b) in lab.exec("a", "getent", "hosts", "b").stdout


@pytest.mark.parametrize("mode", ["slaac", "dhcpv6-stateful", "dhcpv6-stateless"])
def test_guest_gets_ipv6_address(lab, mode):
    """B5: each IPv6 mode gives the guest the address that the API says."""
    lab.network("six", "2001:db8:1::/64", ipv6_ra_mode=mode, ipv6_address_mode=mode)
    a, b = lab.guest("a", 1, "six"), lab.guest("b", 2, "six")
    assert lab.address(a, 6) in lab.exec("a", "ip", "-6", "address", "show", "eth0").stdout
    wait_until(lambda: lab.pings("a", lab.address(b, 6)))


def test_daemons_stop_and_start(lab):
    """L4, B38: with controller and agent killed traffic goes on, and they come back to the same."""
    lab.network("net1")
    lab.guest("a", 1, "net1")
    b = lab.guest("b", 2, "net1")
    assert lab.pings("a", lab.address(b))
    for node in ("weftd", "h1"):
        lab.stop(node, kill=True)
    assert lab.pings("a", lab.address(b))
    refused = lab.weft("network", "list", check=False)
    assert refused.returncode == 4 and "no answer from the controller" in refused.stderr
    for node in ("weftd", "h1"):
        lab.start(node)
    assert lab.weft("lab", "start", "h1", check=False).returncode == 1
    lab.weft("wait", "port", "a", "--timeout", "10")
    assert lab.pings("a", lab.address(b))


def test_removed_guest_leaves_nothing(lab):
    """B8: device, port and namespace go with the guest."""
    lab.network("net1")
    lab.guest("a", 1, "net1")
    lab.weft("lab", "remove", "a")
    assert lab.json("port", "list") == []
    assert "v-a" not in lab.exec("h1", "ip", "link").stdout
    assert not pathlib.Path("/run/netns", lab.netns("a")).exists()
    assert lab.agent("h1", "status")["ports"] == {"total": 0, "wired": 0}
    lab.guest("a", 1, "net1")  # and the name may be used again


def test_lab_leaves_nothing(lab_with):
    """B8: everything is gone afterwards, also what a user left running, and after the daemons were killed."""
    lab = lab_with()
    number = next(line for line in (lab.folder / "lab").read_text().splitlines() if line.startswith("id="))[3:]
    assert any(d.name == f"wl{number}" for d in devices())
    lab.network("net1")
    lab.guest("a", 1, "net1")
    left = lab.popen("a", "sleep", "1000")
    lab.stop("h2", kill=True)
    assert traces_of(lab.name)
    lab.down()
    assert traces_of(lab.name) == []
    left.wait(5)
    assert not [d.name for d in devices() if re.fullmatch(f"wl{number}(h[0-9]+)?", d.name)]
    gone = run(WEFT, "lab", "down", "--lab", lab.name, check=False)
    assert gone.returncode == 3 and "there is no lab" in gone.stderr


def test_down_never_signals_a_foreign_process(lab_with):
    """A recorded pid that belongs to another process by now is left alone."""
    lab = lab_with()
    lab.stop("h1", kill=True)
    other = subprocess.Popen(["sleep", "1000"])
    (lab.folder / "h1" / "pid").write_text(f"{other.pid} 1\n")
    lab.down()
    assert other.poll() is None
    other.kill()
    other.wait()


def test_labs_do_not_disturb_each_other(lab_with):
    """Two labs with the same names and addresses in them, at once."""
    one, two = lab_with(), lab_with()
    for lab in (one, two):
        lab.network("net1")
        lab.guest("a", 1, "net1")
    b = one.guest("b", 2, "net1")
    assert one.env["WEFT_URL"] != two.env["WEFT_URL"]
    assert one.pings("a", one.address(b)) and not two.pings("a", one.address(b))
    two.down()
    assert one.pings("a", one.address(b))


def test_bad_requests_are_refused_with_what_is_right(lab):
    for words, code, message in [
        (("up", "--lab", lab.name), 1, "there is a lab"),
        (("up", "--lab", "Bad_Name"), 1, "is no name for a lab"),
        (("up", "--hosts", "0"), 2, "--hosts 0: must be a number of 1 to 64"),
        (("guest", "x", "--host", "9", "--network", "n"), 3, "it has h1 to h2"),
        (("guest", "x", "--network", "nowhere"), 3, "there is no network 'nowhere'"),
        (("guest", "h1", "--network", "n"), 1, "the lab has that already"),
        (("guest", "x"), 2, "--network NET"),
        (("exec", "nobody", "--", "true"), 3, "has no guest 'nobody'"),
        (("stop", "h7"), 3, "it has h1 to h2"),
        (("logs", "h7"), 3, "it has h1 to h2"),
    ]:
        done = lab.weft("lab", *words, check=False)
        assert (done.returncode, message in done.stderr) == (code, True), (words, done)
    assert not list(lab.folder.glob("guest-*"))


def test_exec_gives_the_commands_exit_code(lab):
    assert lab.exec("h1", "sh", "-c", "exit 7", check=False).returncode == 7
    assert "uplink0" in lab.exec("h2", "ip", "-br", "link").stdout


def test_openstack_command_works_in_the_lab(lab):
    """B2, B34: the variables of `weft lab env` are enough for the openstack command, as a tenant too."""
    assert lab.env["OS_AUTH_URL"] == lab.env["WEFT_URL"] and "OS_TOKEN" not in lab.env
    made = json.loads(run("openstack", "network", "create", "by-admin", "-f", "json", env=lab.env, timeout=120).stdout)
    lab.weft("network", "create", "by-weft")
    assert lab.json("network", "show", "by-weft")["project_id"] == made["project_id"]
    lab.weft("network", "delete", "by-weft", "by-admin")
    tenant = lab.environment("red")
    run("openstack", "network", "create", "theirs", env=tenant, timeout=120)
    assert [n["name"] for n in lab.json("network", "list")] == ["theirs"]
    assert lab.json("network", "show", "theirs")["project_id"] == "red"
    assert "theirs" in run("openstack", "network", "list", "-f", "value", env=tenant, timeout=120).stdout
    assert "theirs" not in lab.weft("network", "list", env=lab.environment("blue")).stdout
