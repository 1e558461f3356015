/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/appliance.h"

#include <string.h>

#include "model/provider/service_attachment.h"

#define CONFIG_MAX (15 * 1024 * 1024) /* bytes: it is one line of a host's stream */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool is_own(const json_t *appliance)
{
	return !g_strcmp0(text_of(appliance, "image"), APPLIANCE_IMAGE_OWN);
}

static const json_t *named(const json_t *wanted, const char *name)
{
	const json_t *appliance;
	size_t i;

	json_array_foreach(wanted, i, appliance)
		if (is_own(appliance) && !strcmp(text_of(appliance, "name"), name))
			return appliance;
	return NULL;
}

static const struct object *find(
	const struct txn *txn, const struct object *attachment, const char *name)
{
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_APPLIANCE, APPLIANCE_BY_ATTACHMENT_NAME,
		uuid_format(object_id(attachment), id), name, NULL);
	return txn_iter_next(&iter);
}

static bool remove_others(
	struct txn *txn, const struct object *attachment, const json_t *wanted, GError **error)
{
	g_autoptr(GPtrArray) others = g_ptr_array_new();
	const struct object *appliance;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_APPLIANCE, APPLIANCE_BY_ATTACHMENT,
		uuid_format(object_id(attachment), id), NULL);
	while ((appliance = txn_iter_next(&iter)))
		if (!named(wanted, object_str(appliance, SLOT_NAME)))
			g_ptr_array_add(others, (gpointer)appliance);
	for (guint i = 0; i < others->len; i++)
		if (!txn_remove(txn, others->pdata[i], error))
			return false;
	return true;
}

static struct object *new_draft(const struct object *attachment, const char *name)
{
	struct object *draft = object_new(&appliance_kind, NULL);
	char id[UUID_STRLEN];

	object_set_str(draft, SLOT_NAME, name);
	object_copy(draft, attachment, SLOT_PROJECT_ID);
	object_set_str(draft, APPLIANCE_ATTACHMENT_ID, uuid_format(object_id(attachment), id));
	object_copy_to(draft, APPLIANCE_PROVIDER, attachment, ATTACHMENT_PROVIDER);
	object_copy_to(draft, APPLIANCE_OBJECT_TYPE, attachment, ATTACHMENT_OBJECT_TYPE);
	object_copy_to(draft, APPLIANCE_OBJECT_ID, attachment, ATTACHMENT_OBJECT_ID);
	object_set_str(draft, APPLIANCE_IMAGE, APPLIANCE_IMAGE_OWN);
	return draft;
}

static void set_json(struct object *draft, unsigned slot, const json_t *value, const char *none)
{
	g_autofree char *text = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	object_set_str(draft, slot, text ?: none);
}

static void set_machine(struct object *draft, const json_t *wanted)
{
	bool virtual = !g_strcmp0(text_of(wanted, "runtime"), "qemu");
	const char *image = text_of(wanted, "machine_image") ?: APPLIANCE_MACHINE_IMAGE_OWN;

	object_set_choice(draft, APPLIANCE_RUNTIME, virtual ? APPLIANCE_QEMU : APPLIANCE_NETNS);
	object_set_str(draft, APPLIANCE_MACHINE_IMAGE, virtual ? image : "");
	object_set_int(
		draft, APPLIANCE_VCPUS, json_integer_value(json_object_get(wanted, "vcpus")));
}

static void set_offering(struct object *draft, const json_t *wanted)
{
	object_set_int(draft, APPLIANCE_CPU_PERCENT,
		json_integer_value(json_object_get(wanted, "cpu_percent")));
	object_set_int(draft, APPLIANCE_MEMORY_MIB,
		json_integer_value(json_object_get(wanted, "memory_mib")));
	set_machine(draft, wanted);
	set_json(draft, APPLIANCE_HOST_TAGS, json_object_get(wanted, "host_tags"), "[]");
	object_set_str(draft, APPLIANCE_HA_GROUP, text_of(wanted, "ha_group") ?: "");
	if (!text_of(wanted, "ha_group"))
		object_set_str(draft, APPLIANCE_HA_STATE, "");
	else if (!*object_str(draft, APPLIANCE_HA_STATE))
		object_set_str(draft, APPLIANCE_HA_STATE, APPLIANCE_HA_UNKNOWN);
	object_set_bool(draft, APPLIANCE_DEDICATED_HOST,
		json_is_true(json_object_get(wanted, "dedicated_host")));
}

/* Another text is another revision. Without one it keeps what it has: its ports are new, and the
 * provider says the rest when it knows them. */
static bool set_config(struct object *draft, const json_t *wanted, GError **error)
{
	const json_t *config = json_object_get(wanted, "config");
	g_autofree char *text = config ? json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	if (!text || !strcmp(text, object_str(draft, APPLIANCE_CONFIG)))
		return true;
	if (strlen(text) > CONFIG_MAX)
		return weft_fail(error, INVALID_INPUT,
			"the configuration of appliance %s has %zu bytes, more than %d",
			object_str(draft, SLOT_NAME), strlen(text), CONFIG_MAX);
	object_set_str(draft, APPLIANCE_CONFIG, text);
	object_set_int(draft, APPLIANCE_REVISION, object_int(draft, APPLIANCE_REVISION) + 1);
	if (!*object_str(draft, APPLIANCE_HOST))
		return true;
	object_set_choice(draft, APPLIANCE_STATUS, APPLIANCE_BUILD);
	object_set_str(draft, APPLIANCE_STATUS_REASON, "its host has not confirmed it yet");
	return true;
}

/* Half of a pair is better than none: the other half waits for a host (takeover.c). */
static bool choose_host(struct txn *txn, struct object *draft, GError **error)
{
	g_autoptr(GError) reason = NULL;
	const struct object *host;

	if (appliance_may_stay(txn, draft))
		return true;
	host = appliance_place(txn, draft, NULL, &reason);
	if (host) {
		object_set_str(draft, APPLIANCE_HOST, object_str(host, SLOT_NAME));
		return true;
	}
	if (*object_str(draft, APPLIANCE_HOST) || !appliance_has_peer(txn, draft, NULL)) {
		g_propagate_error(error, g_steal_pointer(&reason));
		return false;
	}
	object_set_choice(draft, APPLIANCE_STATUS, APPLIANCE_ERROR);
	object_set_str(draft, APPLIANCE_STATUS_REASON, reason->message);
	return true;
}

static bool differs(const struct object *old, const struct object *draft)
{
	for (unsigned slot = APPLIANCE_HOST; slot < N_APPLIANCE_SLOTS; slot++)
		if (!object_equal(old, draft, slot))
			return true;
	return false;
}

/* The networks of its NICs, for the choice of the host before there are ports. */
static void set_networks(struct object *draft, const json_t *nics)
{
	if (!*object_str(draft, APPLIANCE_HOST))
		set_json(draft, APPLIANCE_NICS, nics, "[]");
}

static bool settle_one(struct txn *txn, const struct object *attachment, struct object *draft,
	const json_t *wanted, GError **error)
{
	const json_t *nics = json_object_get(wanted, "nics");

	set_offering(draft, wanted);
	set_networks(draft, nics);
	return choose_host(txn, draft, error) &&
	       appliance_settle_nics(txn, attachment, draft, nics, error) &&
	       set_config(draft, wanted, error);
}

static bool follow_one(struct txn *txn, const struct object *attachment, const json_t *wanted,
	bool *ret_waits, GError **error)
{
	const char *name = text_of(wanted, "name");
	const struct object *old = find(txn, attachment, name);
	g_autoptr(object) draft = old ? object_edit(old) : new_draft(attachment, name);
	enum appliance_turn turn;

	if (!settle_one(txn, attachment, draft, wanted, error))
		return false;
	turn = old ? appliance_take_turn(txn, old, draft) : TURN_NOW;
	*ret_waits |= turn != TURN_NOW;
	if (turn == TURN_ALL_LATER)
		return true;
	return (old && !differs(old, draft)) || appliance_put(txn, g_steal_pointer(&draft), error);
}

bool appliances_follow(struct txn *txn, const struct object *attachment, const json_t *wanted,
	bool *ret_waits, GError **error)
{
	const json_t *appliance;
	size_t i;

	*ret_waits = false;
	if (!remove_others(txn, attachment, wanted, error))
		return false;
	json_array_foreach(wanted, i, appliance)
		if (is_own(appliance) && !follow_one(txn, attachment, appliance, ret_waits, error))
			return false;
	return true;
}

json_t *appliances_public(const json_t *wanted)
{
	json_t *list = wanted ? json_array() : NULL;
	const json_t *appliance;
	size_t i;

	json_array_foreach(wanted, i, appliance) {
		json_t *copy = json_copy((json_t *)appliance);

		json_object_del(copy, "config");
		json_array_append_new(list, copy);
	}
	return list;
}

enum appliance_status appliances_status(const struct model *model, const struct object *attachment,
	char **ret_reason, char **ret_drift)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	GString *drift = g_string_new(NULL);
	const struct object *appliance;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_APPLIANCE, APPLIANCE_BY_ATTACHMENT,
		uuid_format(object_id(attachment), id), NULL);
	while ((appliance = model_iter_next(&iter))) {
		g_ptr_array_add(all, (gpointer)appliance);
		if (*object_str(appliance, APPLIANCE_DRIFT))
			g_string_append_printf(drift,
				"%sappliance %s: %s was changed inside of it; repaired",
				drift->len ? "; " : "", object_str(appliance, SLOT_NAME),
				object_str(appliance, APPLIANCE_DRIFT));
	}
	*ret_drift = g_string_free(drift, FALSE);
	return appliances_sum(all, ret_reason);
}
