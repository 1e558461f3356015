"""A lab for tests of security groups: guests of a project, their rules, and packets of any kind between them.

What is let through is seen to arrive; what is not is seen in the drop counter of the port that refuses it. So neither waits
for a time to pass.
"""
import errno
import select
import socket
import struct

from conftest import wait_until
from packets import ICMP, ICMP6, checksum, inside

TCP, UDP, GRE, SCTP = 6, 17, 47, 132
PORT = 4000  # what packets are sent from


class Guest:
    def __init__(self, lab, project, name, host, port):
        self.lab, self.name, self.host, self.port = lab, f"{project}-{name}", f"h{host}", port
        self.id, self.netns = port["id"], lab.netns(self.name)
        self.ip = {version: lab.address(port, version) for version in (4, 6)}

    def drops(self):
        reasons = self.lab.agent(self.host, "ports", port=self.id)["ports"][0]["drop_reasons"]
        return {"ingress": reasons.get("denied-ingress", 0), "egress": reasons.get("denied-egress", 0)}


class Firewall:
    """The guests of a project on one network of both IP versions, and what is needed to change their groups."""

    def __init__(self, lab, project, guests, subnet="10.0.0.0/24", subnet6="fd00::/64"):
        self.lab, self.project = lab, project
        self.environment = lab.environment(project)
        self.call("PUT", f"/v2.0/quotas/{project}", {"quota": {"security_group": -1, "security_group_rule": -1}}, admin=True)
        self.network = self.api.make("network", name="net")
        self.api.make("subnet", network_id=self.network["id"], cidr=subnet, ip_version=4)
        self.api.make("subnet", network_id=self.network["id"], cidr=subnet6, ip_version=6,
                      ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
        self.guests = {}
        for name, host in guests.items():
            self.guests[name] = self.guest(name, host)

    def __getitem__(self, name):
        return self.guests[name]

    @property
    def api(self):
        return self.lab.api(self.environment)

    def guest(self, name, host, **attributes):
        port = self.api.make("port", name=name, network_id=self.network["id"], **attributes)
        self.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"binding:host_id": f"h{host}"}}, admin=True)
        self.lab.guest(f"{self.project}-{name}", host, None, port=port["id"])
        return Guest(self.lab, self.project, name, host, port)

    def call(self, method, path, body=None, admin=False):
        answer = (self.lab.api() if admin else self.api).call(method, path, body)
        assert answer.status in (200, 201, 204), answer.text
        if method != "GET":
            self.settle(answer)
        return answer.json if answer.text else None

    def settle(self, answer):
        """Until all hosts have what was written."""
        self.lab.weft("wait", "revision", answer.headers["X-Weft-Revision"])

    def make(self, kind, **attributes):
        answer = self.api.call("POST", f"/v2.0/{kind.replace('_', '-')}s", {kind: attributes})
        assert answer.status == 201, answer.text
        return answer.json[kind]

    def group(self, name, stateful=True, rules=()):
        """A group without the rules that one begins with; its id."""
        group = self.make("security_group", name=name, stateful=stateful)
        for rule in group["security_group_rules"]:
            assert self.api.call("DELETE", f"/v2.0/security-group-rules/{rule['id']}").status == 204
        for rule in rules:
            self.rule(group["id"], wait=False, **rule)
        return group["id"]

    def rule(self, group, direction="ingress", version=4, protocol=None, ports=None, wait=True, **remote):
        """A rule; ports is (first, last), or (type, code). Its id."""
        first, last = ports or (None, None)
        answer = self.api.call("POST", "/v2.0/security-group-rules", {"security_group_rule": {
            "security_group_id": group, "direction": direction, "ethertype": f"IPv{version}", "protocol": protocol,
            "port_range_min": first, "port_range_max": last, **remote}})
        assert answer.status == 201, answer.text
        if wait:
            self.settle(answer)
        return answer.json["security_group_rule"]["id"]

    def drop_rule(self, rule):
        self.call("DELETE", f"/v2.0/security-group-rules/{rule}")

    def set_port(self, guest, **attributes):
        return self.call("PUT", f"/v2.0/ports/{guest.id}", {"port": attributes})["port"]

    def set_groups(self, guest, *groups):
        self.set_port(guest, security_groups=list(groups))


def make_socket(guest, version, kind, protocol=0):
    with inside(guest.netns):
        made = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, kind, protocol)
    made.setblocking(False)
    return made


def tcp(source, to, port, version=4):
    """Begins a connection to a port that nobody listens at: a reset says that it was let through."""
    made = make_socket(source, version, socket.SOCK_STREAM)
    made.connect_ex((to.ip[version], port))

    def answered():
        return select.select([], [made], [], 0)[1] and made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
    return made, answered


def udp(source, to, port, version=4):
    """A datagram to a port that nobody listens at: that ICMP says so shows that it, and the error about it, came through."""
    made = make_socket(source, version, socket.SOCK_DGRAM)
    made.connect((to.ip[version], port))
    made.send(b"hello")

    def answered():
        try:
            made.recv(100)
        except BlockingIOError:
            return False
        except ConnectionRefusedError:
            return True
        return False
    return made, answered


def raw(source, to, protocol, payload, version=4):
    """A packet of any protocol, looked for at the receiver."""
    receiver = make_socket(to, version, socket.SOCK_RAW, protocol)
    sender = make_socket(source, version, socket.SOCK_RAW, protocol)
    sender.sendto(payload, (to.ip[version], 0))

    def arrived():
        while select.select([receiver], [], [], 0)[0]:
            if payload[4:] in receiver.recv(4096):
                return True
        return False
    return (sender, receiver), arrived


def icmp(source, to, kind, code=0, version=4):
    number, text = (ICMP, ICMP6)[version == 6], struct.pack("!HH", 7, 7) + b"of the firewall's test"
    head = struct.pack("!BBH", kind, code, 0)
    if version == 4:
        head = struct.pack("!BBH", kind, code, checksum(head + text))
    return raw(source, to, number, head + text, version)


def passes(sent, what=None):
    _, arrived = sent
    wait_until(arrived, what=f"{what or 'it'} is let through", interval=0.001)


def refused(send, at, direction="ingress"):
    """Calls send(), whose packet the port of @at must count as denied in that direction, and which must not arrive."""
    before = at.drops()[direction]
    kept, arrived = send()
    wait_until(lambda: at.drops()[direction] > before, what=f"{at.name} refuses it ({direction})", interval=0.001)
    assert not arrived()
    del kept


class Connection:
    """Of TCP, established, from one guest to another."""

    def __init__(self, source, to, port, version=4):
        family = socket.AF_INET6 if version == 6 else socket.AF_INET
        with inside(to.netns):
            listener = socket.create_server((to.ip[version], port), family=family)
        with inside(source.netns):
            self.client = socket.socket(family)
        with listener:
            listener.settimeout(30)
            self.client.settimeout(30)
            self.client.connect((to.ip[version], port))
            self.server, _ = listener.accept()
        self.server.settimeout(30)

    def works(self):
        """One message each way."""
        for sender, receiver in ((self.client, self.server), (self.server, self.client)):
            sender.send(b"hello")
            assert receiver.recv(100) == b"hello"
        return True

    def send(self):
        """Something that should not arrive: for refused()."""
        self.client.send(b"more")
        self.server.setblocking(False)

        def arrived():
            try:
                return bool(self.server.recv(100))
            except BlockingIOError:
                return False
        return self, arrived
