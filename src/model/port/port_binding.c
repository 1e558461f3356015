/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/port_binding.h"

#include <string.h>

#include "model/host/host.h"
#include "model/port/port_hooks.h"
#include "model/port/service_port.h"
#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const struct attr attrs[N_PORT_BINDING_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	[SLOT_REVISION_NUMBER] = { .name = "revision_number",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "Counts its changes." },
	[SLOT_CREATED_AT] = { .name = "created_at", .type = TYPE_TIME, .doc = "In UTC." },
	[SLOT_UPDATED_AT] = { .name = "updated_at", .type = TYPE_TIME, .doc = "In UTC." },
	[PORT_BINDING_PORT_ID] = { .name = "port_id",
		.type = TYPE_UUID,
		.flags = ATTR_REVISES,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = PORT_BINDING_BY_PORT,
		.doc = "The port." },
	[PORT_BINDING_HOST] = { .name = "host",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_INTERN,
		.doc = "Name (in a request also the id) of the host." },
	[PORT_BINDING_HOST_ID] = { .name = "host_id",
		.type = TYPE_UUID,
		.flags = ATTR_INTERN,
		.refers = KIND_HOST,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = PORT_BINDING_BY_HOST_ID,
		.doc = "Id of the host." },
	[PORT_BINDING_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.flags = ATTR_INTERN,
		.doc = "The network of the port." },
	[PORT_BINDING_VNIC_TYPE] = { .name = "vnic_type",
		.type = TYPE_ENUM,
		.choices = port_vnic_types,
		.flags = GIVEN,
		.fallback = "\"normal\"",
		.doc = "What the guest sees." },
	[PORT_BINDING_PROFILE] = { .name = "profile",
		.type = TYPE_OBJECT,
		.flags = GIVEN | ATTR_INTERN | ATTR_NULLABLE,
		.fallback = "{}",
		.doc = "Kept for the caller." },
};

static const struct index indexes[N_PORT_BINDING_INDEXES] = {
	[PORT_BINDING_BY_PORT] = { .name = "port", .slots = { PORT_BINDING_PORT_ID } },
	[PORT_BINDING_BY_PORT_HOST] = { .name = "host",
		.slots = { PORT_BINDING_PORT_ID, PORT_BINDING_HOST },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_PORT_BINDING_EXISTS },
	[PORT_BINDING_BY_HOST_ID] = { .name = "host id", .slots = { PORT_BINDING_HOST_ID } },
	[PORT_BINDING_BY_NETWORK] = { .name = "network", .slots = { PORT_BINDING_NETWORK_ID } },
	[PORT_BINDING_BY_HOST_NETWORK] = { .name = "host and network",
		.slots = { PORT_BINDING_HOST_ID, PORT_BINDING_NETWORK_ID } },
};

static const struct object *find_host(struct txn *txn, const char *name_or_id, GError **error)
{
	const struct object *host = host_find(txn_model(txn), name_or_id);

	if (!host)
		weft_fail(error, INVALID_INPUT,
			"Invalid input for host: there is no host '%.255s'; name one of `weft host list`.",
			name_or_id);
	return host;
}

/* What a binding says of its host and of its port, for the indexes. */
static void place(struct object *draft, const struct object *host, const struct object *port)
{
	char id[UUID_STRLEN];

	object_set_str(draft, PORT_BINDING_PORT_ID, uuid_format(object_id(port), id));
	object_set_str(draft, PORT_BINDING_NETWORK_ID, object_str(port, PORT_NETWORK_ID));
	object_set_str(draft, PORT_BINDING_HOST, object_str(host, SLOT_NAME));
	object_set_str(draft, PORT_BINDING_HOST_ID, uuid_format(object_id(host), id));
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *host = find_host(txn, object_str(draft, PORT_BINDING_HOST), error);
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(draft, PORT_BINDING_PORT_ID));

	if (!host || !port)
		return false;
	place(draft, host, port);
	return true;
}

const struct kind port_binding_kind = {
	.id = KIND_PORT_BINDING,
	.singular = "port_binding",
	.collection = "port_bindings",
	.path = "/v2.0/ports/{parent}/bindings",
	.doc = "A further binding of a port, for live migration.",
	.parent_slot = PORT_BINDING_PORT_ID,
	.flags = KIND_ADMIN_ONLY | KIND_OWN_PATHS,
	.attrs = attrs,
	.n_slots = N_PORT_BINDING_SLOTS,
	.indexes = indexes,
	.n_indexes = N_PORT_BINDING_INDEXES,
	.not_found = WEFT_ERROR_PORT_BINDING_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create },
};

/* Is @host the one that the port is bound to? */
static bool is_active(const struct model *model, const struct object *port, const char *host)
{
	const struct object *known = host_find(model, host);

	return known && !strcmp(object_str(known, SLOT_NAME), object_str(port, PORT_HOST_ID));
}

static const struct object *find(
	const struct model *model, const struct object *port, const char *host)
{
	const struct object *known = host_find(model, host);
	char id[UUID_STRLEN];

	return known ? model_first(model, KIND_PORT_BINDING, PORT_BINDING_BY_PORT_HOST,
			       uuid_format(object_id(port), id), object_str(known, SLOT_NAME), NULL)
		     : NULL;
}

static const struct object *need(
	struct txn *txn, const struct object *port, const char *host, GError **error)
{
	const struct object *binding = find(txn_model(txn), port, host);
	char id[UUID_STRLEN];

	if (!binding)
		weft_fail(error, PORT_BINDING_NOT_FOUND,
			"Binding for port %s for host %.255s could not be found.",
			uuid_format(object_id(port), id), host);
	return binding;
}

/* Changes the port by an ordinary update, so that all that follows from its binding does. The
 * members of @what that are there, under their names in a port; "" as host unbinds. */
static bool update_port(struct txn *txn, const struct object *port, const char *host,
	json_t *vnic_type, json_t *profile, GError **error)
{
	json_t *body = json_object();
	char id[UUID_STRLEN];
	bool ok;

	if (host)
		json_object_set_new(body, "binding:host_id", json_string(host));
	if (vnic_type)
		json_object_set(body, "binding:vnic_type", vnic_type);
	if (profile)
		json_object_set(body, "binding:profile", profile);
	ok = txn_update(txn, KIND_PORT, uuid_format(object_id(port), id), body, error);
	json_decref(body);
	return ok;
}

/* What a provider's pair shares has them from weftd. */
static bool check_compute(const struct model *model, const struct object *port, GError **error)
{
	char id[UUID_STRLEN];

	return g_str_has_prefix(object_str(port, PORT_DEVICE_OWNER), "compute:") ||
	       port_is_shared(model, port) ||
	       weft_fail(error, BAD_REQUEST,
		       "Port %s is no compute port: only one whose device_owner begins with compute:, or is " OWNER_HA_APPLIANCE
		       ", has bindings that can be made and activated.",
		       uuid_format(object_id(port), id));
}

static bool check_members(const json_t *body, GError **error)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)body, name, value)
		if (strcmp(name, "vnic_type") && strcmp(name, "profile") && strcmp(name, "host"))
			return weft_fail(error, INVALID_INPUT,
				"Unrecognized attribute(s) '%.64s': a binding has host, vnic_type and profile to give.",
				name);
	return true;
}

/* The first binding of a port is the ACTIVE one. */
static bool bind_port(struct txn *txn, const struct object *port, json_t *body, GError **error)
{
	json_t *host = json_object_get(body, "host");

	if (!host)
		return weft_fail(error, BAD_REQUEST,
			"Failed to parse request. Required attribute 'host' not specified.");
	if (!json_is_string(host) || !json_string_length(host))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for host: it must be the name or the id of a host.");
	return check_members(body, error) &&
	       update_port(txn, port, json_string_value(host), json_object_get(body, "vnic_type"),
		       json_object_get(body, "profile"), error);
}

/* A binding is its port's project's; to say so is no more than that. */
static bool check_project(const struct object *port, json_t *body, GError **error)
{
	const char *given = json_string_value(json_object_get(body, "project_id"));

	if (!given)
		return true;
	if (strcmp(given, object_str(port, SLOT_PROJECT_ID)))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for project_id: a binding belongs to the project of its port, %s.",
			object_str(port, SLOT_PROJECT_ID));
	json_object_del(body, "project_id");
	return true;
}

bool port_binding_create(struct txn *txn, const struct object *port, json_t *body, GError **error)
{
	const char *host = json_string_value(json_object_get(body, "host"));
	char id[UUID_STRLEN];

	uuid_format(object_id(port), id);
	if (!check_compute(txn_model(txn), port, error) || !check_project(port, body, error))
		return false;
	if (!port_is_bound(port))
		return bind_port(txn, port, body, error);
	if (host && is_active(txn_model(txn), port, host))
		return weft_fail(error, PORT_BINDING_EXISTS,
			"Binding for port %s on host %.255s already exists: it is bound there.", id,
			host);
	return txn_create_in(txn, KIND_PORT_BINDING, id, body, error);
}

bool port_binding_update(
	struct txn *txn, const struct object *port, const char *host, json_t *body, GError **error)
{
	json_t *to = json_object_get(body, "host");
	const struct object *binding;
	char id[UUID_STRLEN];

	if (!check_members(body, error))
		return false;
	if (to && (!json_is_string(to) || strcmp(json_string_value(to), host)))
		return weft_fail(error, BAD_REQUEST,
			"A binding stays with its host: make another one and delete this.");
	if (is_active(txn_model(txn), port, host))
		return update_port(txn, port, NULL, json_object_get(body, "vnic_type"),
			json_object_get(body, "profile"), error);
	binding = need(txn, port, host, error);
	json_object_del(body, "host");
	return binding &&
	       txn_update(txn, KIND_PORT_BINDING, uuid_format(object_id(binding), id), body, error);
}

bool port_binding_delete(
	struct txn *txn, const struct object *port, const char *host, GError **error)
{
	const struct object *binding;

	if (is_active(txn_model(txn), port, host))
		return update_port(txn, port, "", NULL, NULL, error);
	binding = need(txn, port, host, error);
	return binding && txn_remove(txn, binding, error);
}

bool port_binding_add(struct txn *txn, const struct object *port, const char *name, GError **error)
{
	const struct object *host = find_host(txn, name, error);
	struct object *draft;

	if (!host)
		return false;
	draft = object_new(&port_binding_kind, NULL);
	place(draft, host, port);
	object_set_choice(draft, PORT_BINDING_VNIC_TYPE, object_choice(port, PORT_VNIC_TYPE));
	object_set_str(draft, PORT_BINDING_PROFILE, object_str(port, PORT_PROFILE));
	return txn_put(txn, draft, error);
}

/* Makes what the port has now an inactive binding. */
static bool keep_present(struct txn *txn, const struct object *port, GError **error)
{
	const char *name = object_str(port, PORT_HOST_ID);

	return !*name || port_binding_add(txn, port, name, error);
}

bool port_binding_activate(
	struct txn *txn, const struct object *port, const char *host, GError **error)
{
	const struct object *binding;
	json_t *vnic_type, *profile;
	char id[UUID_STRLEN];
	bool ok;

	if (!check_compute(txn_model(txn), port, error))
		return false;
	if (is_active(txn_model(txn), port, host))
		return weft_fail(error, PORT_BINDING_ACTIVE,
			"Binding for port %s on host %s is already active.",
			uuid_format(object_id(port), id), host);
	binding = need(txn, port, host, error);
	if (!binding)
		return false;
	vnic_type = json_string(object_str(binding, PORT_BINDING_VNIC_TYPE));
	profile = object_json(binding, PORT_BINDING_PROFILE);
	/* The update forgets the binding that becomes the port's. */
	ok = keep_present(txn, port, error) &&
	     update_port(
		     txn, port, object_str(binding, PORT_BINDING_HOST), vnic_type, profile, error);
	json_decref(vnic_type);
	json_decref(profile);
	return ok;
}

bool port_is_shared(const struct model *model, const struct object *port)
{
	char id[UUID_STRLEN];

	return port_has_owner(port, OWNER_HA_APPLIANCE) ||
	       (port_may_be_shared(port) &&
		       model_first(model, KIND_PORT_BINDING, PORT_BINDING_BY_PORT,
			       uuid_format(object_id(port), id), NULL));
}

bool port_binding_forget(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *binding;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT_BINDING, PORT_BINDING_BY_PORT_HOST,
		uuid_format(object_id(draft), id), object_str(draft, PORT_HOST_ID), NULL);
	binding = txn_iter_next(&iter);
	return !binding || txn_remove(txn, binding, error);
}

/* As the port would show it, were it bound there. */
static void write_bound(const struct model *model, const struct object *port, const char *status,
	struct json_writer *w)
{
	jw_begin_object(w);
	jw_member_string(w, "host", object_str(port, PORT_HOST_ID));
	jw_key(w, "vif_type");
	port_compute(model, port, PORT_VIF_TYPE, w);
	jw_key(w, "vif_details");
	port_compute(model, port, PORT_VIF_DETAILS, w);
	jw_member_string(w, "vnic_type", object_str(port, PORT_VNIC_TYPE));
	jw_member_raw(w, "profile", object_str(port, PORT_PROFILE) ?: "{}");
	jw_member_string(w, "status", status);
	jw_member_string(w, "project_id", object_str(port, SLOT_PROJECT_ID));
	jw_end_object(w);
}

static void write_inactive(const struct model *model, const struct object *port,
	const struct object *binding, struct json_writer *w)
{
	g_autoptr(object) as_if = object_edit(port);

	object_set_str(as_if, PORT_HOST_ID, object_str(binding, PORT_BINDING_HOST));
	object_set_choice(as_if, PORT_VNIC_TYPE, object_choice(binding, PORT_BINDING_VNIC_TYPE));
	object_set_str(as_if, PORT_PROFILE, object_str(binding, PORT_BINDING_PROFILE) ?: "{}");
	write_bound(model, as_if, "INACTIVE", w);
}

bool port_binding_write(const struct model *model, const struct object *port, const char *host,
	struct json_writer *w)
{
	const struct object *binding = find(model, port, host);

	if (is_active(model, port, host))
		write_bound(model, port, "ACTIVE", w);
	else if (binding)
		write_inactive(model, port, binding, w);
	else
		return false;
	return true;
}

void port_bindings_write(
	const struct model *model, const struct object *port, struct json_writer *w)
{
	const struct object *binding;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_array(w);
	if (port_is_bound(port))
		write_bound(model, port, "ACTIVE", w);
	model_iter_init(&iter, model, KIND_PORT_BINDING, PORT_BINDING_BY_PORT,
		uuid_format(object_id(port), id), NULL);
	while ((binding = model_iter_next(&iter)))
		write_inactive(model, port, binding, w);
	jw_end_array(w);
}
