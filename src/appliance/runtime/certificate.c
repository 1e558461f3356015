/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/certificate.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BEFORE_S 3600
#define VERSION 3
#define SERIAL_BYTES 16

static const char *const files[] = { CERTIFICATE_FILE, CERTIFICATE_CLIENT };

static char *text_of(const gnutls_datum_t *datum)
{
	return g_strndup((const char *)datum->data, datum->size);
}

static int describe(gnutls_x509_crt_t crt, const char *name, const char *purpose, s64 end_s)
{
	s64 begin_s = g_get_real_time() / G_USEC_PER_SEC - BEFORE_S;
	u8 serial[SERIAL_BYTES];
	int failed = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] &= 0x7f; /* a positive number */
	if (!failed)
		failed = gnutls_x509_crt_set_version(crt, VERSION);
	if (!failed)
		failed = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (!failed)
		failed = gnutls_x509_crt_set_activation_time(crt, begin_s);
	if (!failed)
		failed = gnutls_x509_crt_set_expiration_time(crt, end_s);
	if (!failed)
		failed = gnutls_x509_crt_set_dn_by_oid(
			crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));
	if (!failed)
		failed = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
			CERTIFICATE_NAME, strlen(CERTIFICATE_NAME), GNUTLS_FSAN_SET);
	if (!failed)
		failed = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (!failed)
		failed = gnutls_x509_crt_set_key_purpose_oid(crt, purpose, 0);
	return failed;
}

static int make(gnutls_x509_privkey_t key, gnutls_x509_crt_t crt, char **ret, char **ret_key)
{
	gnutls_datum_t text = { 0 }, key_text = { 0 };
	int failed = gnutls_x509_crt_set_key(crt, key);

	if (!failed)
		failed = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	if (!failed)
		failed = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text);
	if (!failed)
		failed = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_text);
	if (!failed) {
		*ret = text_of(&text);
		*ret_key = text_of(&key_text);
	}
	gnutls_free(text.data);
	gnutls_free(key_text.data);
	return failed;
}

/* One that has signed itself, with a key of its own. */
static bool make_one(const char *name, const char *purpose, s64 end_s, char **ret, char **ret_key,
	GError **error)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	int failed = gnutls_x509_privkey_init(&key);

	if (!failed)
		failed = gnutls_x509_crt_init(&crt);
	if (!failed)
		failed = gnutls_x509_privkey_generate(
			key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (!failed)
		failed = describe(crt, name, purpose, end_s);
	if (!failed)
		failed = make(key, crt, ret, ret_key);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return !failed ||
	       weft_fail(error, INTERNAL, "make a certificate: %s", gnutls_strerror(failed));
}

struct certificates *certificates_make(const char *id, s64 end_s, GError **error)
{
	g_autoptr(certificates) certificates = g_new0(struct certificates, 1);
	g_autofree char *client = g_strconcat("controller of ", id, NULL);

	certificates->end_s = end_s;
	if (make_one(id, GNUTLS_KP_TLS_WWW_SERVER, end_s, &certificates->own,
		    &certificates->own_key, error) &&
		make_one(client, GNUTLS_KP_TLS_WWW_CLIENT, end_s, &certificates->client,
			&certificates->client_key, error))
		return g_steal_pointer(&certificates);
	return NULL;
}

void certificates_free(struct certificates *certificates)
{
	g_free(certificates->own);
	g_free(certificates->own_key);
	g_free(certificates->client);
	g_free(certificates->client_key);
	g_free(certificates);
}

static char *path_of(const char *folder, const char *name, const char *suffix)
{
	g_autofree char *file = g_strconcat(name, suffix, NULL);

	return g_build_filename(folder, file, NULL);
}

bool certificates_save(const struct certificates *certificates, const char *folder,
	const char *suffix, GError **error)
{
	g_autofree char *client = g_strconcat(certificates->client, certificates->client_key, NULL);
	const char *const texts[] = { certificates->own, client };
	bool ok = true;

	for (size_t i = 0; ok && i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = path_of(folder, files[i], suffix);

		ok = g_file_set_contents_full(
			path, texts[i], -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
	}
	return ok;
}

bool certificates_turn(const char *folder, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *next = path_of(folder, files[i], CERTIFICATE_NEXT);
		g_autofree char *path = path_of(folder, files[i], "");

		if (rename(next, path))
			return weft_fail_errno(error, errno, "rename %s", next);
	}
	return true;
}

void certificates_remove(const char *folder)
{
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *next = path_of(folder, files[i], CERTIFICATE_NEXT);
		g_autofree char *path = path_of(folder, files[i], "");

		unlink(next);
		unlink(path);
	}
}
