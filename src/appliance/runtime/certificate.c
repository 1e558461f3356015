/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/certificate.h"

#include <errno.h>
#include <sys/stat.h>

#include "appliance/program.h"

#define DAYS "36500"

bool certificate_make(const char *certificate, const char *key, GError **error)
{
	const char *const argv[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:prime256v1", "-nodes", "-days", DAYS, "-subj",
		"/CN=" CERTIFICATE_NAME, "-addext", "subjectAltName=DNS:" CERTIFICATE_NAME,
		"-keyout", key, "-out", certificate, NULL };
	mode_t mask = umask(077);
	bool ok = program_run(argv, NULL, error);

	umask(mask);
	return ok;
}
