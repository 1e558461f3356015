"""Virtual routers that are redundant pairs: made by a router's offering, and what is left of one when the other one dies (Z15, Z30, Z37; docs/virtual-router.md).

The topology is that of virtual_router_pair.py.
"""
import ipaddress
import json
import os
import signal

import pytest

from appliance_pair import Connection, Pings
from conftest import labs, wait_until
from test_appliance_ha import echoes, vrrp
from test_virtual_router import MAPPED
from virtual_router_pair import One, PairCloud, Remains, heard, knows
from virtual_router_pair_services import ALLOWED, DENIED, INSIDE, Services

DOWNTIME_S = 1.5
TUNNELS_S = 4  # until a tunnel is agreed on anew
SILENCE_S = 3  # after which a host takes a machine that announces nothing for no master


@pytest.fixture(scope="module")
def cloud(request, tmp_path_factory):
    make = labs(request)
    lab = next(make)(hosts=4)
    one = PairCloud(lab)
    one.pings = tmp_path_factory.mktemp("pings")
    try:
        yield one
    finally:
        for log in lab.folder.glob("h*/run/appliance/*.log"):
            print(log, log.read_text()[-2000:])
        next(make, None)


@pytest.fixture
def floating(cloud):
    """A floating IP of g, which goes with the test, whatever becomes of that."""
    made = cloud.api.make("floatingip", floating_network_id=cloud.networks["out"]["id"], port_id=cloud.g["id"])
    yield made
    assert cloud.api.call("DELETE", f"/v2.0/floatingips/{made['id']}").status == 204


def pings(cloud, source="g", address=None):
    bed = type("Bed", (), {"folder": cloud.pings, "popen": cloud.lab.popen})
    return Pings(bed, source, address or cloud.outside)


def link_local(mac):
    """The address of its own on every link (RFC 4291, appendix A)."""
    octets = [int(octet, 16) for octet in mac.split(":")]
    return str(ipaddress.IPv6Address(bytes([0xfe, 0x80, *[0] * 6, octets[0] ^ 2, *octets[1:3], 0xff, 0xfe, *octets[3:]])))


def test_made_by_the_offering(cloud):
    """Z15, Z20, Z30: a router of a redundant offering has two appliances, on two hosts, from its first guest on: one of them serves, and the API shows which."""
    router = cloud.api.get(f"/v2.0/routers/{cloud.router['id']}").json["router"]
    assert router["ha"] is True and not cloud.appliances(router)
    cloud.add_guests()
    active, standby = wait_until(lambda: cloud.is_redundant(router), what="a redundant router", deadline=60)
    assert active["host"] != standby["host"] and active["ha_group"] == standby["ha_group"] != ""
    assert {active["name"], standby["name"]} == {"router", "router-2"}
    own = [next(nic["port_id"] for nic in one["nics"] if nic["name"] == "mgmt") for one in (active, standby)]
    shared = cloud.shared()
    assert own[0] != own[1] and len(shared) == 3
    for port in shared:
        wait_until(lambda port=port: cloud.bindings(port) == {active["host"]: "ACTIVE", standby["host"]: "INACTIVE"}, what="the shared ports are the master's")
    wait_until(cloud.serves, what="the way out")
    why = cloud.lab.json("why", "g", "far", "icmp")  # through the one of the two that has the ports
    assert why["verdict"] == "let through" and f"In the appliance {active['id']}" in [leg["at"] for leg in why["steps_at_routers"]], why
    rows = cloud.lab.json("appliance", "list")
    assert {row["ha_state"] for row in rows} == {"active", "standby"} and len({row["ha_group"] for row in rows}) == 1
    assert "from 10.0.0.1" in wait_until(lambda: cloud.lease("g"), what="a lease")
    ports = cloud.api.get("/v2.0/ports", device_id=router["id"]).json["ports"]
    wait_until(lambda: {port["status"] for port in cloud.api.get("/v2.0/ports", device_id=router["id"]).json["ports"]} == {"ACTIVE"}, what="its ports are ACTIVE")
    assert {port["device_owner"] for port in ports} == {"network:router_gateway", "network:ha_router_replicated_interface"}


def test_ipv6(cloud):
    """Z4, Z27, Z37: of a pair the master advertises itself, by the link-local address of the MAC address that the two share, and guests get out by it."""
    lab = cloud.lab
    port = next(port for port in cloud.api.get("/v2.0/ports", device_id=cloud.router["id"]).json["ports"] if any(ip["ip_address"] == "fd00:1::1" for ip in port["fixed_ips"]))
    router, said = wait_until(cloud.advertised, what="an advertisement", deadline=60)
    assert router == link_local(port["mac_address"])
    assert "Prefix:fd00:1::/64" in said and "Routerlifetime:1800" in said and "Statefuladdressconf.:No" in said, said
    wait_until(lambda: lab.pings("g", lab.address(cloud.far, 6)), what="the way out by IPv6", deadline=30)
    master, backup = wait_until(cloud.settled, what="one is master")
    assert router in master.inside("ip", "-6", "address", "show", "dev", "guest1").stdout
    assert "inet6" not in backup.inside("ip", "-6", "address", "show", "dev", "guest1").stdout


def test_master_dies(cloud, floating):
    """Z15, Z37: the master is killed; TCP connections by SNAT and by a floating IP go on by the other host, and so does IPv6, the gap is below 1.5 s, and who comes back is the other one.

    Its devices are there for longer than it is: nobody waits for them to go, or for their silence."""
    ip = floating["floating_ip_address"]
    master, backup = wait_until(cloud.serves, what="one is master")
    wait_until(lambda: cloud.lab.pings("far", ip), what="the floating IP")
    connections = [Connection(cloud, "g", "far", cloud.outside, 7001), Connection(cloud, "far", "g", ip, 7002)]
    wait_until(lambda: knows(backup, 7001) and knows(backup, 7002), what="the other one knows the connections")
    gaps, inward, started = pings(cloud), pings(cloud, "far", cloud.lab.address(cloud.g, 6)), master.process.pid
    router = wait_until(cloud.advertised, what="an advertisement", deadline=30)[0]
    remains = Remains(master)
    os.kill(started, signal.SIGKILL)
    remains.forget()
    wait_until(lambda: backup.state == "MASTER", what="the other one is master")
    for connection in connections:
        connection.talk("still there")
    gap, gap6 = gaps.end(), inward.end()
    print(f"takeover of a router's pair: {gap:.3f} s without an answer, {gap6:.3f} s by IPv6")
    remains.end()
    assert gap < DOWNTIME_S and gap6 < SILENCE_S and cloud.active() == backup.host
    assert wait_until(cloud.advertised, what="an advertisement of the other one", deadline=30)[0] == router
    assert cloud.lab.pings("g", cloud.lab.address(cloud.far, 6))
    wait_until(lambda: master.process.pid not in (0, started) and master.state == "BACKUP", what="it is backup now", deadline=60)
    active, _ = wait_until(lambda: cloud.is_redundant(cloud.router), what="redundant again", deadline=60)
    assert active["host"] == backup.host
    for connection in connections:
        connection.talk("and after that")
        connection.end()


def test_another_interface(cloud, floating):
    """Z15, Z37: the router gets an interface on another network, and loses it: both machines take it while they run, connections go on, and the gap is no longer than that of a configuration."""
    ip = floating["floating_ip_address"]
    wait_until(lambda: cloud.lab.pings("far", ip), what="the floating IP", deadline=30)
    master, backup = wait_until(cloud.serves, what="one is master")
    connections = [Connection(cloud, "g", "far", cloud.outside, 7003), Connection(cloud, "far", "g", ip, 7004)]
    gaps, pids, shared = pings(cloud), [one.pid for one in (master, backup)], set(cloud.shared())
    network = cloud.lab.network("more", "10.3.0.0/24")
    subnet = cloud.api.get("/v2.0/subnets", network_id=network["id"]).json["subnets"][0]["id"]
    assert cloud.api.call("PUT", f"/v2.0/routers/{cloud.router['id']}/add_router_interface", {"subnet_id": subnet}).status == 200
    wait_until(lambda: "10.3.0.1/24" in master.inside("ip", "-4", "address").stdout, what="the master has its address", deadline=30)
    port = (set(cloud.shared()) - shared).pop()
    wait_until(lambda: cloud.bindings(port) == {master.host: "ACTIVE", backup.host: "INACTIVE"}, what="it is the master's", deadline=30)
    k = cloud.lab.guest("k", 3, "more")
    wait_until(lambda: cloud.lab.pings("k", cloud.outside), what="the way out by it", deadline=30)
    wait_until(lambda: cloud.is_redundant(cloud.router), what="redundant with it", deadline=30)
    def nics():
        return [len(one.inside("ip", "-br", "link").stdout.splitlines()) for one in (master, backup)]
    had = nics()
    assert cloud.api.call("DELETE", f"/v2.0/ports/{k['id']}").status == 204
    assert cloud.api.call("PUT", f"/v2.0/routers/{cloud.router['id']}/remove_router_interface", {"subnet_id": subnet}).status == 200
    wait_until(lambda: [n + 1 for n in nics()] == had, what="both are without it", deadline=30)
    wait_until(lambda: cloud.is_redundant(cloud.router), what="redundant without it", deadline=30)
    for connection in connections:
        connection.talk("still there")
        connection.end()
    gap = gaps.end()
    print(f"an interface more, and without it again: {gap:.3f} s without an answer")
    assert (master.state, backup.state) == ("MASTER", "BACKUP") and pids == [one.pid for one in (master, backup)] and gap < 0.5
    assert set(cloud.shared()) == shared


def test_partition(cloud):
    """Z37: two that take themselves for masters, and one that is on the wire: nothing comes to the other one, and pings are answered all the time, and when the two hear each other again nobody waits for the silence of who steps down."""
    master, backup = wait_until(cloud.serves, what="one is master")
    gaps = pings(cloud)
    vrrp([master, backup], True)
    wait_until(lambda: (master.state, backup.state) == ("MASTER", "MASTER"), what="both take themselves for masters")
    before, asked = heard(backup, "public", "guest0"), echoes(cloud)
    assert backup.inside("ping", "-c", "3", "-i", "0.2", "-W", "1", cloud.lab.address(cloud.g), check=False).returncode
    cloud.exec("g", "ip", "neighbour", "flush", "dev", "eth0")
    assert cloud.lab.pings("g", "10.0.0.1") and cloud.lab.pings("g", cloud.outside)
    assert heard(backup, "public", "guest0") == before and echoes(cloud) == asked, "the other one is on the wire"
    assert cloud.active() == master.host
    vrrp([master, backup], False)
    wait_until(cloud.serves, what="one is master again")
    gap = gaps.end()
    print(f"a partition of a router's pair, and its end: {gap:.3f} s without an answer")
    assert gap < SILENCE_S


def offer(services, far):
    """What a pair does beside routing; the floating IP that is announced."""
    ends = services.connect()
    ip = services.speak(far)
    services.guard()
    for path, _ in ends:
        wait_until(lambda path=path: services.status(path) == "ACTIVE", what=f"{path} is ACTIVE")
    for kind, address in INSIDE.items():
        wait_until(lambda address=address: services.cloud.lab.pings("g", address), what=f"a ping by {kind}")
    wait_until(lambda: services.cloud.lab.pings("far", ip), what="far knows the way")
    return ip, [path for path, _ in ends]


def test_services_follow_the_master(cloud):
    """Z2, Z34, Z35, Z37: the master is killed; rules and connections of a firewall group are the other one's, tunnels of each kind are there again, and so is what is announced by BGP."""
    with Services(cloud) as services:
        ip, paths = offer(services, cloud.far)
        master, backup = wait_until(cloud.serves, what="one is master")
        allowed = Connection(cloud, "far", "g", ip, ALLOWED)
        wait_until(lambda: knows(backup, ALLOWED), what="the other one knows the connection")
        assert services.is_open(ip, ALLOWED) and not services.is_open(ip, DENIED)
        gaps = {kind: pings(cloud, address=address) for kind, address in INSIDE.items()}
        gaps.update({kind: pings(cloud, "far", address) for kind, address in (("address", services.end), ("bgp", ip))})
        os.kill(master.process.pid, signal.SIGKILL)
        wait_until(lambda: backup.state == "MASTER", what="the other one is master")
        allowed.talk("still there")
        assert not services.is_open(ip, DENIED) and services.is_open(ip, ALLOWED)
        wait_until(lambda: services.frr.route(f"{ip}/32") == {services.end}, what="far knows the way again")
        seconds = {kind: one.end() for kind, one in gaps.items()}
        print("takeover of a pair's services, seconds without an answer:", ", ".join(f"{kind} {gap:.2f}" for kind, gap in seconds.items()))
        assert max(seconds["address"], seconds["bgp"]) < DOWNTIME_S and max(seconds[kind] for kind in INSIDE) < TUNNELS_S, seconds
        for path in paths:
            wait_until(lambda path=path: services.status(path) == "ACTIVE", what=f"{path} is ACTIVE again")
        allowed.end()
    wait_until(lambda: cloud.is_redundant(cloud.router), what="redundant again")


def test_host_dies_without_controller(cloud):
    """Z15, Z37: weftd is away and the master's host dies: the other one serves; weftd says that it is not redundant, and makes another one on another host."""
    lab = cloud.lab
    master, backup = wait_until(cloud.serves, what="one is master")
    assert master.host != "h3"
    lab.stop("weftd")
    with open(lab.folder / "weftd/weftd.conf", "a") as conf:
        conf.write("\n[providers]\nappliance-takeover = 10\n")
    lab.stop(master.host, kill=True)
    os.kill(master.process.pid, signal.SIGKILL)
    wait_until(lambda: lab.pings("g", cloud.outside), what="the way out by the other host", deadline=30)
    lab.start("weftd")
    cloud.api = lab.api()
    cloud.has_status(cloud.router, "ACTIVE", "not redundant: appliance")
    wait_until(lambda: cloud.active() == backup.host, what="the controller has learnt it", deadline=60)
    active, standby = wait_until(lambda: cloud.is_redundant(cloud.router), what="redundant again", deadline=90)
    assert active["host"] == backup.host and standby["host"] not in (master.host, backup.host) and lab.pings("g", cloud.outside)
    for port in cloud.shared():
        assert cloud.bindings(port) == {backup.host: "ACTIVE", standby["host"]: "INACTIVE"}
    lab.start(master.host)
    lab.weft("appliance", "reconnect", standby["id"])
    assert lab.json("appliance", "show", standby["id"])["generation"] == standby["generation"] + 1
    wait_until(lambda: cloud.is_redundant(cloud.router), what="redundant after all", deadline=60)


def test_made_anew_one_after_the_other(cloud):
    """Z15, Z28, Z37, Z41: the offering changes. What no host can run changes nothing; where neither of the two may stay, the one that waits is made anew first, and the master ends when that one can take over: connections go on."""
    master, backup = wait_until(cloud.serves, what="one is master")
    hosts = {host["name"]: host for host in cloud.api.get("/v2.0/hosts").json["hosts"]}
    others = hosts.keys() - {master.host, backup.host}
    connection = Connection(cloud, "g", "far", cloud.outside, 7005)
    gaps, old, given, seen = pings(cloud), [one.process.pid for one in (master, backup)], cloud.profile, []
    cloud.resize(runtime="qemu", machine_image="none-such")
    cloud.has_status(cloud.router, "ERROR", "4 the machine image none-such")
    assert [one.process.pid for one in (master, backup)] == old
    for name in others:
        cloud.put("hosts", hosts[name], tags=["others"])
    cloud.resize(given, host_tags=["others"])
    def moved():
        seen.append({one["id"]: one["host"] for one in cloud.appliances(cloud.router)})
        return set(seen[-1].values()) == others and cloud.is_redundant(cloud.router)
    both = wait_until(moved, what="both are on other hosts", deadline=60)
    went = next(one["host"] for one in both if one["id"] == backup.id)
    assert {master.id: master.host, backup.id: went} in seen, f"who waited did not go first: {seen}"
    connection.talk("still there")
    connection.end()
    gap = gaps.end()
    print(f"other machines of a router's pair: {gap:.3f} s without an answer")
    assert gap < DOWNTIME_S
    cloud.resize(given)
    for name in others:
        cloud.put("hosts", hosts[name], tags=[])
    wait_until(lambda: cloud.is_redundant(cloud.router), what="redundant on any host", deadline=60)


def test_ha_of_a_router_changes(cloud):
    """Z30: `ha` is changed while the router is down; then it is one appliance, with the same interface."""
    refused = cloud.api.call("PUT", f"/v2.0/routers/{cloud.router['id']}", {"router": {"ha": False}})
    assert refused.status == 400 and "admin_state_up" in refused.json["NeutronError"]["message"]
    cloud.put("routers", cloud.router, admin_state_up=False)
    cloud.put("routers", cloud.router, ha=False)
    cloud.put("routers", cloud.router, admin_state_up=True)
    wait_until(lambda: [(one["name"], one["status"], one["ha_state"]) for one in cloud.appliances(cloud.router)] == [("router", "ACTIVE", "")], what="one alone", deadline=60)
    cloud.exec("far", "ip", "neigh", "flush", "all")  # a single one does not announce that the address is its now
    wait_until(lambda: cloud.lab.pings("g", cloud.outside), what="the way out")
    assert cloud.attachment(cloud.router)["status_reason"] == ""


def has_address(cloud, net):
    """Has the first of its appliances the network's address?"""
    one = One(cloud, cloud.appliances(net)[0])
    return one.pid and "10.7.0." in one.inside("ip", "-4", "address", "show", "dev", "guest0", check=False).stdout


def test_network_whose_offering_changes(cloud):
    """Z15, Z30, Z41: the pair of a network that has one host for it serves, and says why it is not redundant; with another host it is; with another offering it is alone, with the same ports."""
    hosts = {host["name"]: host for host in cloud.api.get("/v2.0/hosts").json["hosts"]}
    cloud.put("hosts", hosts["h1"], tags=["pairs"])
    offering = cloud.offering(ha=True, host_tags=["pairs"])
    net = cloud.network("iso", "10.7.0.0/24", tags=[f"guestL3Network::{offering['id']}"])
    cloud.api.make("port", network_id=net["id"], device_owner="compute:nova")
    attachment = cloud.has_status(net, "ACTIVE", "not redundant: appliance router-2: no host may run")
    assert "1 have the other one of its pair" in attachment["status_reason"]
    wait_until(lambda: has_address(cloud, net), what="it serves")
    cloud.put("hosts", hosts["h2"], tags=["pairs"])
    both = wait_until(lambda: cloud.is_redundant(net), what="redundant", deadline=60)
    assert {one["host"] for one in both} == {"h1", "h2"}
    shared = next(nic["port_id"] for nic in both[0]["nics"] if nic["name"] == "guest0")
    before = cloud.api.get(f"/v2.0/ports/{shared}").json["port"]
    metainfo = {"management_network": cloud.networks["m"]["id"], "host_tags": ["pairs"]}
    assert cloud.api.call("PUT", f"/v2.0/service_profiles/{offering['id']}", {"service_profile": {"metainfo": json.dumps(metainfo)}}).status == 200
    wait_until(lambda: [(one["name"], one["status"], one["ha_group"]) for one in cloud.appliances(net)] == [("router", "ACTIVE", "")], what="one alone", deadline=60)
    after = cloud.api.get(f"/v2.0/ports/{shared}").json["port"]
    assert (after["mac_address"], after["fixed_ips"]) == (before["mac_address"], before["fixed_ips"])
    assert after["device_id"] == cloud.appliances(net)[0]["id"] and len(cloud.bindings(shared)) == 1
    wait_until(lambda: has_address(cloud, net), what="the one that is left serves")
    assert cloud.api.call("PUT", f"/v2.0/networks/{net['id']}", {"network": {"service_providers": {name: "edge" for name in MAPPED}}}).status == 200
    wait_until(lambda: not cloud.appliances(net) and not cloud.attachment(net), what="the attachment is gone")
    assert cloud.api.get(f"/v2.0/ports/{shared}").status == 404
