/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/speaker.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/daemon/bgpd.h"
#include "appliance/render/render.h"
#include "base/log.h"

#define SOON_MS 100
#define AWAIT_US (G_USEC_PER_SEC / 2) /* bgpd begins sessions after 750 ms */
#define POLL_US 10000

struct speaker {
	const char *folder;
	guint timer, soon;
	u32 as;
	GHashTable *wanted;   /* prefixes */
	GHashTable *told;     /* those that the process @pid has */
	int pid;	      /* another one was told nothing yet */
	GPtrArray *neighbors; /* addresses */
	json_t *peers;	      /* as bgpd says it last; without them: it does not answer */
};

struct speaker *speaker_new(const char *folder)
{
	struct speaker *speaker = g_new0(struct speaker, 1);

	speaker->folder = folder;
	speaker->wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	speaker->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	speaker->neighbors = g_ptr_array_new_with_free_func(g_free);
	return speaker;
}

static void forget(struct speaker *speaker)
{
	g_clear_handle_id(&speaker->timer, g_source_remove);
	g_clear_handle_id(&speaker->soon, g_source_remove);
	g_ptr_array_set_size(speaker->neighbors, 0);
	g_hash_table_remove_all(speaker->wanted);
}

void speaker_free(struct speaker *speaker)
{
	forget(speaker);
	g_hash_table_unref(speaker->wanted);
	g_hash_table_unref(speaker->told);
	g_ptr_array_unref(speaker->neighbors);
	json_decref(speaker->peers);
	g_free(speaker);
}

/* 0: it does not run. */
static int pid_of_bgpd(const struct speaker *speaker)
{
	g_autofree char *path = g_build_filename(speaker->folder, "bgpd.pid", NULL), *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? atoi(text) : 0;
}

static u8 family_of(const char *prefix)
{
	return strchr(prefix, ':') ? 6 : 4;
}

/* It may be announced before it is there, and is gone before it may not be. */
static void add_commands(const struct speaker *speaker, u8 family, GPtrArray *commands)
{
	const char *prefix;
	GHashTableIter i;

	g_ptr_array_add(commands, g_strdup_printf("address-family ipv%u unicast", family));
	g_hash_table_iter_init(&i, speaker->told);
	while (g_hash_table_iter_next(&i, (gpointer *)&prefix, NULL))
		if (family_of(prefix) == family && !g_hash_table_contains(speaker->wanted, prefix))
			g_ptr_array_add(commands, g_strdup_printf("no network %s", prefix));
	g_hash_table_iter_init(&i, speaker->wanted);
	while (g_hash_table_iter_next(&i, (gpointer *)&prefix, NULL))
		if (family_of(prefix) == family && !g_hash_table_contains(speaker->told, prefix))
			g_ptr_array_add(commands, g_strdup_printf("network %s", prefix));
	g_ptr_array_add(commands, g_strdup("exit-address-family"));
}

/* Of the list of what may be announced. */
static char *permission(const char *prefix)
{
	return g_strdup_printf("%s prefix-list " RENDER_BGP_OWN " permit %s",
		family_of(prefix) == 6 ? "ipv6" : "ip", prefix);
}

static void add_permissions(const struct speaker *speaker, GPtrArray *commands)
{
	const char *prefix;
	GHashTableIter i;

	g_hash_table_iter_init(&i, speaker->wanted);
	while (g_hash_table_iter_next(&i, (gpointer *)&prefix, NULL))
		if (!g_hash_table_contains(speaker->told, prefix))
			g_ptr_array_add(commands, permission(prefix));
}

static void add_prohibitions(const struct speaker *speaker, GPtrArray *commands)
{
	const char *prefix;
	GHashTableIter i;

	g_hash_table_iter_init(&i, speaker->told);
	while (g_hash_table_iter_next(&i, (gpointer *)&prefix, NULL))
		if (!g_hash_table_contains(speaker->wanted, prefix)) {
			g_autofree char *granted = permission(prefix);

			g_ptr_array_add(commands, g_strconcat("no ", granted, NULL));
		}
}

static bool has_all(const struct speaker *speaker)
{
	const char *prefix;
	GHashTableIter i;

	if (g_hash_table_size(speaker->told) != g_hash_table_size(speaker->wanted))
		return false;
	g_hash_table_iter_init(&i, speaker->wanted);
	while (g_hash_table_iter_next(&i, (gpointer *)&prefix, NULL))
		if (!g_hash_table_contains(speaker->told, prefix))
			return false;
	return true;
}

static void note_told(struct speaker *speaker)
{
	const char *prefix;
	GHashTableIter i;

	g_hash_table_remove_all(speaker->told);
	g_hash_table_iter_init(&i, speaker->wanted);
	while (g_hash_table_iter_next(&i, (gpointer *)&prefix, NULL))
		g_hash_table_add(speaker->told, g_strdup(prefix));
}

static void tell(struct speaker *speaker)
{
	g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(g_free);

	if (has_all(speaker))
		return;
	g_ptr_array_add(commands, g_strdup("enable"));
	g_ptr_array_add(commands, g_strdup("configure terminal"));
	add_permissions(speaker, commands);
	g_ptr_array_add(commands, g_strdup_printf("router bgp %u", speaker->as));
	add_commands(speaker, 4, commands);
	add_commands(speaker, 6, commands);
	g_ptr_array_add(commands, g_strdup("exit"));
	add_prohibitions(speaker, commands);
	if (bgpd_tell(speaker->folder, commands))
		note_told(speaker);
	else
		log_limited(warning, "bgpd does not take what it is to announce; it is told again");
}

static void ask_of(struct speaker *speaker, const char *command)
{
	g_autofree char *text = bgpd_ask(speaker->folder, command);
	json_t *root = text ? json_loads(text, 0, NULL) : NULL;

	if (json_is_object(json_object_get(root, "peers")))
		json_object_update(speaker->peers, json_object_get(root, "peers"));
	json_decref(root);
}

/* A neighbor is of the family of its address. */
static void ask(struct speaker *speaker)
{
	json_decref(speaker->peers);
	speaker->peers = json_object();
	ask_of(speaker, "show bgp ipv4 unicast summary json");
	ask_of(speaker, "show bgp ipv6 unicast summary json");
}

static void look(struct speaker *speaker)
{
	int pid = pid_of_bgpd(speaker);

	if (pid != speaker->pid)
		g_hash_table_remove_all(speaker->told);
	speaker->pid = pid;
	if (pid)
		tell(speaker);
	ask(speaker);
}

static gboolean every_second(gpointer data)
{
	look(data);
	return G_SOURCE_CONTINUE;
}

static gboolean once(gpointer data)
{
	struct speaker *speaker = data;

	speaker->soon = 0;
	look(speaker);
	return G_SOURCE_REMOVE;
}

void speaker_set(struct speaker *speaker, const struct document_bgp *bgp)
{
	char text[PREFIX_STRLEN];

	forget(speaker);
	if (!bgp || !bgp->enabled)
		return;
	speaker->as = bgp->as;
	for (guint i = 0; i < bgp->networks->len; i++)
		g_hash_table_add(speaker->wanted,
			g_strdup(prefix_format(
				&g_array_index(bgp->networks, struct prefix, i), text)));
	for (guint i = 0; i < bgp->neighbors->len; i++)
		g_ptr_array_add(speaker->neighbors,
			g_strdup(ip_format(
				&g_array_index(bgp->neighbors, struct document_bgp_neighbor, i).ip,
				text)));
	speaker->soon = g_timeout_add(SOON_MS, once, speaker);
	speaker->timer = g_timeout_add_seconds(1, every_second, speaker);
}

void speaker_await(struct speaker *speaker)
{
	s64 end_us = g_get_monotonic_time() + AWAIT_US;

	while (speaker->timer && !has_all(speaker) && g_get_monotonic_time() < end_us) {
		g_usleep(POLL_US);
		if (pid_of_bgpd(speaker))
			look(speaker);
	}
}

void speaker_append(const struct speaker *speaker, struct json_writer *w)
{
	for (guint i = 0; i < speaker->neighbors->len; i++) {
		const char *address = speaker->neighbors->pdata[i];
		const char *state = json_string_value(
			json_object_get(json_object_get(speaker->peers, address), "state"));
		bool active = !g_strcmp0(state, "Established");

		jw_begin_object(w);
		jw_member_string(w, "name", address);
		jw_member_string(w, "status", active ? "ACTIVE" : "DOWN");
		jw_member_string(w, "status_reason",
			active	? ""
			: state ? state
				: "bgpd does not answer");
		jw_end_object(w);
	}
}
