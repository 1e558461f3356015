"""Quotas: how many objects a project may have, by HTTP, openstacksdk and the `openstack` CLI. Proves B2."""
import http.server
import itertools
import json
import threading

import pytest

from openstack_cli import Cli
from weftd import MEMBER, OTHER, READER, Weftd

PASSWORD = "correct horse"
NAMES = {"network", "subnet", "port", "rbac_policy"}
numbers = itertools.count()


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quota")
    (folder / "password").write_text(PASSWORD + "\n")
    server = Weftd(folder, identity={"admin_password_file": folder / "password"}, quotas={"network": 4, "default": 90, "port": -1})
    yield server.start()
    server.stop()


@pytest.fixture
def member(weftd, admin):
    yield weftd.client(MEMBER)
    for port in admin.get("/v2.0/ports", project_id="project-1").json["ports"]:
        assert admin.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    for network in admin.get("/v2.0/networks", project_id="project-1").json["networks"]:
        assert admin.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204
    admin.call("DELETE", "/v2.0/quotas/project-1")


def limits(client, project="project-1", part=""):
    answer = client.get(f"/v2.0/quotas/{project}{part}")
    assert answer.status == 200, answer.text
    return answer.json["quota"]


def put(client, project="project-1", **quota):
    return client.call("PUT", f"/v2.0/quotas/{project}", {"quota": quota})


def test_limits_of_configuration(admin, member):
    shown = limits(admin)
    assert NAMES <= set(shown)
    assert (shown["network"], shown["subnet"], shown["port"]) == (4, 90, -1)
    assert limits(member) == shown == limits(member, part="/default")


def test_limits_of_a_project(admin, member):
    before = limits(admin)
    answer = put(admin, network=2, port="7")
    assert (answer.status, answer.json["quota"]) == (200, {**before, "network": 2, "port": 7})
    assert limits(member) == answer.json["quota"]
    assert limits(admin, part="/default") == before == limits(admin, "project-2")
    listed = admin.get("/v2.0/quotas").json["quotas"]
    assert [(q["project_id"], q["tenant_id"], q["network"]) for q in listed] == [("project-1", "project-1", 2)]
    assert put(admin, network=3).json["quota"]["port"] == 7
    assert admin.call("DELETE", "/v2.0/quotas/project-1").status == 204
    assert limits(admin) == before and admin.get("/v2.0/quotas").json["quotas"] == []
    gone = admin.call("DELETE", "/v2.0/quotas/project-1")
    assert (gone.status, gone.error) == (404, "TenantQuotaNotFound")


def test_who_may(weftd, admin, member):
    put(admin, network=2)
    for token in (MEMBER, READER, OTHER):
        client = weftd.client(token)
        assert put(client, network=100).status == 403
        assert client.call("DELETE", "/v2.0/quotas/project-1").status == 403
        assert client.get("/v2.0/quotas").status == 403
    assert weftd.client(OTHER).get("/v2.0/quotas/project-1").status == 403
    assert weftd.client(OTHER).get("/v2.0/quotas/project-1/details").status == 403
    assert weftd.client(READER).get("/v2.0/quotas/project-1").status == 200
    assert limits(admin)["network"] == 2
    for word in ("project", "tenant"):
        assert member.get(f"/v2.0/quotas/{word}").json == {word: {f"{word}_id": "project-1"}}


@pytest.mark.parametrize("quota,says", [({"network": -2}, "-1 for no limit"), ({"network": 2**31}, "-1 for no limit"), ({"network": "x"}, "-1"),
                                        ({"network": None}, "-1"), ({"network": 1.5}, "-1"), ({"networks": 1}, "there are quotas of "),
                                        ({"network": 1, "cat": 1}, "'cat'")])
def test_refused_values(admin, quota, says):
    answer = put(admin, "nobody", **quota)
    assert answer.status == 400 and says in answer.message
    assert admin.get("/v2.0/quotas").json["quotas"] == []


@pytest.mark.parametrize("body", [{"quota": []}, {"quotas": {}}, {"quota": {}, "more": 1}, [], "x"])
def test_refused_bodies(admin, body):
    assert admin.call("PUT", "/v2.0/quotas/nobody", body).status == 400


def test_enforced(admin, member):
    for _ in range(4):
        member.make("network")
    refused = member.call("POST", "/v2.0/networks", {"network": {}})
    assert (refused.status, refused.error) == (409, "OverQuota")
    assert refused.message.startswith("Quota exceeded for resources: ['network']")
    on_behalf = admin.call("POST", "/v2.0/networks", {"network": {"project_id": "project-1"}})
    assert on_behalf.error == "OverQuota"
    one = member.get("/v2.0/networks").json["networks"][0]["id"]
    assert member.call("DELETE", f"/v2.0/networks/{one}").status == 204
    member.make("network")
    put(admin, network=-1)
    member.make("network")


def test_bulk_is_all_or_nothing(member):
    refused = member.call("POST", "/v2.0/networks", {"networks": [{"name": "bulk"}] * 5})
    assert (refused.status, refused.error) == (409, "OverQuota")
    assert member.get("/v2.0/networks", name="bulk").json["networks"] == []
    assert member.call("POST", "/v2.0/networks", {"networks": [{"name": "bulk"}] * 4}).status == 201


def test_details(admin, member):
    network = member.make("network")
    member.make("port", network_id=network["id"])
    for part in ("/details", "/details.json"):
        shown = limits(member, part=part)
        assert shown["network"] == {"limit": 4, "used": 1, "reserved": 0}
        assert (shown["port"]["used"], shown["port"]["limit"], shown["subnet"]["used"]) == (1, -1, 0)
    assert admin.get("/v2.0/quotas/project-1/nonsense").status == 404


def test_connections_are_the_hosts(admin, member):
    """No object of the API: no default of the configuration, and how many there are the hosts know."""
    assert limits(member)["tracked_connection"] == limits(member, part="/default")["tracked_connection"] == -1
    answer = put(admin, tracked_connection=1000, check_limit=True)
    assert answer.json["quota"]["tracked_connection"] == 1000 == limits(member)["tracked_connection"]
    assert put(admin, tracked_connection=0).json["quota"]["tracked_connection"] == 0
    assert "tracked_connection" not in limits(member, part="/details")
    assert "-1 for no limit" in put(admin, tracked_connection=-2).message and "tracked_connection" in put(admin, cats=1).message
    assert put(admin, tracked_connection=-1).status == 200


def test_check_limit(admin, member):
    member.make("network")
    member.make("network")
    refused = put(admin, network=1, check_limit=True)
    assert refused.status == 400 and "already used 2" in refused.message
    assert limits(admin)["network"] == 4
    assert put(admin, network=2, check_limit=True).status == 200
    assert put(admin, network=1, force=True).status == 200
    assert member.call("POST", "/v2.0/networks", {"network": {}}).error == "OverQuota"


def test_survive_a_restart(tmp_path):
    server = Weftd(tmp_path).start()
    put(server.client(), network=1)
    server.client(MEMBER).make("network")
    server.stop()
    server.start()
    assert limits(server.client())["network"] == 1
    assert server.client(MEMBER).call("POST", "/v2.0/networks", {"network": {}}).error == "OverQuota"
    server.stop()


@pytest.mark.parametrize("quotas,says", [({"network": "x"}, "[quotas] network = x"), ({"network": -2}, "-1 for no limit"),
                                         ({"cats": 3}, "[quotas] has no key 'cats'; it has default, ")])
def test_wrong_configuration(tmp_path, quotas, says):
    assert says in Weftd(tmp_path, quotas=quotas).refused()


class Cloud(http.server.BaseHTTPRequestHandler):
    """The cloud that weftd is a part of, as far as the CLI's quota commands insist on it: log-ins go to weftd, and the
    catalogue that comes back has compute and volumes too, which have no quotas of interest."""
    weftd = None

    def log_message(self, *args):
        pass

    def answer(self, status, body, **headers):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.weftd.client(None).call("POST", self.path, body)
        token = answer.json
        for kind in ("compute", "volumev3", "block-storage"):
            endpoint = {"id": kind, "interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": f"http://{self.headers['Host']}/{kind}"}
            token["token"]["catalog"].append({"id": kind, "type": kind, "name": kind, "endpoints": [endpoint]})
        self.answer(answer.status, token, **{"X-Subject-Token": answer.headers["X-Subject-Token"]})

    def do_GET(self):
        if "os-quota-sets" in self.path:
            self.answer(200, {"quota_set": {"id": "none"}})
        else:
            self.answer(*(lambda got: (got.status, got.json))(self.weftd.client(None).get(self.path)))


@pytest.fixture
def cloud(weftd):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Cloud,), {"weftd": weftd}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_cli(weftd, cloud, admin):
    run = Cli(OS_AUTH_URL=f"{cloud}/v3", OS_USERNAME="admin", OS_PASSWORD=PASSWORD, OS_PROJECT_NAME="admin",
              OS_USER_DOMAIN_ID="default", OS_PROJECT_DOMAIN_ID="default")
    project = run.json("project", "create", "crew")["id"]
    run("quota", "set", "--networks", "3", "--subnets", "5", "--rbac-policies", "6", "crew")
    shown = run.json("quota", "show", "crew")
    shown = {row["Resource"]: row["Limit"] for row in shown} if isinstance(shown, list) else shown
    assert (shown["networks"], shown["subnets"], shown["rbac_policies"], shown["ports"]) == (3, 5, 6, -1)
    [listed] = run.json("quota", "list", "--network")
    assert (listed["Project ID"], listed["Networks"], listed["RBAC Policies"]) == (project, 3, 6)
    made = run.json("network", "create", "one", "--project", "crew")
    detail = run.json("quota", "list", "--network", "--detail", "--project", "crew")
    assert {row["Resource"]: (row["In Use"], row["Limit"]) for row in detail}["networks"] == (1, 3)
    assert admin.call("DELETE", f"/v2.0/networks/{made['id']}").status == 204
    assert admin.call("DELETE", f"/v2.0/quotas/{project}").status == 204


def test_sdk(weftd):
    openstack = pytest.importorskip("openstack")
    cloud = openstack.connect(load_envvars=False, load_yaml_config=False, auth_url=weftd.url, username="admin", password=PASSWORD,
                              project_name="admin", user_domain_id="default", project_domain_id="default", region_name="RegionOne")
    project = cloud.identity.create_project(name="sdk", domain_id="default").id
    assert cloud.network.update_quota(project, networks=1).networks == 1
    assert cloud.network.get_quota(project).networks == 1
    assert cloud.network.get_quota_default(project).networks == 4
    assert project in [q.project_id for q in cloud.network.quotas()]
    cloud.network.create_network(project_id=project)
    with pytest.raises(openstack.exceptions.ConflictException, match="Quota exceeded"):
        cloud.network.create_network(project_id=project)
    assert cloud.network.get_quota(project, details=True).networks == {"limit": 1, "used": 1, "reserved": 0}
    cloud.network.delete_quota(project)
    assert cloud.network.get_quota(project).networks == 4
