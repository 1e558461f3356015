"""Identity v3: nested projects, groups, implied and inherited roles, administrators of domains, passwords; by the real
`openstack` CLI. Proves B2, B9."""
import pytest

from openstack_cli import Cli
from test_identity import guess
from weftd import Weftd

PASSWORD = "correct horse"
DEFAULT = {"domain": {"id": "default"}}
ADMIN = "admin-token"


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roles")
    (folder / "password").write_text(PASSWORD + "\n")
    server = Weftd(folder, identity={"region": "here", "admin_password_file": folder / "password"}).start()
    yield server
    server.stop()


def cli_of(weftd, user, password, **scope):
    return Cli(OS_AUTH_URL=weftd.url, OS_USERNAME=user, OS_PASSWORD=password, OS_USER_DOMAIN_ID="default",
               OS_PROJECT_DOMAIN_ID="default", **(scope or {"OS_PROJECT_NAME": "admin"}))


@pytest.fixture(scope="module")
def cli(weftd):
    cli = cli_of(weftd, "admin", PASSWORD)
    yield cli
    cli.close()


def log_in(weftd, user, password="pw", domain="default", **scope):
    """The answer to a log-in: log_in(weftd, "u", project="p"), domain_scope="d", or unscoped."""
    where = {"id": domain} if domain == "default" else {"name": domain}
    auth = {"identity": {"methods": ["password"], "password": {"user": {"name": user, "password": password,
                                                                        "domain": where}}}}
    if "project" in scope:
        auth["scope"] = {"project": {"name": scope["project"], "domain": where}}
    if "domain_scope" in scope:
        auth["scope"] = {"domain": {"name": scope["domain_scope"]}}
    return weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": auth})


def roles(answer):
    return [role["name"] for role in answer.json["token"]["roles"]] if answer.status == 201 else None


def client_of(weftd, *args, **scope):
    return weftd.client(log_in(weftd, *args, **scope).headers["X-Subject-Token"])


def message(answer):
    return answer.json["error"]["message"]


def test_nested_projects(cli, weftd):
    top = cli.json("project", "create", "top")
    middle = cli.json("project", "create", "middle", "--parent", "top")
    bottom = cli.json("project", "create", "bottom", "--parent", "middle")
    assert (top["parent_id"], middle["parent_id"]) == (top["domain_id"], top["id"])
    assert bottom["is_domain"] is False
    shown = cli.json("project", "show", "middle", "--parents", "--children")
    assert shown["parents"] == {top["id"]: {top["domain_id"]: None}}
    assert shown["subtree"] == {bottom["id"]: None}
    client = weftd.client(ADMIN)
    family = client.get(f"/v3/projects/{middle['id']}?parents_as_list&subtree_as_list").json["project"]
    assert [p["project"]["name"] for p in family["parents"]] == ["top"]
    assert [p["project"]["name"] for p in family["subtree"]] == ["bottom"]
    assert [p["Name"] for p in cli.json("project", "list", "--parent", "top")] == ["middle"]
    at_top = client.get("/v3/projects?parent_id=default").json["projects"]
    assert {"admin", "top"} <= {p["name"] for p in at_top} and "middle" not in {p["name"] for p in at_top}
    assert client.get("/v3/projects?is_domain=true").json["projects"] == []
    assert "delete it first" in cli("project", "delete", "top", fails=True)
    assert "below it" in cli("project", "set", "--disable", "middle", fails=True)
    cli("project", "set", "--disable", "bottom")
    cli("project", "set", "--disable", "middle")
    assert "disabled" in cli("project", "set", "--enable", "bottom", fails=True)
    assert client.call("PATCH", f"/v3/projects/{top['id']}", {"project": {"parent_id": bottom["id"]}}).status == 400
    cli("domain", "create", "elsewhere")
    assert "in another domain" in cli("project", "create", "x", "--domain", "elsewhere", "--parent", top["id"], fails=True)
    for _ in range(14):
        last = client.call("POST", "/v3/projects", {"project": {"name": f"d{_}", "parent_id": bottom["id"],
                                                                "enabled": False}}).json
        bottom = last.get("project", bottom)
    assert last["error"]["code"] == 403 and "nested 16 deep" in last["error"]["message"]


def test_groups(cli, weftd):
    group = cli.json("group", "create", "crew", "--description", "text")
    cli("user", "create", "gina", "--password", "pw")
    cli("project", "create", "ship")
    cli("role", "add", "--group", "crew", "--project", "ship", "member")
    assert log_in(weftd, "gina", project="ship").status == 401
    cli("group", "add", "user", "crew", "gina")
    assert "gina in group crew" in cli("group", "contains", "user", "crew", "gina")
    assert roles(log_in(weftd, "gina", project="ship")) == ["member", "reader"]
    assert [u["Name"] for u in cli.json("user", "list", "--group", "crew")] == ["gina"]
    assert [g["Name"] for g in cli.json("group", "list", "--user", "gina")] == ["crew"]
    assert [p["Name"] for p in cli.json("project", "list", "--user", "gina")] == ["ship"]
    given = cli.json("role", "assignment", "list", "--group", "crew", "--names")
    assert [(a["Role"], a["Group"], a["User"], a["Project"]) for a in given] == [("member", "crew@Default", "", "ship@Default")]
    effective = cli.json("role", "assignment", "list", "--user", "gina", "--effective", "--names")
    assert {(a["Role"], a["Group"], a["User"]) for a in effective} == {("member", "", "gina@Default"),
                                                                       ("reader", "", "gina@Default")}
    token = client_of(weftd, "gina", project="ship")
    assert token.call("POST", "/v2.0/networks", {"network": {"name": "n"}}).status == 201
    cli("group", "remove", "user", "crew", "gina")
    assert token.get("/v2.0/networks").status == 401
    assert "gina in group" not in cli("group", "contains", "user", "crew", "gina")
    cli("group", "set", "crew", "--name", "staff")
    assert cli.json("group", "show", "staff")["id"] == group["id"]
    assert "409" in cli("group", "create", "staff", fails=True)
    cli("role", "remove", "--group", "staff", "--project", "ship", "member")
    cli("group", "delete", "staff")
    assert "crew" not in cli("group", "list")


def test_implied_roles(cli, weftd):
    for name in ("captain", "cook"):
        cli("role", "create", name)
    cli("implied", "role", "create", "captain", "--implied-role", "cook")
    cli("implied", "role", "create", "cook", "--implied-role", "member")
    listed = {(i["Prior Role Name"], i["Implied Role Name"]) for i in cli.json("implied", "role", "list")}
    assert listed == {("admin", "member"), ("member", "reader"), ("captain", "cook"), ("cook", "member")}
    cli("user", "create", "ivo", "--password", "pw")
    cli("project", "create", "galley")
    cli("role", "add", "--user", "ivo", "--project", "galley", "captain")
    answer = log_in(weftd, "ivo", project="galley")
    assert roles(answer) == ["captain", "cook", "member", "reader"]
    client = weftd.client(answer.headers["X-Subject-Token"])
    assert client.call("POST", "/v2.0/networks", {"network": {}}).status == 201
    assert "circle" in cli("implied", "role", "create", "reader", "--implied-role", "captain", fails=True)
    assert "admin can't be implied" in cli("implied", "role", "create", "cook", "--implied-role", "admin", fails=True)
    assert "can't be taken back" in cli("implied", "role", "delete", "admin", "--implied-role", "member", fails=True)
    cli("implied", "role", "delete", "cook", "--implied-role", "member")
    assert client.get("/v2.0/networks").status == 403
    effective = cli.json("role", "assignment", "list", "--user", "ivo", "--effective", "--names")
    assert {a["Role"] for a in effective} == {"captain", "cook"}
    cli("role", "delete", "captain")
    assert log_in(weftd, "ivo", project="galley").status == 401


def test_inherited_roles(cli, weftd):
    cli("project", "create", "root")
    cli("project", "create", "branch", "--parent", "root")
    cli("project", "create", "leaf", "--parent", "branch")
    cli("user", "create", "irma", "--password", "pw")
    cli("role", "add", "--user", "irma", "--project", "root", "--inherited", "reader")
    assert log_in(weftd, "irma", project="root").status == 401
    assert roles(log_in(weftd, "irma", project="leaf")) == ["reader"]
    given = cli.json("role", "assignment", "list", "--user", "irma", "--names")
    assert [(a["Project"], a["Inherited"]) for a in given] == [("root@Default", True)]
    effective = cli.json("role", "assignment", "list", "--user", "irma", "--names", "--effective")
    assert {a["Project"] for a in effective} == {"branch@Default", "leaf@Default"}
    cli("role", "remove", "--user", "irma", "--project", "root", "--inherited", "reader")
    assert log_in(weftd, "irma", project="leaf").status == 401
    cli("role", "add", "--user", "irma", "--domain", "default", "--inherited", "member")
    assert roles(log_in(weftd, "irma", project="leaf")) == ["member", "reader"]
    assert {"root", "leaf", "admin"} <= {p["Name"] for p in cli.json("project", "list", "--user", "irma")}
    cli("user", "delete", "irma")


def test_roles_of_a_domain(cli, weftd):
    """They are of use for what they imply, in that domain."""
    cli("domain", "create", "guild")
    cli("role", "create", "smith", "--domain", "guild")
    assert "smith" not in cli("role", "list")
    assert [r["Name"] for r in cli.json("role", "list", "--domain", "guild")] == ["smith"]
    ids = {name: cli.json("role", "show", name, *where)["id"] for name, where in (("smith", ("--domain", "guild")), ("reader", ()))}
    assert weftd.client(ADMIN).call("PUT", f"/v3/roles/{ids['smith']}/implies/{ids['reader']}").status == 201
    cli("project", "create", "forge", "--domain", "guild")
    cli("user", "create", "sven", "--domain", "guild", "--password", "pw")
    cli("role", "add", "--user", "sven", "--user-domain", "guild", "--project", "forge", "--project-domain", "guild",
        "--role-domain", "guild", "smith")
    assert roles(log_in(weftd, "sven", domain="guild", project="forge")) == ["reader"]
    user = weftd.client(ADMIN).get("/v3/users?name=sven").json["users"][0]["id"]
    project = weftd.client(ADMIN).get("/v3/projects?name=admin").json["projects"][0]["id"]
    refused = weftd.client(ADMIN).call("PUT", f"/v3/projects/{project}/users/{user}/roles/{ids['smith']}")
    assert refused.status == 403 and "own" in message(refused)


def test_own_password(cli, weftd):
    made = cli.json("user", "create", "paul", "--password", "pw")
    cli("project", "create", "desk")
    cli("role", "add", "--user", "paul", "--project", "desk", "reader")
    before = client_of(weftd, "paul", project="desk")
    own = cli_of(weftd, "paul", "pw", OS_PROJECT_NAME="desk")
    assert "401" in own("user", "password", "set", "--original-password", "wrong", "--password", "new", fails=True)
    own("user", "password", "set", "--original-password", "pw", "--password", "new")
    own.close()
    assert before.get("/v2.0/networks").status == 401
    assert log_in(weftd, "paul").status == 401 and log_in(weftd, "paul", "new").status == 201
    path = f"/v3/users/{made['id']}/password"
    anybody = weftd.client(None)
    assert anybody.call("POST", path, {"user": {"password": "x"}}).status == 400
    assert anybody.call("POST", path, {"user": {"password": "", "original_password": "new"}}).status == 400
    assert anybody.call("POST", path, {"user": {"password": "new", "original_password": "new"}}).status == 400
    nobody = "/v3/users/00000000-0000-4000-8000-000000000000/password"
    assert anybody.call("POST", nobody, {"user": {"password": "a", "original_password": "b"}}).status == 401
    answers = guess(lambda: anybody.call("POST", path, {"user": {"password": "a", "original_password": "b"}}).status)
    assert answers[-1] == 429 and set(answers) == {401, 429}, answers
    assert not any(word in line for line in weftd.lines for word in ('"new"', PASSWORD))


def test_the_last_administrator_stays(cli, weftd):
    client = weftd.client(ADMIN)
    admin = client.get("/v3/users?name=admin").json["users"][0]["id"]
    project = client.get("/v3/projects?name=admin").json["projects"][0]["id"]
    role = client.get("/v3/roles?name=admin").json["roles"][0]["id"]
    on_project, on_system = (f"/v3/{place}/users/{admin}/roles/{role}" for place in (f"projects/{project}", "system"))
    assert client.call("DELETE", on_project).status == 204
    for method, path, body in (("DELETE", on_system, None), ("DELETE", f"/v3/users/{admin}", None),
                               ("PATCH", f"/v3/users/{admin}", {"user": {"enabled": False}}),
                               ("PATCH", "/v3/domains/default", {"domain": {"enabled": False}})):
        refused = client.call(method, path, body)
        assert refused.status == 403 and "Nobody would be left" in message(refused), (path, refused.text)
    # In a group counts too; taking the group's only member out does not leave one.
    group = client.call("POST", "/v3/groups", {"group": {"name": "admins"}}).json["group"]["id"]
    second = client.call("POST", "/v3/users", {"user": {"name": "second", "password": "pw"}}).json["user"]["id"]
    assert client.call("PUT", f"/v3/groups/{group}/users/{second}").status == 204
    assert client.call("PUT", f"/v3/system/groups/{group}/roles/{role}").status == 204
    assert client.call("DELETE", on_system).status == 204
    for path in (f"/v3/groups/{group}/users/{second}", f"/v3/groups/{group}", f"/v3/system/groups/{group}/roles/{role}"):
        assert client.call("DELETE", path).status == 403, path
    assert client.call("PUT", on_system).status == client.call("PUT", on_project).status == 204
    assert client.call("DELETE", f"/v3/groups/{group}").status == 204


def test_administrator_of_a_domain(cli, weftd):
    """He administers the domain, and can't make himself more than that."""
    cli("domain", "create", "duchy")
    boss = cli.json("user", "create", "boss", "--domain", "duchy", "--password", "pw")["id"]
    root = cli.json("user", "create", "root-in-duchy", "--domain", "duchy", "--password", "pw")["id"]
    cli("role", "add", "--user", boss, "--domain", "duchy", "admin")
    cli("role", "add", "--user", root, "--project", "admin", "admin")
    client = client_of(weftd, "boss", domain="duchy", domain_scope="duchy")
    ids = {r["name"]: r["id"] for r in client.get("/v3/roles").json["roles"]}
    make = lambda kind, **inner: client.call("POST", f"/v3/{kind}s", {kind: inner})
    project = make("project", name="p").json["project"]
    user = make("user", name="u", password="pw").json["user"]
    group = make("group", name="g").json["group"]
    assert {o["domain_id"] for o in (project, user, group)} == {client.get("/v3/domains").json["domains"][0]["id"]}
    assert {u["name"] for u in client.get("/v3/users?domain_id=default").json["users"]} == {"boss", "root-in-duchy", "u"}
    assert client.call("PUT", f"/v3/groups/{group['id']}/users/{user['id']}").status == 204
    member = f"/v3/projects/{project['id']}/groups/{group['id']}/roles/{ids['member']}"
    assert client.call("PUT", member).status == 204
    assert roles(log_in(weftd, "u", domain="duchy", project="p")) == ["member", "reader"]
    assert {a["role"]["id"] for a in client.get("/v3/role_assignments").json["role_assignments"]} == {ids["member"], ids["admin"]}
    default = next(u["id"] for u in weftd.client(ADMIN).get("/v3/users?name=admin").json["users"])
    domain = project["domain_id"]
    for method, path, body in (
            ("PUT", f"/v3/projects/{project['id']}/users/{boss}/roles/{ids['admin']}", None),
            ("PUT", f"/v3/OS-INHERIT/domains/{domain}/users/{boss}/roles/{ids['admin']}/inherited_to_projects", None),
            ("PUT", f"/v3/system/users/{boss}/roles/{ids['reader']}", None),
            ("PUT", f"/v3/domains/default/users/{boss}/roles/{ids['reader']}", None),
            ("PATCH", f"/v3/users/{root}", {"user": {"password": "mine"}}),
            ("DELETE", f"/v3/users/{root}", None),
            ("GET", f"/v3/users/{default}", None),
            ("PATCH", f"/v3/domains/{domain}", {"domain": {"name": "kingdom"}}),
            ("POST", "/v3/projects", {"project": {"name": "x", "domain_id": "default"}}),
            ("POST", "/v3/roles", {"role": {"name": "x"}}),
            ("PUT", f"/v3/roles/{ids['reader']}/implies/{ids['member']}", None)):
        assert client.call(method, path, body).status == 403, path
    assert client.get("/v2.0/networks").status == 403
    assert client.call("DELETE", f"/v3/users/{user['id']}").status == 204


def test_pages(weftd):
    client = weftd.client(ADMIN)
    for i in range(5):
        client.call("POST", "/v3/groups", {"group": {"name": f"page{i}"}})
    url, names, pages = "/v3/groups?limit=2", [], 0
    while url:
        page = client.get(url).json
        names += [g["name"] for g in page["groups"]]
        url, pages = page["links"]["next"], pages + 1
        url = url and url.split(f":{weftd.port}", 1)[1]
    assert [n for n in names if n.startswith("page")] == [f"page{i}" for i in range(5)] and pages == (len(names) + 1) // 2


def test_it_survives_a_restart(cli, weftd):
    before = weftd.client(ADMIN).get("/v3/role_assignments?effective").json["role_assignments"]
    weftd.stop()
    weftd.settings["listen"] = f"127.0.0.1:{weftd.port}"
    weftd.start()
    assert weftd.client(ADMIN).get("/v3/role_assignments?effective").json["role_assignments"] == before
