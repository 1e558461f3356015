"""weftd as a process: starting, stopping, being killed, and stores that it must not touch. Proves L8 and B46's part for the
controller: nothing acknowledged is lost, nothing half-made remains."""
import collections
import concurrent.futures
import http.client
import json
import random
import sqlite3
import subprocess
import threading

import pytest

from conftest import wait_until
from weftd import ADMIN, ASAN_BUILD, BUILD, Client, Weftd

BUILDS = {"release": BUILD, "asan": ASAN_BUILD}


@pytest.fixture(params=list(BUILDS))
def weftd(request, tmp_path):
    if not (BUILDS[request.param] / "src/controller/weftd").exists():
        pytest.skip(f"there is no {request.param} build")
    server = Weftd(tmp_path, BUILDS[request.param]).start()
    yield server
    if server.process.poll() is None:
        server.kill()


def network_with_subnet(client, cidr="10.0.0.0/8"):
    network = client.make("network", name="n")
    client.make("subnet", network_id=network["id"], ip_version=4, cidr=cidr)
    return network


class Writer(threading.Thread):
    """Creates bulks of two ports, renames and deletes, until the server is gone; keeps what was acknowledged."""

    def __init__(self, weftd, network, number, acknowledged):
        super().__init__()
        self.client, self.network, self.number = weftd.client(), network, number
        self.acknowledged = acknowledged
        self.made, self.renamed, self.deleted, self.unsure = {}, {}, set(), set()

    def write(self):
        n = len(self.made)
        pair = [{"network_id": self.network, "name": f"pair-{self.number}-{n}"}] * 2
        answer = self.client.call("POST", "/v2.0/ports", {"ports": pair})
        if answer.status == 503:
            raise ConnectionError("it is stopping")
        ports = answer.json["ports"]
        self.made.update({p["id"]: p for p in ports})
        first, second = (p["id"] for p in ports)
        self.unsure = {first, second}
        if self.client.call("PUT", f"/v2.0/ports/{first}", {"port": {"description": "renamed"}}).status == 200:
            self.renamed[first] = "renamed"
        if n % 8 == 0 and self.client.call("DELETE", f"/v2.0/ports/{second}").status == 204:
            self.deleted.add(second)
        self.unsure = set()

    def run(self):
        try:
            while True:
                self.write()
                self.acknowledged.release()
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass


def test_killed_amid_a_thousand_writes(weftd):
    """L8: SIGKILL while 32 clients write; everything acknowledged is there, and bulks are there wholly or not at all."""
    network = network_with_subnet(weftd.client())
    acknowledged = threading.Semaphore(0)
    writers = [Writer(weftd, network["id"], i, acknowledged) for i in range(32)]
    for writer in writers:
        writer.start()
    for _ in range(350):  # of three writes each
        assert acknowledged.acquire(timeout=60)
    weftd.kill()
    for writer in writers:
        writer.join()
    weftd.start()
    stored = {p["id"]: p for p in weftd.client().get("/v2.0/ports").json["ports"]}
    for writer in writers:
        for port_id, port in writer.made.items():
            if port_id in writer.unsure:
                continue  # its last change was under way
            assert (port_id in stored) == (port_id not in writer.deleted)
            if port_id in writer.renamed:
                assert stored[port_id]["description"] == "renamed"
            if port_id in stored:
                assert stored[port_id]["fixed_ips"] == port["fixed_ips"]
    deleted = set().union(*(w.deleted | w.unsure for w in writers))
    names = collections.Counter(p["name"] for p in stored.values())
    for port in stored.values():
        assert names[port["name"]] == 2 or any(
            names[port["name"]] == 1 and other["name"] == port["name"]
            for w in writers for i, other in w.made.items() if i in deleted), "half of a bulk"
    addresses = [p["fixed_ips"][0]["ip_address"] for p in stored.values()]
    assert len(set(addresses)) == len(addresses)
    # What was free is free: the pool knows of every address.
    more = weftd.client().call("POST", "/v2.0/ports", {"ports": [{"network_id": network["id"]}] * 50})
    assert more.status == 201
    assert not set(addresses) & {p["fixed_ips"][0]["ip_address"] for p in more.json["ports"]}


def test_concurrent_updates_never_mix(weftd):
    """Every update of one object is whole, and each is counted."""
    network = weftd.client().make("network", name="n")

    def update(writer):
        client = weftd.client()
        for i in range(50):
            text = f"{writer}-{i}"
            answer = client.call("PUT", f"/v2.0/networks/{network['id']}", {"network": {"name": text, "description": text}})
            assert answer.json["network"]["name"] == answer.json["network"]["description"] == text

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(update, i) for i in range(8)]:
            done.result()
    final = weftd.client().get(f"/v2.0/networks/{network['id']}").json["network"]
    assert final["revision_number"] == 1 + 8 * 50
    assert final["name"] == final["description"]


def test_one_name_many_claims(weftd):
    """Of concurrent claims of one address exactly one wins."""
    network = network_with_subnet(weftd.client(), "10.0.0.0/24")
    body = {"port": {"network_id": network["id"], "fixed_ips": [{"ip_address": "10.0.0.50"}]}}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(lambda _: weftd.client().call("POST", "/v2.0/ports", body).status, range(16)))
    assert statuses == [201] + [409] * 15


def test_restart_keeps_everything(weftd):
    client = weftd.client()
    network = network_with_subnet(client)
    host = client.make("host", name="h1", tunnel_ips=["192.0.2.1"])
    port = client.make("port", network_id=network["id"], **{"binding:host_id": "h1"})
    revision = client.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"name": "x"}}).revision
    before = client.get("/v2.0/ports").json, client.get("/v2.0/networks").json, client.get("/v2.0/subnets").json
    weftd.stop()
    weftd.start()
    client = weftd.client()
    assert before == (client.get("/v2.0/ports").json, client.get("/v2.0/networks").json, client.get("/v2.0/subnets").json)
    assert client.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"name": "y"}}).revision > revision
    view = Client(weftd.port, host["credential"]).call("POST", "/weft/v1/hosts/h1/report", {
        "instance": "0b0e4cb2-7c0f-4b4e-8b67-1f0d9f3c9a10", "revision": 0, "full": False, "ports": {}})
    assert view.status in (200, 204), view.text


def test_stop_answers_what_was_accepted(weftd):
    """SIGTERM amid writes: a client gets an answer or a closed connection, and what was answered is kept."""
    network = network_with_subnet(weftd.client())
    acknowledged = threading.Semaphore(0)
    writers = [Writer(weftd, network["id"], i, acknowledged) for i in range(8)]
    for writer in writers:
        writer.start()
    for _ in range(20):
        assert acknowledged.acquire(timeout=60)
    weftd.stop()
    for writer in writers:
        writer.join()
    weftd.start()
    stored = {p["id"] for p in weftd.client().get("/v2.0/ports", fields="id").json["ports"]}
    for writer in writers:
        assert set(writer.made) - writer.deleted - writer.unsure <= stored


# --- stores that it must not touch

def test_second_weftd_is_refused(weftd):
    second = Weftd(weftd.folder, weftd.build)
    complaint = second.refused()
    assert "weft.db" in complaint and ("another" in complaint or "locked" in complaint)
    assert weftd.client().get("/v2.0/networks").status == 200


@pytest.fixture
def filled(weftd):
    client = weftd.client()
    network = network_with_subnet(client)
    client.call("POST", "/v2.0/ports", {"ports": [{"network_id": network["id"]}] * 200})
    weftd.stop()
    return weftd


def test_truncated_store(filled):
    path = filled.folder / "weft.db"
    whole = path.read_bytes()
    for keep in (len(whole) // 2, 4096, 100, 16):
        path.write_bytes(whole[:keep])
        complaint = filled.refused()
        assert "weft.db" in complaint, complaint
        assert path.read_bytes()[:16] == whole[:16], "the store was replaced"


def test_corrupt_store(filled):
    path = filled.folder / "weft.db"
    data = bytearray(path.read_bytes())
    chance = random.Random(7)
    for at in range(4096, len(data)):
        if chance.random() < 0.2:
            data[at] = chance.randrange(256)
    path.write_bytes(data)
    assert "weft.db" in filled.refused()
    path.write_bytes(b"this is no database, and longer than a header of one would be " * 100)
    assert "weft.db" in filled.refused()
    assert path.read_bytes().startswith(b"this is no database")


def test_store_of_a_newer_version(filled):
    path = filled.folder / "weft.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 999")
    complaint = filled.refused()
    assert "newer" in complaint and "weft.db" in complaint


def test_no_folder_for_the_store(tmp_path):
    complaint = Weftd(tmp_path, store=f"sqlite:{tmp_path}/none/weft.db").refused()
    assert "none/weft.db" in complaint
    assert "postgres" in Weftd(tmp_path, store="postgres:x").refused()


# --- starting

@pytest.mark.parametrize("settings, word", [
    ({"listen": "nonsense"}, "nonsense"), ({"listen": "192.0.2.1:0"}, "allow-plain-http"), ({"lissten": "x"}, "lissten"),
    ({"underlay_mtu": "9"}, "underlay-mtu"), ({"tls_cert": "/nonexistent"}, "tls-key"),
    ({"tls_cert": "/nonexistent", "tls_key": "/nonexistent"}, "/nonexistent")])
def test_bad_configuration(tmp_path, settings, word):
    complaint = Weftd(tmp_path, store="memory:", **settings).refused()
    assert word in complaint
    assert ADMIN not in complaint


def test_address_in_use(tmp_path):
    first = Weftd(tmp_path, store="memory:").start()
    try:
        assert f"127.0.0.1:{first.port}" in Weftd(tmp_path, store="memory:", listen=f"127.0.0.1:{first.port}").refused()
    finally:
        first.stop()


def test_command_line(tmp_path):
    weftd = BUILD / "src/controller/weftd"
    assert subprocess.run([weftd, "--version"], capture_output=True, text=True).stdout.startswith("weftd ")
    assert subprocess.run([weftd, "--nonsense"], capture_output=True).returncode == 2
    missing = subprocess.run([weftd, "--config", tmp_path / "none"], capture_output=True, text=True)
    assert missing.returncode == 1 and "none" in missing.stderr
    config = Weftd(tmp_path, store="memory:").write_config()
    assert subprocess.run([weftd, "--check", "--config", config]).returncode == 0


def test_tls(tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    server = Weftd(tmp_path, store="memory:", tls_cert=cert, tls_key=key).start()
    try:
        for _ in range(3):
            done = subprocess.run(["curl", "-sS", "--cacert", cert, "-H", f"X-Auth-Token: {ADMIN}",
                                   f"https://127.0.0.1:{server.port}/"], capture_output=True, text=True, timeout=20)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["versions"][0]["links"][0]["href"].startswith("https://127.0.0.1")
        plain = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{server.port}/"], capture_output=True, timeout=20)
        assert plain.returncode != 0
    finally:
        server.stop()


def test_connection_limit(tmp_path):
    """Connections beyond the limit wait until others are closed."""
    server = Weftd(tmp_path, store="memory:", max_connections=16).start()
    try:
        held = [Client(server.port) for _ in range(16)]
        assert all(client.get("/v2.0/networks").status == 200 for client in held)
        for client in [Client(server.port, timeout=0.3) for _ in range(8)]:
            with pytest.raises((OSError, http.client.HTTPException)):
                client.get("/v2.0/networks")
            held.append(client)
        for client in held:
            client.connection.close()

        def works():
            try:
                return Client(server.port, timeout=1).get("/v2.0/networks").status == 200
            except (OSError, http.client.HTTPException):
                return False
        wait_until(works)
    finally:
        server.stop()


def test_store_that_fails(weftd):
    """When the disk is full, writes are answered 503 and undone, reads go on, and /healthz says so; then it recovers."""
    client = weftd.client()
    network = network_with_subnet(client)
    if subprocess.run(["prlimit", "--version"], capture_output=True).returncode:
        pytest.skip("no prlimit")
    size = max(p.stat().st_size for p in weftd.folder.glob("weft.db*"))
    limit = lambda value: subprocess.run(["prlimit", "--pid", str(weftd.process.pid), f"--fsize={value}"], check=True)
    limit(f"{size + 8192}:unlimited")
    refused = wait_until(lambda: next((a for a in [client.call("POST", "/v2.0/ports", {"ports": [
        {"network_id": network["id"], "description": "x" * 200}] * 100})] if a.status == 503), None))
    assert refused.error == "ServiceUnavailable"
    kept = len(client.get("/v2.0/ports", fields="id").json["ports"])
    assert weftd.client(None).get("/healthz").status == 503
    limit("unlimited:unlimited")
    wait_until(lambda: weftd.client(None).get("/healthz").status == 200, what="well again, although nobody writes")
    made = client.call("POST", "/v2.0/ports", {"port": {"network_id": network["id"]}})
    assert made.status == 201, made.text
    assert len(client.get("/v2.0/ports", fields="id").json["ports"]) == kept + 1
    weftd.stop()
    weftd.start()
    assert len(weftd.client().get("/v2.0/ports", fields="id").json["ports"]) == kept + 1
