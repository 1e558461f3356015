"""Tunnels between two sites by their appliances: IPsec, WireGuard and GRE (Z34, Z35, L10; docs/vpn.md).

    The topology is that of vpn_bed.py.
"""
import itertools
import os
import pathlib
import signal
import subprocess

import pytest

from conftest import run, wait_until
from vpn_bed import ADDRESS, NET, PSK, Bed

numbers = itertools.count()
CLEAR = ("net", "10.0.0.0/8")


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    one = Bed(tmp_path_factory.mktemp("vpn"), next(numbers))
    try:
        yield one.up()
    finally:
        for name, site in one.sites.items():
            print(name, (site.folder / "log").read_text()[-3000:] if (site.folder / "log").exists() else "")
        one.down()


def both(bed):
    return bed.sites["a"], bed.sites["b"]


def answering_first(bed):
    """The one that begins, which has the lower address, comes last, and finds the other one ready."""
    return bed.sites["b"], bed.sites["a"]


def wait_active(bed, kind, what=""):
    for site in both(bed):
        wait_until(lambda: site.tunnel(kind)["status"] == "ACTIVE", what=f"{kind} of {site.name} is ACTIVE {what}: {site.tunnel(kind)}")


def carry(bed):
    """Pings, a stream, and who the other one sees: not the router's address."""
    a, b = both(bed)
    wait_until(lambda: a.ping() == 1, what="a ping through the tunnel")
    assert a.ping(5) == 5 and b.ping(5) == 5
    server = subprocess.Popen(["ip", "netns", "exec", b.guest, "socat", "TCP4-LISTEN:7000,reuseaddr,fork", "SYSTEM:echo a-word-in-clear $SOCAT_PEERADDR"])
    stream = subprocess.Popen(["ip", "netns", "exec", b.guest, "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    wait_until(lambda: {":7000", ":5201"} <= {word[-5:] for word in b.in_guest("ss", "-ltn").stdout.split()}, what="servers listen")
    answer = a.in_guest("socat", "-u", f"TCP4:{NET['b']}.0.10:7000,connect-timeout=20", "-").stdout.strip()
    assert answer == f"a-word-in-clear {NET['a']}.0.10"
    a.in_guest("timeout", "10", "iperf3", "-c", f"{NET['b']}.0.10", "-n", "2M")
    server.terminate()
    stream.wait(10)


def pid_of(site, daemon):
    return site.status()["daemons"][daemon]["pid"]


def test_ipsec(bed):
    """Z34: two sites reach each other by IKEv2; what is between them is ESP in UDP, and nothing in clear text."""
    capture = bed.capture()
    for site in answering_first(bed):
        site.put(ipsec=[site.ipsec()])
    wait_active(bed, "ipsec")
    carry(bed)
    listed = bed.sites["a"].exec("swanctl", "--list-sas", "--uri", f"unix://{bed.sites['a'].files}/charon.vici").stdout
    assert "ESTABLISHED, IKEv2" in listed and "TUNNEL-in-UDP" in listed and "local  10.0.0.0/24" in listed and "remote 10.1.0.0/24" in listed
    assert capture.count(*CLEAR) == 0 and not capture.has("a-word-in-clear")
    assert capture.count("udp", "port", "4500") > 100
    wait_until(lambda: bed.sites["a"].tunnel("ipsec")["rx_bytes"] > 0 and bed.sites["a"].tunnel("ipsec")["tx_bytes"] > 1_000_000, what="bytes are counted")


@pytest.mark.parametrize("outer, inner", ((6, 6), (4, 6), (6, 4)))
def test_ipsec_of_ipv6(bed, outer, inner):
    """Z34: packets of IPv6, by IPv4 and by IPv6, and those of IPv4 by IPv6; nothing in clear text, by a tunnel that is up and by one that is not; what comes in clear text as from there is dropped."""
    a, b = both(bed)
    capture = bed.capture()
    for site in answering_first(bed):
        site.put(ipsec=[site.ipsec_of(outer, inner)])
    wait_active(bed, "ipsec")
    wait_until(lambda: a.ping(1, inner) == 1, what="a ping through the tunnel")
    assert a.ping(5, inner) == 5 and b.ping(5, inner) == 5
    server = subprocess.Popen(["ip", "netns", "exec", b.guest, "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in b.in_guest("ss", "-ltn").stdout, what="the server listens")
    a.in_guest("timeout", "20", "iperf3", "-c", "fd00:b::10" if inner == 6 else f"{NET['b']}.0.10", "-n", "1M")
    server.wait(10)
    listed = a.exec("swanctl", "--list-sas", "--uri", f"unix://{a.files}/charon.vici").stdout
    assert "TUNNEL-in-UDP" in listed and ("fd00:b::/64" if inner == 6 else "10.1.0.0/24") in listed
    assert capture.count(*(("net", "fd00:a::/64", "or", "net", "fd00:b::/64") if inner == 6 else CLEAR)) == 0
    assert capture.count("ip6" if outer == 6 else "ip", "and", "udp", "port", "4500") > 100


def test_secrets(bed):
    """Keys are in files of mode 0600, and neither in what the appliance says nor in its log."""
    site = bed.sites["a"]
    for name in ("swanctl.conf", "wireguard.conf"):
        assert pathlib.Path(site.files, name).stat().st_mode & 0o777 == 0o600
    assert PSK.encode().hex() in pathlib.Path(site.files, "swanctl.conf").read_text()
    said = "".join(str(site.call(f"/v1/{what}")) for what in ("status", "digest", "counters")) + (site.folder / "log").read_text()
    for secret in (PSK, PSK.encode().hex(), PSK.split()[1]):
        assert secret not in said
    status, answer = site.call("/v1/config", site.document(ipsec=[site.ipsec(psk="short\nand wrong")]))
    assert status == 400 and "ipsec[0].psk: must be a text of 1 to 256 bytes" in answer["error"]["message"] and "wrong" not in answer["error"]["message"]


def test_wrong_psk(bed):
    """Both ends say that they are down and why; what is for the other site does not leave in clear text; the right one makes it work again."""
    a, b = both(bed)
    b.put(ipsec=[b.ipsec(psk="another one")])
    a.put(ipsec=[a.ipsec(psk="not that one")])
    wait_until(lambda: "AUTHENTICATION_FAILED" in (a.tunnel("ipsec")["status_reason"] or ""), what="a says why")
    wait_until(lambda: "mismatched" in (b.tunnel("ipsec")["status_reason"] or ""), what="b says why")
    assert a.tunnel("ipsec")["status"] == b.tunnel("ipsec")["status"] == "DOWN" and a.status()["status"] == "ACTIVE"
    capture = bed.capture()
    assert a.ping(2) == 0 and b.ping(2) == 0
    assert capture.count(*CLEAR) == 0
    for site in answering_first(bed):
        site.put(ipsec=[site.ipsec()])
    wait_active(bed, "ipsec", "again")
    wait_until(lambda: a.ping() == 1, what="a ping")


def test_ipsec_comes_back(bed):
    """Z34: a charon that dies, and an appliance that is killed and told the same, have their tunnel again."""
    a, b = both(bed)
    before = pid_of(b, "charon-libipsec") or pid_of(b, "charon")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: (pid_of(b, "charon-libipsec") or pid_of(b, "charon")) not in (0, before), what="charon is started again")
    wait_until(lambda: a.ping() == 1, what="a ping, after charon was killed")
    a.kill()
    a.start()
    a.put(ipsec=[a.ipsec()])
    wait_active(bed, "ipsec", "again")
    wait_until(lambda: a.ping() == 1, what="a ping, after the appliance was killed")


def test_ikev1_and_several_prefixes(bed):
    """The policies that the API makes by default (IKEv1, SHA-1, AES-128, group5), a peer that only answers, and two prefixes at one end."""
    a, b = both(bed)
    weak = {"encryption_algorithm": "aes-128", "auth_algorithm": "sha1", "pfs": "group5", "lifetime_s": 3600}
    more = {"ike": {**weak, "version": "v1"}, "esp": weak, "dpd": {"action": "restart", "interval_s": 5, "timeout_s": 20}, "mtu": 1400}
    second = f"{NET['b']}.7.0/24"
    interfaces = b.document()["interfaces"]
    interfaces[2]["addresses"].append(f"{NET['b']}.7.1/24")
    b.put(interfaces=interfaces, ipsec=[b.ipsec(local_cidrs=[f"{NET['b']}.0.0/24", second], peer_id="a.example.org", initiator="response-only", **more)])
    a.put(ipsec=[a.ipsec(peer_cidrs=[f"{NET['b']}.0.0/24", second], local_id="a.example.org", **more)])
    wait_active(bed, "ipsec", "with IKEv1")
    wait_until(lambda: a.ping() == 1, what="a ping")
    assert a.in_guest("ping", "-c", "1", "-W", "2", f"{NET['b']}.7.1").returncode == 0
    listed = a.exec("swanctl", "--list-sas", "--uri", f"unix://{a.files}/charon.vici").stdout
    assert "IKEv1" in listed and f"remote {second}" in listed


@pytest.mark.parametrize("form", ({"transform_protocol": "ah"}, {"encapsulation_mode": "transport"}))
def test_what_needs_the_kernel(bed, form):
    """Z34: AH and transport mode are the kernel's: where it lacks them the connection says so and is not begun, nothing leaves in clear text, and others work."""
    a = bed.sites["a"]
    ends = [address + "/32" for address in (ADDRESS["a"], ADDRESS["b"])] if "encapsulation_mode" in form else [f"{NET['a']}.0.0/24", f"{NET['b']}.0.0/24"]
    a.put(ipsec=[a.ipsec(local_cidrs=ends[:1], peer_cidrs=ends[1:], **form)], snat=[{"cidr": f"{NET['a']}.0.0/16", "address": ADDRESS["a"]}])
    said = a.tunnel("ipsec")
    if said["data_path"] == "kernel":  # tried on Debian's: test_kernel61_whole.py
        assert said["status"] in ("DOWN", "ACTIVE")
    else:
        assert said["status"] == "ERROR" and f"without which there is no {list(form)[0]} '{list(form.values())[0]}'" in said["status_reason"]
    capture, target = bed.capture(), ends[1].replace(".0/24", ".10").replace("/32", "")
    assert a.in_guest("ping", "-c", "2", "-i", "0.2", "-W", "1", target, check=False).returncode and a.exec("ping", "-c", "1", "-W", "1", target, check=False).returncode
    assert capture.count(*CLEAR) == 0 and capture.count("icmp") == 0
    assert a.status()["status"] == "ACTIVE"


def test_nothing_is_left(bed):
    """Without tunnels in the document there is none: no daemon, device or open port; the outside does not get in."""
    for site in both(bed):
        site.put()
        assert site.status()["tunnels"] == {"ipsec": [], "wireguard": [], "gre": []}
        assert not any(daemon["running"] for daemon in site.status()["daemons"].values())
        assert "ipsec0" not in site.exec("ip", "link").stdout and "4500" not in site.exec("nft", "list", "ruleset").stdout
        assert "ipsec" not in site.exec("nft", "list", "ruleset").stdout
    a, b = both(bed)
    assert a.ping(2) == 0


def keys():
    private = run("wg", "genkey").stdout.strip()
    return private, run("wg", "pubkey", input=private).stdout.strip()


def test_wireguard(bed):
    """Z34: the same by WireGuard; `wg show` has the peer, and a wireguard-go that dies is there again with its keys."""
    a, b = both(bed)
    (private_a, public_a), (private_b, public_b) = keys(), keys()
    shared = run("wg", "genpsk").stdout.strip()
    capture = bed.capture()
    b.put(wireguard={"private_key": private_b, "listen_port": 51821, "addresses": ["10.255.0.2/30"],
                     "peers": [{"public_key": public_a, "preshared_key": shared, "allowed_ips": [f"{NET['a']}.0.0/24", "10.255.0.1/32"]}]})
    a.put(wireguard={"private_key": private_a, "listen_port": 51820, "addresses": ["10.255.0.1/30"],
                     "peers": [{"public_key": public_b, "preshared_key": shared, "endpoint_address": ADDRESS["b"], "endpoint_port": 51821,
                                "allowed_ips": [f"{NET['b']}.0.0/24", "10.255.0.2/32"]}]})
    carry(bed)
    wait_active(bed, "wireguard")
    assert a.exec("ping", "-c", "1", "-W", "2", "10.255.0.2").returncode == 0
    shown = a.inside("wg", "show", "wg0").stdout
    assert f"peer: {public_b}" in shown and f"endpoint: {ADDRESS['b']}:51821" in shown and "latest handshake" in shown
    assert capture.count(*CLEAR) == 0 and not capture.has("a-word-in-clear") and capture.count("udp", "port", "51821") > 100
    said = "".join(str(a.call(f"/v1/{what}")) for what in ("status", "counters")) + (a.folder / "log").read_text()
    assert private_a not in said and shared not in said and public_b in said
    before = pid_of(a, "wireguard-go")
    if before:  # the kernel has none
        assert a.tunnel("wireguard")["data_path"] == "user space"
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: pid_of(a, "wireguard-go") not in (0, before), what="wireguard-go is started again")
        wait_until(lambda: a.ping() == 1, what="a ping, after wireguard-go was killed")


def test_wireguard_of_a_stranger(bed):
    """A peer whose key is another has no session, and that is said."""
    a, b = both(bed)
    (private_a, public_a), (private_b, _), (_, stranger) = keys(), keys(), keys()
    capture = bed.capture()
    a.put(wireguard={"private_key": private_a, "listen_port": 51820,
                     "peers": [{"public_key": stranger, "endpoint_address": ADDRESS["b"], "endpoint_port": 51820, "allowed_ips": [f"{NET['b']}.0.0/24"]}]})
    b.put(wireguard={"private_key": private_b, "listen_port": 51820, "peers": [{"public_key": public_a, "allowed_ips": [f"{NET['a']}.0.0/24"]}]})
    assert a.ping(3) == 0
    assert a.tunnel("wireguard")["status"] == "DOWN" and "no handshake" in a.tunnel("wireguard")["status_reason"]
    assert capture.count(*CLEAR) == 0 and capture.count("udp", "port", "51820") > 0


def test_gre(bed):
    """Z35: the same by GRE; who has another key, or none, is not heard; a daemon that dies is there again."""
    a, b = both(bed)

    def put(site, **more):
        peer = "b" if site.name == "a" else "a"
        site.put(gre=[{"name": "gre1", "local_address": ADDRESS[site.name], "peer_address": ADDRESS[peer], "addresses": [f"10.255.0.{site.number}/30"],
                       "destinations": [f"{NET[peer]}.0.0/24"], **more}])

    capture = bed.capture()
    for site in (a, b):
        put(site, key=4294967295)
    carry(bed)
    wait_active(bed, "gre")
    assert capture.count("ip", "proto", "47") > 100 and capture.count(*CLEAR) == 0
    assert a.exec("ping", "-c", "1", "-W", "2", "10.255.0.2").returncode == 0
    put(b)
    assert a.ping() == 0
    put(a)
    wait_until(lambda: a.ping() == 1, what="a ping without keys")
    before = pid_of(a, "gre")
    if before:  # the kernel has none
        assert a.tunnel("gre")["data_path"] == "user space"
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: pid_of(a, "gre") not in (0, before), what="it is started again")
        wait_until(lambda: a.ping() == 1, what="a ping, after it was killed")
