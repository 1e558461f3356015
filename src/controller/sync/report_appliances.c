/* SPDX-License-Identifier: Apache-2.0 */
/* What hosts say of the appliances that they run: a word of one that is another host's by now does
 * not count. */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "model/appliance.h"

#define TEXT_MAX 500 /* bytes of a reason, of drift */

/* The text of @said; what is no UTF-8, or too long, is cut. */
static void set_text(struct object *draft, unsigned slot, const json_t *said, const char *member)
{
	const char *text = json_string_value(json_object_get(said, member)) ?: "", *end;
	g_autofree char *head = g_strndup(text, TEXT_MAX);

	if (!g_utf8_validate(head, -1, &end))
		head[end - head] = '\0';
	object_set_str(draft, slot, head);
}

static bool same(const struct object *a, const struct object *b)
{
	for (unsigned slot = APPLIANCE_STATUS; slot <= APPLIANCE_DRIFT; slot++)
		if (!object_equal(a, b, slot))
			return false;
	return true;
}

static bool status_parse(const json_t *said, int *ret)
{
	static const char *const words[] = { "BUILD", "ACTIVE", "ERROR" };
	const char *word = json_string_value(json_object_get(said, "status"));

	for (unsigned i = 0; word && i < G_N_ELEMENTS(words); i++)
		if (!strcmp(words[i], word)) {
			*ret = (int)i;
			return true;
		}
	return false;
}

/* ACTIVE is what has done the revision that is wanted now. */
static bool stage_one(
	struct txn *txn, const struct object *appliance, const json_t *said, GError **error)
{
	s64 revision = json_integer_value(json_object_get(said, "revision"));
	struct object *draft;
	int status = 0;

	if (!status_parse(said, &status) || revision < 0)
		return weft_fail(error, BAD_REQUEST,
			"An appliance of the report needs a \"status\" of BUILD, ACTIVE or ERROR, and a \"revision\" that is no negative number.");
	draft = object_edit(appliance);
	object_set_int(draft, APPLIANCE_APPLIED, revision);
	set_text(draft, APPLIANCE_DIGEST, said, "digest");
	set_text(draft, APPLIANCE_DRIFT, said, "drift");
	set_text(draft, APPLIANCE_STATUS_REASON, said, "reason");
	object_set_choice(draft, APPLIANCE_STATUS, status);
	if (status == APPLIANCE_ACTIVE && revision != object_int(appliance, APPLIANCE_REVISION)) {
		object_copy(draft, appliance, APPLIANCE_STATUS);
		object_copy(draft, appliance, APPLIANCE_STATUS_REASON);
	}
	if (same(appliance, draft)) {
		object_unref(draft);
		return true;
	}
	return txn_put(txn, draft, error);
}

bool appliances_stage_report(
	struct txn *txn, const struct object *host, const json_t *reported, GError **error)
{
	const char *id;
	json_t *said;

	json_object_foreach((json_t *)reported, id, said) {
		const struct object *appliance = txn_get_text(txn, KIND_APPLIANCE, id);

		if (appliance &&
			!strcmp(object_str(appliance, APPLIANCE_HOST),
				object_str(host, SLOT_NAME)) &&
			!stage_one(txn, appliance, said, error))
			return false;
	}
	return true;
}
