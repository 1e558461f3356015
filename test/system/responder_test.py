"""DHCP, router advertisements and DNS with the clients that guests really run.

    responder namespace                       guest namespace
    test/responder ── packet socket on vs ═══ veth ═══ eth0: dhclient, udhcpc, rdisc6, dig, the kernel
          └── 127.0.0.1: dnsmasq, the upstream resolver

The responder is the agent's own code (src/agent/dispatch) without the edge switch: what the switch punts
is read from the packet socket. Proves the services of B23 (no DHCP, RS or DNS leaves the host) and the
DHCP, RA and DNS part of B38.
"""
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

BUILD = pathlib.Path(os.environ.get("WEFT_BUILD", pathlib.Path(__file__).parents[2] / "build"))
MAC = "fa:16:3e:00:00:05"
LINK_LOCAL = "fe80::f816:3eff:fe00:5"
SERVER = "169.254.169.253"
SERVER6 = "fe80::f816:3fff:fe00:1"
# A client's hook: what it has been told, as JSON, one object per event.
HOOK = """#!/usr/bin/python3
import json, os, sys
keep = {k: v for k, v in os.environ.items() if k.startswith(("new_", "reason")) or k.islower()}
keep["event"] = sys.argv[1] if len(sys.argv) > 1 else keep.get("reason", "")
with open(%r, "a") as out: out.write(json.dumps(keep) + "\\n")
"""


def run(*words, check=True, timeout=30):
    return subprocess.run(words, check=check, text=True, timeout=timeout, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def wait_for(condition, complaint, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.02)


class Wire:
    """The two namespaces, and what runs in them."""

    def __init__(self, tmp_path):
        self.tmp, self.processes = tmp_path, []
        name = f"svc{os.getpid()}-{time.monotonic_ns() % 100000}"
        self.guest_ns, self.server_ns = f"{name}-g", f"{name}-s"
        self.in_guest = ("ip", "netns", "exec", self.guest_ns)
        self.in_server = ("ip", "netns", "exec", self.server_ns)
        for ns in (self.guest_ns, self.server_ns):
            run("ip", "netns", "add", ns)
            run("ip", "-n", ns, "link", "set", "lo", "up")
        for which in ("all", "default"):  # its link-local address is there at once
            self.guest("sysctl", "-qw", f"net.ipv6.conf.{which}.accept_dad=0")
        run("ip", "-n", self.guest_ns, "link", "add", "eth0", "address", MAC, "type", "veth", "peer", "name", "vs",
            "netns", self.server_ns)
        run(*self.in_server, "sysctl", "-qw", "net.ipv6.conf.vs.disable_ipv6=1")
        run("ip", "-n", self.server_ns, "link", "set", "vs", "up")
        self.events = tmp_path / "events"
        self.hook = tmp_path / "hook"
        self.hook.write_text(HOOK % str(self.events))
        self.hook.chmod(0o755)

    def guest(self, *words, **options):
        return run(*self.in_guest, *words, **options)

    def has_address(self, text):
        """That can be sent from: the kernel takes it out of its first state a moment later, without DAD too."""
        lines = run("ip", "-o", "-n", self.guest_ns, "addr", "show", "dev", "eth0").splitlines()
        return any(text in line and "tentative" not in line for line in lines)

    def up(self):
        run("ip", "-n", self.guest_ns, "link", "set", "eth0", "up")
        wait_for(lambda: self.has_address(LINK_LOCAL), "eth0 has no link-local address")

    def start(self, log, ready, *words):
        """A daemon; returns when its log says that it is ready."""
        with log.open("w") as out:
            self.processes.append(subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT))
        wait_for(lambda: ready in log.read_text(), f"not {ready}: {words}")

    def serve(self, *options):
        self.log = self.tmp / "responder.log"
        responder = str(BUILD / "test/responder/responder")
        self.start(self.log, "ready", *self.in_server, responder, "--mac", MAC, *options, "vs")

    def outcomes(self, service, *expected):
        """Waits until the responder has said that of the service, and nothing else."""
        def said():
            words = [line.split() for line in self.log.read_text().splitlines()]
            return [line[1] for line in words if line[0] == service]
        wait_for(lambda: len(said()) >= len(expected), f"the responder has not come to {expected}")
        assert said() == list(expected)

    def told(self, *events):
        """What the client's hook was told at the last of the events."""
        lines = [json.loads(line) for line in self.events.read_text().splitlines()]
        found = [line for line in lines if line["event"] in events]
        assert found, f"no {events} in {[line['event'] for line in lines]}"
        return found[-1]

    def dhclient(self, *options):
        """ISC dhclient up to its first lease; then it goes to the background, until close()."""
        return self.guest("dhclient", "-v", "-1", "-sf", str(self.hook), "-lf", str(self.tmp / "lease"),
                          "-pf", str(self.tmp / "pid"), *options, "eth0", check=False)

    def dig(self, *words):
        return self.guest("dig", "+time=3", "+tries=1", *words, check=False)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for ns in (self.guest_ns, self.server_ns):
            for pid in run("ip", "netns", "pids", ns, check=False).split():
                run("kill", "-9", pid, check=False)
            run("ip", "netns", "del", ns, check=False)


@pytest.fixture
def wire(tmp_path):
    wire = Wire(tmp_path)
    yield wire
    wire.close()


def test_dhclient4(wire):
    """ISC dhclient takes the address and reads every option; routes as RFC 3442 has them."""
    wire.serve("--ip4", "10.0.0.5/24", "--gateway", "10.0.0.1", "--name", "web", "--domain", "example.org",
               "--option", "ntp-server=10.0.0.9")
    wire.up()
    out = wire.dhclient("-4")
    assert f"DHCPACK of 10.0.0.5 from {SERVER}" in out
    wire.outcomes("dhcp4", "offer", "ack")
    lease = wire.told("BOUND")
    expected = {"new_ip_address": "10.0.0.5", "new_subnet_mask": "255.255.255.0", "new_routers": "10.0.0.1",
                "new_domain_name_servers": SERVER, "new_domain_name": "example.org", "new_host_name": "web",
                "new_interface_mtu": "1442", "new_broadcast_address": "10.0.0.255", "new_ntp_servers": "10.0.0.9",
                "new_dhcp_lease_time": "86400", "new_domain_search": "example.org.",
                "new_dhcp_server_identifier": SERVER,
                "new_rfc3442_classless_static_routes": "32 169 254 169 253 0 0 0 0 32 169 254 169 254 0 0 0 0 0 10 0 0 1"}
    assert {key: lease.get(key) for key in expected} == expected


def test_dhclient4_renewal(wire):
    """At half of its lease the client renews by unicast: its address and the route it was given must do for that."""
    wire.serve("--ip4", "10.0.0.5/24", "--lease", "6")
    wire.up()
    log = wire.tmp / "dhclient.log"
    wire.start(log, "bound to 10.0.0.5", *wire.in_guest, "dhclient", "-4", "-d", "-v", "-sf", str(wire.hook),
               "-lf", str(wire.tmp / "lease"), "-pf", str(wire.tmp / "pid"), "eth0")
    run("ip", "-n", wire.guest_ns, "addr", "add", "10.0.0.5/24", "dev", "eth0")
    run("ip", "-n", wire.guest_ns, "route", "add", SERVER, "dev", "eth0")
    wait_for(lambda: f"DHCPREQUEST for 10.0.0.5 on eth0 to {SERVER} port 67" in log.read_text(), "no renewal")
    wire.outcomes("dhcp4", "offer", "ack", "ack")
    wait_for(lambda: log.read_text().count("bound to 10.0.0.5") == 2, "the client has not taken the renewal")


def test_dhclient4_reboot_with_foreign_lease(wire):
    """A lease file from another network: the client is told NAK, starts over, and gets its port's address."""
    wire.serve("--ip4", "10.0.0.5/24")
    wire.up()
    (wire.tmp / "lease").write_text(
        'lease { interface "eth0"; fixed-address 10.0.0.66; option dhcp-server-identifier 169.254.169.253;\n'
        'option dhcp-lease-time 86400; option subnet-mask 255.255.255.0;\n'
        'renew never; rebind never; expire never; }\n')
    out = wire.dhclient("-4")
    assert "DHCPNAK" in out and "DHCPACK of 10.0.0.5" in out, out
    wire.outcomes("dhcp4", "nak", "offer", "ack")


def test_udhcpc(wire):
    """busybox udhcpc, as small images run it,; it asks for an address that is not its own."""
    wire.serve("--ip4", "10.0.0.5/24", "--lease", "120")
    wire.up()
    wire.guest("busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "3", "-T", "1", "-s", str(wire.hook),
               "-O", "staticroutes", "-O", "mtu", "-r", "10.0.0.66")
    lease = wire.told("bound")
    assert (lease["ip"], lease["mask"], lease["mtu"], lease["lease"]) == ("10.0.0.5", "24", "1442", "120")
    assert lease["staticroutes"] == "169.254.169.253/32 0.0.0.0 169.254.169.254/32 0.0.0.0"
    assert "router" not in lease


def test_kernel_slaac_and_rdisc6(wire):
    """rdisc6 sees the advertisement; the guest's kernel makes its address of it and takes the MTU."""
    wire.serve("--ip6", "2001:db8::5/64", "--mode", "slaac", "--domain", "example.org")
    wire.up()
    out = wire.guest("rdisc6", "-1", "-r", "2", "eth0")
    for line in ("Stateful address conf.    :           No", "Prefix                   : 2001:db8::/64",
                 f"Recursive DNS server     : {SERVER6}", "MTU                      :         1442",
                 "DNS search list          : example.org", "Source link-layer address: FA:16:3F:00:00:01"):
        assert line in out, out
    wait_for(lambda: wire.has_address("2001:db8::f816:3eff:fe00:5/64"), "the kernel has made no address")
    assert wire.guest("cat", "/proc/sys/net/ipv6/conf/eth0/mtu").strip() == "1442"
    assert "default" not in run("ip", "-n", wire.guest_ns, "-6", "route"), "nobody routes here"


def test_dhclient6_stateful(wire):
    wire.serve("--ip6", "2001:db8::5/64", "--mode", "dhcpv6-stateful", "--domain", "example.org")
    wire.up()
    out = wire.guest("rdisc6", "-1", "-r", "2", "eth0")
    assert "Stateful address conf.    :          Yes" in out, out
    out = wire.dhclient("-6")
    lease = wire.told("BOUND6")
    assert lease["new_ip6_address"] == "2001:db8::5", out
    assert lease["new_dhcp6_name_servers"] == SERVER6
    assert lease["new_dhcp6_domain_search"] == "example.org."
    wire.outcomes("dhcp6", "advertise", "reply")
    wire.dhclient("-6", "-r")  # gives the address back
    wire.outcomes("dhcp6", "advertise", "reply", "reply")


def test_dhclient6_stateless(wire):
    wire.serve("--ip6", "2001:db8::5/64", "--mode", "dhcpv6-stateless")
    wire.up()
    out = wire.dhclient("-6", "-S")
    assert wire.told("BOUND6", "RENEW6")["new_dhcp6_name_servers"] == SERVER6, out


@pytest.fixture
def dns(wire):
    """The guest with its address, and dnsmasq as the host's resolver."""
    if not shutil.which("dnsmasq"):
        pytest.skip("dnsmasq-base is not installed")
    records = [f"--txt-record=big.upstream.test,{'x' * 200}{n}" for n in range(4)]
    records += [f"--txt-record=huge.upstream.test,{'x' * 200}{n}" for n in range(9)]
    wire.start(wire.tmp / "dnsmasq.log", "started", *wire.in_server, "dnsmasq", "--keep-in-foreground",
               "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
               "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file", "--user=root",
               "--log-facility=-", "--edns-packet-max=512", "--host-record=www.upstream.test,192.0.2.7", *records)
    wire.serve("--ip4", "10.0.0.5/24", "--ip6", "2001:db8::5/64", "--mode", "slaac", "--name", "web",
               "--domain", "example.org", "--upstream", "127.0.0.1")
    wire.up()
    run("ip", "-n", wire.guest_ns, "addr", "add", "10.0.0.5/24", "dev", "eth0")
    run("ip", "-n", wire.guest_ns, "route", "add", SERVER, "dev", "eth0")
    return wire


def test_dig_own_names(dns):
    """Names of the network's ports, both ways, over IPv4 and IPv6; what is not there does not exist."""
    at = f"@{SERVER}"
    assert dns.dig(at, "+short", "web.example.org").split() == ["10.0.0.5"]
    assert dns.dig(at, "+short", "WEB.example.org", "AAAA").split() == ["2001:db8::5"]
    assert dns.dig(f"@{SERVER6}%eth0", "+short", "web.example.org", "A").split() == ["10.0.0.5"]
    assert dns.dig(at, "+short", "web").split() == ["10.0.0.5"]
    assert dns.dig(at, "+short", "-x", "10.0.0.5").split() == ["web.example.org."]
    assert dns.dig(at, "+short", "-x", "2001:db8::5").split() == ["web.example.org."]
    out = dns.dig(at, "nobody.example.org")
    assert "status: NXDOMAIN" in out and "flags: qr aa rd ra;" in out and "SOA" in out, out
    assert "EDNS: version: 0" in out and "Warning" not in out, out
    assert "status: BADVERS" in dns.dig(at, "+edns=1", "+noednsneg", "web.example.org")
    assert "status: REFUSED" in dns.dig(at, "CH", "TXT", "version.bind")


def test_dig_forwarded(dns):
    """Other names come from the host's resolver; by TCP when UDP cuts them, cut when too large for the guest."""
    at = f"@{SERVER}"
    assert dns.dig(at, "+short", "www.upstream.test").split() == ["192.0.2.7"]
    big = dns.dig(at, "+ignore", "+bufsize=1232", "big.upstream.test", "TXT")
    assert "ANSWER: 4," in big and " tc " not in big.split("QUERY:")[0], big
    small = dns.dig(at, "+ignore", "+noedns", "big.upstream.test", "TXT")
    assert "flags: qr aa tc rd ra" in small or "flags: qr tc rd ra" in small, small
    huge = dns.dig(at, "+ignore", "+bufsize=4096", "huge.upstream.test", "TXT")
    assert " tc " in huge and "ANSWER: 5," in huge, huge


def test_dig_without_a_resolver(wire):
    """No resolver answers: the guest is told SERVFAIL before its own patience ends."""
    wire.serve("--ip4", "10.0.0.5/24", "--upstream", "127.0.0.1")
    wire.up()
    run("ip", "-n", wire.guest_ns, "addr", "add", "10.0.0.5/24", "dev", "eth0")
    run("ip", "-n", wire.guest_ns, "route", "add", SERVER, "dev", "eth0")
    assert "status: SERVFAIL" in wire.dig(f"@{SERVER}", "www.debian.org")
