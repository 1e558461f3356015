/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and prefixes as text: what parses must print, and the print must parse to the same. */
#include <glib.h>

#include "base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ip(const char *text)
{
	char buf[IP_STRLEN];
	struct ip ip, again;

	if (!ip_parse(text, &ip))
		return;
	g_assert_true(ip_parse(ip_format(&ip, buf), &again));
	g_assert_cmpint(ip_compare(&ip, &again), ==, 0);
}

static void check_prefix(const char *text)
{
	char buf[PREFIX_STRLEN];
	struct prefix prefix, again;

	if (!prefix_parse(text, &prefix))
		return;
	g_assert_true(prefix_parse(prefix_format(&prefix, buf), &again));
	g_assert_true(prefix_contains(&prefix, &prefix.ip));
	g_assert_cmpint(again.len, ==, prefix.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	char buf[MAC_STRLEN];
	struct mac mac;

	check_ip(text);
	check_prefix(text);
	if (mac_parse(text, &mac))
		g_assert_cmpuint(strlen(mac_format(&mac, buf)), ==, MAC_STRLEN - 1);
	return 0;
}
