"""Logs of security groups' decisions, metering labels and their rules: the API by HTTP, the real `openstack` CLI and openstacksdk.
Proves B2, B9 for these resources; what hosts write is in test_firewall_logs.py, and nothing is counted yet."""
import uuid

import openstack
import pytest

from weftd import MEMBER, OTHER

GROUPS = "/v2.0/security-groups"
LOGS, LABELS, RULES = "/v2.0/log/logs", "/v2.0/metering/metering-labels", "/v2.0/metering/metering-label-rules"

WEFTD = {"quotas": {"default": -1}}


@pytest.fixture
def port(admin):
    return admin.make("port", network_id=admin.make("network", name="n")["id"], name="guest")


def post(client, path, **attributes):
    kind = {GROUPS: "security_group", LOGS: "log", LABELS: "metering_label", RULES: "metering_label_rule"}[path]
    answer = client.call("POST", path, {kind: attributes})
    return answer.json[kind] if answer.status == 201 else (answer.status, answer.error)


def log_of(admin, **attributes):
    log = post(admin, LOGS, resource_type="security_group", **attributes)
    assert isinstance(log, dict), log
    return log


def test_logs(admin, port):
    group = port["security_groups"][0]
    log = log_of(admin, name="l", resource_id=group, target_id=port["id"], event="DROP", project_id="project-1")
    assert log == {**log, "enabled": True, "event": "DROP", "resource_id": group, "target_id": port["id"], "description": "",
                   "project_id": "project-1"}
    one = f"{LOGS}/{log['id']}"
    assert admin.get(one).json["log"] == log
    assert admin.get(LOGS, target_id=port["id"], fields="id").json["logs"] == [{"id": log["id"]}]
    changed = admin.call("PUT", one, {"log": {"name": "m", "enabled": False, "description": "d"}}).json["log"]
    assert (changed["name"], changed["enabled"], changed["description"]) == ("m", False, "d")
    assert admin.call("PUT", one, {"log": {"event": "ALL"}}).error == "BadRequest"
    assert admin.call("DELETE", one).status == 204
    assert admin.get(one).error == "LogResourceNotFound"


def test_logs_are_checked(admin, port):
    group = post(admin, GROUPS, name="other")
    nobody = str(uuid.uuid4())
    for attributes, refusal in (
            ({"resource_type": "cloud"}, (400, "InvalidLogResourceType")),
            ({"event": "drop"}, (400, "InvalidInput")),
            ({"resource_id": nobody}, (404, "ResourceNotFound")),
            ({"resource_id": port["id"]}, (404, "ResourceNotFound")),
            ({"target_id": nobody}, (404, "TargetResourceNotFound")),
            ({"target_id": port["id"], "resource_id": group["id"]}, (400, "InvalidResourceConstraint"))):
        assert post(admin, LOGS, **{"resource_type": "security_group", **attributes}) == refusal
    assert post(admin, LOGS, name="x") == (400, "BadRequest")


def test_logs_go_with_what_they_are_about(admin, port):
    group = post(admin, GROUPS, name="g")
    about = [log_of(admin, resource_id=group["id"]), log_of(admin, target_id=port["id"]), log_of(admin)]
    assert admin.call("DELETE", f"/v2.0/security-groups/{group['id']}").status == 204
    assert admin.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    assert [admin.get(f"{LOGS}/{log['id']}").status for log in about] == [404, 404, 200]


def test_logs_are_the_administrators(weftd, admin):
    member = weftd.client(MEMBER)
    log = log_of(admin, project_id="project-1")
    assert post(member, LOGS, resource_type="security_group") == (403, "PolicyNotAuthorized")
    assert member.get(f"{LOGS}/{log['id']}").status == 404
    assert member.get(LOGS).status in (200, 403) and log["id"] not in member.get(LOGS).text.decode()
    assert admin.get("/v2.0/log/loggable-resources").json == {"loggable_resources": [{"type": "security_group"}, {"type": "firewall_group"}]}


def test_cli_logs(cli, port):
    name = "log" + uuid.uuid4().hex[:6]
    made = cli.json("network", "log", "create", name, "--resource-type", "security_group", "--event", "DROP", "--enable",
                    "--target", port["id"], "--resource", port["security_groups"][0])
    assert (made["Name"], made["Event"], made["Enabled"], made["Target"]) == (name, "DROP", True, port["id"])
    cli("network", "log", "set", name, "--disable", "--description", "d")
    shown = cli.json("network", "log", "show", name)
    assert (shown["Enabled"], shown["Description"], shown["Resource"]) == (False, "d", port["security_groups"][0])
    assert name in [log["Name"] for log in cli.json("network", "log", "list")]
    assert cli.json("network", "loggable", "resources", "list") == [{"Supported types": "security_group"}, {"Supported types": "firewall_group"}]
    assert "loggable-resources" in cli.fails("network", "log", "create", name, "--resource-type", "cloud")
    cli("network", "log", "delete", name)
    assert name not in cli("network", "log", "list")


def test_labels_and_rules(weftd, admin):
    member, other = weftd.client(MEMBER), weftd.client(OTHER)
    label = post(admin, LABELS, name="web", description="x" * 1024, project_id="project-1")
    assert (label["shared"], label["project_id"]) == (False, "project-1")
    rule = post(admin, RULES, metering_label_id=label["id"], direction="egress", source_ip_prefix="10.0.0.0/24",
                destination_ip_prefix="2001:db8::/32", excluded=True)
    assert rule == {**rule, "direction": "egress", "source_ip_prefix": "10.0.0.0/24", "remote_ip_prefix": None, "excluded": True,
                    "destination_ip_prefix": "2001:db8::/32", "metering_label_id": label["id"]}
    one, one_rule = f"{LABELS}/{label['id']}", f"{RULES}/{rule['id']}"
    assert member.get(one).json["metering_label"] == label and member.get(one_rule).json["metering_label_rule"] == rule
    assert admin.get(RULES, source_ip_prefix="10.0.0.0/24", fields="id").json["metering_label_rules"] == [{"id": rule["id"]}]
    assert [r["id"] for r in member.get(RULES).json["metering_label_rules"]] == [rule["id"]]
    assert other.get(one).error == "MeteringLabelNotFound" and other.get(one_rule).error == "MeteringLabelRuleNotFound"
    assert other.get(RULES).json["metering_label_rules"] == []
    assert post(member, LABELS, name="mine") == post(member, RULES, metering_label_id=label["id"], direction="egress",
                                                     source_ip_prefix="10.0.0.0/24") == (403, "PolicyNotAuthorized")
    assert admin.call("PUT", one, {"metering_label": {"name": "x"}}).status == 400
    assert admin.call("PUT", one_rule, {"metering_label_rule": {"source_ip_prefix": None}}).status == 400
    assert admin.call("DELETE", one).status == 204
    assert admin.get(one_rule).error == "MeteringLabelRuleNotFound"


def test_rules_are_checked(admin):
    label = post(admin, LABELS, name="l")["id"]
    for attributes, refusal in (
            ({"source_ip_prefix": "10.0.0.0/24"}, (400, "BadRequest")),
            ({"direction": "ingress"}, (400, "InvalidInput")),
            ({"direction": "both", "source_ip_prefix": "10.0.0.0/24"}, (400, "InvalidInput")),
            ({"direction": "ingress", "source_ip_prefix": "10.0.0.0/99"}, (400, "InvalidCIDR")),
            ({"direction": "ingress", "source_ip_prefix": "10.0.0.0/24", "remote_ip_prefix": "10.0.0.0/24"}, (400, "InvalidInput")),
            ({"direction": "ingress", "source_ip_prefix": "10.0.0.0/24", "metering_label_id": str(uuid.uuid4())},
             (404, "MeteringLabelNotFound"))):
        assert post(admin, RULES, **{"metering_label_id": label, **attributes}) == refusal
    assert isinstance(post(admin, RULES, metering_label_id=label, direction="ingress", remote_ip_prefix="10.0.0.0/24"), dict)
    for prefix, more, fine in (("10.0.0.128/25", {}, False), ("10.0.0.0/8", {}, False), ("10.0.1.0/24", {}, True),
                               ("10.0.0.0/25", {"excluded": True}, True), ("10.0.0.0/25", {"direction": "egress"}, True)):
        made = post(admin, RULES, **{"metering_label_id": label, "direction": "ingress", "remote_ip_prefix": prefix, **more})
        assert isinstance(made, dict) if fine else made == (409, "MeteringLabelRuleOverlaps")


def test_cli_meters(cli):
    name = "meter" + uuid.uuid4().hex[:6]
    made = cli.json("network", "meter", "create", name, "--description", "d", "--share")
    assert (made["name"], made["description"], made["shared"]) == (name, "d", True)
    rule = cli.json("network", "meter", "rule", "create", name, "--egress", "--source-ip-prefix", "10.0.0.0/24", "--exclude")
    assert (rule["direction"], rule["source_ip_prefix"], rule["is_excluded"]) == ("egress", "10.0.0.0/24", True)
    assert cli.json("network", "meter", "rule", "show", rule["id"])["metering_label_id"] == made["id"]
    assert rule["id"] in [r["ID"] for r in cli.json("network", "meter", "rule", "list")]
    assert name in [m["Name"] for m in cli.json("network", "meter", "list")]
    assert cli.json("network", "meter", "show", name)["id"] == made["id"]
    cli("network", "meter", "rule", "delete", rule["id"])
    cli("network", "meter", "delete", name)
    assert "No MeteringLabel found" in cli.fails("network", "meter", "show", name)


def test_sdk_meters(sdk):
    label = sdk.create_metering_label(name="sdk", shared=True)
    rule = sdk.create_metering_label_rule(metering_label_id=label.id, direction="ingress", remote_ip_prefix="10.0.0.0/24")
    assert sdk.find_metering_label("sdk").is_shared is True
    assert [r.id for r in sdk.metering_label_rules(metering_label_id=label.id)] == [rule.id]
    assert sdk.get_metering_label_rule(rule.id).remote_ip_prefix == "10.0.0.0/24"
    with pytest.raises(openstack.exceptions.ConflictException, match="overlaps"):
        sdk.create_metering_label_rule(metering_label_id=label.id, direction="ingress", remote_ip_prefix="10.0.0.7/32")
    sdk.delete_metering_label_rule(rule, ignore_missing=False)
    sdk.delete_metering_label(label, ignore_missing=False)
    assert sdk.find_metering_label("sdk") is None
