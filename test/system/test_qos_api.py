"""QoS policies, their rules and types, and what has them: the API by HTTP, the real `openstack` CLI and openstacksdk.
Proves B27 (as far as the API goes: what hosts make of it is not part of it), B2, B9."""
import uuid

import pytest

from weftd import ADMIN, OTHER

openstack = pytest.importorskip("openstack")

POLICIES, TYPES = "/v2.0/qos/policies", "/v2.0/qos/rule-types"
RULES = {
    "bandwidth_limit": {"max_kbps": 1000, "max_burst_kbps": 100, "direction": "ingress"},
    "dscp_marking": {"dscp_mark": 46},
    "minimum_bandwidth": {"min_kbps": 500, "direction": "egress"},
    "packet_rate_limit": {"max_kpps": 10, "max_burst_kpps": 1, "direction": "egress"},
    "minimum_packet_rate": {"min_kpps": 5, "direction": "any"},
}

WEFTD = {"quotas": {"default": -1}}


@pytest.fixture
def policy(admin):
    """Of project-1."""
    return policy_of(admin)


def policy_of(admin, **attributes):
    answer = admin.call("POST", POLICIES, {"policy": {"name": "q" + uuid.uuid4().hex[:8], "project_id": "project-1", **attributes}})
    assert answer.status == 201, answer.text
    return answer.json["policy"]


def rule_of(admin, policy, kind, **attributes):
    answer = admin.call("POST", f"{POLICIES}/{policy['id']}/{kind}_rules", {f"{kind}_rule": attributes or RULES[kind]})
    assert answer.status == 201, answer.text
    return answer.json[f"{kind}_rule"]


@pytest.mark.parametrize("kind", RULES)
def test_rules(admin, member, policy, kind):
    """Each type: below its policy, by its id alone, and in the policy's rules."""
    path, name = f"{POLICIES}/{policy['id']}/{kind}_rules", f"{kind}_rule"
    rule = rule_of(admin, policy, kind)
    assert rule == {**rule, **RULES[kind]}
    one, alias = f"{path}/{rule['id']}", f"/v2.0/qos/alias_{kind}_rules/{rule['id']}"
    assert admin.get(one).json[name] == member.get(one).json[name] == rule
    assert admin.get(alias).json == {"alias_" + name: rule}
    assert [r["id"] for r in admin.get(path).json[name + "s"]] == [rule["id"]]
    number = next(key for key in RULES[kind] if key != "direction")
    assert [r["id"] for r in admin.get(path, **{number: RULES[kind][number]}).json[name + "s"]] == [rule["id"]]
    assert admin.get(path, **{number: 1}).json[name + "s"] == []
    changed = admin.call("PUT", one, {name: {number: 8}}).json[name]
    assert changed[number] == 8
    changed = admin.call("PUT", alias, {"alias_" + name: {number: 10}}).json["alias_" + name]
    assert changed[number] == 10
    assert admin.call("PUT", alias, {name: {number: 10}}).status == 400
    shown = member.get(f"{POLICIES}/{policy['id']}").json["policy"]["rules"]
    assert shown == [{**changed, "type": kind}]
    again = admin.call("POST", path, {name: RULES[kind]})
    assert (again.status, again.error) == (409, "QoSRulesConflict")
    assert member.call("DELETE", one).status == member.call("PUT", alias, {"alias_" + name: {}}).status == 403
    assert admin.get(f"{POLICIES}/{policy_of(admin)['id']}/{kind}_rules/{rule['id']}").status == 404
    assert admin.get(f"/v2.0/qos/alias_{kind}_rules").status == 404
    assert admin.get(one + "/tags").status == 404 and admin.get(path, tags="x").status == 400
    assert admin.call("DELETE", alias).status == 204
    assert admin.get(one).error == admin.get(alias).error == "QosRuleNotFound"


@pytest.mark.parametrize("kind, attributes, error", [
    ("bandwidth_limit", {}, "BadRequest"),
    ("bandwidth_limit", {"max_kbps": -1}, "InvalidInput"),
    ("bandwidth_limit", {"max_kbps": 1, "direction": "any"}, "InvalidInput"),
    ("bandwidth_limit", {"max_kbps": 1, "qos_policy_id": str(uuid.uuid4())}, "BadRequest"),
    ("dscp_marking", {"dscp_mark": 3}, "InvalidInput"),
    ("dscp_marking", {"dscp_mark": 46, "direction": "egress"}, "InvalidInput"),
    ("minimum_packet_rate", {"min_kpps": 2**31}, "InvalidInput"),
])
def test_bad_rules(admin, policy, kind, attributes, error):
    answer = admin.call("POST", f"{POLICIES}/{policy['id']}/{kind}_rules", {f"{kind}_rule": attributes})
    assert (answer.status, answer.error) == (400, error), answer.text


def test_contradictions(admin, policy):
    rule_of(admin, policy, "minimum_bandwidth", min_kbps=500)
    path = f"{POLICIES}/{policy['id']}"
    answer = admin.call("POST", path + "/bandwidth_limit_rules", {"bandwidth_limit_rule": {"max_kbps": 499}})
    assert (answer.status, answer.error) == (409, "QoSRuleParameterConflict")
    rule_of(admin, policy, "minimum_packet_rate", min_kpps=1)
    answer = admin.call("POST", path + "/minimum_packet_rate_rules", {"minimum_packet_rate_rule": {"min_kpps": 1, "direction": "any"}})
    assert (answer.status, answer.error) == (409, "QoSRuleParameterConflict")


def test_whose_policies(weftd, admin, member, policy):
    other = weftd.client(OTHER)
    path = f"{POLICIES}/{policy['id']}"
    assert member.get(path).status == 200
    assert other.get(path).error == "QosPolicyNotFound"
    assert member.call("POST", POLICIES, {"policy": {"name": "mine"}}).status == 403
    assert member.call("PUT", path, {"policy": {"name": "x"}}).status == member.call("DELETE", path).status == 403
    assert other.call("POST", "/v2.0/networks", {"network": {"qos_policy_id": policy["id"]}}).error == "QosPolicyNotFound"
    assert admin.call("PUT", path, {"policy": {"shared": True}}).json["policy"]["shared"] is True
    network = other.make("network", qos_policy_id=policy["id"])
    assert admin.call("PUT", path, {"policy": {"shared": False}}).error == "InvalidSharedSetting"
    answer = admin.call("DELETE", path)
    assert (answer.status, answer.error) == (409, "QosPolicyInUse")
    assert other.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204
    assert admin.call("DELETE", path).status == 204


def test_networks_and_ports(admin, member, policy):
    network = member.make("network", qos_policy_id=policy["id"])
    port = member.make("port", network_id=network["id"])
    assert (port["qos_policy_id"], port["qos_network_policy_id"]) == (None, policy["id"])
    theirs = policy_of(admin, project_id="project-9")
    path = f"/v2.0/ports/{port['id']}"
    assert member.call("PUT", path, {"port": {"qos_policy_id": theirs["id"]}}).error == "QosPolicyNotFound"
    assert admin.call("PUT", path, {"port": {"qos_policy_id": theirs["id"]}}).json["port"]["qos_policy_id"] == theirs["id"]
    answer = member.call("PUT", path, {"port": {"qos_policy_id": None}})
    assert (answer.status, answer.error) == (403, "PolicyRemoveAuthorizationError")
    assert admin.call("DELETE", f"{POLICIES}/{theirs['id']}").error == "QosPolicyInUse"
    assert [p["id"] for p in admin.get("/v2.0/ports", qos_policy_id=theirs["id"]).json["ports"]] == [port["id"]]
    assert admin.call("PUT", path, {"port": {"qos_policy_id": None}}).json["port"]["qos_policy_id"] is None
    assert admin.call("POST", "/v2.0/networks", {"network": {"qos_policy_id": str(uuid.uuid4())}}).status == 404


def test_default_policy(admin):
    policy = policy_of(admin, project_id="project-7", is_default=True)
    answer = admin.call("POST", POLICIES, {"policy": {"project_id": "project-7", "is_default": True}})
    assert (answer.status, answer.error) == (409, "QoSPolicyDefaultAlreadyExists")
    assert admin.make("network", project_id="project-7")["qos_policy_id"] == policy["id"]
    assert admin.make("network", project_id="project-6")["qos_policy_id"] is None


def test_resource_request(admin, member, policy):
    """Its group has the id that Neutron would give it: Nova finds its allocation by that."""
    network = member.make("network")
    port = admin.make("port", network_id=network["id"], qos_policy_id=policy["id"], device_owner="compute:nova")
    assert port["resource_request"] is None
    answer = admin.call("POST", f"{POLICIES}/{policy['id']}/minimum_packet_rate_rules", {"minimum_packet_rate_rule": {"min_kpps": 5}})
    assert (answer.status, answer.error) == (501, "NotImplementedError")
    free = policy_of(admin)
    first = rule_of(admin, free, "minimum_packet_rate", min_kpps=5)
    second = rule_of(admin, free, "minimum_packet_rate", min_kpps=7, direction="ingress")
    port = admin.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"qos_policy_id": free["id"]}}).json["port"]
    group = str(uuid.uuid5(uuid.UUID(port["id"]), f"{first['id']}:{second['id']}"))
    assert port["resource_request"] == {
        "request_groups": [{"id": group, "required": ["CUSTOM_VNIC_TYPE_NORMAL"], "resources": {
            "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC": 5, "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC": 7}}],
        "same_subtree": [group],
    }
    assert "resource_request" not in member.get(f"/v2.0/ports/{port['id']}").json["port"]


def test_rule_types(admin, member):
    types = [t["type"] for t in member.get(TYPES).json["rule_types"]]
    assert sorted(types) == sorted(RULES)
    assert [t["type"] for t in admin.get(TYPES, all_rules="true").json["rule_types"]] == types
    assert admin.get(TYPES, type="dscp_marking").json == {"rule_types": [{"type": "dscp_marking"}]}
    assert admin.get(TYPES, colour="red").status == 400
    for kind in RULES:
        details, = admin.get(f"{TYPES}/{kind}").json["rule_type"]["drivers"]
        assert {p["parameter_name"] for p in details["supported_parameters"]} == set(RULES[kind])
    marks, = details_of(admin, "dscp_marking")
    assert marks["parameter_type"] == "choices" and len(marks["parameter_values"]) == 21
    assert admin.get(f"{TYPES}/none").status == 404
    assert member.get(f"{TYPES}/dscp_marking").status == 403


def details_of(admin, kind):
    return admin.get(f"{TYPES}/{kind}").json["rule_type"]["drivers"][0]["supported_parameters"]


def test_cli(cli, member):
    name = "cli" + uuid.uuid4().hex[:6]
    made = cli.json("network", "qos", "policy", "create", name, "--share", "--description", "d")
    assert (made["name"], made["shared"], made["rules"]) == (name, True, [])
    cli("network", "qos", "policy", "set", name, "--description", "e", "--no-share")
    rule = cli.json("network", "qos", "rule", "create", "--type", "bandwidth-limit", "--max-kbps", "1000", "--max-burst-kbits",
                    "100", "--ingress", name)
    assert (rule["max_kbps"], rule["direction"]) == (1000, "ingress")
    assert "conflicts" in cli.fails("network", "qos", "rule", "create", "--type", "bandwidth-limit", "--max-kbps", "9",
                                    "--ingress", name)
    cli("network", "qos", "rule", "set", name, rule["id"], "--max-kbps", "2000")
    assert [r["Max Kbps"] for r in cli.json("network", "qos", "rule", "list", name)] == [2000]
    cli("network", "qos", "rule", "delete", name, rule["id"])
    assert name in [p["Name"] for p in cli.json("network", "qos", "policy", "list")]
    network = member.make("network", name=name)
    cli("network", "set", "--qos-policy", name, network["id"])
    assert cli.json("network", "qos", "policy", "show", name)["description"] == "e"
    assert "in use" in cli.fails("network", "qos", "policy", "delete", name)
    cli("network", "set", "--no-qos-policy", network["id"])
    cli("network", "qos", "policy", "delete", name)
    assert "dscp_marking" in cli("network", "qos", "rule", "type", "list")


@pytest.fixture
def public(admin):
    network = admin.make("network", **{"router:external": True})
    admin.make("subnet", network_id=network["id"], cidr="203.0.113.0/24")
    return network


def test_floating_ips(admin, member, policy, public):
    theirs = policy_of(admin, project_id="project-9")
    ip = member.make("floatingip", floating_network_id=public["id"], qos_policy_id=policy["id"])
    path = f"/v2.0/floatingips/{ip['id']}"
    assert (ip["qos_policy_id"], ip["qos_network_policy_id"]) == (policy["id"], None)
    assert member.call("PUT", path, {"floatingip": {"qos_policy_id": theirs["id"]}}).error == "QosPolicyNotFound"
    assert admin.call("DELETE", f"{POLICIES}/{policy['id']}").error == "QosPolicyInUse"
    admin.call("PUT", f"/v2.0/networks/{public['id']}", {"network": {"qos_policy_id": theirs["id"]}})
    ip = member.call("PUT", path, {"floatingip": {"qos_policy_id": None}}).json["floatingip"]
    assert (ip["qos_policy_id"], ip["qos_network_policy_id"]) == (None, theirs["id"])
    assert admin.call("DELETE", f"{POLICIES}/{policy['id']}").status == 204


def test_gateways(cli, admin, member, policy, public):
    """By HTTP and by the CLI, which gives the whole of external_gateway_info."""
    router = member.make("router", name="r", external_gateway_info={"network_id": public["id"], "qos_policy_id": policy["id"]})
    assert router["external_gateway_info"]["qos_policy_id"] == policy["id"]
    assert admin.call("DELETE", f"{POLICIES}/{policy['id']}").error == "QosPolicyInUse"
    cli("router", "set", router["id"], "--external-gateway", public["id"], "--no-qos-policy")
    assert cli.json("router", "show", router["id"])["external_gateway_info"]["qos_policy_id"] is None
    cli("router", "set", router["id"], "--external-gateway", public["id"], "--qos-policy", policy["name"])
    assert cli.json("router", "show", router["id"])["external_gateway_info"]["qos_policy_id"] == policy["id"]
    ip = cli.json("floating", "ip", "create", public["id"], "--qos-policy", policy["name"])
    assert ip["qos_policy_id"] == policy["id"]
    cli("floating", "ip", "unset", ip["id"], "--qos-policy")
    assert cli.json("floating", "ip", "show", ip["id"])["qos_policy_id"] is None
    cli("floating", "ip", "set", ip["id"], "--qos-policy", policy["name"])
    assert cli.json("floating", "ip", "show", ip["id"])["qos_policy_id"] == policy["id"]
    cli("floating", "ip", "delete", ip["id"])
    cli("router", "unset", router["id"], "--external-gateway")
    assert admin.call("DELETE", f"{POLICIES}/{policy['id']}").status == 204


def test_sdk(weftd):
    connection = openstack.connect(auth_type="admin_token", auth={"endpoint": weftd.url, "token": ADMIN}, load_envvars=False,
                                   load_yaml_config=False)
    sdk = connection.network
    policy = sdk.create_qos_policy(name="sdk-policy", is_default=True)
    rule = sdk.create_qos_minimum_bandwidth_rule(policy, min_kbps=100, direction="ingress")
    assert sdk.update_qos_minimum_bandwidth_rule(rule, policy, min_kbps=200).min_kbps == 200
    assert [r.id for r in sdk.qos_minimum_bandwidth_rules(policy)] == [rule.id]
    mark = sdk.create_qos_dscp_marking_rule(policy, dscp_mark=26)
    assert sdk.find_qos_dscp_marking_rule(mark.id, policy).dscp_mark == 26
    assert sdk.find_qos_policy("sdk-policy").is_default is True
    assert len(sdk.get_qos_policy(policy).rules) == 2
    assert sdk.get_qos_rule_type("minimum_bandwidth").drivers
    sdk.delete_qos_dscp_marking_rule(mark, policy)
    with pytest.raises(openstack.exceptions.BadRequestException, match="dscp_mark"):
        sdk.create_qos_dscp_marking_rule(policy, dscp_mark=27)
    sdk.delete_qos_policy(policy)
    assert sdk.find_qos_policy("sdk-policy") is None
    # openstack.cloud, too, which looks at the extensions
    assert connection.create_qos_policy(name="cloud")["name"] == "cloud"
    assert connection.create_qos_bandwidth_limit_rule("cloud", max_kbps=7, direction="egress")["max_kbps"] == 7
    assert connection.delete_qos_policy("cloud")
    connection.close()
