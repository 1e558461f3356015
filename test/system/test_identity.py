"""Identity v3 inside of weftd, by the real `openstack` CLI with nothing but OS_AUTH_URL and a password. Proves B2, B9."""
import json
import stat

import pytest

from conftest import wait_until
from openstack_cli import Cli
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
    return Cli(OS_AUTH_URL=weftd.url, OS_USERNAME="admin", OS_PASSWORD=PASSWORD, OS_PROJECT_NAME="admin",
               OS_USER_DOMAIN_ID="default", OS_PROJECT_DOMAIN_NAME="Default")


def log_in(weftd, password=PASSWORD, scope=PROJECT, user="admin", token=None):
    """The answer to a log-in."""
    how = {"methods": ["password"], "password": {"user": {"name": user, **DEFAULT, "password": password}}}
    if token:
        how = {"methods": ["token"], "token": {"id": token}}
    body = {"auth": {"identity": how}}
    if scope:
        body["auth"]["scope"] = scope
    return weftd.client(token=None).call("POST", "/v3/auth/tokens", body)


def guess(attempt, most=20):
    """What attempts are answered until one is refused. On a slow machine there is time for more than ten."""
    answers = []
    while 429 not in answers and len(answers) < most:
        answers.append(attempt())
    return answers


def error(answer):
    return answer.json["error"]["code"], answer.json["error"]["message"]


def test_cli_logs_in(cli):
    issued = cli.json("token", "issue")
    assert issued["project_id"] and issued["user_id"]
    assert {(s["Type"], e["region"]) for s in cli.json("catalog", "list") for e in s["Endpoints"]} == {
        ("identity", "here"), ("load-balancer", "here"), ("network", "here")}
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
    server = start(tmp_path, token_lifetime=6)
    token = log_in(server).headers["X-Subject-Token"]
    server.stop()
    server.start()
    client = server.client(token)
    assert client.get("/v2.0/networks").status == 200
    wait_until(lambda: client.get("/v2.0/networks").status == 401, interval=0.1)
    server.stop()


def test_guessing_is_slowed_down(tmp_path):
    server = start(tmp_path)
    answers = guess(lambda: log_in(server, password="wrong").status)
    assert set(answers[:-1]) == {401} and answers[-1] == 429 and 11 <= len(answers) <= 15, answers
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
    """…for a project that Identity knows by its name, or for the text that the configuration has."""
    for token in TOKENS:
        assert weftd.client(token).get("/v2.0/networks").status == 200
    admins = weftd.client("admin-token").make("network", name="by-token")["project_id"]
    assert admins == log_in(weftd).json["token"]["project"]["id"]
    assert weftd.client("member-token").make("network", name="by-token")["project_id"] == "project-1"


def test_cli_domains_projects_users_roles(cli):
    """Create, list, show, set and delete of each kind."""
    domain = cli.json("domain", "create", "d1", "--description", "text")
    assert cli.json("domain", "show", "d1")["id"] == domain["id"]
    project = cli.json("project", "create", "p1", "--domain", "d1", "--description", "text", "--tag", "red")
    assert (project["domain_id"], project["enabled"], project["tags"]) == (domain["id"], True, ["red"])
    assert "p1" in [p["Name"] for p in cli.json("project", "list", "--domain", "d1")]
    cli("project", "set", "p1", "--domain", "d1", "--name", "p2", "--disable")
    assert cli.json("project", "show", "p2", "--domain", "d1")["enabled"] is False
    user = cli.json("user", "create", "u1", "--domain", "d1", "--email", "u@example.org", "--password", "pw")
    assert "password" not in json.dumps({k: v for k, v in user.items() if k != "password_expires_at"})
    assert [u["Name"] for u in cli.json("user", "list", "--domain", "d1")] == ["u1"]
    cli("user", "set", "u1", "--domain", "d1", "--name", "u2")
    assert cli.json("user", "show", "u2", "--domain", "d1")["email"] == "u@example.org"
    cli("role", "create", "operator")
    cli("role", "set", "operator", "--name", "caretaker")
    assert {"admin", "member", "reader", "caretaker"} <= {r["Name"] for r in cli.json("role", "list")}
    assert "409" in cli("domain", "delete", "d1", fails=True)
    assert "409" in cli("project", "create", "p2", "--domain", "d1", fails=True)
    assert "403" in cli("role", "delete", "member", fails=True)
    assert "403" in cli("role", "set", "admin", "--name", "king", fails=True)
    cli("role", "delete", "caretaker")
    cli("user", "delete", "u2", "--domain", "d1")
    cli("project", "delete", "p2", "--domain", "d1")
    cli("domain", "delete", "d1")
    cli("domain", "show", "d1", fails=True)


def test_cli_a_tenant_works(cli):
    """A user is made, given a role, works in the project, and loses the role: at once."""
    project = cli.json("project", "create", "tenant")
    cli("user", "create", "tina", "--password", "pw", "--project", "tenant")
    tina = {"OS_USERNAME": "tina", "OS_PASSWORD": "pw", "OS_PROJECT_NAME": "tenant"}
    assert "401" in cli("network", "list", fails=True, **tina)
    cli("role", "add", "--user", "tina", "--project", "tenant", "reader")
    cli("role", "add", "--user", "tina", "--project", "tenant", "reader")
    assert "403" in cli("network", "create", "mine", fails=True, **tina)
    cli("role", "add", "--user", "tina", "--project", "tenant", "member")
    made = cli.json("network", "create", "mine", **tina)
    assert made["project_id"] == project["id"]
    assert [n["Name"] for n in cli.json("network", "list", **tina)] == ["mine"]
    assert [p["Name"] for p in cli.json("project", "list", **tina)] == ["tenant"]
    assert "403" in cli("user", "list", fails=True, **tina)
    assert "403" in cli("network", "create", "all", "--share", fails=True, **tina)
    given = cli.json("role", "assignment", "list", "--user", "tina", "--names")
    assert {(a["Role"], a["User"], a["Project"]) for a in given} == {
        ("reader", "tina@Default", "tenant@Default"), ("member", "tina@Default", "tenant@Default")}
    token = cli.json("token", "issue", **tina)["id"]
    before = {"OS_AUTH_TYPE": "admin_token", "OS_TOKEN": token,
              "OS_ENDPOINT": cli.json("catalog", "show", "network")["endpoints"][0]["url"]}
    cli("network", "show", "mine", only=before)
    cli("role", "remove", "--user", "tina", "--project", "tenant", "member")
    assert "403" in cli("network", "set", "mine", "--name", "x", fails=True, only=before)
    cli("network", "show", "mine", only=before)
    cli("user", "set", "tina", "--password", "another")
    assert "401" in cli("network", "show", "mine", fails=True, only=before)
    assert "401" in cli("network", "list", fails=True, **tina)
    cli("network", "list", **{**tina, "OS_PASSWORD": "another"})
    cli("user", "set", "tina", "--disable")
    assert "401" in cli("network", "list", fails=True, **{**tina, "OS_PASSWORD": "another"})
    cli("user", "delete", "tina")
    assert not cli.json("role", "assignment", "list", "--project", "tenant")


def test_cli_catalogue(cli):
    assert {s["Type"] for s in cli.json("service", "list")} == {"identity", "load-balancer", "network"}
    assert {e["Interface"] for e in cli.json("endpoint", "list")} == {"public", "internal", "admin"}
    assert [r["Region"] for r in cli.json("region", "list")] == ["here"]


def test_sdk(weftd):
    sdk = pytest.importorskip("openstack")
    cloud = sdk.connect(auth_url=weftd.url, username="admin", password=PASSWORD, project_name="admin",
                        user_domain_id="default", project_domain_id="default", load_envvars=False, load_yaml_config=False)
    project = cloud.identity.create_project(name="by-sdk", domain_id="default")
    user = cloud.identity.create_user(name="sam", password="pw", default_project_id=project.id)
    role = cloud.identity.find_role("member")
    cloud.identity.assign_project_role_to_user(project, user, role)
    assert cloud.identity.find_user("sam").id == user.id
    sam = cloud.connect_as(username="sam", password="pw", project_id=project.id, project_name=None)
    network = sam.network.create_network(name="sams")
    assert network.project_id == project.id
    assert [n.id for n in sam.network.networks(name="sams")] == [network.id]
    cloud.identity.unassign_project_role_from_user(project, user, role)
    with pytest.raises(pytest.importorskip("keystoneauth1").exceptions.http.Unauthorized):
        sam.network.create_network(name="no-more")
    cloud.identity.delete_user(user)
    cloud.identity.delete_project(project)
    cloud.close()
    sam.close()


def test_objects_are_checked(weftd):
    client = weftd.client("admin-token")
    for collection, inner in (("users", {}), ("users", {"name": ""}), ("users", {"name": "x", "color": "red"}),
                              ("users", {"name": "x", "password": ""}), ("users", {"name": "x", "password_hash": "y"}),
                              ("projects", {"name": 5}), ("roles", {"name": None})):
        answer = client.call("POST", f"/v3/{collection}", {collection[:-1]: inner})
        assert error(answer)[0] == answer.status == 400, answer.text
    nowhere = "00000000-0000-4000-8000-000000000000"
    assert client.call("POST", "/v3/users", {"user": {"name": "x", "domain_id": nowhere}}).status == 404
    assert client.get(f"/v3/users/{nowhere}").status == client.get("/v3/users/x").status == 404
    assert weftd.client("member-token").get("/v3/users").status == 403
    assert weftd.client(None).get("/v3/users").status == 401
    assert client.get("/v2.0/users").status == 404


def test_cli_application_credential(cli, weftd):
    """It works in its project, with its roles only, until it is deleted; nobody makes another with it."""
    user = cli.json("token", "issue")["user_id"]
    made = cli.json("application", "credential", "create", "robot", "--role", "reader", "--expiration",
                    "2100-01-01T00:00:00")
    robot = {"OS_AUTH_TYPE": "v3applicationcredential", "OS_AUTH_URL": weftd.url,
             "OS_APPLICATION_CREDENTIAL_ID": made["id"], "OS_APPLICATION_CREDENTIAL_SECRET": made["secret"]}
    cli("network", "list", only=robot)
    by_name = {**robot, "OS_APPLICATION_CREDENTIAL_NAME": "robot", "OS_USERNAME": "admin", "OS_USER_DOMAIN_ID": "default"}
    del by_name["OS_APPLICATION_CREDENTIAL_ID"]
    assert cli.json("token", "issue", only=by_name)["user_id"] == user
    assert "403" in cli("network", "create", "x", fails=True, only=robot)
    assert "403" in cli("application", "credential", "create", "another", fails=True, only=robot)
    assert "401" in cli("network", "list", fails=True, only={**robot, "OS_APPLICATION_CREDENTIAL_SECRET": "wrong"})
    token = cli.json("token", "issue", only=robot)["id"]
    assert log_in(weftd, token=token).status == 403
    assert [c["Name"] for c in cli.json("application", "credential", "list")] == ["robot"]
    assert "secret" not in cli.json("application", "credential", "show", "robot")
    cli("application", "credential", "delete", "robot")
    assert "401" in cli("network", "list", fails=True, only=robot)
    assert weftd.client(token).get("/v2.0/networks").status == 401
    path, own = f"/v3/users/{user}/application_credentials", weftd.client(log_in(weftd).headers["X-Subject-Token"])
    for inner in ({}, {"name": "a", "roles": [{"name": "none"}]}, {"name": "a", "expires_at": "2001-01-01T00:00:00"},
                  {"name": "a", "secret": ""}):
        assert own.call("POST", path, {"application_credential": inner}).status == 400
    assert weftd.client("admin-token").call("POST", path, {"application_credential": {"name": "a"}}).status == 403
