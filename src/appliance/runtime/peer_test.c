/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of a machine's socket, with real TLS between them: who takes whom for whom. */
#include "appliance/runtime/peer.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "appliance/controllers.h"
#include "appliance/runtime/certificate.h"
#include "appliance/runtime/folder.h"
#include "http/server.h"

#define ID "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001"
#define OTHER_ID "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0002"

struct bed {
	char *folder;
	struct http_server *server;
	struct controllers *controllers;
	SoupSession *session;
	bool done;
	char *said; /* its answer, or why there is none */
};

static struct certificates *valid_for(const char *id, s64 lifetime_s)
{
	struct certificates *made =
		certificates_make(id, g_get_real_time() / G_USEC_PER_SEC + lifetime_s, NULL);

	assert_non_null(made);
	return made;
}

static void save(const struct bed *bed, const char *name, const char *text, const char *more)
{
	g_autofree char *path = g_build_filename(bed->folder, name, NULL);
	g_autofree char *both = g_strconcat(text, more, NULL);

	assert_true(g_file_set_contents(path, both, -1, NULL));
}

static char *path_in(const struct bed *bed, const char *name)
{
	return g_build_filename(bed->folder, name, NULL);
}

static void handle(struct http_request *request, void *user)
{
	g_autoptr(GError) error = NULL;
	struct bed *bed = user;
	size_t len;
	const u8 *shown = http_request_certificate(request, &len);
	bool ok = controllers_check(
		bed->controllers, shown, len, g_get_real_time() / G_USEC_PER_SEC, &error);

	http_request_answer(request, ok ? 200 : 401, "text/plain",
		g_string_new(ok ? "welcome" : error->message));
}

/* An appliance that has @own, and knows @client for its controller. */
static struct bed *bed_new(const struct certificates *own, const struct certificates *client)
{
	struct bed *bed = g_new0(struct bed, 1);
	g_autofree char *certificate = NULL, *key = NULL, *controller = NULL, *listen = NULL;

	bed->folder = g_dir_make_tmp("peer-XXXXXX", NULL);
	certificate = path_in(bed, "server.pem");
	key = path_in(bed, "server-key.pem");
	controller = path_in(bed, "controller.pem");
	save(bed, "server.pem", own->own, "");
	save(bed, "server-key.pem", own->own_key, "");
	save(bed, "controller.pem", client->client, "");
	save(bed, "credential", "0123456789abcdef", "");
	listen = g_strdup_printf("fd:%d", folder_listen(bed->folder, NULL));
	bed->controllers = controllers_new(client->client, NULL);
	bed->server = http_server_new(&(struct http_server_config){ .listen = listen,
					      .tls_cert = certificate,
					      .tls_key = key,
					      .tls_client_cert = controller,
					      .handler = handle,
					      .user = bed },
		NULL);
	assert_non_null(bed->controllers);
	assert_non_null(bed->server);
	bed->session = peer_session(bed->folder, 10);
	return bed;
}

static void bed_free(struct bed *bed)
{
	const char *name;
	GDir *dir = g_dir_open(bed->folder, 0, NULL);

	g_object_unref(bed->session);
	http_server_free(bed->server);
	controllers_free(bed->controllers);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = path_in(bed, name);

		g_unlink(path);
	}
	g_dir_close(dir);
	g_rmdir(bed->folder);
	g_free(bed->folder);
	g_free(bed->said);
	g_free(bed);
}

static void answered(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	SoupMessage *message = soup_session_get_async_result_message(SOUP_SESSION(source), result);
	g_autoptr(GBytes) bytes =
		soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
	struct bed *bed = data;

	g_free(bed->said);
	bed->said = error ? g_strdup(peer_problem(message) ?: error->message)
			  : g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	bed->done = true;
}

static void assert_says(struct bed *bed, const char *part)
{
	g_autoptr(SoupMessage) message = peer_message(bed->session, bed->folder, "GET", "/");

	bed->done = false;
	soup_session_send_and_read_async(
		bed->session, message, G_PRIORITY_DEFAULT, NULL, answered, bed);
	while (!bed->done)
		g_main_context_iteration(NULL, TRUE);
	if (!strstr(bed->said, part))
		fail_msg("\"%s\" is not in \"%s\"", part, bed->said);
}

static void test_both_are_known(void **state)
{
	g_autoptr(certificates) pair = valid_for(ID, 3600);
	struct bed *bed = bed_new(pair, pair);

	(void)state;
	assert_true(certificates_save(pair, bed->folder, "", NULL));
	assert_says(bed, "welcome");
	bed_free(bed);
}

/* The same name is not enough, and another one is said. */
static void test_another_appliance(void **state)
{
	g_autoptr(certificates) pair = valid_for(ID, 3600), same_name = valid_for(ID, 3600);
	g_autoptr(certificates) other = valid_for(OTHER_ID, 3600);
	struct bed *bed = bed_new(other, pair);

	(void)state;
	assert_true(certificates_save(pair, bed->folder, "", NULL));
	assert_says(bed, "another certificate than its own, that of \"CN=" OTHER_ID "\"");
	assert_true(
		http_server_set_certificate(bed->server, same_name->own, same_name->own_key, NULL));
	assert_says(bed, "another certificate than its own, that of \"CN=" ID "\"");
	bed_free(bed);
}

/* It is no reason to talk in clear text. */
static void test_certificate_that_is_none(void **state)
{
	g_autoptr(certificates) pair = valid_for(ID, 3600);
	struct bed *bed = bed_new(pair, pair);

	(void)state;
	save(bed, CERTIFICATE_FILE, "nonsense", "");
	save(bed, CERTIFICATE_CLIENT, pair->client, pair->client_key);
	assert_says(bed, "another certificate than its own, that of \"CN=" ID "\"");
	bed_free(bed);
}

static void test_expired(void **state)
{
	g_autoptr(certificates) ended = valid_for(ID, -5), pair = valid_for(ID, 3600);
	struct bed *bed = bed_new(ended, pair);

	(void)state;
	save(bed, CERTIFICATE_FILE, ended->own, "");
	save(bed, CERTIFICATE_CLIENT, pair->client, pair->client_key);
	assert_says(bed, "its certificate has expired, at 2");
	bed_free(bed);
}

static void test_another_controller(void **state)
{
	g_autoptr(certificates) pair = valid_for(ID, 3600), other = valid_for(ID, 3600);
	struct bed *bed = bed_new(pair, pair);

	(void)state;
	save(bed, CERTIFICATE_FILE, pair->own, "");
	assert_says(bed, "The controller's certificate must be shown by TLS; none was.");
	bed_free(bed);
	bed = bed_new(pair, pair);
	save(bed, CERTIFICATE_FILE, pair->own, "");
	save(bed, CERTIFICATE_CLIENT, other->client, other->client_key);
	assert_says(bed, "\"CN=controller of " ID "\", is not that of this appliance's controller");
	bed_free(bed);
}

static void test_expired_controller(void **state)
{
	g_autoptr(certificates) pair = valid_for(ID, 3600), ended = valid_for(ID, -5);
	struct bed *bed = bed_new(pair, ended);

	(void)state;
	save(bed, CERTIFICATE_FILE, pair->own, "");
	save(bed, CERTIFICATE_CLIENT, ended->client, ended->client_key);
	assert_says(bed, "The controller's certificate has expired, at 2");
	bed_free(bed);
}

/* Nobody is refused at any moment, and nobody is known for ever. */
static void test_renewal(void **state)
{
	g_autoptr(certificates) first = valid_for(ID, 3600), second = valid_for(ID, 3600);
	g_autoptr(certificates) third = valid_for(ID, 3600);
	struct bed *bed = bed_new(first, first);

	(void)state;
	assert_true(certificates_save(first, bed->folder, "", NULL));
	assert_says(bed, "welcome");
	assert_true(certificates_save(second, bed->folder, CERTIFICATE_NEXT, NULL));
	assert_says(bed, "welcome");
	assert_true(controllers_add(bed->controllers, second->client, NULL));
	assert_true(controllers_add(bed->controllers, second->client, NULL));
	assert_true(http_server_set_certificate(bed->server, second->own, second->own_key, NULL));
	assert_says(bed, "welcome");
	soup_session_abort(bed->session); /* a handshake, with the old ones of ours */
	assert_says(bed, "welcome");
	assert_true(certificates_turn(bed->folder, NULL));
	assert_says(bed, "welcome");
	assert_true(controllers_add(bed->controllers, third->client, NULL));
	assert_says(bed, "welcome");
	save(bed, CERTIFICATE_CLIENT, first->client, first->client_key);
	assert_says(bed, "is not that of this appliance's controller");
	assert_false(http_server_set_certificate(bed->server, first->own, third->own_key, NULL));
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_are_known),
		cmocka_unit_test(test_another_appliance),
		cmocka_unit_test(test_certificate_that_is_none),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_another_controller),
		cmocka_unit_test(test_expired_controller),
		cmocka_unit_test(test_renewal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
