/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

static const struct {
	unsigned status;
	const char *type;
} errors[] = {
#define X(code, status, type) [WEFT_ERROR_##code] = { status, type },
	WEFT_ERRORS(X)
#undef X
};

G_DEFINE_QUARK(weft - error, weft_error)

unsigned weft_error_status(const GError *error)
{
	if (error->domain != WEFT_ERROR || error->code < 0 || error->code >= WEFT_N_ERRORS)
		return 500;
	return errors[error->code].status;
}

const char *weft_error_type(const GError *error)
{
	if (error->domain != WEFT_ERROR || error->code < 0 || error->code >= WEFT_N_ERRORS)
		return errors[WEFT_ERROR_INTERNAL].type;
	return errors[error->code].type;
}

bool weft_fail_code(GError **error, enum weft_error code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error)
		*error = g_error_new_valist(WEFT_ERROR, (gint)code, format, args);
	va_end(args);
	return false;
}

bool weft_fail_errno(GError **error, int errnum, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_KERNEL, "%s: %s", what, g_strerror(errnum));
	return false;
}
