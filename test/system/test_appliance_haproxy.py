"""Load balancers of weft-appliance by HAProxy (Z33; docs/appliances.md): HTTP, TLS with SNI, cookies, policies, health, reload.

    The topology is that of appliance_bed.py. VIPs: 203.0.113.7 on the public NIC, 10.0.0.50 on the guests'. g1, g2 and g3 serve HTTP at port 80.
"""
import collections
import itertools
import json
import pathlib
import re
import subprocess

import pytest

from appliance_bed import GUESTS, Bed, document
from conftest import run, wait_until

OUTER, INNER = "203.0.113.7", "10.0.0.50"
BALANCER, HTTP, TLS, TCP, LIMITED = (f"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0a0{i}" for i in range(5))
WEB, OTHER, STICKY, SESSION = (f"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0b0{i}" for i in range(4))
MEMBERS = {name: f"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0c0{i}" for i, name in enumerate(GUESTS)}
MONITOR = {"type": "HTTP", "delay": 1, "timeout": 1, "max_retries": 1, "max_retries_down": 1, "url_path": "/health", "expected_codes": "200-204"}
revisions = itertools.count(1)

SERVER = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = json.dumps({"name": sys.argv[1], "path": self.path, "headers": {key.lower(): value for key, value in self.headers.items()}}).encode()
        self.send_response(200)
        if self.path == "/login":
            self.send_header("Set-Cookie", "JSESSIONID=session-" + sys.argv[1])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    def handle_error(self, *words):
        pass  # a connection that the balancer does not need any more
Server(("0.0.0.0", 80), Handler).serve_forever()
"""


def member(name, **more):
    return {"id": MEMBERS[name], "address": GUESTS[name][1], "protocol_port": 80, **more}


def pool(ident, *members, **more):
    return {"id": ident, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "members": list(members), **more}


def told(*listeners, pools=(), **more):
    """The whole document, with one load balancer of these listeners."""
    all_of_it = document(next(revisions), **more)
    all_of_it["interfaces"][1]["addresses"].append(OUTER + "/32")
    all_of_it["interfaces"][2]["addresses"].append(INNER + "/32")
    all_of_it["load_balancers"] = [{"id": BALANCER, "vip_addresses": [OUTER, INNER], "listeners": list(listeners), "pools": list(pools)}]
    return all_of_it


def plain(**more):
    return {"id": HTTP, "protocol": "HTTP", "protocol_port": 80, "default_pool_id": WEB, **more}


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    one, servers = Bed(tmp_path_factory.mktemp("haproxy"), 90), {}
    try:
        one.up()
        (one.folder / "server.py").write_text(SERVER)
        for name, (_, address) in GUESTS.items():
            one.exec(name, "ip", "address", "add", address + "/24", "dev", "eth0")
            one.exec(name, "ip", "link", "set", "eth0", "up")
            servers[name] = one.popen(name, "python3", one.folder / "server.py", name)
        one.servers = servers
        for name in servers:
            wait_until(lambda: ":80 " in one.exec(name, "ss", "-ltn").stdout, what=f"{name} serves")
        yield one
    finally:
        print((one.folder / "log").read_text()[-4000:])
        for process in servers.values():
            process.kill()
            process.wait()
        one.down()


def put(bed, now):
    """Returns when what is told is what runs."""
    digest = bed.put(now)
    wait_until(lambda: bed.get("/v1/status")["load_balancers"]["current"], what="haproxy runs with the new configuration")
    return digest


def curl(bed, url, *words, namespace="out"):
    """Status, headers and body of one request."""
    done = bed.exec(namespace, "curl", "-s", "-i", "-m", "20", *words, url, check=False)
    head, _, body = done.stdout.replace("\r", "").partition("\n\n")
    status = re.match(r"HTTP/[\d.]+ (\d+)", head)
    return int(status[1]) if status else 0, head, body


def who(bed, url, *words, namespace="out"):
    status, head, body = curl(bed, url, *words, namespace=namespace)
    assert status == 200, head
    return json.loads(body)


def states(bed):
    names = {ident: name for name, ident in MEMBERS.items()}
    return {names[one["id"]]: one["status"] for one in bed.get("/v1/status")["load_balancers"]["members"]}


def certificate(bed, name):
    """PEM of a certificate for `name` and its key."""
    key, cert = bed.folder / f"{name}.key", bed.folder / f"{name}.crt"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
        "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", cert)
    return cert.read_text() + key.read_text()


def test_http(bed):
    """HTTP is shared by weight among members, from outside and inside; members see what the listener adds; nothing but the VIP's port is open."""
    headers = {"X-Forwarded-For": True, "X-Forwarded-Port": True, "X-Forwarded-Proto": True}
    put(bed, told(plain(insert_headers=headers), pools=[pool(WEB, member("g1", weight=3), member("g2"), member("g3", weight=0))]))
    status = bed.get("/v1/status")
    assert status["status"] == "ACTIVE" and status["daemons"]["haproxy"]["running"] and status["drift"] == [], status
    assert status["load_balancers"]["listeners"] == {HTTP: "OPEN"}
    assert states(bed) == {"g1": "NO_CHECK", "g2": "NO_CHECK", "g3": "NO_CHECK"}
    names = collections.Counter(who(bed, f"http://{OUTER}/")["name"] for _ in range(8))
    assert names == {"g1": 6, "g2": 2}
    seen = who(bed, f"http://{INNER}/x?y=1", namespace="g3")
    assert seen["path"] == "/x?y=1" and seen["headers"]["x-forwarded-for"] == "10.0.0.12"
    assert (seen["headers"]["x-forwarded-port"], seen["headers"]["x-forwarded-proto"]) == ("80", "http")
    for address in ("203.0.113.5", OUTER + ":81", "203.0.113.6:81"):
        assert bed.exec("out", "curl", "-s", "-m", "1", f"http://{address}/", check=False).returncode == 28, address
    counted = bed.get("/v1/counters")["listeners"][HTTP]
    assert counted["total_connections"] == 9 and counted["bytes_out"] > counted["bytes_in"] > 9 * 100 and counted["active_connections"] == 0
    assert "listener" not in " ".join(bed.get("/v1/counters")["counters"])


def test_tls(bed):
    """A listener of TERMINATED_HTTPS shows the certificate of the name that is asked for; keys are for root alone; a wrong one changes nothing."""
    first, second = certificate(bed, "a.example.org"), certificate(bed, "b.example.org")
    secure = {"id": TLS, "protocol": "TERMINATED_HTTPS", "protocol_port": 443, "default_pool_id": WEB, "certificates": [first, second]}
    now = told(plain(), secure, pools=[pool(WEB, member("g1"), member("g2"))])
    digest = put(bed, now)
    assert digest["drift"] == [] and digest["digest"] == digest["desired_digest"]
    for name in ("a.example.org", "b.example.org"):
        words = ("--cacert", bed.folder / f"{name}.crt", "--resolve", f"{name}:443:{OUTER}")
        assert who(bed, f"https://{name}/", *words)["name"] in ("g1", "g2")
    other = bed.exec("out", "curl", "-s", "-m", "20", "--cacert", bed.folder / "b.example.org.crt", "--resolve", f"a.example.org:443:{OUTER}",
                     "https://a.example.org/", check=False)
    assert other.returncode == 60
    old = bed.exec("out", "openssl", "s_client", "-connect", f"{OUTER}:443", "-tls1_1", check=False, input="")
    assert old.returncode and "BEGIN CERTIFICATE" not in old.stdout
    files = sorted(pathlib.Path(bed.files, "certificates").iterdir())
    assert len(files) == 2 and all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert pathlib.Path(bed.files, "certificates").stat().st_mode & 0o777 == 0o700
    files[0].write_text("x")
    assert bed.get("/v1/digest")["drift"] == ["certificates"]
    assert put(bed, now)["digest"] == digest["digest"] and bed.get("/v1/status")["drift"] == []
    wrong = first[:first.index("-----BEGIN PRIVATE")] + second[second.index("-----BEGIN PRIVATE"):]
    status, answer = bed.call("/v1/config", told(plain(), {**secure, "certificates": [wrong]}, pools=now["load_balancers"][0]["pools"]))
    assert status == 500 and "haproxy failed" in answer["error"]["message"] and "PRIVATE" not in str(answer), answer
    assert bed.get("/v1/status")["status"] == "ERROR"
    assert who(bed, f"http://{OUTER}/")["name"] in ("g1", "g2")
    put(bed, told(plain(), pools=[pool(WEB, member("g1"))]))
    assert bed.get("/v1/status")["status"] == "ACTIVE" and not pathlib.Path(bed.files, "certificates").exists()


def test_persistence(bed):
    """Who was given a cookie, or has one of the member's, or comes from the same address, stays with the member; also after a change."""
    everybody = [member(name) for name in GUESTS]
    listeners = [plain(default_pool_id=STICKY), plain(id=TCP, protocol_port=8080, default_pool_id=SESSION),
                 plain(id=LIMITED, protocol_port=8081, default_pool_id=OTHER)]
    pools = [pool(STICKY, *everybody, session_persistence={"type": "HTTP_COOKIE"}),
             pool(SESSION, *everybody, session_persistence={"type": "APP_COOKIE", "cookie_name": "JSESSIONID"}),
             pool(OTHER, *everybody, session_persistence={"type": "SOURCE_IP"})]
    put(bed, told(*listeners, pools=pools))
    status, head, body = curl(bed, f"http://{OUTER}/")
    cookie = re.search(r"(?im)^set-cookie: (SRV=[^;]+)", head)[1]
    assert {who(bed, f"http://{OUTER}/", "-b", cookie)["name"] for _ in range(4)} == {json.loads(body)["name"]}
    assert len({who(bed, f"http://{OUTER}/")["name"] for _ in range(6)}) == 3
    head, answer = curl(bed, f"http://{OUTER}:8080/login")[1:]
    session, words = json.loads(answer)["name"], ("-b", re.search(r"(?im)^set-cookie: (JSESSIONID=\S+)", head)[1])
    seen = [who(bed, f"http://{OUTER}:8080/", *words) for _ in range(4)]
    assert {(one["name"], one["headers"]["cookie"]) for one in seen} == {(session, f"JSESSIONID=session-{session}")}
    assert len({who(bed, f"http://{OUTER}:8080/")["name"] for _ in range(6)}) == 3
    source = who(bed, f"http://{OUTER}:8081/")["name"]
    put(bed, told(*listeners, plain(id=TLS, protocol_port=8082), pools=[*pools, pool(WEB, member("g1"))]))
    wait_until(lambda: curl(bed, f"http://{OUTER}:8082/")[0] == 200, what="the new listener is there")
    assert {who(bed, f"http://{OUTER}:8081/")["name"] for _ in range(4)} == {source}
    assert {who(bed, f"http://{OUTER}:8080/", *words)["name"] for _ in range(4)} == {session}
    assert who(bed, f"http://{OUTER}/", "-b", cookie)["name"] == json.loads(body)["name"]


def rule(kind, compare, value, **more):
    return {"type": kind, "compare_type": compare, "value": value, **more}


def test_policies(bed):
    """L7 policies redirect, reject and choose pools by host, path, file type, header and cookie; those that reject come first."""
    odd = "it's # \"odd\" $HOME %[src] \\n; use_backend x"
    policies = [
        {"action": "REDIRECT_TO_POOL", "redirect_pool_id": OTHER, "rules": [rule("PATH", "STARTS_WITH", "/other")]},
        {"action": "REDIRECT_TO_POOL", "redirect_pool_id": OTHER, "rules": [rule("COOKIE", "EQUAL_TO", "two", key="which"), rule("PATH", "CONTAINS", "no", invert=True)]},
        {"action": "REDIRECT_TO_POOL", "redirect_pool_id": OTHER, "rules": [rule("HEADER", "EQUAL_TO", odd, key="X-Odd")]},
        {"action": "REDIRECT_TO_URL", "redirect_url": "https://there.example.org/a%20b?c=%[src]", "rules": [rule("HOST_NAME", "EQUAL_TO", "Old.example.org")]},
        {"action": "REDIRECT_PREFIX", "redirect_prefix": "https://new.example.org", "redirect_http_code": 301, "rules": [rule("FILE_TYPE", "REGEX", "^(jpg|png)$")]},
        {"action": "REJECT", "rules": [rule("PATH", "ENDS_WITH", "/forbidden")]},
        {"action": "REJECT", "rules": []}]
    put(bed, told(plain(l7_policies=policies), pools=[pool(WEB, member("g1")), pool(OTHER, member("g2"))]))
    url = f"http://{OUTER}"
    assert who(bed, url + "/")["name"] == "g1" and who(bed, url + "/other/x")["name"] == "g2"
    assert who(bed, url + "/a", "-b", "which=two")["name"] == "g2" and who(bed, url + "/no", "-b", "which=two")["name"] == "g1"
    assert who(bed, url + "/", "-H", "X-Odd: " + odd)["name"] == "g2" and who(bed, url + "/", "-H", "X-Odd: odd")["name"] == "g1"
    status, head, _ = curl(bed, url + "/", "-H", "Host: old.example.org:80")
    assert status == 302 and "location: https://there.example.org/a%20b?c=%[src]" in head
    status, head, _ = curl(bed, url + "/pictures/x.jpg?q=1")
    assert status == 301 and "location: https://new.example.org/pictures/x.jpg?q=1" in head
    assert curl(bed, url + "/other/forbidden")[0] == 403


def test_health(bed):
    """A member that ends is DOWN, gets nothing more, and is known to be after a change too; backups come in; it comes back."""
    members = [member("g1"), member("g2"), member("g3", backup=True)]
    put(bed, told(plain(), pools=[pool(WEB, *members, health_monitor=MONITOR)]))
    wait_until(lambda: states(bed) == {"g1": "UP", "g2": "UP", "g3": "UP"}, what="all are up")
    bed.servers["g2"].kill()
    bed.servers["g2"].wait()
    wait_until(lambda: states(bed)["g2"] == "DOWN", what="g2 is down")
    assert {who(bed, f"http://{OUTER}/")["name"] for _ in range(6)} == {"g1"}
    two = (plain(), plain(id=TCP, protocol_port=8080))
    put(bed, told(*two, pools=[pool(WEB, *members, health_monitor={**MONITOR, "delay": 60})]))
    wait_until(lambda: curl(bed, f"http://{OUTER}:8080/")[0] == 200, what="the second listener is there")
    assert states(bed)["g2"] == "DOWN"
    assert {who(bed, f"http://{OUTER}/")["name"] for _ in range(4)} == {"g1"}
    put(bed, told(*two, pools=[pool(WEB, member("g2"), member("g3", backup=True), health_monitor=MONITOR)]))
    wait_until(lambda: states(bed).get("g2") == "DOWN" and states(bed)["g3"] == "UP", what="only the backup is up")
    assert who(bed, f"http://{OUTER}/")["name"] == who(bed, f"http://{OUTER}:8080/")["name"] == "g3"
    bed.servers["g2"] = bed.popen("g2", "python3", bed.folder / "server.py", "g2")
    wait_until(lambda: states(bed)["g2"] == "UP", what="g2 is up")
    assert who(bed, f"http://{OUTER}/")["name"] == "g2"


def test_who_may(bed):
    """allowed_cidrs say who may connect, at the VIP's port alone; a TCP listener passes on what it does not understand."""
    stream = {"id": TCP, "protocol": "TCP", "protocol_port": 8080, "default_pool_id": OTHER, "allowed_cidrs": ["10.0.0.0/24"], "connection_limit": 5}
    put(bed, told(plain(), stream, pools=[pool(WEB, member("g1")), pool(OTHER, member("g2"), protocol="TCP", lb_algorithm="LEAST_CONNECTIONS")]))
    assert who(bed, f"http://{INNER}:8080/", namespace="g1")["name"] == "g2" and who(bed, f"http://{OUTER}/")["name"] == "g1"
    assert bed.exec("out", "curl", "-s", "-m", "1", f"http://{OUTER}:8080/", check=False).returncode == 28


def test_reload_loses_nothing(bed):
    """Changes under requests, of members, policies and listeners: every request is answered; haproxy's master is the same one."""
    pools = [pool(WEB, *(member(name) for name in GUESTS))]
    put(bed, told(plain(), pools=pools))
    pid = bed.get("/v1/status")["daemons"]["haproxy"]["pid"]
    before = bed.get("/v1/counters")["listeners"][HTTP]["total_connections"]
    client = bed.popen("out", "curl", "-sZ", "--parallel-max", "6", "-H", "Connection: close", "-o", "/dev/null", "-w", "%{http_code} %{errormsg}\n",
                       f"http://{OUTER}/[1-900]", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    changes = 0
    while client.poll() is None and changes < 6:
        policy = [{"action": "REJECT", "rules": [rule("PATH", "EQUAL_TO", f"/never-{changes}")]}]
        put(bed, told(plain(l7_policies=policy), pools=[pool(WEB, *(member(name, weight=1 + changes % 3) for name in GUESTS))]))
        changes += 1
    answers = collections.Counter(client.communicate(timeout=30)[0].splitlines())
    assert changes >= 3 and answers == {"200 ": 900}, (changes, answers)
    now = bed.get("/v1/status")["daemons"]["haproxy"]
    assert (now["pid"], now["restarts"]) == (pid, 0)
    assert bed.get("/v1/counters")["listeners"][HTTP]["total_connections"] >= before + 900


def test_bad_input(bed):
    """What could be a line or a word of its own in the configuration is refused or stays a text; the message says where."""
    now = told(plain(), pools=[pool(WEB, member("g1"))])
    put(bed, now)

    def refused(says, *listeners, pools=None):
        status, answer = bed.call("/v1/config", told(*listeners, pools=pools or [pool(WEB, member("g1"))]))
        assert status == 400 and says in answer["error"]["message"], (says, answer)

    header = rule("HEADER", "EQUAL_TO", "x", key="a)\n\tserver evil")
    refused("load_balancers[0].listeners[0].l7_policies[0].rules[0].key", plain(l7_policies=[{"action": "REJECT", "rules": [header]}]))
    refused("rules[0].value", plain(l7_policies=[{"action": "REJECT", "rules": [rule("PATH", "EQUAL_TO", "a\nbackend b")]}]))
    refused("no regular expression", plain(l7_policies=[{"action": "REJECT", "rules": [rule("PATH", "REGEX", "(")]}]))
    refused("redirect_url", plain(l7_policies=[{"action": "REDIRECT_TO_URL", "redirect_url": "http://a if TRUE\n"}]))
    refused("cookie_name", plain(), pools=[pool(WEB, session_persistence={"type": "APP_COOKIE", "cookie_name": "a b"})])
    refused("url_path", plain(), pools=[pool(WEB, health_monitor={**MONITOR, "url_path": "/ HTTP/1.1\r\nX: y"})])
    refused("expected_codes", plain(), pools=[pool(WEB, health_monitor={**MONITOR, "expected_codes": "200\n"})])
    refused("one of TCP, HTTP, HTTPS, TLS-HELLO", plain(), pools=[pool(WEB, health_monitor={"type": "PING"})])
    refused("certificates[0]", {"id": TLS, "protocol": "TERMINATED_HTTPS", "protocol_port": 443, "certificates": ["no PEM"]})
    refused("has a listener already", plain(), plain(id=TLS))
    refused("among the pools", plain(default_pool_id=OTHER))
    refused("cookies are for", plain(protocol="TCP"), pools=[pool(WEB, session_persistence={"type": "HTTP_COOKIE"})])
    wrong = told(plain(), pools=[pool(WEB)])
    wrong["load_balancers"][0]["vip_addresses"].append("10.0.0.99")
    status, answer = bed.call("/v1/config", wrong)
    assert status == 400 and "10.0.0.99 must be among the addresses of a NIC" in answer["error"]["message"]
    assert bed.get("/v1/status")["revision"] == now["revision"] and who(bed, f"http://{OUTER}/")["name"] == "g1"


def haproxies(bed):
    pids = run("ip", "netns", "pids", bed.names["box"]).stdout.split()
    return [pid for pid in pids if run("ps", "-o", "comm=", "-p", pid, check=False).stdout.strip() == "haproxy"]


def test_ends_and_begins(bed):
    """Without load balancers no haproxy runs; one that is killed is started again; one that outlives a killed weft-appliance is ended by the next."""
    now = told(plain(), pools=[pool(WEB, member("g1"))])
    digest = put(bed, now)["digest"]
    bed.put({**told(), "load_balancers": []})
    assert not haproxies(bed) and not bed.get("/v1/status")["daemons"]["haproxy"]["running"]
    now["revision"] = next(revisions)
    assert put(bed, now)["digest"] == digest
    wait_until(lambda: curl(bed, f"http://{OUTER}/")[0] == 200, what="it serves again")
    run("kill", "-9", str(bed.get("/v1/status")["daemons"]["haproxy"]["pid"]))
    wait_until(lambda: bed.get("/v1/status")["daemons"]["haproxy"]["restarts"] >= 1 and curl(bed, f"http://{OUTER}/")[0] == 200, what="it runs again")
    now["revision"] = next(revisions)
    put(bed, now)
    bed.kill()
    wait_until(lambda: not haproxies(bed), what="haproxy ends with weft-appliance")
    bed.start()
    assert put(bed, now)["digest"] == digest
    wait_until(lambda: curl(bed, f"http://{OUTER}/")[0] == 200, what="it serves")
