"""Identity v3: several methods for one log-in, rules that ask for them, receipts, passcodes by time; by plain HTTP and
python3-keystoneauth1. Proves B2, B9."""
import base64
import hashlib
import hmac
import struct
import time

import pytest

from conftest import wait_until
from identity_server import Admin, client_of, log_in, says, start, token_of

SECRET = b"twenty bytes to know"


def passcode(back=0):
    """The passcode of now, or of so many steps ago; in a step that is not about to end."""
    wait_until(lambda: time.time() % 30 < 25, interval=0.2)
    digest = hmac.new(SECRET, struct.pack(">Q", int(time.time()) // 30 - back), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("mfa"), compliance={"lockout_failure_attempts": 5})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def admin(weftd):
    return Admin(weftd)


class Person:
    """A member of a project of the same name, password "pw", with a passcode's secret and rules."""

    def __init__(self, weftd, admin, name, *rules):
        self.weftd, self.name = weftd, name
        self.id, self.project = admin.tenant(name)
        made = admin.client.call("POST", "/v3/credentials", {"credential": {
            "user_id": self.id, "type": "totp", "blob": base64.b32encode(SECRET).decode().rstrip("=")}})
        assert made.status == 201
        if rules:
            changed = admin.client.call("PATCH", f"/v3/users/{self.id}", {"user": {"options": {"multi_factor_auth_rules": rules}}})
            assert changed.status == 200, changed.text

    def show(self, receipt=None, scope=True, **methods):
        """The answer to a log-in with password="…", totp="…", token="…"."""
        user = {"id": self.id}
        inner = {"password": lambda value: {"user": {**user, "password": value}}, "totp": lambda value: {"user": {**user, "passcode": value}},
                 "token": lambda value: {"id": value}}
        identity = {"methods": list(methods), **{name: inner[name](value) for name, value in methods.items()}}
        auth = {"identity": identity, **({"scope": {"project": {"id": self.project}}} if scope else {})}
        return self.weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": auth},
                                            headers={"Openstack-Auth-Receipt": receipt} if receipt else None)


def code(answer, status):
    assert answer.status == answer.json["error"]["code"] == status, answer.text
    assert "Openstack-Auth-Receipt" not in answer.headers


def test_both_at_once(weftd, admin):
    person = Person(weftd, admin, "both", ["password", "totp"])
    now = passcode()
    code(person.show(password="pw", totp="000000" if now != "000000" else "000001"), 401)
    code(person.show(password="wrong", totp=passcode(1)), 401)
    answer = person.show(password="pw", totp=passcode())
    assert answer.status == 201 and answer.json["token"]["methods"] == ["password", "totp"]
    token = answer.headers["X-Subject-Token"]
    assert weftd.client(token).get("/v2.0/networks").status == 200
    # Exchanged for another scope it needs nothing more.
    again = person.show(token=token, scope=False)
    assert again.status == 201 and again.json["token"]["methods"] == ["password", "token", "totp"]
    assert again.json["token"]["audit_ids"][1] == answer.json["token"]["audit_ids"][0]
    says(weftd, "logged in by password+totp for a project")


def test_one_after_the_other(weftd, admin):
    person, other = Person(weftd, admin, "one", ["password", "totp"], ["token"]), Person(weftd, admin, "other")
    refused = person.show(password="pw")
    assert refused.status == 401 and "X-Subject-Token" not in refused.headers
    receipt = refused.headers["Openstack-Auth-Receipt"]
    assert refused.json["required_auth_methods"] == [["password", "totp"], ["token"]]
    said = refused.json["receipt"]
    assert said["methods"] == ["password"] and said["user"]["id"] == person.id and said["user"]["domain"]["name"] == "Default"
    assert said["expires_at"] > said["issued_at"]
    # A receipt is no token, a token no receipt, and each is its user's.
    assert weftd.client(receipt).get("/v3/auth/projects").status == 401
    code(person.show(token=receipt), 401)
    code(other.show(receipt=receipt, totp=passcode()), 401)
    code(other.show(receipt=receipt, password="pw"), 401)
    code(person.show(receipt=receipt[:-1] + ("A" if receipt[-1] != "A" else "B"), totp=passcode()), 401)
    code(person.show(receipt=token_of(client_of(weftd, "other", "pw", project="other")), totp=passcode()), 401)
    answer = person.show(receipt=receipt, totp=passcode())
    assert answer.status == 201 and answer.json["token"]["methods"] == ["password", "totp"]
    # The other way round; a passcode is good for one log-in.
    code(person.show(totp=passcode()), 401)
    says(weftd, f"user {person.id} has shown password, and needs more to log in from 127.0.0.1")
    assert not any(receipt in line for line in weftd.lines)


def test_receipts_end_with_the_password(weftd, admin):
    person = Person(weftd, admin, "fickle", ["password", "totp"])
    receipt = person.show(password="pw").headers["Openstack-Auth-Receipt"]
    assert admin.client.call("PATCH", f"/v3/users/{person.id}", {"user": {"password": "other"}}).status == 200
    code(person.show(receipt=receipt, totp=passcode()), 401)


def test_passcodes_alone(weftd, admin):
    """Six digits are enough where a rule says so; each passcode once."""
    person, plain = Person(weftd, admin, "alone", ["totp"]), Person(weftd, admin, "plain")
    answer = person.show(totp=passcode(1))
    assert answer.status == 201 and answer.json["token"]["methods"] == ["totp"]
    code(person.show(totp=passcode(1)), 401)
    code(person.show(totp=passcode(3)), 401)
    assert person.show(totp=passcode()).status == 201
    refused = plain.show(totp=passcode())
    assert refused.status == 401 and refused.json["required_auth_methods"] == [["password", "totp"]]
    assert plain.show(password="pw", receipt=refused.headers["Openstack-Auth-Receipt"]).status == 201


def test_rules_that_do_not_hold(weftd, admin):
    person = Person(weftd, admin, "idle", ["password", "totp"])
    path = f"/v3/users/{person.id}"
    assert person.show(password="pw").status == 401
    assert admin.client.call("PATCH", path, {"user": {"options": {"multi_factor_auth_enabled": False}}}).status == 200
    assert person.show(password="pw").status == 201
    refused = admin.client.call("PATCH", path, {"user": {"options": {"multi_factor_auth_rules": [["password", "fingerprint"]]}}})
    assert refused.status == 400 and "fingerprint" in refused.json["error"]["message"]
    assert admin.client.call("PATCH", path, {"user": {"options": {"multi_factor_auth_enabled": None}}}).status == 200
    assert person.show(password="pw").status == 401
    assert admin.client.call("PATCH", path, {"user": {"options": {"multi_factor_auth_rules": None}}}).status == 200
    assert person.show(password="pw").status == 201


def test_passcodes_are_not_guessed(weftd, admin):
    """Who has the password, and shows it in between, has no more tries for the passcode."""
    person = Person(weftd, admin, "guessed", ["password", "totp"])
    wrong = next(c for c in ("000000", "111111", "222222") if c not in (passcode(), passcode(1)))
    for _ in range(5):
        assert "Openstack-Auth-Receipt" in person.show(password="pw").headers
        code(person.show(password="pw", totp=wrong), 401)
    # The user is locked out; ten tries from one address are taken besides, which some time later are not.
    for right in ({"password": "pw"}, {"password": "pw", "totp": passcode()}):
        assert person.show(**right).status in (401, 429)
    says(weftd, f"user {person.id} is locked out")


def test_application_credentials_follow_the_rules(weftd, admin):
    person = Person(weftd, admin, "robot")
    client = client_of(weftd, "robot", "pw", project="robot")
    made = client.call("POST", f"/v3/users/{person.id}/application_credentials",
                       {"application_credential": {"name": "r", "secret": "s"}}).json["application_credential"]
    auth = {"identity": {"methods": ["application_credential"], "application_credential": {"id": made["id"], "secret": "s"}}}
    log = lambda: weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": auth})
    rules = lambda *rules: admin.client.call("PATCH", f"/v3/users/{person.id}", {"user": {"options": {"multi_factor_auth_rules": rules}}})
    assert log().status == 201
    assert rules(["password", "totp"]).status == 200 and log().status == 401
    assert rules(["password", "totp"], ["application_credential"]).status == 200 and log().status == 201


def test_keystoneauth(weftd, admin):
    identity = pytest.importorskip("keystoneauth1.identity.v3")
    from keystoneauth1 import session
    from keystoneauth1.exceptions.auth import MissingAuthMethods

    person = Person(weftd, admin, "real", ["password", "totp"])
    scope = {"auth_url": weftd.url + "/v3", "project_id": person.project}
    password, totp = (identity.PasswordMethod(user_id=person.id, password="pw"), identity.TOTPMethod(user_id=person.id, passcode=passcode()))
    with pytest.raises(MissingAuthMethods) as missing:
        session.Session(auth=identity.Auth(auth_methods=[password], **scope)).get_token()
    assert missing.value.required_auth_methods == [["password", "totp"]] and missing.value.methods == ["password"]
    second = identity.Auth(auth_methods=[totp], **scope)
    second.add_method(identity.ReceiptMethod(receipt=missing.value.receipt))
    assert session.Session(auth=second).get_project_id() == person.project
    assert log_in(weftd, "real", "wrong").status == 401
