"""What a hypervisor is made of: an edge switch of programs, a logical switch per network, networks apart from each other.

    weftd ── management ──┬── [h1] a1 b1      a* on network A, b* on network B
                          └── [h2] a2         the two hosts' uplinks are joined by the underlay
"""
import json
import pathlib
import re
import subprocess

import pytest
from conftest import run, wait_until


@pytest.fixture(scope="module")
def cloud(module_lab):
    lab = module_lab
    for name, cidr in (("a", "10.0.0.0/24"), ("b", "10.0.1.0/24")):
        lab.network(name, cidr)
    lab.ports = {name: lab.guest(name, host, network)
                 for name, host, network in (("a1", 1, "a"), ("a2", 2, "a"), ("b1", 1, "b"))}
    return lab


def links(lab, host):
    return json.loads(lab.exec(host, "ip", "-json", "-details", "link").stdout)


def bytes_of(lab, host, device):
    counters = next(link for link in json.loads(lab.exec(host, "ip", "-json", "-statistics", "link").stdout)
                    if link["ifname"] == device)["stats64"]
    return counters["rx"]["bytes"] + counters["tx"]["bytes"]


@pytest.mark.parametrize("host", ["h1", "h2"])
def test_every_hypervisor_has_an_edge_switch_and_no_other(cloud, host):
    """B3: programs at each guest's device and at the uplink; no bridge, no other switch, no packet filter."""
    found = links(cloud, host)
    assert not [link["ifname"] for link in found if link.get("linkinfo", {}).get("info_kind") in ("bridge", "openvswitch")]
    assert not cloud.exec(host, "nft", "list", "ruleset").stdout.strip()
    indexes = {link["ifname"]: link["ifindex"] for link in found}
    attached = cloud.exec(host, "bpftool", "net", "show").stdout
    devices = [port["device"] for port in cloud.agent(host, "ports")["ports"]]
    assert devices
    for device in devices:
        assert re.search(rf"^{re.escape(device)}\(\d+\).*from_guest", attached, re.M), f"{device} has no program:\n{attached}"
    for device in cloud.agent(host, "status")["uplinks"]:  # by tcx, which Debian's bpftool does not show: by its pin
        assert any(pin.name.startswith(f"{indexes[device]}-") for pin in pathlib.Path(cloud.folder, host).rglob("links/*"))


def test_a_logical_switch_per_network_and_host(cloud):
    """L21, L15: one host divides into a switch per network: a broadcast of one is not heard in the other, though both are here."""
    networks = cloud.agent("h1", "view", kind="network")["records"]
    assert len({record["data"]["vni"] for record in networks}) == len(networks) == 2
    assert len(cloud.agent("h2", "view", kind="network")["records"]) == 1
    heard = {name: listen(cloud, name) for name in ("a2", "b1")}
    for _ in range(3):
        cloud.exec("a1", "ping", "-b", "-c", "1", "-W", "1", "10.0.0.255", check=False)
    wait_until(lambda: heard["a2"].poll() is not None, what="the broadcast on its own network")
    assert heard["b1"].poll() is None, "a broadcast crossed from one network to another"
    for capture in heard.values():
        capture.terminate()
        capture.communicate(timeout=10)


def listen(lab, guest):
    """A capture that ends with the first broadcast ping of somebody else."""
    capture = subprocess.Popen(["ip", "netns", "exec", lab.netns(guest), "tcpdump", "-c", "1", "-n", "-Q", "in", "-i", "eth0",
                                "icmp and ether broadcast"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in capture.stderr:
        if "listening" in line:
            return capture
    raise AssertionError("tcpdump ended")


def test_management_and_tunnels_are_apart(cloud):
    """L24: what guests send goes over the tunnel network; the control plane has one of its own, and neither uses the other."""
    uplink = cloud.agent("h1", "status")["uplinks"][0]
    before = {device: bytes_of(cloud, "h1", device) for device in (uplink, "mgmt0")}
    run("ip", "netns", "exec", cloud.netns("a1"), "ping", "-q", "-c", "200", "-i", "0.002", "-s", "1000",
        cloud.address(cloud.ports["a2"]))
    tunnel, management = (bytes_of(cloud, "h1", device) - before[device] for device in (uplink, "mgmt0"))
    assert tunnel > 2 * 200 * 1000
    assert management < 100_000, "guests' traffic on the management network"
    before = {device: bytes_of(cloud, "h1", device) for device in (uplink, "mgmt0")}
    for number in range(40):
        cloud.weft("port", "create", f"p{number}", "--network", "a", "--host", "h1")
    cloud.weft("wait", "revision")
    assert bytes_of(cloud, "h1", "mgmt0") - before["mgmt0"] > 40 * 500
    assert bytes_of(cloud, "h1", uplink) - before[uplink] < 20_000, "the control plane on the tunnel network"


def test_programs_and_maps_are_pinned(cloud):
    """B3: what forwards belongs to the kernel, so it does not end with the process that loaded it."""
    pins = pathlib.Path(cloud.folder, "h1").rglob("*")
    names = {pin.name for pin in pins if "bpf" in str(pin)}
    assert {"ports", "endpoints", "flows4", "flows6", "vteps"} <= names
