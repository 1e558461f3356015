"""Identity v3: trusts (OS-TRUST), by the real `openstack` CLI, python3-keystoneauth1 and plain HTTP. Proves B2, B9."""
import datetime
import types

import pytest

from conftest import wait_until
from identity_server import PASSWORD, Admin, client_of, log_in, says, start, token_of
from openstack_cli import Cli

TRUSTS = "/v3/OS-TRUST/trusts"


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("trusts"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def admin(weftd):
    return Admin(weftd)


def person(weftd, admin, name, role="member"):
    """A user in a project of its own; its client."""
    user, project = admin.tenant(name, role)
    return types.SimpleNamespace(id=user, project=project, name=name, client=client_of(weftd, name, "pw", project=name))


def lend(trustor, trustee, client=None, **inner):
    """The answer to a new trust."""
    body = {"trustor_user_id": trustor.id, "trustee_user_id": trustee.id, "project_id": trustor.project, "impersonation": False,
            "roles": [{"name": "member"}], **inner}
    return (client or trustor.client).call("POST", TRUSTS, {"trust": {key: value for key, value in body.items() if value is not ...}})


def use(weftd, trustee, trust, **identity):
    """The answer to a log-in of the trustee for the trust; by a token, which costs no hash."""
    identity = identity or {"methods": ["token"], "token": {"id": token_of(trustee.client)}}
    return weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": {"identity": identity, "scope": {"OS-TRUST:trust": {"id": trust}}}})


def by_password(trustee):
    return {"methods": ["password"], "password": {"user": {"id": trustee.id, "password": "pw"}}}


def trusting(weftd, trustee, trust, **identity):
    answer = use(weftd, trustee, trust, **identity)
    assert answer.status == 201, answer.text
    return weftd.client(answer.headers["X-Subject-Token"])


def made(answer):
    assert answer.status == 201, answer.text
    return answer.json["trust"]


def later(**delta):
    return (datetime.datetime.utcnow() + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_cli(weftd, admin):
    ann, bob = person(weftd, admin, "ann"), person(weftd, admin, "bob")
    cli = Cli(OS_AUTH_URL=weftd.url, OS_USERNAME="ann", OS_PASSWORD="pw", OS_PROJECT_NAME="ann", OS_USER_DOMAIN_ID="default",
              OS_PROJECT_DOMAIN_ID="default")
    trust = cli.json("trust", "create", "--project", ann.project, "--role", "member", "--impersonate", "--expiration", "2099-01-31T12:00:00",
                     ann.id, bob.id)
    assert (trust["trustor_user_id"], trust["trustee_user_id"], trust["project_id"]) == (ann.id, bob.id, ann.project)
    assert trust["impersonation"] is True and trust["expires_at"].startswith("2099-01-31T12:00:00") and "member" in str(trust["roles"])
    assert "403" in cli.fails("trust", "list"), "it can't ask for one's own"
    everybody = {"OS_USERNAME": "admin", "OS_PASSWORD": PASSWORD, "OS_PROJECT_NAME": "admin"}
    assert trust["id"] in [t["ID"] for t in cli.json("trust", "list", **everybody)]
    assert cli.json("trust", "show", trust["id"])["trustee_user_id"] == bob.id
    other = {"OS_AUTH_URL": weftd.url, "OS_AUTH_TYPE": "v3password", "OS_USER_ID": bob.id, "OS_PASSWORD": "pw", "OS_TRUST_ID": trust["id"]}
    network = cli.json("network", "create", "lent", only=other)
    assert network["project_id"] == ann.project
    assert cli.json("token", "issue", only=other)["user_id"] == ann.id
    cli("trust", "delete", trust["id"])
    assert "401" in cli.fails("network", "list", only=other)
    cli.close()


def test_what_it_is_like(weftd, admin):
    carl, dora = person(weftd, admin, "carl"), person(weftd, admin, "dora")
    trust = made(lend(carl, dora, roles=[{"id": admin.role("reader")}, {"name": "reader"}]))
    assert {key: trust[key] for key in ("impersonation", "expires_at", "remaining_uses", "redelegation_count", "redelegated_trust_id", "deleted_at")} \
        == {"impersonation": False, "expires_at": None, "remaining_uses": None, "redelegation_count": 0, "redelegated_trust_id": None, "deleted_at": None}
    assert [role["name"] for role in trust["roles"]] == ["reader"] and trust["links"]["self"].endswith(f"{TRUSTS}/{trust['id']}")
    path = f"{TRUSTS}/{trust['id']}"
    for client in (carl.client, dora.client, admin.client):
        assert client.get(path).json["trust"] == trust
        assert [role["name"] for role in client.get(f"{path}/roles").json["roles"]] == ["reader"]
        assert client.get(f"{path}/roles/{admin.role('reader')}").json["role"]["name"] == "reader"
        assert client.call("HEAD", f"{path}/roles/{admin.role('reader')}").status == 200
        assert client.get(f"{path}/roles/{admin.role('member')}").status == client.get(f"{path}/roles/none").status == 404
    listed = carl.client.get(f"{TRUSTS}?trustor_user_id={carl.id}").json["trusts"]
    assert [t["id"] for t in listed] == [trust["id"]] and "roles" not in listed[0]
    assert dora.client.get(f"{TRUSTS}?trustee_user_id={dora.id}").json["trusts"] == listed
    assert listed[0] in admin.client.get(TRUSTS).json["trusts"]
    assert dora.client.get(f"{TRUSTS}?trustor_user_id={dora.id}").json["trusts"] == []
    token = use(weftd, dora, trust["id"]).json["token"]
    assert token["user"]["id"] == dora.id and token["project"]["id"] == carl.project
    assert token["OS-TRUST:trust"] == {"id": trust["id"], "impersonation": False, "trustor_user": {"id": carl.id}, "trustee_user": {"id": dora.id}}
    assert [role["name"] for role in token["roles"]] == ["reader"]
    client = trusting(weftd, dora, trust["id"])
    assert client.get("/v2.0/networks").status == 200 and client.call("POST", "/v2.0/networks", {"network": {}}).status == 403
    # By a password too; a token by a trust is not exchanged.
    assert use(weftd, dora, trust["id"], **by_password(dora)).status == 201
    again = weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": {"identity": {"methods": ["token"], "token": {"id": token_of(client)}}}})
    assert again.status == 403


def test_who_may(weftd, admin):
    emil, fred, eve = (person(weftd, admin, name) for name in ("emil", "fred", "eve"))
    trust = made(lend(emil, fred, impersonation=True))["id"]
    path = f"{TRUSTS}/{trust}"
    for client in (fred.client, eve.client, admin.client):
        assert lend(emil, fred, client=client).status == 403
    assert eve.client.get(path).status == eve.client.get(f"{path}/roles").status == 403
    assert fred.client.call("DELETE", path).status == eve.client.call("DELETE", path).status == 403
    assert eve.client.get(TRUSTS).status == eve.client.get(f"{TRUSTS}?trustor_user_id={emil.id}").status == 403
    assert use(weftd, eve, trust).status == 403 and use(weftd, eve, "none").status == 401
    for inner, status in (({"roles": []}, 403), ({"roles": ...}, 403), ({"roles": [{"name": "admin"}]}, 404), ({"roles": [{}]}, 404),
                          ({"project_id": eve.project}, 404), ({"project_id": ...}, 404), ({"trustee_user_id": "none"}, 400),
                          ({"impersonation": ...}, 400), ({"impersonation": "perhaps"}, 400), ({"remaining_uses": 0}, 400), ({"remaining_uses": -1}, 400),
                          ({"expires_at": "2001-01-31T12:00:00Z"}, 400), ({"expires_at": "soon"}, 400), ({"redelegation_count": -1}, 400),
                          ({"allow_redelegation": True, "redelegation_count": 4}, 403), ({"allow_redelegation": True, "remaining_uses": 1}, 400)):
        assert lend(emil, fred, **inner).status == status, inner
    # With the trustor's face on, the trustee does nothing lasting in his name, and learns no secret of his.
    client = trusting(weftd, fred, trust)
    assert client.call("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token_of(client)}).json["token"]["user"]["id"] == emil.id
    assert emil.client.call("POST", "/v3/credentials", {"credential": {"type": "totp", "blob": "GEZDGNBVGY3TQOJQ"}}).status == 201
    other = made(lend(emil, eve))["id"]
    for method, where, body in (("POST", TRUSTS, {"trust": {}}), ("DELETE", path, None), ("DELETE", f"{TRUSTS}/{other}", None),
                                ("GET", f"{TRUSTS}/{other}", None), ("GET", f"{TRUSTS}?trustor_user_id={emil.id}", None),
                                ("POST", f"/v3/users/{emil.id}/application_credentials", {"application_credential": {"name": "x"}}),
                                ("GET", f"/v3/users/{emil.id}/application_credentials", None), ("GET", "/v3/credentials", None),
                                ("POST", "/v3/credentials", {"credential": {"type": "x", "blob": "x"}}), ("GET", f"/v3/projects/{fred.project}", None)):
        assert client.call(method, where, body).status == 403, (method, where)
    assert client.get(path).status == 200
    made_by = emil.client.call("POST", f"/v3/users/{emil.id}/application_credentials", {"application_credential": {
        "name": "robot", "secret": "s", "unrestricted": True}}).json["application_credential"]
    auth = {"methods": ["application_credential"], "application_credential": {"id": made_by["id"], "secret": "s"}}
    robot = weftd.client(weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": {"identity": auth}}).headers["X-Subject-Token"])
    assert lend(emil, fred, client=robot).status == robot.get(path).status == robot.call("DELETE", path).status == 403
    assert use(weftd, emil, trust, **auth).status == 400
    assert emil.client.call("DELETE", path).status == 204 and emil.client.get(path).status == 404
    assert client.get("/v2.0/networks").status == 401


def test_it_ends_with_what_it_stands_on(weftd, admin):
    gina, hans = person(weftd, admin, "gina"), person(weftd, admin, "hans")
    trust = made(lend(gina, hans, impersonation=True))["id"]
    client = trusting(weftd, hans, trust, **by_password(hans))
    works = lambda: client.get("/v2.0/networks").status == 200
    user = lambda who, **change: admin.client.call("PATCH", f"/v3/users/{who.id}", {"user": change}).status
    for who in (gina, hans):
        assert works() and user(who, enabled=False) == 200 and not works() and use(weftd, hans, trust, **by_password(hans)).status == 401
        assert user(who, enabled=True) == 200
    for who in (gina, hans):
        client = trusting(weftd, hans, trust, **by_password(hans))
        assert works() and user(who, password="pw") == 200 and not works()
    client = trusting(weftd, hans, trust, **by_password(hans))
    role = f"/v3/projects/{gina.project}/users/{gina.id}/roles/{admin.role('member')}"
    assert works() and admin.client.call("DELETE", role).status == 204 and not works() and use(weftd, hans, trust, **by_password(hans)).status == 401
    assert admin.client.call("PUT", role).status == 204 and works()
    assert admin.client.call("DELETE", f"/v3/users/{gina.id}").status == 204
    assert not works() and use(weftd, hans, trust, **by_password(hans)).status == 401 and admin.client.get(f"{TRUSTS}/{trust}").status == 404


def test_uses_and_time(weftd, admin):
    ida, jack = person(weftd, admin, "ida"), person(weftd, admin, "jack")
    trust = made(lend(ida, jack, remaining_uses=2))["id"]
    first = trusting(weftd, jack, trust)
    assert ida.client.get(f"{TRUSTS}/{trust}").json["trust"]["remaining_uses"] == 1
    assert use(weftd, jack, trust, methods=["password"], password={"user": {"id": jack.id, "password": "wrong"}}).status == 401
    trusting(weftd, jack, trust)
    assert use(weftd, jack, trust).status == 401 and first.get("/v2.0/networks").status == 200
    assert ida.client.get(f"{TRUSTS}/{trust}").status == 404 and ida.client.get(f"{TRUSTS}?trustor_user_id={ida.id}").json["trusts"] == []
    assert ida.client.call("DELETE", f"{TRUSTS}/{trust}").status == 204 and first.get("/v2.0/networks").status == 401
    short = made(lend(ida, jack, expires_at=later(seconds=6)))
    answer = use(weftd, jack, short["id"])
    assert answer.status == 201 and answer.json["token"]["expires_at"] == short["expires_at"]
    client = weftd.client(answer.headers["X-Subject-Token"])
    wait_until(lambda: client.get("/v2.0/networks").status == 401, what="the trust has expired")
    assert use(weftd, jack, short["id"]).status == 401 and ida.client.get(f"{TRUSTS}/{short['id']}").status == 404
    assert ida.client.call("DELETE", f"{TRUSTS}/{short['id']}").status == 204


def test_lent_on(weftd, admin):
    kate, liam, mona, nick = (person(weftd, admin, name) for name in ("kate", "liam", "mona", "nick"))
    first = made(lend(kate, liam, impersonation=True, allow_redelegation=True, expires_at=later(days=1)))
    assert first["redelegation_count"] == 3
    client = trusting(weftd, liam, first["id"])
    for inner in ({"expires_at": later(days=2)}, {"project_id": liam.project}, {"allow_redelegation": True, "redelegation_count": 3}):
        assert lend(kate, mona, client=client, **inner).status == 403, inner
    assert lend(kate, mona, client=client, roles=[{"name": "admin"}]).status == 404
    assert lend(liam, mona, client=client).status == 403, "the token is kate's"
    second = made(lend(kate, mona, client=client, impersonation=True, allow_redelegation=True))
    assert (second["redelegation_count"], second["redelegated_trust_id"], second["expires_at"]) == (2, first["id"], first["expires_at"])
    third = made(lend(kate, nick, client=trusting(weftd, mona, second["id"]), impersonation=False, roles=[{"name": "reader"}]))
    assert third["redelegation_count"] == 0
    last = trusting(weftd, nick, third["id"])
    assert last.get("/v2.0/networks").status == 200
    assert lend(nick, mona, client=last, project_id=kate.project, roles=[{"name": "reader"}]).status == 403, "it may not be lent on"
    # An agent in between who is disabled, and a trust in between that is gone.
    assert admin.client.call("PATCH", f"/v3/users/{liam.id}", {"user": {"enabled": False}}).status == 200
    assert last.get("/v2.0/networks").status == 401 and use(weftd, nick, third["id"]).status == 401
    assert admin.client.call("PATCH", f"/v3/users/{liam.id}", {"user": {"enabled": True}}).status == 200
    assert last.get("/v2.0/networks").status == 200
    assert kate.client.call("DELETE", f"{TRUSTS}/{second['id']}").status == 204
    assert last.get("/v2.0/networks").status == 401 and admin.client.get(f"{TRUSTS}/{third['id']}").status == 404


def test_keystoneauth_and_the_log(weftd, admin):
    identity = pytest.importorskip("keystoneauth1.identity.v3")
    from keystoneauth1 import session

    olaf, paul = person(weftd, admin, "olaf"), person(weftd, admin, "paul")
    trust = made(lend(olaf, paul, impersonation=True))["id"]
    auth = identity.Password(auth_url=weftd.url + "/v3", user_id=paul.id, password="pw", trust_id=trust)
    real = session.Session(auth=auth)
    assert (real.get_user_id(), real.get_project_id()) == (olaf.id, olaf.project)
    assert auth.get_access(real).trust_scoped and auth.get_access(real).trustee_user_id == paul.id
    for line in (f"trust {trust} is made: user {olaf.id} lends to user {paul.id} by user {olaf.id}",
                 f"user {paul.id} logged in by password for a project of trust {trust}, with token"):
        says(weftd, line)


def test_it_survives_a_restart(weftd, admin):
    quin, rose = person(weftd, admin, "quin"), person(weftd, admin, "rose")
    trust = made(lend(quin, rose, remaining_uses=2))["id"]
    token = token_of(trusting(weftd, rose, trust))
    weftd.stop()
    weftd.start()
    assert weftd.client(token).get("/v2.0/networks").status == 200
    assert use(weftd, rose, trust).status == 201 and use(weftd, rose, trust).status == 401
    assert log_in(weftd, "rose", "pw").status == 201
