/* SPDX-License-Identifier: Apache-2.0 */
/* The property of random_world.h, where routers lead outside: gateways, hosts that are connected to
 * physical networks, floating IPs. */
#include "compile/random_world.h"
#include "model/host/agent.h"
#include "model/bgp/bgp_speaker.h"
#include "model/port/held_address.h"
#include "model/router/floating_ip.h"
#include "model/firewall/firewall_group.h"
#include "model/port/port.h"
#include "model/router/port_forwarding.h"
#include "model/router/router_parts.h"

static unsigned gateways, floating_ips, forwardings, pairs; /* given, changed */

static const struct object *pick_external(struct random_world *world)
{
	unsigned n = model_count(world->model, KIND_NETWORK, NETWORK_BY_EXTERNAL, "true", NULL);
	const struct object *network = NULL;
	struct model_iter iter;

	if (!n)
		return NULL;
	n = random_below(world, n) + 1;
	model_iter_init(&iter, world->model, KIND_NETWORK, NETWORK_BY_EXTERNAL, "true", NULL);
	while (n--)
		network = model_iter_next(&iter);
	return network;
}

static json_t *random_network(struct random_world *world)
{
	unsigned n = ++world->made;

	return n % 5 ? test_json("{'name':'n%u'}", n)
		     : test_json("{'provider:network_type':'vlan','router:external':%s,"
				 "'provider:physical_network':'p%u'}",
			       n % 10 ? "true" : "false", n % 2);
}

static json_t *random_router(struct random_world *world)
{
	unsigned n = ++world->made;

	return test_json("{'name':'r%u','project_id':'p%u'}", n, n % 50);
}

static json_t *random_port(struct random_world *world)
{
	const struct object *network = random_pick(world, KIND_NETWORK);

	return network ? test_json("{'network_id':'%s','binding:host_id':'%s',"
				   "'device_owner':'compute:nova'}",
				 test_id(network), random_host_name(world))
		       : NULL;
}

static json_t *random_port_change(struct random_world *world)
{
	unsigned n = ++world->made;

	if (n % 3 == 0)
		return test_json("{'dns_name':'p%u','fixed_ips':[]}", n);
	return test_json("{'binding:host_id':'%s'}", random_host_name(world));
}

/* Gives a router a gateway on a random external network, or takes it. */
static bool stage_gateway(struct random_world *world, struct txn *txn)
{
	const struct object *router = random_pick(world, KIND_ROUTER);
	const struct object *network = random_below(world, 5) ? pick_external(world) : NULL;
	json_auto_t *body = network ? test_json("{'external_gateway_info':{'network_id':'%s'}}",
					      test_id(network))
				    : test_json("{'external_gateway_info':null}");
	bool ok = router && txn_update(txn, KIND_ROUTER, test_id(router), body, NULL);

	gateways += ok && network;
	return ok;
}

/* A host says what it is connected to. */
static bool stage_mappings(struct random_world *world, struct txn *txn)
{
	static const char *const choices[] = { "{}", "{'p0':'a'}", "{'p0':'a','p1':'b'}",
		"{'p1':'b'}" };
	const struct object *host = random_pick(world, KIND_HOST);
	json_auto_t *body = NULL;

	if (!host)
		return false;
	body = test_json(
		"{'bridge_mappings':%s}", choices[random_below(world, G_N_ELEMENTS(choices))]);
	return txn_update(txn, KIND_HOST, test_id(host), body, NULL);
}

/* A guest's port on a network of the router, or NULL. */
static const struct object *pick_behind(struct random_world *world, const struct object *router)
{
	const struct object *interface, *port, *found = NULL;
	struct model_iter interfaces, ports;
	unsigned n = 0;

	model_iter_init(
		&interfaces, world->model, KIND_PORT, PORT_BY_DEVICE, test_id(router), NULL);
	while ((interface = model_iter_next(&interfaces))) {
		model_iter_init(&ports, world->model, KIND_PORT, PORT_BY_NETWORK,
			object_str(interface, PORT_NETWORK_ID), NULL);
		while ((port = model_iter_next(&ports)))
			if (!port_is_service(port) && random_below(world, ++n) == 0)
				found = port;
	}
	return found;
}

/* A guest may have another's address too, and perhaps has it, or may not any more. */
static bool stage_pairs(struct random_world *world, struct txn *txn)
{
	const struct object *router = random_pick(world, KIND_ROUTER);
	const struct object *port = router ? pick_behind(world, router) : NULL;
	const struct object *other = router ? pick_behind(world, router) : NULL;
	json_auto_t *body = NULL;
	struct port_ips ips;

	if (!port || !other ||
		strcmp(object_str(port, PORT_NETWORK_ID), object_str(other, PORT_NETWORK_ID)))
		return false;
	ips = port_ips_of(other);
	if (!port_ips_next(&ips))
		return false;
	body = random_below(world, 4)
		       ? test_json("{'allowed_address_pairs':[{'ip_address':'%s'}]}", ips.ip_text)
		       : test_json("{'allowed_address_pairs':[]}");
	if (!txn_update(txn, KIND_PORT, test_id(port), body, NULL))
		return false;
	pairs++;
	port = txn_get(txn, KIND_PORT, object_id(port));
	return random_below(world, 2) || !held_address_allowed(port, ips.ip_text) ||
	       held_address_take(txn, port, ips.ip_text, NULL);
}

/* A floating IP comes, moves to a random port, or goes. */
static bool stage_floating_ip(struct random_world *world, struct txn *txn)
{
	const struct object *object = random_pick(world, KIND_FLOATING_IP);
	const struct object *router = random_pick(world, KIND_ROUTER), *port;
	unsigned what = random_below(world, 10);
	json_auto_t *body = NULL;
	bool ok;

	if (!router || object_is_null(router, ROUTER_GATEWAY_NETWORK_ID))
		return false;
	port = pick_behind(world, router);
	if (!port)
		return false;
	if (object && what == 0)
		return txn_delete(txn, KIND_FLOATING_IP, test_id(object), NULL);
	if (object && what == 1)
		body = test_json("{'port_id':null}");
	else if (object && what < 6)
		body = test_json("{'port_id':'%s'}", test_id(port));
	else if (what > 7) /* for port forwardings */
		body = test_json("{'floating_network_id':'%s','project_id':'p%u'}",
			object_str(router, ROUTER_GATEWAY_NETWORK_ID), ++world->made % 50);
	else
		body = test_json("{'floating_network_id':'%s','port_id':'%s','project_id':'p%u'}",
			object_str(router, ROUTER_GATEWAY_NETWORK_ID), test_id(port),
			++world->made % 50);
	ok = object && what < 6 ? txn_update(txn, KIND_FLOATING_IP, test_id(object), body, NULL)
				: txn_create(txn, KIND_FLOATING_IP, body, NULL);
	floating_ips += ok;
	return ok;
}

/* A port forwarding comes, moves to a random port, or goes. */
static bool stage_port_forwarding(struct random_world *world, struct txn *txn)
{
	const struct object *object = random_pick(world, KIND_PORT_FORWARDING);
	const struct object *floating_ip = random_pick(world, KIND_FLOATING_IP);
	const struct object *router = random_pick(world, KIND_ROUTER), *port;
	unsigned what = random_below(world, 10), number = ++world->made % 60000 + 1;
	json_auto_t *body = NULL;
	bool ok;

	if (object && what < 2)
		return txn_delete(txn, KIND_PORT_FORWARDING, test_id(object), NULL);
	port = router ? pick_behind(world, router) : NULL;
	for (int i = 0; i < 9 && floating_ip && !object_is_null(floating_ip, FLOATING_IP_PORT_ID);
		i++)
		floating_ip = random_pick(world, KIND_FLOATING_IP);
	if (!floating_ip || !port)
		return false;
	body = test_json(
		"{'internal_port_id':'%s','protocol':'tcp','external_port':%u,'internal_port':%u}",
		test_id(port), number, number);
	if (object && what < 4)
		ok = txn_update(txn, KIND_PORT_FORWARDING, test_id(object), body, NULL);
	else
		ok = txn_create_in(txn, KIND_PORT_FORWARDING, test_id(floating_ip), body, NULL);
	forwardings += ok;
	return ok;
}

static bool stage_conntrack_helper(struct random_world *world, struct txn *txn)
{
	const struct object *object = random_pick(world, KIND_CONNTRACK_HELPER);
	const struct object *router = random_pick(world, KIND_ROUTER);
	json_auto_t *body = test_json(
		"{'helper':'tftp','protocol':'udp','port':%u}", ++world->made % 60000 + 1);

	switch (random_below(world, object ? 3 : 1)) {
	case 0:
		return router &&
		       txn_create_in(txn, KIND_CONNTRACK_HELPER, test_id(router), body, NULL);
	case 1:
		return txn_update(txn, KIND_CONNTRACK_HELPER, test_id(object), body, NULL);
	default:
		return txn_delete(txn, KIND_CONNTRACK_HELPER, test_id(object), NULL);
	}
}

static unsigned guarded;

static json_t *random_firewall_group(struct random_world *world, const struct object *router)
{
	const struct object *ingress = random_pick(world, KIND_FIREWALL_POLICY);
	const struct object *egress = random_pick(world, KIND_FIREWALL_POLICY), *port;
	json_t *body = test_json(
		"{'admin_state_up':%s,'ports':[]}", random_below(world, 4) ? "true" : "false");

	port = model_first(world->model, KIND_PORT, PORT_BY_DEVICE, test_id(router), NULL);
	if (port && random_below(world, 4))
		json_array_append_new(json_object_get(body, "ports"), json_string(test_id(port)));
	guarded += json_array_size(json_object_get(body, "ports")) != 0;
	if (ingress)
		json_object_set_new(
			body, "ingress_firewall_policy_id", json_string(test_id(ingress)));
	if (egress && random_below(world, 2))
		json_object_set_new(
			body, "egress_firewall_policy_id", json_string(test_id(egress)));
	return body;
}

/* Puts a port of a random router into a group, or takes it out; or the group goes. */
static bool stage_firewall_group(struct random_world *world, struct txn *txn)
{
	const struct object *object = random_pick(world, KIND_FIREWALL_GROUP);
	const struct object *router = random_pick(world, KIND_ROUTER);
	unsigned what = random_below(world, 10);
	json_auto_t *body = NULL;

	if (object && what < 2)
		return txn_delete(txn, KIND_FIREWALL_GROUP, test_id(object), NULL);
	if (!router)
		return false;
	body = random_firewall_group(world, router);
	if (object && what < 8)
		return txn_update(txn, KIND_FIREWALL_GROUP, test_id(object), body, NULL);
	json_object_set_new(body, "project_id", json_string(object_str(router, SLOT_PROJECT_ID)));
	return txn_create(txn, KIND_FIREWALL_GROUP, body, NULL);
}

static json_t *random_firewall_rule(struct random_world *world)
{
	return test_json("{'protocol':'tcp','destination_port':%u,'enabled':%s,'action':'%s'}",
		random_below(world, 9) + 1, random_below(world, 3) ? "true" : "false",
		random_below(world, 2) ? "allow" : "deny");
}

static json_t *random_firewall_policy(struct random_world *world)
{
	const struct object *a = random_pick(world, KIND_FIREWALL_RULE);
	const struct object *b = random_pick(world, KIND_FIREWALL_RULE);

	if (!a || a == b)
		return test_json("{'firewall_rules':[]}");
	return test_json("{'firewall_rules':['%s','%s']}", test_id(a), test_id(b));
}

/* A router between an outside and an inside, so that chance has something to begin with. */
static void prepare_outside(struct random_world *world)
{
	const struct object *network, *subnet, *router;
	json_auto_t *body = NULL, *answer = NULL;
	struct txn *txn;

	random_create(world, KIND_HOST, test_json("{'name':'a'}"));
	network = random_create(world, KIND_NETWORK,
		test_json("{'router:external':true,'provider:network_type':'flat',"
			  "'provider:physical_network':'p0'}"));
	random_create(world, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'192.0.2.0/24'}", test_id(network)));
	router = random_create(world, KIND_ROUTER,
		test_json("{'external_gateway_info':{'network_id':'%s'}}", test_id(network)));
	network = random_create(world, KIND_NETWORK, test_json("{}"));
	subnet = random_create(world, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'10.251.0.0/24'}", test_id(network)));
	random_create(world, KIND_PORT,
		test_json("{'network_id':'%s','binding:host_id':'a'}", test_id(network)));
	txn = txn_new(world->model, &test_admin);
	body = test_json("{'subnet_id':'%s'}", test_id(subnet));
	assert_true(router_interface_add(txn, router, body, &answer, NULL));
	random_apply(world, txn);
}

static json_t *random_peer(struct random_world *world)
{
	return test_json(
		"{'peer_ip':'192.0.2.%u','remote_as':65000,'auth_type':'md5','password':'x'}",
		++world->made % 250 + 1);
}

static json_t *random_peer_change(struct random_world *world)
{
	return test_json("{'password':'x%u'}", ++world->made);
}

static json_t *random_speaker(struct random_world *world)
{
	return test_json("{'name':'b%u','local_as':65001,'ip_version':4}", ++world->made);
}

static json_t *random_speaker_change(struct random_world *world)
{
	return test_json(
		"{'advertise_tenant_networks':%s}", random_below(world, 2) ? "true" : "false");
}

/* A speaker gets a peer or network, or loses it. */
static bool stage_speaker(struct random_world *world, struct txn *txn)
{
	static const char *const verbs[] = { "add_bgp_peer", "remove_bgp_peer",
		"add_gateway_network", "remove_gateway_network" };
	unsigned verb = random_below(world, G_N_ELEMENTS(verbs));
	const struct object *speaker = random_pick(world, KIND_BGP_SPEAKER);
	const struct object *what = random_pick(world, verb < 2 ? KIND_BGP_PEER : KIND_NETWORK);
	json_t *body, *answer = NULL;
	bool ok;

	if (!speaker || !what || !txn_get(txn, KIND_BGP_SPEAKER, object_id(speaker)))
		return false;
	body = test_json("{'%s':'%s'}", verb < 2 ? "bgp_peer_id" : "network_id", test_id(what));
	ok = txn_act(txn, KIND_BGP_SPEAKER, test_id(speaker),
		kind_action(&bgp_speaker_kind, verbs[verb]), body, &answer, NULL);
	json_decref(body);
	json_decref(answer);
	return ok;
}

/* It is taken off a host's agent, or back. */
static bool stage_agent(struct random_world *world, struct txn *txn)
{
	const struct object *speaker = random_pick(world, KIND_BGP_SPEAKER);
	const struct object *host = random_pick(world, KIND_HOST), *agent;
	json_t *body;
	bool ok;

	agent = speaker && host ? agent_of_host(world->model, host, AGENT_BGP) : NULL;
	if (!agent || !txn_get(txn, KIND_BGP_SPEAKER, object_id(speaker)) ||
		!txn_get(txn, KIND_AGENT, object_id(agent)))
		return false;
	body = test_json("{'bgp_speaker_id':'%s'}", test_id(speaker));
	ok = random_below(world, 3) ? bgp_drinstances_remove(txn, agent, test_id(speaker), NULL)
				    : bgp_drinstances_add(txn, agent, body, NULL);
	json_decref(body);
	return ok;
}

static const struct random_step steps[] = {
	{ 5, .kind = KIND_HOST, .body = random_host, .change = random_host_change },
	{ 3, .kind = KIND_NETWORK, .body = random_network, .change = random_network_change },
	{ 3, .kind = KIND_SUBNET, .body = random_subnet, .change = random_subnet_change },
	{ 15, .kind = KIND_PORT, .body = random_port, .change = random_port_change },
	{ 5, .kind = KIND_ROUTER, .body = random_router, .change = random_admin_state },
	{ 6, .stage = random_interface },
	{ 4, .stage = stage_gateway },
	{ 11, .stage = stage_mappings },
	{ 18, .stage = random_binding },
	{ 8, .stage = random_services },
	{ 9, .stage = stage_floating_ip },
	{ 6, .stage = stage_pairs },
	{ 2, .kind = KIND_BGP_PEER, .body = random_peer, .change = random_peer_change },
	{ 2, .kind = KIND_BGP_SPEAKER, .body = random_speaker, .change = random_speaker_change },
	{ 8, .stage = stage_speaker },
	{ 3, .stage = stage_agent },
	{ 14, .stage = stage_port_forwarding },
	{ 3, .stage = stage_conntrack_helper },
	{ 2, .kind = KIND_FIREWALL_RULE, .body = random_firewall_rule,
		.change = random_firewall_rule },
	{ 3, .kind = KIND_FIREWALL_POLICY, .body = random_firewall_policy,
		.change = random_firewall_policy },
	{ 8, .stage = stage_firewall_group },
	{ 9, .stage = random_qos },
};

static void increments_equal_full_compile(void **state)
{
	unsigned applied = 0, interfaces = 0, limited_ips = 0, limited_gateways = 0;

	(void)state;
	for (guint32 seed = 1; seed <= 44; seed++) {
		struct random_world *world = random_world_new(seed);

		prepare_outside(world);
		for (int i = 0; i < 150; i++)
			random_round(world, steps, G_N_ELEMENTS(steps));
		applied += world->done->len;
		interfaces += world->interfaces;
		limited_ips += world->policies[KIND_FLOATING_IP];
		limited_gateways += world->policies[KIND_ROUTER];
		random_world_free(world);
	}
	print_message(
		"%u applied, %u interfaces, %u gateways, %u floating IPs, %u port forwardings, %u + %u limited\n",
		applied, interfaces, gateways, floating_ips, forwardings, limited_ips,
		limited_gateways);
	assert_true(guarded > 100);
	assert_true(applied > 1000); /* it has not merely been refused */
	assert_true(interfaces > 50);
	assert_true(gateways > 100);
	assert_true(floating_ips > 50 && pairs > 30);
	assert_true(forwardings > 30);
	assert_true(limited_ips > 10);
	assert_true(limited_gateways > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(increments_equal_full_compile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
