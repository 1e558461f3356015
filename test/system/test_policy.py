"""Who may do what: roles, the policy file, and what RBAC policies share, by people who log in with the `openstack` CLI and
openstacksdk. Proves B2, Q9."""
import itertools
import json
import subprocess

import pytest

from openstack_cli import Cli
from weftd import BUILD, MEMBER, OTHER, READER, Weftd, refused

openstack = pytest.importorskip("openstack")
PASSWORD = "correct horse"
RULES = """
# what this cloud does otherwise
"create_network": "role:network_engineer or rule:admin_only"
create_network:mtu: rule:network_chief      # its chief decides
network_chief: 'role:network_engineer and project_id:%(tenant_id)s'
"get_network:mtu": "rule:admin_only or role:guest"
"""
numbers = itertools.count()


class People:
    """Users with a role in a project, or in the system, each made once: passwords are slow to hash. A connection of each by openstacksdk."""

    def __init__(self, weftd):
        self.weftd = weftd
        self.admin = self.connect("admin", project_name="admin", project_domain_id="default")
        self.roles = {role.name: role for role in self.admin.identity.roles()}
        self.projects, self.users = {}, {}

    def connect(self, user, **scope):
        return openstack.connect(load_envvars=False, load_yaml_config=False, auth_url=self.weftd.url, username=user, password=PASSWORD,
                                 user_domain_id="default", region_name="RegionOne", **scope)

    def project(self, name):
        if name not in self.projects:
            self.projects[name] = self.admin.identity.create_project(name=name, domain_id="default")
        return self.projects[name]

    def role(self, name):
        if name not in self.roles:
            self.roles[name] = self.admin.identity.create_role(name=name)
        return self.roles[name].id

    def user(self, role, project=None):
        if (role, project) not in self.users:
            self.users[role, project] = self.make(role, project)
        return self.users[role, project]

    def make(self, role, project):
        user = self.admin.identity.create_user(name=f"user{next(numbers)}", password=PASSWORD, domain_id="default")
        place = f"projects/{self.project(project).id}" if project else "system"
        made = self.admin.session.put(f"{self.weftd.url}/v3/{place}/users/{user.id}/roles/{self.role(role)}")
        assert made.status_code == 204, made.text
        return self.connect(user.name, **({"project_id": self.project(project).id} if project else {"system_scope": "all"}))


def ids(objects):
    return [o.id for o in objects]


def start(folder, policy=None):
    folder.joinpath("password").write_text(PASSWORD + "\n")
    return Weftd(folder, identity={"admin_password_file": folder / "password"}, policy=policy).start()


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    weftd = start(tmp_path_factory.mktemp("policy"))
    yield People(weftd)
    weftd.stop()


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Under the rules above."""
    folder = tmp_path_factory.mktemp("rules")
    folder.joinpath("policy.yaml").write_text(RULES)
    weftd = start(folder, folder / "policy.yaml")
    yield People(weftd)
    weftd.stop()


def refuses(call, rule, **arguments):
    with pytest.raises(openstack.exceptions.HttpException) as refused:
        call(**arguments)
    assert refused.value.status_code == 403, str(refused.value)
    assert f"rule:{rule} is disallowed by policy" in str(refused.value)


# --- the built-in rules

def test_roles_of_a_project(people):
    member, reader, stranger = people.user("member", "one"), people.user("reader", "one"), people.user("member", "two")
    network = member.network.create_network(name="ours")
    assert network.project_id == people.project("one").id
    assert network.id in ids(reader.network.networks())
    assert network.id not in ids(stranger.network.networks())
    refuses(reader.network.create_network, "create_network", name="x")
    refuses(reader.network.update_network, "update_network", network=network.id, name="x")
    refuses(reader.network.delete_network, "delete_network", network=network.id)
    refuses(member.network.create_network, "create_network:shared", shared=True)
    refuses(member.network.create_network, "create_network:provider:network_type", provider_network_type="vxlan")
    refuses(member.network.create_network, "create_network", project_id=people.project("two").id)
    with pytest.raises(openstack.exceptions.NotFoundException):
        stranger.network.update_network(network.id, name="x")
    assert member.network.get_network(network.id).provider_network_type is None
    assert people.admin.network.get_network(network.id).provider_network_type == "geneve"
    member.network.delete_network(network.id)


def test_reader_of_the_system_sees_everything(people):
    project, member, auditor = people.project("one"), people.user("member", "one"), people.user("reader")
    network = member.network.create_network()
    member.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.0.0.0/24")
    port = member.network.create_port(network_id=network.id)
    seen = auditor.network.get_network(network.id)
    assert seen.provider_segmentation_id and port.id in ids(auditor.network.ports())
    assert network.id in ids(auditor.network.networks(provider_network_type="geneve", project_id=project.id))
    assert auditor.session.get(f"{people.weftd.url}/v2.0/hosts").json() == {"hosts": []}
    assert auditor.session.get(f"{people.weftd.url}/v2.0/quotas/{project.id}").status_code == 200
    refuses(auditor.network.create_network, "create_network")
    refuses(auditor.network.delete_port, "delete_port", port=port.id)
    refuses(auditor.network.update_quota, "update_quota", quota=project.id, networks=1)
    member.network.delete_port(port.id)
    member.network.delete_network(network.id)


def test_a_role_of_another_name_is_good_for_nothing(people):
    cook = people.user("cook", "one")
    answer = cook.session.get(f"{people.weftd.url}/v2.0/networks", raise_exc=False)
    assert answer.status_code == 403 and "member or reader" in answer.text


def test_on_the_network_of_another(people):
    """What a port may be is up to the network's owner; guests take what they are given."""
    owner, guest = people.user("member", "one"), people.user("member", "two")
    network = owner.network.create_network()
    subnet = owner.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.0.0.0/24")
    owner.network.create_rbac_policy(object_type="network", object_id=network.id, action="access_as_shared",
                                     target_project_id=guest.current_project_id)
    port = guest.network.create_port(network_id=network.id, fixed_ips=[{"subnet_id": subnet.id}])
    for rule, attributes in (("mac_address", {"mac_address": "fa:16:3e:11:22:33"}),
                             ("fixed_ips:ip_address", {"fixed_ips": [{"subnet_id": subnet.id, "ip_address": "10.0.0.77"}]}),
                             ("port_security_enabled", {"is_port_security_enabled": False}),
                             ("allowed_address_pairs", {"allowed_address_pairs": [{"ip_address": "10.0.0.9"}]}),
                             ("device_owner", {"device_owner": "network:router_interface"})):
        refuses(guest.network.create_port, f"create_port:{rule}", network_id=network.id, **attributes)
        refuses(guest.network.update_port, f"update_port:{rule}", port=port.id, **attributes)
        if rule != "device_owner":
            owner.network.delete_port(owner.network.create_port(network_id=network.id, **attributes).id)
    refuses(guest.network.create_subnet, "create_subnet", network_id=network.id, ip_version=4, cidr="10.1.0.0/24")
    assert port.id in ids(owner.network.ports())
    refuses(owner.network.update_port, "update_port", port=port.id, name="x")
    owner.network.delete_port(port.id)
    owner.network.delete_network(network.id)


# --- the file

def test_other_rules(others):
    project = others.project("one").id
    member, engineer = others.user("member", "one"), others.user("network_engineer", "one")
    network = others.admin.network.create_network(project_id=project)
    assert network.mtu and member.network.get_network(network.id).mtu is None
    refuses(member.network.create_network, "create_network")
    refuses(others.admin.network.create_network, "create_network:mtu", mtu=1300)
    made = engineer.network.create_network(name="made", mtu=1300)
    assert (made.project_id, made.name) == (project, "made")
    # Who has no role that get_network asks for sees nothing, not even what he made.
    assert list(engineer.network.networks()) == []
    member.network.update_network(made.id, name="theirs")
    assert ids(member.network.networks()) == [network.id, made.id]


@pytest.mark.parametrize("rules,says", [
    ('\ncreate_netwrok: "@"', ":2: rule 'create_netwrok': there is no rule 'create_netwrok'"),
    ('get_port: "role:x andd role:y"', ":1: rule 'get_port': 'and', 'or' or the end is expected instead of 'andd'"),
    ('get_port: "rule:nowhere"', ":1: rule 'get_port': it refers to 'rule:nowhere', which is not there"),
    ('a: "rule:b"\nb: "rule:a"', "refers to itself"),
    ('{"get_port": ["@"]}', "rule 'get_port' is no text"),
    (None, "can't read the policy file"),
])
def test_what_is_wrong_refuses_to_start(tmp_path, rules, says):
    path = tmp_path / "policy.yaml"
    if rules is not None:
        path.write_text(rules)
    server = Weftd(tmp_path, policy=path)
    complaint = server.refused()
    assert says in complaint and str(path) in complaint
    checked = subprocess.run([BUILD / "src/controller/weftd", "--check", "--config", tmp_path / "weftd.conf"], capture_output=True, text=True)
    assert checked.returncode == 1 and says in checked.stderr


def test_printed_policy_changes_nothing(tmp_path):
    printed = subprocess.run([BUILD / "src/controller/weftd", "--print-policy"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "policy.yaml").write_text(printed)
    server = Weftd(tmp_path, policy=tmp_path / "policy.yaml").start()
    member, reader, other = (server.client(token) for token in (MEMBER, READER, OTHER))
    network = member.make("network")
    assert reader.get(f"/v2.0/networks/{network['id']}").json["network"] == network
    assert other.get(f"/v2.0/networks/{network['id']}").status == 404
    assert reader.call("POST", "/v2.0/networks", {"network": {}}).error == "PolicyNotAuthorized"
    server.stop()


def test_openstacks_own_file(tmp_path):
    """A policy file with every rule of OpenStack's Networking, each with its own text."""
    policies = pytest.importorskip("neutron.conf.policies")
    rules = {rule.name: rule.check_str for rule in policies.list_rules()}
    (tmp_path / "policy.json").write_text(json.dumps(rules))
    server = Weftd(tmp_path, store="memory:", policy=tmp_path / "policy.json").start()
    member, other = server.client(MEMBER), server.client(OTHER)
    network = member.make("network")
    assert member.make("port", network_id=network["id"])["project_id"] == "project-1"
    refused(member.call("POST", "/v2.0/networks", {"network": {"router:external": True}}), 403, "PolicyNotAuthorized",
            "create_network:router:external")
    assert other.get(f"/v2.0/networks/{network['id']}").status == 404
    server.stop()


def test_rules_asked_for_by_name(tmp_path):
    """What is reached by another path than its own, or is no object, has rules all the same."""
    (tmp_path / "policy.yaml").write_text("\n".join([
        'get_rule_type: "role:reader"', 'update_alias_dscp_marking_rule: "!"', 'get_alias_bandwidth_limit_rule: "!"',
        'create_flavor_service_profile: "!"', 'delete_flavor_service_profile: "role:member"']))
    server = Weftd(tmp_path, store="memory:", policy=tmp_path / "policy.yaml").start()
    admin, member = server.client(), server.client(MEMBER)
    assert member.get("/v2.0/qos/rule-types/dscp_marking").status == 200
    policy = admin.call("POST", "/v2.0/qos/policies", {"policy": {"name": "p"}}).json["policy"]["id"]

    def rule(kind, **attributes):
        made = admin.call("POST", f"/v2.0/qos/policies/{policy}/{kind}s", {kind: attributes})
        return made.json[kind]["id"]
    mark, limit = rule("dscp_marking_rule", dscp_mark=10), rule("bandwidth_limit_rule", max_kbps=1000)
    refused(admin.call("PUT", f"/v2.0/qos/alias_dscp_marking_rules/{mark}", {"alias_dscp_marking_rule": {"dscp_mark": 12}}),
            403, "PolicyNotAuthorized", "rule:update_alias_dscp_marking_rule")
    assert admin.call("PUT", f"/v2.0/qos/policies/{policy}/dscp_marking_rules/{mark}", {"dscp_marking_rule": {"dscp_mark": 12}}).status == 200
    assert admin.get(f"/v2.0/qos/alias_dscp_marking_rules/{mark}").status == 200
    refused(admin.get(f"/v2.0/qos/alias_bandwidth_limit_rules/{limit}"), 403, "PolicyNotAuthorized")
    assert admin.call("DELETE", f"/v2.0/qos/alias_bandwidth_limit_rules/{limit}").status == 204
    profile = admin.make("service_profile", metainfo="x")["id"]
    flavor = admin.make("flavor", service_type="VPN", service_profiles=[profile])["id"]
    path = f"/v2.0/flavors/{flavor}/service_profiles"
    assert member.get(f"{path}/{profile}").json == {"service_profile": {"flavor_id": flavor, "service_profile_id": profile}}
    refused(admin.call("POST", path, {"service_profile": {"id": profile}}), 403, "PolicyNotAuthorized", "create_flavor_service_profile")
    assert member.call("DELETE", f"{path}/{profile}").status == 204
    refused(member.get(f"{path}/{profile}"), 404, "FlavorServiceProfileBindingNotFound")
    server.stop()


# --- sharing

@pytest.fixture
def cli(people):
    return Cli(OS_AUTH_URL=people.weftd.url, OS_USERNAME="admin", OS_PASSWORD=PASSWORD, OS_PROJECT_NAME="admin",
               OS_USER_DOMAIN_ID="default", OS_PROJECT_DOMAIN_ID="default")


def test_cli_shares_a_network(people, cli):
    project, third, member = people.project("one"), people.project("third"), people.user("member", "one")
    network = people.admin.network.create_network().id
    assert network not in ids(member.network.networks())
    policy = cli.json("network", "rbac", "create", "--type", "network", "--action", "access_as_shared", "--target-project", project.id, network)
    assert (policy["object_type"], policy["object_id"], policy["action"]) == ("network", network, "access_as_shared")
    assert [n.is_shared for n in member.network.networks() if n.id == network] == [True]
    assert ids(member.network.networks(is_shared=True)) == [network]
    assert network not in ids(people.admin.network.networks(is_shared=True))
    assert policy["id"] in [row["ID"] for row in cli.json("network", "rbac", "list")]
    assert cli.json("network", "rbac", "show", policy["id"])["target_project_id"] == project.id
    port = member.network.create_port(network_id=network)
    assert "RBAC policy on object" in cli("network", "rbac", "delete", policy["id"], fails=True)
    member.network.delete_port(port.id)
    cli("network", "rbac", "set", "--target-project", third.id, policy["id"])
    assert network not in ids(member.network.networks())
    cli("network", "rbac", "delete", policy["id"])
    assert policy["id"] not in ids(people.admin.network.rbac_policies())
    people.admin.network.delete_network(network)


def test_shared_is_a_policy_for_everybody(people):
    admin, member = people.admin, people.user("member", "one")
    network = admin.network.create_network(name="for all", shared=True, **{"router:external": True})
    policies = {p.action: p for p in admin.network.rbac_policies(object_id=network.id)}
    assert {p.target_project_id for p in policies.values()} == {"*"} and set(policies) == {"access_as_shared", "access_as_external"}
    assert network.id in ids(member.network.networks())
    port = member.network.create_port(network_id=network.id)
    with pytest.raises(openstack.exceptions.ConflictException, match="Unable to reconfigure sharing settings"):
        admin.network.update_network(network.id, **{"shared": False, "router:external": False})
    member.network.delete_port(port.id)
    admin.network.delete_rbac_policy(policies["access_as_shared"].id)
    assert not admin.network.get_network(network.id).is_shared
    assert member.network.get_network(network.id).is_router_external
    admin.network.delete_rbac_policy(policies["access_as_external"].id)
    assert not admin.network.get_network(network.id).is_router_external
    assert network.id not in ids(member.network.networks())
    admin.network.delete_network(network.id)


def test_who_may_share(people):
    project, member, other = people.project("one"), people.user("member", "one"), people.user("member", "two")
    network = member.network.create_network()
    lend = {"object_type": "network", "object_id": network.id, "action": "access_as_shared"}
    refuses(member.network.create_rbac_policy, "create_rbac_policy:target_tenant", **lend, target_project_id="*")
    with pytest.raises(openstack.exceptions.NotFoundException):
        other.network.create_rbac_policy(**lend, target_project_id=other.current_project_id)
    policy = member.network.create_rbac_policy(**lend, target_project_id=other.current_project_id)
    with pytest.raises(openstack.exceptions.ConflictException):
        member.network.create_rbac_policy(**lend, target_project_id=other.current_project_id)
    with pytest.raises(openstack.exceptions.BadRequestException, match="belongs to another project"):
        other.network.create_rbac_policy(**lend, target_project_id=project.id)
    with pytest.raises(openstack.exceptions.BadRequestException, match="not a valid RBAC object type"):
        member.network.create_rbac_policy(**{**lend, "object_type": "cat"}, target_project_id="x")
    assert list(other.network.rbac_policies()) == []
    refuses(member.network.update_rbac_policy, "update_rbac_policy:target_tenant", rbac_policy=policy.id, target_tenant="*")
    member.network.delete_network(network.id)
    assert list(member.network.rbac_policies()) == []
