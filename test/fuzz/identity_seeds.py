#!/usr/bin/python3
"""Writes inputs for the fuzz target `identity` into a folder: one for each part of Identity v3, in which every verb of its collections is
used.  identity_seeds.py FOLDER; WEFT_BUILD names the build folder."""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from identity_server import start  # noqa: E402
from request_seeds import SEPARATOR, Recorder  # noqa: E402



class Speaker:
    """Says what an administrator says, or with `token` what the bearer of the last token does; an answer must be good unless `bad`."""

    def __init__(self, recorder):
        self.recorder, self.user, self.project = recorder, None, None

    def call(self, method, path, body=None, token=False, bad=False, **headers):
        if token:
            headers["X-Auth-Token"] = self.recorder.handed_out["token"]
        answer = self.recorder.call(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        assert (answer.status >= 400) == bad, (method, path, body, answer.status, answer.text)
        return answer

    def make(self, kind, path=None, **inner):
        token = inner.pop("token", False)
        return self.call("POST", path or f"/v3/{kind}s", {kind: inner}, token).json[kind]["id"]

    def role(self, name):
        return self.call("GET", f"/v3/roles?name={name}").json["roles"][0]["id"]

    def tenant(self, name):
        """A member of a project of the same name, by whose ids it goes on."""
        self.user, self.project = self.make("user", name=name, password="pw"), self.make("project", name=name)
        self.call("PUT", f"/v3/projects/{self.project}/users/{self.user}/roles/{self.role('member')}")

    def log_in(self, scope=None, bad=False, headers=None, **methods):
        """With password="…", token="…", application_credential=…, totp="…"; by default by its password for its project."""
        inner = {"password": lambda word: {"user": {"id": self.user, "password": word}}, "token": lambda text: {"id": text},
                 "totp": lambda code: {"user": {"id": self.user, "passcode": code}}, "application_credential": lambda shown: shown}
        methods = methods or {"password": "pw"}
        identity = {"methods": list(methods), **{name: inner[name](value) for name, value in methods.items()}}
        scope = {"project": {"id": self.project}} if scope is None else scope
        return self.call("POST", "/v3/auth/tokens?nocatalog", {"auth": {"identity": identity, "scope": scope}}, bad=bad, **(headers or {}))

    def last(self, name="token"):
        return self.recorder.handed_out[name]

    def every_verb(self, kind, path, change, **inner):
        """Everything that can be asked of an object below the path; deletes it."""
        one = f"{path}/{self.make(kind, path, **inner)}"
        for query in ("", "?limit=1", f"?name={inner.get('name', 'x')}&sort_key=id"):
            self.call("GET", path + query)
        self.call("GET", one)
        self.call("HEAD", one)
        self.call("PATCH", one, {kind: change})
        self.call("PATCH", one, {kind: {"id": "x"}}, bad=True)
        self.call("POST", path, {kind: "x"}, bad=True)
        self.call("DELETE", one)


def tokens(say):
    say.tenant("ann")
    say.call("PUT", f"/v3/system/users/{say.user}/roles/{say.role('reader')}")
    say.call("PUT", f"/v3/domains/default/users/{say.user}/roles/{say.role('admin')}")
    say.log_in(password="wrong", bad=True)
    for scope in ("unscoped", {"domain": {"id": "default"}}, {"system": {"all": True}}, None):
        say.log_in(scope)
        say.call("GET", "/v3/auth/tokens?nocatalog", X_Subject_Token=say.last())
        say.call("HEAD", "/v3/auth/tokens", X_Subject_Token=say.last())
        say.call("GET", "/v3/users", token=True, bad=scope in (None, "unscoped"))
    by_name = {"user": {"name": "ann", "password": "pw", "domain": {"name": "Default"}}}
    scope = {"project": {"name": "ann", "domain": {"id": "default"}}}
    say.call("POST", "/v3/auth/tokens", {"auth": {"identity": {"methods": ["password"], "password": by_name}, "scope": scope}})
    for part in ("catalog", "projects", "domains", "system"):
        say.call("GET", f"/v3/auth/{part}", token=True)
    say.call("POST", "/v2.0/networks", {"network": {"name": "ann's"}}, token=True)
    say.call("GET", "/v2.0/networks", token=True)
    say.log_in(token=say.last())
    say.call("DELETE", "/v3/auth/tokens", X_Subject_Token=say.last())
    say.call("GET", "/v3/auth/tokens", X_Subject_Token=say.last(), bad=True)


def passwords(say):
    say.tenant("ann")
    path = f"/v3/users/{say.user}/password"
    say.call("POST", path, {"user": {"original_password": "pw", "password": "pw2"}})
    for old, new in (("wrong", "pw3"), ("pw2", "pw"), ("pw2", "x"), ("pw2", None)):
        say.call("POST", path, {"user": {"original_password": old, "password": new}}, bad=True)
    say.call("PATCH", f"/v3/users/{say.user}", {"user": {"password": "pw4", "options": {"lock_password": True}}})
    say.call("POST", path, {"user": {"original_password": "pw4", "password": "pw5"}}, bad=True)
    for _ in range(4):
        say.log_in(password="wrong", bad=True)
    say.log_in(password="pw4", bad=True)
    say.call("PATCH", f"/v3/users/{say.user}", {"user": {"enabled": False}})


def second_factors(say):
    say.tenant("ann")
    credential = {"user_id": say.user, "type": "totp", "blob": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}
    say.make("credential", **credential)
    say.log_in()
    options = {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": [["password", "totp"], ["password", "token"]]}
    say.call("PATCH", f"/v3/users/{say.user}", {"user": {"options": options}})
    say.log_in(bad=True)
    say.log_in(totp="000000", headers={"Openstack-Auth-Receipt": say.last("receipt")}, bad=True)
    say.log_in(token=say.last(), headers={"Openstack-Auth-Receipt": say.last("receipt")})
    say.log_in(password="pw", totp="000000", bad=True)
    say.call("GET", "/v3/credentials", token=True)
    say.every_verb("credential", "/v3/credentials", {"blob": "b"}, user_id=say.user, type="cert", blob="a", project_id=say.project)


def application_credentials(say):
    say.tenant("ann")
    say.log_in()
    path, rule = f"/v3/users/{say.user}/application_credentials", {"service": "network", "method": "GET", "path": "/v2.0/networks/*"}
    inner = {"name": "robot", "secret": "s", "roles": [{"name": "reader"}], "expires_at": "2099-01-31T12:00:00", "token": True,
             "access_rules": [rule, {"service": "identity", "method": "GET", "path": "/v3/auth/projects"}]}
    made = say.make("application_credential", path, **inner)
    say.make("application_credential", path, name="free", unrestricted=True, token=True)
    rules = say.call("GET", f"/v3/users/{say.user}/access_rules", token=True).json["access_rules"]
    say.call("GET", f"/v3/users/{say.user}/access_rules/{rules[0]['id']}", token=True)
    for where in (path, f"{path}?name=robot", f"{path}/{made}"):
        say.call("GET", where, token=True)
    say.call("POST", path, {"application_credential": {"name": "robot"}}, token=True, bad=True)
    say.call("POST", path, {"application_credential": {"name": "x", "access_rules": [{"id": "x"}]}}, token=True, bad=True)
    say.log_in("unscoped", application_credential={"id": made, "secret": "wrong"}, bad=True)
    shown = {"name": "robot", "secret": "s", "user": {"name": "ann", "domain": {"id": "default"}}}
    identity = {"methods": ["application_credential"], "application_credential": shown}
    say.call("POST", "/v3/auth/tokens", {"auth": {"identity": identity}})
    say.call("GET", "/v3/auth/projects", token=True)
    say.call("GET", "/v2.0/networks", token=True, bad=True)
    say.log_in()
    say.call("DELETE", f"/v3/users/{say.user}/access_rules/{rules[0]['id']}", token=True, bad=True)
    say.call("DELETE", f"{path}/{made}", token=True)
    say.call("DELETE", f"/v3/users/{say.user}/access_rules/{rules[0]['id']}", token=True)


def trusts(say):
    say.tenant("bob")
    trustee = say.user
    say.tenant("ann")
    trustor = say.user
    say.log_in()
    inner = {"trustor_user_id": trustor, "trustee_user_id": trustee, "project_id": say.project, "token": True}
    trust = say.make("trust", "/v3/OS-TRUST/trusts", impersonation=True, roles=[{"name": "member"}], remaining_uses=1,
                     expires_at="2099-01-31T12:00:00Z", **inner)
    role = say.role("member")
    path = f"/v3/OS-TRUST/trusts/{trust}"
    for where in (f"/v3/OS-TRUST/trusts?trustor_user_id={trustor}", path, f"{path}/roles", f"{path}/roles/{role}"):
        say.call("GET", where, token=True)
    say.call("HEAD", f"{path}/roles/{role}", token=True)
    say.user = trustee
    scope = {"OS-TRUST:trust": {"id": trust}}
    say.log_in(scope)
    say.call("GET", "/v2.0/networks", token=True)
    say.call("GET", "/v3/auth/tokens", X_Subject_Token=say.last())
    say.log_in(scope, bad=True)
    say.user = trustor
    say.log_in()
    again = say.make("trust", "/v3/OS-TRUST/trusts", impersonation=False, roles=[{"id": role}], allow_redelegation=True, redelegation_count=2,
                     **inner)
    say.user = trustee
    say.log_in({"OS-TRUST:trust": {"id": again}})
    say.call("POST", "/v3/OS-TRUST/trusts", {"trust": {**inner, "impersonation": True, "roles": [], "token": None}}, token=True, bad=True)
    say.user = trustor
    say.log_in()
    say.call("DELETE", path, token=True)
    say.call("GET", "/v3/OS-TRUST/trusts")
    say.call("DELETE", f"/v3/users/{trustee}")


def users_and_groups(say):
    say.tenant("ann")
    say.every_verb("user", "/v3/users", {"email": "b@x", "enabled": False}, name="bob", password="pw", email="a@x", default_project_id=say.project,
                   description="d", options={"ignore_password_expiry": True, "multi_factor_auth_rules": [["password"]]})
    say.every_verb("group", "/v3/groups", {"description": "d"}, name="crew", domain_id="default")
    group = say.make("group", name="gang")
    users = f"/v3/groups/{group}/users"
    say.call("PUT", f"{users}/{say.user}")
    for method, path in (("HEAD", f"{users}/{say.user}"), ("GET", users), ("GET", f"/v3/users/{say.user}/groups"),
                         ("GET", f"/v3/users/{say.user}/projects?enabled=true")):
        say.call(method, path)
    say.call("PUT", f"/v3/projects/{say.project}/groups/{group}/roles/{say.role('reader')}")
    say.log_in()
    say.call("GET", f"/v3/users/{say.user}", token=True)
    say.call("DELETE", f"{users}/{say.user}")
    say.call("GET", f"{users}/{say.user}", bad=True)
    say.call("DELETE", f"/v3/groups/{group}")


def projects_and_domains(say):
    domain = say.make("domain", name="far", description="d")
    say.every_verb("domain", "/v3/domains", {"enabled": False}, name="near", enabled=True)
    parent = say.make("project", name="top", domain_id=domain, tags=["a"])
    say.every_verb("project", "/v3/projects", {"name": "leaf", "tags": ["b"]}, name="low", domain_id=domain, parent_id=parent, tags=["a", "b"])
    tags = f"/v3/projects/{parent}/tags"
    say.call("PUT", tags, {"tags": ["x", "y"]})
    say.call("PUT", f"{tags}/z")
    for path in (tags, f"{tags}/z", f"/v3/projects/{parent}?parents_as_list&subtree_as_ids", "/v3/projects?tags=x&not-tags-any=q",
                 f"/v3/projects?domain_id={domain}&parent_id={domain}&enabled=1"):
        say.call("GET", path)
    say.call("DELETE", f"{tags}/z")
    say.call("GET", f"{tags}/z", bad=True)
    say.call("DELETE", tags)
    say.call("PATCH", f"/v3/projects/{parent}", {"project": {"enabled": False}})
    say.call("DELETE", f"/v3/domains/{domain}", bad=True)
    say.call("PATCH", f"/v3/domains/{domain}", {"domain": {"enabled": False}})
    say.call("DELETE", f"/v3/projects/{parent}")
    say.call("DELETE", f"/v3/domains/{domain}")


def roles(say):
    say.every_verb("role", "/v3/roles", {"description": "d"}, name="cook", options={"immutable": False})
    cook, member = say.make("role", name="cook"), say.role("member")
    implies = f"/v3/roles/{cook}/implies"
    say.call("PUT", f"{implies}/{member}")
    for path in (implies, f"{implies}/{member}", "/v3/role_inferences"):
        say.call("GET", path)
    say.call("PUT", f"/v3/roles/{member}/implies/{cook}", bad=True)
    say.tenant("ann")
    group = say.make("group", name="crew")
    for place in (f"projects/{say.project}", "domains/default", "system"):
        for actor in (f"users/{say.user}", f"groups/{group}"):
            one = f"/v3/{place}/{actor}/roles/{cook}"
            say.call("PUT", one)
            say.call("HEAD", one)
            say.call("GET", f"/v3/{place}/{actor}/roles")
            inherited = f"/v3/OS-INHERIT/{place}/{actor}/roles"
            for method in ("PUT", "HEAD", "DELETE") if place != "system" else ():
                say.call(method, f"{inherited}/{cook}/inherited_to_projects")
            if place != "system":
                say.call("GET", f"{inherited}/inherited_to_projects")
    for query in ("", "?include_names&effective", f"?user.id={say.user}&effective", f"?group.id={group}&scope.domain.id=default",
                  f"?role.id={cook}&scope.project.id={say.project}", "?scope.system=all", "?scope.OS-INHERIT:inherited_to=projects",
                  f"?scope.project.id={say.project}&include_subtree=1"):
        say.call("GET", f"/v3/role_assignments{query}")
    say.log_in()
    say.call("DELETE", f"/v3/projects/{say.project}/users/{say.user}/roles/{cook}")
    say.call("GET", f"/v3/projects/{say.project}/users/{say.user}/roles/{cook}", bad=True)
    say.call("DELETE", f"{implies}/{member}")
    say.call("DELETE", f"/v3/roles/{cook}")


def services(say):
    say.make("region", id="there", parent_region_id="here")
    say.every_verb("region", "/v3/regions", {"parent_region_id": "there"}, id="far", description="d")
    say.every_verb("service", "/v3/services", {"enabled": False}, name="nova", type="compute", description="d")
    service = say.make("service", name="glance", type="image")
    say.every_verb("endpoint", "/v3/endpoints", {"url": "http://y/$(tenant_id)s"}, service_id=service, interface="public", url="http://x",
                   region_id="there")
    say.make("endpoint", service_id=service, interface="internal", url="http://x/%(project_id)s", region="here")
    say.call("GET", f"/v3/endpoints?service_id={service}&interface=internal&region_id=here")
    say.call("GET", "/v3/services?type=image")
    say.call("GET", "/v3/regions?parent_region_id=here")
    say.tenant("ann")
    say.call("GET", "/v3/auth/catalog", token=True) if say.log_in() else None
    say.call("DELETE", "/v3/regions/here", bad=True)
    say.call("DELETE", f"/v3/services/{service}")


def limits(say):
    say.tenant("ann")
    service = say.make("service", name="glance", type="image")
    new = [{"service_id": service, "resource_name": name, "default_limit": 9, "region_id": region} for name, region in (("a", "here"), ("b", None))]
    known = say.call("POST", "/v3/registered_limits", {"registered_limits": new}).json["registered_limits"][0]["id"]
    own = {"service_id": service, "project_id": say.project, "resource_name": "a", "resource_limit": 3, "region_id": "here"}
    of_domain = {"service_id": service, "domain_id": "default", "resource_name": "b", "resource_limit": 4}
    made = say.call("POST", "/v3/limits", {"limits": [own, of_domain]}).json["limits"][0]["id"]
    say.call("POST", "/v3/limits", {"limits": [own]}, bad=True)
    say.call("POST", "/v3/limits", {"limits": [{**own, "resource_name": "none"}]}, bad=True)
    for path in ("/v3/limits", f"/v3/limits?project_id={say.project}", f"/v3/limits?service_id={service}&resource_name=a", f"/v3/limits/{made}",
                 "/v3/limits/model", "/v3/registered_limits", f"/v3/registered_limits?service_id={service}", f"/v3/registered_limits/{known}"):
        say.call("GET", path)
    say.log_in()
    say.call("GET", "/v3/limits", token=True)
    say.call("PATCH", f"/v3/limits/{made}", {"limit": {"resource_limit": 5}})
    say.call("PATCH", f"/v3/registered_limits/{known}", {"registered_limit": {"description": "d"}})
    say.call("DELETE", f"/v3/registered_limits/{known}", bad=True)
    say.call("DELETE", f"/v3/limits/{made}")
    say.call("DELETE", f"/v3/registered_limits/{known}")


def what_is_not_there(say):
    say.call("GET", "/v3")
    say.call("OPTIONS", "/v3/users")
    for method, path in (("PUT", "/v3/users"), ("GET", "/v3/OS-FEDERATION/mappings"), ("GET", "/v3/policies"), ("POST", "/v3/ec2tokens"),
                         ("GET", "/v3/domains/default/config"), ("GET", "/v3/nothing"), ("GET", "/v3/users/x"), ("DELETE", "/v3/auth/tokens")):
        say.call(method, path, bad=True)
    identity = {"methods": ["password"], "password": {"user": {"name": "admin", "password": "x"}}}
    for auth in ({}, {"identity": {"methods": []}}, {"identity": {"methods": ["kerberos"]}}, {"identity": identity},
                 {"identity": {"methods": ["token"], "token": {"id": "x"}}, "scope": {"project": {}, "domain": {}}}):
        say.call("POST", "/v3/auth/tokens", {"auth": auth}, bad=True)
    say.call("GET", "/v3/users", bad=True, X_Auth_Token="gAAAAA")


PARTS = (tokens, passwords, second_factors, application_credentials, trusts, users_and_groups, projects_and_domains, roles, services, limits,
         what_is_not_there)


def seed(talk):
    """One input: what is said in a conversation with a weftd of its own."""
    with tempfile.TemporaryDirectory() as folder:
        weftd = start(pathlib.Path(folder), compliance={"lockout_failure_attempts": 3, "unique_last_password_count": 2, "password_expires_days": 90,
                                                        "password_regex": "^.{2,}$"})  # as fuzz_identity.c
        try:
            recorder = Recorder(weftd.port)
            talk(Speaker(recorder))
        finally:
            weftd.stop()
    return SEPARATOR.join(recorder.pieces)


def main(folder):
    for part in PARTS:
        (pathlib.Path(folder) / part.__name__).write_text(seed(part), newline="")


if __name__ == "__main__":
    main(*sys.argv[1:])
