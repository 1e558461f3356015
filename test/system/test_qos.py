"""What hosts make of QoS: limits of bandwidth and packet rates in both directions, marks, and policies that change under traffic.
Proves B27.

    h1: a, b      h2: c        one network; what is measured goes from or to a
"""
import json
import re
import subprocess
import time

import pytest

import stalls
from conftest import wait_until
from packets import Wire

POLICIES = "/v2.0/qos/policies"
MBIT = 1_000_000
SECONDS = 2
# Of the rate: TCP's payload is 95 % of its frames, a burst and 0.05 s of queue come on top, and the machine may be busy.
# Without a limit it is ten times the rate or more.
AT_LEAST, AT_MOST = 0.6, 1.4


class Cloud:
    def __init__(self, lab):
        self.lab, self.api = lab, lab.api()
        self.network = lab.network("net1")
        self.api.make("subnet", network_id=self.network["id"], ip_version=6, cidr="fd00::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
        self.ports = {name: lab.guest(name, host, "net1") for name, host in (("a", 1), ("b", 1), ("c", 2))}
        self.ip = {name: lab.address(port) for name, port in self.ports.items()}
        for name in "bc":
            wait_until(lambda: lab.pings("a", self.ip[name]), what=f"a reaches {name}")

    def policy(self, name="q", **rules):
        """policy(bandwidth_limit=[{"max_kbps": …}, …])"""
        answer = self.api.call("POST", POLICIES, {"policy": {"name": name}})
        assert answer.status == 201, answer.text
        policy = answer.json["policy"]
        policy["made"] = [self.rule(policy, kind, **rule) for kind, several in rules.items() for rule in several]
        return policy

    def rule(self, policy, kind, **attributes):
        answer = self.api.call("POST", f"{POLICIES}/{policy['id']}/{kind}_rules", {f"{kind}_rule": attributes})
        assert answer.status == 201, answer.text
        return answer.json[f"{kind}_rule"]

    def change(self, policy, kind, rule, **attributes):
        answer = self.api.call("PUT", f"{POLICIES}/{policy['id']}/{kind}_rules/{rule['id']}", {f"{kind}_rule": attributes})
        assert answer.status == 200, answer.text
        self.settled(answer)

    def give(self, kind, object_id, policy):
        """Returns when all hosts have it."""
        answer = self.api.call("PUT", f"/v2.0/{kind}s/{object_id}", {kind: {"qos_policy_id": policy and policy["id"]}})
        assert answer.status == 200, answer.text
        self.settled(answer)

    def settled(self, answer):
        waited = self.api.get("/weft/v1/wait", revision=answer.headers["X-Weft-Revision"], timeout=10)
        assert waited.status == 200, waited.text

    def iperf(self, client, server, *options, seconds=SECONDS):
        """A running client from guest to guest; its standard output is the report."""
        port = ["-p", options[options.index("-p") + 1]] if "-p" in options else []
        listener = self.lab.popen(server, "iperf3", "-s", "-1", "--forceflush", *port)
        for line in listener.stdout:
            if "listening" in line:
                break
        sender = self.lab.popen(client, "iperf3", "-c", self.ip[server], "-t", str(seconds), "-J", *options, stderr=subprocess.DEVNULL)
        sender.listener = listener
        return sender

    def report(self, sender):
        out, _ = sender.communicate(timeout=60)
        sender.listener.communicate(timeout=10)
        report = json.loads(out)
        assert "error" not in report, report["error"]
        return report

    def rate(self, client, server, *options):
        """Bits a second that arrived."""
        report = self.report(self.iperf(client, server, *options))["end"]
        return report.get("sum_received", report.get("sum"))["bits_per_second"]

    def port(self, name):
        """What the agent says of it."""
        host = "h2" if name == "c" else "h1"
        return self.lab.agent(host, "ports", port=self.ports[name]["id"])["ports"][0]


@pytest.fixture(scope="module")
def cloud(module_lab):
    return Cloud(module_lab)


@pytest.fixture
def on_a(cloud):
    """Gives port a policies, and takes them away."""
    a = cloud.ports["a"]["id"]
    yield lambda policy: cloud.give("port", a, policy)
    cloud.give("port", a, None)


def is_near(bits, mbits):
    return AT_LEAST * mbits <= bits / MBIT <= AT_MOST * mbits


def assert_near(mbits, measure):
    """measure() gives bits a second."""
    stalls.measured(measure, lambda bits: is_near(bits, mbits))


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_tcp_keeps_the_rate(cloud, on_a, direction):
    """To a guest of the same host and of another, with a burst that is shorter than TCP's timers; the other direction has no limit."""
    on_a(cloud.policy(bandwidth_limit=[{"max_kbps": 20000, "max_burst_kbps": 500, "direction": direction}]))
    for peer in "bc":
        way = ("a", peer) if direction == "egress" else (peer, "a")
        assert_near(20, lambda: cloud.rate(*way))
    stalls.measured(lambda: cloud.rate(*reversed(way), "-t", "1"), lambda bits: bits > 100 * MBIT)
    assert "bandwidth-limit" not in cloud.port("b")["drop_reasons"] | cloud.port("c")["drop_reasons"]


def test_udp_is_cut_and_counted(cloud, on_a):
    on_a(cloud.policy(bandwidth_limit=[{"max_kbps": 20000, "max_burst_kbps": 2000, "direction": "ingress"}]))
    def flood():
        """Bits a second that arrive, packets lost and dropped."""
        before = cloud.port("a")["drop_reasons"].get("bandwidth-limit", 0)
        report = cloud.report(cloud.iperf("c", "a", "-u", "-b", "60M", "-l", "1300"))["end"]["sum"]
        arrived = report["packets"] - report["lost_packets"]
        return arrived * 1342 * 8 / report["seconds"], report["lost_packets"], cloud.port("a")["drop_reasons"]["bandwidth-limit"] - before
    stalls.measured(flood, lambda seen: is_near(seen[0], 20) and seen[2] == pytest.approx(seen[1], rel=0.1, abs=20))
    dropped = cloud.port("a")["drop_reasons"]["bandwidth-limit"]
    assert re.search(rf'weft_port_limited_total{{port="{cloud.ports["a"]["id"]}",device="[^"]+",limit="bandwidth-limit"}} {dropped}\n',
                     cloud.lab.agent("h1", "metrics")["text"])


def test_packet_rate(cloud, on_a):
    on_a(cloud.policy(packet_rate_limit=[{"max_kpps": 2, "max_burst_kpps": 1}]))
    def a_second():
        report = cloud.report(cloud.iperf("a", "c", "-u", "-b", "8M", "-l", "100"))["end"]["sum"]
        return (report["packets"] - report["lost_packets"]) / report["seconds"]
    stalls.measured(a_second, lambda rate: 0.6 * 2000 <= rate <= 1.3 * 2000 + 1000 / SECONDS)
    assert cloud.port("a")["drop_reasons"]["packet-rate-limit"] > 1000


def tos_seen(cloud, family):
    """The DSCP of what c gets from a, and of the tunnel packet that carries it."""
    destination = cloud.lab.address(cloud.ports["c"], family)
    wait_until(lambda: cloud.lab.pings("a", destination), what=f"a reaches {destination}")
    ethertype = b"\x08\x00" if family == 4 else b"\x86\xdd"

    def is_echo(frame):
        return frame[12:14] == ethertype and (frame[23] == 1 and frame[34] == 8 if family == 4 else frame[20] == 58 and frame[54] == 128)

    def is_outer(frame):
        inner = frame[58:]  # Geneve with one option in IPv4
        return frame[12:14] == b"\x08\x00" and frame[23] == 17 and is_echo(inner)

    with Wire(cloud.lab.netns("c"), "eth0") as guest, Wire(cloud.lab.netns("h2"), "uplink0") as underlay:
        cloud.lab.exec("a", "ping", "-c", "1", "-W", "2", destination, check=False)
        inner, outer = guest.expect(is_echo), underlay.expect(is_outer)
    dscp = inner[15] >> 2 if family == 4 else (inner[14] & 15) << 2 | inner[15] >> 6
    return dscp, outer[15] >> 2


def test_marks(cloud, on_a):
    """Both families, and the outer header: the mark is the tunnel's (RFC 2983)."""
    policy = cloud.policy(dscp_marking=[{"dscp_mark": 46}])
    on_a(policy)
    assert tos_seen(cloud, 4) == (46, 46)
    assert tos_seen(cloud, 6) == (46, 46)
    cloud.change(policy, "dscp_marking", policy["made"][0], dscp_mark=10)
    assert tos_seen(cloud, 4) == (10, 10)
    on_a(None)
    assert tos_seen(cloud, 4) == (0, 0)


def test_changes_under_traffic(cloud, on_a):
    """The network's policy, the port's own before it, a rule that changes, and none: one connection goes through all of it."""
    slow = cloud.policy("slow", bandwidth_limit=[{"max_kbps": 10000}])
    fast = cloud.policy("fast", bandwidth_limit=[{"max_kbps": 50000}])
    network = cloud.network["id"]
    cloud.give("network", network, slow)
    a = cloud.ports["a"]["id"]
    assert cloud.api.get(f"/v2.0/ports/{a}").json["port"]["qos_network_policy_id"] == slow["id"]

    def seen():
        return cloud.port("a")["counters"]["rx_bytes"]

    sender = cloud.iperf("a", "c", "-C", "cubic", seconds=60)
    try:
        wait_until(lambda: seen() > MBIT / 2, what="traffic flows")
        wait_until(lambda: is_near(rate_seen(cloud, "c"), 10), what="the network's 10 Mbit/s")
        on_a(fast)
        wait_until(lambda: is_near(rate_seen(cloud, "c"), 50), what="the port's 50 Mbit/s")
        cloud.change(fast, "bandwidth_limit", fast["made"][0], max_kbps=25000)
        wait_until(lambda: is_near(rate_seen(cloud, "c"), 25), what="25 Mbit/s of the changed rule")
        on_a(None)
        cloud.give("network", network, None)
        wait_until(lambda: rate_seen(cloud, "c") > 100 * MBIT, what="no limit")
        assert sender.poll() is None
    finally:
        cloud.give("network", network, None)
        sender.kill()
        sender.communicate()
        sender.listener.kill()
        sender.listener.communicate()


def rate_seen(cloud, name, seconds=0.7):
    """Bits a second that the guest gets."""
    def at():
        return time.monotonic(), cloud.port(name)["counters"]["tx_bytes"]
    first = at()
    last = wait_until(lambda: (now := at())[0] > first[0] + seconds and now, what="time passes")
    return (last[1] - first[1]) * 8 / (last[0] - first[0])


def test_default_policy(cloud):
    """A new network of the project has it, and so have its ports."""
    answer = cloud.api.call("POST", POLICIES, {"policy": {"name": "default", "is_default": True}})
    policy = answer.json["policy"]
    cloud.rule(policy, "bandwidth_limit", max_kbps=30000)
    network = cloud.api.make("network", name="net2")
    assert network["qos_policy_id"] == policy["id"]
    cloud.api.make("subnet", network_id=network["id"], ip_version=4, cidr="10.2.0.0/24")
    d = cloud.lab.guest("d", 1, network["id"])
    e = cloud.lab.guest("e", 2, network["id"])
    cloud.ports["d"], cloud.ip["e"] = d, cloud.lab.address(e)
    wait_until(lambda: cloud.lab.pings("d", cloud.ip["e"]), what="d reaches e")
    out = cloud.lab.weft("trace", d["id"], "--to", cloud.ip["e"]).stdout
    assert "sends is limited to 30000 kbit/s" in out, out
    cloud.api.call("PUT", f"{POLICIES}/{policy['id']}", {"policy": {"is_default": False}})


def test_limits_survive_the_agent(cloud, on_a):
    """Without an agent they hold; a new one finds them."""
    on_a(cloud.policy(bandwidth_limit=[{"max_kbps": 20000}]))
    cloud.lab.stop("h1", kill=True)
    try:
        assert_near(20, lambda: cloud.rate("a", "c"))
    finally:
        cloud.lab.start("h1")
    wait_until(lambda: cloud.lab.agent("h1", "status")["controller"]["state"] == "connected", what="the agent is back")
    assert "limited to 20000 kbit/s" in cloud.lab.weft("trace", cloud.ports["a"]["id"], "--to", cloud.ip["c"]).stdout


def test_minimum_on_the_uplink(cloud, on_a):
    """Where the operator has said what an uplink carries, a port gets what it is guaranteed while another floods it."""
    conf = cloud.lab.folder / "h1/agent.conf"
    text = conf.read_text()
    conf.write_text(text + "uplink-kbps = 50000\n")
    restart(cloud)
    try:
        flood = cloud.iperf("b", "c", "-u", "-b", "100M", "-l", "1300", "-p", "5202", seconds=120)
        try:
            wait_until(lambda: cloud.port("c")["counters"]["tx_bytes"] > 0 and rate_seen(cloud, "c") > 10 * MBIT, what="the flood arrives")
            on_a(cloud.policy(minimum_bandwidth=[{"min_kbps": 40000}]))
            stalls.measured(lambda: udp_arrives(cloud), lambda bits: bits > 30 * MBIT)
            on_a(None)
            stalls.measured(lambda: udp_arrives(cloud), lambda bits: bits < 25 * MBIT)
        finally:
            for process in (flood, flood.listener):
                process.kill()
                process.communicate()
    finally:
        conf.write_text(text)
        restart(cloud)


def udp_arrives(cloud):
    report = cloud.report(cloud.iperf("a", "c", "-u", "-b", "50M", "-l", "1300"))["end"]["sum"]
    return (report["packets"] - report["lost_packets"]) * 1342 * 8 / report["seconds"]


def restart(cloud):
    cloud.lab.stop("h1")
    cloud.lab.start("h1")
    wait_until(lambda: cloud.lab.agent("h1", "status")["controller"]["state"] == "connected", what="the agent is back")
