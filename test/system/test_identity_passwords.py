"""Identity v3: what is asked of passwords, [security_compliance], and options of users. Proves B2, B9."""
import contextlib
import datetime
import json
import sqlite3

import pytest

from identity_server import Admin, admin_cli, log_in, says, start
from weftd import ADMIN, Weftd

COMPLIANCE = {"password_expires_days": 30, "password_regex": r"^(?=.*\d)(?=.*[a-zA-Z]).{4,}$", "unique_last_password_count": 3,
              "password_regex_description": "four letters and digits", "lockout_failure_attempts": 3, "lockout_duration": 3600}


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("passwords"), compliance=COMPLIANCE)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def admin(weftd):
    return Admin(weftd)


def message(answer, status):
    assert answer.status == answer.json["error"]["code"] == status, answer.text
    return answer.json["error"]["message"]


def renew(weftd, user, old, new):
    return weftd.client(None).call("POST", f"/v3/users/{user}/password", {"user": {"original_password": old, "password": new}})


def shown(admin, user):
    return admin.client.get(f"/v3/users/{user}").json["user"]


def days_ahead(text):
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400


@contextlib.contextmanager
def stopped(server):
    """The users in the store of a weftd that stands still, by their names, to be changed."""
    server.stop()
    with contextlib.closing(sqlite3.connect(server.folder / "weft.db")) as database:
        rows = database.execute("SELECT id, data FROM object WHERE kind = 'user'").fetchall()
        users = {json.loads(data)["name"]: (key, json.loads(data)) for key, data in rows}
        yield {name: data for name, (_, data) in users.items()}
        for key, data in users.values():
            database.execute("UPDATE object SET data = ? WHERE id = ? AND kind = 'user'", (json.dumps(data), key))
        database.commit()
    server.start()


def test_cli_options_of_users(weftd, admin):
    cli = admin_cli(weftd)
    made = cli.json("user", "create", "options", "--password", "abc123", "--ignore-password-expiry", "--ignore-lockout-failure-attempts",
                    "--ignore-change-password-upon-first-use", "--enable-lock-password", "--enable-multi-factor-auth",
                    "--multi-factor-auth-rule", "password,totp", "--multi-factor-auth-rule", "password")
    wanted = {"ignore_change_password_upon_first_use": True, "ignore_password_expiry": True, "ignore_lockout_failure_attempts": True,
              "lock_password": True, "multi_factor_auth_enabled": True,
              "multi_factor_auth_rules": [["password", "totp"], ["password"]]}
    assert made["options"] == wanted and made["password_expires_at"] is None
    cli("user", "set", "options", "--no-ignore-password-expiry", "--disable-lock-password", "--disable-multi-factor-auth")
    assert cli.json("user", "show", "options")["options"] == {
        **wanted, "ignore_password_expiry": False, "lock_password": False, "multi_factor_auth_enabled": False}
    cli.close()
    path = f"/v3/users/{made['id']}"
    for wrong in ({"x": True}, {"lock_password": "perhaps"}, {"multi_factor_auth_rules": [[]]}, {"multi_factor_auth_rules": ["password"]},
                  {"multi_factor_auth_rules": [["a", "a"]]}, {"multi_factor_auth_rules": [["a"], ["a"]]}, {"immutable": True}):
        assert admin.client.call("PATCH", path, {"user": {"options": wrong}}).status == 400, wrong
    changed = admin.client.call("PATCH", path, {"user": {"options": {key: None for key in wanted}}})
    assert changed.json["user"]["options"] == {}


def test_passwords_fit_the_pattern(weftd, admin):
    for wrong in ("abc", "abcdef", "123456", ""):
        answer = admin.client.call("POST", "/v3/users", {"user": {"name": "weak", "password": wrong}})
        assert ("four letters and digits" in message(answer, 400)) == bool(wrong)
    user = admin.make("user", name="strong", password="abc123")
    assert "four letters" in message(admin.client.call("PATCH", f"/v3/users/{user}", {"user": {"password": "abc"}}), 400)
    assert "four letters" in message(renew(weftd, user, "abc123", "abc"), 400)
    assert log_in(weftd, "strong", "abc123").status == 201


def test_passwords_expire(weftd, admin):
    user = admin.make("user", name="aging", password="abc123")
    service = admin.make("user", name="service", password="abc123", options={"ignore_password_expiry": True})
    late = admin.make("user", name="late", password="abc123")
    assert 29.9 < days_ahead(shown(admin, user)["password_expires_at"]) <= 30 and shown(admin, service)["password_expires_at"] is None
    answer = log_in(weftd, "aging", "abc123")
    assert answer.json["token"]["user"]["password_expires_at"] == shown(admin, user)["password_expires_at"]
    token = answer.headers["X-Subject-Token"]
    with stopped(weftd) as users:
        for name in ("aging", "late"):
            users[name]["password_expires_at"] = "2020-01-01T00:00:00Z"
    listed = lambda **query: {u["name"] for u in weftd.client(ADMIN).get("/v3/users", **query).json["users"]}
    assert listed(password_expires_at="lt:2020-01-02T00:00:00Z") == listed(password_expires_at="eq:2020-01-01T00:00:00Z") == {"aging", "late"}
    assert not listed(password_expires_at="gt:2020-01-02T00:00:00Z") & {"aging", "late", "service"}
    assert weftd.client(ADMIN).get("/v3/users?password_expires_at=lt:soon").status == 400
    fresh = Admin(weftd)
    assert fresh.client.call("PATCH", f"/v3/users/{late}", {"user": {"options": {"ignore_password_expiry": True}}}).status == 200
    assert log_in(weftd, "late", "abc123").status == 201
    assert "expired" in message(log_in(weftd, "aging", "abc123"), 401)
    assert "expired" not in message(log_in(weftd, "aging", "wrong"), 401)
    assert weftd.client(token).get("/v3/auth/projects").status == 200, "a token outlives the password's time"
    assert renew(weftd, user, "abc123", "abc1234").status == 204
    assert log_in(weftd, "aging", "abc1234").status == 201 and weftd.client(token).get("/v3/auth/projects").status == 401
    admin.client = weftd.client(ADMIN)


def test_passwords_differ_from_the_last_ones(weftd, admin):
    user = admin.make("user", name="reuser", password="first1")
    for old, new in (("first1", "second2"), ("second2", "third3")):
        assert renew(weftd, user, old, new).status == 204
    assert "one of the last 3" in message(renew(weftd, user, "third3", "first1"), 400)
    assert "is the old one" in message(renew(weftd, user, "third3", "third3"), 400)
    assert renew(weftd, user, "third3", "fourth4").status == 204
    assert renew(weftd, user, "fourth4", "first1").status == 204
    # What an administrator gives is not compared.
    assert admin.client.call("PATCH", f"/v3/users/{user}", {"user": {"password": "fourth4"}}).status == 200
    assert "history" not in json.dumps(shown(admin, user)) and "argon2" not in json.dumps(shown(admin, user))


def test_locked_passwords(weftd, admin):
    user = admin.make("user", name="locked", password="abc123", options={"lock_password": True})
    assert "administrator" in message(renew(weftd, user, "abc123", "abc1234"), 400)
    assert message(renew(weftd, user, "wrong", "abc1234"), 401)
    assert admin.client.call("PATCH", f"/v3/users/{user}", {"user": {"password": "abc1234"}}).status == 200
    assert log_in(weftd, "locked", "abc1234").status == 201


def test_lockout(weftd, admin):
    user = admin.make("user", name="forgetful", password="abc123")
    robot = admin.make("user", name="robot", password="abc123", options={"ignore_lockout_failure_attempts": True})
    for name in ("forgetful", "robot"):
        assert {log_in(weftd, name, "wrong").status for _ in range(3)} == {401}
    right, wrong = log_in(weftd, "forgetful", "abc123"), log_in(weftd, "forgetful", "wrong")
    assert message(right, 401) == message(wrong, 401), "nobody learns that the password is right"
    assert message(renew(weftd, user, "abc123", "abc1234"), 401)
    assert log_in(weftd, "robot", "abc123").status == 201
    says(weftd, f"user {user} is locked out for 3600 s")
    assert not any(f"user {robot} is locked out" in line for line in weftd.lines)
    assert admin.client.call("PATCH", f"/v3/users/{user}", {"user": {"enabled": True}}).status == 200
    assert log_in(weftd, "forgetful", "abc123").status == 201
    # A right one in between begins the count anew.
    for _ in range(2):
        assert {log_in(weftd, "forgetful", "wrong").status for _ in range(2)} == {401}
        assert log_in(weftd, "forgetful", "abc123").status == 201


def test_first_use_and_age(tmp_path):
    server = start(tmp_path, compliance={"change_password_upon_first_use": "true", "minimum_password_age": 2})
    admin = Admin(server)
    user = admin.make("user", name="new", password="given")
    admin.make("user", name="robot", password="given", options={"ignore_change_password_upon_first_use": True})
    assert log_in(server, "robot", "given").status == 201 and log_in(server).status == 201
    assert "expired" in message(log_in(server, "new", "given"), 401)
    assert renew(server, user, "given", "own").status == 204
    assert log_in(server, "new", "own").status == 201 and shown(admin, user)["password_expires_at"] is None
    assert "2 days" in message(renew(server, user, "own", "other"), 400)
    with stopped(server) as users:
        users["new"]["password_created_at"] = "2020-01-01T00:00:00Z"
    assert renew(server, user, "own", "other").status == 204
    assert server.client(ADMIN).call("PATCH", f"/v3/users/{user}", {"user": {"password": "given"}}).status == 200
    assert "expired" in message(log_in(server, "new", "given"), 401)
    assert renew(server, user, "given", "again").status == 204, "the age is that of passwords of one's own choice"
    server.stop()


@pytest.mark.parametrize("compliance,part", [
    ({"password_regex": "(x"}, "password-regex"), ({"password_expires_days": 2, "minimum_password_age": 2}, "less days"),
    ({"unique_last_password_count": 100}, "0 to 24"), ({"lockout_duration": 0}, "lockout-duration"), ({"colour": "red"}, "colour"),
    ({"change_password_upon_first_use": "maybe"}, "true or false")])
def test_what_is_no_configuration(tmp_path, compliance, part):
    (tmp_path / "password").write_text("x")
    assert part in Weftd(tmp_path, identity={"admin_password_file": tmp_path / "password"}, compliance=compliance).refused()


def test_compliance_is_for_identity(tmp_path):
    assert "[identity]" in Weftd(tmp_path, compliance={}).refused()
