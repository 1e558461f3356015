/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/port_group.h"

#include <string.h>

#include "model/firewall/security_group.h"

#define NONE "[]"

struct port_groups port_groups_of(const struct object *port)
{
	return (struct port_groups){ .at = object_str(port, PORT_SECURITY_GROUPS) };
}

/* The text is canonical: ["id","id"]. */
bool port_groups_next(struct port_groups *groups)
{
	const char *quote = strchr(groups->at, '"');

	if (!quote)
		return false;
	memcpy(groups->id, quote + 1, UUID_STRLEN - 1);
	groups->id[UUID_STRLEN - 1] = '\0';
	groups->at = quote + UUID_STRLEN + 1;
	return true;
}

bool port_has_group(const struct object *port, const char *group_id)
{
	struct port_groups groups = port_groups_of(port);

	while (port_groups_next(&groups))
		if (!strcmp(groups.id, group_id))
			return true;
	return false;
}

/* Ports that belong to the network itself, such as a router's, are nobody's guest. */
static bool is_trusted(const struct object *port)
{
	return g_str_has_prefix(object_str(port, PORT_DEVICE_OWNER), "network:");
}

bool port_is_filtered(const struct object *port)
{
	return object_bool(port, PORT_PORT_SECURITY) && !is_trusted(port);
}

static bool assign_default(struct txn *txn, struct object *draft, GError **error)
{
	char id[UUID_STRLEN], text[UUID_STRLEN + 4];
	const struct object *group;

	if (!security_group_default(txn, object_str(draft, SLOT_PROJECT_ID), &group, error))
		return false;
	if (!group)
		return true;
	g_snprintf(text, sizeof text, "[\"%s\"]", uuid_format(object_id(group), id));
	object_set_str(draft, PORT_SECURITY_GROUPS, text);
	return true;
}

static const struct object *find_group(
	const struct txn *txn, const struct object *draft, const char *id)
{
	const struct object *group = txn_get_text(txn, KIND_SECURITY_GROUP, id);

	if (!group || caller_is_admin(txn_caller(txn)) ||
		!strcmp(object_str(group, SLOT_PROJECT_ID), object_str(draft, SLOT_PROJECT_ID)))
		return group;
	return model_visible(txn_model(txn), group, txn_caller(txn)) ? group : NULL;
}

static bool check_groups(struct txn *txn, const struct object *draft, GError **error)
{
	struct port_groups groups = port_groups_of(draft);
	g_autoptr(GString) missing = g_string_new(NULL);
	unsigned n = 0, n_stateful = 0;

	while (port_groups_next(&groups)) {
		const struct object *group = find_group(txn, draft, groups.id);

		if (!group)
			g_string_append_printf(
				missing, "%s%s", missing->len ? ", " : "", groups.id);
		n++;
		n_stateful += group && object_bool(group, SECURITY_GROUP_STATEFUL);
	}
	if (missing->len)
		return weft_fail(
			error, GROUP_NOT_FOUND, "Security group %s does not exist", missing->str);
	if (n_stateful && n_stateful < n)
		return weft_fail(error, GROUP_CONFLICT,
			"Cannot apply both stateful and stateless security groups on the same port at the same time.");
	return true;
}

static gint compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_groups(struct object *draft)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	struct port_groups groups = port_groups_of(draft);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	while (port_groups_next(&groups))
		g_ptr_array_add(ids, g_strdup(groups.id));
	g_ptr_array_sort(ids, compare);
	jw_begin_array(&w);
	for (guint i = 0; i < ids->len; i++)
		jw_string(&w, ids->pdata[i]);
	jw_end_array(&w);
	object_set_str(draft, PORT_SECURITY_GROUPS, text->str);
}

static bool has_groups(const struct object *port)
{
	return strcmp(object_str(port, PORT_SECURITY_GROUPS), NONE);
}

/* Without port security there are no groups: neither new ones nor those that it has. */
static bool check_unsecured(const struct object *draft, GError **error)
{
	if (!has_groups(draft))
		return true;
	if (object_given(draft) & SLOT_BIT(PORT_SECURITY_GROUPS))
		return weft_fail(error, PORT_SECURITY_REQUIRED,
			"Port security must be enabled and port must have an IP address in order to use security groups.");
	return weft_fail(error, PORT_HAS_GROUP,
		"Port has security group associated. Cannot disable port security or ip address until security group is removed.");
}

bool port_assign_groups(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	bool given = object_given(draft) & SLOT_BIT(PORT_SECURITY_GROUPS);

	if (object_is_null(draft, PORT_SECURITY_GROUPS) || is_trusted(draft))
		object_set_str(draft, PORT_SECURITY_GROUPS, NONE);
	if (is_trusted(draft))
		return true;
	if (!object_bool(draft, PORT_PORT_SECURITY))
		return check_unsecured(draft, error);
	if (!given)
		return old || assign_default(txn, draft, error);
	sort_groups(draft);
	return (old && object_equal(old, draft, PORT_SECURITY_GROUPS)) ||
	       check_groups(txn, draft, error);
}
