"""weftd under clients that mean no good, or don't know better: slow senders by the hundred, ten thousand idle connections, absurd
requests, injection attempts, writers that race. Overload and abuse by one client don't hurt the others. Proves Q9's other side: who may not
gets nowhere by malformed calls."""
import concurrent.futures
import itertools
import json
import pathlib
import resource
import selectors
import socket
import time

import pytest

import stalls
from weftd import ADMIN, MEMBER, OTHER, Weftd

HEAD = b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + ADMIN.encode() + b"\r\n"
numbers = itertools.count()


@pytest.fixture
def weftd(tmp_path):
    server = Weftd(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    server = Weftd(tmp_path_factory.mktemp("robust"), store="memory:").start()
    yield server
    server.stop()


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def slowest(client, n):
    """Seconds of the slowest of n requests, half of them writes; without those in which the machine stood still."""
    worst = 0
    for i in range(n):
        begin = stalls.now()
        if i % 2:
            assert client.get("/v2.0/networks", limit=1).status == 200
        else:
            client.make("network", name="n")
        worst = max(worst, stalls.worked(begin))
    return worst


# --- slow and idle clients

@pytest.mark.alone
def test_slow_senders_hurt_nobody(weftd):
    """Half a thousand clients that send a byte of a head, or of a body, now and then: others are served as ever."""
    admin = weftd.client()
    slow = []
    for i in range(500):
        one = socket.create_connection(("127.0.0.1", weftd.port))
        one.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{" if i % 2 else HEAD[:20 + i % 60])
        slow.append(one)
    before = resident_kib(weftd.process.pid)
    for _ in range(10):
        for one in slow:
            one.send(b"a")
        assert slowest(admin, 10) < 1
    assert resident_kib(weftd.process.pid) - before < 8192
    for one in slow:
        one.close()
    assert slowest(admin, 10) < 1


@pytest.mark.alone
def test_a_client_that_does_not_read(weftd):
    """Answers that nobody fetches stay with their connection; others are served."""
    admin = weftd.client()
    admin.call("POST", "/v2.0/networks", {"networks": [{"name": "x" * 200, "description": "y" * 200}] * 1000})
    request = b"GET /v2.0/networks HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + ADMIN.encode() + b"\r\n\r\n"
    deaf = []
    for _ in range(20):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", weftd.port))
        one.sendall(request * 20)
        deaf.append(one)
    assert slowest(admin, 20) < 2
    # One answer per connection is being sent; the 19 behind it have not been made.
    assert resident_kib(weftd.process.pid) < 200 * 1024
    for one in deaf:
        one.close()
    assert slowest(admin, 10) < 1


def raise_limit(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (n, max(n, hard)))
        except (ValueError, PermissionError):
            pytest.skip(f"this process may not have {n} files open")


def answers(connections, count):
    """How many of the connections have an answer to read, soon."""
    selector, seen, until = selectors.DefaultSelector(), 0, time.monotonic() + 30
    for one in connections:
        selector.register(one, selectors.EVENT_READ)
    while seen < count and time.monotonic() < until:
        for key, _ in selector.select(1):
            text = key.fileobj.recv(65536)
            assert text.startswith(b"HTTP/1.1 200"), text
            selector.unregister(key.fileobj)
            seen += 1
    selector.close()
    return seen


IDLE = 10_000
IDLE_KIB = 28  # of memory for each, what the kernel keeps for it apart; 24 are room for a request line and its headers


@pytest.mark.alone
def test_ten_thousand_idle_connections(weftd):
    """Each has asked once and stays. weftd raises its own limit of descriptors; its memory is bounded, and it answers as ever."""
    raise_limit(IDLE + 500)
    pid, admin = weftd.process.pid, weftd.client()
    soft = int(next(line.split()[3] for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()
                    if line.startswith("Max open files")))
    assert soft >= IDLE + 100
    before = resident_kib(pid)
    idle = []
    for i in range(IDLE):
        one = socket.create_connection(("127.0.0.1", weftd.port))
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.append(one)
        if len(idle) % 500 == 0:
            assert answers(idle[-500:], 500) == 500
    each = (resident_kib(pid) - before) / IDLE
    print(f"{each:.1f} KiB for an idle connection")
    assert each < IDLE_KIB
    assert slowest(admin, 50) < 1
    for one in idle:
        one.close()
    assert slowest(admin, 50) < 1


# --- requests nobody should send

def raw(port, data, silence=1.0):
    """What weftd sends for these bytes until it closes, or is silent for so long."""
    with socket.create_connection(("127.0.0.1", port), timeout=silence) as client:
        text = b""
        try:
            client.sendall(data)
            while chunk := client.recv(65536):
                text += chunk
        except (TimeoutError, ConnectionError):
            pass
        return text


def get(target, *headers):
    token = b"X-Auth-Token: " + ADMIN.encode()
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: x", token, b"Connection: close", *headers, b"", b""])


TARGETS = [b"/v2.0/networks?" + b"&".join(b"name=%d" % i for i in range(2000)), b"/v2.0/networks?" + b"&" * 5000,
           b"/v2.0/networks?fields=" + b",".join([b"name"] * 3000), b"/v2.0/networks?" + b"sort_key=name&" * 50,
           b"/v2.0/networks/" + b"%2e%2e%2f" * 100, b"//v2.0//networks//", b"http://elsewhere/v2.0/networks", b"*", b"/v2.0/networks#x",
           b"/v2.0/networks?limit=18446744073709551617", b"/v2.0/networks?marker=" + b"x" * 5000, b"/v2.0/networks?name=a;b&c",
           b"/v2.0/networks/;id/tags/" + b"%F0%9F%98%80" * 60, b"/weft/v1/wait?revision=99999999999999999999&timeout=0",
           b"/weft/v1/wait?revision=-1&timeout=-1"]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[:30].decode())
def test_absurd_targets(shared, target):
    answer = raw(shared.port, get(target), silence=3)
    assert answer[:9] == b"HTTP/1.1 " and answer[9:10] in b"24", answer[:300]
    assert slowest(shared.client(), 2) < 1


def test_duplicate_headers(shared):
    """Of two lengths, two hosts or two tokens none opens a door: neither a second request behind a first, nor a second identity."""
    body = b'{"network": {"name": "smuggled"}}'
    token = b"X-Auth-Token: " + MEMBER.encode() + b"\r\n"
    twice = b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\n" + token + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    both = b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\n" + token + b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n" % \
        len(body) + body
    for request in (twice, both):
        answer = raw(shared.port, request)
        assert b"201" not in answer, answer
    assert shared.client().get("/v2.0/networks", name="smuggled").json["networks"] == []
    tokens = b"GET /v2.0/hosts HTTP/1.1\r\nHost: x\r\nX-Auth-Token: wrong\r\nX-Auth-Token: " + ADMIN.encode() + b"\r\nConnection: close\r\n\r\n"
    assert b" 401 " in raw(shared.port, tokens)
    hosts = raw(shared.port, b"GET / HTTP/1.1\r\nHost: one\r\nHost: two\r\nConnection: close\r\n\r\n")
    assert b"two" not in hosts


def test_many_headers(shared):
    many = b"".join(b"X-%d: y\r\n" % i for i in range(5000))
    assert b" 200 " not in raw(shared.port, get(b"/v2.0/networks", many[:-2]))
    assert slowest(shared.client(), 2) < 1


EVIL = ["'; DROP TABLE object; --", "' OR '1'='1", '"}]}, "admin": {"x": [{"', "\\u0000\\", "%s%n%x%d", "../../../etc/passwd", "${jndi:x}",
        "a\r\nSet-Cookie: x=1", "a\nb", "{{7*7}}", "\u2028\u2029", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "<img onerror=x>"]


@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_injection(shared, text):
    """In a name, a tag, a filter, a path, a header: it is text, comes back as it went, and changes nothing else."""
    admin = shared.client()
    count = len(admin.get("/v2.0/networks", fields="id").json["networks"])
    network = admin.make("network", name=text, description=text)
    assert network["name"] == network["description"] == text
    assert [n["id"] for n in admin.get("/v2.0/networks", name=text).json["networks"]].count(network["id"]) == 1
    assert admin.get("/v2.0/networks", id=text).json["networks"] == []
    assert admin.get("/v2.0/networks", sort_key=text).status == 400
    quoted = "".join(f"%{byte:02x}" for byte in text.encode())
    missing = admin.call("GET", f"/v2.0/networks/{quoted}")
    assert missing.status == 404 and "Set-Cookie" not in missing.headers
    json.loads(missing.text)
    assert admin.call("PUT", f"/v2.0/networks/{network['id']}/tags/{quoted}").status in (201, 400, 404)
    page = admin.get("/v2.0/networks", limit=1, name=text)
    for link in page.json.get("networks_links", []):
        assert "\r" not in link["href"] and "\n" not in link["href"] and '"' not in link["href"]
    assert len(admin.get("/v2.0/networks", fields="id").json["networks"]) == count + 1
    assert shared.client(OTHER).get("/v2.0/networks", name=text).json["networks"] == []


def test_headers_are_not_injected(shared):
    """What a client says as If-Match or Host comes back in no header and breaks no JSON."""
    admin = shared.client()
    network = admin.make("network", name="n")
    refused = admin.call("PUT", f"/v2.0/networks/{network['id']}", {"network": {"name": "x"}}, {"If-Match": '"}],{"x": "'})
    assert refused.status == 400 and refused.message
    answer = admin.call("GET", "/v2.0/networks?limit=1", headers={"Host": 'x"><script>'})
    assert "<script>" not in answer.text.decode()


# --- writers that race

def test_if_match_loses_no_update(shared):
    """Sixteen clients count up one number by read and conditional write: no increment is lost, and none is doubled."""
    admin = shared.client()
    network = admin.make("network", name="0")
    path = f"/v2.0/networks/{network['id']}"

    def count(n):
        client, done = shared.client(), 0
        while done < n:
            seen = client.get(path).json["network"]
            answer = client.call("PUT", path, {"network": {"name": str(int(seen["name"]) + 1)}},
                                 {"If-Match": f"revision_number={seen['revision_number']}"})
            assert answer.status in (200, 412), answer.text
            done += answer.status == 200
        return done

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        total = sum(future.result() for future in [pool.submit(count, 10) for _ in range(16)])
    final = admin.get(path).json["network"]
    assert (final["name"], final["revision_number"]) == (str(total), network["revision_number"] + total)


def test_updates_of_different_attributes_all_stay(shared):
    """Without If-Match an update changes what it names alone: writers of different attributes don't undo each other."""
    admin = shared.client()
    network = admin.make("network", name="n")
    path = f"/v2.0/networks/{network['id']}"
    values = {"name": "x", "description": "x", "admin_state_up": None, "dns_domain": "x", "port_security_enabled": None}

    def write(attribute):
        client, last = shared.client(), None
        for i in range(40):
            last = bool(i % 3) if values[attribute] is None else f"{attribute.replace('_', '-')}{i}"
            answer = client.call("PUT", path, {"network": {attribute: last}})
            assert answer.json["network"][attribute] == last, answer.text
        return attribute, last

    with concurrent.futures.ThreadPoolExecutor(len(values)) as pool:
        last = dict(pool.map(write, values))
    final = admin.get(path).json["network"]
    assert {attribute: final[attribute] for attribute in values} == last
