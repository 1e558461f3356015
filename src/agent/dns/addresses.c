/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that a resolver's reply gives to the name that was asked for. */
#include <string.h>

#include "agent/dns/wire.h"

static void take_address(const struct reader *data, u16 type, u32 ttl_s, GArray *ret)
{
	size_t len = (size_t)(data->end - data->p);
	struct dns_address address = { .ttl_s = ttl_s };

	address.ip.family = type == DNS_A ? 4 : 6;
	if (len != (type == DNS_A ? 4 : 16))
		return;
	memcpy(address.ip.b, data->p, len);
	g_array_append_val(ret, address);
}

static void add_name(GHashTable *names, const char *name, u32 ttl_s)
{
	g_hash_table_replace(names, g_strdup(name), GUINT_TO_POINTER(ttl_s));
}

/* One record of the answer; @names: those that stand for what was asked for, and for how long. */
static bool take_record(
	struct reader *r, const struct reader *message, GHashTable *names, GArray *ret)
{
	char owner[NAME_SIZE], target[NAME_SIZE];
	struct reader data;
	gpointer name_ttl_s;
	u16 type, class;
	u32 ttl_s;

	read_name(r, message, owner);
	type = read_u16(r);
	class = read_u16(r);
	ttl_s = read_u32(r);
	data = read_part(r, read_u16(r));
	if (r->failed)
		return false;
	if (class != DNS_CLASS_IN || !g_hash_table_lookup_extended(names, owner, NULL, &name_ttl_s))
		return true;
	ttl_s = MIN(ttl_s, GPOINTER_TO_UINT(name_ttl_s));
	if (type == DNS_A || type == DNS_AAAA)
		take_address(&data, type, ttl_s, ret);
	if (type != DNS_CNAME)
		return true;
	read_name(&data, message, target);
	if (!data.failed)
		add_name(names, target, ttl_s);
	return !data.failed;
}

bool dns_read_addresses(const u8 *message, size_t len, char ret_name[static NAME_SIZE], GArray *ret)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct reader r = reader_of(message, len), whole = r;
	u16 flags, questions, answers;

	read_u16(&r);
	flags = read_u16(&r);
	questions = read_u16(&r);
	answers = read_u16(&r);
	read_u32(&r);
	if (r.failed || !(flags & DNS_RESPONSE) || flags & DNS_RCODE || questions != 1)
		return false;
	read_name(&r, &whole, ret_name);
	read_u32(&r);
	if (r.failed)
		return false;
	add_name(names, ret_name, G_MAXUINT32);
	for (; answers; answers--)
		if (!take_record(&r, &whole, names, ret))
			return false;
	return true;
}
