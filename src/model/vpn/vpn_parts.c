/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/vpn_parts.h"

#include "model/vpn/ipsec_site_connection.h"

#define LIFETIME_MIN 60

const char *const vpn_hashes[] = { "sha1", "sha256", "sha384", "sha512", NULL };
const char *const vpn_encryptions[] = { "3des", "aes-128", "aes-192", "aes-256", NULL };
const char *const vpn_groups[] = { "group2", "group5", "group14", NULL };

static const char *const units[] = { "seconds", NULL };

const struct attr vpn_lifetime_fields[] = {
	{ .name = "units", .type = TYPE_ENUM, .choices = units },
	{ .name = "value", .type = TYPE_INT, .min = LIFETIME_MIN, .max = INT32_MAX },
	{ 0 },
};

void vpn_fill(const struct object *old, struct object *draft, unsigned slot)
{
	const struct object *defaults = object_new(object_kind(draft), NULL);
	json_t *all = object_json(old ?: defaults, slot), *given = object_json(draft, slot), *value;
	const char *key;

	json_object_foreach(given, key, value)
		if (!json_is_null(value))
			json_object_set(all, key, value);
	g_autofree char *text = json_dumps(all, JSON_COMPACT);

	object_set_str(draft, slot, text);
	json_decref(all);
	json_decref(given);
	object_unref((struct object *)defaults);
}

bool vpn_check_unused(struct txn *txn, const struct object *policy, unsigned index, GError **error)
{
	const struct kind *kind = object_kind(policy);
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_IPSEC_SITE_CONNECTION, index,
		uuid_format(object_id(policy), id), NULL);
	if (!txn_iter_next(&iter))
		return true;
	g_set_error(error, WEFT_ERROR, kind->in_use,
		"%s %s is in use by existing IPsecSiteConnection and can't be updated or deleted.",
		kind->id == KIND_IKE_POLICY ? "IKEPolicy" : "IPsecPolicy", id);
	return false;
}
