/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate that a server shows, which may be changed as it runs, and what a client has
 * shown. Inside of src/http. */
#pragma once

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include "base/error.h"

struct http_tls;

/* PEM texts. An error says what is wrong with them. */
struct http_tls *http_tls_new(const char *certificate, const char *key, GError **error);
void http_tls_free(struct http_tls *tls);
/* For handshakes from now on. */
bool http_tls_change(
	struct http_tls *tls, const char *certificate, const char *key, GError **error);

/* GnuTLS's callback (gnutls_certificate_retrieve_function2): the server's of this session. */
int http_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *names, int n_names,
	const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **ret,
	unsigned *ret_len, gnutls_privkey_t *ret_key);
