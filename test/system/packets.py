"""Frames as bytes, and packet sockets and streams in any namespace.

    frame = ethernet(dst, src, IP4, ip4(src_ip, dst_ip, UDP, udp(1, 2, b"hello")))
    with Wire(namespace, "eth0") as wire:
        wire.send(frame)
        wire.expect(lambda f: f[12:14] == b"\x08\x06")
"""
import contextlib
import ctypes
import hashlib
import ipaddress
import os
import select
import socket
import struct
import threading
import time

IP4, ARP, VLAN, IP6 = 0x0800, 0x0806, 0x8100, 0x86dd
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
VXLAN_PORT, GENEVE_PORT = 4789, 6081
BROADCAST = "ff:ff:ff:ff:ff:ff"
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def address_bytes(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    """The Internet checksum."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(dst, src, ethertype, payload=b""):
    return mac_bytes(dst) + mac_bytes(src) + struct.pack("!H", ethertype) + payload


def ip4(src, dst, protocol, payload, flags=0, ttl=64, ident=1, **fields):
    """Fields given by name (version_ihl, length) replace what is right."""
    header = struct.pack("!BBHHHBBH4s4s", fields.get("version_ihl", 0x45), 0, fields.get("length", 20 + len(payload)),
                         ident, flags, ttl, protocol, 0, address_bytes(src), address_bytes(dst))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ip6(src, dst, protocol, payload, hops=64):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), protocol, hops, address_bytes(src),
                       address_bytes(dst)) + payload


def udp(sport, dport, payload):
    """Without a checksum."""
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def transport6(src, dst, protocol, message, checksum_at, hops):
    pseudo = address_bytes(src) + address_bytes(dst) + struct.pack("!II", len(message), protocol)
    right = struct.pack("!H", checksum(pseudo + message))
    return ip6(src, dst, protocol, message[:checksum_at] + right + message[checksum_at + 2:], hops)


def icmp6(src, dst, kind, body, hops=255):
    """An IPv6 packet with an ICMPv6 message whose checksum is right."""
    return transport6(src, dst, ICMP6, struct.pack("!BBH", kind, 0, 0) + body, 2, hops)


def udp6(src, dst, sport, dport, payload):
    """An IPv6 packet with a datagram whose checksum is right."""
    return transport6(src, dst, UDP, udp(sport, dport, payload), 6, 64)


def arp(operation, sender_mac, sender, target_mac, target):
    return struct.pack("!HHBBH", 1, IP4, 6, 4, operation) + mac_bytes(sender_mac) + address_bytes(sender) + \
        mac_bytes(target_mac) + address_bytes(target)


def vxlan(vni, inner, flags=0x08):
    return struct.pack("!BBHI", flags, 0, 0, vni << 8) + inner


def geneve(vni, inner, options=b"", first=None, flags=0):
    first = len(options) // 4 if first is None else first
    return struct.pack("!BBHI", first, flags, 0x6558, vni << 8) + options + inner


@contextlib.contextmanager
def inside(namespace):
    """This thread is in the namespace meanwhile; sockets stay where they were made."""
    with open("/proc/thread-self/ns/net") as here, open(f"/run/netns/{namespace}") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
        try:
            yield
        finally:
            if libc.setns(here.fileno(), CLONE_NEWNET):
                os.abort()  # no test may go on in a namespace that isn't its own


def tunnelled(frame):
    """(VNI, inner frame) of a tunnel packet over IPv4, or None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != UDP:
        return None
    port, = struct.unpack("!H", frame[36:38])
    if port not in (VXLAN_PORT, GENEVE_PORT):
        return None
    header = 8 + (4 * (frame[42] & 0x3f) if port == GENEVE_PORT else 0)
    return int.from_bytes(frame[46:49], "big"), frame[42 + header:]


class Wire:
    """All that a device of a namespace sends and receives, as complete frames."""

    def __init__(self, namespace, device):
        with inside(namespace):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        with inside(namespace):
            self.socket.bind((device, 0x0003))
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *frames):
        for frame in frames:
            self.socket.send(frame)

    def received(self):
        """What came in (not what went out) since the last call; doesn't wait. Kept in `seen` too."""
        new = []
        while select.select([self.socket], [], [], 0)[0]:
            frame, (_, _, kind, _, _) = self.socket.recvfrom(65536)
            if kind != socket.PACKET_OUTGOING:
                new.append(frame)
        self.seen += new
        return new

    def expect(self, wanted, deadline=30.0):
        """Waits for an incoming frame for which wanted(frame) is true; the frame."""
        end = time.monotonic() + deadline
        while select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
            for frame in self.received():
                if wanted(frame):
                    return frame
        raise AssertionError(f"no such frame within {deadline} s; of {len(self.seen)} the last were "
                             f"{[frame.hex() for frame in self.seen[-3:]]}")


def transfer(source, destination, address, size=4 << 20):
    """Sends random bytes by TCP between two namespaces; fails unless they arrive whole."""
    data, got = os.urandom(size), hashlib.sha256()
    with inside(destination):
        server = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    with inside(source):
        client = socket.socket(server.family)
    with server, client:
        server.settimeout(20)
        client.settimeout(20)

        def send():
            client.connect(server.getsockname()[:2])
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        peer, _ = server.accept()
        peer.settimeout(20)
        with peer:
            while chunk := peer.recv(1 << 16):
                got.update(chunk)
        sender.join()
    assert got.digest() == hashlib.sha256(data).digest(), f"what arrived from {source} is not what was sent"
