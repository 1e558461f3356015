/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/appliance_repair.h"

#include "appliance/appliance_impl.h"
#include "appliance/intact.h"
#include "appliance/watch.h"
#include "base/log.h"

#define LOOK_S 1  /* at the switches */
#define AGAIN_S 5 /* at all, of what could not be repaired */
#define FILTER "packet filter"

enum { PART_FILTER = INTACT_PARTS, N_PARTS };

struct repair {
	struct appliance *appliance;
	struct watch *watch;   /* NULL: nothing can be heard, so only LOOK_S is */
	struct intact *intact; /* NULL: there was no document yet */
	guint timer;
	unsigned counts[N_PARTS];
	s64 failed_us, tried_us; /* the first try in vain, the last; 0: nothing is left to do */
	char *reason;		 /* once AGAIN_S are over: who made the machine may help */
};

static const char *part_name(unsigned part)
{
	return part == PART_FILTER ? FILTER : intact_name((enum intact_part)part);
}

/* Tables of others that are new go, with what they hold. Ours is made from nothing: what was put
 * into it need not be known, and all its counters begin anew. */
static bool repair_filter(struct repair *repair, GHashTable *tables, GError **error)
{
	g_autoptr(GString) commands = g_string_new("table inet weft; delete table inet weft; ");
	GHashTableIter i;
	const char *name;

	g_hash_table_iter_init(&i, tables);
	while (g_hash_table_iter_next(&i, (gpointer *)&name, NULL))
		g_string_append_printf(commands, "table %s; delete table %s; ", name, name);
	return appliance_apply_filter_anew(repair->appliance, commands->str, error);
}

static bool repair_network(struct repair *repair, unsigned parts, GError **error)
{
	const unsigned network = 1u << INTACT_NICS | 1u << INTACT_ADDRESSES | 1u << INTACT_ROUTES;

	return (!(parts & 1u << INTACT_SYSCTLS) || appliance_set_sysctls(error)) &&
	       (!(parts & (network | 1u << INTACT_RULES)) ||
		       intact_repair(repair->intact, error)) &&
	       (!(parts & network) || appliance_apply_network(repair->appliance, error));
}

static void count(struct repair *repair, unsigned parts)
{
	for (unsigned i = 0; i < N_PARTS; i++) {
		if (!(parts & 1u << i))
			continue;
		repair->counts[i]++;
		log_limited(warning, "%s: changed by somebody else; made again as they should be",
			part_name(i));
	}
}

static void note_reason(struct repair *repair, const GError *error)
{
	s64 now_us = g_get_monotonic_time();

	g_clear_pointer(&repair->reason, g_free);
	repair->tried_us = now_us;
	if (!error)
		repair->failed_us = 0;
	else if (!repair->failed_us)
		repair->failed_us = now_us;
	if (!error)
		return;
	log_limited(warning, "it can't be repaired: %s", error->message);
	if (now_us - repair->failed_us >= AGAIN_S * G_USEC_PER_SEC)
		repair->reason = g_strdup_printf(
			"what somebody else has changed can't be repaired: %s", error->message);
}

/* With a NIC its routes go, and its addresses of IPv6; with an address the routes by it. */
static unsigned consequences_of(unsigned parts)
{
	if (parts & 1u << INTACT_NICS)
		return 1u << INTACT_ADDRESSES | 1u << INTACT_ROUTES;
	return parts & 1u << INTACT_ADDRESSES ? 1u << INTACT_ROUTES : 0;
}

/* What can't be repaired is counted once, and tried again at the next look. */
static void mend(struct repair *repair, unsigned parts, GHashTable *tables)
{
	g_autoptr(GError) error = NULL;
	bool ok = true;

	if (!repair->failed_us)
		count(repair, parts & ~consequences_of(parts));
	if (parts & 1u << PART_FILTER)
		ok = repair_filter(repair, tables, &error);
	if (ok)
		repair_network(repair, parts, &error);
	note_reason(repair, error);
	repair_settled(repair);
}

static void on_heard(const struct watch_heard *heard, void *user)
{
	struct repair *repair = user;
	const struct document *document = repair->appliance->document;
	g_autoptr(GError) error = NULL;
	unsigned parts = 0;

	if (!document || !repair->intact)
		return;
	if (heard->network && !intact_look(repair->intact, document, &parts, &error))
		log_limited(warning, "what is in the kernel can't be read: %s", error->message);
	if (heard->filter || g_hash_table_size(heard->tables))
		parts |= 1u << PART_FILTER;
	if (parts)
		mend(repair, parts, heard->tables);
}

static gboolean on_timer(gpointer data)
{
	struct repair *repair = data;
	const struct document *document = repair->appliance->document;
	g_autoptr(GHashTable) none = g_hash_table_new(g_str_hash, g_str_equal);
	bool due = g_get_monotonic_time() - repair->tried_us >= AGAIN_S * G_USEC_PER_SEC;
	unsigned parts = 0;

	if (!document || !repair->intact || (repair->failed_us ? !due : intact_sysctls()))
		return G_SOURCE_CONTINUE;
	if (!intact_look(repair->intact, document, &parts, NULL) || !parts)
		note_reason(repair, NULL);
	else
		mend(repair, parts, none);
	return G_SOURCE_CONTINUE;
}

struct repair *repair_new(struct appliance *appliance)
{
	struct repair *repair = g_new0(struct repair, 1);
	g_autoptr(GError) error = NULL;

	repair->appliance = appliance;
	repair->watch = watch_new(on_heard, repair, &error);
	if (!repair->watch)
		log_warning("%s", error->message);
	repair->timer = g_timeout_add_seconds(LOOK_S, on_timer, repair);
	return repair;
}

void repair_free(struct repair *repair)
{
	g_source_remove(repair->timer);
	g_clear_pointer(&repair->watch, watch_free);
	g_clear_pointer(&repair->intact, intact_free);
	g_free(repair->reason);
	g_free(repair);
}

void repair_begin(struct repair *repair)
{
	if (!repair->intact)
		repair->intact = intact_new();
}

void repair_settled(struct repair *repair)
{
	if (repair->watch)
		watch_settled(repair->watch);
}

const char *repair_reason(const struct repair *repair)
{
	return repair->reason;
}

void repair_append(const struct repair *repair, struct json_writer *w)
{
	for (unsigned i = 0; i < N_PARTS; i++) {
		if (!repair->counts[i])
			continue;
		jw_key(w, part_name(i));
		jw_begin_object(w);
		jw_member_int(w, "count", repair->counts[i]);
		jw_end_object(w);
	}
}
