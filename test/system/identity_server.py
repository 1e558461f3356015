"""A weftd with an Identity service, and log-ins to it by plain HTTP."""
from conftest import wait_until
from openstack_cli import Cli
from weftd import ADMIN, Weftd

PASSWORD = "correct horse"


def start(folder, policy=None, compliance=None, quotas=None, **identity):
    """The first administrator is `admin`, with PASSWORD; weftd.ADMIN is good too."""
    (folder / "password").write_text(PASSWORD + "\n")
    return Weftd(folder, policy=policy, compliance=compliance, quotas=quotas, identity={"region": "here", "admin_password_file": folder / "password", **identity}).start()


def log_in(weftd, user="admin", password=PASSWORD, domain="Default", query="", **scope):
    """The answer to a log-in, with project="NAME", domain_scope="NAME", system=True, or unscoped."""
    where = {"name": domain}
    auth = {"identity": {"methods": ["password"], "password": {"user": {"name": user, "password": password, "domain": where}}}}
    if "project" in scope:
        auth["scope"] = {"project": {"name": scope["project"], "domain": where}}
    if "domain_scope" in scope:
        auth["scope"] = {"domain": {"name": scope["domain_scope"]}}
    if "system" in scope:
        auth["scope"] = {"system": {"all": True}}
    return weftd.client(None).call("POST", "/v3/auth/tokens" + query, {"auth": auth})


def admin_cli(weftd):
    """The `openstack` command as the first administrator, by a token: a password is slow to check, on purpose. To be closed."""
    token = log_in(weftd, project="admin").headers["X-Subject-Token"]
    return Cli(OS_AUTH_URL=weftd.url, OS_AUTH_TYPE="v3token", OS_TOKEN=token, OS_PROJECT_NAME="admin", OS_PROJECT_DOMAIN_ID="default")


def client_of(weftd, *args, **scope):
    answer = log_in(weftd, *args, **scope)
    assert answer.status == 201, answer.text
    return weftd.client(answer.headers["X-Subject-Token"])


def says(weftd, part):
    """Waits for a line of the log that has the part."""
    wait_until(lambda: any(part in line for line in weftd.lines), deadline=20, what=f"the log says: {part}")


def token_of(client):
    return client.headers["X-Auth-Token"]


class Admin:
    """Makes and grants, as the administrator of the cloud."""

    def __init__(self, weftd):
        self.client = weftd.client(ADMIN)

    def make(self, kind, **inner):
        answer = self.client.call("POST", f"/v3/{kind}s", {kind: inner})
        assert answer.status == 201, answer.text
        return answer.json[kind]["id"]

    def role(self, name):
        return self.client.get(f"/v3/roles?name={name}").json["roles"][0]["id"]

    def grant(self, user, role, place):
        """place: "projects/ID", "domains/ID" or "system"."""
        answer = self.client.call("PUT", f"/v3/{place}/users/{user}/roles/{self.role(role)}")
        assert answer.status == 204, answer.text

    def tenant(self, name, role="member"):
        """A user and a project of that name, password "pw"; the ids of both."""
        user, project = self.make("user", name=name, password="pw"), self.make("project", name=name)
        self.grant(user, role, f"projects/{project}")
        return user, project
