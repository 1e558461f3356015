/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/line.h"

#include <inttypes.h>
#include <string.h>

static const char *const op_names[] = {
#define X(symbol, text) [SYNC_##symbol] = text,
	SYNC_OPS(X)
#undef X
};

static bool take_string(const json_t *root, const char *member, const char **ret, GError **error)
{
	const json_t *value = json_object_get(root, member);

	if (!json_is_string(value) || json_string_length(value) == 0 ||
		strlen(json_string_value(value)) != json_string_length(value))
		return weft_fail(error, BAD_REQUEST,
			"sync line: \"%s\" must be a string, not empty", member);
	*ret = json_string_value(value);
	return true;
}

static bool take_revision(const json_t *root, const char *member, u64 *ret, GError **error)
{
	const json_t *value = json_object_get(root, member);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return weft_fail(
			error, BAD_REQUEST, "sync line: \"%s\" must be an integer ≥ 0", member);
	*ret = (u64)json_integer_value(value);
	return true;
}

static bool take_op(const json_t *root, enum sync_op *ret, GError **error)
{
	const char *text;

	if (!take_string(root, "op", &text, error))
		return false;
	for (int op = 0; op < SYNC_N_OPS; op++)
		if (strcmp(text, op_names[op]) == 0) {
			*ret = op;
			return true;
		}
	return weft_fail(error, NOT_FOUND, "sync line: op \"%s\" is not known", text);
}

static bool take_mode(const json_t *root, enum sync_mode *ret, GError **error)
{
	const char *text;

	if (!take_string(root, "mode", &text, error))
		return false;
	if (strcmp(text, "snapshot") != 0 && strcmp(text, "resume") != 0)
		return weft_fail(error, BAD_REQUEST,
			"sync line: mode \"%s\" is neither \"snapshot\" nor \"resume\"", text);
	*ret = strcmp(text, "snapshot") == 0 ? SYNC_SNAPSHOT : SYNC_RESUME;
	return true;
}

static bool take_data(json_t *root, json_t **ret, GError **error)
{
	json_t *value = json_object_get(root, "data");

	if (!json_is_object(value))
		return weft_fail(error, BAD_REQUEST, "sync line: \"data\" must be an object");
	*ret = value;
	return true;
}

static bool take_connections(json_t *root, json_t **ret, GError **error)
{
	json_t *value = json_object_get(root, "connections");

	if (!json_is_array(value))
		return weft_fail(error, BAD_REQUEST, "sync line: \"connections\" must be an array");
	*ret = value;
	return true;
}

static bool take_members(json_t *root, struct sync_message *message, GError **error)
{
	switch (message->op) {
	case SYNC_HELLO:
		return take_string(root, "host", &message->host, error) &&
		       take_string(root, "name", &message->name, error) &&
		       take_string(root, "store", &message->store, error) &&
		       take_revision(root, "revision", &message->rev, error) &&
		       take_mode(root, &message->mode, error);
	case SYNC_PUT:
		if (!take_data(root, &message->data, error))
			return false;
		/* fall through */
	case SYNC_DELETE:
		if (!take_string(root, "kind", &message->kind, error) ||
			!take_string(root, "id", &message->id, error))
			return false;
		/* fall through */
	case SYNC_DROP:
		if (!take_string(root, "scope", &message->scope, error))
			return false;
		/* fall through */
	case SYNC_SYNC:
		return take_revision(root, "rev", &message->rev, error);
	case SYNC_CONNECTIONS:
		return take_string(root, "port", &message->port, error) &&
		       take_connections(root, &message->connections, error);
	case SYNC_PING:
	case SYNC_N_OPS:
		break;
	}
	return true;
}

bool sync_line_parse(const char *line, size_t len, struct sync_message *ret, GError **error)
{
	struct sync_message message = { 0 };
	json_error_t why;

	if (len > SYNC_LINE_MAX)
		return weft_fail(error, BAD_REQUEST,
			"sync line: %zu bytes; at most %d are accepted", len, SYNC_LINE_MAX);
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return weft_fail(error, BAD_REQUEST, "sync line: no JSON: %s at byte %d", why.text,
			why.position);
	if (!json_is_object(root)) {
		json_decref(root);
		return weft_fail(error, BAD_REQUEST, "sync line: must be a JSON object");
	}
	if (!take_op(root, &message.op, error) || !take_members(root, &message, error)) {
		json_decref(root);
		return false;
	}
	message.root = root;
	*ret = message;
	return true;
}

void sync_message_clear(struct sync_message *message)
{
	json_decref(message->root);
	*message = (struct sync_message){ 0 };
}

/* @text as a JSON string (RFC 8259 section 7); it is UTF-8, so only quote, backslash and controls
 * are escaped. */
static void append_string(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(out, '\\');
		if ((unsigned char)*text < 0x20)
			g_string_append_printf(out, "\\u%04x", (unsigned)*text);
		else
			g_string_append_c(out, *text);
	}
	g_string_append_c(out, '"');
}

static void append_member(GString *out, const char *name, const char *value)
{
	g_string_append_printf(out, ",\"%s\":", name);
	append_string(out, value);
}

static void open_line(GString *out, enum sync_op op)
{
	g_string_append_printf(out, "{\"op\":\"%s\"", op_names[op]);
}

void sync_write_hello(GString *out, const char *host, const char *name, const char *store,
	u64 revision, enum sync_mode mode)
{
	open_line(out, SYNC_HELLO);
	append_member(out, "host", host);
	append_member(out, "name", name);
	append_member(out, "store", store);
	g_string_append_printf(out, ",\"revision\":%" PRIu64, revision);
	append_member(out, "mode", mode == SYNC_SNAPSHOT ? "snapshot" : "resume");
	g_string_append(out, "}\n");
}

static void open_record(
	GString *out, enum sync_op op, const char *kind, const char *id, const char *scope, u64 rev)
{
	open_line(out, op);
	append_member(out, "kind", kind);
	append_member(out, "id", id);
	append_member(out, "scope", scope);
	g_string_append_printf(out, ",\"rev\":%" PRIu64, rev);
}

void sync_write_put(GString *out, const char *kind, const char *id, const char *scope, u64 rev,
	const char *data)
{
	open_record(out, SYNC_PUT, kind, id, scope, rev);
	g_string_append(out, ",\"data\":");
	g_string_append(out, data);
	g_string_append(out, "}\n");
}

void sync_write_delete(GString *out, const char *kind, const char *id, const char *scope, u64 rev)
{
	open_record(out, SYNC_DELETE, kind, id, scope, rev);
	g_string_append(out, "}\n");
}

void sync_write_drop(GString *out, const char *scope, u64 rev)
{
	open_line(out, SYNC_DROP);
	append_member(out, "scope", scope);
	g_string_append_printf(out, ",\"rev\":%" PRIu64 "}\n", rev);
}

void sync_write_sync(GString *out, u64 rev)
{
	open_line(out, SYNC_SYNC);
	g_string_append_printf(out, ",\"rev\":%" PRIu64 "}\n", rev);
}

void sync_write_ping(GString *out)
{
	open_line(out, SYNC_PING);
	g_string_append(out, "}\n");
}

void sync_write_connections(GString *out, const char *port, const char *connections)
{
	open_line(out, SYNC_CONNECTIONS);
	append_member(out, "port", port);
	g_string_append(out, ",\"connections\":");
	g_string_append(out, connections);
	g_string_append(out, "}\n");
}

void sync_splitter_init(struct sync_splitter *splitter)
{
	splitter->partial = g_string_new(NULL);
}

void sync_splitter_clear(struct sync_splitter *splitter)
{
	if (splitter->partial)
		g_string_free(splitter->partial, TRUE);
	splitter->partial = NULL;
}

bool sync_splitter_feed(struct sync_splitter *splitter, const char *bytes, size_t len,
	sync_line_cb cb, void *data, GError **error)
{
	const char *end = bytes + len;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t n = (size_t)((newline ? newline : end) - bytes);
		bool accepted;

		if (splitter->partial->len + n > SYNC_LINE_MAX)
			return weft_fail(error, TOO_LARGE,
				"sync stream: a line is longer than %d bytes", SYNC_LINE_MAX);
		if (!newline || splitter->partial->len)
			g_string_append_len(splitter->partial, bytes, (gssize)n);
		if (!newline)
			break;
		if (splitter->partial->len) {
			accepted = cb(splitter->partial->str, splitter->partial->len, data, error);
			g_string_truncate(splitter->partial, 0);
		} else {
			accepted = cb(bytes, n, data, error);
		}
		if (!accepted)
			return false;
		bytes = newline + 1;
	}
	return true;
}
