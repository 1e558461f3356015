/* SPDX-License-Identifier: Apache-2.0 */
/* What has to do with security, one line each in the log: what, by whom, from where. */
#include <stdarg.h>

#include "base/log.h"
#include "controller/identity/identity_impl.h"

/* " by user U with token A"; nothing for who shows no token. */
static char *bearer_of(const struct visit *visit)
{
	const struct subject *subject = &visit->subject;
	char user[UUID_STRLEN], token[UUID_STRLEN], trust[UUID_STRLEN];
	bool by_trust = !uuid_is_zero(&subject->token.trust);

	if (!uuid_is_zero(&subject->token.user))
		return g_strdup_printf(" by user %s with token %s%s%s",
			uuid_format(&subject->token.user, user),
			uuid_format(&subject->token.audit, token), by_trust ? " of trust " : "",
			by_trust ? uuid_format(&subject->token.trust, trust) : "");
	return g_strdup(subject->rank ? " by a token of the configuration" : "");
}

void audit(const struct visit *visit, const char *format, ...)
{
	g_autofree char *what = NULL, *by = bearer_of(visit);
	g_autofree char *source = source_of(visit->call.request);
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	log_info("audit: %s%s from %s", what, by, source);
}
