/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_certificate.h"

#include <string.h>

#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_parts.h"
#include "model/balancer/lb_pem.h"

#define CHAIN_MAX 48000 /* with the key as much as an appliance takes */
#define KEY_MAX 16000

static const struct attr name_attr = { .name = "domain_name", .type = TYPE_STRING, .max = 255 };

static const struct attr attrs[N_LB_CERTIFICATE_SLOTS] = {
	LB_STANDARD_ATTRS,
	PROJECT_ATTR,
	[LB_CERTIFICATE_CHAIN] = { .name = "certificate",
		.type = TYPE_STRING,
		.max = CHAIN_MAX,
		.flags = LB_GIVEN | ATTR_REQUIRED,
		.doc = "PEM: the certificate, then those that it is signed by." },
	[LB_CERTIFICATE_KEY] = { .name = "private_key",
		.type = TYPE_STRING,
		.max = KEY_MAX,
		.flags = LB_GIVEN | ATTR_REQUIRED | ATTR_SECRET,
		.doc = "PEM, without a password. Never shown." },
	[LB_CERTIFICATE_NAMES] = { .name = "domain_names",
		.type = TYPE_LIST,
		.item = &name_attr,
		.flags = ATTR_COMPUTED,
		.doc = "The names that it is for." },
	[LB_CERTIFICATE_NOT_AFTER] = { .name = "not_after",
		.type = TYPE_TIME,
		.flags = ATTR_COMPUTED,
		.doc = "Until when it is good." },
};

static const struct index indexes[N_LB_CERTIFICATE_INDEXES] = {
	[LB_CERTIFICATE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[LB_CERTIFICATE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
};

bool lb_convert_ref(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	const char *text = json_string_value(value), *slash = text ? strrchr(text, '/') : NULL;
	char buf[UUID_STRLEN];
	struct uuid id;

	(void)attr;
	if (!text || !uuid_parse(slash ? slash + 1 : text, &id))
		return weft_fail(error, BAD_REQUEST,
			"Invalid input for %s: give the id of a certificate of " LB_PATH
			"/certificates, or a URL that ends with it.",
			path);
	*ret = g_strdup(uuid_format(&id, buf));
	return true;
}

static bool check(struct object *draft, GError **error)
{
	g_autofree char *chain = NULL, *key = NULL;

	if (!lb_pem_check(object_str(draft, LB_CERTIFICATE_CHAIN),
		    object_str(draft, LB_CERTIFICATE_KEY), &chain, &key, error))
		return false;
	if (strlen(chain) > CHAIN_MAX || strlen(key) > KEY_MAX)
		return weft_fail(error, BAD_REQUEST, "certificate or private_key is too long.");
	object_set_str(draft, LB_CERTIFICATE_CHAIN, chain);
	object_set_str(draft, LB_CERTIFICATE_KEY, key);
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	return check(draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	return (object_equal(old, draft, LB_CERTIFICATE_CHAIN) &&
		       object_equal(old, draft, LB_CERTIFICATE_KEY)) ||
	       check(draft, error);
}

/* What refers to it first is found by the reference itself; lists are not. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	const struct object *listener;
	struct txn_iter iter;
	char id[UUID_STRLEN], user[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_LB_LISTENER, LB_LISTENER_BY_SNI,
		uuid_format(object_id(old), id), NULL);
	listener = txn_iter_next(&iter);
	return !listener ||
	       weft_fail(error, IN_USE,
		       "Unable to delete certificate %s: it is still in use, among sni_container_refs of listener %s.",
		       id, uuid_format(object_id(listener), user));
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	const char *chain = object_str(object, LB_CERTIFICATE_CHAIN);
	g_autoptr(GDateTime) time = NULL;
	g_autofree char *text = NULL;
	json_auto_t *names = NULL;
	json_t *name;
	size_t i;

	(void)model;
	if (slot == LB_CERTIFICATE_NAMES) {
		names = lb_pem_names(chain);
		jw_begin_array(w);
		json_array_foreach(names, i, name)
			jw_string(w, json_string_value(name));
		jw_end_array(w);
		return;
	}
	time = g_date_time_new_from_unix_utc(lb_pem_not_after(chain));
	text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
	jw_string(w, text);
}

const struct kind lb_certificate_kind = {
	.id = KIND_LB_CERTIFICATE,
	.singular = "certificate",
	.collection = "certificates",
	.name = "load_balancer_certificate",
	.command = "loadbalancer certificate",
	.path = LB_PATH "/certificates",
	.doc = "A certificate with its private key, for listeners of TERMINATED_HTTPS.",
	.attrs = attrs,
	.n_slots = N_LB_CERTIFICATE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LB_CERTIFICATE_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.on_delete = on_delete,
		.compute = compute },
};
