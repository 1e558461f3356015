"""The weft command for Identity's kinds, roles and quotas, against a real controller. Proves B2."""
import json
import os

import pytest

from conftest import WEFT, run
from identity_server import client_of, log_in, start
from weftd import ADMIN, Weftd


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("cli"), quotas={"default": 100})
    yield server
    server.stop()


class Weft:
    """weft("user", "list") gives what it prints, weft.json(…) what it shows, weft.fails(…) code and complaint."""

    def __init__(self, weftd, token=ADMIN):
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith(("OS_", "WEFT_"))}, "WEFT_URL": weftd.url, "WEFT_TOKEN": token}

    def __call__(self, *words, **options):
        return run(WEFT, *words, env=self.env, **options).stdout

    def json(self, *words):
        return json.loads(self(*words, "-f", "json"))

    def fails(self, *words):
        done = run(WEFT, *words, env=self.env, check=False)
        assert done.returncode, words
        return done.returncode, done.stderr


@pytest.fixture(scope="module")
def weft(weftd):
    return Weft(weftd)


def test_every_kind_from_creation_to_deletion(weft):
    for kind, options, change in (("domain", [], []), ("project", ["--domain", "cli-domain"], ["--disable"]), ("user", ["--domain", "cli-domain"], []),
                                  ("group", ["--domain", "cli-domain"], []), ("role", [], []), ("service", ["--type", "compute"], [])):
        made = weft.json(kind, "create", f"cli-{kind}", "--description", "words", *options)
        assert made["name"] == f"cli-{kind}" and weft.json(kind, "show", f"cli-{kind}") == weft.json(kind, "show", made["id"])
        changed = weft.json(kind, "set", f"cli-{kind}", "--description", "other")
        assert changed["description"] == "other"
        assert [row["id"] for row in weft.json(kind, "list", "--name", f"cli-{kind}")] == [made["id"]]
    endpoint = weft.json("endpoint", "create", "--service", "cli-service", "--interface", "public", "--endpoint-url", "http://nova")
    assert weft.json("endpoint", "set", endpoint["id"], "--endpoint-url", "http://other")["url"] == "http://other"
    credential = weft.json("credential", "create", "--user", "cli-user", "--type", "cert", "--blob", "x")
    for kind, name in (("credential", credential["id"]), ("endpoint", endpoint["id"]), ("service", "cli-service"), ("role", "cli-role"),
                       ("group", "cli-group"), ("user", "cli-user"), ("project", "cli-project"), ("domain", "cli-domain")):
        weft(kind, "delete", name)
        assert weft.fails(kind, "show", name)[0] == 3


def test_passwords(weft, weftd, tmp_path):
    (tmp_path / "password").write_text("from a file\nand more\n")
    weft("user", "create", "secretive", "--password", "given")
    assert log_in(weftd, "secretive", "given").status == 201
    weft("user", "set", "secretive", "--password-file", tmp_path / "password")
    assert log_in(weftd, "secretive", "from a file").status == 201
    weft("user", "set", "secretive", "--password-file", "-", input="from a pipe\n")
    assert log_in(weftd, "secretive", "from a pipe").status == 201
    assert weft.fails("user", "set", "secretive", "--password", "x", "--password-file", "y")[0] == 2
    assert "nowhere" in weft.fails("user", "set", "secretive", "--password-file", tmp_path / "nowhere")[1]
    assert "nothing to set" in weft.fails("user", "set", "secretive")[1]


def test_roles(weft, weftd):
    weft("user", "create", "ann", "--password", "pw")
    for kind, name in (("group", "crew"), ("project", "red")):
        weft(kind, "create", name)
    weft("role", "add", "member", "--user", "ann", "--project", "red")
    assert client_of(weftd, "ann", "pw", project="red").get("/v2.0/networks").status == 200
    rows = weft.json("role", "assignment", "list", "--user", "ann")
    assert rows == [{"role": "member", "user": "ann@Default", "group": None, "project": "red@Default", "domain": None, "system": "", "inherited": False}]
    assert {row["role"] for row in weft.json("role", "assignment", "list", "--user", "ann", "--effective")} == {"member", "reader"}
    weft("role", "add", "reader", "--group", "crew", "--system")
    weft("role", "add", "reader", "--group", "crew", "--domain", "Default", "--inherited")
    places = {(row["domain"], row["system"], row["inherited"]) for row in weft.json("role", "assignment", "list", "--group", "crew")}
    assert places == {(None, "all", False), ("Default", "", True)}
    weft("role", "remove", "reader", "--group", "crew", "--domain", "Default", "--inherited")
    weft("role", "remove", "member", "--user", "ann", "--project", "red")
    assert weft.json("role", "assignment", "list", "--user", "ann") == []
    for words, code, part in ((("member",), 2, "--user or --group"), (("member", "--user", "ann"), 2, "--project, --domain or --system"),
                              (("member", "--user", "ann", "--group", "crew", "--system"), 2, "exclude each other"),
                              (("member", "--user", "ann", "--system", "--project", "red"), 2, "a place by itself"),
                              (("member", "--user", "nobody", "--system"), 3, "no user 'nobody'"),
                              (("none", "--user", "ann", "--system"), 3, "no role 'none'")):
        assert weft.fails("role", "add", *words)[0] == code and part in weft.fails("role", "add", *words)[1], words


def test_regions_and_limits(weft):
    """A region is called by its id; limits are made one at a time here, and several at a time by the API."""
    made = weft.json("region", "create", "north", "--description", "words")
    assert (made["id"], made["description"]) == ("north", "words") and weft.json("region", "show", "north") == made
    weft("region", "create", "north-1", "--parent-region", "north")
    assert weft.json("region", "set", "north-1", "--description", "other")["parent_region_id"] == "north"
    assert [row["id"] for row in weft.json("region", "list", "--id", "north-1")] == ["north-1"]
    assert "north-1 north" in weft("region", "list", "-f", "value").splitlines()
    assert "regions in it" in weft.fails("region", "delete", "north")[1]
    weft("service", "create", "metered", "--type", "object-store")
    weft("project", "create", "small")
    words = ("--service", "metered", "--region", "north", "--resource-name", "container")
    registered = weft.json("registered", "limit", "create", *words, "--default-limit", "10")
    assert (registered["default_limit"], registered["region_id"]) == (10, "north")
    assert weft.json("registered", "limit", "set", registered["id"], "--default-limit", "20")["default_limit"] == 20
    limit = weft.json("limit", "create", "--project", "small", *words, "--resource-limit", "5")
    assert weft.json("limit", "set", limit["id"], "--resource-limit", "6")["resource_limit"] == 6
    assert [row["id"] for row in weft.json("limit", "list", "--project", "small")] == [limit["id"]]
    assert "There is no registered limit" in weft.fails("limit", "create", "--project", "small", "--service", "metered",
                                                        "--resource-name", "none", "--resource-limit", "1")[1]
    weft("limit", "delete", limit["id"])
    weft("registered", "limit", "delete", registered["id"])
    weft("region", "delete", "north-1", "north")
    assert weft.fails("region", "show", "north")[0] == 3


def test_application_credentials_access_rules_and_trusts(weft, weftd):
    """What users give away is made by a token of theirs; who administers sees it."""
    for name in ("owner", "friend"):
        weft("user", "create", name, "--password", "pw")
    weft("project", "create", "work")
    weft("role", "add", "member", "--user", "owner", "--project", "work")
    owner = Weft(weftd, log_in(weftd, "owner", "pw", project="work").headers["X-Subject-Token"])
    made = owner.json("application", "credential", "create", "backup", "--role", "reader", "--secret", "open", "--expiration", "2099-01-31T12:00:00Z",
                      "--description", "words", "--access-rule", "service=network,method=GET,path=/v2.0/networks")
    assert (made["secret"], made["unrestricted"], [role["name"] for role in made["roles"]]) == ("open", False, ["reader"])
    assert made["expires_at"].startswith("2099-01-31T12:00:00")
    rule, = owner.json("access", "rule", "list")
    assert (rule["service"], rule["method"], rule["path"]) == ("network", "GET", "/v2.0/networks")
    assert owner.json("access", "rule", "show", rule["id"]) == {**rule, **owner.json("access", "rule", "show", rule["id"])}
    other = owner.json("application", "credential", "create", "metrics", "--access-rule", rule["id"], "--unrestricted")
    assert len(other["secret"]) > 16 and other["unrestricted"] and [r["id"] for r in other["access_rules"]] == [rule["id"]]
    assert [row["name"] for row in weft.json("application", "credential", "list", "--user", "owner")] == ["backup", "metrics"]
    shown = owner.json("application", "credential", "show", "backup")
    assert shown["id"] == made["id"] and "secret" not in shown
    assert "used by" in owner.fails("access", "rule", "delete", rule["id"])[1]
    for name in ("backup", other["id"]):
        owner("application", "credential", "delete", name)
    weft("access", "rule", "delete", rule["id"], "--user", "owner")
    assert owner.json("access", "rule", "list") == []
    friend = weft.json("user", "show", "friend")["id"]
    project = weft.json("project", "show", "work")["id"]
    trust = owner.json("trust", "create", "--trustee", friend, "--project", project, "--role", "member", "--impersonate", "--remaining-uses", "3")
    assert (trust["trustee_user_id"], trust["project_id"], trust["impersonation"], trust["remaining_uses"]) == (friend, project, True, 3)
    assert weft.json("trust", "list", "--trustor", "owner", "--trustee", "friend")[0]["id"] == trust["id"]
    assert weft.json("trust", "show", trust["id"])["roles"][0]["name"] == "member"
    owner("trust", "delete", trust["id"])
    assert weft.json("trust", "list") == []
    for words, code, part in ((("application", "credential", "show", "gone"), 3, "no application credential 'gone'"),
                              (("application", "credential", "create", "x", "--access-rule", "method=GET,way=/"), 2, "service=…,method=…,path=…"),
                              (("trust", "create", "--project", project), 2, "--trustee is missing"),
                              (("trust", "show", trust["id"]), 3, trust["id"])):
        assert owner.fails(*words)[0] == code and part in owner.fails(*words)[1], words
    assert "the token is no user's" in weft.fails("application", "credential", "list")[1]


def test_quotas(weft, tmp_path):
    project = weft.json("project", "create", "bounded")["id"]
    limits = lambda: {row["resource"]: row["limit"] for row in weft.json("quota", "show", "bounded")}
    assert limits()["network"] == 100
    assert weft.json("quota", "set", "bounded", "--network", "2", "--security-group", "-1")["network"] == 2
    assert (limits()["network"], limits()["security_group"]) == (2, -1) and "network,2,0" in weft("quota", "show", project, "-f", "csv")
    weft("quota", "delete", "bounded")
    assert limits()["network"] == 100
    for words, code, part in ((("set", "bounded"), 2, "nothing to set"), (("set", "bounded", "--network", "many"), 2, "-1 for no limit"),
                              (("show", "nowhere"), 3, "no project 'nowhere'")):
        assert weft.fails("quota", *words)[0] == code and part in weft.fails("quota", *words)[1]
    # Without Identity a project is what a token says.
    server = Weftd(tmp_path, quotas={}).start()
    Weft(server)("quota", "set", "project-1", "--port", "7")
    assert {row["resource"]: row["limit"] for row in Weft(server).json("quota", "show", "project-1")}["port"] == 7
    server.stop()
