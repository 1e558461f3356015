"""Identity v3: services, endpoints, regions and limits, by the real `openstack` CLI. Proves B2, B9."""
import pytest

from openstack_cli import Cli
from weftd import ADMIN, Weftd

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("catalog")
    (folder / "password").write_text(PASSWORD + "\n")
    server = Weftd(folder, identity={"region": "here", "admin_password_file": folder / "password"}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cli(weftd):
    cli = Cli(OS_AUTH_URL=weftd.url, OS_USERNAME="admin", OS_PASSWORD=PASSWORD, OS_USER_DOMAIN_ID="default",
              OS_PROJECT_DOMAIN_ID="default", OS_PROJECT_NAME="admin")
    yield cli
    cli.close()


def catalog(cli, kind):
    """URL by region and interface of the service of that type, as the catalogue has it."""
    found = [s for s in cli.json("catalog", "list") if s["Type"] == kind]
    return {(e["region_id"], e["interface"]): e["url"] for s in found for e in s["Endpoints"]}


def test_what_is_there_at_first(cli, weftd):
    assert {(s["Name"], s["Type"]) for s in cli.json("service", "list")} == {
        ("weft-identity", "identity"), ("weft", "network"), ("weft-load-balancer", "load-balancer")}
    assert {(e["Region"], e["Interface"], e["URL"]) for e in cli.json("endpoint", "list", "--service", "network")} == {
        ("here", interface, "$(weft_url)s") for interface in ("public", "internal", "admin")}
    assert catalog(cli, "network") == {("here", interface): weftd.url for interface in ("public", "internal", "admin")}
    assert catalog(cli, "identity")["here", "public"] == f"{weftd.url}/v3"


def test_regions(cli, weftd):
    cli("region", "create", "north", "--description", "cold")
    made = cli.json("region", "create", "north-1", "--parent-region", "north")
    assert (made["region"], made["parent_region"]) == ("north-1", "north")
    assert {r["Region"] for r in cli.json("region", "list")} == {"here", "north", "north-1"}
    assert [r["Region"] for r in cli.json("region", "list", "--parent-region", "north")] == ["north-1"]
    cli("region", "set", "north", "--description", "colder")
    assert cli.json("region", "show", "north")["description"] == "colder"
    assert "delete them first" in cli("region", "delete", "north", fails=True)
    assert "409" in cli("region", "create", "north", fails=True)
    cli("region", "delete", "north-1")
    cli("region", "delete", "north")
    assert "No region" in cli("region", "show", "north", fails=True)
    client = weftd.client(ADMIN)
    made = client.call("POST", "/v3/regions", {"region": {}}).json["region"]
    assert made["id"] and client.get(f"/v3/regions/{made['id']}").json["region"] == made
    assert made["links"]["self"].endswith(f"/v3/regions/{made['id']}")


def test_services_and_endpoints(cli, weftd):
    service = cli.json("service", "create", "compute", "--name", "nova", "--description", "text")
    assert (service["type"], service["name"], service["enabled"]) == ("compute", "nova", True)
    endpoint = cli.json("endpoint", "create", "nova", "public", "http://nova:8774/v2.1/%(project_id)s", "--region", "south")
    assert (endpoint["region"], endpoint["service_id"]) == ("south", service["id"])
    assert "south" in [r["Region"] for r in cli.json("region", "list")]
    project = cli.json("project", "show", "admin")["id"]
    assert catalog(cli, "compute") == {("south", "public"): f"http://nova:8774/v2.1/{project}"}
    cli("endpoint", "set", endpoint["id"], "--url", "https://nova/", "--interface", "internal")
    shown = cli.json("endpoint", "show", endpoint["id"])
    assert (shown["url"], shown["interface"], shown["service_name"]) == ("https://nova/", "internal", "nova")
    assert [e["ID"] for e in cli.json("endpoint", "list", "--region", "south", "--interface", "internal")] == [endpoint["id"]]
    cli("endpoint", "set", endpoint["id"], "--disable")
    assert catalog(cli, "compute") == {}
    cli("endpoint", "set", endpoint["id"], "--enable")
    cli("service", "set", "nova", "--name", "nova2", "--disable")
    assert "compute" not in {s["Type"] for s in cli.json("catalog", "list")}
    assert cli.json("service", "show", "nova2")["enabled"] is False
    assert "begins with http" in cli("endpoint", "create", "nova2", "public", "nova", fails=True)
    client = weftd.client(ADMIN)
    bad = {"service_id": service["id"], "interface": "secret", "url": "http://x"}
    assert client.call("POST", "/v3/endpoints", {"endpoint": bad}).status == 400
    assert client.call("POST", "/v3/endpoints", {"endpoint": {**bad, "interface": "admin", "region_id": "no"}}).status == 404
    cli("endpoint", "delete", endpoint["id"])
    cli("service", "delete", "nova2")
    assert "nova2" not in cli("service", "list")
    assert weftd.client("member-token").get("/v3/services").status == 403
    assert weftd.client("member-token").get("/v3/regions").status == 200


def test_limits(cli, weftd):
    cli("service", "create", "image", "--name", "glance")
    registered = cli.json("registered", "limit", "create", "--service", "glance", "--default-limit", "10", "--region", "here",
                          "images")
    assert (registered["default_limit"], registered["resource_name"], registered["region_id"]) == (10, "images", "here")
    cli("registered", "limit", "set", registered["id"], "--default-limit", "20")
    assert cli.json("registered", "limit", "show", registered["id"])["default_limit"] == 20
    assert [r["Resource Name"] for r in cli.json("registered", "limit", "list", "--service", "glance")] == ["images"]
    own = cli.json("limit", "create", "--project", "admin", "--service", "glance", "--region", "here", "--resource-limit", "5",
                   "images")
    assert own["resource_limit"] == 5
    cli("limit", "set", own["id"], "--resource-limit", "7")
    assert cli.json("limit", "show", own["id"])["resource_limit"] == 7
    assert [x["ID"] for x in cli.json("limit", "list", "--resource-name", "images")] == [own["id"]]
    assert "register it first" in cli("limit", "create", "--project", "admin", "--service", "glance", "--resource-limit", "5",
                                      "metadata", fails=True)
    assert "delete them first" in cli("registered", "limit", "delete", registered["id"], fails=True)
    client = weftd.client(ADMIN)
    service, project = own["service_id"], own["project_id"]
    two = [{"service_id": service, "resource_name": name, "default_limit": 1} for name in ("a", "b")]
    assert len(client.call("POST", "/v3/registered_limits", {"registered_limits": two}).json["registered_limits"]) == 2
    mixed = [{"service_id": service, "project_id": project, "resource_name": name, "resource_limit": 1} for name in ("a", "no")]
    assert client.call("POST", "/v3/limits", {"limits": mixed}).status == 403
    assert len(client.get("/v3/limits").json["limits"]) == 1, "all or none"
    assert client.call("POST", "/v3/limits", {"limits": []}).status == 400
    assert client.get("/v3/limits/model").json["model"]["name"] == "flat"
    cli("limit", "delete", own["id"])
    cli("registered", "limit", "delete", registered["id"])


def test_who_sees_limits(cli, weftd):
    """A project's member sees the project's own."""
    cli("project", "create", "small")
    cli("user", "create", "sally", "--password", "pw")
    cli("role", "add", "--user", "sally", "--project", "small", "reader")
    client = weftd.client(ADMIN)
    service = client.get("/v3/services?type=image").json["services"][0]["id"]
    limits = [{"service_id": service, "project_id": cli.json("project", "show", name)["id"], "resource_name": "a",
               "resource_limit": 3} for name in ("admin", "small")]
    assert client.call("POST", "/v3/limits", {"limits": limits}).status == 201
    auth = {"identity": {"methods": ["password"], "password": {"user": {"name": "sally", "password": "pw",
                                                                        "domain": {"id": "default"}}}}}
    scoped = {**auth, "scope": {"project": {"name": "small", "domain": {"id": "default"}}}}
    sally, nowhere = (weftd.client(weftd.client(None).call("POST", "/v3/auth/tokens", {"auth": how}).headers["X-Subject-Token"])
                      for how in (scoped, auth))
    seen = sally.get(f"/v3/limits?project_id={limits[0]['project_id']}").json["limits"]
    assert [x["project_id"] for x in seen] == [limits[1]["project_id"]]
    assert nowhere.get("/v3/limits").status == 403
    assert sally.call("POST", "/v3/limits", {"limits": limits}).status == 403


def test_a_changed_catalogue_survives_a_restart(cli, weftd):
    for endpoint in cli.json("endpoint", "list", "--service", "network"):
        cli("endpoint", "set", endpoint["ID"], "--url", f"http://127.0.0.1:{weftd.port}/")
    before = weftd.client(ADMIN).get("/v3/endpoints").json["endpoints"]
    weftd.stop()
    weftd.settings["listen"] = f"127.0.0.1:{weftd.port}"
    weftd.start()
    assert weftd.client(ADMIN).get("/v3/endpoints").json["endpoints"] == before
    cli("network", "list")
