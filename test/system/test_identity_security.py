"""Identity v3 against those who want more than they may have. Proves B2, B9."""
import contextlib
import datetime
import itertools
import json
import sqlite3

import pytest

from identity_server import PASSWORD, Admin, client_of, log_in, start, token_of
from conftest import wait_until
from test_identity import guess
from weftd import ADMIN


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("security"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def admin(weftd):
    return Admin(weftd)


def test_headers_and_methods(weftd):
    client = weftd.client(None)
    refused = client.get("/v3/users")
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="weft"')
    assert refused.json["error"]["code"] == 401
    for method, path, status in (("GET", "/v3", 200), ("GET", "/v3/users", 401), ("GET", "/v3/none", 404)):
        assert (client.call(method, path).status, client.call(method, path).headers["Vary"]) == (status, "X-Auth-Token"), path
    wrong = client.call("PUT", "/v3/users", {})
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, HEAD, POST")
    options = client.call("OPTIONS", "/v3/projects/x")
    assert (options.status, options.headers["Allow"]) == (200, "GET, HEAD, PATCH, DELETE")
    assert client.call("OPTIONS", "/v3/none").status == 404
    head = weftd.client(ADMIN).call("HEAD", "/v3/users")
    assert (head.status, head.text) == (200, b"") and int(head.headers["Content-Length"]) > 2


def test_what_is_not_supported_says_so(weftd):
    client = weftd.client(ADMIN)
    for path, what in (("OS-FEDERATION/mappings/x", "Federated identities"),
                       ("OS-OAUTH1/consumers", "OAuth"), ("OS-EP-FILTER/endpoint_groups", "Endpoint groups"),
                       ("policies", "Policies"), ("users/x/credentials/OS-EC2", "EC2 credentials"),
                       ("domains/x/config", "Configurations of domains")):
        answer = client.get(f"/v3/{path}")
        assert (answer.status, answer.json["error"]["code"]) == (501, 501) and what in answer.json["error"]["message"], path


def test_who_may_ask_about_tokens(weftd, admin):
    """The bearer, administrators, readers of the system and services; not somebody with another token."""
    admin.make("role", name="service")
    service, _ = admin.tenant("nova", role="service")
    auditor = admin.make("user", name="auditor", password="pw")
    admin.grant(auditor, "reader", "system")
    admin.tenant("tom")
    admin.tenant("eve", role="member")
    tom, eve = client_of(weftd, "tom", "pw", project="tom"), client_of(weftd, "eve", "pw", project="eve")
    about = {"X-Subject-Token": token_of(tom)}
    for client, status in ((tom, 200), (eve, 403), (client_of(weftd, "nova", "pw", project="nova"), 200),
                           (client_of(weftd, "auditor", "pw", system=True), 200), (weftd.client(ADMIN), 200)):
        assert client.call("GET", "/v3/auth/tokens", headers=about).status == status
        assert client.call("HEAD", "/v3/auth/tokens", headers=about).status == status
    shown = tom.call("GET", "/v3/auth/tokens?nocatalog", headers=about).json["token"]
    assert "catalog" not in shown and shown["user"]["name"] == "tom"
    assert "catalog" not in log_in(weftd, "tom", "pw", project="tom", query="?nocatalog").json["token"]
    for client in (eve, client_of(weftd, "nova", "pw", project="nova"), client_of(weftd, "auditor", "pw", system=True)):
        assert client.call("DELETE", "/v3/auth/tokens", headers=about).status == 403
    assert tom.get("/v2.0/networks").status == 200
    assert weftd.client(ADMIN).call("DELETE", "/v3/auth/tokens", headers=about).status == 204
    assert tom.get("/v2.0/networks").status == 401


def test_expired_tokens_are_shown_to_services_only(tmp_path):
    server = start(tmp_path, token_lifetime=2)
    admin = Admin(server)
    admin.tenant("tom")
    tom = client_of(server, "tom", "pw", project="tom")
    about = {"X-Subject-Token": token_of(tom)}
    wait_until(lambda: tom.get("/v2.0/networks").status != 200, what="the token has expired")
    client = server.client(ADMIN)
    assert client.call("GET", "/v3/auth/tokens", headers=about).status == 404
    shown = client.call("GET", "/v3/auth/tokens?allow_expired=1", headers=about)
    assert shown.status == 200 and shown.json["token"]["user"]["name"] == "tom"
    assert tom.call("GET", "/v3/auth/tokens?allow_expired=1", headers=about).status == 401
    again = client_of(server, "tom", "pw", project="tom")
    assert again.call("GET", "/v3/auth/tokens?allow_expired=1", headers=about).status == 404
    assert client.call("DELETE", "/v3/auth/tokens", headers=about).status == 404
    server.stop()


def test_reader_of_the_system_sees_and_changes_nothing(weftd, admin):
    ruth = admin.make("user", name="ruth", password="pw")
    admin.grant(ruth, "reader", "system")
    client = client_of(weftd, "ruth", "pw", system=True)
    project = admin.make("project", name="ruths")
    for path in ("users", "projects", "domains", "groups", "roles", "services", "endpoints", "regions", "limits",
                 "registered_limits", "role_assignments", "role_inferences", f"users/{ruth}", f"projects/{project}",
                 f"system/users/{ruth}/roles", f"users/{ruth}/projects", f"users/{ruth}/application_credentials"):
        assert client.get(f"/v3/{path}").status == 200, path
    for method, path, body in (("POST", "users", {"user": {"name": "x"}}), ("PATCH", f"users/{ruth}", {"user": {"name": "x"}}),
                               ("DELETE", f"projects/{project}", None), ("POST", "regions", {"region": {"id": "x"}}),
                               ("PUT", f"system/users/{ruth}/roles/{admin.role('admin')}", None)):
        assert client.call(method, f"/v3/{path}", body).status == 403, path


def test_a_member_changes_nothing_in_identity(weftd, admin):
    mallory, project = admin.tenant("mallory")
    client = client_of(weftd, "mallory", "pw", project="mallory")
    role = admin.role("admin")
    for method, path, body in (
            ("PUT", f"projects/{project}/users/{mallory}/roles/{role}", None),
            ("PUT", f"system/users/{mallory}/roles/{role}", None),
            ("PUT", f"OS-INHERIT/domains/default/users/{mallory}/roles/{role}/inherited_to_projects", None),
            ("PUT", f"roles/{admin.role('member')}/implies/{role}", None),
            ("PATCH", f"users/{mallory}", {"user": {"enabled": True, "password": "new"}}),
            ("PATCH", f"projects/{project}", {"project": {"name": "x"}}),
            ("POST", "users", {"user": {"name": "x"}}), ("GET", "role_assignments", None), ("GET", "groups", None),
            ("POST", "domains", {"domain": {"name": "x"}}), ("POST", "endpoints", {"endpoint": {}})):
        assert client.call(method, f"/v3/{path}", body).status == 403, path


def test_roles_that_the_policy_makes_administrators(tmp_path):
    """Who administers a domain gives nobody a role that the Networking API takes for an administrator's."""
    policy = tmp_path / "policy.yaml"
    policy.write_text('"context_is_admin": "role:admin or role:root"\n')
    server = start(tmp_path, policy=policy)
    admin = Admin(server)
    domain = admin.make("domain", name="duchy")
    boss, project = admin.make("user", name="boss", password="pw", domain_id=domain), admin.make("project", name="p", domain_id=domain)
    admin.grant(boss, "admin", f"domains/{domain}")
    root, plain = admin.make("role", name="root"), admin.make("role", name="plain")
    over = admin.make("role", name="over")
    assert admin.client.call("PUT", f"/v3/roles/{over}/implies/{root}").status == 201
    client = client_of(server, "boss", "pw", domain="duchy", domain_scope="duchy")
    for role, status in ((root, 403), (over, 403), (plain, 204)):
        assert client.call("PUT", f"/v3/projects/{project}/users/{boss}/roles/{role}").status == status
    server.stop()


def test_tokens_end_with_what_they_stand_for(weftd, admin):
    user, project = admin.tenant("zoe")
    tokens = [client_of(weftd, "zoe", "pw", project="zoe") for _ in range(2)]
    for path, change, back in ((f"users/{user}", {"user": {"enabled": False}}, {"user": {"enabled": True}}),
                               (f"projects/{project}", {"project": {"enabled": False}}, {"project": {"enabled": True}})):
        assert admin.client.call("PATCH", f"/v3/{path}", change).status == 200
        assert tokens[0].get("/v2.0/networks").status == tokens[0].get("/v3/auth/projects").status == 401
        assert admin.client.call("PATCH", f"/v3/{path}", back).status == 200
        assert tokens[0].get("/v2.0/networks").status == 200
    assert admin.client.call("DELETE", f"/v3/users/{user}").status == 204
    assert tokens[1].get("/v2.0/networks").status == 401
    # A second one of the same name is somebody else.
    other = admin.make("user", name="zoe", password="pw")
    admin.grant(other, "member", f"projects/{project}")
    assert tokens[1].get("/v2.0/networks").status == 401


def test_projects_of_others_are_not_given_away(weftd, admin):
    """project_id and tenant_id of another project, alone, in bulk and below another object."""
    _, own = admin.tenant("ann")
    _, others = admin.tenant("bob")
    ann, bob = client_of(weftd, "ann", "pw", project="ann"), client_of(weftd, "bob", "pw", project="bob")
    hidden = bob.make("network", name="hidden")["id"]
    for inner in ({"project_id": others}, {"tenant_id": others}, {"project_id": own, "tenant_id": others}):
        assert ann.call("POST", "/v2.0/networks", {"network": {"name": "n", **inner}}).status in (400, 403)
        assert ann.call("POST", "/v2.0/networks", {"networks": [{"name": "n"}, {"name": "n", **inner}]}).status in (400, 403)
    assert ann.get("/v2.0/networks", name="n").json["networks"] == []
    network = ann.make("network", name="mine")["id"]
    for method, path, body in (
            ("POST", "subnets", {"subnet": {"network_id": hidden, "cidr": "10.0.0.0/24", "ip_version": 4}}),
            ("POST", "subnets", {"subnet": {"network_id": network, "cidr": "10.0.0.0/24", "ip_version": 4, "project_id": others}}),
            ("POST", "ports", {"port": {"network_id": hidden}}),
            ("POST", "ports", {"ports": [{"network_id": network}, {"network_id": network, "project_id": others}]}),
            ("PUT", f"networks/{network}", {"network": {"project_id": others}}),
            ("PUT", f"networks/{hidden}", {"network": {"name": "x"}}),
            ("PUT", f"networks/{hidden}/tags/x", None),
            ("POST", "rbac-policies", {"rbac_policy": {"object_type": "network", "object_id": network, "target_tenant": "*",
                                                       "action": "access_as_shared"}}),
            ("POST", "rbac-policies", {"rbac_policy": {"object_type": "network", "object_id": hidden, "target_tenant": own,
                                                       "action": "access_as_shared"}}),
            ("PUT", f"quotas/{own}", {"quota": {"network": -1}})):
        assert ann.call(method, f"/v2.0/{path}", body).status in (400, 403, 404), (method, path, body)
    assert ann.get("/v2.0/networks", project_id=others).json["networks"] == []
    assert ann.get(f"/v2.0/quotas/{others}").status in (403, 404)


def test_nobody_locks_others_out(weftd, admin):
    """Guessing is counted per user and address: another user, and the right password of him, are not slowed down."""
    admin.tenant("victim")
    admin.tenant("calm")
    answers = guess(lambda: log_in(weftd, "victim", "wrong").status)
    assert set(answers[:10]) == {401} and answers[-1] == 429, answers
    assert log_in(weftd, "victim", "pw").status == 429
    assert log_in(weftd, "calm", "pw", project="calm").status == 201


def test_an_id_is_counted_however_it_is_spelt(weftd, admin):
    """Guessing by POST /v3/users/ID/password: capital letters in the id make no other user of it."""
    user, _ = admin.tenant("speller")
    spellings = itertools.cycle(sorted({user, user.upper(), user.capitalize(), user[:12].upper() + user[12:]}))
    body = {"user": {"original_password": "wrong", "password": "other"}}
    answers = guess(lambda: weftd.client(None).call("POST", f"/v3/users/{next(spellings)}/password", body).status, most=40)
    assert set(answers[:10]) == {401} and answers[-1] == 429 and len(answers) < 30, answers


def test_what_is_lent_is_not_reached_for(weftd, admin):
    """Who administers a domain does not log in as somebody there to whom admin of the cloud is lent."""
    domain = admin.make("domain", name="march")
    boss, trustee = (admin.make("user", name=name, password="pw", domain_id=domain) for name in ("boss", "trustee"))
    admin.grant(boss, "admin", f"domains/{domain}")
    client, root = client_of(weftd, "boss", "pw", domain="march", domain_scope="march"), client_of(weftd, project="admin")
    own = root.call("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token_of(root)}).json["token"]
    reset = lambda: client.call("PATCH", f"/v3/users/{trustee}", {"user": {"password": "mine"}}).status
    lend = lambda role: root.call("POST", "/v3/OS-TRUST/trusts", {"trust": {
        "trustor_user_id": own["user"]["id"], "trustee_user_id": trustee, "project_id": own["project"]["id"], "impersonation": True,
        "roles": [{"name": role}]}}).json["trust"]["id"]
    assert reset() == 200
    lend("reader")
    assert reset() == 200
    trust = lend("admin")
    assert reset() == client.call("DELETE", f"/v3/users/{trustee}").status == 403
    assert root.call("DELETE", f"/v3/OS-TRUST/trusts/{trust}").status == 204 and reset() == 200


def test_tokens_are_short(weftd, admin):
    """What services keep of tokens has room for 255 characters."""
    admin.tenant("shorty")
    assert len(token_of(client_of(weftd, "shorty", "pw", project="shorty"))) <= 255


def keys_in(server, older_by=0):
    """The keys in the store of a weftd that is not running, each made older by so many seconds; when they were made."""
    with contextlib.closing(sqlite3.connect(server.folder / "weft.db")) as database:
        rows = database.execute("SELECT id, data FROM object WHERE kind = 'token_key'").fetchall()
        made = []
        for key, data in rows:
            data = json.loads(data)
            then = datetime.datetime.fromisoformat(data["created_at"].replace("Z", "+00:00")) - datetime.timedelta(seconds=older_by)
            data["created_at"] = then.strftime("%Y-%m-%dT%H:%M:%SZ")
            made.append(data["created_at"])
            database.execute("UPDATE object SET data = ? WHERE id = ? AND kind = 'token_key'", (json.dumps(data), key))
        database.commit()
    return sorted(made)


def test_the_key_is_renewed(tmp_path):
    """An old key gets a successor, opens what it has sealed, and goes when that has expired."""
    server = start(tmp_path, token_lifetime=30 * 86400, key_days=1)
    listens = lambda token: server.client(token).get("/v3/auth/projects").status
    first = log_in(server).headers["X-Subject-Token"]
    server.stop()
    assert len(keys_in(server, older_by=2 * 86400)) == 1
    server.start()
    assert listens(first) == 200
    server.stop()
    assert len(keys_in(server)) == 2
    server.start()
    second = log_in(server).headers["X-Subject-Token"]
    assert listens(first) == listens(second) == 200
    server.stop()
    keys_in(server, older_by=31 * 86400)  # the successor's 31 days are less than a token's 30 and the 2 after it
    server.start()
    server.stop()
    assert len(keys_in(server)) == 3
    keys_in(server, older_by=2 * 86400)
    server.start()
    server.stop()
    server.start()
    assert (listens(first), listens(second)) == (401, 200)
    assert any("there is a new key" in line for line in server.lines) is False
    server.stop()


def test_access_rules(weftd, admin):
    """An application credential is good for the requests that its rules name, and for no other, here and elsewhere."""
    user, _ = admin.tenant("rob")
    client = client_of(weftd, "rob", "pw", project="rob")
    network = client.make("network", name="robs")["id"]
    path, rules = f"/v3/users/{user}/application_credentials", f"/v3/users/{user}/access_rules"
    make = lambda **inner: client.call("POST", path, {"application_credential": {"unrestricted": True, **inner}})
    read = {"service": "network", "method": "GET", "path": "/v2.0/networks/*"}
    identity = {"service": "identity", "method": "GET", "path": "/v3/auth/projects"}
    for wrong in ([], "x", [5], [{}], [{**read, "method": "LOOK"}], [{**read, "path": "networks"}], [{"id": "x"}], [{**read, "x": 1}]):
        assert make(name="wrong", access_rules=wrong).status == 400, wrong
    assert client.get(rules).json["access_rules"] == []
    made = make(name="robot", secret="s", access_rules=[read, identity]).json["application_credential"]
    assert [{key: rule[key] for key in read} for rule in made["access_rules"]] == [read, identity]
    assert client.get(rules).json["access_rules"] == made["access_rules"]
    again = make(name="second", access_rules=[read, {"id": made["access_rules"][1]["id"]}]).json["application_credential"]
    assert again["access_rules"] == made["access_rules"], "a rule of the same content is the same"
    auth = {"identity": {"methods": ["application_credential"], "application_credential": {"id": made["id"], "secret": "s"}}}
    answer = weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": auth})
    assert answer.json["token"]["application_credential"]["access_rules"] == made["access_rules"]
    robot = weftd.client(answer.headers["X-Subject-Token"])
    assert robot.get(f"/v2.0/networks/{network}").status == robot.get("/v3/auth/projects").status == 200
    for method, where in (("GET", "/v2.0/networks"), ("HEAD", f"/v2.0/networks/{network}"), ("DELETE", f"/v2.0/networks/{network}"),
                          ("GET", f"/v2.0/networks/{network}/tags"), ("GET", "/v3/auth/domains"), ("GET", path), ("POST", path),
                          ("GET", "/v3/auth/tokens"), ("GET", "/weft/v1/status")):
        assert robot.call(method, where, {} if method == "POST" else None).status == 403, (method, where)
    about = {"X-Subject-Token": token_of(robot)}
    assert weftd.client(ADMIN).call("GET", "/v3/auth/tokens", headers=about).status == 404
    knows = {**about, "OpenStack-Identity-Access-Rules": "1.0"}
    assert weftd.client(ADMIN).call("GET", "/v3/auth/tokens", headers=knows).status == 200
    rule = f"{rules}/{made['access_rules'][0]['id']}"
    assert client.get(rule).json["access_rule"] == made["access_rules"][0]
    assert client.call("DELETE", rule).status == 403
    eve = client_of(weftd, "eve", "pw", project="eve")
    assert eve.get(rules).status == eve.get(rule).status == eve.call("DELETE", rule).status == 403
    for credential in (made, again):
        assert client.call("DELETE", f"{path}/{credential['id']}").status == 204
    assert client.call("DELETE", rule).status == 204 and client.get(rule).status == 404


def test_credentials_are_their_owners(weftd, admin):
    olga, _ = admin.tenant("olga")
    client, eve = client_of(weftd, "olga", "pw", project="olga"), client_of(weftd, "eve", "pw", project="eve")
    eves = eve.call("POST", "/v3/credentials", {"credential": {"type": "cert", "blob": "eves"}}).json["credential"]
    made = client.call("POST", "/v3/credentials", {"credential": {"type": "cert", "blob": "secret"}})
    assert made.status == 201 and made.json["credential"]["user_id"] == olga
    path = f"/v3/credentials/{made.json['credential']['id']}"
    assert client.get("/v3/credentials").json["credentials"] == [made.json["credential"]]
    assert client.get(f"/v3/credentials?user_id={eves['user_id']}").json["credentials"] == [made.json["credential"]]
    assert client.call("PATCH", path, {"credential": {"blob": "other"}}).json["credential"]["blob"] == "other"
    for method, where, body in (("GET", path, None), ("PATCH", path, {"credential": {"blob": "x"}}), ("DELETE", path, None),
                                ("POST", "/v3/credentials", {"credential": {"type": "x", "blob": "x", "user_id": olga}}),
                                ("PATCH", f"/v3/credentials/{eves['id']}", {"credential": {"user_id": olga}})):
        assert eve.call(method, where, body).status == 403, (method, where)
    both = {c["id"] for c in weftd.client(ADMIN).get("/v3/credentials").json["credentials"]}
    assert {eves["id"], made.json["credential"]["id"]} <= both
    secret = client.call("POST", f"/v3/users/{olga}/application_credentials", {"application_credential": {"name": "r", "secret": "s"}})
    auth = {"identity": {"methods": ["application_credential"],
                         "application_credential": {"id": secret.json["application_credential"]["id"], "secret": "s"}}}
    robot = weftd.client(weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": auth}).headers["X-Subject-Token"])
    assert robot.call("POST", "/v3/credentials", {"credential": {"type": "x", "blob": "x"}}).status == 403
    assert robot.call("DELETE", path).status == 403
    assert client.call("DELETE", path).status == 204 and client.get(path).status == 404


def test_the_log_says_who_did_what_and_no_secret(weftd, admin):
    admin.tenant("lara")
    lara = client_of(weftd, "lara", "pw", project="lara")
    token = token_of(lara)
    log_in(weftd, "lara", "not-her-password")
    client = client_of(weftd, project="admin")
    user = client.call("POST", "/v3/users", {"user": {"name": "logged", "password": "hush-hush"}}).json["user"]["id"]
    client.call("PATCH", f"/v3/users/{user}", {"user": {"password": "hush-again"}})
    own = lara.call("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token}).json["token"]
    made = lara.call("POST", f"/v3/users/{own['user']['id']}/application_credentials",
                     {"application_credential": {"name": "robot", "secret": "robots-secret"}}).json["application_credential"]
    lara.call("DELETE", "/v3/auth/tokens", headers={"X-Subject-Token": token})
    weftd.client(None).call("POST", "/v3/users/x%0A12:00:00%20weftd%5B1%5D%20info:%20audit:%20all%20is%20well/password",
                            {"user": {"original_password": "a", "password": "b"}})
    weftd.client(None).get("/healthz")
    wait_until(lambda: any("all is well" in line for line in weftd.lines))
    lines = [line for line in weftd.lines if " audit: " in line]
    admins = client.call("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token_of(client)}).json["token"]
    by_admin = f"by user {admins['user']['id']} with token {admins['audit_ids'][0]} from 127.0.0.1"
    for wanted in (f"user {own['user']['id']} logged in by password for a project, with token {own['audit_ids'][0]} from 127.0.0.1",
                   f"user {own['user']['id']} failed to log in by password from 127.0.0.1",
                   f"user {user} is made, with a password {by_admin}", f"user {user} is changed, with a new password {by_admin}",
                   f"application credential {made['id']} is made by user {own['user']['id']}",
                   f"token {own['audit_ids'][0]} of user {own['user']['id']} is revoked"):
        assert any(wanted in line for line in lines), wanted
    assert not any(line.startswith("12:00:00") for line in weftd.lines)
    text = "".join(weftd.lines)
    for secret in (token, "hush-hush", "hush-again", "robots-secret", "not-her-password", PASSWORD):
        assert secret not in text
