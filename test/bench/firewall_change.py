"""How long it takes until a changed rule holds at every port of a large group.

    sender ── host ══ 1,000 ports of one group, whose other ends are in one namespace: sink
A process sends to all of them in turn, a pause behind each round so that it leaves the CPUs to others; sink sees when what first comes out of which
device. The time is from before the request to weftd until the last port has let something in, which is an upper bound of what passes on the
host; or until what was the last that one let in, which is less than a round short of it.
"""
import http.client
import json
import multiprocessing
import socket
import statistics
import struct
import sys
import time

from firewall_variants import Weft
from packet import udp_frame
from shell import inside, namespace, remove_all, sh, wait_until
from weft import PORT as CONTROLLER_PORT, TOKEN

TARGET_MS = 50
PAUSE_S = 0.002
SETTLED_S = 0.5  # nothing changes any more
SO_TIMESTAMPNS, SOL_PACKET, PACKET_STATISTICS = 35, 263, 6
ETH_IP = 0x0800
PORT = 9


class Crowd(Weft):
    """weft with the client as the sender, and many ports that share a group."""

    def populate(self, n):
        self.crowd = self.group("crowd")
        ports = [{"network_id": self.cloud.ids["net"], "security_groups": [self.crowd], "binding:host_id": "h0",
                  "fixed_ips": [{"ip_address": f"10.0.{64 + i // 250}.{1 + i % 250}"}]} for i in range(n)]
        made = self.make_all("ports", ports)
        self.sink = namespace(f"{self.name}-sink")
        self.members = [(port["id"], port["mac_address"], port["fixed_ips"][0]["ip_address"]) for port in made]
        links = "".join(f"link add v{i} type veth peer name s{i} netns {self.sink}\nlink set v{i} alias iface-id={port}\nlink set v{i} up\n"
                        for i, (port, _, _) in enumerate(self.members))
        sh("ip -batch -", netns=self.host, stdin=links)
        sh("ip -batch -", netns=self.sink, stdin="".join(f"link set s{i} up\n" for i in range(n)))
        for port, _, _ in self.members:
            self.cloud.api("GET", f"/weft/v1/wait?port={port}&status=ACTIVE&timeout=60")
        self.cloud.api("PUT", f"/v2.0/ports/{self.ports['client']}", {"port": {"port_security_enabled": False, "security_groups": []}})
        self.cloud.api("GET", "/weft/v1/wait?timeout=30")
        self.connection = http.client.HTTPConnection("127.0.0.1", CONTROLLER_PORT)
        with inside(self.cloud.control):
            self.connection.connect()

    def call(self, method, path, body=None):
        """Of a rule, on a connection that stands."""
        self.connection.request(method, f"/v2.0/security-group-rules{path}", json.dumps(body) if body else None, {"X-Auth-Token": TOKEN})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} of a rule: {text}")
        return json.loads(text) if text else None


def open_socket(netns, device=None):
    """A socket for IPv4 frames of all devices of a namespace, or of one."""
    with inside(netns):
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_IP))
        if device:
            made.bind((device, ETH_IP))
    return made


def send_all(sock, frames, over, sweeps):
    while not over.is_set():
        for frame in frames:
            sock.send(frame)
        sweeps.value += 1
        time.sleep(PAUSE_S)


class Watch:
    """When each device of the sink heard something: the first and the last time, by the kernel's clock."""

    def __init__(self, netns):
        self.sock = open_socket(netns)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.setblocking(False)
        self.drain()

    def drain(self):
        """{device: (first, last)} since the last call."""
        times = {}
        while True:
            try:
                _, ancillary, _, address = self.sock.recvmsg(64, 64)
            except BlockingIOError:
                return times
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            when = seconds + nanoseconds / 1e9
            first, _ = times.get(address[0], (when, when))
            times[address[0]] = (first, when)

    def lost(self):
        return struct.unpack("II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]


def change(crowd, watch, n):
    """(ms until a new rule let something in at the last port, ms until its deletion let nothing in at any)"""
    watch.drain()
    begin = time.time()
    rule = crowd.call("POST", "", {"security_group_rule": {
        "security_group_id": crowd.crowd, "direction": "ingress", "protocol": "udp", "port_range_min": PORT,
        "port_range_max": PORT}})["security_group_rule"]["id"]
    firsts = {}

    def all_heard():
        for device, (first, _) in watch.drain().items():
            firsts.setdefault(device, first)
        return len(firsts) >= n
    wait_until(all_heard, f"packet at each of {n} ports", 30)
    on = max(firsts.values()) - begin
    watch.drain()
    begin = time.time()
    crowd.call("DELETE", f"/{rule}")
    time.sleep(SETTLED_S)
    heard = watch.drain()
    off = max((last for _, last in heard.values()), default=begin) - begin
    time.sleep(SETTLED_S)
    if watch.drain():
        raise RuntimeError("a rule that has been deleted still lets something in")
    return on * 1000, off * 1000


def run(options):
    """Returns {"ports", "sweep_ms", "added_ms": [...], "deleted_ms": [...]}."""
    try:
        crowd = Crowd("fwc", options.mtu[0])
        crowd.populate(options.group)
        watch = Watch(crowd.sink)
        mac, address = "02:00:00:00:00:11", "10.0.0.11"
        frames = [udp_frame(mac, to_mac, address, to, 1000, PORT) for _, to_mac, to in crowd.members]
        over, sweeps = multiprocessing.Event(), multiprocessing.Value("Q", 0)
        sender = multiprocessing.Process(target=send_all, args=(open_socket(crowd.guests["client"], "eth0"), frames, over, sweeps))
        sender.start()
        began = time.monotonic()
        try:
            times = [change(crowd, watch, options.group) for _ in range(options.reps)]
        finally:
            over.set()
            sender.join()
        result = {"ports": options.group, "sweep_ms": (time.monotonic() - began) * 1000 / max(1, sweeps.value),
                  "added_ms": [on for on, _ in times], "deleted_ms": [off for _, off in times], "lost": watch.lost()}
    finally:
        remove_all()
    print_result(result)
    return result


def print_result(result):
    print(f"\nA rule of a group of {result['ports']} ports on one host, from the request to weftd until it holds at the last port, median "
          f"(each is asked every {result['sweep_ms']:.0f} ms)")
    for title, key in (("added", "added_ms"), ("deleted", "deleted_ms")):
        value = statistics.median(result[key])
        print(f"  {title:8s}{value:8.1f} ms   {'ok' if value < TARGET_MS else 'misses'} ({TARGET_MS} ms)")
    sys.stdout.flush()
