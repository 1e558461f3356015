/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_member.h"

#include <string.h>

#include "base/addr.h"
#include "model/balancer/lb_parts.h"
#include "model/balancer/lb_pool.h"
#include "model/balancer/lb_provider.h"
#include "model/balancer/lb_status.h"
#include "model/balancer/lb_vips.h"
#include "model/network/subnet.h"

#define WEIGHT_MAX 256
#define LB_MEMBER_WHY_MAX 1024

static const char *const healths[] = { "UNKNOWN", "ALIVE", "DEAD", NULL };

static const struct attr attrs[N_LB_MEMBER_SLOTS] = {
	LB_NAMED_ATTRS,
	PROJECT_ATTR,
	[LB_MEMBER_POOL_ID] = { .name = "pool_id",
		.type = TYPE_UUID,
		.flags = ATTR_SECRET,
		.refers = KIND_LB_POOL,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = LB_MEMBER_BY_POOL,
		.doc = "The pool." },
	[LB_MEMBER_ADDRESS] = { .name = "address",
		.type = TYPE_IP,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "Of a port, of the same IP version as the VIP." },
	[LB_MEMBER_PORT] = { .name = "protocol_port",
		.type = TYPE_INT,
		.min = 1,
		.max = 65535,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The port that it serves on." },
	[LB_MEMBER_WEIGHT] = { .name = "weight",
		.type = TYPE_INT,
		.min = 0,
		.max = WEIGHT_MAX,
		.flags = LB_GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "1",
		.doc = "Its share of the new connections; with 0 it gets none and keeps those that it has." },
	[LB_MEMBER_BACKUP] = { .name = "backup",
		.type = TYPE_BOOL,
		.flags = LB_GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "false",
		.doc = "Whether it gets connections only when no other member can." },
	[LB_MEMBER_ADMIN_STATE_UP] = LB_ADMIN_STATE_ATTR,
	[LB_MEMBER_SUBNET_ID] = { .name = "subnet_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_SUBNET,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LB_MEMBER_BY_SUBNET,
		.doc = "The subnet that its address is of; by default one of the VIP's network." },
	[LB_MEMBER_MONITOR_ADDRESS] = { .name = "monitor_address",
		.type = TYPE_IP,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.doc = "Where it is asked whether it is alive; by default its address." },
	[LB_MEMBER_MONITOR_PORT] = { .name = "monitor_port",
		.type = TYPE_INT,
		.min = 1,
		.max = 65535,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.doc = "And at which port; by default its port." },
	[LB_MEMBER_PROVISIONING] = LB_PROVISIONING_ATTR,
	[LB_MEMBER_OPERATING] = LB_OPERATING_ATTR,
	[LB_MEMBER_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.flags = ATTR_SECRET,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LB_MEMBER_BY_NETWORK,
		.doc = "The network of its address." },
	[LB_MEMBER_HEALTH] = { .name = "health",
		.type = TYPE_ENUM,
		.choices = healths,
		.flags = ATTR_SECRET,
		.fallback = "\"UNKNOWN\"",
		.doc = "What its host says." },
	[LB_MEMBER_WHY] = { .name = "why",
		.type = TYPE_STRING,
		.max = LB_MEMBER_WHY_MAX,
		.flags = ATTR_SECRET | ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Why it is dead, as its host says." },
	[LB_MEMBER_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "Why it gets no connections: how its health monitor fails, or that its host or port does; else empty." },
};

static const struct index indexes[N_LB_MEMBER_INDEXES] = {
	[LB_MEMBER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[LB_MEMBER_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[LB_MEMBER_BY_POOL] = { .name = "pool", .slots = { LB_MEMBER_POOL_ID } },
	[LB_MEMBER_BY_ADDRESS] = { .name = "address and protocol_port of the pool",
		.slots = { LB_MEMBER_POOL_ID, LB_MEMBER_ADDRESS, LB_MEMBER_PORT },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[LB_MEMBER_BY_SUBNET] = { .name = "subnet", .slots = { LB_MEMBER_SUBNET_ID } },
	[LB_MEMBER_BY_NETWORK] = { .name = "network", .slots = { LB_MEMBER_NETWORK_ID } },
};

static bool contains(const struct object *subnet, const struct ip *address)
{
	struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

	return prefix_contains(&cidr, address);
}

/* The subnet that is named, or the one of the VIP's network that has the address. */
static const struct object *find_subnet(
	struct txn *txn, const struct object *draft, const struct object *balancer, GError **error)
{
	const char *id = object_str(draft, LB_MEMBER_SUBNET_ID);
	const char *network = object_str(balancer, LOAD_BALANCER_VIP_NETWORK_ID);
	struct ip address = object_ip(draft, LB_MEMBER_ADDRESS);
	const struct object *subnet = id ? txn_need(txn, KIND_SUBNET, id, error) : NULL;
	struct txn_iter iter;

	if (id) {
		if (subnet && !contains(subnet, &address)) {
			weft_fail(error, BAD_REQUEST,
				"Member address %s is not in %s, the range of subnet %s.",
				object_str(draft, LB_MEMBER_ADDRESS),
				object_str(subnet, SUBNET_CIDR), id);
			return NULL;
		}
		return subnet;
	}
	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = txn_iter_next(&iter)))
		if (contains(subnet, &address))
			return subnet;
	weft_fail(error, BAD_REQUEST,
		"Member address %s is of no subnet of the VIP's network %s: give subnet_id.",
		object_str(draft, LB_MEMBER_ADDRESS), network);
	return NULL;
}

static bool check_families(
	const struct object *draft, const struct object *balancer, GError **error)
{
	struct ip address = object_ip(draft, LB_MEMBER_ADDRESS);
	struct ip monitor = object_ip(draft, LB_MEMBER_MONITOR_ADDRESS);

	if (!lb_vips_have(balancer, address.family))
		return lb_fail_option(balancer, "address", object_str(draft, LB_MEMBER_ADDRESS),
			"members have addresses of a VIP's IP version", error);
	if (monitor.family && ip_compare(&monitor, &address) && lb_is_at_edge(balancer))
		return lb_fail_option(balancer, "monitor_address",
			object_str(draft, LB_MEMBER_MONITOR_ADDRESS),
			"members are asked at their own address, at monitor_port", error);
	return true;
}

static const struct object *balancer_of(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *pool =
		txn_need(txn, KIND_LB_POOL, object_str(draft, LB_MEMBER_POOL_ID), error);

	return pool ? load_balancer_take(
			      txn, draft, object_str(pool, LB_POOL_LOAD_BALANCER_ID), error)
		    : NULL;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *balancer = balancer_of(txn, draft, error), *subnet;

	if (!balancer || !check_families(draft, balancer, error))
		return false;
	subnet = find_subnet(txn, draft, balancer, error);
	if (!subnet)
		return false;
	object_set_str(draft, LB_MEMBER_NETWORK_ID, object_str(subnet, SUBNET_NETWORK_ID));
	return true;
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	const struct object *balancer = balancer_of(txn, draft, error);

	(void)old;
	return balancer && check_families(draft, balancer, error);
}

static void compute(const struct model *model, const struct object *member, unsigned slot,
	struct json_writer *w)
{
	g_autofree char *why = NULL;

	if (slot == LB_MEMBER_STATUS_REASON) {
		why = lb_member_reason(model, member);
		jw_string(w, why);
	} else {
		lb_compute_status(model, member, slot, w);
	}
}

bool lb_member_judge(struct txn *txn, const struct object *member, enum lb_member_health health,
	const char *why, GError **error)
{
	g_autofree char *short_why =
		why && g_utf8_validate(why, -1, NULL)
			? g_utf8_substring(
				  why, 0, MIN(g_utf8_strlen(why, -1), LB_MEMBER_WHY_MAX / 4))
			: g_strdup("");
	struct object *draft;

	if (health != LB_MEMBER_DEAD)
		*short_why = '\0';
	if (object_choice(member, LB_MEMBER_HEALTH) == (int)health &&
		!strcmp(object_str(member, LB_MEMBER_WHY), short_why))
		return true;
	draft = object_edit(member);
	object_set_choice(draft, LB_MEMBER_HEALTH, (int)health);
	object_set_str(draft, LB_MEMBER_WHY, short_why);
	return txn_put(txn, draft, error);
}

const struct kind lb_member_kind = {
	.id = KIND_LB_MEMBER,
	.singular = "member",
	.collection = "members",
	.name = "load_balancer_member",
	.command = "loadbalancer member",
	.path = LB_PATH "/pools/{parent}/members",
	.doc = "An address and port that gets connections of a pool.",
	.parent_slot = LB_MEMBER_POOL_ID,
	.replace_index = LB_MEMBER_BY_ADDRESS,
	.attrs = attrs,
	.n_slots = N_LB_MEMBER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LB_MEMBER_INDEXES,
	.quota = { "member", 500 },
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};
