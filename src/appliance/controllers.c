/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/controllers.h"

#include <gnutls/x509.h>
#include <string.h>

#define KNOWN_MAX 2
#define NAME_MAX_CHARS 256

struct controllers {
	gnutls_x509_crt_t known[KNOWN_MAX]; /* the latest first; NULL: none */
};

static gnutls_x509_crt_t read_one(
	const void *data, size_t len, gnutls_x509_crt_fmt_t form, GError **error)
{
	const gnutls_datum_t datum = { (u8 *)data, (unsigned)len };
	gnutls_x509_crt_t certificate;
	int failed = gnutls_x509_crt_init(&certificate);

	if (failed)
		certificate = NULL;
	else
		failed = gnutls_x509_crt_import(certificate, &datum, form);
	if (!failed)
		return certificate;
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	weft_fail(error, INVALID_INPUT, "the controller's certificate is none: %s",
		gnutls_strerror(failed));
	return NULL;
}

struct controllers *controllers_new(const char *pem, GError **error)
{
	struct controllers *controllers = g_new0(struct controllers, 1);

	if (controllers_add(controllers, pem, error))
		return controllers;
	controllers_free(controllers);
	return NULL;
}

void controllers_free(struct controllers *controllers)
{
	for (unsigned i = 0; i < KNOWN_MAX; i++)
		if (controllers->known[i])
			gnutls_x509_crt_deinit(controllers->known[i]);
	g_free(controllers);
}

/* Told twice, it is no other. */
bool controllers_add(struct controllers *controllers, const char *pem, GError **error)
{
	gnutls_x509_crt_t added = read_one(pem, strlen(pem), GNUTLS_X509_FMT_PEM, error);

	if (!added)
		return false;
	if (controllers->known[0] && gnutls_x509_crt_equals(controllers->known[0], added)) {
		gnutls_x509_crt_deinit(added);
		return true;
	}
	if (controllers->known[KNOWN_MAX - 1])
		gnutls_x509_crt_deinit(controllers->known[KNOWN_MAX - 1]);
	memmove(controllers->known + 1, controllers->known,
		(KNOWN_MAX - 1) * sizeof(controllers->known[0]));
	controllers->known[0] = added;
	return true;
}

static bool is_valid_at(gnutls_x509_crt_t certificate, s64 now_s, GError **error)
{
	s64 begin_s = gnutls_x509_crt_get_activation_time(certificate);
	s64 end_s = gnutls_x509_crt_get_expiration_time(certificate);
	g_autoptr(GDateTime) time =
		g_date_time_new_from_unix_utc(now_s < begin_s ? begin_s : end_s);
	g_autofree char *text = time ? g_date_time_format_iso8601(time) : NULL;

	if (now_s < begin_s)
		return weft_fail(error, UNAUTHORIZED,
			"The controller's certificate is not valid before %s; here it is earlier.",
			text);
	return now_s <= end_s || weft_fail(error, UNAUTHORIZED,
					 "The controller's certificate has expired, at %s.", text);
}

static bool refuse_stranger(gnutls_x509_crt_t shown, GError **error)
{
	char name[NAME_MAX_CHARS] = "";
	size_t len = sizeof(name);

	gnutls_x509_crt_get_dn(shown, name, &len);
	return weft_fail(error, UNAUTHORIZED,
		"The certificate that was shown, \"%s\", is not that of this appliance's controller.",
		name);
}

bool controllers_check(
	const struct controllers *controllers, const u8 *der, size_t len, s64 now_s, GError **error)
{
	gnutls_x509_crt_t shown;
	bool is_known = false, ok;

	if (!der)
		return weft_fail(error, UNAUTHORIZED,
			"The controller's certificate must be shown by TLS; none was.");
	shown = read_one(der, len, GNUTLS_X509_FMT_DER, error);
	if (!shown)
		return false;
	for (unsigned i = 0; i < KNOWN_MAX && controllers->known[i]; i++)
		is_known |= gnutls_x509_crt_equals(controllers->known[i], shown) != 0;
	ok = is_known ? is_valid_at(shown, now_s, error) : refuse_stranger(shown, error);
	gnutls_x509_crt_deinit(shown);
	return ok;
}
