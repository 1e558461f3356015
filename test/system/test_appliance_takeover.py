"""The host of a virtual router dies: another one makes it again, and guests are served as before (Z11, Z12, Z37; docs/appliances.md).

    [h1] the router of `in`  ──dies──►  [h2] both routers   [h3] guests: g on in, o on other; far on out
    [h2] the router of `other`
"""
import os
import pathlib
import re
import signal

import pytest

from appliance_pair import Pings
from conftest import labs, wait_until
from test_virtual_router import Cloud

TAKEOVER_S = 20  # `appliance-takeover`; what is silent for less is alive
SLACK_S = 10  # of the machine that this runs on: weftd looks once a second
ROUTERS = {"in": "10.0.0.0/24", "other": "10.1.0.0/24"}


@pytest.fixture(scope="module")
def cloud(request):
    make = labs(request)
    lab = next(make)(hosts=3)
    with open(lab.folder / "weftd/weftd.conf", "a") as conf:
        conf.write(f"[providers]\nappliance-takeover = {TAKEOVER_S}\n")
    lab.stop("weftd")
    lab.start("weftd")
    one = Cloud(lab)
    for host in one.api.get("/v2.0/hosts").json["hosts"]:
        if host["name"] != "h3":
            assert one.api.call("PUT", f"/v2.0/hosts/{host['id']}", {"host": {"tags": ["routers"]}}).status == 200
    one.profile = one.offering(public_network=one.networks["out"]["id"], host_tags=["routers"], default=True)
    yield one
    for log in lab.folder.glob("h*/run/appliance/*.log"):
        print(log, log.read_text()[-3000:])
    next(make, None)


def test_its_host_dies(cloud):
    """Z11, Z12, Z37: the router comes back on another host by itself, with the same files, within 20 s of silence and what its making takes;
    another network's loses nothing. The dead host, when it is back, has it no more."""
    lab, api = cloud.lab, cloud.api
    networks = {name: cloud.network(name, cidr, dns_domain="example.org.") for name, cidr in ROUTERS.items()}
    far = lab.guest("far", 3, "out")
    assert api.call("PUT", f"/v2.0/ports/{far['id']}", {"port": {"port_security_enabled": False, "security_groups": []}}).status == 200
    guests = {}
    for name, network in (("g", "in"), ("o", "other")):
        guests[name] = lab.guest(name, 3, network)
        cloud.has_status(networks[network])
        gateway = ROUTERS[network].replace(".0/24", ".1")
        lab.exec(name, "ip", "route", "replace", "default", "via", gateway)
        wait_until(lambda: lab.pings(name, lab.address(far)), what=f"the way out of {name}")
    appliance, other = (cloud.appliance(networks[name]) for name in ROUTERS)
    assert (appliance["host"], other["host"]) == ("h1", "h2")
    asked, undisturbed = Pings(lab, "g", lab.address(far)), Pings(lab, "o", lab.address(far))
    lab.stop("h1", kill=True)
    os.kill(cloud.process(appliance), signal.SIGKILL)
    lab.exec("h1", "ip", "link", "set", "uplink0", "down")
    wait_until(lambda: cloud.appliance(networks["in"])["host"] == "h2", deadline=TAKEOVER_S + SLACK_S, what="another host has it")
    cloud.has_status(networks["in"])
    wait_until(lambda: lab.pings("g", lab.address(far)), what="the way out of g again")
    gap, others = asked.end(), undisturbed.end()
    print(f"takeover: {gap:.1f} s without an answer; the other network {others:.1f} s")
    assert 1 < gap < TAKEOVER_S + 2 * SLACK_S and others < SLACK_S / 2
    now = cloud.appliance(networks["in"])
    assert now["digest"] == appliance["digest"] != "" and {port["binding:host_id"] for port in cloud.ports(now).values()} == {"h2"}
    assert lab.address(guests["g"]) in wait_until(lambda: cloud.lease("g"), what="a lease")
    assert wait_until(lambda: cloud.dig("g", "g.example.org"), what="a name") == lab.address(guests["g"])
    lab.exec("h1", "ip", "link", "set", "uplink0", "up")
    lab.start("h1")
    left = lab.folder / "h1/run/appliance"
    wait_until(lambda: not list(left.glob(f"{appliance['id']}*")), what=f"h1 has nothing of it any more in {left}")
    assert not cloud.process(appliance) and cloud.appliance(networks["in"])["host"] == "h2" and cloud.lease("g")


def test_limits(cloud):
    """Z28, Z40: limits of an offering are those of its routers' control groups; where the kernel lacks the controllers the router is not run without them, and says why. That the right values are written there is looked
    at on a folder that stands in (src/appliance/runtime/cgroup_test.c)."""
    body = {"service_profile": {"metainfo": cloud.profile["metainfo"].replace("{", '{"cpu_percent": 50, "memory_mib": 96, ', 1)}}
    assert cloud.api.call("PUT", f"/v2.0/service_profiles/{cloud.profile['id']}", body).status == 200
    network = cloud.api.get("/v2.0/networks", name="in").json["networks"][0]
    mount = next(line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line)
    if {"cpu", "memory"} <= set(pathlib.Path(mount, "cgroup.controllers").read_text().split()):
        wait_until(lambda: cloud.process(cloud.appliance(network)) and cloud.appliance(network)["cpu_percent"] == 50, what="another machine")
        cloud.has_status(network)
        group = pathlib.Path(mount, "weft-appliance", cloud.appliance(network)["id"])
        assert (group / "cpu.max").read_text() == "50000 100000\n" and (group / "memory.max").read_text() == f"{96 << 20}\n"
    else:
        reason = cloud.has_status(network, "ERROR", "limit can't be kept")["status_reason"]
        assert re.search(r'no controller "(cpu|memory)" of cgroup v2 at /.*; start it without one, or boot with', reason), reason
        assert cloud.api.call("PUT", f"/v2.0/service_profiles/{cloud.profile['id']}", {"service_profile": {"metainfo": cloud.profile["metainfo"]}}).status == 200
        cloud.has_status(network)
        wait_until(lambda: cloud.lease("g"), what="without limits it is there again")
