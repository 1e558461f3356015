/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/peer.h"

#include <gio/gunixsocketaddress.h>

#include "appliance/runtime/certificate.h"

#define PROBLEM "weft-problem"
#define EXPECTED "weft-expected"
#define CLIENT "weft-client"

SoupSession *peer_session(const char *folder, unsigned timeout_s)
{
	g_autofree char *socket = g_build_filename(folder, "api.sock", NULL);
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket);

	return soup_session_new_with_options(
		"remote-connectable", address, "timeout", timeout_s, NULL);
}

static GTlsCertificate *load(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return g_tls_certificate_new_from_file(path, NULL);
}

/* Why it is not to be trusted now, g_free(); NULL: it is. */
static char *judge_time(GTlsCertificate *shown)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autoptr(GDateTime) begin = g_tls_certificate_get_not_valid_before(shown);
	g_autoptr(GDateTime) end = g_tls_certificate_get_not_valid_after(shown);
	bool early = begin && g_date_time_compare(now, begin) < 0;
	g_autofree char *text = end ? g_date_time_format_iso8601(early ? begin : end) : NULL;

	if (early)
		return g_strdup_printf("its certificate is not valid before %s", text);
	if (!end || g_date_time_compare(now, end) > 0)
		return g_strdup_printf("its certificate has expired, at %s", text);
	return NULL;
}

/* The same certificate is the same name, number and key. */
static char *judge(const GPtrArray *expected, GTlsCertificate *shown)
{
	g_autofree char *name = g_tls_certificate_get_subject_name(shown);
	bool is_known = false;

	for (guint i = 0; i < expected->len; i++)
		is_known |= g_tls_certificate_is_same(shown, g_ptr_array_index(expected, i));
	if (!is_known)
		return g_strdup_printf("it shows another certificate than its own, that of \"%s\"",
			name ?: "nobody");
	return judge_time(shown);
}

/* It has signed itself, so all that is asked is whether it is that one. */
static gboolean is_expected(
	SoupMessage *message, GTlsCertificate *shown, GTlsCertificateFlags errors, gpointer data)
{
	const GPtrArray *expected = g_object_get_data(G_OBJECT(message), EXPECTED);
	char *problem = judge(expected, shown);

	(void)errors, (void)data;
	g_object_set_data_full(G_OBJECT(message), PROBLEM, problem, g_free);
	return !problem;
}

/* Connections that were made with another certificate than this are not used any more. */
static void show(SoupSession *session, SoupMessage *message, GTlsCertificate *client)
{
	GTlsCertificate *before = g_object_get_data(G_OBJECT(session), CLIENT);

	if (before && !g_tls_certificate_is_same(before, client))
		soup_session_abort(session);
	g_object_set_data_full(G_OBJECT(session), CLIENT, g_object_ref(client), g_object_unref);
	soup_message_set_tls_client_certificate(message, client);
}

/* Its own certificate, and the one that it may have been told of by now. */
static GPtrArray *load_expected(const char *folder)
{
	static const char *const names[] = { CERTIFICATE_FILE, CERTIFICATE_FILE CERTIFICATE_NEXT };
	GPtrArray *expected = g_ptr_array_new_with_free_func(g_object_unref);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		GTlsCertificate *one = load(folder, names[i]);

		if (one)
			g_ptr_array_add(expected, one);
	}
	return expected;
}

SoupMessage *peer_message(
	SoupSession *session, const char *folder, const char *method, const char *path)
{
	g_autoptr(GPtrArray) expected = load_expected(folder);
	g_autoptr(GTlsCertificate) client = load(folder, CERTIFICATE_CLIENT);
	g_autofree char *file = g_build_filename(folder, "credential", NULL);
	g_autofree char *own = g_build_filename(folder, CERTIFICATE_FILE, NULL);
	/* One that can't be read is no machine's: it is not told our credential in clear text. */
	bool has_tls = g_file_test(own, G_FILE_TEST_EXISTS);
	g_autofree char *url =
		g_strconcat(has_tls ? "https" : "http", "://" CERTIFICATE_NAME, path, NULL);
	g_autofree char *credential = NULL, *bearer = NULL;
	SoupMessage *message = soup_message_new(method, url);

	g_file_get_contents(file, &credential, NULL, NULL); /* without it, it refuses us */
	bearer = g_strconcat("Bearer ", credential ? g_strstrip(credential) : "", NULL);
	soup_message_headers_replace(
		soup_message_get_request_headers(message), "Authorization", bearer);
	if (client)
		show(session, message, client);
	g_object_set_data_full(G_OBJECT(message), EXPECTED, g_steal_pointer(&expected),
		(GDestroyNotify)g_ptr_array_unref);
	g_signal_connect(message, "accept-certificate", G_CALLBACK(is_expected), NULL);
	return message;
}

const char *peer_problem(SoupMessage *message)
{
	return g_object_get_data(G_OBJECT(message), PROBLEM);
}
