/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules about domain names learn of a hostile resolver: the input is its reply. Whatever that
 * is, the name is one that can be looked up, each address takes a record of the reply, and a reply
 * that is cut short anywhere gives none that the whole one does not give.
 */
#include <glib.h>

#include "agent/dns/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD_BYTES 15 /* the least: a name, type, class, TTL, length, address */

static GArray *read_all(const uint8_t *data, size_t size, char name[static NAME_SIZE], bool *ret_ok)
{
	GArray *addresses = g_array_new(FALSE, FALSE, sizeof(struct dns_address));

	memset(name, 'A', NAME_SIZE); /* no end, unless one is written; no lower case */
	*ret_ok = dns_read_addresses(data, size, name, addresses);
	return addresses;
}

static void check_name(const char *name)
{
	size_t len = strnlen(name, NAME_SIZE);

	g_assert_cmpuint(len, <, NAME_SIZE);
	for (size_t i = 0; i < len; i++) {
		g_assert_true(name[i] > ' ' && name[i] < 0x7f);
		g_assert_false(g_ascii_isupper(name[i]));
	}
}

static void check_cut(const uint8_t *data, size_t size, const char *whole, const GArray *all)
{
	g_autofree uint8_t *part = g_memdup2(data, size); /* its end is where the reply ends */
	char name[NAME_SIZE];
	bool ok;
	g_autoptr(GArray) some = read_all(part, size, name, &ok);

	g_assert_cmpuint(some->len, <=, all->len);
	g_assert_true(!some->len ||
		      !memcmp(some->data, all->data, some->len * sizeof(struct dns_address)));
	g_assert_true(!ok || !strcmp(name, whole));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[NAME_SIZE];
	bool ok;
	g_autoptr(GArray) addresses = NULL;

	if (!size)
		return 0;
	addresses = read_all(data, size, name, &ok);

	g_assert_cmpuint(addresses->len, <=, size / RECORD_BYTES);
	for (guint i = 0; i < addresses->len; i++) {
		u8 family = g_array_index(addresses, struct dns_address, i).ip.family;

		g_assert_true(family == 4 || family == 6);
	}
	if (!ok)
		return 0;
	check_name(name);
	for (size_t cut = size > 64 ? size - 64 : 1; cut < size; cut++)
		check_cut(data, cut, name, addresses);
	return 0;
}
