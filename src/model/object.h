/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object of some kind: an id and one 8-byte value per attribute.
 *
 * A draft (object_new(), object_edit(), or what parse.h returns) is mutable and belongs to one
 * transaction. From txn_put() on an object never changes: an update is a new object of the same id.
 * Readers keep one alive with object_ref(). Main thread only: counts are not atomic.
 *
 * Numbers, booleans, times, choices and MACs are values in the slot, the rest are reference-counted
 * strings; nested values are kept as canonical JSON text, which is spliced into answers as it is.
 */
#pragma once

#include "base/autoptr.h"
#include "base/addr.h"
#include "base/uuid.h"
#include "model/kind.h"

struct object;

struct object *object_ref(const struct object *object);
void object_unref(struct object *object);
DEFINE_AUTOPTR(object, object_unref)

/* A draft with every default. A zero @id (or NULL) gets a random one. */
struct object *object_new(const struct kind *kind, const struct uuid *id);

/* A draft that begins as a copy of @object. */
struct object *object_edit(const struct object *object);

const struct kind *object_kind(const struct object *object);
const struct uuid *object_id(const struct object *object);
u64 object_revision(const struct object *object); /* of the store; 0 in a draft */

bool object_is_null(const struct object *object, unsigned slot);

/* Typed getters; the attribute must have the type (asserted). A null is false, 0, NULL, a zero MAC.
 * Strings are borrowed from the object. */
bool object_bool(const struct object *object, unsigned slot);
s64 object_int(const struct object *object, unsigned slot); /* INT, TIME */
/* STRING, UUID, IP, CIDR, ADDRESS; ENUM gives the chosen word (static); LIST and OBJECT the
 * canonical JSON text. Never a MAC. */
const char *object_str(const struct object *object, unsigned slot);
int object_choice(const struct object *object, unsigned slot); /* ENUM: index, or -1 for null */
struct mac object_mac(const struct object *object, unsigned slot);
struct ip object_ip(const struct object *object, unsigned slot);	 /* family 0 for null */
struct prefix object_prefix(const struct object *object, unsigned slot); /* CIDR */
bool object_uuid(const struct object *object, unsigned slot, struct uuid *ret); /* false: null */
/* LIST and OBJECT, parsed; a new reference (json_decref), NULL for null. */
json_t *object_json(const struct object *object, unsigned slot);

/* Setters, drafts only. Strings are copied; set NULL for null. */
void object_set_bool(struct object *draft, unsigned slot, bool value);
void object_set_int(struct object *draft, unsigned slot, s64 value);
void object_set_choice(struct object *draft, unsigned slot, int choice);
void object_set_str(struct object *draft, unsigned slot, const char *value); /* also ENUM by word */
void object_set_mac(struct object *draft, unsigned slot, const struct mac *value);
/* The value of the same slot of @from, which may be of another kind if the type is the same. */
void object_copy(struct object *draft, const struct object *from, unsigned slot);
/* The same from another slot. Of an ENUM both must have the same choices. */
void object_copy_to(
	struct object *draft, unsigned slot, const struct object *from, unsigned from_slot);
void object_set_null(struct object *draft, unsigned slot);

/* Slots that the caller's body gave (drafts from parse.h), as a mask of SLOT_BIT(). */
u64 object_given(const struct object *draft);

bool object_equal(const struct object *a, const struct object *b, unsigned slot);

/*
 * Writes the object as one JSON object with the attributes of @fields (mask of SLOT_BIT(), 0: all)
 * that @caller may see; computed ones are asked of the kind.
 */
void object_write_json(const struct object *object, const struct model *model,
	const struct caller *caller, u64 fields, struct json_writer *w);

/* One attribute's value as text for comparing and sorting: like object_str(), numbers in decimal,
 * booleans "true"/"false", MACs canonical. NULL for null. May use @buf. */
#define VALUE_TEXT 40
const char *object_text(const struct object *object, unsigned slot, char buf[static VALUE_TEXT]);

/*
 * The stored form: a JSON object of all stored attributes that differ from the default, secrets
 * included, ids and revision not. object_load() is its inverse; it is lenient where the product
 * wrote the text itself (limits are not checked again) and fails on what can't be understood.
 */
void object_store_json(const struct object *object, struct json_writer *w);
struct object *object_load(const struct kind *kind, const struct uuid *id, u64 revision,
	const char *json, GError **error);
