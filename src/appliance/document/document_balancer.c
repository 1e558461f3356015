/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/document_balancer.h"

#include <string.h>

GArray *balancer_array(size_t size, GDestroyNotify clear)
{
	GArray *array = g_array_new(FALSE, FALSE, (guint)size);

	g_array_set_clear_func(array, clear);
	return array;
}

bool balancer_is_name(char c)
{
	return g_ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
}

bool balancer_is_printable(char c)
{
	return g_ascii_isprint(c);
}

bool balancer_is_word(char c)
{
	return g_ascii_isgraph(c);
}

const struct balancer_pool *balancer_pool(const struct balancer *balancer, const char *id)
{
	for (guint i = 0; i < balancer->pools->len; i++) {
		const struct balancer_pool *pool =
			&g_array_index(balancer->pools, struct balancer_pool, i);

		if (!strcmp(pool->id, id))
			return pool;
	}
	return NULL;
}

/* Which protocols a listener's members may speak: bits of enum balancer_pool_protocol. */
static unsigned possible_pools(enum balancer_protocol protocol)
{
	enum { PROXY = 1 << BALANCER_POOL_PROXY | 1 << BALANCER_POOL_PROXYV2 };

	switch (protocol) {
	case BALANCER_TCP:
		return PROXY | 1 << BALANCER_POOL_TCP | 1 << BALANCER_POOL_HTTP |
		       1 << BALANCER_POOL_HTTPS;
	case BALANCER_HTTPS:
		return PROXY | 1 << BALANCER_POOL_TCP | 1 << BALANCER_POOL_HTTPS;
	default:
		return PROXY | 1 << BALANCER_POOL_HTTP;
	}
}

static bool check_pool(const struct balancer *balancer, const struct balancer_listener *listener,
	const char *id, GError **error)
{
	const struct balancer_pool *pool = balancer_pool(balancer, id);

	if (!pool)
		return weft_fail(error, INVALID_INPUT,
			"pool %s of listener %s must be among the pools of its load balancer", id,
			listener->id);
	if (!(possible_pools(listener->protocol) & 1u << pool->protocol))
		return weft_fail(error, INVALID_INPUT,
			"pool %s has a protocol that listener %s can't speak to its members", id,
			listener->id);
	return balancer_speaks_http(listener) || pool->persistence <= BALANCER_BY_SOURCE_IP ||
	       weft_fail(error, INVALID_INPUT,
		       "pool %s: cookies are for listeners of HTTP and TERMINATED_HTTPS, which %s is not",
		       id, listener->id);
}

static bool check_listener(
	const struct balancer *balancer, const struct balancer_listener *listener, GError **error)
{
	if (*listener->pool && !check_pool(balancer, listener, listener->pool, error))
		return false;
	for (guint i = 0; i < listener->policies->len; i++) {
		const struct balancer_policy *policy =
			&g_array_index(listener->policies, struct balancer_policy, i);

		if (policy->action == BALANCER_REDIRECT_TO_POOL &&
			!check_pool(balancer, listener, policy->pool, error))
			return false;
	}
	return true;
}

static bool fill(const json_t *value, struct balancer *ret, GError **error)
{
	static const char *const known[] = { "id", "vip_addresses", "listeners", "pools", NULL };

	if (!field_check(value, known, error) || !field_need(value, "id", error) ||
		!field_need(value, "vip_addresses", error) ||
		!field_uuid(value, "id", ret->id, error) ||
		!field_list(value, "vip_addresses", SMALL_LIST_MAX, field_read_ip, ret->addresses,
			error) ||
		!field_list(
			value, "pools", SMALL_LIST_MAX, balancer_read_pool, ret->pools, error) ||
		!field_list(value, "listeners", BALANCER_LISTENERS_MAX, balancer_read_listener,
			ret->listeners, error))
		return false;
	for (guint i = 0; i < ret->listeners->len; i++)
		if (!check_listener(ret,
			    &g_array_index(ret->listeners, struct balancer_listener, i), error))
			return false;
	return true;
}

static void clear_balancer(gpointer data)
{
	struct balancer *balancer = data;

	g_array_unref(balancer->addresses);
	g_array_unref(balancer->listeners);
	g_array_unref(balancer->pools);
}

static bool read_balancer(const json_t *value, GArray *array, GError **error)
{
	struct balancer balancer = {
		.addresses = balancer_array(sizeof(struct ip), NULL),
		.listeners =
			balancer_array(sizeof(struct balancer_listener), balancer_clear_listener),
		.pools = balancer_array(sizeof(struct balancer_pool), balancer_clear_pool),
	};

	if (!fill(value, &balancer, error)) {
		clear_balancer(&balancer);
		return false;
	}
	g_array_append_val(array, balancer);
	return true;
}

GArray *document_balancers_new(void)
{
	return balancer_array(sizeof(struct balancer), clear_balancer);
}

bool document_read_balancers(const json_t *root, struct document *document, GError **error)
{
	return field_list(root, "load_balancers", SMALL_LIST_MAX, read_balancer,
		document->load_balancers, error);
}

static bool is_in(const GArray *addresses, const struct ip *address)
{
	for (guint i = 0; i < addresses->len; i++)
		if (!ip_compare(address, &g_array_index(addresses, struct prefix, i).ip))
			return true;
	return false;
}

/* Its own, or one that it has when it is the master of a pair. */
static bool has_address(const struct document *document, const struct ip *address)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (is_in(interface->addresses, address) ||
			is_in(interface->virtual_addresses, address))
			return true;
	}
	return false;
}

/* What has a name in HAProxy's configuration has it once, and so has a port of an address. */
static bool check_balancer(const struct document *document, const struct balancer *balancer,
	GHashTable *seen, GError **error)
{
	char ip[IP_STRLEN];

	for (guint i = 0; i < balancer->addresses->len; i++) {
		const struct ip *address = &g_array_index(balancer->addresses, struct ip, i);

		if (!has_address(document, address))
			return weft_fail(error, INVALID_INPUT,
				"vip_addresses[%u]: %s must be among the addresses of a NIC", i,
				ip_format(address, ip));
		for (guint j = 0; j < balancer->listeners->len; j++) {
			unsigned port =
				g_array_index(balancer->listeners, struct balancer_listener, j)
					.port;

			if (!g_hash_table_add(
				    seen, g_strdup_printf("%s %u", ip_format(address, ip), port)))
				return weft_fail(error, INVALID_INPUT,
					"listeners[%u].protocol_port: port %u of %s has a listener already",
					j, port, ip);
		}
	}
	for (guint i = 0; i < balancer->listeners->len; i++) {
		const char *id = g_array_index(balancer->listeners, struct balancer_listener, i).id;

		if (!g_hash_table_add(seen, g_strdup(id)))
			return weft_fail(error, INVALID_INPUT,
				"listeners[%u].id: %s is another's too", i, id);
	}
	for (guint i = 0; i < balancer->pools->len; i++) {
		const char *id = g_array_index(balancer->pools, struct balancer_pool, i).id;

		if (!g_hash_table_add(seen, g_strdup(id)))
			return weft_fail(
				error, INVALID_INPUT, "pools[%u].id: %s is another's too", i, id);
	}
	return true;
}

bool document_check_balancers(const struct document *document, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < document->load_balancers->len; i++)
		if (!check_balancer(document,
			    &g_array_index(document->load_balancers, struct balancer, i), seen,
			    error)) {
			g_prefix_error(error, "load_balancers[%u].", i);
			return false;
		}
	return true;
}
