/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/touched.h"

void touch(GHashTable *touched, const struct uuid *id)
{
	g_hash_table_add(touched, g_memdup2(id, sizeof(*id)));
}

void touch_text(GHashTable *touched, const char *id)
{
	struct uuid uuid;

	if (id && uuid_parse(id, &uuid))
		touch(touched, &uuid);
}

void touch_by(const struct compilation *c, enum kind_id kind, unsigned index, const struct uuid *id,
	GHashTable *touched)
{
	const struct object *object;
	struct model_iter iter;
	char text[UUID_STRLEN];

	model_iter_init(&iter, c->model, kind, index, uuid_format(id, text), NULL);
	while ((object = model_iter_next(&iter)))
		touch(touched, object_id(object));
}

void compile_touched(struct compilation *c, touched_by_change by_change,
	void (*compile_one)(struct compilation *c, const struct uuid *id))
{
	g_autoptr(GHashTable) touched = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer id;

	for (unsigned i = 0; i < c->changes->n; i++)
		by_change(c, &c->changes->changes[i], touched);
	g_hash_table_iter_init(&iter, touched);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		compile_one(c, id);
}
