"""A world outside of a lab: an external switch that some hosts are connected to, and what is behind it.

    h1:ext0 ─┐ 203.0.113.1, 2001:db8:1::1            ┌─ small: 198.51.100.130, MTU 1300
    h2:ext0 ─┴─ br0 (router "out") ─ 198.51.100.7, 2001:db8:9::7 (on lo)
                 └─ VLAN 100 ─ relay ─ vlan: 192.0.3.1/24   (no 8021q here: frames are tagged by a program)
"""
import socket
import subprocess
import sys
import textwrap

from conftest import run, wait_until
from packets import inside

FAR, FAR6, SMALL = "198.51.100.7", "2001:db8:9::7", "198.51.100.130"
ROUTER, ROUTER6, VLAN_HOST = "203.0.113.1", "2001:db8:1::1", "192.0.3.1"
VLAN = 100

# Between a trunk and an access port of one VLAN: the kernel gives the tag beside the frame.
RELAY = textwrap.dedent("""
    import contextlib, select, socket, struct, sys
    trunk_name, access_name, vlan = sys.argv[1], sys.argv[2], int(sys.argv[3])
    def port(name):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.bind((name, 0))
        s.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA
        return s
    trunk, access = port(trunk_name), port(access_name)
    print("relaying", flush=True)
    while True:
        for s in select.select([trunk, access], [], [])[0]:
            frame, ancillary, _, address = s.recvmsg(65536, 256)
            if address[2] == 4:  # our own
                continue
            status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", ancillary[0][2])
            with contextlib.suppress(OSError):  # what is too long after segmentation offload
                if s is access:
                    trunk.send(frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:])
                elif status & 16 and tci & 0xfff == vlan:  # TP_STATUS_VLAN_VALID
                    access.send(frame)
    """)


class World:
    def __init__(self, lab, hosts):
        self.lab, self.hosts = lab, hosts
        self.out, self.small, self.vlan = (f"{name}-{lab.name}" for name in ("out", "small", "vlan"))
        self.processes = []

    def up(self):
        for namespace in (self.out, self.small, self.vlan):
            run("ip", "netns", "add", namespace)
            self.ip("link", "set", "lo", "up", namespace=namespace)
        self.ip("link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.address("br0", f"{ROUTER}/24", f"{ROUTER6}/64")
        self.address("lo", f"{FAR}/32", f"{FAR6}/128")
        run("ip", "netns", "exec", self.out, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
            "net.ipv4.icmp_ratelimit=0")
        for host in self.hosts:
            self.connect(host)
        self.add_small()
        self.add_vlan()
        for host in self.hosts:
            self.map(host)
        return self

    def ip(self, *words, namespace=None, **options):
        return run("ip", "-n", namespace or self.out, *words, **options)

    def behind(self, mac):
        """The device of the external switch that frames to a MAC leave by: a host's, which has the host's name."""
        table = run("bridge", "-n", self.out, "fdb", "get", mac, "br", "br0", check=False).stdout
        return table.split()[2] if table else None

    def address(self, device, *addresses, namespace=None):
        for address in addresses:
            self.ip("address", "add", address, "dev", device, *(["nodad"] if ":" in address else []), namespace=namespace)
        self.ip("link", "set", device, "up", namespace=namespace)

    def veth(self, name, peer, namespace):
        self.ip("link", "add", name, "type", "veth", "peer", "name", peer, "netns", namespace)
        self.ip("link", "set", name, "up")
        self.ip("link", "set", peer, "up", namespace=namespace)

    def connect(self, host):
        self.veth(host, "ext0", self.lab.netns(host))
        self.ip("link", "set", host, "master", "br0")

    def add_small(self):
        self.veth("small0", "eth0", self.small)
        for device, namespace in (("small0", self.out), ("eth0", self.small)):
            self.ip("link", "set", device, "mtu", "1300", namespace=namespace)
        self.address("small0", "198.51.100.129/25")
        self.address("eth0", f"{SMALL}/25", namespace=self.small)
        self.ip("route", "add", "default", "via", "198.51.100.129", namespace=self.small)

    def add_vlan(self):
        self.veth("access", "eth0", self.vlan)
        self.address("eth0", f"{VLAN_HOST}/24", namespace=self.vlan)
        for device in ("br0", "access"):  # the relay is for other MACs
            self.ip("link", "set", device, "promisc", "on")
        self.start(self.out, sys.executable, "-c", RELAY, "br0", "access", str(VLAN), ready="relaying")

    def map(self, host, mappings="public:ext0"):
        """Gives the host's agent its bridge mappings, and starts it again."""
        conf = self.lab.folder / host / "agent.conf"
        lines = [line for line in conf.read_text().splitlines() if not line.startswith("bridge-mappings")]
        conf.write_text("\n".join([*lines, f"bridge-mappings = {mappings}", ""]))
        self.lab.stop(host)
        self.lab.start(host)

    def start(self, namespace, *words, ready=None):
        """A program in a namespace, which ends with the world; @ready: what it says when it is."""
        process = subprocess.Popen(["ip", "netns", "exec", namespace, *words], stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        if ready:
            assert ready in process.stdout.readline()
        return process

    def exec(self, *words, namespace=None, **options):
        return run("ip", "netns", "exec", namespace or self.out, *words, **options)

    def pings(self, address, namespace=None, source=None):
        options = ["-I", source] if source else []
        return self.exec("ping", "-c", "1", "-W", "1", *options, address, namespace=namespace, check=False).returncode == 0

    def connect_to(self, address, port):
        """A TCP connection from outside, once there is a way in."""
        def attempt():
            with inside(self.out):
                made = socket.socket()
            made.settimeout(1)
            return made if not made.connect_ex((address, port)) else made.close()
        made = wait_until(attempt, what=f"{address} port {port} is reached")
        made.settimeout(20)
        return made

    def who(self, port=7000, answer="SYSTEM:echo $SOCAT_PEERADDR"):
        """A server at FAR that tells its clients their address, or what else they are to be told."""
        for family in "46":
            self.start(self.out, "socat", f"TCP{family}-LISTEN:{port},fork,reuseaddr" + (",ipv6only" if family == "6" else ""), answer)
            wait_until(lambda: self.exec("sh", "-c", f"ss -ltnH{family} | grep -q :{port}", check=False).returncode == 0,
                       what="the server listens")

    def down(self):
        for process in self.processes:
            process.terminate()
            process.wait(10)
        for namespace in (self.out, self.small, self.vlan):
            for pid in run("ip", "netns", "pids", namespace, check=False).stdout.split():  # children of servers
                run("kill", pid, check=False)
            run("ip", "netns", "del", namespace, check=False)
