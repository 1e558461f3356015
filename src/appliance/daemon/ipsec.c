/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/ipsec.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "appliance/daemon/ipsec_charon.h"
#include "appliance/kernel.h"
#include "appliance/program.h"
#include "appliance/render/render.h"
#include "base/log.h"

#define RETRY_S 5
#define SECOND_AFTER_S 3 /* the higher address gives the lower one this long */

struct ipsec {
	const char *folder;
	const struct document *document; /* NULL: none yet */
	GHashTable *connections;	 /* name → struct connection */
	GPtrArray *ending;		 /* names of what is not as it was */
	bool loaded;
	int fd; /* -1: not connected */
	guint watch;
	enum { NOTHING, LIST, CHANGE } awaited; /* the answer to this */
	GByteArray *input;
};

static void free_connection(gpointer data)
{
	struct connection *connection = data;

	g_free(connection->reason);
	g_free(connection->digest);
	g_free(connection);
}

struct ipsec *ipsec_new(const char *folder)
{
	struct ipsec *ipsec = g_new0(struct ipsec, 1);

	ipsec->folder = folder;
	ipsec->fd = -1;
	ipsec->input = g_byte_array_new();
	ipsec->ending = g_ptr_array_new_with_free_func(g_free);
	ipsec->connections =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_connection);
	return ipsec;
}

static const char not_yet[] = "it is not established yet";

static void disconnect(struct ipsec *ipsec)
{
	if (ipsec->fd < 0)
		return;
	g_clear_handle_id(&ipsec->watch, g_source_remove);
	close(ipsec->fd);
	ipsec->fd = -1;
	ipsec->awaited = NOTHING;
	ipsec->loaded = false;
	g_byte_array_set_size(ipsec->input, 0);
}

/* It is not there any more, and its connections with it. */
static void lose(struct ipsec *ipsec)
{
	GHashTableIter iter;
	gpointer value;

	disconnect(ipsec);
	g_ptr_array_set_size(ipsec->ending, 0);
	g_hash_table_iter_init(&iter, ipsec->connections);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct connection *connection = value;

		connection->up = connection->was_up = false;
		connection->installed = 0;
		connection_set_reason(connection, "charon does not run");
	}
}

void ipsec_free(struct ipsec *ipsec)
{
	disconnect(ipsec);
	g_hash_table_destroy(ipsec->connections);
	g_byte_array_unref(ipsec->input);
	g_ptr_array_unref(ipsec->ending);
	g_free(ipsec);
}

static const struct document_ipsec *config_of(const struct ipsec *ipsec, const char *name)
{
	for (guint i = 0; ipsec->document && i < ipsec->document->ipsec->len; i++) {
		const struct document_ipsec *one =
			&g_array_index(ipsec->document->ipsec, struct document_ipsec, i);

		if (!strcmp(one->name, name))
			return one;
	}
	return NULL;
}

/* What charon has of it would go on. */
static gboolean end_if_gone(gpointer name, gpointer connection, gpointer data)
{
	struct ipsec *ipsec = data;

	(void)connection;
	if (config_of(ipsec, name))
		return FALSE;
	g_ptr_array_add(ipsec->ending, g_strdup(name));
	return TRUE;
}

static void end_if_another(
	struct ipsec *ipsec, const struct document_ipsec *one, struct connection *connection)
{
	g_autofree char *digest = render_ipsec_digest(one);

	if (connection->digest && strcmp(connection->digest, digest)) {
		g_ptr_array_add(ipsec->ending, g_strdup(one->name));
		connection->up = false;
		connection_set_reason(connection, not_yet);
	}
	g_free(connection->digest);
	connection->digest = g_steal_pointer(&digest);
}

static void add_connection(struct ipsec *ipsec, const struct document_ipsec *one)
{
	struct connection *connection = g_hash_table_lookup(ipsec->connections, one->name);

	if (!connection) {
		connection = g_new0(struct connection, 1);
		connection_set_reason(connection, not_yet);
		g_hash_table_insert(ipsec->connections, g_strdup(one->name), connection);
	}
	connection->wanted = one->local_cidrs->len * one->peer_cidrs->len;
	end_if_another(ipsec, one, connection);
}

void ipsec_follow(struct ipsec *ipsec, const struct document *document)
{
	ipsec->document = document;
	if (!document)
		return;
	g_hash_table_foreach_remove(ipsec->connections, end_if_gone, ipsec);
	for (guint i = 0; i < document->ipsec->len; i++)
		add_connection(ipsec, &g_array_index(document->ipsec, struct document_ipsec, i));
	if (!document->ipsec->len)
		disconnect(ipsec);
}

void ipsec_reload(struct ipsec *ipsec)
{
	const struct document_ipsec *all = (const void *)ipsec->document->ipsec->data;
	s64 now_us = g_get_monotonic_time();

	disconnect(ipsec); /* which may be another one by now */
	for (guint i = 0; i < ipsec->document->ipsec->len; i++) {
		struct connection *connection =
			g_hash_table_lookup(ipsec->connections, all[i].name);
		bool first = ip_compare(&all[i].local, &all[i].peer) < 0;

		connection->was_up = false;
		connection->next_us = first ? 0 : now_us + SECOND_AFTER_S * G_USEC_PER_SEC;
	}
}

void ipsec_take_over(struct ipsec *ipsec)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, ipsec->connections);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		((struct connection *)value)->next_us = 0;
}

static bool send_packet(struct ipsec *ipsec, GByteArray *packet)
{
	bool ok;

	vici_finish(packet);
	ok = send(ipsec->fd, packet->data, packet->len, MSG_NOSIGNAL) == (ssize_t)packet->len;
	g_byte_array_unref(packet);
	if (!ok)
		lose(ipsec);
	return ok;
}

static bool request(struct ipsec *ipsec, GByteArray *packet, int awaited)
{
	if (!send_packet(ipsec, packet))
		return false;
	ipsec->awaited = awaited;
	return true;
}

/* The first child that is missing; the others follow when it is there. */
static void begin(struct ipsec *ipsec, const char *name, struct connection *connection)
{
	GByteArray *packet = vici_new(VICI_REQUEST, "initiate");
	g_autofree char *child = NULL;
	unsigned n = 0;

	while (n + 1 < connection->wanted && connection->children[n])
		n++;
	child = g_strdup_printf("%s-%u", name, n);

	vici_add(packet, "child", child);
	vici_add(packet, "ike", name);
	vici_add(packet, "timeout", "-1");
	connection->asked = false;
	connection->next_us = g_get_monotonic_time() + RETRY_S * G_USEC_PER_SEC;
	request(ipsec, packet, CHANGE);
}

static void end_one(struct ipsec *ipsec)
{
	GByteArray *packet = vici_new(VICI_REQUEST, "terminate");

	vici_add(packet, "ike", g_ptr_array_index(ipsec->ending, 0));
	vici_add(packet, "force", "yes");
	vici_add(packet, "timeout", "-1");
	g_ptr_array_remove_index(ipsec->ending, 0);
	request(ipsec, packet, CHANGE);
}

/* One request at a time: answers have no names. */
static void begin_next(struct ipsec *ipsec)
{
	GHashTableIter iter;
	gpointer name, value;

	if (ipsec->ending->len) {
		end_one(ipsec);
		return;
	}
	g_hash_table_iter_init(&iter, ipsec->connections);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		struct connection *connection = value;

		if (connection->asked) {
			begin(ipsec, name, connection);
			return;
		}
	}
}

/* What it would need of this machine's kernel; NULL: nothing that is not there. */
static const char *ipsec_lacks(const struct document_ipsec *config)
{
	if (config->ah && !(kernel_has_esp() && kernel_has_ah()))
		return "the kernel of its host has no AH (modules esp4, ah4), without which there is no transform_protocol 'ah': use one that has, or 'esp'";
	if (config->transport && !kernel_has_esp())
		return "the kernel of its host has no ESP (module esp4), without which there is no encapsulation_mode 'transport': use one that has, or 'tunnel'";
	return NULL;
}

static bool is_due(const struct document_ipsec *config, const struct connection *connection)
{
	return !ipsec_lacks(config) && !config->response_only &&
	       !(config->dpd == DPD_CLEAR && connection->was_up) &&
	       g_get_monotonic_time() >= connection->next_us;
}

/* Charon has listed all. */
static void judge(struct ipsec *ipsec)
{
	GHashTableIter iter;
	gpointer name, value;

	if (!ipsec->document)
		return;
	g_hash_table_iter_init(&iter, ipsec->connections);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		const struct document_ipsec *config = config_of(ipsec, name);
		struct connection *connection = value;
		bool up = connection->installed >= connection->wanted;

		if (up != connection->up)
			log_info("ipsec connection %s is %s", (const char *)name,
				up ? "up" : "down");
		if (up)
			g_clear_pointer(&connection->reason, g_free);
		else if (connection->up)
			connection_set_reason(
				connection, "the peer has ended it, or does not answer");
		if (connection->installed > connection->before)
			connection->next_us = 0;
		connection->up = up;
		connection->bytes_in = connection->listed_in;
		connection->bytes_out = connection->listed_out;
		connection->was_up |= up;
		connection->asked = !up && is_due(config, connection);
	}
	begin_next(ipsec);
}

static void on_answer(struct ipsec *ipsec)
{
	int awaited = ipsec->awaited;

	ipsec->awaited = NOTHING;
	if (awaited == LIST)
		judge(ipsec);
	else if (awaited == CHANGE)
		begin_next(ipsec);
}

static void on_packet(struct ipsec *ipsec, const u8 *packet, size_t len)
{
	struct vici_reader reader;

	if (!vici_read(&reader, packet, len))
		return;
	if (reader.type == VICI_EVENT && !strcmp(reader.event, "list-sa"))
		charon_read_list(ipsec->connections, &reader);
	else if (reader.type == VICI_EVENT && !strcmp(reader.event, "log"))
		charon_read_log(ipsec->connections, &reader);
	else if (reader.type == VICI_RESPONSE || reader.type == VICI_UNKNOWN)
		on_answer(ipsec);
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
	struct ipsec *ipsec = data;
	u8 bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	gssize len = 0;

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n > 0)
		g_byte_array_append(ipsec->input, bytes, (guint)n);
	while (n > 0 && ipsec->fd >= 0 &&
		(len = vici_packet(ipsec->input->data, ipsec->input->len)) > 0) {
		g_autofree u8 *packet = g_memdup2(ipsec->input->data, (gsize)len);

		g_byte_array_remove_range(ipsec->input, 0, (guint)len);
		on_packet(ipsec, packet, (size_t)len);
	}
	if (n <= 0 || len < 0)
		lose(ipsec);
	return ipsec->fd < 0 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* False: charon does not listen yet. */
static bool connect_charon(struct ipsec *ipsec)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *path = g_build_filename(ipsec->folder, "charon.vici", NULL);

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
		return false;
	ipsec->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ipsec->fd < 0)
		return false;
	if (connect(ipsec->fd, (const struct sockaddr *)&address, sizeof(address))) {
		close(ipsec->fd);
		ipsec->fd = -1;
		return false;
	}
	g_unix_set_fd_nonblocking(ipsec->fd, TRUE, NULL);
	ipsec->watch = g_unix_fd_add(ipsec->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, ipsec);
	return send_packet(ipsec, vici_new(VICI_REGISTER, "list-sa")) &&
	       send_packet(ipsec, vici_new(VICI_REGISTER, "log"));
}

static bool load(struct ipsec *ipsec, GError **error)
{
	g_autofree char *settings =
		g_strdup_printf("STRONGSWAN_CONF=%s/strongswan.conf", ipsec->folder);
	g_autofree char *file = g_build_filename(ipsec->folder, "swanctl.conf", NULL);
	g_autofree char *uri = g_strdup_printf("unix://%s/charon.vici", ipsec->folder);
	const char *const argv[] = { "env", settings, "swanctl", "--load-all", "--noprompt",
		"--debug", "0", "--file", file, "--uri", uri, NULL };

	ipsec->loaded = program_run(argv, NULL, error);
	return ipsec->loaded;
}

static void look(struct ipsec *ipsec)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, ipsec->connections);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct connection *connection = value;

		memset(connection->children, 0, sizeof(connection->children));
		connection->before = connection->installed;
		connection->installed = 0;
		connection->listed_in = connection->listed_out = 0;
	}
	request(ipsec, vici_new(VICI_REQUEST, "list-sas"), LIST);
}

bool ipsec_step(struct ipsec *ipsec, GError **error)
{
	if (!ipsec->document || !ipsec->document->ipsec->len)
		return true;
	if (ipsec->fd < 0 && !connect_charon(ipsec))
		return weft_fail(error, UNAVAILABLE, "charon does not answer");
	if (!ipsec->loaded && !load(ipsec, error))
		return false;
	if (ipsec->awaited != NOTHING)
		return true;
	if (ipsec->ending->len)
		end_one(ipsec);
	else
		look(ipsec);
	return true;
}

void ipsec_append(const struct ipsec *ipsec, struct json_writer *w)
{
	jw_begin_array(w);
	for (guint i = 0; ipsec->document && i < ipsec->document->ipsec->len; i++) {
		const struct document_ipsec *one =
			&g_array_index(ipsec->document->ipsec, struct document_ipsec, i);
		const struct connection *connection =
			g_hash_table_lookup(ipsec->connections, one->name);
		const char *lacks = ipsec_lacks(one);

		jw_begin_object(w);
		jw_member_string(w, "name", one->name);
		jw_member_string(w, "status", lacks ? "ERROR" : connection->up ? "ACTIVE" : "DOWN");
		jw_member_string(w, "status_reason", lacks ?: connection->reason);
		jw_member_string(w, "data_path", kernel_has_esp() ? "kernel" : "user space");
		jw_member_int(w, "rx_bytes", (s64)connection->bytes_in);
		jw_member_int(w, "tx_bytes", (s64)connection->bytes_out);
		jw_end_object(w);
	}
	jw_end_array(w);
}
