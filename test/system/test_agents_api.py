"""Hosts as agents, availability zones, and what the clients of the agent schedulers ask. Proves B2, B9 for these resources."""
import pytest

from weftd import MEMBER, Weftd, refused


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = Weftd(tmp_path_factory.mktemp("agents")).start()
    admin = server.client()
    admin.make("host", name="h1", tunnel_ips=["192.0.2.1"], availability_zone="east")
    admin.make("host", name="h2", tunnel_ips=["192.0.2.2"])
    admin.make("host", name="vtep", managed=False)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def network(weftd):
    admin = weftd.client()
    made = admin.make("network", name="net", availability_zone_hints=["east"])
    admin.make("subnet", network_id=made["id"], cidr="10.0.0.0/24")
    for _ in range(5):
        admin.make("port", network_id=made["id"], **{"binding:host_id": "h1"})
    return made


def test_cli_agents(cli):
    agents = cli.json("network", "agent", "list")
    assert sorted((a["Agent Type"], a["Host"]) for a in agents) == [
        (kind, host) for kind in ("BGP dynamic routing agent", "DHCP agent", "L3 agent", "Weft agent") for host in ("h1", "h2")]
    assert {a["Binary"] for a in agents} == {"weft-agent"} and not any(a["Alive"] for a in agents)
    mine = cli.json("network", "agent", "list", "--agent-type", "dhcp", "--host", "h1")
    assert [(a["Agent Type"], a["Availability Zone"]) for a in mine] == [("DHCP agent", "east")]
    cli("network", "agent", "set", mine[0]["ID"], "--disable", "--description", "of the east")
    shown = cli.json("network", "agent", "show", mine[0]["ID"])
    assert (shown["admin_state_up"], shown["description"], shown["configuration"]["tunneling_ips"]) == (
        False, "of the east", ["192.0.2.1"])
    zones = {(z["Zone Name"], z["Zone Resource"]): z["Zone Status"] for z in cli.json("availability", "zone", "list", "--network",
                                                                                       "--long")}
    assert zones == {("east", "network"): "not available", ("east", "router"): "available", ("nova", "network"): "available",
                     ("nova", "router"): "available"}
    cli("network", "agent", "set", mine[0]["ID"], "--enable")
    assert "DELETE is not possible" in cli.fails("network", "agent", "delete", mine[0]["ID"])


def test_an_agent_is_alive_when_its_host_reports(weftd, admin, sdk):
    host = admin.make("host", name="h9", tunnel_ips=["192.0.2.9"])
    client = weftd.client(host["credential"])
    report = {"instance": "4b3e5f35-6d88-4c3e-8f8a-1c5b07f8d6f1", "revision": 0, "agent": {"uptime_s": 3600}}
    report["agent"]["bridge_mappings"] = {"public": "eth1"}
    assert client.call("POST", "/weft/v1/hosts/h9/report", report).status == 200
    agents = list(sdk.agents(host="h9"))
    assert len(agents) == 4 and all(a.is_alive for a in agents)
    shown = admin.get(f"/v2.0/agents/{agents[0].id}").json["agent"]
    assert shown["heartbeat_timestamp"] > shown["started_at"]
    assert shown["configurations"]["bridge_mappings"] == {"public": "eth1"}
    for bad in ({"public": 1}, {"": "eth1"}, ["public"]):
        report["agent"]["bridge_mappings"] = bad
        assert refused(client.call("POST", "/weft/v1/hosts/h9/report", report), 400, "InvalidInput", "bridge_mappings")
    del report["agent"]["bridge_mappings"]  # an older agent's says nothing of them
    assert client.call("POST", "/weft/v1/hosts/h9/report", report).status == 200
    assert admin.get(f"/v2.0/hosts/{host['id']}").json["host"]["bridge_mappings"] == {"public": "eth1"}
    assert [a.id for a in sdk.agents(host="h9", alive=True)] == [a.id for a in agents]
    assert admin.call("DELETE", f"/v2.0/hosts/{host['id']}").status == 204
    assert list(sdk.agents(host="h9")) == []


def test_agents_are_the_administrators(weftd, admin, network):
    member = weftd.client(MEMBER)
    agent = admin.get("/v2.0/agents").json["agents"][0]
    assert member.get("/v2.0/agents").json["agents"] == []
    assert refused(member.get(f"/v2.0/agents/{agent['id']}"), 404, "AgentNotFound")
    mine = member.make("network")
    assert refused(member.get(f"/v2.0/networks/{mine['id']}/dhcp-agents"), 403, "PolicyNotAuthorized")
    assert refused(admin.call("POST", "/v2.0/agents", {"agent": {}}), 405, "HTTPMethodNotAllowed", "GET")
    assert refused(admin.call("DELETE", f"/v2.0/agents/{agent['id']}"), 405, "HTTPMethodNotAllowed", "PUT")
    assert refused(admin.call("PUT", f"/v2.0/agents/{agent['id']}", {"agent": {"host": "x"}}), 400, "BadRequest", "host")


def test_scheduler_views(cli, admin, network):
    on = cli.json("network", "agent", "list", "--network", "net")
    assert [(a["Agent Type"], a["Host"]) for a in on] == [("DHCP agent", "h1")]
    served = admin.get(f"/v2.0/agents/{on[0]['ID']}/dhcp-networks").json["networks"]
    assert [n["id"] for n in served] == [network["id"]]
    assert [n["Name"] for n in cli.json("network", "list", "--agent", on[0]["ID"])] == ["net"]
    other = admin.get("/v2.0/agents", host="h1", agent_type="L3 agent").json["agents"][0]
    assert admin.get(f"/v2.0/agents/{other['id']}/dhcp-networks").json == {"networks": []}


def agent_of(admin, host, kind):
    return admin.get("/v2.0/agents", host=host, agent_type=f"{kind} agent").json["agents"][0]["id"]


def test_dhcp_of_a_host(weftd, cli, sdk, admin, network):
    """A host that has ports answers unless it was taken out; one without is listed once it was added."""
    first, second = (agent_of(admin, host, "DHCP") for host in ("h1", "h2"))
    served = lambda: sorted(a["host"] for a in admin.get(f"/v2.0/networks/{network['id']}/dhcp-agents").json["agents"])  # noqa: E731
    networks = lambda agent: [n["id"] for n in admin.get(f"/v2.0/agents/{agent}/dhcp-networks").json["networks"]]  # noqa: E731
    add = lambda agent: admin.call("POST", f"/v2.0/agents/{agent}/dhcp-networks", {"network_id": network["id"]})  # noqa: E731
    remove = lambda agent: admin.call("DELETE", f"/v2.0/agents/{agent}/dhcp-networks/{network['id']}")  # noqa: E731

    refused(add(first), 409, "NetworkHostedByDHCPAgent", first)
    refused(remove(second), 409, "NetworkNotHostedByDhcpAgent", second)
    cli("network", "agent", "remove", "network", "--dhcp", first, "net")
    assert (served(), networks(first)) == ([], [])
    refused(remove(first), 409, "NetworkNotHostedByDhcpAgent")
    cli("network", "agent", "add", "network", "--dhcp", second, "net")
    assert (served(), networks(second)) == (["h2"], [network["id"]])
    weftd.stop()
    weftd.start()
    admin.connection.close()
    admin.connection.port = weftd.port
    assert served() == ["h2"]
    answer = add(first)
    assert (answer.status, answer.text) == (201, b"null") and served() == ["h1", "h2"]
    assert remove(second).status == 204 and served() == ["h1"]


def test_what_agents_do_not_take(weftd, admin, network):
    first, router = agent_of(admin, "h1", "DHCP"), agent_of(admin, "h1", "L3")
    path, body = f"/v2.0/agents/{first}/dhcp-networks", {"network_id": network["id"]}
    refused(admin.call("POST", f"/v2.0/agents/{router}/dhcp-networks", body), 404, "InvalidDHCPAgent", router)
    assert admin.call("PUT", f"/v2.0/agents/{first}", {"agent": {"admin_state_up": False}}).status == 200
    refused(admin.call("POST", path, body), 404, "InvalidDHCPAgent")
    assert admin.call("PUT", f"/v2.0/agents/{first}", {"agent": {"admin_state_up": True}}).status == 200
    refused(admin.call("POST", path, {}), 400, "BadRequest", "network_id")
    refused(admin.call("POST", path, {"network_id": first}), 404, "NetworkNotFound")
    refused(admin.call("POST", f"/v2.0/agents/{network['id']}/dhcp-networks", body), 404, "AgentNotFound")
    refused(admin.call("POST", f"/v2.0/networks/{network['id']}/dhcp-agents", {}), 405, "HTTPMethodNotAllowed")
    refused(admin.call("DELETE", f"/v2.0/agents/{first}"), 405, "HTTPMethodNotAllowed", "agents come and go with their host")
    refused(admin.call("DELETE", f"/v2.0/networks/{network['id']}/dhcp-agents/{first}"), 404, "HTTPNotFound")
    member = weftd.client(MEMBER)
    refused(member.call("POST", path, body), 404, "AgentNotFound")
    refused(member.call("DELETE", f"{path}/{network['id']}"), 404, "AgentNotFound")


def test_routers_stay_where_they_are(cli, admin):
    agent, router = agent_of(admin, "h1", "L3"), admin.make("router", name="r")["id"]
    assert admin.get(f"/v2.0/agents/{agent}").json["agent"]["configurations"]["agent_mode"] == "dvr"
    path = f"/v2.0/agents/{agent}/l3-routers"
    refused(admin.call("POST", path, {"router_id": router}), 409, "DVRL3CannotAssignToDvrAgent")
    refused(admin.call("DELETE", f"{path}/{router}"), 409, "DVRL3CannotRemoveFromDvrAgent")
    refused(admin.call("POST", path, {"router_id": agent}), 404, "RouterNotFound")
    refused(admin.call("POST", f"/v2.0/agents/{agent_of(admin, 'h1', 'DHCP')}/l3-routers", {"router_id": router}), 404, "InvalidL3Agent")
    refused(admin.call("POST", path, {}), 400, "BadRequest", "router_id")
    cli("network", "agent", "add", "router", "--l3", agent, "r")  # the command shows no refusal
    cli("network", "agent", "remove", "router", "--l3", agent, "r")
    assert admin.get(path).json == {"routers": []} and admin.call("DELETE", f"/v2.0/routers/{router}").status == 204


def test_order(weftd, admin):
    """By what is computed, too: agents that are alive, zones."""
    def hosts(key, direction="asc", **more):
        return [a["host"] for a in admin.get("/v2.0/agents", sort_key=key, sort_dir=direction, agent_type="L3 agent", **more).json["agents"]]

    host = admin.make("host", name="h0", tunnel_ips=["192.0.2.10"], availability_zone="alps")
    report = {"instance": "4b3e5f35-6d88-4c3e-8f8a-1c5b07f8d6f1", "revision": 0, "agent": {"uptime_s": 1}}
    assert weftd.client(host["credential"]).call("POST", "/weft/v1/hosts/h0/report", report).status == 200
    assert hosts("host") == ["h0", "h1", "h2"] and hosts("host", "desc") == ["h2", "h1", "h0"]
    assert hosts("availability_zone") == ["h0", "h1", "h2"] and hosts("availability_zone", "desc", limit=1) == ["h2"]
    assert hosts("alive", "desc") == ["h0", "h1", "h2"] and hosts("alive") == ["h1", "h2", "h0"]
    assert hosts("heartbeat_timestamp", "desc")[0] == "h0"
    refused(admin.get("/v2.0/agents", sort_key="configurations", sort_dir="asc"), 400, "InvalidInput")
    assert admin.call("DELETE", f"/v2.0/hosts/{host['id']}").status == 204


def test_zones_of_networks(cli, admin, network):
    assert cli.json("network", "show", "net")["availability_zones"] == ["east"]
    port = admin.make("port", network_id=network["id"], **{"binding:host_id": "h2"})
    assert admin.get(f"/v2.0/networks/{network['id']}").json["network"]["availability_zones"] == ["east", "nova"]
    admin.call("DELETE", f"/v2.0/ports/{port['id']}")
    assert "AvailabilityZone west could not be found" in cli.fails("network", "create", "x", "--availability-zone-hint", "west")


def test_zones_are_listed_only(weftd, admin):
    zones = weftd.client(MEMBER).get("/v2.0/availability_zones", resource="network", name="nova").json
    assert zones == {"availability_zones": [{"name": "nova", "resource": "network", "state": "available"}]}
    ordered = admin.get("/v2.0/availability_zones", sort_key="name", sort_dir="desc", limit=1).json
    assert ordered["availability_zones"][0]["name"] == "nova"
    answer = admin.call("POST", "/v2.0/availability_zones", {"availability_zone": {}})
    assert refused(answer, 405, "HTTPMethodNotAllowed", "GET") and answer.headers["Allow"] == "GET, HEAD"
    assert admin.get("/v2.0/availability_zones/nova").status == 404
    assert refused(admin.call("POST", "/v2.0/hosts", {"host": {"name": "x", "availability_zone": ""}}), 400, "InvalidInput")


def test_announced_addresses(tmp_path):
    """Of several ports that may have an address, the one whose guest announced it last has it, in whatever order their hosts report; none has what it may not have."""
    weftd = Weftd(tmp_path).start()
    client = weftd.client()
    network = client.make("network")["id"]
    client.make("subnet", network_id=network, ip_version=4, cidr="10.0.0.0/24")
    tokens = {name: client.make("host", name=name, tunnel_ips=[f"192.0.2.{n}"])["credential"] for n, name in enumerate(("h1", "h2"), 1)}
    ports = {name: client.make("port", network_id=network, allowed_address_pairs=[{"ip_address": "10.0.0.200"}], **{"binding:host_id": name})["id"] for name in tokens}

    def report(host, port, address, ms):
        return weftd.client(tokens[host]).call("POST", f"/weft/v1/hosts/{host}/report", {"instance": "i", "revision": 0, "announced": {ports[port]: {address: ms}}})

    def held():
        return {name: client.get(f"/v2.0/ports/{port}").json["port"]["held_addresses"] for name, port in ports.items()}

    for host, port, address, ms, holder in (
            ("h1", "h1", "10.0.0.200", 60000, "h1"),
            ("h2", "h2", "10.0.0.200", 30000, "h2"),
            ("h1", "h1", "10.0.0.200", 40000, "h2"),  # it was before
            ("h1", "h1", "10.0.0.200", 0, "h1"),
            ("h1", "h2", "10.0.0.200", 0, "h1"),  # another host's port
            ("h2", "h2", "10.0.0.201", 0, "h1")):
        assert report(host, port, address, ms).status == 200
        assert held() == {"h1": [], "h2": [], holder: ["10.0.0.200"]}, (host, port, address, ms)
    for wrong in (-1, "now", None):
        refused(report("h1", "h1", "10.0.0.200", wrong), 400, "BadRequest", "milliseconds")
    weftd.stop()
    weftd.start()
    client = weftd.client()
    assert held() == {"h1": ["10.0.0.200"], "h2": []}
    weftd.stop()
