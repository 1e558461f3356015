"""Security groups, their rules and templates, address groups: the API by HTTP, the real `openstack` CLI and openstacksdk.
Proves B33 (as far as the API goes: what hosts make of it is not part of it), B2, B9."""
import itertools
import json
import pathlib
import random
import subprocess
import sys
import uuid

import openstack
import pytest

from openstack_clients import Cli, connect
from weftd import ADMIN, MEMBER, OTHER, READER, Weftd

GROUPS, RULES = "/v2.0/security-groups", "/v2.0/security-group-rules"
TEMPLATES, ADDRESSES = "/v2.0/default-security-group-rules", "/v2.0/address-groups"

WEFTD = {"quotas": {"default": -1}}


@pytest.fixture
def cli(weftd):
    return Cli(weftd, MEMBER)


@pytest.fixture
def sdk(weftd):
    proxy = connect(weftd, MEMBER)
    yield proxy
    proxy.session.session.close()


def unique():
    return "g" + uuid.uuid4().hex[:8]


def create(client, path, singular, **attributes):
    answer = client.call("POST", path, {singular: attributes})
    assert answer.status == 201, answer.text
    return answer.json[singular]


def group_of(client, **attributes):
    return create(client, GROUPS, "security_group", name=unique(), **attributes)


def rule_of(client, group, **attributes):
    return create(client, RULES, "security_group_rule", **{"security_group_id": group["id"], "direction": "ingress", **attributes})


def delete(client, path, thing):
    return client.call("DELETE", f"{path}/{thing['id']}")


def default_group(client, **query):
    found = client.get(GROUPS, name="default", **query).json["security_groups"]
    assert len(found) == 1
    return found[0]


# --- default groups

def test_a_list_makes_the_default_group(weftd, admin):
    """A reader's list of groups is never empty; nobody else's list makes it."""
    reader = weftd.client(READER)
    group = default_group(reader)
    assert (group["project_id"], group["stateful"], group["shared"]) == ("project-1", True, False)
    rules = group["security_group_rules"]
    assert sorted((r["direction"], r["ethertype"], r["remote_group_id"]) for r in rules) == sorted(
        (d, e, group["id"] if d == "ingress" else None) for d in ("ingress", "egress") for e in ("IPv4", "IPv6")
    )
    assert all(r["belongs_to_default_sg"] and r["project_id"] == "project-1" for r in rules)
    assert default_group(reader)["id"] == group["id"]
    # An administrator who asks for a project's groups makes them, and a member of another project does not.
    other = weftd.client(OTHER)
    assert other.get(RULES, project_id="project-9").json["security_group_rules"] == []
    assert admin.get(GROUPS, project_id="project-9", fields="name").json["security_groups"] == [{"name": "default"}]
    assert len(admin.get(RULES, project_id="project-8").json["security_group_rules"]) == 4


def test_default_group_survives_a_restart(tmp_path):
    server = Weftd(tmp_path).start()
    client = server.client(MEMBER)
    network = client.make("network")
    port = client.make("port", network_id=network["id"])
    assert port["security_groups"] == [default_group(client)["id"]]
    assert len(server.client(ADMIN).get(TEMPLATES).json["default_security_group_rules"]) == 4
    server.stop()
    server.start()
    client = server.client(MEMBER)
    assert [default_group(client)["id"]] == port["security_groups"]
    assert len(server.client(ADMIN).get(TEMPLATES).json["default_security_group_rules"]) == 4
    second = client.make("port", network_id=network["id"])
    assert second["security_groups"] == port["security_groups"]
    server.stop()


def test_templates_that_are_deleted_stay_away(tmp_path):
    """An administrator who wants groups to begin empty says so once, before anybody has one, too."""
    server = Weftd(tmp_path).start()
    admin = server.client(ADMIN)
    for template in admin.get(TEMPLATES).json["default_security_group_rules"]:
        assert delete(admin, TEMPLATES, template).status == 204
    server.stop()
    server.start()
    assert server.client(ADMIN).get(TEMPLATES).json["default_security_group_rules"] == []
    assert default_group(server.client(MEMBER))["security_group_rules"] == []
    server.stop()


def test_default_group_keeps_its_name(member, admin):
    group = default_group(member)
    path = f"{GROUPS}/{group['id']}"
    for client, method, body, error in [
        (member, "PUT", {"security_group": {"name": "x"}}, "SecurityGroupCannotUpdateDefault"),
        (admin, "PUT", {"security_group": {"name": "x"}}, "SecurityGroupCannotUpdateDefault"),
        (member, "DELETE", None, "SecurityGroupCannotRemoveDefault"),
    ]:
        answer = client.call(method, path, body)
        assert (answer.status, answer.error) == (409, error)
    answer = member.call("POST", GROUPS, {"security_group": {"name": "DEFAULT"}})
    assert (answer.status, answer.error) == (409, "SecurityGroupDefaultAlreadyExists")
    assert member.call("PUT", path, {"security_group": {"description": "d"}}).json["security_group"]["description"] == "d"


# --- rules

def test_rule_as_it_is_kept(member):
    group = group_of(member)
    rule = rule_of(member, group, ethertype="ipv4", protocol="TCP", port_range_min="80", port_range_max=443,
                   remote_ip_prefix="10.1.2.3/8", description="web")
    assert rule == {**rule, "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 80, "port_range_max": 443,
                    "remote_ip_prefix": "10.1.2.3/8", "normalized_cidr": "10.0.0.0/8", "remote_group_id": None,
                    "remote_address_group_id": None, "belongs_to_default_sg": False, "description": "web", "tags": [],
                    "project_id": "project-1", "tenant_id": "project-1"}
    assert "name" not in rule
    assert member.get(f"{RULES}/{rule['id']}").json["security_group_rule"] == rule
    shown = member.get(f"{GROUPS}/{group['id']}").json["security_group"]
    assert rule in shown["security_group_rules"] and len(shown["security_group_rules"]) == 3
    for query in ({"protocol": "TCP"}, {"ethertype": "IPV4", "port_range_min": 80}, {"remote_ip_prefix": "10.1.2.3/8"},
                  {"normalized_cidr": "10.0.0.0/8"}, {"description": "web"}):
        found = member.get(RULES, security_group_id=group["id"], **query).json["security_group_rules"]
        assert [r["id"] for r in found] == [rule["id"]]
    assert member.call("PUT", f"{RULES}/{rule['id']}", {"security_group_rule": {"protocol": "udp"}}).status == 400
    assert delete(member, RULES, rule).status == 204
    assert member.get(f"{RULES}/{rule['id']}").error == "SecurityGroupRuleNotFound"


def test_a_rule_exists_once(member):
    group = group_of(member)
    rule = rule_of(member, group, protocol="udp", port_range_min=53, port_range_max=53)
    again = {"security_group_id": group["id"], "direction": "ingress", "protocol": 17, "port_range_min": 53, "port_range_max": 53}
    answer = member.call("POST", RULES, {"security_group_rule": again})
    assert (answer.status, answer.error) == (409, "SecurityGroupRuleExists")
    assert rule["id"] in answer.message
    new = {**again, "port_range_max": 54}
    answer = member.call("POST", RULES, {"security_group_rules": [new, new]})
    assert (answer.status, answer.error) == (409, "DuplicateSecurityGroupRuleInPost")
    made = member.call("POST", RULES, {"security_group_rules": [new, {**new, "port_range_max": 55}]})
    assert len(made.json["security_group_rules"]) == 2


def test_one_request_is_about_one_group(member, admin):
    """As in Networking: rules of several groups, or projects, are several requests; nothing of such a request is left."""
    groups = [group_of(member), group_of(member)]
    mixed = [{"security_group_id": group["id"], "direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22} for group in groups]
    answer = member.call("POST", RULES, {"security_group_rules": mixed})
    assert (answer.status, answer.error) == (400, "SecurityGroupNotSingleGroupRules"), answer.text
    assert all(group["id"] in answer.message for group in groups)
    projects = [{**mixed[0], "project_id": "p1"}, {**mixed[0], "protocol": "udp", "project_id": "p2"}]
    answer = admin.call("POST", RULES, {"security_group_rules": projects})
    assert (answer.status, answer.error) == (400, "SecurityGroupRulesNotSingleTenant"), answer.text
    for group in groups:
        assert member.get(f"{GROUPS}/{group['id']}").json["security_group"]["security_group_rules"] == group["security_group_rules"]


BAD_RULES = {
    "no group": ({"security_group_id": None}, 400, "InvalidInput"),
    "unknown group": ({"security_group_id": str(uuid.uuid4())}, 404, "SecurityGroupNotFound"),
    "no direction": ({"direction": "sideways"}, 400, "InvalidInput"),
    "ethertype": ({"ethertype": "IPv5"}, 400, "SecurityGroupRuleInvalidEtherType"),
    "port": ({"protocol": "tcp", "port_range_min": "http", "port_range_max": 80}, 400, "SecurityGroupInvalidPortValue"),
    "port 65536": ({"protocol": "tcp", "port_range_min": 1, "port_range_max": 65536}, 400, "SecurityGroupInvalidPortValue"),
    "protocol": ({"protocol": "bogus"}, 400, "SecurityGroupRuleInvalidProtocol"),
    "number": ({"protocol": 256}, 400, "SecurityGroupRuleInvalidProtocol"),
    "no protocol": ({"port_range_min": 1, "port_range_max": 2}, 400, "SecurityGroupProtocolRequiredWithPorts"),
    "range": ({"protocol": "tcp", "port_range_min": 2, "port_range_max": 1}, 400, "SecurityGroupInvalidPortRange"),
    "half a range": ({"protocol": "tcp", "port_range_max": 1}, 400, "SecurityGroupInvalidPortRange"),
    "port 0": ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 1}, 400, "SecurityGroupInvalidPortValue"),
    "ports of gre": ({"protocol": "gre", "port_range_min": 1, "port_range_max": 1}, 400, "SecurityGroupInvalidProtocolForPort"),
    "icmp type": ({"protocol": "icmp", "port_range_min": 256}, 400, "SecurityGroupInvalidIcmpValue"),
    "icmp code": ({"protocol": "icmp", "port_range_max": 0}, 400, "SecurityGroupMissingIcmpType"),
    "icmpv6": ({"protocol": "icmpv6"}, 400, "SecurityGroupEthertypeConflictWithProtocol"),
    "family": ({"remote_ip_prefix": "fd00::/8"}, 400, "SecurityGroupRuleParameterConflict"),
    "cidr": ({"remote_ip_prefix": "10.0.0.0/99"}, 400, "InvalidCIDR"),
    "remote group": ({"remote_group_id": str(uuid.uuid4())}, 404, "SecurityGroupNotFound"),
    "address group": ({"remote_address_group_id": str(uuid.uuid4())}, 404, "AddressGroupNotFound"),
    "unknown": ({"colour": "red"}, 400, "InvalidInput"),
}


@pytest.mark.parametrize("name", BAD_RULES)
def test_bad_rules(member, name):
    attributes, status, error = BAD_RULES[name]
    group = default_group(member)
    answer = member.call("POST", RULES, {"security_group_rule": {"security_group_id": group["id"], "direction": "ingress", **attributes}})
    assert (answer.status, answer.error) == (status, error), answer.text
    assert member.get(f"{GROUPS}/{group['id']}").json["security_group"]["security_group_rules"] == group["security_group_rules"]


# What rules are made of in test_rules_as_neutron_has_them; what is there twice is taken more often.
NAMES = ["ah", "dccp", "egp", "esp", "gre", "hopopt", "icmp", "icmpv6", "igmp", "ip", "ipip", "ipv6-encap", "ipv6-frag", "ipv6-icmp",
         "ipv6-nonxt", "ipv6-opts", "ipv6-route", "ospf", "pgm", "rsvp", "sctp", "tcp", "udp", "udplite", "vrrp", "TCP", "ICMPv6", "bogus",
         "", "0x6", "-1", "256", "0", "1", "58", "6", "51", "44", 6, 17, 0, 1, 58, 255, 256, -1, None, None]
PARTS = {
    "direction": ["ingress", "egress", "ingress", "EGRESS", "both"],
    "ethertype": ["IPv4", "IPv6", "IPv4", "IPv6", "ipv4", "IPV6", "IPv5"],
    "protocol": NAMES,
    "port_range_min": [None, 0, 1, 2, 22, 80, 255, 256, 65535, 65536, -1, "22", "abc"],
    "port_range_max": [None, 0, 1, 2, 22, 80, 255, 256, 65535, 65536, -1, "80", "abc"],
    "remote_ip_prefix": [None, "", "0.0.0.0/0", "::/0", "10.1.2.3/8", "10.0.0.1", "fd00::1", "FD00::1/64", "10.0.0.0/33", "x"],
}
MADE = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix")


class Neutron:
    """What Networking's own code makes of a rule."""

    def __init__(self):
        script = pathlib.Path(__file__).with_name("neutron_rules.py")
        self.process = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not json.loads(self.process.stdout.readline()):
            pytest.skip("Networking's own code is not installed")

    def make(self, given):
        """(None, the rule), or (the error's type, None)."""
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()
        error, rule = json.loads(self.process.stdout.readline())
        return error, rule and {name: rule[name] for name in MADE}

    def errors(self, given):
        """All that may be said of it: where several attributes are wrong, of which one is the order of the checks."""
        return {self.make({name: value for name, value in given.items() if name not in left_out})[0]
                for n in range(3) for left_out in itertools.combinations(PARTS, n)}

    def close(self):
        self.process.communicate()
        assert self.process.returncode == 0


@pytest.fixture
def neutron():
    code = Neutron()
    yield code
    code.close()


def as_text(rule):
    return {name: str(value).lower() if value not in (None, "") else None for name, value in rule.items()}


def test_rules_as_neutron_has_them(member, neutron):
    """B2, B9: of 600 random rules the same are taken, as the same, and the others refused by the same errors, as Networking's own code does."""
    choose, group, made, differences = random.Random(5), group_of(member), 0, []
    for rule in group["security_group_rules"]:
        delete(member, RULES, rule)
    for _ in range(600):
        given = {name: choose.choice(values) for name, values in PARTS.items() if name == "direction" or choose.random() < 0.6}
        given["security_group_id"] = group["id"]
        error, expected = neutron.make(given)
        answer = member.call("POST", RULES, {"security_group_rule": given})
        if answer.status == 201:
            rule = answer.json["security_group_rule"]
            delete(member, RULES, rule)
            made += 1
            if error or as_text({name: rule[name] for name in MADE}) != as_text(expected):
                differences.append((given, error or expected, rule))
        elif not error or (answer.error != error and answer.error not in neutron.errors(given)):
            differences.append((given, error or expected, answer.text))
    assert not differences, "\n".join(map(str, differences[:20]))
    assert 30 < made < 570


# --- whose

def test_groups_of_others(member, other, admin):
    group = group_of(member)
    rule = group["security_group_rules"][0]
    assert other.get(f"{GROUPS}/{group['id']}").error == "SecurityGroupNotFound"
    assert other.get(f"{RULES}/{rule['id']}").error == "SecurityGroupRuleNotFound"
    assert delete(other, RULES, rule).status == 404
    assert delete(other, GROUPS, group).status == 404
    theirs = {"security_group_id": group["id"], "direction": "ingress"}
    assert other.call("POST", RULES, {"security_group_rule": theirs}).error == "SecurityGroupNotFound"
    # An administrator's rule in somebody's group is that somebody's to see and to delete.
    added = create(admin, RULES, "security_group_rule", **theirs)
    assert delete(member, RULES, added).status == 204


def test_shared_group(member, other):
    group, network = group_of(member), other.make("network")
    policy = create(member, "/v2.0/rbac-policies", "rbac_policy", object_type="security_group", object_id=group["id"],
                    action="access_as_shared", target_tenant="project-2")
    assert other.get(f"{GROUPS}/{group['id']}").json["security_group"]["shared"] is True
    assert group["id"] in [g["id"] for g in other.get(GROUPS, shared="true").json["security_groups"]]
    port = other.make("port", network_id=network["id"], security_groups=[group["id"]])
    refused = other.call("POST", RULES, {"security_group_rule": {"security_group_id": group["id"], "direction": "ingress"}})
    assert refused.status == 403
    assert delete(member, "/v2.0/rbac-policies", policy).error == "RbacPolicyInUse"
    assert delete(other, "/v2.0/ports", port).status == 204
    assert delete(member, "/v2.0/rbac-policies", policy).status == 204
    assert other.get(f"{GROUPS}/{group['id']}").status == 404


# --- ports

def test_groups_of_ports(member):
    network = member.make("network")
    a, b = group_of(member), group_of(member)
    port = member.make("port", network_id=network["id"], security_groups=[a["id"], b["id"]])
    assert sorted(port["security_groups"]) == sorted([a["id"], b["id"]])
    plain = member.make("port", network_id=network["id"])
    assert plain["security_groups"] == [default_group(member)["id"]]
    none = member.make("port", network_id=network["id"], security_groups=[])
    assert none["security_groups"] == []
    # port-security-groups-filtering, by index
    assert [p["id"] for p in member.get("/v2.0/ports", security_groups=a["id"].upper()).json["ports"]] == [port["id"]]
    assert delete(member, GROUPS, a).error == "SecurityGroupInUse"
    answer = member.call("PUT", f"{GROUPS}/{a['id']}", {"security_group": {"stateful": False}})
    assert (answer.status, answer.error) == (409, "SecurityGroupInUse")
    changed = member.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"security_groups": [b["id"]]}})
    assert changed.json["port"]["security_groups"] == [b["id"]]
    assert delete(member, GROUPS, a).status == 204
    stateless = group_of(member, stateful=False)
    answer = member.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"security_groups": [b["id"], stateless["id"]]}})
    assert (answer.status, answer.error) == (409, "SecurityGroupConflict")


def test_groups_and_port_security(member):
    network = member.make("network")
    group = default_group(member)

    def refused(method, path, **attributes):
        answer = member.call(method, path, {"port": attributes})
        return answer.status, answer.error

    open_port = member.make("port", network_id=network["id"], port_security_enabled=False)
    path = f"/v2.0/ports/{open_port['id']}"
    assert open_port["security_groups"] == []
    required = (400, "PortSecurityAndIPRequiredForSecurityGroups")
    assert refused("PUT", path, security_groups=[group["id"]]) == required
    assert refused("POST", "/v2.0/ports", network_id=network["id"], port_security_enabled=False,
                   security_groups=[group["id"]]) == required
    port = member.make("port", network_id=network["id"])
    path = f"/v2.0/ports/{port['id']}"
    assert refused("PUT", path, port_security_enabled=False) == (409, "PortSecurityPortHasSecurityGroup")
    both = {"port_security_enabled": False, "security_groups": []}
    assert member.call("PUT", path, {"port": both}).json["port"]["security_groups"] == []
    unsecured = member.make("network", port_security_enabled=False)
    assert member.make("port", network_id=unsecured["id"])["security_groups"] == []


@pytest.mark.parametrize("groups", [["not-a-uuid"], [str(uuid.uuid4())], "x", [[]], [{}], ["%s", "%s"]])
def test_bad_groups_of_ports(member, other, groups):
    network = member.make("network")
    known = default_group(member)["id"]
    asked = [known if g == "%s" else g for g in groups] if isinstance(groups, list) else groups
    answer = member.call("POST", "/v2.0/ports", {"port": {"network_id": network["id"], "security_groups": asked}})
    assert answer.status in (400, 404), answer.text
    theirs = default_group(other)["id"]
    answer = member.call("POST", "/v2.0/ports", {"port": {"network_id": network["id"], "security_groups": [theirs]}})
    assert (answer.status, answer.error) == (404, "SecurityGroupNotFound")


# --- templates and address groups

def test_templates(member, admin):
    assert member.call("POST", TEMPLATES, {"default_security_group_rule": {"direction": "ingress"}}).status == 403
    made = create(admin, TEMPLATES, "default_security_group_rule", direction="ingress", protocol="tcp", port_range_min=22,
                  port_range_max=22, remote_group_id="PARENT", description="ssh")
    assert (made["used_in_default_sg"], made["used_in_non_default_sg"]) == (False, True)
    assert made["id"] in [t["id"] for t in member.get(TEMPLATES).json["default_security_group_rules"]]
    group = group_of(member)
    ssh = [r for r in group["security_group_rules"] if r["direction"] == "ingress"]
    assert [(r["remote_group_id"], r["port_range_min"], r["description"]) for r in ssh] == [(group["id"], 22, "ssh")]
    again = {"direction": "ingress", "protocol": "6", "port_range_min": 22, "port_range_max": 22, "remote_group_id": "PARENT"}
    answer = admin.call("POST", TEMPLATES, {"default_security_group_rule": again})
    assert (answer.status, answer.error) == (409, "DefaultSecurityGroupRuleExists")
    assert admin.call("POST", TEMPLATES, {"default_security_group_rule": {**again, "remote_group_id": "x"}}).status == 400
    assert delete(member, TEMPLATES, made).status == 403
    assert delete(admin, TEMPLATES, made).status == 204
    assert admin.get(f"{TEMPLATES}/{made['id']}").error == "DefaultSecurityGroupRuleNotFound"
    assert len(group_of(member)["security_group_rules"]) == 2


def test_address_group_over_http(member, other):
    group = create(member, ADDRESSES, "address_group", name=unique(), addresses=["10.0.0.1", "10.0.0.1/32", "fd00::/64"])
    path = f"{ADDRESSES}/{group['id']}"
    assert group["addresses"] == ["10.0.0.1/32", "fd00::/64"]
    assert other.get(path).error == "AddressGroupNotFound"
    assert other.call("PUT", path + "/add_addresses", {"addresses": ["10.0.0.9"]}).status == 404
    added = member.call("PUT", path + "/add_addresses", {"addresses": ["10.9.0.0/16"]}).json["address_group"]
    assert added["addresses"] == ["10.0.0.1/32", "fd00::/64", "10.9.0.0/16"]
    for verb, addresses, status, error in [("add", ["10.0.0.1"], 400, "AddressesAlreadyExist"),
                                           ("remove", ["10.0.0.2"], 404, "AddressesNotFound"),
                                           ("add", ["nonsense"], 400, "InvalidCIDR"), ("add", None, 400, "BadRequest")]:
        answer = member.call("PUT", f"{path}/{verb}_addresses", {"addresses": addresses})
        assert (answer.status, answer.error) == (status, error)
    assert member.call("PUT", path, {"address_group": {"addresses": []}}).status == 400
    rule = rule_of(member, default_group(member), remote_address_group_id=group["id"])
    assert delete(member, ADDRESSES, group).error == "AddressGroupInUse"
    assert delete(member, RULES, rule).status == 204
    assert delete(member, ADDRESSES, group).status == 204


# --- the clients

def test_cli_security_group(cli):
    name = unique()
    made = cli.json("security", "group", "create", name, "--description", "d", "--stateful", "--tag", "red")
    assert (made["name"], made["stateful"], made["tags"], len(made["rules"])) == (name, True, ["red"], 2)
    cli("security", "group", "set", name, "--description", "e", "--stateless", "--tag", "blue")
    shown = cli.json("security", "group", "show", name)
    assert (shown["description"], shown["stateful"], sorted(shown["tags"])) == ("e", False, ["blue", "red"])
    cli("security", "group", "unset", name, "--tag", "red")
    assert {g["Name"] for g in cli.json("security", "group", "list", "--tags", "blue")} == {name}
    rule = cli.json("security", "group", "rule", "create", name, "--ingress", "--protocol", "tcp", "--dst-port", "80:90",
                    "--remote-ip", "10.0.0.0/8", "--description", "web")
    assert (rule["port_range_min"], rule["port_range_max"], rule["ether_type"]) == (80, 90, "IPv4")
    listed = cli.json("security", "group", "rule", "list", name, "--ingress")
    assert [(r["ID"], r["Port Range"]) for r in listed] == [(rule["id"], "80:90")]
    message = cli("security", "group", "rule", "create", name, "--protocol", "tcp", "--dst-port", "80:90", "--remote-ip",
                  "10.0.0.0/8", fails=True)
    assert "already exists" in message
    cli("security", "group", "rule", "delete", rule["id"])
    cli("security", "group", "delete", name)
    assert "No SecurityGroup found" in cli("security", "group", "show", name, fails=True)


def test_cli_icmp_groups_and_ports(cli, member):
    network = member.make("network", name=unique())
    a, b = unique(), unique()
    cli("security", "group", "create", a)
    cli("security", "group", "create", b)
    rule = cli.json("security", "group", "rule", "create", a, "--egress", "--ethertype", "IPv6", "--protocol", "icmpv6",
                    "--icmp-type", "128", "--icmp-code", "0", "--remote-group", b)
    assert (rule["protocol"], rule["port_range_min"], rule["port_range_max"]) == ("ipv6-icmp", 128, 0)
    port = cli.json("port", "create", unique(), "--network", network["name"], "--security-group", a)
    assert len(port["security_group_ids"]) == 1
    assert "in use" in cli("security", "group", "delete", a, fails=True)
    cli("port", "set", port["id"], "--no-security-group", "--disable-port-security")
    cli("security", "group", "delete", a, b)


def test_cli_address_group(cli):
    name = unique()
    made = cli.json("address", "group", "create", name, "--address", "10.0.0.1", "--description", "d")
    assert made["addresses"] == ["10.0.0.1/32"]
    cli("address", "group", "set", name, "--address", "10.1.0.0/16", "--description", "e")
    shown = cli.json("address", "group", "show", name)
    assert (shown["addresses"], shown["description"]) == (["10.0.0.1/32", "10.1.0.0/16"], "e")
    cli("address", "group", "unset", name, "--address", "10.0.0.1")
    assert [g["Addresses"] for g in cli.json("address", "group", "list", "--name", name)] == [["10.1.0.0/16"]]
    cli("address", "group", "delete", name)
    assert "No AddressGroup found" in cli("address", "group", "show", name, fails=True)


def test_sdk(sdk):
    group = sdk.create_security_group(name=unique(), stateful=False)
    assert group.is_stateful is False if hasattr(group, "is_stateful") else group.stateful is False
    assert len(group.security_group_rules) == 2
    rule = sdk.create_security_group_rule(security_group_id=group.id, direction="ingress", ether_type="IPv6", protocol="sctp",
                                          port_range_min=1, port_range_max=5, remote_group_id=group.id)
    assert sdk.find_security_group_rule(rule.id).remote_group_id == group.id
    assert sdk.find_security_group(group.name).id == group.id
    assert [r.id for r in sdk.security_group_rules(security_group_id=group.id, direction="ingress")] == [rule.id]
    sdk.set_tags(group, ["x"])
    assert sdk.update_security_group(group, name=unique()).tags == ["x"]
    with pytest.raises(openstack.exceptions.ConflictException):
        sdk.create_security_group(name="default")
    with pytest.raises(openstack.exceptions.BadRequestException, match="Ports cannot be specified"):
        sdk.create_security_group_rule(security_group_id=group.id, direction="ingress", protocol="ah", port_range_min=1)
    addresses = sdk.create_address_group(name=unique(), addresses=["10.0.0.0/8"])
    assert sdk.add_addresses_to_address_group(addresses, ["192.0.2.1/32"]).addresses == ["10.0.0.0/8", "192.0.2.1/32"]
    assert sdk.remove_addresses_from_address_group(addresses, ["10.0.0.0/8"]).addresses == ["192.0.2.1/32"]
    sdk.delete_address_group(addresses)
    sdk.delete_security_group_rule(rule)
    sdk.delete_security_group(group)
    assert sdk.find_security_group(group.id) is None
