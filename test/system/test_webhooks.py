"""Webhooks whose vendor is away for long, slow, endless, or of another opinion (docs/providers.md). Proves what issue 6 asks for in point 9.

    client ──► weftd ──► examples/providers/webhook.py, or a vendor that does what is wrong
"""
import contextlib
import http.server
import json
import pathlib
import re
import threading
import time

import pytest

import stalls
from conftest import run, wait_until
from test_providers import Vendor, has_status, state_of
from weftd import Weftd

SPEED = 240  # an hour of weftd's clock in 15 s
FAST = f"""
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#define SPEED {SPEED}
int clock_gettime(clockid_t id, struct timespec *t)
{{
	static long long base;
	int failed = (int)syscall(SYS_clock_gettime, id, t);
	long long now = t->tv_sec * 1000000000LL + t->tv_nsec;
	if (failed || id != CLOCK_MONOTONIC)
		return failed;
	if (!base)
		base = now;
	now = base + (now - base) * SPEED;
	t->tv_sec = now / 1000000000;
	t->tv_nsec = now % 1000000000;
	return 0;
}}
int poll(struct pollfd *fds, nfds_t n, int ms)
{{
	struct timespec t = {{ 0, 0 }};
	t.tv_sec = ms / 1000 / SPEED;
	t.tv_nsec = (ms * 1000000LL / SPEED) % 1000000000;
	return (int)syscall(SYS_ppoll, fds, n, ms < 0 ? 0 : &t, 0, 0);
}}
"""


@contextlib.contextmanager
def server(answer):
    """A vendor; answer(handler, event, document) says what it does."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with contextlib.suppress(OSError):
                answer(self, self.headers["X-Weft-Event"], document)

        def log_message(self, *_):
            pass

        def give(self, status, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.daemon_threads = True
    threading.Thread(target=one.serve_forever, daemon=True).start()
    try:
        yield one.server_port
    finally:
        one.shutdown()


@pytest.fixture
def cloud(tmp_path):
    """Makes a weftd with a webhook at a port."""
    made = []

    def make(port, timeout=2, reconcile=3600, name="acme"):
        secret = tmp_path / "secret"
        secret.write_text("a-secret-of-more-than-16-bytes\n")
        webhook = {"type": "webhook", "url": f"http://127.0.0.1:{port}/weft", "secret-file": secret, "services": "vpn", "timeout": timeout}
        weftd = Weftd(tmp_path, providers={"reconcile-interval": reconcile}, webhooks={name: webhook}).start()
        weftd.api = weftd.client()
        made.append(weftd)
        return weftd

    yield make
    for weftd in made:
        print("".join(weftd.lines[-40:]))
        weftd.stop()


def test_down_for_an_hour(tmp_path, cloud, monkeypatch):
    """An hour without the vendor, on a clock that is 240 times as fast: what it should know says so all the time, it is asked about once a minute, nothing else waits for it, and when it is back it is told everything, what was deleted meanwhile too."""
    source, fast = tmp_path / "fast.c", tmp_path / "fast.so"
    source.write_text(FAST)
    run("cc", "-shared", "-fPIC", "-O2", source, "-o", fast)
    vendor = Vendor(tmp_path)
    monkeypatch.setenv("LD_PRELOAD", str(fast))
    weftd = cloud(vendor.port, timeout=600, reconcile=86400)
    monkeypatch.delenv("LD_PRELOAD")
    try:
        vendor.start()
        old = weftd.api.make("router", service_providers={"vpn": "acme"})
        has_status(weftd, old, "acme", "ACTIVE")
        vendor.stop()
        begin = time.monotonic()
        router = weftd.api.make("router", service_providers={"vpn": "acme"})
        has_status(weftd, router, "acme", "ERROR", "tried again until it works")
        before = state_of(weftd, "acme")["calls"]
        assert weftd.api.call("DELETE", f"/v2.0/routers/{old['id']}").status == 204
        while time.monotonic() < begin + 3600 / SPEED:
            has_status(weftd, router, "acme", "ERROR", "tried again until it works")
            has_status(weftd, old, "acme", "PENDING_DELETE", "tried again until it works")
            asked = stalls.now()
            other = weftd.api.make("router")
            assert weftd.api.call("DELETE", f"/v2.0/routers/{other['id']}").status == 204
            assert stalls.worked(asked) < 5
            time.sleep(0.2)
        calls = state_of(weftd, "acme")["calls"] - before
        assert 60 <= calls <= 150, f"{calls} calls about two attachments in an hour: once a minute each, and more often at first"
        vendor.start()
        has_status(weftd, router, "acme", "ACTIVE")
        wait_until(lambda: [one["object_id"] for one in vendor.has] == [router["id"]], what="told of one, and of the other one's end")
        wait_until(lambda: [one["object_id"] for one in weftd.api.get("/v2.0/service_attachments").json["service_attachments"]] == [router["id"]],
                   what="the vendor's answer about the other one is known")
    finally:
        vendor.stop()


def resident_kib(weftd):
    return int(re.search(r"VmRSS:\s*(\d+)", pathlib.Path(f"/proc/{weftd.process.pid}/status").read_text())[1])


def test_answers_without_end(cloud):
    """A vendor that sends a byte now and then, or more than anybody can hold, has not answered; what weftd holds of it is bounded, and the next one is asked."""
    def answer(handler, event, document):
        name = document.get("router", {}).get("name")
        handler.send_response(200)
        handler.end_headers()
        while name == "slow":
            handler.wfile.write(b" ")
            time.sleep(0.2)
        while name == "endless":
            handler.wfile.write(b" " * 65536)
        handler.wfile.write(b"{}")

    with server(answer) as port:
        weftd = cloud(port, timeout=1)
        before = resident_kib(weftd)
        routers = {name: weftd.api.make("router", name=name, service_providers={"vpn": "acme"}) for name in ("slow", "endless", "good")}
        has_status(weftd, routers["slow"], "acme", "ERROR", "it did not answer within 1 s")
        has_status(weftd, routers["endless"], "acme", "ERROR", "its answer has more than 1114112 bytes")
        has_status(weftd, routers["good"], "acme", "ACTIVE")
        assert resident_kib(weftd) < before + 65536
        for router in routers.values():
            assert weftd.api.call("DELETE", f"/v2.0/routers/{router['id']}").status == 204


def test_refused_until_the_next_reconciliation(cloud):
    """What was refused for good is asked for again when the vendor is asked what it has; what is being told meanwhile is no drift."""
    room, has = [], {}

    def answer(handler, event, document):
        if event == "reconcile":
            time.sleep(0.3)  # while somebody else is told
            return handler.give(200, {"attachments": list(has.values())})
        if event == "apply" and not room:
            return handler.give(422, {"reason": "no room"})
        if event == "apply":
            has[document["attachment"]] = {"attachment": document["attachment"], "digest": handler.headers["X-Weft-Digest"]}
        return handler.give(200, {})

    with server(answer) as port:
        weftd = cloud(port, reconcile=1)
        router = weftd.api.make("router", service_providers={"vpn": "acme"})
        has_status(weftd, router, "acme", "ERROR", "no room")
        room.append(True)
        assert not has_status(weftd, router, "acme", "ACTIVE")["drift"]
        for number in range(12):
            assert weftd.api.call("PUT", f"/v2.0/routers/{router['id']}", {"router": {"name": f"r{number}"}}).status == 200
            time.sleep(0.2)
        assert not has_status(weftd, router, "acme", "ACTIVE")["drift"]
        assert not any("drift" in line for line in weftd.lines)
