"""No controller in reach: hosts go on, answer their guests, take devices back, and come up again after a reboot.

    h1: a ─┐                  ┌─ b :h2
           └── edge ═════ edge              weftd: gone
"""
import os
import re
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD, run, wait_until
from footprint import mounts_below, view
from traffic import Ping

HOSTS = ("h1", "h2")


@pytest.fixture
def talking(lab):
    """The lab of the drawing, where names work; lab.ports has the ports by name."""
    lab.network("net1")
    lab.ports = {"a": lab.guest("a", 1, "net1"), "b": lab.guest("b", 2, "net1")}
    wait_until(lambda: lab.pings("a", lab.address(lab.ports["b"])), what="a reaches b")
    lab.weft("wait", "revision")
    return lab


def lab_address(lab, guest):
    return lab.address(lab.ports[guest])


def lease(lab, guest):
    """What a DHCP client of its own is given and applies: the address, or None."""
    done = lab.exec(guest, "env", f"WEFT_RESOLV=/etc/netns/{lab.netns(guest)}/resolv.conf", "busybox", "udhcpc", "-f", "-q", "-n",
                    "-i", "eth0", "-s", lab.folder / f"guest-{guest}/udhcpc.sh", "-O", "staticroutes", "-T", "1", "-t", "3",
                    check=False)
    found = re.search(r"lease of ([\d.]+) obtained", done.stdout + done.stderr)
    return found and found[1]


def renews(lab, guest):
    """The guest's own DHCP client is told to renew, and does."""
    folder = lab.folder / f"guest-{guest}"
    count = (folder / "udhcpc.log").read_text().count(" obtained")
    os.kill(int((folder / "udhcpc.pid").read_text().split()[0]), signal.SIGUSR1)
    return wait_until(lambda: (folder / "udhcpc.log").read_text().count(" obtained") > count, what=f"{guest} has renewed")


def resolves(lab, guest, name):
    return lab.exec(guest, "getent", "hosts", name, check=False).stdout.split()[:1]


def new_device(lab, host, guest):
    """The guest's device as a hypervisor makes it when it starts the guest: nothing but name and MAC."""
    run("ip", "-n", lab.netns(host), "link", "add", f"v-{guest}", "type", "veth", "peer", "name", "eth0", "address",
        lab.ports[guest]["mac_address"], "netns", lab.netns(guest))
    run("ip", "-n", lab.netns(guest), "link", "set", "eth0", "up")


def start_agent(lab, host):
    """`weft lab start` waits for the controller, which is not there."""
    log = open(lab.folder / host / "log", "a")
    process = subprocess.Popen(["nsenter", f"--net=/run/netns/{lab.netns(host)}", BUILD / "src/agent/weft-agent", "--config",
                                lab.folder / host / "agent.conf"], stderr=log, stdout=log)

    def answers():
        assert process.poll() is None, lab.log(host)
        try:
            return lab.agent(host, "status")
        except OSError:
            return None
    wait_until(answers, what=f"the agent of {host} answers")
    return process


def test_services_go_on_without_the_controller(talking):
    """L8, B25: traffic, DHCP, names, and a device that comes back, with weftd killed; nothing to be done when it returns."""
    lab, b = talking, lab_address(talking, "b")
    ping = Ping(lab.netns("a"), b)
    lab.stop("weftd", kill=True)
    wait_until(lambda: all(lab.agent(host, "status")["controller"]["state"] != "connected" for host in HOSTS), what="noticed")
    assert renews(lab, "a") and renews(lab, "b")
    assert resolves(lab, "a", "b") == [b]
    sent, lost = ping.stop()
    assert sent and lost == 0
    run("ip", "-n", lab.netns("h2"), "link", "delete", "v-b")  # the guest stops, and starts again
    new_device(lab, "h2", "b")
    wait_until(lambda: lease(lab, "b") == b, what="b is given its address")
    wait_until(lambda: lab.pings("a", b), what="a reaches b again")
    lab.agent("h1", "unplug", port=lab.ports["a"]["id"])
    assert not lab.pings("a", b)
    lab.agent("h1", "plug", port=lab.ports["a"]["id"], device="v-a")
    assert lab.pings("a", b)
    lab.start("weftd")
    lab.weft("wait", "port", "b", "--timeout", "10")
    assert lab.pings("a", b)


def reboot(lab, host):
    """Everything of the host goes but its disk: processes, pins and programs, the run folder, devices that software made."""
    netns, folder = lab.netns(host), lab.folder / host
    lab.stop(host, kill=True)
    for mount in mounts_below(folder):
        run("umount", mount)
    shutil.rmtree(folder / "run")
    for device in ("weft-vxlan", "v-a", "v-b"):
        run("ip", "-n", netns, "link", "delete", device, check=False)
    assert "direct-action" not in run("tc", "-n", netns, "filter", "show", "dev", "uplink0", "ingress").stdout


def test_hosts_reboot_without_the_controller(talking):
    """L8, B25, B38, B48: both hosts come back from their disk alone: the view is the same, guests talk, DHCP and names answer."""
    lab = talking
    before = {host: view(lab, host) for host in HOSTS}
    lab.stop("weftd", kill=True)
    for host in HOSTS:
        reboot(lab, host)
    agents = [start_agent(lab, host) for host in HOSTS]
    try:
        assert {host: view(lab, host) for host in HOSTS} == before
        for host, guest in (("h1", "a"), ("h2", "b")):
            new_device(lab, host, guest)
            wait_until(lambda: lease(lab, guest) == lab_address(lab, guest), what=f"{guest} is given its address")
        wait_until(lambda: lab.pings("a", lab_address(lab, "b")), what="a reaches b")
        assert resolves(lab, "a", "b") == [lab_address(lab, "b")]
        lab.start("weftd")
        for host in HOSTS:
            wait_until(lambda: lab.agent(host, "status")["controller"]["state"] == "connected", what="connected")
        lab.weft("wait", "port", "a", "--timeout", "10")
        assert {host: view(lab, host) for host in HOSTS} == before
    finally:
        for agent in agents:
            agent.terminate()
            agent.wait()
