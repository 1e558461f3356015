"""Rules of the provider's tiers about domain names: what guests are told by the resolver is what they reach. Proves Z8.

    dns: dnsmasq at 198.51.100.53 ══ h1: a     h2: b, d         net: 10.0.0.0/24, fd00::/64, project green
                                                                b has 10.0.0.201 to .209: what names stand for

a and d may open TCP connections to what the names of RULES resolve to, and to nobody else.
"""
import http.server
import re
import signal
import socket
import subprocess
import threading

import pytest

from conftest import run, wait_until
from firewall_lab import Connection, passes, tcp
from packets import inside
from tiers import OPEN, Tiers, denied

RULES = ("www.example.org", "many.example.org", "alias.example.org", "v6.example.org", "*.example.net", "*.example.edu")
HOSTS = """
10.0.0.201 www.example.org
10.0.0.202 other.example.org
10.0.0.203 many.example.org
10.0.0.204 many.example.org
10.0.0.205 edge.example.com
10.0.0.206 deep.below.example.net
10.0.0.207 example.net
10.0.0.209 late.example.net
"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.connection.getsockname()[0].encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family, daemon_threads = socket.AF_INET6, True


class Target:
    """One of b's addresses, as the helpers of firewall_lab take a guest."""

    def __init__(self, guest, ip4=None):
        self.netns, self.ip = guest.netns, {4: ip4 or guest.ip[4], 6: guest.ip[6]}


class Dns:
    """dnsmasq in a namespace of its own, with a veth to h1, whose agent forwards to it."""

    def __init__(self, lab, folder):
        self.lab, self.netns, self.hosts = lab, f"dns-{lab.name}", folder / "hosts"
        run("ip", "netns", "add", self.netns)
        run("ip", "-n", self.netns, "link", "add", "eth0", "type", "veth", "peer", "name", "dns0", "netns", lab.netns("h1"))
        for namespace, device, address in ((self.netns, "eth0", "198.51.100.53"), (lab.netns("h1"), "dns0", "198.51.100.54")):
            run("ip", "-n", namespace, "address", "add", f"{address}/30", "dev", device)
            run("ip", "-n", namespace, "link", "set", device, "up")
        (folder / "resolv.conf").write_text("nameserver 198.51.100.53\n")
        conf = lab.folder / "h1/agent.conf"
        conf.write_text(conf.read_text() + f"resolv-conf = {folder / 'resolv.conf'}\n")
        lab.stop("h1")
        lab.start("h1")

    def start(self, hosts):
        self.process = self.serve(self.netns, hosts, "--cname=alias.example.org,cdn.example.com", "--cname=cdn.example.com,edge.example.com",
                                  "--cname=evil.example.com,www.example.org")

    def serve(self, namespace, hosts, *more):
        self.hosts.write_text(hosts)
        process = subprocess.Popen(["ip", "netns", "exec", namespace, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                                    "--no-hosts", f"--addn-hosts={self.hosts}", "--local-ttl=5", "--pid-file", "--user=root", "--log-facility=-",
                                    *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while "read " not in process.stderr.readline():
            assert process.poll() is None, "dnsmasq has ended"
        return process

    def change(self, hosts):
        self.hosts.write_text(hosts)
        self.process.send_signal(signal.SIGHUP)
        while "read " not in self.process.stderr.readline():
            assert self.process.poll() is None, "dnsmasq has ended"

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        run("ip", "netns", "del", self.netns, check=False)


@pytest.fixture(scope="module")
def bed(module_lab, tmp_path_factory):
    dns = Dns(module_lab, tmp_path_factory.mktemp("dns"))
    bed = Tiers(module_lab, "green", {"a": 1, "d": 2, "b": 2})
    bed.dns, b = dns, bed["b"]
    subnet = next(ip["subnet_id"] for ip in b.port["fixed_ips"] if ip["ip_address"] == b.ip[4])
    more = [f"10.0.0.{last}" for last in range(201, 210)]
    bed.set_port(b, fixed_ips=[*b.port["fixed_ips"], *({"subnet_id": subnet, "ip_address": address} for address in more)])
    for address in more:
        run("ip", "-n", b.netns, "address", "add", f"{address}/24", "dev", "eth0")
    dns.start(HOSTS + f"{b.ip[6]} v6.example.org\n")
    with inside(b.netns):
        server = Server(("::", 80), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    group = bed.group("open", rules=OPEN)
    for guest in bed.guests.values():
        bed.set_groups(guest, group)
    bed.rules = bed.policy(bed.tier("names", 1), 1, ports=[bed[name].id for name in "ad"])
    rules = [{"security_policy_id": bed.rules, "priority": 10 * place + version, "action": "allow" if name else "deny", "direction": "egress",
              "ethertype": f"IPv{version}", "protocol": "tcp", "remote_domain": name}
             for place, name in enumerate((*RULES, None)) for version in (4, 6)]
    bed.call("POST", "/v2.0/security-policy-rules", {"security_policy_rules": rules}, admin=True)
    wait_until(lambda: module_lab.pings("green-a", b.ip[6]), what="a reaches b")
    yield bed
    server.shutdown()
    server.server_close()
    dns.stop()


def at(bed, last):
    return Target(bed["b"], f"10.0.0.{last}")


def dig(bed, guest, *words):
    return sorted(bed.lab.exec(bed[guest].name, "dig", "+short", "+time=3", "+tries=2", *words).stdout.split())


def curl(bed, guest, name):
    """What b's server says; "" if there was no connection."""
    return bed.lab.exec(bed[guest].name, "curl", "-s", "--connect-timeout", "3", f"http://{name}/", check=False).stdout


def refuses(bed, guest, last):
    """A connection to that address of b's is denied by the tier."""
    denied(lambda: tcp(bed[guest], at(bed, last), 80), bed[guest])


def opens(bed, guest, last):
    """At a port where nobody listens: the reset shows that it came through."""
    passes(tcp(bed[guest], at(bed, last), 81), f"{guest} to 10.0.0.{last}")


def test_what_a_name_resolves_to_and_nothing_else(bed):
    for last in (201, 202):
        refuses(bed, "a", last)
    assert curl(bed, "a", "www.example.org") == "::ffff:10.0.0.201", "asked for, learnt, and connected at once"
    assert curl(bed, "a", "WWW.Example.ORG") == "::ffff:10.0.0.201"
    refuses(bed, "a", 202)
    assert dig(bed, "a", "other.example.org") == ["10.0.0.202"], "it resolves"
    refuses(bed, "a", 202)
    refuses(bed, "d", 201)  # a host learns for its own guests


def test_several_answers_aliases_and_wildcards(bed):
    assert dig(bed, "a", "many.example.org") == ["10.0.0.203", "10.0.0.204"]
    for last in (203, 204):
        opens(bed, "a", last)
    assert dig(bed, "a", "edge.example.com") == ["10.0.0.205"]
    refuses(bed, "a", 205)  # the end of aliases is no name of a rule
    assert dig(bed, "a", "alias.example.org") == ["10.0.0.205", "cdn.example.com.", "edge.example.com."]
    opens(bed, "a", 205)
    assert dig(bed, "a", "example.net") == ["10.0.0.207"]
    refuses(bed, "a", 207)
    assert dig(bed, "a", "deep.below.example.net") == ["10.0.0.206"]
    opens(bed, "a", 206)


def test_ipv6(bed):
    b = at(bed, 201)
    denied(lambda: tcp(bed["a"], b, 80, 6), bed["a"])
    assert curl(bed, "a", "v6.example.org") == b.ip[6]
    denied(lambda: tcp(bed["a"], Target(bed["d"]), 80, 6), bed["a"])


def test_who_else_answers_teaches_nothing(bed):
    """Another resolver that a guest asks, an alias that others make, and names that projects give to their ports."""
    rogue = bed.dns.serve(bed["b"].netns, "10.0.0.208 www.example.org evil.example.net\n")
    try:
        assert dig(bed, "a", "@10.0.0.201", "www.example.org") == ["10.0.0.208"]
        assert dig(bed, "a", "@10.0.0.201", "evil.example.net") == ["10.0.0.208"]
    finally:
        rogue.terminate()
        rogue.wait(10)
    refuses(bed, "a", 208)
    bed.dns.change(HOSTS.replace("10.0.0.201", "10.0.0.208"))
    assert dig(bed, "a", "evil.example.com") == ["10.0.0.208", "www.example.org."]
    refuses(bed, "a", 208)
    bed.call("PUT", f"/v2.0/networks/{bed.network['id']}", {"network": {"dns_domain": "example.edu."}})
    bed.set_port(bed["b"], dns_name="www")
    assert "10.0.0.209" in dig(bed, "a", "www.example.edu")
    refuses(bed, "a", 209)


def restart(bed, age_s=0, kill=False):
    """The agent of h1, which finds its own file as much older."""
    bed.lab.stop("h1", kill=kill)
    path = bed.lab.folder / "h1/state/domains"
    lines = [line.split(" ", 1) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{int(until) - age_s} {rest}\n" for until, rest in lines))
    bed.lab.start("h1")


def test_what_is_learnt_outlives_the_agent_and_ends(bed):
    """A restart keeps it; when its time is over it goes, unless a connection uses it; then it is learnt again, as it is now."""
    connection = Connection(bed["a"], at(bed, 203), 8080)
    assert dig(bed, "a", "late.example.net") == ["10.0.0.209"]
    restart(bed)
    for last in (201, 203):
        opens(bed, "a", last)
    refuses(bed, "a", 202)
    known = bed.lab.folder / "h1/state/domains"
    assert "10.0.0.204" in known.read_text() and "10.0.0.209" in known.read_text(), "what came last was written at the end"
    restart(bed, kill=True, age_s=2 * 86400)
    wait_until(lambda: not re.search(r"10\.0\.0\.(204|209)$", known.read_text(), re.M), what="they are forgotten")
    for last in (204, 209):
        refuses(bed, "a", last)
    assert connection.works()
    opens(bed, "a", 203)
    assert curl(bed, "a", "www.example.org") == "::ffff:10.0.0.208", "where the name leads by now"


def test_without_the_rule_it_is_nobodys(bed):
    opens(bed, "a", 208)
    for rule in bed.call("GET", f"/v2.0/security-policy-rules?security_policy_id={bed.rules}", admin=True)["security_policy_rules"]:
        if rule["remote_domain"] == "www.example.org":
            bed.delete(f"security-policy-rules/{rule['id']}")
    refuses(bed, "a", 208)
    assert curl(bed, "a", "www.example.org") == ""
