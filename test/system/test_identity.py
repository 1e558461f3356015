"""Identity v3 inside of weftd, by the real `openstack` CLI with nothing but OS_AUTH_URL and a password. Proves B2, B9."""
import json
import os
import shutil
import stat
import subprocess
import time

import pytest

from weftd import TOKENS, Weftd

PASSWORD = "correct horse"
DEFAULT = {"domain": {"id": "default"}}
PROJECT = {"project": {"name": "admin", **DEFAULT}}


def start(folder, **identity):
    (folder / "password").write_text(PASSWORD + "\n")
    return Weftd(folder, identity={"region": "here", "admin_password_file": folder / "password", **identity}).start()


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("identity"))
    yield server
    server.stop()


@pytest.fixture
def cli(weftd):
    if not shutil.which("openstack"):
        pytest.skip("python3-openstackclient is not installed")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    admin = {"OS_AUTH_URL": weftd.url, "OS_USERNAME": "admin", "OS_PASSWORD": PASSWORD, "OS_PROJECT_NAME": "admin",
             "OS_USER_DOMAIN_ID": "default", "OS_PROJECT_DOMAIN_NAME": "Default"}

    def run(*words, fails=False, only=None, **variables):
        done = subprocess.run(["/usr/bin/openstack", *words], env={**clean, **(only or admin), **variables}, text=True,
                              capture_output=True, timeout=60)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def as_json(*words, **options):
        return json.loads(run(*words, "-f", "json", **options))

    run.json = as_json
    return run


def log_in(weftd, password=PASSWORD, scope=PROJECT, user="admin", token=None):
    """The answer to a log-in."""
    how = {"methods": ["password"], "password": {"user": {"name": user, **DEFAULT, "password": password}}}
    if token:
        how = {"methods": ["token"], "token": {"id": token}}
    body = {"auth": {"identity": how}}
    if scope:
        body["auth"]["scope"] = scope
    return weftd.client(token=None).call("POST", "/v3/auth/tokens", body)


def error(answer):
    return answer.json["error"]["code"], answer.json["error"]["message"]


def test_cli_logs_in(cli):
    issued = cli.json("token", "issue")
    assert issued["project_id"] and issued["user_id"]
    assert {(s["Type"], e["region"]) for s in cli.json("catalog", "list") for e in s["Endpoints"]} == {
        ("identity", "here"), ("network", "here")}
    made = cli.json("network", "create", "cli")
    assert made["project_id"] == issued["project_id"]
    assert "cli" in [n["Name"] for n in cli.json("network", "list")]
    cli("token", "revoke", issued["id"])
    endpoint = cli.json("catalog", "show", "network")["endpoints"][0]["url"]
    assert "401" in cli("network", "list", fails=True, only={"OS_AUTH_TYPE": "admin_token", "OS_TOKEN": issued["id"],
                                                             "OS_ENDPOINT": endpoint})


def test_cli_wrong_password(cli):
    assert "401" in cli("network", "list", fails=True, OS_PASSWORD="wrong")
    assert "401" in cli("network", "list", fails=True, OS_USERNAME="nobody")
    assert "401" in cli("network", "list", fails=True, OS_PROJECT_NAME="none")


def test_token_says_who_and_where(weftd):
    answer = log_in(weftd)
    assert answer.status == 201
    token, said = answer.headers["X-Subject-Token"], answer.json["token"]
    assert (said["user"]["name"], said["project"]["name"], said["methods"]) == ("admin", "admin", ["password"])
    assert [r["name"] for r in said["roles"]] == ["admin", "member", "reader"]
    client = weftd.client(token)
    again = client.call("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token})
    assert again.status == 200 and again.json["token"] == said
    assert client.call("HEAD", "/v3/auth/tokens", headers={"X-Subject-Token": token}).status == 200
    # Not of the right form, and one letter changed.
    for wrong in ("x", "A" + token[1:] if token[0] != "A" else "B" + token[1:]):
        assert client.call("GET", "/v3/auth/tokens", headers={"X-Subject-Token": wrong}).status == 404
        assert weftd.client(wrong).get("/v2.0/networks").status == 401


def test_scopes(weftd):
    unscoped = log_in(weftd, scope=None)
    assert "project" not in unscoped.json["token"] and "catalog" not in unscoped.json["token"]
    token = unscoped.headers["X-Subject-Token"]
    assert weftd.client(token).get("/v2.0/networks").status == 403
    scoped = log_in(weftd, token=token)
    assert scoped.status == 201 and scoped.json["token"]["methods"] == ["password", "token"]
    assert scoped.json["token"]["expires_at"] == unscoped.json["token"]["expires_at"]
    assert weftd.client(scoped.headers["X-Subject-Token"]).get("/v2.0/networks").status == 200
    system = log_in(weftd, scope={"system": {"all": True}})
    assert system.json["token"]["system"] == {"all": True}
    assert weftd.client(system.headers["X-Subject-Token"]).get("/v2.0/hosts").status == 200
    # No role there.
    assert log_in(weftd, scope={"domain": {"id": "default"}}).status == 401


def test_revoked(weftd):
    token = log_in(weftd).headers["X-Subject-Token"]
    client = weftd.client(token)
    assert client.call("DELETE", "/v3/auth/tokens", headers={"X-Subject-Token": token}).status == 204
    assert client.get("/v2.0/networks").status == 401
    assert log_in(weftd, token=token).status == 401


def test_malformed(weftd):
    client = weftd.client(token=None)
    for body in ({}, {"auth": []}, {"auth": {"identity": {}}}, {"auth": {"identity": {"methods": []}}},
                 {"auth": {"identity": {"methods": ["password", "token"]}}},
                 {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin"}}}}},
                 {"auth": {"identity": {"methods": ["token"], "token": {"id": 5}}}}):
        answer = client.call("POST", "/v3/auth/tokens", body)
        assert error(answer)[0] == answer.status == 400, answer.text
    assert error(client.get("/v3/auth/tokens"))[0] == 401
    assert error(client.get("/v3/none"))[0] == 404
    assert error(client.call("PUT", "/v3/auth/tokens", {}))[0] == 405


def test_tokens_expire_and_survive_a_restart(tmp_path):
    server = start(tmp_path, token_lifetime=3)
    token = log_in(server).headers["X-Subject-Token"]
    server.stop()
    server.start()
    client = server.client(token)
    assert client.get("/v2.0/networks").status == 200
    deadline = time.monotonic() + 20
    while client.get("/v2.0/networks").status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert client.get("/v2.0/networks").status == 401
    server.stop()


def test_guessing_is_slowed_down(tmp_path):
    server = start(tmp_path)
    answers = [log_in(server, password="wrong").status for _ in range(11)]
    assert answers == [401] * 10 + [429]
    refused = log_in(server)
    assert refused.status == 429 and int(refused.headers["Retry-After"]) > 0
    assert not any(PASSWORD in line or "wrong" in line for line in server.lines)
    server.stop()


def test_first_password_is_made(tmp_path):
    server = Weftd(tmp_path, identity={}).start()
    path = tmp_path / "weft.db.admin-password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password = path.read_text().strip()
    assert log_in(server, password=password).status == 201
    server.stop()
    path.unlink()
    server.start()
    assert not path.exists()
    assert log_in(server, password=password).status == 201
    server.stop()


def test_without_the_group_there_is_no_identity(tmp_path):
    server = Weftd(tmp_path).start()
    assert server.client(None).get("/v3").status == 404
    assert [v["id"] for v in server.client(None).get("/").json["versions"]] == ["v2.0"]
    server.stop()


def test_tokens_of_the_configuration_go_on_working(weftd):
    for token in TOKENS:
        assert weftd.client(token).get("/v2.0/networks").status == 200
