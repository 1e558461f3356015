"""A controller that does what a test says: it serves records to agents and notes their reports.

It speaks the stream of ARCHITECTURE.md and nothing else, so that a test of the agent can also be wrong, late, rude or gone.
It listens inside a network namespace, on a socket made there by a thread of its own.
"""
import ctypes
import http.server
import json
import os
import queue
import socket
import threading
import urllib.parse

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def listen_in(namespace, port):
    """A listening socket of the network namespace; a socket stays in the namespace it was made in."""
    made = []

    def make():
        fd = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        assert libc.setns(fd, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        os.close(fd)
        listener = socket.socket(socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", port))
        listener.listen(64)
        made.append(listener)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def refuse(self, status, message):
        body = json.dumps({"NeutronError": {"type": "X", "message": message, "detail": ""}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        controller = self.server.controller
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        host = url.path.split("/")[4]
        refusal = controller.refusals.get(host)
        if refusal:
            self.refuse(*refusal)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        lines = controller.attach(host, query)
        try:
            while (line := lines.get()) is not None:
                data = line.encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        except OSError:
            pass
        controller.detach(host, lines)
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.controller.report(self.path.split("/")[4], body)
        self.send_response(204)
        self.end_headers()


class Controller:
    def __init__(self, namespace, port=9696):
        self.namespace, self.port = namespace, port
        self.revision, self.store = 0, "00000000-0000-4000-8000-00000000aaaa"
        self.scopes = {}     # scope → {(kind, id): data}
        self.hosts = {}      # name → (id, [scope])
        self.refusals = {}   # name → (status, message)
        self.streams = {}    # name → [queue]
        self.queries = []    # (name, query) of every stream
        self.reports = {}    # name → [report]
        self.lock = threading.RLock()
        self.server = None

    def start(self):
        listener = listen_in(self.namespace, self.port)
        self.server = http.server.ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
        self.server.socket.close()
        self.server.socket = listener
        self.server.daemon_threads = True
        self.server.controller = self
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.cut()
        self.server = None

    def cut(self):
        """Ends every stream."""
        with self.lock:
            for lines in [l for streams in self.streams.values() for l in streams]:
                lines.put(None)

    def attach(self, name, query):
        lines = queue.Queue()
        with self.lock:
            host, scopes = self.hosts[name]
            self.queries.append((name, query))
            resume = query["store"] == self.store and int(query["since"]) == self.revision
            lines.put(json.dumps({"op": "hello", "host": host, "name": name, "store": self.store,
                                  "revision": self.revision, "mode": "resume" if resume else "snapshot"}))
            if not resume:
                for scope in scopes:
                    for (kind, id), data in self.scopes.get(scope, {}).items():
                        lines.put(self.put_line(kind, id, scope, data))
            lines.put(json.dumps({"op": "sync", "rev": self.revision}))
            self.streams.setdefault(name, []).append(lines)
        return lines

    def detach(self, name, lines):
        with self.lock:
            self.streams[name].remove(lines)

    def report(self, name, body):
        with self.lock:
            self.reports.setdefault(name, []).append(body)

    def put_line(self, kind, id, scope, data):
        return json.dumps({"op": "put", "kind": kind, "id": id, "scope": scope, "rev": self.revision, "data": data})

    def send(self, scope, *lines):
        with self.lock:
            for name, (_, scopes) in self.hosts.items():
                if scope in scopes:
                    for stream in self.streams.get(name, []):
                        for line in lines:
                            stream.put(line)
                        stream.put(json.dumps({"op": "sync", "rev": self.revision}))

    def put(self, scope, kind, id, **data):
        with self.lock:
            self.revision += 1
            self.scopes.setdefault(scope, {})[kind, id] = data
            self.send(scope, self.put_line(kind, id, scope, data))

    def delete(self, scope, kind, id):
        with self.lock:
            self.revision += 1
            del self.scopes[scope][kind, id]
            self.send(scope, json.dumps({"op": "delete", "kind": kind, "id": id, "scope": scope, "rev": self.revision}))

    def wired(self, name, port):
        """What the host last said of the port: True, False or None."""
        with self.lock:
            said = None
            for report in self.reports.get(name, []):
                if report["full"]:
                    said = None
                if port in report["ports"]:
                    said = report["ports"][port]["wired"]
            return said
