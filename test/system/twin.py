"""A guest that moves to another host, as a hypervisor moves it: its device there, and its sockets."""
import socket
import subprocess

from conftest import run, wait_until
from packets import inside
from tcp_repair import Frozen


class Twin:
    """The guest's device on the host that it moves to, as the hypervisor makes it: the same MAC and addresses."""

    def __init__(self, lab, host, port):
        self.lab, self.host, self.port = lab, host, port
        self.netns, self.device = f"{lab.netns('twin')}", "twin0"
        run("ip", "netns", "add", self.netns)
        run("ip", "-n", lab.netns(host), "link", "add", self.device, "type", "veth", "peer", "name", "eth0", "netns", self.netns)
        run("ip", "-n", self.netns, "link", "set", "eth0", "address", port["mac_address"], "up")
        run("ip", "-n", self.netns, "address", "add", lab.address(port) + "/24", "dev", "eth0")

    def plug(self):
        return self.lab.agent(self.host, "plug", port=self.port["id"], device=self.device)

    def pings(self, address):
        return subprocess.run(["ip", "netns", "exec", self.netns, "ping", "-c", "1", "-W", "1", address],
                              capture_output=True, check=False).returncode == 0

    def remove(self):
        run("ip", "netns", "del", self.netns, check=False)


class Mover:
    """A guest of the lab's, at home on one host, and its twin on another; one TCP connection of its moves with it."""

    def __init__(self, lab, name, port, home, away, gateway):
        self.lab, self.port, self.home, self.path = lab, port, home, f"/v2.0/ports/{port['id']}"
        self.twin = Twin(lab, away, port)
        self.netns = {home: lab.netns(name), away: self.twin.netns}
        run("ip", "-n", self.twin.netns, "route", "add", "default", "via", gateway)
        for netns in self.netns.values():  # a moved socket has no clock to go on with
            run("ip", "netns", "exec", netns, "sysctl", "-qw", "net.ipv4.tcp_timestamps=0")
        self.here, self.socket = home, None
        self.call("PUT", "", {"port": {"device_owner": "compute:nova"}})  # whose bindings may move
        self.call("POST", "/bindings", {"binding": {"host": away}})
        lab.weft("wait", "revision")
        self.twin.plug()

    def call(self, method, path, body=None):
        answer = self.lab.api().call(method, self.path + path, body)
        assert answer.status in (200, 201, 204), answer.text
        return answer.json if answer.text else None

    def connect(self, address, port):
        with inside(self.netns[self.here]):
            self.socket = socket.socket()
        self.socket.settimeout(20)
        self.socket.connect((address, port))

    def accept(self, port, connect):
        """The guest's end of a connection that connect() makes, to that port of its address; what connect() returned."""
        with inside(self.netns[self.here]):
            listener = socket.create_server((self.lab.address(self.port), port))
        with listener:
            listener.settimeout(20)
            client = connect()
            self.socket, _ = listener.accept()
        self.socket.settimeout(20)
        return client

    def move_to(self, host):
        frozen = Frozen(self.socket)
        self.call("PUT", f"/bindings/{host}/activate")
        self.here = host
        wait_until(lambda: self.call("GET", "")["port"]["status"] == "ACTIVE", what=f"it is on {host}")
        self.socket = frozen.thaw(self.netns[host])

    def asks(self, text):
        """What comes back for it."""
        self.socket.send(text)
        return self.socket.recv(100)

    def remove(self):
        """At home again, with no other binding."""
        if self.here != self.home:
            self.call("PUT", f"/bindings/{self.home}/activate")
        for binding in self.call("GET", "/bindings")["bindings"]:
            if binding["status"] == "INACTIVE":
                self.call("DELETE", f"/bindings/{binding['host']}")
        self.twin.remove()
