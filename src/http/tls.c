/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <string.h>

#include "http/server_impl.h"

#define CHAIN_MAX 16
#define KEY_ID_BYTES 64

struct pair {
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
};

/* Those of before stay to the end: a handshake that is under way borrows one. */
struct http_tls {
	GPtrArray *pairs; /* struct pair; the last one is shown */
};

static void pair_free(gpointer data)
{
	struct pair *pair = data;

	for (unsigned i = 0; i < pair->n; i++)
		gnutls_pcert_deinit(&pair->chain[i]);
	gnutls_privkey_deinit(pair->key);
	g_free(pair);
}

static bool fits(const struct pair *pair)
{
	u8 shown[KEY_ID_BYTES] = { 0 }, own[KEY_ID_BYTES] = { 0 };
	size_t shown_len = sizeof(shown), own_len = sizeof(own);
	gnutls_pubkey_t public;
	bool ok;

	if (gnutls_pubkey_init(&public))
		return false;
	ok = !gnutls_pubkey_import_privkey(public, pair->key, 0, 0) &&
	     !gnutls_pubkey_get_key_id(public, 0, own, &own_len) &&
	     !gnutls_pubkey_get_key_id(pair->chain[0].pubkey, 0, shown, &shown_len) &&
	     own_len == shown_len && !memcmp(own, shown, own_len);
	gnutls_pubkey_deinit(public);
	return ok;
}

static struct pair *pair_new(const char *certificate, const char *key, GError **error)
{
	const gnutls_datum_t certificate_text = { (u8 *)certificate,
		(unsigned)strlen(certificate) };
	const gnutls_datum_t key_text = { (u8 *)key, (unsigned)strlen(key) };
	struct pair *pair = g_new0(struct pair, 1);
	unsigned n = CHAIN_MAX;

	if (!gnutls_privkey_init(&pair->key) &&
		!gnutls_privkey_import_x509_raw(
			pair->key, &key_text, GNUTLS_X509_FMT_PEM, NULL, 0) &&
		!gnutls_pcert_list_import_x509_raw(
			pair->chain, &n, &certificate_text, GNUTLS_X509_FMT_PEM, 0)) {
		pair->n = n;
		if (n && fits(pair))
			return pair;
	}
	pair_free(pair);
	weft_fail(error, INVALID_INPUT, "the TLS certificate and key don't fit, or are no PEM");
	return NULL;
}

struct http_tls *http_tls_new(const char *certificate, const char *key, GError **error)
{
	struct http_tls *tls = g_new0(struct http_tls, 1);

	tls->pairs = g_ptr_array_new_with_free_func(pair_free);
	if (http_tls_change(tls, certificate, key, error))
		return tls;
	http_tls_free(tls);
	return NULL;
}

void http_tls_free(struct http_tls *tls)
{
	g_ptr_array_unref(tls->pairs);
	g_free(tls);
}

bool http_tls_change(struct http_tls *tls, const char *certificate, const char *key, GError **error)
{
	struct pair *pair = pair_new(certificate, key, error);

	if (pair)
		g_ptr_array_add(tls->pairs, pair);
	return pair != NULL;
}

/* libmicrohttpd has the session know its connection. */
int http_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *names, int n_names,
	const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **ret,
	unsigned *ret_len, gnutls_privkey_t *ret_key)
{
	struct http_connection *connection = connection_of(gnutls_session_get_ptr(session));
	const GPtrArray *pairs = connection->server->tls->pairs;
	struct pair *pair = g_ptr_array_index(pairs, pairs->len - 1);

	(void)names, (void)n_names, (void)algorithms, (void)n_algorithms;
	*ret = pair->chain;
	*ret_len = pair->n;
	*ret_key = pair->key;
	return 0;
}

const u8 *http_request_certificate(const struct http_request *request, size_t *ret_len)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *chain = NULL;
	unsigned n = 0;

	*ret_len = 0;
	if (info && info->tls_session)
		chain = gnutls_certificate_get_peers(info->tls_session, &n);
	if (!chain || !n)
		return NULL;
	*ret_len = chain[0].size;
	return chain[0].data;
}
