"""Address scopes, subnet pools and the subnets from them, through the `openstack` command line, openstacksdk and plain HTTP.
Proves B2, B9 for these resources."""
import itertools

import openstack
import pytest

from weftd import MEMBER, OTHER, Weftd, refused

numbers = itertools.count()


def unique(word="n"):
    return f"{word}{next(numbers)}"


# --- address scopes

def test_cli_address_scope(cli):
    made = cli.json("address", "scope", "create", "blue", "--ip-version", "6", "--share")
    assert (made["name"], made["ip_version"], made["shared"]) == ("blue", 6, True)
    assert [s["Name"] for s in cli.json("address", "scope", "list", "--ip-version", "6")] == ["blue"]
    cli("address", "scope", "set", "blue", "--name", "azure")
    assert cli.json("address", "scope", "show", "azure")["id"] == made["id"]
    assert "can't be unshared" in cli.fails("address", "scope", "set", "azure", "--no-share")
    cli("address", "scope", "delete", "azure")
    assert "No AddressScope found" in cli.fails("address", "scope", "show", "azure")


def test_address_scope_rules(weftd, admin):
    member, other = weftd.client(MEMBER), weftd.client(OTHER)

    def create(client, **attributes):
        return client.call("POST", "/v2.0/address-scopes", {"address_scope": attributes})

    assert refused(create(admin, name="x"), 400, "BadRequest", "ip_version")
    assert refused(create(admin, ip_version=5), 400, "InvalidInput", "4 or 6")
    assert refused(create(member, ip_version=4, shared=True), 403, "PolicyNotAuthorized")
    mine = create(member, ip_version=4).json["address_scope"]
    path = f"/v2.0/address-scopes/{mine['id']}"
    assert refused(other.get(path), 404, "AddressScopeNotFound", "Address scope")
    assert refused(admin.call("PUT", path, {"address_scope": {"ip_version": 6}}), 400, "BadRequest")
    pool = {"name": "p", "prefixes": ["10.0.0.0/8"], "address_scope_id": mine["id"]}
    assert refused(other.call("POST", "/v2.0/subnetpools", {"subnetpool": pool}), 404, "AddressScopeNotFound")
    made = member.make("subnetpool", **pool)
    assert refused(member.call("POST", "/v2.0/subnetpools", {"subnetpool": {**pool, "prefixes": ["10.9.0.0/24"]}}), 409,
                   "AddressScopePrefixConflict", made["id"])
    assert refused(member.call("DELETE", path), 409, "AddressScopeInUse", made["id"])
    assert member.call("DELETE", f"/v2.0/subnetpools/{made['id']}").status == 204
    assert member.call("DELETE", path).status == 204


def test_networks_show_their_scopes(sdk):
    scope = sdk.create_address_scope(name="s4", ip_version=4)
    pool = sdk.create_subnet_pool(name="p4", prefixes=["10.4.0.0/16"], default_prefixlen=24, address_scope_id=scope.id)
    network = sdk.create_network()
    assert (network.ipv4_address_scope_id, network.ipv6_address_scope_id) == (None, None)
    subnet = sdk.create_subnet(network_id=network.id, ip_version=4, subnet_pool_id=pool.id)
    network = sdk.get_network(network.id)
    assert (network.ipv4_address_scope_id, network.ipv6_address_scope_id) == (scope.id, None)
    assert [n.id for n in sdk.networks(ipv4_address_scope_id=scope.id)] == [network.id]
    with pytest.raises(openstack.exceptions.BadRequestException, match="same subnet pool"):
        sdk.create_subnet(network_id=network.id, ip_version=4, cidr="192.168.0.0/24")
    sdk.create_subnet(network_id=network.id, ip_version=6, cidr="fd00::/64")
    sdk.delete_subnet(subnet)
    assert sdk.get_network(network.id).ipv4_address_scope_id is None


# --- subnet pools

def test_cli_subnet_pool(cli):
    made = cli.json("subnet", "pool", "create", "pool", "--pool-prefix", "10.20.0.0/16", "--pool-prefix", "10.21.0.0/16",
                    "--default-prefix-length", "26", "--min-prefix-length", "20", "--max-prefix-length", "28",
                    "--default-quota", "1024", "--description", "d", "--tag", "red")
    assert made["prefixes"] == ["10.20.0.0/15"]
    assert [made[f"{which}_prefixlen"] for which in ("default", "min", "max")] == [26, 20, 28]
    assert (made["ip_version"], made["default_quota"], made["tags"]) == (4, 1024, ["red"])
    cli("subnet", "pool", "set", "pool", "--name", "lake", "--pool-prefix", "10.22.0.0/16", "--default-prefix-length", "27",
        "--no-address-scope", "--default-quota", "64", "--tag", "blue")
    shown = cli.json("subnet", "pool", "show", "lake")
    assert (shown["prefixes"], shown["default_prefixlen"]) == (["10.20.0.0/15", "10.22.0.0/16"], 27)
    cli("subnet", "pool", "unset", "lake", "--tag", "red")
    assert [p["Name"] for p in cli.json("subnet", "pool", "list", "--tags", "blue")] == ["lake"]
    cli("network", "create", "net")
    subnet = cli.json("subnet", "create", "sub", "--network", "net", "--subnet-pool", "lake")
    assert (subnet["cidr"], subnet["subnetpool_id"]) == ("10.22.0.0/27", made["id"])
    assert "minimum allowed prefix is 20" in cli.fails("subnet", "create", "x", "--network", "net", "--subnet-pool", "lake",
                                                       "--prefix-length", "19")
    assert "quota exceeded" in cli.fails("subnet", "create", "x", "--network", "net", "--subnet-pool", "lake",
                                         "--prefix-length", "26")
    assert [s["Name"] for s in cli.json("subnet", "list", "--subnet-pool", "lake")] == ["sub"]
    assert "still in use" in cli.fails("subnet", "pool", "delete", "lake")
    cli("network", "delete", "net")
    cli("subnet", "pool", "delete", "lake")
    assert "No SubnetPool found" in cli.fails("subnet", "pool", "show", "lake")


def test_cli_default_pool_and_onboarding(cli):
    cli("subnet", "pool", "create", "usual", "--pool-prefix", "fd01::/48", "--default")
    assert "already been set" in cli.fails("subnet", "pool", "create", "second", "--pool-prefix", "fd02::/48", "--default")
    cli("network", "create", "six")
    assert cli.json("subnet", "create", "a", "--network", "six", "--ip-version", "6",
                    "--use-default-subnet-pool")["cidr"] == "fd01::/64"
    cli("subnet", "pool", "set", "usual", "--no-default")
    assert "No default subnetpool" in cli.fails("subnet", "create", "b", "--network", "six", "--ip-version", "6",
                                                "--use-default-subnet-pool")
    cli("network", "create", "outside")
    cli("subnet", "create", "c", "--network", "outside", "--ip-version", "6", "--subnet-range", "fd09::/64")
    cli("network", "onboard", "subnets", "outside", "usual")
    pool = cli.json("subnet", "pool", "show", "usual")
    assert pool["prefixes"] == ["fd01::/48", "fd09::/64"]
    assert cli.json("subnet", "show", "c")["subnetpool_id"] == pool["id"]


def test_pool_verbs(admin):
    pool = admin.make("subnetpool", name=unique(), prefixes=["10.30.0.0/24"])
    path = f"/v2.0/subnetpools/{pool['id']}"
    network = admin.make("network")
    subnet = admin.make("subnet", network_id=network["id"], subnetpool_id=pool["id"], cidr="10.30.0.0/26")

    def verb(name, *prefixes):
        return admin.call("PUT", f"{path}/{name}", {"prefixes": list(prefixes)})

    assert verb("add_prefixes", "10.30.1.0/24", "10.40.0.0/16").json == {"prefixes": ["10.30.0.0/23", "10.40.0.0/16"]}
    assert verb("remove_prefixes", "10.40.0.0/17", "10.30.1.0/24").json == {"prefixes": ["10.30.0.0/24", "10.40.128.0/17"]}
    assert admin.get(path).json["subnetpool"]["prefixes"] == ["10.30.0.0/24", "10.40.128.0/17"]
    assert refused(verb("remove_prefixes", "10.30.0.0/28"), 400, "IllegalSubnetPoolPrefixUpdate", subnet["id"])
    assert refused(verb("add_prefixes", "fd00::/48"), 400, "PrefixVersionMismatch")
    assert refused(verb("add_prefixes"), 400, "BadRequest")
    assert refused(verb("add_prefixes", "10.0.0.1/33"), 400, "InvalidInput", "prefixes[0]")
    assert refused(admin.call("PUT", f"{path}/onboard_network_subnets", {}), 400, "InvalidInput", "network_id")
    answer = admin.call("PUT", f"{path}/onboard_network_subnets", {"network_id": pool["id"]})
    assert refused(answer, 404, "NetworkNotFound")
    outside = admin.make("network")
    admin.make("subnet", network_id=outside["id"], cidr="10.30.0.32/27")
    answer = admin.call("PUT", f"{path}/onboard_network_subnets", {"network_id": outside["id"]})
    assert refused(answer, 400, "IllegalSubnetPoolPrefixUpdate", subnet["id"])
    assert refused(admin.call("PUT", path, {"subnetpool": {"prefixes": ["10.30.0.0/25"]}}), 400,
                   "IllegalSubnetPoolPrefixUpdate")


def test_subnets_of_pools(weftd, admin):
    member = weftd.client(MEMBER)
    pool = admin.make("subnetpool", name=unique(), prefixes=["10.50.0.0/22"], default_prefixlen=24)
    shared = admin.make("subnetpool", name=unique(), prefixes=["10.60.0.0/22"], default_prefixlen=24, shared=True)
    network = member.make("network")

    def create(client=member, **attributes):
        return client.call("POST", "/v2.0/subnets", {"subnet": {"network_id": network["id"], **attributes}})

    assert refused(create(subnetpool_id=pool["id"]), 404, "SubnetPoolNotFound")
    assert refused(create(subnetpool_id=shared["id"], cidr="10.60.0.0/24", prefixlen=24), 400, "BadRequest", "together")
    assert refused(create(subnetpool_id=shared["id"], ip_version=6), 400, "BadRequest", "IPv6")
    assert refused(create(ip_version=4), 400, "BadRequest", "cidr")
    assert refused(create(ip_version=6, subnetpool_id="prefix_delegation"), 400, "InvalidInput", "not offered")
    assert refused(create(subnetpool_id=shared["id"], allocation_pools=[{"start": "10.60.0.9", "end": "10.60.0.10"}]), 400,
                   "BadRequest", "allocation_pools")
    made = create(subnetpool_id=shared["id"], prefixlen="25").json["subnet"]
    assert made["cidr"] == "10.60.0.0/25" and "prefixlen" not in made and "use_default_subnetpool" not in made
    bulk = member.call("POST", "/v2.0/subnets", {"subnets": [{"network_id": network["id"], "subnetpool_id": shared["id"]}] * 3})
    assert [s["cidr"] for s in bulk.json["subnets"]] == ["10.60.1.0/24", "10.60.2.0/24", "10.60.3.0/24"]
    assert refused(create(subnetpool_id=shared["id"]), 409, "SubnetAllocationError", "/24")
    assert member.call("DELETE", f"/v2.0/subnets/{bulk.json['subnets'][1]['id']}").status == 204
    assert create(subnetpool_id=shared["id"]).json["subnet"]["cidr"] == "10.60.2.0/24"


@pytest.mark.parametrize("kind, path, attributes", [("subnetpool", "subnetpools", {"name": "p", "prefixes": ["10.0.0.0/8"]}),
                                                    ("address_scope", "address-scopes", {"ip_version": 4})])
def test_sharing_with_one_project(weftd, admin, kind, path, attributes):
    made = admin.call("POST", f"/v2.0/{path}", {kind: attributes}).json[kind]
    policy = {"object_type": kind, "object_id": made["id"], "action": "access_as_shared", "target_tenant": "project-2"}
    one = f"/v2.0/{path}/{made['id']}"
    assert weftd.client(OTHER).get(one).status == 404
    assert admin.call("POST", "/v2.0/rbac-policies", {"rbac_policy": policy}).status == 201
    assert weftd.client(OTHER).get(one).json[kind]["shared"] is True
    assert weftd.client(MEMBER).get(one).status == 404


def test_pools_survive_a_restart(tmp_path):
    server = Weftd(tmp_path).start()
    pool = server.client().make("subnetpool", name="p", prefixes=["10.0.0.0/23"], default_prefixlen=24)
    network = server.client().make("network")["id"]
    server.client().make("subnet", network_id=network, subnetpool_id=pool["id"])
    server.kill()
    server.start()
    admin = server.client()
    assert admin.make("subnet", network_id=network, subnetpool_id=pool["id"])["cidr"] == "10.0.1.0/24"
    answer = admin.call("POST", "/v2.0/subnets", {"subnet": {"network_id": network, "subnetpool_id": pool["id"]}})
    assert refused(answer, 409, "SubnetAllocationError")
    server.stop()
