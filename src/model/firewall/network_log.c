/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/network_log.h"

#include <string.h>

#include "model/firewall/firewall_group.h"
#include "model/port/port.h"
#include "model/standard.h"
#include "model/txn_impl.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const char *const events[] = { "ACCEPT", "DROP", "ALL", NULL };
static const char *const types[] = { "security_group", "firewall_group", NULL };

static const struct attr attrs[N_NETWORK_LOG_SLOTS] = {
	NAME_ATTR(NAME_ATTR_FLAGS),
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	[SLOT_DESCRIPTION] = { .name = "description",
		.type = TYPE_STRING,
		.max = DESCRIPTION_MAX,
		.flags = GIVEN,
		.fallback = "\"\"",
		.doc = "For people." },
	PROJECT_ATTR,
	BOOKKEEPING_ATTRS,
	[NETWORK_LOG_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether anything is written down." },
	[NETWORK_LOG_EVENT] = { .name = "event",
		.type = TYPE_ENUM,
		.choices = events,
		.flags = ATTR_CREATE,
		.fallback = "\"ALL\"",
		.doc = "Which packets: those that are let through, those that are dropped, or both." },
	[NETWORK_LOG_RESOURCE_TYPE] = { .name = "resource_type",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Whose decisions: security_group, or firewall_group." },
	[NETWORK_LOG_RESOURCE_ID] = { .name = "resource_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "Of the ports of this group, which is of that type; null: of all of the project." },
	[NETWORK_LOG_TARGET_ID] = { .name = "target_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = NETWORK_LOG_BY_TARGET,
		.doc = "Of this port alone." },
};

static const struct index indexes[N_NETWORK_LOG_INDEXES] = {
	[NETWORK_LOG_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[NETWORK_LOG_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[NETWORK_LOG_BY_RESOURCE] = { .name = "resource", .slots = { NETWORK_LOG_RESOURCE_ID } },
	[NETWORK_LOG_BY_TARGET] = { .name = "target", .slots = { NETWORK_LOG_TARGET_ID } },
};

static bool check_type(const struct object *draft, GError **error)
{
	const char *type = object_str(draft, NETWORK_LOG_RESOURCE_TYPE);

	return g_strv_contains(types, type) ||
	       weft_fail(error, LOG_TYPE,
		       "Invalid log resource_type '%.64s': what can be logged is in /v2.0/log/loggable-resources.",
		       type);
}

static bool of_firewall(const struct object *log)
{
	return !strcmp(object_str(log, NETWORK_LOG_RESOURCE_TYPE), "firewall_group");
}

static bool check_resource(struct txn *txn, const struct object *draft, GError **error)
{
	const char *group = object_str(draft, NETWORK_LOG_RESOURCE_ID);
	enum kind_id kind = of_firewall(draft) ? KIND_FIREWALL_GROUP : KIND_SECURITY_GROUP;

	return !group || txn_need(txn, kind, group, NULL) ||
	       weft_fail(error, LOG_RESOURCE_NOT_FOUND,
		       "Resource %s could not be found: resource_id is that of a %s.", group,
		       kind_words(kind_by_id(kind)));
}

static bool check_target(struct txn *txn, const struct object *draft, GError **error)
{
	const char *group = object_str(draft, NETWORK_LOG_RESOURCE_ID);
	const char *target = object_str(draft, NETWORK_LOG_TARGET_ID);
	const struct object *port = target ? txn_need(txn, KIND_PORT, target, NULL) : NULL;

	if (!target)
		return true;
	if (!port || (of_firewall(draft) && !firewall_group_takes(port)))
		return weft_fail(error, LOG_TARGET_NOT_FOUND,
			"Target resource %s could not be found: target_id is that of a %s.", target,
			of_firewall(draft) ? "router's port" : "port");
	return !group ||
	       (of_firewall(draft)
			       ? firewall_group_has_port(
					 txn_need(txn, KIND_FIREWALL_GROUP, group, NULL), target)
			       : port_has_group(port, group)) ||
	       weft_fail(error, LOG_CONSTRAINT,
		       "Invalid input for target_id: port %s does not have %s %s; give resource_id or target_id alone, or a port of the group.",
		       target, of_firewall(draft) ? "firewall group" : "security group", group);
}

static bool concerns(const struct object *log, const struct object *group, const char *port)
{
	const char *resource = object_str(log, NETWORK_LOG_RESOURCE_ID);
	const char *target = object_str(log, NETWORK_LOG_TARGET_ID);
	char id[UUID_STRLEN];

	if (!object_bool(log, NETWORK_LOG_ENABLED) || !of_firewall(log) ||
		(resource && strcmp(resource, uuid_format(object_id(group), id)) != 0) ||
		(target && strcmp(target, port) != 0))
		return false;
	return resource || target ||
	       !g_strcmp0(object_str(log, SLOT_PROJECT_ID), object_str(group, SLOT_PROJECT_ID));
}

struct network_log_events network_log_events(
	const struct model *model, const struct object *group, const char *port)
{
	struct network_log_events wanted = { false, false };
	const struct object *log;
	struct model_iter iter;

	model_iter_all(&iter, model, KIND_NETWORK_LOG, NULL);
	while ((log = model_iter_next(&iter))) {
		const char *event = object_str(log, NETWORK_LOG_EVENT);

		if (!concerns(log, group, port))
			continue;
		wanted.accept = wanted.accept || strcmp(event, "DROP") != 0;
		wanted.drop = wanted.drop || strcmp(event, "ACCEPT") != 0;
	}
	return wanted;
}

bool network_logs_leave(struct txn *txn, const struct object *group, GError **error)
{
	g_autoptr(GPtrArray) logs = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *log;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_NETWORK_LOG, NETWORK_LOG_BY_RESOURCE,
		uuid_format(object_id(group), id), NULL);
	while ((log = txn_iter_next(&iter)))
		g_ptr_array_add(logs, object_ref(log));
	for (guint i = 0; i < logs->len; i++)
		if (!txn_remove_own(txn, logs->pdata[i], error))
			return false;
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check_type(draft, error) && check_resource(txn, draft, error) &&
	       check_target(txn, draft, error);
}

const struct kind network_log_kind = {
	.id = KIND_NETWORK_LOG,
	.singular = "log",
	.collection = "logs",
	.name = "network_log",
	.path = "/v2.0/log/logs",
	.doc = "Which packets hosts write down.",
	.flags = KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_NETWORK_LOG_SLOTS,
	.indexes = indexes,
	.n_indexes = N_NETWORK_LOG_INDEXES,
	.not_found = WEFT_ERROR_LOG_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create },
};

static const struct attr loggable_attrs[N_LOGGABLE_RESOURCE_SLOTS] = {
	[LOGGABLE_RESOURCE_TYPE] = { .name = "type",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "As resource_type of a log." },
};

static GPtrArray *all_types(const struct model *model, const struct query *query)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);

	(void)model;
	(void)query;
	for (const char *const *type = types; *type; type++) {
		struct object *resource = object_new(&loggable_resource_kind, NULL);

		object_set_str(resource, LOGGABLE_RESOURCE_TYPE, *type);
		g_ptr_array_add(all, resource);
	}
	return all;
}

const struct kind loggable_resource_kind = {
	.id = KIND_LOGGABLE_RESOURCE,
	.singular = "loggable_resource",
	.collection = "loggable_resources",
	.command = "network loggable resources",
	.path = "/v2.0/log/loggable-resources",
	.doc = "A type of resource whose decisions can be written down.",
	.flags = KIND_COMPUTED | KIND_ADMIN_ONLY,
	.attrs = loggable_attrs,
	.n_slots = N_LOGGABLE_RESOURCE_SLOTS,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .all = all_types },
};
