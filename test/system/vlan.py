"""VLAN sub-interfaces in guests, made of a tap and a thread that tags and untags: this needs no 8021q in the kernel."""
import fcntl
import os
import select
import socket
import struct
import threading

from conftest import run
from packets import inside

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 1 << 4


def open_tap(namespace, name):
    """Makes a tap in the namespace, which is there until the file that is returned is closed."""
    with inside(namespace):
        tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


class Vlan:
    """The device `name` in the namespace, whose frames are on `parent` with the tag. Use it with `with`."""

    def __init__(self, namespace, parent, tag, name, mac, mtu=1400):
        self.tag, self.namespace, self.name = tag, namespace, name
        self.tap = open_tap(namespace, name)
        with inside(namespace):
            self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        with inside(namespace):
            self.wire.bind((parent, 0x0003))
        self.ip("link", "set", name, "address", mac, "mtu", str(mtu), "up")
        self.end = os.pipe()
        self.thread = threading.Thread(target=self.pump, daemon=True)
        self.thread.start()

    def ip(self, *words):
        run("nsenter", f"--net=/run/netns/{self.namespace}", "ip", *words)

    def pump(self):
        while True:
            ready = select.select([self.tap, self.wire, self.end[0]], [], [])[0]
            if self.end[0] in ready:
                return
            if self.tap in ready:
                frame = os.read(self.tap, 65536)
                self.wire.send(frame[:12] + struct.pack("!HH", 0x8100, self.tag) + frame[12:])
            if self.wire in ready:
                frame, control, _, address = self.wire.recvmsg(65536, 256)
                if address[2] != socket.PACKET_OUTGOING and self.tag_of(control) == self.tag:
                    os.write(self.tap, frame)

    @staticmethod
    def tag_of(control):
        """The tag that the kernel has taken out of the frame; None: it had none."""
        for level, kind, data in control:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, *_, tci, _ = struct.unpack("IIIHHHH", data)
                return tci & 0xFFF if status & VLAN_VALID else None
        return None

    def close(self):
        os.write(self.end[1], b"x")
        self.thread.join()
        self.wire.close()
        for fd in (self.tap, *self.end):
            os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
