"""The agent against a controller that does what the test says (scripted_controller.py).

       h1 namespace                              h2 namespace
    weft-agent  controller                    weft-agent
        │            192.0.2.1 ── u0 ═══ u0 ── 192.0.2.2
    g1 ═ veth ─ p1                               p2 ─ veth ═ g2
    10.0.0.1                                            10.0.0.2
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid

import pytest

from conftest import BUILD, run, wait_until
from scripted_controller import Controller

AGENT = BUILD / "src/agent/weft-agent"
NET, SUBNET = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000001"
HOSTS = {n: f"33333333-0000-4000-8000-00000000000{n}" for n in (1, 2)}
PORTS = {n: f"44444444-0000-4000-8000-00000000000{n}" for n in (1, 2)}
NETWORK = f"network/{NET}"


class Host:
    def __init__(self, bench, n):
        self.bench, self.n, self.name = bench, n, f"h{n}"
        self.namespace = f"{bench.prefix}-h{n}"
        self.folder = bench.folder / self.name
        self.folder.mkdir()
        self.bpf = self.folder / "bpf"
        self.process = None
        self.write_config()

    def write_config(self, **changes):
        keys = {"host": self.name, "controller": f"http://192.0.2.1:{self.bench.controller.port}", "uplinks": "u0",
                "tunnel-ips": f"192.0.2.{self.n}", "state-dir": self.folder / "state", "run-dir": self.folder / "run",
                "bpf-dir": self.bpf, **changes}
        self.config = self.folder / "agent.conf"
        self.config.write_text("[agent]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))

    def command(self, *words):
        return ["ip", "netns", "exec", self.namespace, AGENT, "--config", self.config, *words]

    def start(self, wait=True):
        # `ip netns exec` replaces /sys, which would hide the bpffs from others; nsenter leaves mounts alone.
        self.log_file = open(self.folder / "log", "a")
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.namespace}", AGENT, "--config", self.config],
            stdout=self.log_file, stderr=self.log_file)
        if wait:
            wait_until(lambda: self.process.poll() is None and self.answers(), what="the agent answers")
        return self

    def answers(self):
        try:
            return self.ask("status")
        except OSError:
            return None

    def end(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            code = self.process.wait(20)
            self.process = None
            return code
        return None

    def cleanup(self):
        return subprocess.run(["nsenter", f"--net=/run/netns/{self.namespace}", AGENT, "--config", self.config, "--cleanup"],
                              capture_output=True, text=True, timeout=30)

    def log(self):
        return (self.folder / "log").read_text()

    def request(self, op, **request):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(70)
            client.connect(str(self.folder / "run/agent.sock"))
            client.sendall((json.dumps({"op": op, **request}) + "\n").encode())
            return json.loads(client.makefile().readline())

    def ask(self, op, **request):
        answer = self.request(op, **request)
        assert answer["ok"], answer
        return answer["result"]

    def refused(self, op, **request):
        answer = self.request(op, **request)
        assert not answer["ok"], answer
        return answer["error"]


class Bench:
    """Two hosts with a controller, and a guest on each."""

    def __init__(self, folder):
        self.folder = folder
        self.prefix = f"agt{os.getpid()}x{time.monotonic_ns() % 100000}"
        self.namespaces = []
        for name in ("h1", "h2", "g1", "g2"):
            self.add_namespace(name)
        self.ip("h1", "link", "add", "u0", "type", "veth", "peer", "name", "u0", "netns", self.ns("h2"))
        for n in (1, 2):
            self.ip(f"h{n}", "address", "add", f"192.0.2.{n}/24", "dev", "u0")
            self.ip(f"h{n}", "link", "set", "u0", "up", "mtu", "1500")
            self.add_guest(n)
        self.controller = Controller(self.ns("h1"))
        self.hosts = {n: Host(self, n) for n in (1, 2)}

    def ns(self, name):
        return f"{self.prefix}-{name}"

    def add_namespace(self, name):
        run("ip", "netns", "add", self.ns(name))
        self.namespaces.append(self.ns(name))
        self.ip(name, "link", "set", "lo", "up")

    def ip(self, name, *words, **options):
        return run("ip", "-n", self.ns(name), *words, **options).stdout

    def add_guest(self, n):
        self.ip(f"h{n}", "link", "add", f"p{n}", "type", "veth", "peer", "name", "eth0", "netns", self.ns(f"g{n}"))
        self.ip(f"g{n}", "link", "set", "eth0", "address", f"fa:16:3e:00:00:0{n}", "mtu", "1442")
        self.ip(f"g{n}", "link", "set", "eth0", "up")
        self.ip(f"g{n}", "address", "add", f"10.0.0.{n}/24", "dev", "eth0")

    def fill(self):
        """The view: one network, a port on each host."""
        c = self.controller
        for n in (1, 2):
            c.hosts[f"h{n}"] = (HOSTS[n], [f"host/{HOSTS[n]}", NETWORK])
            c.put(f"host/{HOSTS[n]}", "host", HOSTS[n], name=f"h{n}", tunnel_ips=[f"192.0.2.{n}"],
                  encapsulations=["geneve", "vxlan"])
        c.put(NETWORK, "network", NET, name="n", vni=7, mtu=1442, admin_state_up=True)
        c.put(NETWORK, "subnet", SUBNET, network_id=NET, cidr="10.0.0.0/24", ip_version=4, gateway_ip=None, enable_dhcp=True,
              dns_nameservers=[], host_routes=[], ipv6_ra_mode=None, ipv6_address_mode=None)
        for n in (1, 2):
            self.put_port(n)
        return self

    def put_port(self, n):
        c, mac = self.controller, f"fa:16:3e:00:00:0{n}"
        c.put(NETWORK, "member", f"{NET}/{HOSTS[n]}", network_id=NET, host_id=HOSTS[n], tunnel_ips=[f"192.0.2.{n}"],
              encapsulations=["geneve", "vxlan"])
        c.put(NETWORK, "endpoint", PORTS[n], network_id=NET, host_id=HOSTS[n], mac_address=mac, ips=[f"10.0.0.{n}"],
              allowed_address_pairs=[], dns_name="")
        c.put(f"host/{HOSTS[n]}", "port", PORTS[n], network_id=NET, mac_address=mac,
              fixed_ips=[{"ip_address": f"10.0.0.{n}", "subnet_id": SUBNET}], allowed_address_pairs=[],
              port_security_enabled=True, admin_state_up=True, device_id="", device_owner="", dns_name="",
              extra_dhcp_opts=[], name=f"p{n}")

    def up(self):
        """Everything runs and is plugged."""
        self.controller.start()
        self.fill()
        for n, host in self.hosts.items():
            host.start()
            host.ask("plug", port=PORTS[n], device=f"p{n}")
        wait_until(self.pings, what="the guests reach each other")
        return self

    def pings(self):
        return subprocess.run(["ip", "netns", "exec", self.ns("g1"), "ping", "-c1", "-W1", "10.0.0.2"],
                              stdout=subprocess.DEVNULL).returncode == 0

    def start_ping(self, count, interval=0.01):
        return subprocess.Popen(["ip", "netns", "exec", self.ns("g1"), "ping", "-q", "-c", str(count), "-i", str(interval),
                                 "10.0.0.2"], stdout=subprocess.PIPE, text=True)

    def down(self):
        for host in self.hosts.values():
            host.end()
            host.cleanup()
        self.controller.stop()
        for namespace in self.namespaces:
            run("ip", "netns", "delete", namespace, check=False)


def lost(ping):
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", ping.communicate()[0]).groups())
    return sent - received


@pytest.fixture
def bench(tmp_path, request):
    made = Bench(tmp_path)
    try:
        yield made
    finally:
        if getattr(request.node, "failed", False):
            for host in made.hosts.values():
                log = host.folder / "log"
                print(f"--- {host.name}\n{log.read_text() if log.exists() else ''}")
        made.down()


def test_a_killed_agent_loses_no_packet(bench):
    """SIGKILL and restart of both agents under ping: no packet lost, the same view, nothing twice (B38, B48)."""
    bench.up()
    before = {n: host.ask("status") for n, host in bench.hosts.items()}
    builds = {n: [pin.name for pin in host.bpf.glob("maps-*/build-*")] for n, host in bench.hosts.items()}
    ping = bench.start_ping(400)
    for host in bench.hosts.values():
        assert host.end(signal.SIGKILL) == -signal.SIGKILL
        host.start()
    for n, host in bench.hosts.items():
        wait_until(lambda: host.ask("status")["controller"]["state"] == "connected", what="connected again")
        after = host.ask("status")
        for key in ("view", "datapath"):
            same = dict(before[n][key], flows=0), dict(after[key], flows=0)
            assert same[0] == same[1], key
        assert after["instance"] != before[n]["instance"]
        # the name has the ids of the programs in it: they were adopted, not loaded again
        assert len(builds[n]) == 1 and [pin.name for pin in host.bpf.glob("maps-*/build-*")] == builds[n]
    assert lost(ping) == 0
    resumed = [query for name, query in bench.controller.queries][-2:]
    assert all(int(query["since"]) > 0 for query in resumed)


def test_a_reboot_without_controller_forwards(bench):
    """All kernel state gone but the disk, and nobody to ask: the hosts forward from what they remember (B39)."""
    bench.up()
    bench.controller.stop()
    for host in bench.hosts.values():
        host.end(signal.SIGKILL)
        shutil.rmtree(host.folder / "run")
    saved = {n: {f.name: f.read_bytes() for f in (host.folder / "state").iterdir()} for n, host in bench.hosts.items()}
    for n, host in bench.hosts.items():
        assert host.cleanup().returncode == 0
        (host.folder / "state").mkdir(exist_ok=True)
        for name, content in saved[n].items():
            (host.folder / "state" / name).write_bytes(content)
    assert not bench.pings()
    for host in bench.hosts.values():
        host.start()
    wait_until(bench.pings, what="the guests reach each other again")


def test_sigterm_leaves_the_edge_switch_forwarding(bench):
    bench.up()
    for host in bench.hosts.values():
        assert host.end() == 0
    assert bench.pings()


def test_cleanup_leaves_no_trace(bench):
    """B8, B52: after --cleanup no program, pin, setting or file is left, and the devices are the user's again."""
    bench.up()
    host = bench.hosts[1]
    host.end()
    done = host.cleanup()
    assert done.returncode == 0, done.stderr
    assert not pathlib.Path(host.bpf).exists() or not list(pathlib.Path(host.bpf).iterdir())
    assert not (host.folder / "state").exists()
    for device in ("p1", "u0"):
        tc = run("tc", "-n", bench.ns("h1"), "filter", "show", "dev", device, "ingress").stdout
        assert "bpf" not in tc
    links = json.loads(bench.ip("h1", "-j", "link"))
    assert {link["ifname"] for link in links} == {"lo", "u0", "p1"}
    value = run("ip", "netns", "exec", bench.ns("h1"), "sysctl", "-n", "net.ipv6.conf.p1.disable_ipv6").stdout
    assert value.strip() == "0"


def test_the_host_is_silent_on_the_guests_network(bench):
    """An attached device is up, has the network's MTU, and no address of the hypervisor."""
    bench.up()
    link = json.loads(bench.ip("h1", "-j", "address", "show", "p1"))[0]
    assert link["mtu"] == 1442 and "UP" in link["flags"]
    assert link["addr_info"] == []
    bench.hosts[1].ask("unplug", port=PORTS[1])
    value = run("ip", "netns", "exec", bench.ns("h1"), "sysctl", "-n", "net.ipv6.conf.p1.disable_ipv6").stdout
    assert value.strip() == "0"


def test_ports_follow_their_devices(bench):
    """A device that vanishes takes its port down and brings it up when it comes again; each is reported."""
    bench.up()
    wait_until(lambda: bench.controller.wired("h1", PORTS[1]), what="wired")
    bench.ip("h1", "link", "delete", "p1")
    wait_until(lambda: bench.controller.wired("h1", PORTS[1]) is False, what="not wired")
    bench.add_guest(1)
    wait_until(lambda: bench.controller.wired("h1", PORTS[1]), what="wired again")
    wait_until(bench.pings, what="pings")


def test_an_alias_plugs(bench):
    bench.controller.start()
    bench.fill()
    host = bench.hosts[1].start()
    wait_until(lambda: host.ask("status")["view"]["ports"] == 1, what="the view")
    bench.ip("h1", "link", "set", "p1", "alias", f"iface-id={PORTS[1]}")
    wait_until(lambda: bench.controller.wired("h1", PORTS[1]), what="wired")
    bench.ip("h1", "link", "set", "p1", "alias", "")
    wait_until(lambda: bench.controller.wired("h1", PORTS[1]) is False, what="not wired")


def test_plug_waits_for_a_port_that_is_not_there_yet(bench):
    bench.controller.start()
    bench.fill()
    bench.controller.delete(f"host/{HOSTS[1]}", "port", PORTS[1])
    host = bench.hosts[1].start()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(host.folder / "run/agent.sock"))
        client.sendall((json.dumps({"op": "plug", "port": PORTS[1], "device": "p1"}) + "\n").encode())
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        bench.put_port(1)
        client.settimeout(10)
        assert json.loads(client.makefile().readline())["result"]["device"] == "p1"


def test_bad_plugs_are_refused_and_disturb_nothing(bench):
    """No such device, bound twice, an uplink, a port elsewhere, a port unknown, no port id."""
    bench.up()
    host, unknown = bench.hosts[1], str(uuid.uuid4())
    bench.ip("h1", "link", "add", "spare", "type", "veth", "peer", "name", "spare-end")
    wait_until(lambda: not host.request("plug", port=PORTS[1], device="spare")["ok"])
    for request, code, says in [
            (dict(port=unknown, device="tap9"), "DeviceNotFound", "tap9"),
            (dict(port=unknown, device="p1"), "DeviceBusy", PORTS[1]),
            (dict(port=PORTS[1], device="spare"), "InUse", "p1"),
            (dict(port=unknown, device="u0"), "InvalidInput", "uplink"),
            (dict(port=PORTS[2], device="spare", timeout_ms=100), "Conflict", HOSTS[2]),
            (dict(port=unknown, device="spare", timeout_ms=100), "PortNotFound", "binding:host_id"),
            (dict(port="p1", device="spare"), "BadRequest", "UUID"),
            (dict(port=unknown), "BadRequest", "device")]:
        error = host.refused("plug", **request)
        assert error["type"] == code and says in error["message"], (request, error)
    assert (host.folder / "state/plugs").read_text() == f"{PORTS[1]} p1\n"
    assert bench.pings()


def test_a_corrupt_view_is_used_and_healed(bench):
    """A flipped byte in the view file costs a line and a snapshot, and no packet."""
    bench.up()
    host = bench.hosts[1]
    host.end(signal.SIGKILL)
    view = host.folder / "state/view"
    lines = view.read_bytes().split(b"\n")
    victim = next(i for i, line in enumerate(lines) if b'"subnet"' in line)
    lines[victim] = lines[victim].replace(b"10.0.0.0", b"10.9.9.9")
    view.write_bytes(b"\n".join(lines))
    ping = bench.start_ping(150)
    host.start()
    wait_until(lambda: not host.ask("status")["view"]["needs_snapshot"], what="healed")
    assert lost(ping) == 0
    assert "damaged" in host.log()
    name, query = [q for q in bench.controller.queries if q[0] == "h1"][-1]
    assert query["since"] == "0"
    assert "10.0.0.0/24" in json.dumps(host.ask("view", kind="subnet"))


def test_a_view_of_the_future_is_refused_and_left_alone(bench):
    bench.up()
    host = bench.hosts[1]
    host.end()
    view = host.folder / "state/view"
    future = view.read_bytes().replace(b"weft-view 1", b"weft-view 2", 1)
    view.write_bytes(future)
    host.start(wait=False)
    assert host.process.wait(10) == 1
    host.process = None
    assert "version 2 is newer" in host.log()
    assert view.read_bytes() == future
    assert bench.pings()


def test_a_second_agent_is_refused(bench):
    """On one state folder by the lock; with one name elsewhere by the controller, whose words are in the log."""
    bench.up()
    second = subprocess.run(["nsenter", f"--net=/run/netns/{bench.ns('h1')}", AGENT, "--config", bench.hosts[1].config],
                            capture_output=True, text=True, timeout=10)
    assert second.returncode == 1 and "another weft-agent" in second.stderr
    host = bench.hosts[2]
    bench.controller.refusals["h2"] = (409, "agent of instance x at 192.0.2.9 holds it")
    bench.controller.cut()
    wait_until(lambda: host.ask("status")["controller"]["state"] != "connected")
    wait_until(lambda: "192.0.2.9" in (host.ask("status")["controller"]["error"] or ""), what="the reason")
    assert "another agent holds host h2" in host.log()
    assert bench.pings()
    del bench.controller.refusals["h2"]
    wait_until(lambda: host.ask("status")["controller"]["state"] == "connected", what="connected again")


@pytest.mark.parametrize("status, says", [(401, "credential"), (404, "knows no host h1"), (500, "500")])
def test_refusals_are_explained(bench, status, says):
    bench.controller.start()
    bench.fill()
    bench.controller.refusals["h1"] = (status, "because")
    host = bench.hosts[1].start()
    wait_until(lambda: says in (host.ask("status")["controller"]["error"] or ""), what="the reason")
    assert "because" in host.log()


def test_nonsense_on_the_stream_breaks_only_the_connection(bench):
    bench.up()
    host, scope = bench.hosts[1], f"host/{HOSTS[1]}"
    for line in ("nonsense", '{"op":"put"}', '{"op":"future"}', "x" * (2 << 20),
                 '{"op":"put","kind":"network","id":"x","scope":"y","rev":1,"data":{"vni":-1}}'):
        bench.controller.send(scope, line)
    wait_until(lambda: host.ask("status")["controller"]["state"] == "connected", what="connected again")
    assert bench.pings()


def test_the_control_socket_is_roots_and_survives_nonsense(bench):
    bench.up()
    host = bench.hosts[1]
    path = host.folder / "run/agent.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        lines = client.makefile()
        for text in ("", "nonsense", "[]", "{}", '{"op":7}', '{"op":"nothing"}', '{"op":"plug","port":7}',
                     '{"op":"trace","device":"p1","packet":"0g"}', '{"op":"trace","port":"x"}'):
            client.sendall(text.encode() + b"\n")
            assert json.loads(lines.readline())["ok"] is False, text
    assert host.ask("status")["host"] == "h1"


def test_what_the_agent_tells(bench):
    """ports, flows, drops, view, metrics and trace, each about the traffic there was."""
    bench.up()
    host = bench.hosts[1]
    port, = host.ask("ports")["ports"]
    assert port["device"] == "p1" and port["wired"] and port["vni"] == 7 and port["ips"] == ["10.0.0.1"]
    assert port["counters"]["rx_packets"] > 0 and port["counters"]["tx_packets"] > 0
    wait_until(lambda: host.ask("flows")["flows"] > 0, what="flows are counted")
    assert all(set(drop) == {"count", "doc"} for drop in host.ask("drops")["host"].values())
    assert len(host.ask("view", kind="endpoint")["records"]) == 2
    metrics = host.ask("metrics")["text"]
    assert "weft_agent_connected 1\n" in metrics and f'port="{PORTS[1]}"' in metrics
    steps = host.ask("trace", device="p1", spec={"proto": "tcp", "dst": "10.0.0.2", "dst_port": 443})["steps"]
    assert steps, steps


def test_deltas_reach_the_datapath_and_the_report_at_once(bench):
    """An endpoint's removal and return; the revision is acknowledged."""
    bench.up()
    bench.controller.delete(NETWORK, "endpoint", PORTS[2])
    wait_until(lambda: not bench.pings(), what="gone")
    bench.put_port(2)
    wait_until(bench.pings, what="back")
    wait_until(lambda: bench.controller.reports["h2"][-1]["revision"] == bench.controller.revision, what="acknowledged")
