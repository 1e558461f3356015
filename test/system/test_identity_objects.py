"""Identity v3: tags of projects, and options of single objects; by the real `openstack` CLI and plain HTTP. Proves B2, B9."""
import pytest

from identity_server import Admin, admin_cli, client_of, start


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("objects"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def admin(weftd):
    return Admin(weftd)


@pytest.fixture(scope="module")
def cli(weftd):
    cli = admin_cli(weftd)
    yield cli
    cli.close()


def refused(answer, status, part):
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (status, status), answer.text
    assert part in error["message"] and error["title"] == "Forbidden", answer.text


def test_cli_tags_of_projects(cli):
    made = cli.json("project", "create", "tagged", "--tag", "red", "--tag", "fast")
    assert sorted(made["tags"]) == ["fast", "red"]
    cli("project", "create", "other", "--tag", "red")
    named = lambda *options: {p["Name"] for p in cli.json("project", "list", *options)} - {"admin"}
    assert named("--tags", "red") == {"tagged", "other"} and named("--tags", "red,fast") == {"tagged"}
    assert named("--tags-any", "fast,slow") == {"tagged"}
    assert named("--not-tags", "red,fast") == {"other"} and named("--not-tags-any", "fast") == {"other"}
    cli("project", "set", "other", "--clear-tags", "--tag", "slow")
    assert named("--tags", "red") == {"tagged"} and cli.json("project", "show", "other")["tags"] == ["slow"]
    cli("project", "set", "other", "--remove-tag", "slow")
    assert cli.json("project", "show", "other")["tags"] == []


def test_tags_of_projects(weftd, admin):
    client = admin.client
    user, project = admin.tenant("tagger")
    path = f"/v3/projects/{project}/tags"
    assert client.get(path).json["tags"] == [] and client.get(path).json["links"]["self"].endswith(path)
    assert client.call("PUT", f"{path}/one").status == client.call("PUT", f"{path}/one").status == 201
    assert client.call("PUT", f"{path}/two%20words").status == 201
    assert client.get(path).json["tags"] == ["one", "two words"]
    for method, where, status in (("GET", "one", 204), ("HEAD", "two%20words", 204), ("GET", "three", 404), ("DELETE", "three", 404)):
        assert client.call(method, f"{path}/{where}").status == status
    assert client.call("DELETE", f"{path}/one").status == 204
    replaced = client.call("PUT", path, {"tags": ["a", "b"]})
    assert replaced.status == 200 and replaced.json["tags"] == client.get(f"/v3/projects/{project}").json["project"]["tags"] == ["a", "b"]
    for wrong in ({"tags": ["a,b"]}, {"tags": ["a/b"]}, {"tags": [""]}, {"tags": ["x" * 256]}, {"tags": [5]}, {"tags": "a"}, {},
                  {"tags": ["a", "a"]}, {"tags": [f"t{i}" for i in range(81)]}):
        assert client.call("PUT", path, wrong).status == 400, wrong
    assert client.call("PUT", f"{path}/a%2Cb").status == 400
    own = client_of(weftd, "tagger", "pw", project="tagger")
    assert own.get(path).json["tags"] == ["a", "b"] and own.get(f"{path}/a").status == 204
    for method, where, body in (("PUT", path, {"tags": []}), ("PUT", f"{path}/c", None), ("DELETE", f"{path}/a", None), ("DELETE", path, None)):
        assert own.call(method, where, body).status == 403
    admin.tenant("stranger")
    assert client_of(weftd, "stranger", "pw", project="stranger").get(path).status == 403
    assert client.call("DELETE", path).status == 204 and client.get(path).json["tags"] == []
    for method, where in (("GET", "tags"), ("PUT", "tags/x"), ("DELETE", "tags")):
        assert client.call(method, f"/v3/projects/none/{where}").status == 404


def test_tags_and_administrators_of_domains(weftd, admin):
    domain = admin.make("domain", name="county")
    boss, project = admin.make("user", name="boss", password="pw", domain_id=domain), admin.make("project", name="p", domain_id=domain)
    admin.grant(boss, "admin", f"domains/{domain}")
    client = client_of(weftd, "boss", "pw", domain="county", domain_scope="county")
    assert client.call("PUT", f"/v3/projects/{project}/tags/mine").status == 201
    assert client.get(f"/v3/projects/{project}/tags").json["tags"] == ["mine"]
    foreign = admin.make("project", name="foreign")
    for method, where in (("GET", "tags"), ("PUT", "tags/x"), ("DELETE", "tags")):
        assert client.call(method, f"/v3/projects/{foreign}/{where}").status == 403


def test_cli_immutable(cli):
    for words in (("domain",), ("project",), ("role",)):
        made = cli.json(*words, "create", "fixed", "--immutable")
        assert made["options"] == {"immutable": True}
        assert "immutable" in cli.fails(*words, "set", "fixed", "--description", "text")
        assert "immutable" in cli.fails(*words, "delete", "fixed")
        cli(*words, "set", "fixed", "--no-immutable", *(["--disable"] if words == ("domain",) else []))
        cli(*words, "delete", "fixed")


def test_immutable(admin):
    client = admin.client
    for kind in ("domain", "project", "role"):
        made = admin.make(kind, name="stone", options={"immutable": True})
        path = f"/v3/{kind}s/{made}"
        refused(client.call("PATCH", path, {kind: {"name": "sand"}}), 403, "immutable")
        refused(client.call("PATCH", path, {kind: {"name": "sand", "options": {"immutable": True}}}), 403, "immutable")
        refused(client.call("DELETE", path), 403, "immutable")
        if kind == "project":
            for method, tag in (("PUT", "/x"), ("DELETE", "")):
                refused(client.call(method, f"{path}/tags{tag}"), 403, "immutable")
        for wrong in ({"immutable": "maybe"}, {"solid": True}, [], "x"):
            assert client.call("PATCH", path, {kind: {"options": wrong}}).status == 400
        assert client.call("PATCH", path, {kind: {"options": {}}}).status == 403
        assert client.get(path).json[kind]["options"] == {"immutable": True}
        changed = client.call("PATCH", path, {kind: {"name": "sand", "options": {"immutable": None}}})
        assert changed.status == 200 and changed.json[kind]["name"] == "sand" and changed.json[kind]["options"] == {}
        if kind == "domain":
            assert client.call("PATCH", path, {kind: {"enabled": False}}).status == 200
        assert client.call("DELETE", path).status == 204
    assert client.get("/v3/users").json["users"][0]["options"] == {}
