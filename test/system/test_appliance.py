"""weft-appliance by itself: what it is told over HTTP is what guests get (Z13, Z21, Z22, Z23, Z25, Z27; docs/appliances.md).

    The topology is that of appliance_bed.py.
"""
import itertools
import json
import os
import pathlib
import signal
import subprocess

import pytest

from appliance_bed import GUESTS, MACS, Bed, document
from conftest import wait_until
from packets import BROADCAST, Wire, address_bytes, mac_bytes

numbers = itertools.count()
revisions = itertools.count(10)


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    one = Bed(tmp_path_factory.mktemp("appliance"), next(numbers))
    try:
        yield one.up()
    finally:
        print((one.folder / "log").read_text()[-4000:])
        one.down()


def serve(bed, namespace, port, answer, version=4):
    """A server that says `answer` to each connection; ends with the bed's namespace."""
    process = bed.popen(namespace, "socat", f"TCP{version}-LISTEN:{port},fork,reuseaddr", f"SYSTEM:{answer}", stderr=subprocess.DEVNULL)
    wait_until(lambda: f":{port} " in bed.exec(namespace, "ss", "-ltn").stdout, what=f"{namespace} serves port {port}")
    return process


def ask(bed, namespace, address, port, deadline=10):
    """What a server says to one connection; nothing if there is none in so many seconds."""
    return bed.exec(namespace, "socat", "-u", f"TCP:{address}:{port},connect-timeout={deadline}", "-", check=False).stdout.strip()


def test_who_may_ask_and_what(bed):
    """Z21: who has not the credential, or speaks no TLS, gets nothing; what is wrong is said, and changes nothing."""
    for credential in ("", "the-credential-of-another-one"):
        for path, body in (("/v1/status", None), ("/v1/config", document(1))):
            status, answer = bed.call(path, body, credential=credential, check=False)
            assert status in (401, 413) and "credential" in str(answer) or status == 413, answer
    assert bed.call("/v1/status", check=False, url="http://192.0.2.5:9797")[0] in (0, 400)
    assert bed.get("/v1/status")["status"] == "UNCONFIGURED"
    bad = document(1)
    bad["dhcp"]["hosts"][1]["ip_address"] = "10.0.1.9"
    status, answer = bed.call("/v1/config", bad)
    assert status == 400 and "dhcp.hosts[1].ip_address: 10.0.1.9 is in none of the subnets" in answer["error"]["message"]
    assert bed.call("/v1/config", "{")[0] == 400
    assert bed.call("/v1/nothing")[0] == 404
    assert bed.call("/v1/config")[0] == 405
    assert bed.get("/v1/status")["status"] == "UNCONFIGURED" and not list(pathlib.Path(bed.files).glob("*"))


def test_certificates(bed):
    """Z21: with the credential alone nobody is let in: he shows the controller's certificate. Both may become others as it runs: the one that it
    shows at once, the controller's former one is known until there is a third."""
    bed.certificate("other.pem", "other-key.pem", "controller")
    for client, says in ((None, "must be shown by TLS; none was"), (("other.pem", "other-key.pem"), 'shown, "CN=controller", is not that of this')):
        for path, body in (("/v1/status", None), ("/v1/config", document(1))):
            status, answer = bed.call(path, body, check=False, client=client)
            assert status == 413 and body or status == 401 and says in answer["error"]["message"], (status, answer)
    pids = [bed.process.pid]
    text = lambda name: (bed.folder / name).read_text()
    for n, known in ((1, [0, 1]), (2, [1, 2])):
        bed.certificate("next.pem", "next-key.pem", "box")
        bed.certificate(f"client{n}.pem", f"client{n}-key.pem", f"controller {n}")
        body = {"certificate": text("next.pem"), "key": text("next-key.pem"), "controller_certificate": text(f"client{n}.pem")}
        clients = [("client.pem", "client-key.pem"), ("client1.pem", "client1-key.pem"), ("client2.pem", "client2-key.pem")]
        for wrong in ({"key": text("other-key.pem")}, {"controller_certificate": None}, {"controller_certificate": "-----BEGIN CERTIFICATE-----"}):
            assert bed.call("/v1/certificate", {**body, **wrong}, client=clients[n - 1])[0] == 400, wrong
        assert bed.call("/v1/certificate", body, client=clients[n - 1]) == (200, {})
        assert bed.call("/v1/status", check=False)[0] == 0, "it shows another one than before"
        (bed.folder / "cert.pem").write_text(text("next.pem"))
        assert [bed.call("/v1/status", client=client)[0] for client in clients[:n + 1]] == [200 if i in known else 401 for i in range(n + 1)]
    bed.kill()
    bed.write()
    bed.start()
    assert bed.process.pid not in pids, "who is started anew has what its files say"


def test_services(bed):
    """Z22, Z23, Z25: DHCP and DNS on the guests' NIC; SNAT, floating IP, forwarded port and firewall by the public one."""
    answer = bed.put(document(next(revisions)))
    assert answer["digest"] == answer["desired_digest"] and answer["drift"] == []
    status = bed.get("/v1/status")
    assert status["status"] == "ACTIVE" and status["daemons"]["dnsmasq"]["running"]
    for guest in ("g1", "g2"):
        lease = bed.lease(guest)
        assert (lease["ip_address"], lease["routers"], lease["domain_name_servers"]) == (GUESTS[guest][1], "10.0.0.1", "10.0.0.1")
        assert (lease["interface_mtu"], lease["domain_name"], lease["host_name"]) == ("1450", "example.org", guest)
    dig = bed.exec("g1", "dig", "+short", "+time=2", "@10.0.0.1", "g2.example.org").stdout
    assert dig.strip() == "10.0.0.11"
    assert "NXDOMAIN" in bed.exec("g1", "dig", "+time=2", "@10.0.0.1", "nobody.example.org").stdout
    assert "REFUSED" in bed.exec("g1", "dig", "+time=2", "@10.0.0.1", "example.com").stdout
    for port in (7000, 25):
        serve(bed, "out", port, "echo $SOCAT_PEERADDR")
    serve(bed, "g1", 80, "echo g1 $SOCAT_PEERADDR")
    serve(bed, "g2", 81, "echo g2 $SOCAT_PEERADDR")
    assert ask(bed, "g2", "203.0.113.1", 7000) == "203.0.113.5"
    assert ask(bed, "g1", "203.0.113.1", 7000) == "203.0.113.6"
    assert ask(bed, "out", "203.0.113.6", 80) == "g1 203.0.113.1"
    assert ask(bed, "out", "203.0.113.5", 8081) == "g2 203.0.113.1"
    assert ask(bed, "g2", "203.0.113.6", 80) == "g1 10.0.0.1"
    assert ask(bed, "g2", "203.0.113.1", 25, deadline=1) == ""
    counters = bed.get("/v1/counters")
    assert counters["counters"]["connections_snat"]["packets"] >= 1 and counters["counters"]["firewall_dropped"]["packets"] >= 1
    assert counters["counters"]["connections_floating_ip"]["packets"] >= 1 and counters["interfaces"]["guest0"]["rx_packets"] > 0


def test_what_is_closed(bed):
    """Z22: guests and the outside reach neither the API nor the management network; the outside no guest that has no address there."""
    bed.put(document(next(revisions)))
    bed.exec("ctl", "ip", "route", "replace", "default", "via", "192.0.2.5")
    bed.exec("out", "ip", "route", "replace", "10.0.0.0/24", "via", "203.0.113.5")
    server = serve(bed, "ctl", 7000, "echo reached")
    assert ask(bed, "box", "192.0.2.1", 7000) == "reached"
    for namespace, address, port in (("g1", "192.0.2.1", 7000), ("out", "192.0.2.1", 7000), ("out", "10.0.0.10", 80), ("ctl", "10.0.0.10", 80)):
        assert ask(bed, namespace, address, port, deadline=1) == "", namespace
    for namespace, address in (("g1", "10.0.0.1"), ("out", "203.0.113.5")):
        done = bed.exec(namespace, "curl", "-sk", "-m", "1", f"https://{address}:9797/v1/status", check=False)
        assert done.returncode == 28 and not done.stdout, namespace
    server.terminate()


def test_change_is_only_what_changes(bed):
    """Z32: a guest that comes gets its lease and name without a restart of dnsmasq, and established connections go on; an older revision is refused."""
    bed.put(document(next(revisions)))
    pid = bed.get("/v1/status")["daemons"]["dnsmasq"]["pid"]
    cat = bed.popen("out", "socat", "TCP4-LISTEN:7001,reuseaddr", "PIPE")
    wait_until(lambda: ":7001 " in bed.exec("out", "ss", "-ltn").stdout, what="out serves port 7001")
    client = bed.popen("g2", "socat", "-", "TCP4:203.0.113.1:7001", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    client.stdin.write("before\n")
    client.stdin.flush()
    assert client.stdout.readline() == "before\n"
    before = bed.get("/v1/counters")["counters"]["connections_snat"]["packets"]
    revision = next(revisions)
    bed.put(document(revision, guests=("g1", "g2", "g3")))
    client.stdin.write("after\n")
    client.stdin.flush()
    assert client.stdout.readline() == "after\n"
    client.terminate()
    cat.terminate()
    assert bed.get("/v1/counters")["counters"]["connections_snat"]["packets"] >= before >= 1
    assert bed.lease("g3")["ip_address"] == "10.0.0.12"
    assert bed.exec("g1", "dig", "+short", "+time=2", "@10.0.0.1", "g3.example.org").stdout.strip() == "10.0.0.12"
    assert bed.get("/v1/status")["daemons"]["dnsmasq"]["pid"] == pid
    status, answer = bed.call("/v1/config", document(revision - 1))
    assert status == 409 and "older" in answer["error"]["message"]
    status, answer = bed.call("/v1/config", document(revision + 1, id="0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0002"))
    assert status == 409 and "not 0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0002" in answer["error"]["message"]


def test_drift_is_seen_and_repaired(bed):
    """Z13: a file that was edited, a table that was flushed and an address that was added are as they should be after the same document."""
    now = document(next(revisions))
    digest = bed.put(now)["digest"]
    with open(f"{bed.files}/dhcp-hosts", "a") as file:
        file.write("fa:16:3e:00:01:03,10.0.0.66\n")
    os.unlink(f"{bed.files}/dns-hosts")
    bed.exec("box", "nft", "flush", "ruleset")
    bed.exec("box", "ip", "address", "add", "10.66.0.1/24", "dev", "guest0")
    found = bed.get("/v1/digest")
    assert found["digest"] != digest == found["desired_digest"] and sorted(found["drift"]) == ["dhcp-hosts", "dns-hosts"]
    assert bed.put(now)["digest"] == digest
    assert bed.get("/v1/status")["drift"] == []
    assert "connections_snat" in bed.exec("box", "nft", "list", "ruleset").stdout
    addresses = bed.exec("box", "ip", "-4", "-br", "address").stdout
    assert "10.66.0.1" not in addresses and "203.0.113.6/32" in addresses
    assert ask(bed, "g2", "203.0.113.1", 7000) == "203.0.113.5"


def kernel(bed):
    """What of the kernel's the document decides, but for what counts, and for addresses that the kernel gives itself."""
    links = [(link["ifname"], link["mtu"], link["address"], "UP" in link["flags"], sorted(info["local"] for info in link["addr_info"] if info["scope"] == "global"))
             for link in json.loads(bed.exec("box", "ip", "-j", "address").stdout)]
    return [bed.exec("box", "nft", "-s", "list", "ruleset").stdout, links,
            *(bed.exec("box", "ip", *words).stdout for words in (("rule",), ("-6", "rule"), ("route", "show", "proto", "157"), ("route", "show", "proto", "boot"),
                                                                 ("route", "show", "type", "blackhole"))),
            bed.exec("box", "sysctl", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding").stdout]


BY_HAND = [
    ("packet filter", "nft insert rule inet weft forward accept"),
    ("packet filter", "nft flush ruleset"),
    ("packet filter", "nft 'add table ip evil; add chain ip evil c { type filter hook forward priority 0 ; policy drop ; }'"),
    ("packet filter", "nft 'add chain inet weft evil { type filter hook forward priority -10 ; policy drop ; }'"),
    ("addresses", "ip address delete 10.0.0.1/24 dev guest0"),
    ("addresses", "ip address add 10.66.0.1/24 dev guest0"),
    ("NICs", "ip link set guest0 mtu 1300"),
    ("NICs", "ip link set public down"),
    ("routes", "ip route delete default"),
    ("routes", "ip route add 198.51.100.0/24 via 203.0.113.9"),
    ("routes", "ip route add blackhole 198.51.100.0/24"),
    ("routes", "ip route add 198.51.100.0/24 via 203.0.113.9 proto 157"),
    ("policy rules", "ip rule add from 10.0.0.0/24 table 100"),
    ("policy rules", "ip rule delete priority 32766"),
    ("policy rules", "ip -6 rule delete priority 32766"),
    ("sysctls", "sysctl net.ipv4.ip_forward=0"),
    ("sysctls", "sysctl net.ipv6.conf.all.forwarding=0"),
]


@pytest.mark.parametrize("part, command", BY_HAND, ids=[command for _, command in BY_HAND])
def test_the_kernel_s_is_repaired(bed, part, command):
    """Z13: what somebody changes by hand in the kernel, and in no file, becomes as it should be by itself, and is counted once as what it is."""
    bed.put(document(next(revisions), interfaces=[{**one, "mtu": 1400} for one in document(1)["interfaces"]]))
    before, counts = kernel(bed), bed.get("/v1/status")["repairs"]
    bed.exec("box", "sh", "-c", command)
    wait_until(lambda: bed.get("/v1/status")["repairs"] != counts, what="it is noticed")
    wait_until(lambda: kernel(bed) == before, what="it is repaired")
    now = bed.get("/v1/status")
    had = counts.get(part, {"count": 0})["count"]
    assert now["repairs"] == {**counts, part: {"count": had + 1}} and (now["status"], now["drift"]) == ("ACTIVE", [])


def test_what_changes_by_itself_is_not_repaired(bed):
    """Z13: another document, a daemon's restart, neighbours, IPv6 addresses of links and what counts are nothing that anybody has changed. A daemon that was
    killed is counted by its name, with how it ended."""
    counts = bed.get("/v1/status")["repairs"]
    bed.put(document(next(revisions), guests=("g1",)))
    bed.put(document(next(revisions)))
    bed.lease("g1")
    bed.exec("box", "ip", "neighbour", "replace", "10.0.0.77", "lladdr", "fa:16:3e:00:01:77", "dev", "guest0")
    bed.exec("box", "ip", "route", "add", "198.51.100.0/24", "via", "203.0.113.1", "proto", "bgp")
    old = bed.get("/v1/status")["daemons"]["dnsmasq"]
    os.kill(old["pid"], signal.SIGKILL)
    wait_until(lambda: bed.get("/v1/status")["daemons"]["dnsmasq"]["pid"] not in (0, old["pid"]), what="dnsmasq is started again")
    bed.exec("box", "sysctl", "net.ipv4.ip_forward=0")  # what was heard before is told before this is repaired
    wait_until(lambda: bed.get("/v1/status")["repairs"].get("sysctls") != counts.get("sysctls"), what="that is repaired")
    had = bed.get("/v1/status")["repairs"]
    assert had.pop("daemon dnsmasq") == {"count": old["restarts"] + 1, "reason": "ended by signal 9"}
    counts.pop("daemon dnsmasq", None)
    assert had.pop("sysctls")["count"] == counts.pop("sysctls", {"count": 0})["count"] + 1 and had == counts
    bed.exec("box", "ip", "route", "delete", "198.51.100.0/24", "proto", "bgp")


def test_stateless(bed):
    """Z13, Z14: killed and with its files gone, it is told the same, makes the same bytes of it, and serves again; a daemon that dies comes back."""
    now = document(next(revisions))
    digest = bed.put(now)["digest"]
    bed.kill()
    for name in ("network.batch", "nftables.conf", "dnsmasq.conf", "dhcp-hosts", "dns-hosts"):
        os.unlink(f"{bed.files}/{name}")
    bed.start()
    assert bed.get("/v1/status")["status"] == "UNCONFIGURED"
    assert bed.put(now)["digest"] == digest
    assert bed.lease("g1")["ip_address"] == "10.0.0.10"
    pid = bed.get("/v1/status")["daemons"]["dnsmasq"]["pid"]
    assert pid
    os.kill(pid, signal.SIGKILL)

    def is_back():
        daemon = bed.get("/v1/status")["daemons"]["dnsmasq"]
        return daemon["running"] and daemon["restarts"] == 1 and daemon["pid"] != pid
    wait_until(is_back, what="dnsmasq is started again")
    wait_until(lambda: bed.exec("g1", "dig", "+short", "+time=1", "+tries=1", "@10.0.0.1", "g2.example.org", check=False).stdout.strip() == "10.0.0.11",
               what="names are answered again")


def announcement(address):
    """Is a frame an announcement that the appliance's public NIC has the address? RFC 5227, 3; RFC 4861, 7.2.6."""
    mac, own = mac_bytes(MACS["public"]), address_bytes(address)
    if len(own) == 4:
        return (mac_bytes(BROADCAST) + mac + bytes.fromhex("0806 0001 0800 0604 0001") + mac + own + bytes(6) + own).__eq__
    advertisement = bytes.fromhex("a0000000") + own + bytes.fromhex("0201") + mac
    return lambda frame: frame[:14] == bytes.fromhex("333300000001") + mac + b"\x86\xdd" and frame[21] == 255 and frame.endswith(advertisement)


def heard(wire, address):
    wire.received()
    return any(map(announcement(address), wire.seen))


def test_addresses_are_announced(bed):
    """Z6, Z14, Z37: neighbours outside hear unasked of each address that the machine has now, when it starts and when one comes, and believe it."""
    now = with_ipv6(document(next(revisions)), "slaac")
    bed.kill()
    bed.start()
    with Wire(bed.names["out"], "eth0") as wire:
        # somebody else had it: what is believed by now is wrong
        bed.exec("out", "ip", "neigh", "replace", "203.0.113.5", "lladdr", "fa:16:3e:00:00:99", "dev", "eth0", "nud", "stale")
        bed.exec("out", "ip", "-6", "neigh", "replace", "fd00:f::5", "lladdr", "fa:16:3e:00:00:99", "dev", "eth0", "nud", "stale")
        bed.put(now)
        for address in ("203.0.113.5", "203.0.113.6", "fd00:f::5"):
            wait_until(lambda: heard(wire, address), what=f"{address} is announced")
        wait_until(lambda: MACS["public"] in bed.exec("out", "ip", "neigh", "show", "203.0.113.5").stdout, what="the right neighbour")
        wait_until(lambda: MACS["public"] in bed.exec("out", "ip", "-6", "neigh", "show", "fd00:f::5").stdout, what="the right neighbour")
        more = with_ipv6(document(next(revisions)), "slaac")
        more["interfaces"][1]["addresses"].append("203.0.113.7/32")
        bed.put(more)
        wait_until(lambda: heard(wire, "203.0.113.7"), what="203.0.113.7 is announced")


def with_ipv6(told, mode):
    """The document with an IPv6 subnet as well."""
    told["interfaces"][1]["addresses"].append("fd00:f::5/64")
    told["interfaces"][2]["addresses"].append("fd00:1::1/64")
    told["dhcp"]["subnets"].append({"cidr": "fd00:1::/64", "gateway_ip": "fd00:1::1", "dns_nameservers": ["fd00:1::1"], "ipv6_ra_mode": mode, "ipv6_address_mode": mode})
    if mode == "dhcpv6-stateful":
        told["dhcp"]["hosts"].append({"mac_address": GUESTS["g1"][0], "ip_address": "fd00:1::10", "hostname": "g1"})
        told["dns"]["names"].append({"name": "g1", "addresses": ["fd00:1::10"]})
    return told


def advertised(bed, guest, wanted):
    """What rdisc6 says, without blanks, once it says that."""
    def ask():
        said = bed.exec(guest, "rdisc6", "-1", "eth0", check=False).stdout.replace(" ", "")
        return said if wanted in said else None
    return wait_until(ask, what=f"an advertisement with {wanted}")


def lease6(bed, guest):
    """What dhclient's script is told of its lease of DHCPv6."""
    script, out = bed.folder / "script6", bed.folder / f"{guest}.lease6"
    script.write_text('#!/bin/sh\ncase $reason in BOUND6) env > "$OUT"; ip address replace "$new_ip6_address/128" dev eth0 nodad;; esac\n')
    script.chmod(0o755)
    bed.exec(guest, "dhclient", "-6", "-1", "-sf", script, "-lf", bed.folder / f"{guest}.leases6", "-pf", bed.folder / f"{guest}.pid6", "-e", f"OUT={out}", "eth0")
    return dict(line.split("=", 1) for line in out.read_text().splitlines() if line.startswith("new_"))


def test_ipv6(bed):
    """Z3, Z4: each mode of an IPv6 subnet is advertised as such; a guest makes its address, or leases its port's by DHCPv6; DNS is asked by IPv6; nothing is translated, and the firewall holds."""
    bed.put(with_ipv6(document(next(revisions)), "slaac"))
    said = advertised(bed, "g1", "Autonomousaddressconf.:Yes")
    for part in ("Statefuladdressconf.:No", "Statefulotherconf.:No", "Routerlifetime:1800", "Prefix:fd00:1::/64", "RecursiveDNSserver:fd00:1::1"):
        assert part in said, said
    wait_until(lambda: "fd00:1::f816:3eff:fe00:101/64" in bed.exec("g1", "ip", "-6", "-br", "address").stdout, what="an address of its own making")
    bed.put(with_ipv6(document(next(revisions)), "dhcpv6-stateless"))
    assert "Autonomousaddressconf.:Yes" in advertised(bed, "g1", "Statefulotherconf.:Yes")
    told = with_ipv6(document(next(revisions)), "dhcpv6-stateful")
    bed.put(told)
    assert "Autonomousaddressconf.:No" in advertised(bed, "g1", "Statefuladdressconf.:Yes")
    lease = lease6(bed, "g1")
    assert lease["new_ip6_address"] == "fd00:1::10" and lease["new_dhcp6_name_servers"] == "fd00:1::1", lease
    assert lease["new_dhcp6_domain_search"].rstrip(".") == "example.org"
    assert bed.exec("g1", "dig", "+short", "+time=2", "@fd00:1::1", "g1.example.org", "AAAA").stdout.strip() == "fd00:1::10"
    bed.exec("out", "ip", "address", "replace", "fd00:f::1/64", "dev", "eth0", "nodad")
    bed.exec("out", "ip", "route", "replace", "fd00:1::/64", "via", "fd00:f::5")
    for port in (7006, 25):
        serve(bed, "out", port, "echo $SOCAT_PEERADDR", version=6)
    serve(bed, "g1", 7007, "echo $SOCAT_PEERADDR", version=6)
    assert wait_until(lambda: ask(bed, "g1", "[fd00:f::1]", 7006), what="a way out") == "[fd00:0001:0000:0000:0000:0000:0000:0010]"
    assert wait_until(lambda: ask(bed, "out", "[fd00:1::10]", 7007), what="a way in") == "[fd00:000f:0000:0000:0000:0000:0000:0001]"
    assert ask(bed, "g1", "[fd00:f::1]", 25, deadline=1) == "", "the firewall denies it"
    told = {**told, "revision": next(revisions)}
    told["dhcp"]["subnets"][1]["gateway_ip"] = "fd00:1::fe"
    bed.put(told)
    advertised(bed, "g1", "Routerlifetime:0")


def test_a_nic_that_is_not_there(bed):
    """Half a configuration is an ERROR that says which part, and the next one is done as a whole."""
    bad = document(next(revisions))
    bad["interfaces"][1]["mac_address"] = "fa:16:3e:00:00:77"
    status, answer = bed.call("/v1/config", bad)
    assert status == 409 and "no NIC here has the MAC address fa:16:3e:00:00:77 of public" in answer["error"]["message"]
    status = bed.get("/v1/status")
    assert status["status"] == "ERROR" and "fa:16:3e:00:00:77" in status["status_reason"]
    bed.put(document(next(revisions)))
    assert bed.get("/v1/status")["status"] == "ACTIVE"


def test_isolated_network(bed):
    """Z27: with DHCP and DNS alone guests have leases, and do not get out."""
    alone = {key: value for key, value in document(next(revisions)).items() if key not in ("snat", "floating_ips", "port_forwardings", "routes", "firewall")}
    alone["interfaces"] = [nic for nic in alone["interfaces"] if nic["role"] != "public"]
    bed.put(alone)
    assert bed.lease("g2")["ip_address"] == "10.0.0.11"
    assert ask(bed, "g2", "203.0.113.1", 7000, deadline=1) == ""
    assert "203.0.113" not in bed.exec("box", "ip", "address").stdout
