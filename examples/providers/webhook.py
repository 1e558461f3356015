#!/usr/bin/env python3
"""A vendor's side of a webhook provider: verifies weftd's signatures and keeps what it is told, in memory.

    ./webhook.py PORT SECRET-FILE

and in weftd.conf

    [provider acme]
    type = webhook
    url = http://127.0.0.1:PORT/weft
    secret-file = SECRET-FILE
    services = vpn, load-balancer

What it has is shown at GET /: {"attachments": [{"attachment", "digest", "services", "object_type", "object_id"}]}.
"""
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import time

TOLERANCE_S = 300  # a signature that is older, or from the future, is somebody's who has recorded it


class Vendor(http.server.BaseHTTPRequestHandler):
    secret = b""
    attachments = {}  # by id: what a real vendor would have configured in its box
    heard = {}  # by id: when the last request about it was signed

    def do_GET(self):
        self.answer(200, {"attachments": list(self.attachments.values())})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reason = self.what_is_wrong_with(body)
        if reason:
            return self.answer(401, {"reason": reason})
        handler = {"apply": self.apply, "remove": self.remove, "reconcile": self.reconcile, "status": self.status}.get(self.headers["X-Weft-Event"])
        if not handler:
            return self.answer(400, {"reason": f"there is no event {self.headers['X-Weft-Event']}"})
        return handler(json.loads(body))

    def what_is_wrong_with(self, body):
        """None when the request is weftd's and fresh."""
        stamp, event, digest = (self.headers.get(f"X-Weft-{name}", "") for name in ("Timestamp", "Event", "Digest"))
        wanted = "sha256=" + hmac.new(self.secret, f"{stamp}.{event}.{digest}.".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, self.headers.get("X-Weft-Signature", "")):
            return "the signature is wrong: do both sides have the same secret?"
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_S:
            return "the request is too old, or the clocks differ"
        name = json.loads(body).get("attachment")
        if int(stamp) < self.heard.get(name, 0):
            return "the request is older than one that came before it"
        self.heard[name] = int(stamp)
        return None

    def apply(self, document):
        """The whole of what is wanted: done once or ten times, it is the same. 4xx refuses it for good, 5xx for now."""
        if len(document.get("ports", [])) > 1000:
            return self.answer(422, {"reason": "this box has room for 1000 ports"})
        self.attachments[document["attachment"]] = {
            "attachment": document["attachment"], "digest": self.headers["X-Weft-Digest"], "services": document["services"],
            "object_type": document["object_type"], "object_id": document["object_id"]}
        return self.answer(200, {})

    def remove(self, document):
        self.attachments.pop(document["attachment"], None)  # what is not there is removed already
        self.answer(200, {})

    def status(self, document):
        """How the tunnels are: asked every three seconds while there are any. What is not in the list is DOWN."""
        connections = [one["ipsec_site_connection"] for service in document.get("vpnservices", []) for one in service["connections"]]
        self.answer(200, {"tunnels": [{"id": one["id"], "status": "DOWN", "status_reason": f"the box has not reached {one['peer_address']}"}
                                      for one in connections]})

    def reconcile(self, _):
        """What this side has; weftd repairs what differs."""
        self.answer(200, {"attachments": [{"attachment": one["attachment"], "digest": one["digest"]}
                                          for one in self.attachments.values()]})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    Vendor.secret = pathlib.Path(sys.argv[2]).read_bytes().strip()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Vendor)
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()
