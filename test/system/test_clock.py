"""The clock of weftd's machine jumps, back and forth, while it works: nothing refuses, hangs or is lost. A library that is loaded before
the others answers for the clock; it adds what a file says."""
import struct
import subprocess

import pytest

from conftest import wait_until
from identity_server import PASSWORD, client_of, log_in, start
from weftd import Client

SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long *offset;

__attribute__((constructor)) static void map(void)
{
	int fd = open(getenv("CLOCK_OFFSET"), O_RDONLY);

	offset = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
	if (offset == MAP_FAILED)
		abort();
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int result = (int)syscall(SYS_clock_gettime, clock, ts);

	if (!result && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ts->tv_sec += *offset;
	return result;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}
"""
HOUR = 3600


class Clock:
    def __init__(self, folder):
        self.file, self.library = folder / "offset", folder / "clock.so"
        self.jump(0)
        (folder / "clock.c").write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", self.library, folder / "clock.c"], check=True)

    def jump(self, seconds):
        """From now on the clock is so far from the right time."""
        if self.file.exists():
            with open(self.file, "r+b") as file:
                file.write(struct.pack("l", seconds))
        else:
            self.file.write_bytes(struct.pack("l", seconds))


@pytest.fixture
def clock(tmp_path, monkeypatch):
    one = Clock(tmp_path)
    monkeypatch.setenv("CLOCK_OFFSET", str(one.file))
    monkeypatch.setenv("LD_PRELOAD", str(one.library))
    return one


@pytest.fixture
def weftd(clock, tmp_path, monkeypatch):
    server = start(tmp_path)
    monkeypatch.delenv("LD_PRELOAD")
    yield server
    server.stop()


@pytest.mark.parametrize("jump", [-HOUR, -100 * 24 * HOUR, HOUR // 2], ids=["an hour back", "months back", "half an hour on"])
def test_the_clock_jumps(weftd, clock, jump):
    """B5: objects, log-ins, a changed password, a host's liveness and waiting requests go on."""
    api = weftd.client()
    before = client_of(weftd, project="admin")
    network = api.make("network", name="n")
    host = api.make("host", name="h1", tunnel_ips=["192.0.2.1"])
    clock.jump(jump)
    later = api.call("PUT", f"/v2.0/networks/{network['id']}", {"network": {"name": "m"}})
    assert later.status == 200 and later.json["network"]["revision_number"] == network["revision_number"] + 1
    assert (later.json["network"]["updated_at"] < network["updated_at"]) == (jump < 0), "the clock of the test has no effect"
    assert before.get("/v2.0/networks").status == 200, "a token of before"
    answer = log_in(weftd, project="admin")
    assert answer.status == 201, answer.text
    token = weftd.client(answer.headers["X-Subject-Token"])
    changed = token.call("POST", f"/v3/users/{answer.json['token']['user']['id']}/password",
                         {"user": {"password": "the second", "original_password": PASSWORD}})
    assert changed.status == 204, changed.text
    assert token.get("/v2.0/networks").status == 401, "tokens of before the change"
    for offset in (0, jump):
        clock.jump(offset)
        assert client_of(weftd, "admin", "the second", project="admin").get("/v2.0/networks").status == 200
    body = {"instance": "0b0e4cb2-7c0f-4b4e-8b67-1f0d9f3c9a10", "revision": 1, "full": False, "ports": {}, "agent": {}}
    assert Client(weftd.port, host["credential"]).call("POST", "/weft/v1/hosts/h1/report", body).status == 200
    clock.jump(0)
    wait_until(lambda: api.get(f"/v2.0/hosts/{host['id']}").json["host"]["alive"] is True, what="alive")
    waited = api.get("/weft/v1/wait", port=host["id"], status="ACTIVE", timeout=0)
    assert waited.status in (404, 504), waited.text
    weftd.stop()
    weftd.start()
    assert weftd.client().get(f"/v2.0/networks/{network['id']}").json["network"]["name"] == "m"
