/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request bodies of every kind: "c" creates, "u" updates, "q" makes a list's parameter; then the
 * kind
 * ("1" host … "4" port), the role ("a" administrator, "m" member), and JSON (or "NAME=VALUE").
 * What is accepted must be written as JSON that parses, and be the same after the store has had it.
 */
#include <string.h>

#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/query.h"
#include "model/network/subnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct caller admin = { CALLER_ADMIN, "p" }, member = { CALLER_MEMBER, "p" };

/* Ids that the corpus can name: 00000000-0000-4000-8000-00000000000<kind>. */
static struct uuid fixed_id(enum kind_id kind)
{
	struct uuid id = { { 0 } };

	id.b[6] = 0x40;
	id.b[8] = 0x80;
	id.b[15] = (u8)kind;
	return id;
}

static void add(struct model *model, struct object *draft)
{
	struct txn *txn = txn_new(model, &admin);

	g_assert_nonnull(txn_put(txn, draft, NULL));
	changeset_free(txn_apply(txn, model_revision(model) + 1));
}

static struct object *draft_of(enum kind_id kind)
{
	struct uuid id = fixed_id(kind);
	struct object *draft = object_new(kind_by_id(kind), &id);

	if (kind != KIND_HOST)
		object_set_str(draft, SLOT_PROJECT_ID, "p");
	return draft;
}

static struct model *make_model(void)
{
	struct model *model = model_new();
	struct uuid network = fixed_id(KIND_NETWORK);
	char id[UUID_STRLEN];
	struct object *draft = draft_of(KIND_HOST);

	uuid_format(&network, id);
	object_set_str(draft, SLOT_NAME, "h");
	add(model, draft);
	draft = draft_of(KIND_NETWORK);
	object_set_int(draft, NETWORK_PROVIDER_SEGMENT, 7);
	add(model, draft);
	draft = draft_of(KIND_SUBNET);
	object_set_str(draft, SUBNET_NETWORK_ID, id);
	object_set_str(draft, SUBNET_CIDR, "10.0.0.0/24");
	object_set_int(draft, SUBNET_IP_VERSION, 4);
	object_set_str(
		draft, SUBNET_ALLOCATION_POOLS, "[{\"start\":\"10.0.0.2\",\"end\":\"10.0.0.9\"}]");
	add(model, draft);
	draft = draft_of(KIND_PORT);
	object_set_str(draft, PORT_NETWORK_ID, id);
	object_set_mac(draft, PORT_MAC_ADDRESS, &(struct mac){ { 2 } });
	add(model, draft);
	return model;
}

static void check_accepted(const struct model *model, const struct object *object)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	g_autoptr(GError) error = NULL;
	g_autoptr(object) back = NULL;
	json_t *json;

	object_write_json(object, model, &admin, 0, &w);
	json = json_loads(text->str, JSON_REJECT_DUPLICATES, NULL);
	g_assert_true(json_is_object(json));
	json_decref(json);
	g_string_truncate(text, 0);
	w = json_writer_on(text);
	object_store_json(object, &w);
	back = object_load(object_kind(object), object_id(object), 1, text->str, &error);
	g_assert_no_error(error);
	for (unsigned slot = SLOT_ID + 1; slot < object_kind(object)->n_slots; slot++)
		if (kind_attr(object_kind(object), slot)->name)
			g_assert_true(object_equal(object, back, slot));
}

static void check_body(struct model *model, char what, enum kind_id kind,
	const struct caller *caller, const char *data, size_t size)
{
	json_t *body = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	struct uuid id = fixed_id(kind);
	char text[UUID_STRLEN];
	g_autoptr(GError) error = NULL;
	struct txn *txn = txn_new(model, caller);
	const struct object *object = NULL;

	if (body && what == 'c')
		object = txn_create(txn, kind, body, &error);
	else if (body && what == 'u')
		object = txn_update(txn, kind, uuid_format(&id, text), body, &error);
	if (object)
		check_accepted(model, object);
	else if (body && (what == 'c' || what == 'u'))
		g_assert_true(error && weft_error_status(error) < 500 && *error->message);
	json_decref(body);
	txn_free(txn);
}

static void check_query(struct model *model, enum kind_id kind, const struct caller *caller,
	const char *data, size_t size)
{
	g_autofree char *name = g_strndup(data, size);
	char *value = strchr(name, '=');
	g_autoptr(query) query = query_new(kind_by_id(kind), caller);
	g_autoptr(GPtrArray) page = NULL;
	g_autoptr(GError) error = NULL;
	bool more;

	if (!value || !g_utf8_validate(name, -1, NULL))
		return;
	*value++ = '\0';
	if (query_add(query, name, value, &error))
		page = query_run(query, model, &more, &error);
	g_assert_true(!page == !!error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model *model;
	const struct caller *caller;
	enum kind_id kind;

	if (!model)
		model = make_model();
	if (size < 3 || data[1] <= '0' || data[1] >= '0' + N_KINDS)
		return 0;
	kind = (enum kind_id)(data[1] - '0');
	caller = data[2] == 'a' ? &admin : &member;
	if (data[0] == 'q')
		check_query(model, kind, caller, (const char *)data + 3, size - 3);
	else
		check_body(model, (char)data[0], kind, caller, (const char *)data + 3, size - 3);
	return 0;
}
