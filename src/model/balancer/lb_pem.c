/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_pem.h"

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define NAMES_MAX 100

/* What is taken apart, and given back by clear(). */
struct parts {
	gnutls_x509_crt_t *certificates;
	unsigned n;
	gnutls_x509_privkey_t key;
	gnutls_certificate_credentials_t pair;
};

static void clear(struct parts *parts)
{
	for (unsigned i = 0; i < parts->n; i++)
		gnutls_x509_crt_deinit(parts->certificates[i]);
	gnutls_free(parts->certificates);
	if (parts->key)
		gnutls_x509_privkey_deinit(parts->key);
	if (parts->pair)
		gnutls_certificate_free_credentials(parts->pair);
}

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text, (unsigned)strlen(text) };
}

static bool read_chain(const char *text, struct parts *parts)
{
	gnutls_datum_t pem = datum(text);

	return gnutls_x509_crt_list_import2(
		       &parts->certificates, &parts->n, &pem, GNUTLS_X509_FMT_PEM, 0) >= 0;
}

static bool read_key(const char *text, struct parts *parts)
{
	gnutls_datum_t pem = datum(text);

	return gnutls_x509_privkey_init(&parts->key) >= 0 &&
	       gnutls_x509_privkey_import2(
		       parts->key, &pem, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN) >= 0;
}

static bool is_pair(struct parts *parts)
{
	return gnutls_certificate_allocate_credentials(&parts->pair) >= 0 &&
	       gnutls_certificate_set_x509_key(
		       parts->pair, parts->certificates, (int)parts->n, parts->key) >= 0;
}

static bool is_strong(gnutls_x509_crt_t certificate)
{
	unsigned bits = 0;
	int key = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);
	int signature = gnutls_x509_crt_get_signature_algorithm(certificate);

	return key >= 0 && signature >= 0 &&
	       gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)key, bits) >=
		       GNUTLS_SEC_PARAM_MEDIUM &&
	       gnutls_sign_is_secure((gnutls_sign_algorithm_t)signature);
}

static bool are_strong(const struct parts *parts)
{
	for (unsigned i = 0; i < parts->n; i++)
		if (!is_strong(parts->certificates[i]))
			return false;
	return true;
}

static bool check(const char *chain, const char *key, struct parts *parts, GError **error)
{
	if (!read_chain(chain, parts))
		return weft_fail(error, BAD_REQUEST,
			"certificate is no PEM text of a certificate and those that it is signed by.");
	if (!read_key(key, parts))
		return weft_fail(error, BAD_REQUEST,
			"private_key is no PEM text of a private key without a password.");
	if (!is_pair(parts))
		return weft_fail(
			error, BAD_REQUEST, "private_key is not the key of the first certificate.");
	return are_strong(parts) ||
	       weft_fail(error, BAD_REQUEST,
		       "certificate has a key or a signature that is too weak: give RSA of at least 2048 bits, or EC of at least 256, signed with SHA-2.");
}

static char *taken(gnutls_datum_t *out)
{
	char *text = g_strndup((char *)out->data, out->size);

	gnutls_free(out->data);
	return text;
}

static char *write_chain(const struct parts *parts)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < parts->n; i++) {
		gnutls_datum_t out = { 0 };
		g_autofree char *one = NULL;

		if (gnutls_x509_crt_export2(parts->certificates[i], GNUTLS_X509_FMT_PEM, &out) >= 0)
			one = taken(&out);
		g_string_append(text, one ?: "");
	}
	return g_string_free(text, FALSE);
}

bool lb_pem_check(
	const char *chain, const char *key, char **ret_chain, char **ret_key, GError **error)
{
	struct parts parts = { 0 };
	gnutls_datum_t out = { 0 };
	bool ok = check(chain, key, &parts, error);

	if (ok && gnutls_x509_privkey_export2_pkcs8(
			  parts.key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &out) < 0)
		ok = weft_fail(error, BAD_REQUEST,
			"private_key is of a kind that can't be written as PKCS #8.");
	if (ok) {
		*ret_chain = write_chain(&parts);
		*ret_key = taken(&out);
	}
	clear(&parts);
	return ok;
}

json_t *lb_pem_names(const char *chain)
{
	struct parts parts = { 0 };
	json_t *names = json_array();
	bool there = read_chain(chain, &parts);

	for (unsigned i = 0; there && i < NAMES_MAX; i++) {
		char name[256];
		size_t size = sizeof(name) - 1;
		int kind = gnutls_x509_crt_get_subject_alt_name(
			parts.certificates[0], i, name, &size, NULL);

		if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		name[MIN(size, sizeof(name) - 1)] = '\0';
		if (kind == GNUTLS_SAN_DNSNAME)
			json_array_append_new(names, json_string(name));
	}
	clear(&parts);
	return names;
}

s64 lb_pem_not_after(const char *chain)
{
	struct parts parts = { 0 };
	s64 not_after = read_chain(chain, &parts)
				? gnutls_x509_crt_get_expiration_time(parts.certificates[0])
				: 0;

	clear(&parts);
	return MAX(not_after, 0);
}
