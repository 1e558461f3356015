/* SPDX-License-Identifier: Apache-2.0 */
/* Conntrack helpers of routers. */
#include "agent/desired/parts.h"

void conntrack_helper_free(gpointer data)
{
	struct conntrack_helper *helper = data;

	g_free(helper->record.helper);
	g_free(helper->applied);
	g_free(helper);
}

/* The router counts those that it has. */
static void set_known(struct desired *desired, struct conntrack_helper *helper,
	const struct uuid *router_id, bool known)
{
	struct router *router = router_need(desired, router_id);

	if (helper->known == known)
		return;
	helper->known = known;
	if (known)
		router->n_helpers++;
	else
		router->n_helpers--;
	router_mark(desired, router);
}

void conntrack_helper_put(
	struct desired *desired, const struct uuid *id, struct record_conntrack_helper *record)
{
	struct conntrack_helper *helper = g_hash_table_lookup(desired->conntrack_helpers, id);

	if (!helper) {
		helper = g_new0(struct conntrack_helper, 1);
		helper->id = *id;
		g_hash_table_insert(desired->conntrack_helpers, &helper->id, helper);
	}
	set_known(desired, helper, &record->router_id, true);
	g_free(helper->record.helper);
	helper->record = *record;
	*record = (struct record_conntrack_helper){ 0 }; /* taken over */
	g_hash_table_add(desired->dirty_conntrack_helpers, helper);
}

void conntrack_helper_delete(struct desired *desired, const struct uuid *id)
{
	struct conntrack_helper *helper = g_hash_table_lookup(desired->conntrack_helpers, id);

	if (!helper)
		return;
	set_known(desired, helper, &helper->record.router_id, false);
	g_hash_table_add(desired->dirty_conntrack_helpers, helper);
}

void conntrack_helpers_mark_all(struct desired *desired)
{
	struct conntrack_helper *helper;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->conntrack_helpers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&helper))
		g_hash_table_add(desired->dirty_conntrack_helpers, helper);
}

void conntrack_helpers_collect(struct desired *desired)
{
	struct conntrack_helper *helper;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->dirty_conntrack_helpers);
	while (g_hash_table_iter_next(&i, (gpointer *)&helper, NULL)) {
		g_hash_table_iter_remove(&i);
		if (!helper->known && !helper->applied)
			g_hash_table_remove(desired->conntrack_helpers, &helper->id);
	}
}
