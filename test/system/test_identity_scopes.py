"""Identity v3: the scopes of tokens by the real `openstack` CLI, HEAD of what can be read, lists, errors. Proves B2, B9."""
import pytest

from identity_server import PASSWORD, Admin, client_of, log_in, start, token_of
from openstack_cli import Cli


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("scopes"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def admin(weftd):
    return Admin(weftd)


def cli_of(weftd, **scope):
    return Cli(OS_AUTH_URL=weftd.url, OS_USERNAME="admin", OS_PASSWORD=PASSWORD, OS_USER_DOMAIN_ID="default", **scope)


def test_cli_of_the_system(weftd, admin):
    cli = cli_of(weftd, OS_SYSTEM_SCOPE="all")
    assert cli.json("token", "issue")["system"] == "all"
    assert "admin" in {u["Name"] for u in cli.json("user", "list")}
    assert "admin" in {p["Name"] for p in cli.json("project", "list")}
    assert {s["Type"] for s in cli.json("catalog", "list")} == {"identity", "load-balancer", "network"}
    assert isinstance(cli.json("network", "list"), list)
    named = cli.json("role", "assignment", "list", "--system", "all", "--effective", "--names")
    assert {(line["Role"], line["User"]) for line in named} == {(role, "admin@Default") for role in ("admin", "member", "reader")}
    cli("role", "add", "reader", "--user", "admin", "--system", "all")
    cli("role", "remove", "reader", "--user", "admin", "--system", "all")
    cli.close()


def test_cli_of_a_domain(weftd, admin):
    domain = admin.make("domain", name="shire")
    boss = admin.make("user", name="boss", password="pw", domain_id=domain)
    admin.grant(boss, "admin", f"domains/{domain}")
    cli = Cli(OS_AUTH_URL=weftd.url, OS_USERNAME="boss", OS_PASSWORD="pw", OS_USER_DOMAIN_NAME="shire", OS_DOMAIN_NAME="shire")
    issued = cli.json("token", "issue")
    assert issued["domain_id"] == domain and "project_id" not in issued
    made = cli.json("project", "create", "farm", "--domain", "shire")
    assert made["domain_id"] == domain and [p["Name"] for p in cli.json("project", "list")] == ["farm"]
    cli("user", "create", "frodo", "--password", "pw", "--domain", "shire")
    cli("role", "add", "member", "--user", "frodo", "--user-domain", "shire", "--project", "farm", "--inherited")
    lines = cli.json("role", "assignment", "list", "--project", "farm", "--names")
    assert [(line["Role"], line["User"], line["Inherited"]) for line in lines] == [("member", "frodo@shire", True)]
    assert "403" in cli.fails("domain", "create", "mordor")
    cli.close()


def test_cli_versions_and_tokens(weftd):
    cli = cli_of(weftd, OS_PROJECT_NAME="admin", OS_PROJECT_DOMAIN_ID="default")
    shown = cli.json("versions", "show", "--service", "identity")
    assert ("3.14", "CURRENT") in {(v["Version"], v["Status"]) for v in shown}
    cli("token", "revoke", cli.json("token", "issue")["id"])
    cli.close()


def test_cli_cleans_a_project_up(weftd, admin, monkeypatch):
    admin.tenant("messy")
    client = client_of(weftd, "messy", "pw", project="messy")
    network = client.make("network", name="litter")["id"]
    subnet = client.make("subnet", network_id=network, cidr="10.0.0.0/24", ip_version=4)["id"]
    router = client.make("router", name="litter")["id"]
    assert client.call("PUT", f"/v2.0/routers/{router}/add_router_interface", {"subnet_id": subnet}).status == 200
    cli = Cli(OS_AUTH_URL=weftd.url, OS_USERNAME="messy", OS_PASSWORD="pw", OS_PROJECT_NAME="messy", OS_USER_DOMAIN_ID="default",
              OS_PROJECT_DOMAIN_ID="default")
    assert "litter" in cli("project", "cleanup", "--auth-project", "--dry-run") and client.get("/v2.0/ports").json["ports"]
    monkeypatch.setattr("getpass._raw_input", lambda *_: "y")
    cli("project", "cleanup", "--auth-project")
    assert [client.get(f"/v2.0/{kind}").json[kind] for kind in ("ports", "routers", "subnets", "networks")] == [[], [], [], []]
    cli.close()


def test_head_of_what_can_be_read(weftd, admin):
    user, project = admin.tenant("headed")
    client = client_of(weftd, project="admin")
    role = admin.role("member")
    about = {"X-Subject-Token": token_of(client)}
    for path in ("", "/auth/tokens", "/auth/catalog", "/auth/projects", "/auth/domains", "/auth/system", "/domains", "/domains/default",
                 "/projects", f"/projects/{project}", f"/projects/{project}/tags", "/users", f"/users/{user}", f"/users/{user}/projects",
                 f"/users/{user}/groups", f"/users/{user}/application_credentials", f"/users/{user}/access_rules", "/groups", "/roles",
                 f"/roles/{role}", f"/roles/{role}/implies", "/role_inferences", "/role_assignments", f"/projects/{project}/users/{user}/roles",
                 f"/projects/{project}/users/{user}/roles/{role}", f"/system/users/{user}/roles", "/credentials", "/regions", "/services",
                 "/endpoints", "/registered_limits", "/limits", "/limits/model", "/OS-TRUST/trusts"):
        got, head = client.call("GET", f"/v3{path}", headers=about), client.call("HEAD", f"/v3{path}", headers=about)
        assert got.status == head.status in (200, 204) and head.text == b"", path
    for path in ("/users/none", "/projects/none", f"/projects/{project}/users/{user}/roles/{admin.role('admin')}", "/none"):
        assert client.call("HEAD", f"/v3{path}").status == client.call("GET", f"/v3{path}").status == 404, path


def test_lists_have_pages_and_names(weftd, admin):
    for name in ("page-1", "page-2", "page-3"):
        admin.make("group", name=name)
    client = admin.client
    for kind, name in (("domain", "Default"), ("project", "admin"), ("user", "admin"), ("role", "member"), ("group", "page-2"), ("service", "weft")):
        listed = client.get(f"/v3/{kind}s", name=name).json
        assert [item["name"] for item in listed[f"{kind}s"]] == [name]
        assert listed["links"]["self"].endswith(f"/v3/{kind}s") and listed["links"]["next"] is listed["links"]["previous"] is None
        assert client.get(f"/v3/{kind}s", name="none").json[f"{kind}s"] == []
    seen, path = [], "/v3/groups?limit=2"
    while path:
        page = client.call("GET", path).json
        assert len(page["groups"]) <= 2
        seen += [group["name"] for group in page["groups"]]
        path = page["links"]["next"] and page["links"]["next"].replace(weftd.url, "")
    assert seen == ["page-1", "page-2", "page-3"]


def test_errors_are_keystones(weftd, admin):
    admin.tenant("plain")
    client = client_of(weftd, "plain", "pw", project="plain")
    for who, method, path, body, status, title in (
            (weftd.client(None), "GET", "/v3/users", None, 401, "Unauthorized"), (client, "GET", "/v3/users", None, 403, "Forbidden"),
            (admin.client, "GET", "/v3/users/none", None, 404, "Not Found"), (admin.client, "POST", "/v3/users", {"user": {}}, 400, "Bad Request"),
            (admin.client, "POST", "/v3/roles", {"role": {"name": "member"}}, 409, "Conflict"),
            (admin.client, "PUT", "/v3/users", {}, 405, "Method Not Allowed"), (admin.client, "GET", "/v3/policies", None, 501, "Not Implemented"),
            (weftd.client(None), "POST", "/v3/auth/tokens", {}, 400, "Bad Request")):
        answer = who.call(method, path, body)
        error = answer.json["error"]
        assert (answer.status, error["code"], error["title"]) == (status, status, title) and error["message"], answer.text
    assert log_in(weftd, "plain", "wrong").json["error"]["title"] == "Unauthorized"


def test_lists_of_what_belongs_together_have_filters(weftd, admin):
    """A group's users, a user's groups and projects: by the attributes of what is listed."""
    group, other = admin.make("group", name="crew"), admin.make("group", name="gang")
    ann, bob = admin.make("user", name="ann"), admin.make("user", name="bob", enabled=False)
    for where, user in ((group, ann), (group, bob), (other, ann)):
        assert admin.client.call("PUT", f"/v3/groups/{where}/users/{user}").status == 204
    projects = [admin.make("project", name=f"ship-{i}") for i in (1, 2)]
    for project in projects:
        admin.grant(ann, "member", f"projects/{project}")
    names = lambda path, **query: [item["name"] for item in next(v for k, v in admin.client.get(path, **query).json.items() if k != "links")]
    users = f"/v3/groups/{group}/users"
    assert names(users) == ["ann", "bob"] and names(users, name="bob") == names(users, enabled="false") == ["bob"]
    assert names(users, password_expires_at="lt:2099-01-31T12:00:00Z") == []
    assert names(f"/v3/users/{ann}/groups", name="gang") == ["gang"] and names(f"/v3/users/{ann}/groups") == ["crew", "gang"]
    assert names(f"/v3/users/{ann}/projects", name="ship-2") == ["ship-2"]
    assert names(f"/v3/users/{ann}/projects", domain_id="default", enabled="true") == ["ship-1", "ship-2"]
    for path in (users, f"/v3/users/{ann}/groups", f"/v3/users/{ann}/projects"):
        assert admin.client.get(path, colour="red").status == 400
