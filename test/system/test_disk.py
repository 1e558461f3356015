"""The disk under weftd's store is full, or read-only. Proves B46's part for the controller: nothing half-made, and it says what is wrong."""
import os
import shutil

import pytest

from conftest import run, wait_until
from weftd import Weftd


@pytest.fixture
def disk(tmp_path):
    """A file system of 1 MiB, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=1m", "weft-test", folder)
    yield folder
    run("umount", "--lazy", folder)


@pytest.fixture
def weftd(tmp_path, disk):
    server = Weftd(tmp_path, store=f"sqlite:{disk}/weft.db").start()
    yield server
    if server.process.poll() is None:
        server.kill()


def names(api):
    return sorted(network["name"] for network in api.get("/v2.0/networks", fields="name").json["networks"])


def test_a_full_disk(weftd, disk):
    """Writes are answered 503 and have not happened, reads go on; with room again weftd is well by itself, and nothing is lost."""
    api, made, health = weftd.client(), [], weftd.client(None)
    (disk / "filler").write_bytes(os.urandom(max(0, shutil.disk_usage(disk).free - 100_000)))
    for number in range(100):
        answer = api.call("POST", "/v2.0/networks", {"networks": [{"name": f"n{number}-{i}", "description": "x" * 200} for i in range(10)]})
        if answer.status == 503:
            break
        assert answer.status == 201
        made += [network["name"] for network in answer.json["networks"]]
    assert (answer.status, answer.error) == (503, "ServiceUnavailable") and "weft.db" in answer.message and "full" in answer.message, answer.text
    assert made and names(api) == sorted(made)
    assert health.get("/healthz").status == 503
    (disk / "filler").unlink()
    wait_until(lambda: health.get("/healthz").status == 200, what="well again")
    made.append(api.make("network", name="after")["name"])
    weftd.kill()
    weftd.start()
    assert names(weftd.client()) == sorted(made)


def test_a_read_only_disk(weftd, disk):
    """It is refused at the start, with the reason, and left as it is."""
    weftd.client().make("network", name="kept")
    weftd.stop()
    run("mount", "-o", "remount,ro", disk)
    complaint = weftd.refused()
    assert str(disk / "weft.db") in complaint and ("read-only" in complaint or "readonly" in complaint), complaint
    run("mount", "-o", "remount,rw", disk)
    weftd.start()
    assert names(weftd.client()) == ["kept"]
