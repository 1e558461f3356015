/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/sign.h"

#include <string.h>

char *provider_sign(const char *secret, const struct provider_signed *what)
{
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)secret, strlen(secret));
	g_autofree char *head = g_strdup_printf(
		"%" G_GINT64_FORMAT ".%s.%s.", what->timestamp, what->event, what->digest ?: "");
	char *text;

	g_hmac_update(hmac, (const guchar *)head, -1);
	g_hmac_update(hmac, (const guchar *)what->body, -1);
	text = g_strconcat("sha256=", g_hmac_get_string(hmac), NULL);
	g_hmac_unref(hmac);
	return text;
}
