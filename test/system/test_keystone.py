"""weftd in a cloud whose Identity is OpenStack's own Keystone (`auth = keystone`), which is Debian's, and real. Proves B2.

    openstack CLI ──► Keystone (uwsgi, SQLite)  127.0.0.1:5000
          │                ▲ what is this token?
          └──────────────► weftd                127.0.0.1:9696      all in a network namespace of their own
"""
import ctypes
import os
import threading
import time

import pytest

import real_keystone as real
import stalls
from conftest import run, wait_until
from openstack_cli import Cli
from weftd import Weftd

CLONE_NEWNET = 0x40000000
PASSWORD = "a user's"
SERVICE_PASSWORD = "weft's own"
WEFTD = "127.0.0.1:9696"

pytestmark = pytest.mark.skipif(not real.is_installed(), reason="keystone is not installed")


@pytest.fixture(scope="module")
def namespace():
    """This thread, and what it starts, has a loopback interface of its own and nothing else."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as before:
        assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        run("ip", "link", "set", "lo", "up")
        yield
        assert libc.setns(before.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


@pytest.fixture(scope="module")
def keystone(namespace, tmp_path_factory):
    """With the network service in its catalogue, and users max (member), rita (reader) and nora (neither) of project p1."""
    keystone = real.Keystone(tmp_path_factory.mktemp("keystone")).set_up()
    keystone.token = keystone.log_in()
    service = keystone.make("service", type="network", name="weft")
    keystone.make("endpoint", service_id=service["id"], interface="public", url=f"http://{WEFTD}", region_id="here")
    keystone.projects = {name: keystone.make("project", name=name, domain_id="default")["id"] for name in ("p1", "service")}
    keystone.make("role", name="cook")
    keystone.make("role", name="service")
    for user, password, role, project in (("max", PASSWORD, "member", "p1"), ("rita", PASSWORD, "reader", "p1"),
                                          ("nora", PASSWORD, "cook", "p1"),
                                          ("weft", SERVICE_PASSWORD, "service", "service")):
        made = keystone.make("user", name=user, password=password, domain_id="default")
        keystone.call("PUT", f"/projects/{keystone.projects[project]}/users/{made['id']}/roles/{keystone.role(role)}")
    yield keystone
    keystone.kill()


def start(folder, **options):
    """A weftd without [tokens] of its own."""
    settings = {"url": real.URL, "username": "weft", "password": SERVICE_PASSWORD, "cache_time": 2, "timeout": 2, **options}
    return Weftd(folder, tokens={}, keystone=settings, listen=WEFTD, auth="keystone").start()


@pytest.fixture(scope="module")
def weftd(keystone, tmp_path_factory):
    server = start(tmp_path_factory.mktemp("weftd"))
    yield server
    server.stop()


@pytest.fixture
def cli(keystone, weftd):
    """As max, member of p1; people that a test names are others."""
    return Cli(OS_AUTH_URL=real.URL, OS_USERNAME="max", OS_PASSWORD=PASSWORD, OS_PROJECT_NAME="p1", OS_USER_DOMAIN_ID="default",
               OS_PROJECT_DOMAIN_ID="default")


def status(weftd, token, path="/v2.0/networks"):
    return weftd.client(token).get(path).status


def test_cli_member_reader_admin(cli, keystone):
    made = cli.json("network", "create", "mine")
    assert made["project_id"] == keystone.projects["p1"]
    assert cli.json("network", "show", "mine", OS_USERNAME="rita")["id"] == made["id"]
    assert "403" in cli("network", "set", "mine", "--name", "x", OS_USERNAME="rita", fails=True)
    admin = {"OS_USERNAME": "admin", "OS_PASSWORD": real.ADMIN_PASSWORD, "OS_PROJECT_NAME": "admin"}
    cli("network", "create", "all", "--share", **admin)
    assert {n["Name"] for n in cli.json("network", "list", **admin)} == {"mine", "all"}
    cli("network", "delete", "mine", "all", **admin)


def test_scopes_and_other_roles(keystone, weftd):
    unscoped = keystone.log_in("max", PASSWORD, project=None)
    other_role = keystone.log_in("nora", PASSWORD, "p1")
    assert status(weftd, unscoped) == status(weftd, other_role) == 403
    system = keystone.log_in(scope={"system": {"all": True}})
    assert status(weftd, system, "/v2.0/hosts") == 200


def test_challenge(weftd):
    for token in (None, "no-token-at-all"):
        answer = weftd.client(token).get("/v2.0/networks")
        assert answer.status == 401 and answer.json["error"]["code"] == 401
        assert answer.headers["WWW-Authenticate"] == f'Keystone uri="{real.URL}"'
    assert weftd.client(None).get("/").status == 200


def test_one_question_for_many_requests(keystone, weftd):
    token = keystone.log_in("max", PASSWORD, "p1")
    before, answers = keystone.questions(), []
    keystone.pause()
    threads = [threading.Thread(target=lambda: answers.append(status(weftd, token))) for _ in range(20)]
    for thread in threads:
        thread.start()
    wait_until(lambda: "weft_keystone_pending 1" in weftd.client(None).get("/metrics").text.decode())
    keystone.resume()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20
    assert status(weftd, token) == 200
    assert keystone.questions() == before + 1


def test_a_large_body_comes_with_a_new_token(keystone, weftd):
    """Whose token is valid may send much with the first request; others are refused before they have."""
    body = {"networks": [{"name": f"n{i}", "description": "x" * 200} for i in range(500)]}
    made = weftd.client(keystone.log_in("max", PASSWORD, "p1")).call("POST", "/v2.0/networks", body)
    assert made.status == 201, made.text
    assert weftd.client("not-valid").call("POST", "/v2.0/networks", body).status == 401


def test_hosts_are_no_affair_of_keystone(keystone, weftd):
    admin = weftd.client(keystone.log_in())
    credential = admin.make("host", name="h1", tunnel_ips=["192.0.2.1"])["credential"]
    before = keystone.questions()
    assert status(weftd, credential, "/weft/v1/hosts/h1/view") == 200
    assert keystone.questions() == before
    assert status(weftd, "wrong", "/weft/v1/hosts/h1/view") == 401


def test_revoked(keystone, weftd):
    token = keystone.log_in("max", PASSWORD, "p1")
    assert status(weftd, token) == 200
    keystone.revoke(token)
    wait_until(lambda: status(weftd, token) == 401, what="the cache time is over")


def test_killed_and_restarted(keystone, weftd, tmp_path):
    known, unknown = (keystone.log_in("max", PASSWORD, "p1") for _ in range(2))
    assert status(weftd, known) == 200
    keystone.kill()
    answer = weftd.client(unknown).get("/v2.0/networks")
    assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
    assert "Keystone" in answer.message
    assert status(weftd, known) == 200
    keystone.start()
    wait_until(lambda: status(weftd, unknown) == 200, what="weftd asks Keystone again")
    wait_until(lambda: any("can't be used" in line for line in weftd.lines))
    wait_until(lambda: any("can be used again" in line for line in weftd.lines))


def test_hanging(keystone, weftd):
    """Who must wait for Keystone holds nobody else up, and is answered after the time-out."""
    known, unknown = (keystone.log_in("max", PASSWORD, "p1") for _ in range(2))
    assert status(weftd, known) == 200
    keystone.pause()
    begin, answers = stalls.now(), []
    thread = threading.Thread(target=lambda: answers.append((status(weftd, unknown), time.time())))
    thread.start()
    wait_until(lambda: "weft_keystone_pending 1" in weftd.client(None).get("/metrics").text.decode())
    assert status(weftd, known) == 200 and stalls.worked(begin) < 1 and not answers
    thread.join()
    keystone.resume()
    assert answers[0][0] == 503 and answers[0][1] - begin > 1.5 and stalls.worked(begin, answers[0][1]) < 4
    wait_until(lambda: status(weftd, unknown) == 200, what="weftd asks Keystone again")


def test_wrong_password_of_its_own(keystone, weftd, tmp_path):
    """It is said, without the password, and nobody is let in."""
    weftd.stop()
    server = start(tmp_path, password="wrong")
    assert status(server, keystone.log_in("max", PASSWORD, "p1")) == 503
    wait_until(lambda: any("refuses user weft" in line for line in server.lines))
    assert not any("wrong\"" in line or SERVICE_PASSWORD in line for line in server.lines)
    server.stop()
    weftd.start()


def test_stops_while_keystone_hangs(keystone, weftd):
    """SIGTERM does not wait for it; who waits hears so."""
    token = keystone.log_in("max", PASSWORD, "p1")
    keystone.pause()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(status(weftd, token)))
    thread.start()
    wait_until(lambda: "weft_keystone_pending 1" in weftd.client(None).get("/metrics").text.decode())
    weftd.stop()
    thread.join()
    keystone.resume()
    weftd.start()
    assert answers == [503]


def test_expired(keystone, weftd):
    """Not longer than the token lives; and weftd's own one is replaced in time."""
    keystone.kill()
    keystone.configure(lifetime=5)
    keystone.start()
    token, born = keystone.log_in("max", PASSWORD, "p1"), stalls.now()
    assert status(weftd, token) == 200
    wait_until(lambda: status(weftd, token) == 401, what="the token has expired")
    assert time.time() - born > 3 and stalls.worked(born) < 7
    assert status(weftd, keystone.log_in("max", PASSWORD, "p1")) == 200
