/* SPDX-License-Identifier: Apache-2.0 */
/* The property of random_world.h, for what is within a cloud: ports, routers, security groups, QoS,
 * DHCP. */
#include "compile/random_world.h"
#include "model/port/dhcp_binding.h"
#include "model/firewall/security_group.h"
#include "model/port/service_port.h"

static unsigned dhcp; /* changed */

/* Up to two security groups, as JSON: most ports have the same ones. */
static const char *random_groups(struct random_world *world, char buf[static 128])
{
	const struct object *a = random_pick(world, KIND_SECURITY_GROUP),
			    *b = random_pick(world, KIND_SECURITY_GROUP);
	g_autofree char *first = a ? g_strdup(test_id(a)) : NULL;
	unsigned n = random_below(world, 3);

	if (!a || !n)
		return "[]";
	if (n == 1 || a == b)
		g_snprintf(buf, 128, "['%s']", first);
	else
		g_snprintf(buf, 128, "['%s','%s']", first, test_id(b));
	return buf;
}

static json_t *random_port(struct random_world *world)
{
	const struct object *network = random_pick(world, KIND_NETWORK);
	char groups[128];

	return network ? test_json("{'network_id':'%s','binding:host_id':'%s',"
				   "'device_owner':'%s','security_groups':%s}",
				 test_id(network), random_host_name(world),
				 world->made % 10 ? "compute:nova" : OWNER_HA_APPLIANCE,
				 random_groups(world, groups))
		       : NULL;
}

static json_t *random_port_change(struct random_world *world)
{
	unsigned n = ++world->made;
	char groups[128];

	if (n % 3 == 0)
		return test_json("{'dns_name':'p%u','fixed_ips':[]}", n);
	if (n % 3 == 1)
		return test_json("{'security_groups':%s,'allowed_address_pairs':"
				 "[{'ip_address':'10.9.0.0/%u'}]}",
			random_groups(world, groups), 16 + n % 16);
	return test_json("{'binding:host_id':'%s'}", random_host_name(world));
}

static json_t *random_network(struct random_world *world)
{
	unsigned n = ++world->made;

	return n % 5 ? test_json("{'name':'n%u'}", n)
		     : test_json("{'provider:network_type':'vlan',"
				 "'provider:physical_network':'p'}");
}

static json_t *random_router(struct random_world *world)
{
	return test_json("{'name':'r%u'}", ++world->made);
}

static json_t *random_group(struct random_world *world)
{
	return test_json("{'name':'g%u'}", ++world->made);
}

static json_t *random_address_group(struct random_world *world)
{
	unsigned n = ++world->made;

	return test_json("{'name':'a%u','addresses':['192.0.2.%u']}", n, n % 250);
}

/* A rule that names nothing, a group, or an address group. */
static json_t *random_rule(struct random_world *world)
{
	unsigned n = ++world->made;
	const struct object *group = random_pick(world, KIND_SECURITY_GROUP);
	const struct object *named =
		random_pick(world, n % 3 == 1 ? KIND_ADDRESS_GROUP : KIND_SECURITY_GROUP);
	g_autofree char *id = group ? g_strdup(test_id(group)) : NULL;
	const char *port = "'direction':'ingress','protocol':'tcp','port_range_min':%u,"
			   "'port_range_max':%u";
	g_autofree char *range = g_strdup_printf(port, n, n + 1);

	if (!group || !named)
		return NULL;
	if (n % 3 == 0)
		return test_json("{'security_group_id':'%s',%s}", id, range);
	return test_json("{'security_group_id':'%s','%s':'%s',%s}", id,
		n % 3 == 1 ? "remote_address_group_id" : "remote_group_id", test_id(named), range);
}

static json_t *random_tier(struct random_world *world)
{
	unsigned n = ++world->made;

	return test_json("{'name':'t%u','priority':%u}", n, n);
}

static json_t *random_tier_policy(struct random_world *world)
{
	const struct object *tier = random_pick(world, KIND_SECURITY_TIER);

	return tier ? test_json("{'security_tier_id':'%s','priority':%u}", test_id(tier),
			      ++world->made)
		    : NULL;
}

/* It may name what rules of groups name too. */
static json_t *random_tier_rule(struct random_world *world)
{
	unsigned n = ++world->made;
	const struct object *policy = random_pick(world, KIND_SECURITY_POLICY);
	const struct object *named =
		random_pick(world, n % 2 ? KIND_ADDRESS_GROUP : KIND_SECURITY_GROUP);
	g_autofree char *id = policy ? g_strdup(test_id(policy)) : NULL;

	if (!policy || !named)
		return NULL;
	return test_json("{'security_policy_id':'%s','priority':%u,'action':'deny',"
			 "'direction':'ingress','%s':'%s'}",
		id, n, n % 2 ? "remote_address_group_id" : "remote_group_id", test_id(named));
}

static json_t *random_priority(struct random_world *world)
{
	return test_json("{'priority':%u}", ++world->made);
}

static json_t *random_log(struct random_world *world)
{
	unsigned n = ++world->made;

	return test_json("{'name':'l%u','resource_type':'security_group','enabled':%s}", n,
		n % 3 ? "true" : "false");
}

static json_t *random_enabled(struct random_world *world)
{
	return test_json("{'enabled':%s}", ++world->made % 2 ? "true" : "false");
}

static json_t *random_name(struct random_world *world)
{
	return test_json("{'name':'other%u'}", ++world->made);
}

static json_t *random_description(struct random_world *world)
{
	return test_json("{'description':'%u'}", ++world->made);
}

/* A host answers a network's DHCP again, or no more; it may have nothing to do. */
static bool stage_dhcp(struct random_world *world, struct txn *txn)
{
	const struct object *agent = random_pick(world, KIND_AGENT);
	const struct object *network = random_pick(world, KIND_NETWORK);
	json_auto_t *body = NULL;

	if (!agent || !network || !txn_get(txn, KIND_AGENT, object_id(agent)))
		return true;
	body = test_json("{'network_id':'%s'}", test_id(network));
	dhcp += dhcp_networks_remove(txn, agent, test_id(network), NULL) ||
		dhcp_networks_add(txn, agent, body, NULL);
	return true;
}

static const struct random_step steps[] = {
	{ 2, .kind = KIND_HOST, .body = random_host, .change = random_host_change },
	{ 2, .kind = KIND_NETWORK, .body = random_network, .change = random_network_change },
	{ 2, .kind = KIND_SUBNET, .body = random_subnet, .change = random_subnet_change },
	{ 10, .kind = KIND_PORT, .body = random_port, .change = random_port_change },
	{ 3, .kind = KIND_ROUTER, .body = random_router, .change = random_admin_state },
	{ 10, .stage = random_interface },
	{ 4, .kind = KIND_SECURITY_GROUP, .body = random_group, .change = random_name },
	{ 2, .kind = KIND_ADDRESS_GROUP, .body = random_address_group, .change = random_name },
	{ 6, .kind = KIND_SECURITY_GROUP_RULE, .body = random_rule, .change = random_description },
	{ 2, .kind = KIND_NETWORK_LOG, .body = random_log, .change = random_enabled },
	{ 1, .kind = KIND_SECURITY_TIER, .body = random_tier, .change = random_priority },
	{ 1, .kind = KIND_SECURITY_POLICY, .body = random_tier_policy, .change = random_priority },
	{ 3, .kind = KIND_SECURITY_POLICY_RULE, .body = random_tier_rule,
		.change = random_priority },
	{ 12, .stage = random_binding },
	{ 6, .stage = random_services },
	{ 9, .stage = random_qos },
	{ 3, .stage = stage_dhcp },
	{ 16, .stage = random_balancer },
};

static void increments_equal_full_compile(void **state)
{
	unsigned applied = 0, interfaces = 0, members = 0, policies = 0,
		 gained[N_SCOPE_TYPES] = { 0 };

	(void)state;
	for (guint32 seed = 1; seed <= 80; seed++) {
		struct random_world *world = random_world_new(seed);

		for (int i = 0; i < 200; i++)
			random_round(world, steps, G_N_ELEMENTS(steps));
		applied += world->done->len;
		interfaces += world->interfaces;
		members += world->lb_members;
		policies += world->policies[KIND_PORT] + world->policies[KIND_NETWORK];
		for (int type = 0; type < N_SCOPE_TYPES; type++)
			gained[type] += world->gained[type];
		random_world_free(world);
	}
	print_message("%u applied, %u interfaces, %u of DHCP, %u policies, %u members\n", applied,
		interfaces, dhcp, policies, members);
	assert_true(applied > 1000); /* it has not merely been refused */
	assert_true(interfaces > 100);
	assert_true(members > 50); /* of load balancers */
	assert_true(dhcp > 30);
	assert_true(policies > 50);
	assert_true(gained[SCOPE_SECURITY_GROUP] > 100);
	assert_true(gained[SCOPE_GROUP_MEMBERS] > 50);
	assert_true(gained[SCOPE_ADDRESS_GROUP] > 20);
	assert_true(gained[SCOPE_CLOUD] > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(increments_equal_full_compile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
