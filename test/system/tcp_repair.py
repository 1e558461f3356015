"""An established TCP socket that moves from one network namespace to another, as a guest's sockets move with it (TCP_REPAIR)."""
import socket
import struct

from packets import inside

TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_REPAIR_OPTIONS, TCP_REPAIR_WINDOW = 19, 20, 21, 22, 29
RECEIVE_QUEUE, SEND_QUEUE = 1, 2
OPTION_MSS, OPTION_WINDOW_SCALE = 2, 3
WINDOW_BYTES = 20


def option(sock, name):
    return sock.getsockopt(socket.IPPROTO_TCP, name)


class Frozen:
    """What a socket is; the socket itself ends without a segment, and so does the guest on its old host."""

    def __init__(self, sock):
        self.family, self.own, self.peer = sock.family, sock.getsockname(), sock.getpeername()
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.sequence = {}
        for queue in (RECEIVE_QUEUE, SEND_QUEUE):
            sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
            self.sequence[queue] = option(sock, TCP_QUEUE_SEQ) & 0xffffffff
        self.mss = option(sock, socket.TCP_MAXSEG)
        scales = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[6]
        self.scales = (scales & 15) | (scales >> 4) << 16
        self.window = sock.getsockopt(socket.IPPROTO_TCP, TCP_REPAIR_WINDOW, WINDOW_BYTES)
        sock.close()

    def thaw(self, netns):
        """The same socket in another namespace, which has its address."""
        with inside(netns):
            sock = socket.socket(self.family)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(self.own)
        for queue, sequence in self.sequence.items():
            sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
            sock.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack("I", sequence))
        sock.connect(self.peer)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_OPTIONS,
                        struct.pack("4I", OPTION_MSS, self.mss, OPTION_WINDOW_SCALE, self.scales))
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_WINDOW, self.window)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)
        sock.settimeout(5)
        return sock
