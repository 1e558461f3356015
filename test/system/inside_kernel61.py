"""What Linux 6.1 as Debian builds it has and other kernels that tests run on may lack: all controllers of cgroup v2, WireGuard, ESP and
GRE. test_kernel61_whole.py runs this inside of a machine with that kernel, and makes a test of each line "WEFT-CHECK NAME ok|failed WORDS".

Everything is emulated there, and a process costs a fifth of a second: so this is a program that does without pytest and the beds of
the other tests, and does all by two routers of namespaces, which are two tenants', two sites, and a pair.

    ga 10.1.0.10 ─ guest0 10.1.0.1 a 203.0.113.11 public ─┐                 mgmt 192.0.2.11, 192.0.2.12 on br-m
    gb 10.2.0.10 ─ guest0 10.2.0.1 b 203.0.113.12 public ─┴─ br0 (in hv) 203.0.113.1
"""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import traceback

BUILD = pathlib.Path(sys.argv[1])
PROGRAM = BUILD / "src/appliance/weft-appliance-netns"
GROUPS = pathlib.Path("/sys/fs/cgroup/weft-appliance")
SECONDS = 3
ID = "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a00"


def run(*words, check=True, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    assert not check or not done.returncode, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def inside(namespace, *words, **options):
    return run("nsenter", f"--net=/run/netns/{namespace}", *words, **options)


def start(namespace, *words, **options):
    return subprocess.Popen(["nsenter", f"--net=/run/netns/{namespace}", *map(str, words)], **{"stdout": subprocess.DEVNULL, **options})


def batch(namespace, *lines):
    run("ip", *(["-n", namespace] if namespace else []), "-batch", "-", input="\n".join(lines) + "\n")


def wait_until(condition, what, deadline=60):
    end = time.monotonic() + deadline
    while not (result := condition()):
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        time.sleep(0.1)
    return result


class Local(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("appliance", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self.path))


class Machine:
    def __init__(self, name, number):
        self.name, self.number, self.revision, self.process = name, number, 0, None
        self.folder, self.path, self.log = (pathlib.Path(f"/run/{name}{suffix}") for suffix in ("", ".json", ".log"))
        self.group, self.net, self.public = GROUPS / name, f"10.{number}", f"203.0.113.1{number}"

    def document(self, **more):
        # it answers by itself, after a look at the whole of a long path: a load that the appliance's own processes work on
        never = {"type": "PATH", "compare_type": "REGEX", "value": "a.*[bc]$"}
        policies = [{"action": "REJECT", "rules": [never]}, {"action": "REDIRECT_TO_URL", "redirect_url": "http://example.org/", "redirect_http_code": 302}]
        policies[1]["rules"] = [{"type": "PATH", "compare_type": "STARTS_WITH", "value": "/"}]
        listener = {"id": ID + "02", "protocol": "HTTP", "protocol_port": 80, "l7_policies": policies}
        mac, allow = f"fa:16:3e:00:0{self.number}:0", {"action": "allow", "ip_version": 4}
        return {
            "id": f"{ID}1{self.number}", "revision": self.revision,
            "interfaces": [{"name": "mgmt", "role": "management", "mac_address": mac + "1", "addresses": [f"192.0.2.1{self.number}/24"]},
                           {"name": "public", "role": "public", "mac_address": mac + "2", "addresses": [f"{self.public}/24", f"203.0.113.2{self.number}/32"]},
                           {"name": "guest0", "role": "guest", "mac_address": mac + "3", "addresses": [f"{self.net}.{i}.1/24" for i in range(3)]}],
            "dhcp": {"subnets": [{"cidr": f"{self.net}.0.0/24", "gateway_ip": f"{self.net}.0.1"}]}, "dns": {"domain": "example.org", "names": []},
            "snat": [{"cidr": f"{self.net}.0.0/16", "address": self.public}],
            "floating_ips": [{"floating_ip_address": f"203.0.113.2{self.number}", "fixed_ip_address": f"{self.net}.0.10"}],
            "port_forwardings": [{"protocol": "tcp", "external_ip_address": self.public, "external_port": "8080", "internal_ip_address": f"{self.net}.0.10",
                                  "internal_port": "7000"}],
            "firewall": {"rules": [{"action": "deny", "protocol": "tcp", "destination_port": "7001"}, {"action": "allow"}]},
            "interface_firewalls": [{"name": "guest0", "ingress": [allow], "egress": [{**allow, "source_interfaces": ["public"]}, allow]}],
            "load_balancers": [{"id": ID + "01", "vip_addresses": [f"{self.net}.0.1"], "listeners": [listener]}], **more}

    def write(self, size=None, **more):
        self.revision += 1
        self.size = self.size if size is None else size
        nics = [{"name": nic, "device": f"{self.name}-{nic}"} for nic in ("mgmt", "public", "guest0")]
        self.path.write_text(json.dumps({**self.size, "nics": nics, "config": self.document(**more)}))

    def start(self, **size):
        self.write(size)
        with open(self.log, "a") as log:
            self.process = start("hv", PROGRAM, "--folder", self.folder, self.path, stderr=log)
        self.connect()

    def connect(self):
        """Its NICs, which are new with each machine, and its guest's address; then it serves."""
        wait_until(lambda: self.get("status").get("status"), "its NICs, and who answers")
        batch("hv", f"link set {self.name}-guest0 netns g{self.name} name eth0", f"link set {self.name}-public up master br0", f"link set {self.name}-mgmt up master br-m")
        batch(f"g{self.name}", "link set eth0 up", *(f"address add {self.net}.{i}.10/24 dev eth0" for i in range(3)), f"route add default via {self.net}.0.1")
        self.serves()

    def serves(self):
        def current():
            said = self.get("status")
            return said.get("status") == "ACTIVE" and said.get("revision") == self.revision and said["load_balancers"]["current"]
        wait_until(current, f"{self.name} does what it is told", 90)

    def tell(self, **more):
        self.write(**more)
        self.process.send_signal(signal.SIGHUP)
        self.serves()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0
        assert not self.group.exists(), "its control group is gone"

    def resize(self, **size):
        self.stop()
        self.start(**size)

    def get(self, what):
        connection = Local(self.folder / "api.sock")
        try:
            connection.request("GET", f"/v1/{what}", headers={"Authorization": "Bearer " + (self.folder / "credential").read_text()})
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException):  # not yet, or not any more
            return {}
        finally:
            connection.close()

    def state(self):
        return json.loads((self.folder / "state.json").read_text())

    @property
    def pid(self):
        """Of weft-appliance, as it is seen here: the grandchild of what was started; None: there is none."""
        pid = self.process.pid
        for _ in range(2):
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                return None
            pid = int(children[0])
        return pid

    def outside(self, pid):
        """As what a daemon that has that number inside is seen here."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return next(child for child in children if f"\t{pid}\n" in pathlib.Path(f"/proc/{child}/status").read_text().partition("NSpid:")[2].partition("NSpgid")[0])

    def count(self, file, key):
        return int(dict(line.split() for line in (self.group / file).read_text().splitlines())[key])

    def clients(self, seconds):
        """As many requests as are answered."""
        return ("wrk", "-t", "1", "-c", "4", "-d", f"{seconds}s", f"http://{self.net}.0.1/{'a' * 1500}")

    def is_idle(self):
        """Whether it takes no more than a twentieth of the processor, for half a second."""
        before = self.count("cpu.stat", "usage_usec")
        time.sleep(0.5)
        return self.count("cpu.stat", "usage_usec") - before < 25000

    def rate(self, seconds=SECONDS):
        """Requests a second, and the share of the processor that the appliance had for them."""
        inside(f"g{self.name}", *self.clients(1))  # what is done once is done
        wait_until(self.is_idle, "what it has begun with is done")
        before, begun = self.count("cpu.stat", "usage_usec"), time.monotonic()
        said = inside(f"g{self.name}", *self.clients(seconds)).stdout
        used = (self.count("cpu.stat", "usage_usec") - before) / 1e6 / (time.monotonic() - begun)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), used


def show(what, one):
    """For who looks why it has failed."""
    print(what, json.dumps(one.get("status")), json.dumps(one.get("counters")))


def reach(namespace, address, port):
    """What is said by who is there."""
    return inside(namespace, "socat", "-u", f"TCP4:{address}:{port},connect-timeout=2", "-", check=False).stdout.strip()


def ping(namespace, address, count=1, source=None):
    """Packets that are answered."""
    words = ["-I", source] if source else []
    done = inside(namespace, "ping", "-c", count, "-i", "0.05", "-W", "1", *words, address, check=False)
    return int(re.search(r"(\d+) received", done.stdout)[1])


# --- the checks

def limits(a, b):
    assert (a.group / "cpu.max").read_text().split() == ["100000", "100000"]
    assert int((a.group / "memory.max").read_text()) == 64 << 20 and (a.group / "memory.swap.max").read_text().strip() in ("0", "max")
    assert (a.group / "pids.max").read_text().strip() == "1024"
    members = set((a.group / "cgroup.procs").read_text().split())
    ends = {str(daemon["pid"]) for daemon in a.get("status")["daemons"].values() if daemon["running"]}
    assert str(a.pid) in members and str(a.process.pid) not in members and len(members) > len(ends) + 1
    return f"cpu.max 100000/100000, memory.max 64 MiB, {len(members)} processes"


def services(a, b):
    """The packet filter, the daemons, under the filter of system calls and with six of root's powers."""
    status = dict(re.findall(r"^(\w+):\s*(.*)$", pathlib.Path(f"/proc/{a.pid}/status").read_text(), re.M))
    assert status["Seccomp"] == "2" and int(status["CapBnd"], 16).bit_count() == 6
    servers = [start("ga", "socat", f"TCP4-LISTEN:{port},fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR") for port in (7000, 7001)]
    wait_until(lambda: reach("hv", a.public, 8080) == "203.0.113.1", "the forwarded port")
    wait_until(lambda: reach("hv", "203.0.113.21", 7000) == "203.0.113.1", "the floating IP")
    assert reach("hv", "203.0.113.21", 7001) == ""
    wait_until(lambda: reach("gb", a.public, 8080) == "203.0.113.22", "another tenant's guest, by its floating IP")
    for server in servers:
        server.kill()
    said = a.get("status")
    assert all(daemon["running"] and not daemon["restarts"] for daemon in said["daemons"].values() if daemon["wanted"])
    counted = a.get("counters")["counters"]
    assert counted["connections_floating_ip"]["packets"] and counted["connections_port_forwarding"]["packets"] and counted["firewall_dropped"]["packets"]
    return ", ".join(sorted(name for name, daemon in said["daemons"].items() if daemon["running"]))


def capacity(a, b):
    found = {100: a.rate()}
    for percent in (50, 25):
        a.resize(cpu_percent=percent, memory_mib=64)
        found[percent] = a.rate()
    words = ", ".join(f"{percent} %: {rate:.1f}/s with {used:.2f} of a processor" for percent, (rate, used) in sorted(found.items()))
    assert 0.2 < found[25][1] < 0.28 and 0.44 < found[50][1] < 0.53 < found[100][1], words
    assert 1.8 < found[50][0] / found[25][0] < 2.4 and found[100][0] > 1.1 * found[50][0], words
    return words


def flood(a, b):
    """What a tenant's router is asked for it pays for itself. Clients need the processor as well, and all of them must have what they need."""
    before, _ = b.rate()
    noise = start("ga", *a.clients(60))
    throttled = a.count("cpu.stat", "nr_throttled")
    wait_until(lambda: a.count("cpu.stat", "nr_throttled") > throttled + 3, "the flood is more than its router may have")
    pings = start("gb", "ping", "-i", "0.05", "-c", 20 * SECONDS, "-W", "2", "203.0.113.1", stdout=subprocess.PIPE, text=True)
    during, _ = b.rate()
    noise.kill()
    lost = re.search(r"([\d.]+)% packet loss", pings.communicate()[0])[1]
    words = f"the other tenant's requests/s {before:.1f} -> {during:.1f}, {lost} % of packets lost"
    assert during > before * 0.95 and lost == "0", words
    return words


def eat(machine, kills=sys.maxsize):
    """A process of the machine's group that the kernel spares fills the machine's memory for files, until so many have been killed for it."""
    target = f"/proc/{machine.pid}/root/run/filler"
    child = os.fork()
    if not child:
        try:
            pathlib.Path("/proc/self/oom_score_adj").write_text("-1000")
            (machine.group / "cgroup.procs").write_text("0")
            with open(target, "wb", buffering=0) as file:
                while machine.count("memory.events", "oom_kill") < kills and file.write(bytes(1 << 20)):
                    pass
        finally:
            os._exit(0)
    return child


def lines_of(path):
    return dict(line.split() for line in pathlib.Path(path).read_text().splitlines())


def daemon_memory(a, b):
    """Only a daemon is killed for want of memory: its machine says so, and it is started again. The kernel counts it in both places where it is looked for."""
    old = a.get("status")["daemons"]["dnsmasq"]
    before, here = a.count("memory.events", "oom_kill"), int(lines_of("/proc/vmstat")["oom_kill"])
    pathlib.Path(f"/proc/{a.outside(old['pid'])}/oom_score_adj").write_text("1000")
    child = eat(a, before + 1)
    os.waitpid(child, 0)
    pathlib.Path(f"/proc/{a.pid}/root/run/filler").unlink()
    now = wait_until(lambda: (said := a.get("status")["daemons"]["dnsmasq"])["running"] and said["pid"] != old["pid"] and said, "it is started again")
    assert "needed more memory than the machine has" in now["last_end"], now
    assert int(lines_of("/proc/vmstat")["oom_kill"]) > here
    return now["last_end"]


def memory(a, b):
    """One that needs more than its limit is killed alone, says why, and is made again."""
    old, other = a.pid, b.pid
    child = eat(a)
    words = wait_until(lambda: a.state()["status"] == "ERROR" and a.state()["status_reason"], "it says that it has ended")
    os.waitpid(child, 0)
    assert "more memory than its limit, 64 MiB (memory_mib)" in words, words
    a.connect()
    assert a.pid not in (None, old) and b.pid == other and b.get("status")["status"] == "ACTIVE"
    assert all(not daemon["restarts"] for daemon in b.get("status")["daemons"].values())
    return words


def tunnels(a, b):
    """The kernel's own WireGuard, ESP and GRE, a network of the guests' by each."""
    keys = {one: run("wg", "genkey").stdout.strip() for one in (a, b)}
    public = {one: run("wg", "pubkey", input=keys[one]).stdout.strip() for one in (a, b)}
    for one, peer in ((b, a), (a, b)):
        between = {"local_address": one.public, "peer_address": peer.public}
        one.tell(ipsec=[{"name": "c", "psk": "a secret", "local_cidrs": [f"{one.net}.0.0/24"], "peer_cidrs": [f"{peer.net}.0.0/24"], **between}],
                 wireguard={"private_key": keys[one], "listen_port": 51820,
                            "peers": [{"public_key": public[peer], "allowed_ips": [f"{peer.net}.1.0/24"], "endpoint_address": peer.public, "endpoint_port": 51820}]},
                 gre=[{"name": "gre1", "key": 7, "destinations": [f"{peer.net}.2.0/24"], **between}])
    for i in range(3):
        wait_until(lambda: ping("ga", f"{b.net}.{i}.10", source=f"{a.net}.{i}.10"), f"tunnel {i}")
    capture = subprocess.Popen(["nsenter", "--net=/run/netns/hv", "tcpdump", "-n", "-i", "b-public", "-U", "--immediate-mode", "-Z", "root", "-w", "/run/pcap"],
                               stderr=subprocess.PIPE, text=True)
    assert "listening" in capture.stderr.readline()
    for i in range(3):
        for source, target in ((a, b), (b, a)):
            assert ping(f"g{source.name}", f"{target.net}.{i}.10", 5, f"{source.net}.{i}.10") == 5, i
    capture.send_signal(signal.SIGINT)
    capture.wait()
    seen = {what: len(run("tcpdump", "-n", "-r", "/run/pcap", *what.split(), check=False).stdout.splitlines())
            for what in ("udp port 4500", "udp port 51820", "ip proto 47", "net 10.0.0.0/8")}
    assert seen["net 10.0.0.0/8"] == 0 and all(count >= 20 for what, count in seen.items() if "net" not in what), seen
    for one in (a, b):
        said = one.get("status")
        paths = {kind: (ends[0]["status"], ends[0]["data_path"]) for kind, ends in said["tunnels"].items()}
        assert paths == {kind: ("ACTIVE", "kernel") for kind in ("ipsec", "wireguard", "gre")}, paths
        running = {name for name, daemon in said["daemons"].items() if daemon["running"]}
        assert "charon" in running and not running & {"charon-libipsec", "wireguard-go", "gre"}, running
    states = run("nsenter", "-t", a.pid, "-n", "ip", "-s", "xfrm", "state").stdout
    assert "proto esp" in states and "cbc(aes)" in states
    return "ESP, WireGuard, GRE: kernel"


def forms(a, b):
    """AH in a tunnel, which hides nothing; and ESP and AH in transport mode, with GRE in them: what two routers say to each other is protected, or it is not said."""
    said = []
    for protocol, mode in (("ah", "tunnel"), ("esp", "transport"), ("ah", "transport")):
        for one, peer in ((b, a), (a, b)):
            between = {"local_address": one.public, "peer_address": peer.public}
            ends = ([one.public + "/32"], [peer.public + "/32"]) if mode == "transport" else ([f"{one.net}.0.0/24"], [f"{peer.net}.0.0/24"])
            one.tell(ipsec=[{"name": "c", "psk": "a secret", "local_cidrs": ends[0], "peer_cidrs": ends[1], "transform_protocol": protocol,
                             "encapsulation_mode": mode, **between}],
                     gre=[] if mode == "tunnel" else [{"name": "gre1", "destinations": [f"{peer.net}.0.0/24"], **between}])
            if one is b and mode == "transport":  # the other end does not know of it yet
                assert not ping("gb", f"{a.net}.0.10", 2) and not ping("gb", a.public, 2, f"{b.net}.1.10")
        wait_until(lambda: ping("ga", f"{b.net}.0.10"), f"{protocol}, {mode}: {a.get('status')['tunnels']}")
        capture = subprocess.Popen(["nsenter", "--net=/run/netns/hv", "tcpdump", "-n", "-i", "b-public", "-U", "--immediate-mode", "-Z", "root", "-w", "/run/pcap"],
                                   stderr=subprocess.PIPE, text=True)
        assert "listening" in capture.stderr.readline()
        for source, target in ((a, b), (b, a)):
            wait_until(lambda: ping(f"g{source.name}", f"{target.net}.0.10", 5) == 5, "all pings are answered")  # both may have begun a tunnel: one of them ends
        if mode == "transport":  # with the router's address, as it leaves: this one has no floating IP
            wait_until(lambda: ping("ga", b.public, 5, f"{a.net}.1.10") == 5, "all pings to the other router are answered")

        def count(what):
            return len(run("tcpdump", "-n", "-r", "/run/pcap", *what.split(), check=False).stdout.splitlines())
        expected = "udp port 4500" if protocol == "esp" else "ip proto 51"
        wait_until(lambda: count(expected) >= 20, f"{expected}: they are in the capture")
        capture.send_signal(signal.SIGINT)
        capture.wait()
        seen = {what: count(what) for what in ("ip proto 51", "udp port 4500", "ip proto 47", "icmp")}
        assert seen.pop(expected) and not any(seen.values()), (protocol, mode, seen)
        states = run("nsenter", "-t", a.pid, "-n", "ip", "xfrm", "state").stdout
        assert f"proto {protocol}" in states and f"mode {mode}" in states and f"mode {'tunnel' if mode == 'transport' else 'transport'}" not in states, states
        tunnel = a.get("status")["tunnels"]["ipsec"][0]
        assert (tunnel["status"], tunnel["data_path"]) == ("ACTIVE", "kernel"), tunnel
        said.append(f"{protocol} {mode}")
    return ", ".join(said)


def pair(a, b):
    """keepalived and conntrackd: one of the two has the addresses; killed, the other has them, and what was connected."""
    for one, peer in ((a, b), (b, a)):
        body = one.document()["interfaces"]
        body[1]["virtual_mac_address"], body[1]["virtual_addresses"] = "00:00:5e:00:01:33", ["203.0.113.30/24"]
        del body[1]["addresses"]
        one.tell(interfaces=body, snat=[], floating_ips=[], port_forwardings=[{**one.document()["port_forwardings"][0], "external_ip_address": "203.0.113.30"}],
                 redundancy={"vrid": 51, "priority": 200 - 50 * one.number, "interface": "mgmt", "peer_address": f"192.0.2.1{peer.number}"})
    def states():
        return [one.get("status").get("redundancy", {}).get("state") for one in (a, b)]
    wait_until(lambda: states() == ["MASTER", "BACKUP"], f"who is master: {states()}")
    assert ping("hv", "203.0.113.30")
    begun = time.monotonic()
    os.kill(a.pid, signal.SIGKILL)
    wait_until(lambda: states()[1] == "MASTER", "the other one is master")
    words = f"after {time.monotonic() - begun:.1f} s"
    wait_until(lambda: ping("hv", "203.0.113.30"), "it has the address")
    said = b.get("status")["daemons"]
    assert all(said[name]["running"] and not said[name]["restarts"] for name in ("keepalived", "conntrackd")), said
    a.connect()
    return words


class Lab:
    """A hypervisor, weftd, and a far end on the underlay."""
    weft = BUILD / "src/cli/weft"

    def __init__(self):
        run(self.weft, "lab", "up", "--lab", "k", "--hosts", "1")
        script = run(self.weft, "lab", "env", "--lab", "k").stdout
        self.env = dict(item.split("=", 1) for item in run("sh", "-c", script + "\nexec env -0").stdout.split("\0") if item)

    def __call__(self, *words):
        done = run(self.weft, *words, env=self.env).stdout
        return json.loads(done) if "json" in words else done

    def guest(self, name, network):
        """Its first address."""
        port = self("lab", "guest", name, "--lab", "k", "--host", "1", "--network", network, "-f", "json")
        return port["fixed_ips"][0]["ip_address"]


def switch(a, b):
    """The edge switch from the API to a guest's packets, with the kernel's geneve as the other end."""
    lab = Lab()
    network = lab("network", "create", "n", "-f", "json")
    lab("subnet", "create", "n", "--network", "n", "--subnet-range", "10.0.0.0/24")
    guest = lab.guest("g", "n")
    detail = lab("network", "show", network["id"], "-f", "json")
    lab("host", "create", "--name", "far", "--tunnel-ip", "192.0.2.200", "--encapsulation", "geneve", "--no-managed")
    lab("port", "create", "far", "--network", "n", "--host", "far", "--mac-address", "02:00:5e:00:00:c8", "--fixed-ip", "ip-address=10.0.0.200")
    batch(None, "netns add far")
    batch("far", "link add u0 type veth peer name far netns weft-k-net", "link set u0 up", "address add 192.0.2.200/24 dev u0",
          f"link add gnv0 address 02:00:5e:00:00:c8 mtu {detail['mtu']} type geneve id {detail['provider:segmentation_id']} remote 192.0.2.1",
          "address add 10.0.0.200/24 dev gnv0", "link set gnv0 up")
    batch("weft-k-net", "link set far master br0 up")
    wait_until(lambda: ping("weft-k-g", "10.0.0.200"), "the far end answers")
    largest = ["-M", "do", "-s", detail["mtu"] - 28]
    assert " 0% packet loss" in inside("weft-k-g", "ping", "-c", "3", "-i", "0.05", *largest, "10.0.0.200").stdout
    assert ping("far", guest, 3) == 3
    return f"a guest and the kernel's geneve, {detail['mtu']} bytes"


CHECKS = (limits, services, capacity, flood, daemon_memory, memory, tunnels, forms, pair, switch)


def main():
    batch(None, "netns add hv", "netns add ga", "netns add gb")
    batch("hv", "link set lo up", *(f"link add {name} type bridge forward_delay 0 mcast_snooping 0" for name in ("br0", "br-m")), "link set br0 up", "link set br-m up",
          "address add 203.0.113.1/24 dev br0")
    machines = [Machine("a", 1), Machine("b", 2)]
    for machine, percent in zip(machines, (100, 25)):
        machine.start(cpu_percent=percent, memory_mib=64)
    for check in CHECKS:
        if len(sys.argv) > 2 and check.__name__ not in sys.argv[2:]:
            continue
        begun = time.monotonic()
        try:
            words = check(*machines)
            print(f"WEFT-CHECK {check.__name__} ok {words} [{time.monotonic() - begun:.1f} s]", flush=True)
        except Exception as error:
            traceback.print_exc(file=sys.stdout)
            print(f"WEFT-CHECK {check.__name__} failed {str(error).splitlines()[0] if str(error) else error!r}", flush=True)
            for machine in machines:
                show(machine.name, machine)
                print(machine.log.read_text()[-3000:])
    for machine in machines:
        if machine.process:
            machine.stop()


if __name__ == "__main__":
    main()
