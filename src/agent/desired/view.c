/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/view.h"

#include <string.h>

#include "base/log.h"

struct entry {
	struct record_key key; /* first: the key; kind RECORD_N_KINDS: not known here */
	const char *scope;     /* interned */
	struct view_place place;
	u32 generation;
};

/* A key for any kind: of one that is not known, a digest of kind and id. */
static bool make_key(const struct sync_message *message, struct record_key *ret, GError **error)
{
	enum record_kind kind;

	if (record_kind_parse(message->kind, &kind))
		return record_key_parse(kind, message->id, ret, error);
	g_autofree char *text = g_strconcat(message->kind, "\n", message->id, NULL);
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize len = sizeof(digest);

	g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text));
	g_checksum_get_digest(checksum, digest, &len);
	*ret = (struct record_key){ .kind = RECORD_N_KINDS };
	memcpy(ret->id.b, digest, sizeof(ret->id.b));
	memcpy(ret->sub.b, digest + sizeof(ret->id.b), sizeof(ret->sub.b));
	return true;
}

static void refuse(struct view *view, const struct sync_message *message, const GError *error)
{
	view->stats.refused++;
	log_limited(warning, "view: %s %.80s is ignored: %s", message->kind, message->id,
		error->message);
}

/* True when the record is (now) in the view as the message says. */
static bool put(struct view *view, const struct sync_message *message, struct record_key *ret_key)
{
	g_autoptr(GError) error = NULL;
	struct record record;

	if (!make_key(message, ret_key, &error)) {
		refuse(view, message, error);
		return false;
	}
	if (ret_key->kind == RECORD_N_KINDS)
		return true;
	if (!record_decode(ret_key->kind, message->data, &record, &error)) {
		refuse(view, message, error);
		return false;
	}
	desired_put(view->desired, ret_key, &record);
	return true;
}

static void index_put(
	struct view *view, const struct record_key *key, const char *scope, struct view_place place)
{
	struct entry *entry = g_hash_table_lookup(view->entries, key);

	if (!entry) {
		entry = g_new0(struct entry, 1);
		entry->key = *key;
		g_hash_table_add(view->entries, entry);
	}
	entry->scope = g_intern_string(scope);
	entry->place = place;
	entry->generation = view->generation;
}

/* A record that moved to another scope is not the one that is deleted from its old scope. */
static void delete (struct view *view, const struct sync_message *message)
{
	struct record_key key;
	const struct entry *entry;

	if (!make_key(message, &key, NULL))
		return;
	entry = g_hash_table_lookup(view->entries, &key);
	if (!entry || strcmp(entry->scope, message->scope) != 0)
		return;
	if (key.kind != RECORD_N_KINDS)
		desired_delete(view->desired, &key);
	g_hash_table_remove(view->entries, &key);
}

static void drop(struct view *view, const char *scope)
{
	const struct entry *entry;
	GHashTableIter i;

	g_hash_table_iter_init(&i, view->entries);
	while (g_hash_table_iter_next(&i, (gpointer *)&entry, NULL)) {
		if (strcmp(entry->scope, scope) != 0)
			continue;
		if (entry->key.kind != RECORD_N_KINDS)
			desired_delete(view->desired, &entry->key);
		g_hash_table_iter_remove(&i);
	}
}

static void hello(struct view *view, const struct sync_message *message)
{
	g_free(view->hello_host);
	g_free(view->hello_name);
	g_free(view->hello_store);
	view->hello_host = g_strdup(message->host);
	view->hello_name = g_strdup(message->name);
	view->hello_store = g_strdup(message->store);
	view->sweeping = message->mode == SYNC_SNAPSHOT;
	if (view->sweeping)
		view->generation++;
	if (uuid_is_zero(&view->desired->self))
		uuid_parse(message->host, &view->desired->self);
}

/* Forgets what a snapshot has not named, in the file too. */
static void sweep(struct view *view)
{
	struct entry *entry;
	GHashTableIter i;

	g_hash_table_iter_init(&i, view->entries);
	while (g_hash_table_iter_next(&i, (gpointer *)&entry, NULL)) {
		if (entry->generation == view->generation)
			continue;
		if (entry->key.kind != RECORD_N_KINDS)
			desired_delete(view->desired, &entry->key);
		g_hash_table_iter_remove(&i);
	}
}

static char *make_trailer(const struct view *view)
{
	g_autoptr(GString) trailer = g_string_new(NULL);

	if (!view->store)
		return NULL;
	sync_write_hello(trailer, view->hello_host, view->hello_name, view->store, view->revision,
		SYNC_RESUME);
	sync_write_sync(trailer, view->revision);
	return g_string_free(g_steal_pointer(&trailer), FALSE);
}

static bool compact(struct view *view, GError **error)
{
	g_autoptr(GPtrArray) places = g_ptr_array_sized_new(g_hash_table_size(view->entries));
	g_autofree char *trailer = make_trailer(view);
	struct entry *entry;
	GHashTableIter i;

	g_hash_table_iter_init(&i, view->entries);
	while (g_hash_table_iter_next(&i, (gpointer *)&entry, NULL))
		g_ptr_array_add(places, &entry->place);
	return view_file_compact(
		view->file, (struct view_place *const *)places->pdata, places->len, trailer, error);
}

static void synced(struct view *view, u64 rev)
{
	if (!view->hello_store)
		return; /* a sync without a hello completes nothing */
	desired_commit(view->desired);
	view->sweeping = false;
	view->revision = rev;
	g_free(view->store);
	view->store = g_strdup(view->hello_store);
}

bool view_line(struct view *view, const struct sync_message *message, const char *line, size_t len,
	bool *ret_synced, GError **error)
{
	struct record_key key;
	bool swept = false;

	*ret_synced = false;
	switch (message->op) {
	case SYNC_PING:
	case SYNC_CONNECTIONS: /* no part of the view */
	case SYNC_N_OPS:
		return true;
	case SYNC_PUT:
		if (put(view, message, &key))
			index_put(view, &key, message->scope,
				view_file_append(view->file, line, len));
		return true;
	case SYNC_HELLO:
		hello(view, message);
		break;
	case SYNC_DELETE:
		delete (view, message);
		break;
	case SYNC_DROP:
		drop(view, message->scope);
		break;
	case SYNC_SYNC:
		swept = view->sweeping;
		if (swept)
			sweep(view);
		synced(view, message->rev);
		*ret_synced = true;
		break;
	}
	view_file_append(view->file, line, len);
	if (message->op != SYNC_SYNC)
		return true;
	/* The file does not say what a snapshot swept, so it is written anew. */
	if (swept || view_file_is_bloated(view->file))
		return compact(view, error);
	return view_file_flush(view->file, error);
}

static void load_line(const struct sync_message *message, struct view_place place, void *data)
{
	struct view *view = data;
	struct record_key key;

	switch (message->op) {
	case SYNC_PUT:
		if (put(view, message, &key))
			index_put(view, &key, message->scope, place);
		break;
	case SYNC_HELLO:
		hello(view, message);
		break;
	case SYNC_DELETE:
		delete (view, message);
		break;
	case SYNC_DROP:
		drop(view, message->scope);
		break;
	case SYNC_SYNC:
		synced(view, message->rev);
		break;
	case SYNC_PING:
	case SYNC_CONNECTIONS: /* no part of the view */
	case SYNC_N_OPS:
		break;
	}
}

bool view_open(const char *path, struct desired *desired, struct view **ret,
	bool *ret_needs_snapshot, GError **error)
{
	struct view *view = g_new0(struct view, 1);

	view->desired = desired;
	view->entries = g_hash_table_new_full(record_key_hash, record_key_equal, g_free, NULL);
	if (!view_file_open(path, load_line, view, &view->file, ret_needs_snapshot, error))
		goto undo;
	view->sweeping = false;
	if (*ret_needs_snapshot) {
		desired_set_incomplete(desired);
		view->revision = 0;
		g_clear_pointer(&view->store, g_free);
		if (!compact(view, error)) /* so that the need outlives this process */
			goto undo;
	}
	*ret = view;
	return true;
undo:
	view_free(view);
	return false;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	view_file_free(view->file);
	g_hash_table_unref(view->entries);
	g_free(view->store);
	g_free(view->hello_host);
	g_free(view->hello_name);
	g_free(view->hello_store);
	g_free(view);
}

bool view_foreach(struct view *view, view_record_cb cb, void *data, GError **error)
{
	const struct entry *entry;
	GHashTableIter i;

	g_hash_table_iter_init(&i, view->entries);
	while (g_hash_table_iter_next(&i, (gpointer *)&entry, NULL)) {
		g_autofree char *line = view_file_read(view->file, entry->place, error);
		struct sync_message message;

		if (!line || !sync_line_parse(line, entry->place.len, &message, error))
			return false;
		cb(&message, data);
		sync_message_clear(&message);
	}
	return true;
}
