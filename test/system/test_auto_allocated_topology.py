"""Auto-allocated topologies: a network behind a router, made in one step for a project that asks for it, by HTTP, openstacksdk and
the `openstack` CLI (extension "auto-allocated-topology"). Proves B2."""
import pytest

import identity_server
from openstack_cli import Cli
from weftd import MEMBER, OTHER, READER, refused

PATH = "/v2.0/auto-allocated-topology/"
COLLECTIONS = ["networks", "subnets", "ports", "routers"]


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = identity_server.start(tmp_path_factory.mktemp("topology"))
    yield server
    server.stop()


def objects(client, project="project-1"):
    return {name: client.get(f"/v2.0/{name}", project_id=project).json[name] for name in COLLECTIONS}


def delete(client, project="project-1"):
    return client.call("DELETE", PATH + project)


@pytest.fixture
def cloud(admin):
    """A default external network, and a default pool of each IP version."""
    network = admin.make("network", **{"router:external": True, "is_default": True, "name": "public"})
    admin.make("subnet", network_id=network["id"], cidr="203.0.113.0/24")
    pools = [admin.make("subnetpool", name=f"v{version}", prefixes=[prefix], default_prefixlen=length, is_default=True, shared=True)
             for version, prefix, length in ((4, "10.64.0.0/16", 26), (6, "fd00:64::/48", 64))]
    yield network
    for project in ("project-1", "project-2", "admin"):
        assert delete(admin, project).status == 204
    for pool in pools:
        assert admin.call("DELETE", f"/v2.0/subnetpools/{pool['id']}").status in (204, 404)
    assert admin.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204


def test_made_once_and_deleted(cloud, admin, member):
    answer = member.get(PATH + "project-1")
    assert answer.status == 200, answer.text
    topology = answer.json["auto_allocated_topology"]
    made = objects(admin)
    [network], [router] = made["networks"], made["routers"]
    assert topology == {"id": network["id"], "tenant_id": "project-1", "project_id": "project-1"}
    assert (network["name"], network["admin_state_up"], network["shared"], network["mtu"]) == ("auto_allocated_network", True, False, 1422)
    assert [(s["name"], s["cidr"], s["network_id"]) for s in made["subnets"]] == [
        ("auto_allocated_subnet_v4", "10.64.0.0/26", network["id"]), ("auto_allocated_subnet_v6", "fd00:64::/64", network["id"])]
    assert router["external_gateway_info"]["network_id"] == cloud["id"]
    assert sorted(ip["ip_address"] for p in made["ports"] for ip in p["fixed_ips"] if p["device_id"] == router["id"]) == [
        "10.64.0.1", "fd00:64::1"]
    assert member.get(PATH + "None").json == answer.json == admin.get(PATH + "project-1").json
    assert objects(admin) == made
    port = member.make("port", network_id=network["id"])
    assert port["fixed_ips"][0]["ip_address"] == "10.64.0.2"
    refused(delete(member), 409, "NetworkInUse")
    assert objects(admin)["routers"] == [router]  # nothing of it is gone
    assert member.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    assert delete(member).status == 204
    assert objects(admin) == {name: [] for name in COLLECTIONS}
    assert delete(member).status == 204


def test_what_is_gone_is_made_again(cloud, admin, member):
    """Who deletes the network has no topology; who deletes the router has one without."""
    first = member.get(PATH + "project-1").json["auto_allocated_topology"]["id"]
    router = objects(admin)["routers"][0]["id"]
    for subnet in objects(admin)["subnets"]:
        gone = member.call("PUT", f"/v2.0/routers/{router}/remove_router_interface", {"subnet_id": subnet["id"]})
        assert gone.status == 200, gone.text
    assert member.call("DELETE", f"/v2.0/routers/{router}").status == 204
    assert member.get(PATH + "project-1").json["auto_allocated_topology"]["id"] == first
    assert member.call("DELETE", f"/v2.0/networks/{first}").status == 204
    again = member.get(PATH + "project-1").json["auto_allocated_topology"]["id"]
    assert again != first and len(objects(admin)["routers"]) == 1


def test_a_router_with_more_stays(cloud, admin, member):
    member.get(PATH + "project-1")
    router = objects(admin)["routers"][0]["id"]
    network = member.make("network")
    subnet = member.make("subnet", network_id=network["id"], cidr="192.0.2.0/24")
    assert member.call("PUT", f"/v2.0/routers/{router}/add_router_interface", {"subnet_id": subnet["id"]}).status == 200
    refused(delete(member), 409, "RouterInUse")
    assert len(objects(admin)["networks"]) == 2
    assert member.call("PUT", f"/v2.0/routers/{router}/remove_router_interface", {"subnet_id": subnet["id"]}).status == 200
    assert member.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204


def test_requirements(admin, member):
    def refuses(part):
        for query in ({}, {"fields": "dry-run"}):
            refused(member.get(PATH + "project-1", **query), 409, "AutoAllocationFailure", part)
    refuses("No default router:external network")
    network = admin.make("network", **{"router:external": True, "is_default": True})
    refuses("No default subnetpools defined")
    pool = admin.make("subnetpool", name="private", prefixes=["10.65.0.0/24"], is_default=True, default_prefixlen=25)
    refuses("one that is shared")
    assert admin.get(PATH + "project-1", fields="dry-run").json["auto_allocated_topology"] == {
        "id": "dry-run=pass", "tenant_id": "project-1", "project_id": "project-1"}
    admin.call("PUT", f"/v2.0/subnetpools/{pool['id']}", {"subnetpool": {"shared": True}})
    refused(member.get(PATH + "project-1", fields="id"), 400, "BadRequest")
    for path in ("subnetpools", pool["id"]), ("networks", network["id"]):
        assert admin.call("DELETE", "/v2.0/" + "/".join(path)).status == 204
    assert objects(admin) == {name: [] for name in COLLECTIONS}


def test_who_may(cloud, weftd, admin, member):
    """A reader sees the topology, a member has it made, of another project neither."""
    reader, other = weftd.client(READER), weftd.client(OTHER)
    refused(reader.get(PATH + "project-1"), 403, "PolicyNotAuthorized", "create_auto_allocated_topology")
    refused(other.get(PATH + "project-1"), 403, "PolicyNotAuthorized", "get_auto_allocated_topology")
    assert reader.get(PATH + "project-1", fields="dry-run").status == 200
    made = member.get(PATH + "project-1").json
    assert reader.get(PATH + "project-1").json == made
    refused(delete(reader), 403, "PolicyNotAuthorized", "delete_auto_allocated_topology")
    refused(delete(other), 403, "PolicyNotAuthorized")
    assert other.get(PATH + "project-2").json["auto_allocated_topology"]["id"] != made["auto_allocated_topology"]["id"]


def test_quota_holds(cloud, admin, member):
    """All or nothing, also where the last piece is one too many."""
    assert admin.call("PUT", "/v2.0/quotas/project-1", {"quota": {"subnet": 1}}).status == 200
    refused(member.get(PATH + "project-1"), 409, "OverQuota", "subnet")
    assert objects(admin) == {name: [] for name in COLLECTIONS}
    assert admin.call("DELETE", "/v2.0/quotas/project-1").status == 204


def test_survives(cloud, weftd, admin, member):
    before = member.get(PATH + "project-1").json
    weftd.stop()
    weftd.start()
    assert weftd.client(MEMBER).get(PATH + "project-1").json == before
    admin.connection.close()  # both speak to the one that is there now
    admin.connection.port = weftd.port


def test_cli(cloud, weftd, admin):
    run = Cli(OS_AUTH_URL=weftd.url, OS_USERNAME="admin", OS_PASSWORD=identity_server.PASSWORD, OS_PROJECT_NAME="admin",
              OS_USER_DOMAIN_ID="default", OS_PROJECT_DOMAIN_ID="default")
    own = run.json("project", "show", "admin")["id"]
    assert run.json("network", "auto", "allocated", "topology", "create", "--check-resources") == {"dry_run": None}  # it has no more to show
    shown = run.json("network", "auto", "allocated", "topology", "create", "--or-show")
    assert shown["project_id"] == own
    assert run.json("network", "show", shown["id"])["name"] == "auto_allocated_network"
    crew = run.json("project", "create", "crew")["id"]
    theirs = run.json("network", "auto", "allocated", "topology", "create", "--project", crew)  # the command sends it as it is
    assert theirs["project_id"] == crew and theirs["id"] != shown["id"]
    run("network", "auto", "allocated", "topology", "delete", "--project", crew)
    run("network", "auto", "allocated", "topology", "delete")
    assert objects(admin, crew) == {name: [] for name in COLLECTIONS}
    assert [network["name"] for network in objects(admin, own)["networks"]] == ["public"]


def test_sdk(cloud, weftd, sdk):
    assert sdk.validate_auto_allocated_topology("project-2").id == "dry-run=pass"
    topology = sdk.get_auto_allocated_topology("project-2")
    assert sdk.get_network(topology.id).project_id == "project-2"
    sdk.delete_auto_allocated_topology("project-2")
    assert list(sdk.networks(project_id="project-2")) == []
