/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests only: make and change objects by JSON text in one line. Includes cmocka. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/network/subnet.h"

static const struct caller test_admin = { CALLER_ADMIN, "admin" };

/* printf-like JSON with ' for ". */
G_GNUC_PRINTF(1, 2) G_GNUC_UNUSED static json_t *test_json(const char *format, ...)
{
	json_error_t reason;
	va_list args;

	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	g_strdelimit(text, "'", '"');

	json_t *json = json_loads(text, 0, &reason);

	if (!json)
		fail_msg("%s: %s", reason.text, text);
	return json;
}

static inline struct changeset *test_apply(struct txn *txn)
{
	return txn_apply(txn, model_revision(txn_model(txn)) + 1);
}

/* Keeps @object until the end of the test: a change of it, or of a part, puts another into the
 * model. */
G_GNUC_UNUSED static void test_keep(const struct object *object)
{
	static GPtrArray *kept;

	if (!kept)
		kept = g_ptr_array_new();
	g_ptr_array_add(kept, object_ref(object));
}

/* Creates in a transaction of its own; the body is taken over. As it was then: kept. */
G_GNUC_UNUSED static const struct object *test_create_as(struct model *model,
	const struct caller *caller, enum kind_id kind, json_t *body, GError **error)
{
	struct txn *txn = txn_new(model, caller);
	const struct object *created = txn_create(txn, kind, body, error);

	json_decref(body);
	if (created) {
		test_keep(created);
		changeset_free(test_apply(txn));
	} else {
		txn_free(txn);
	}
	return created;
}

G_GNUC_UNUSED static const struct object *test_create(
	struct model *model, enum kind_id kind, json_t *body)
{
	GError *error = NULL;
	const struct object *created = test_create_as(model, &test_admin, kind, body, &error);

	if (!created)
		fail_msg("create: %s", error->message);
	return created;
}

G_GNUC_UNUSED static const struct object *test_update(
	struct model *model, const struct object *object, json_t *body, GError **error)
{
	struct txn *txn = txn_new(model, &test_admin);
	enum kind_id kind = object_kind(object)->id;
	struct uuid id = *object_id(object);
	char text[UUID_STRLEN];
	const struct object *updated = txn_update(txn, kind, uuid_format(&id, text), body, error);

	json_decref(body);
	if (!updated) {
		txn_free(txn);
		return NULL;
	}
	changeset_free(test_apply(txn));
	return model_get(model, kind, &id);
}

G_GNUC_UNUSED static bool test_delete(
	struct model *model, const struct object *object, GError **error)
{
	struct txn *txn = txn_new(model, &test_admin);
	char text[UUID_STRLEN];
	bool ok = txn_delete(
		txn, object_kind(object)->id, uuid_format(object_id(object), text), error);

	if (ok)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return ok;
}

/* The id as text, good until the 8th call after. */
static inline const char *test_id(const struct object *object)
{
	static char texts[8][UUID_STRLEN];
	static unsigned next;

	return uuid_format(object_id(object), texts[next++ % 8]);
}

#define assert_error(error, code_)                                                        \
	do {                                                                              \
		assert_non_null(error);                                                   \
		if ((error)->code != WEFT_ERROR_##code_)                                  \
			fail_msg("got %s: %s", weft_error_type(error), (error)->message); \
		g_clear_error(&(error));                                                  \
	} while (0)
