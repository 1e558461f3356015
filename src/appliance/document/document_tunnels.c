/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "appliance/document/document_parts.h"

#define MTU_MIN 576
#define MTU_MAX 9000
#define WIREGUARD_MTU 1420 /* of 1500, over IPv6 too */
#define GRE_HEADERS 24	   /* bytes: IPv4 and GRE without a key */
#define KEEPALIVE_S 25
#define KEY_BYTES 32

/* Base64 of 32 bytes, as wg(8) writes it. */
static bool is_key(const char *text)
{
	g_autofree guchar *bytes = NULL;
	g_autofree char *again = NULL;
	gsize len;

	if (strlen(text) != WIREGUARD_KEY_STRLEN - 1)
		return false;
	bytes = g_base64_decode(text, &len);
	if (len != KEY_BYTES)
		return false;
	again = g_base64_encode(bytes, len);
	return !strcmp(again, text);
}

static const char key_form[] = "a WireGuard key: 32 bytes as base64, as wg genkey writes it";

static bool check_networks(const GArray *list, const char *key, GError **error)
{
	for (guint i = 0; i < list->len; i++)
		if (!g_array_index(list, struct prefix, i).len)
			return weft_fail(error, INVALID_INPUT,
				"%s[%u]: must not be all addresses: the tunnel itself would go there",
				key, i);
	return true;
}

static bool read_endpoint(const json_t *value, struct document_wireguard_peer *ret, GError **error)
{
	u64 port = 0, keepalive_s;

	if (!field_ip(value, "endpoint_address", 0, &ret->endpoint, error) ||
		!field_number(value, "endpoint_port", 1, UINT16_MAX, &port, error))
		return false;
	if (!ret->endpoint.family != !port)
		return weft_fail(error, INVALID_INPUT,
			"endpoint_port: must be given with endpoint_address, and only then");
	ret->endpoint_port = (u16)port;
	keepalive_s = port ? KEEPALIVE_S : 0;
	if (!field_number(value, "persistent_keepalive_s", 0, UINT16_MAX, &keepalive_s, error))
		return false;
	ret->keepalive_s = (u32)keepalive_s;
	return true;
}

static bool fill_peer(const json_t *value, struct document_wireguard_peer *ret, GError **error)
{
	static const char *const known[] = { "public_key", "preshared_key", "endpoint_address",
		"endpoint_port", "allowed_ips", "persistent_keepalive_s", NULL };

	return field_check(value, known, error) && field_need(value, "public_key", error) &&
	       field_need(value, "allowed_ips", error) &&
	       field_like(value, "public_key", is_key, key_form, ret->public_key,
		       WIREGUARD_KEY_STRLEN, error) &&
	       field_secret(value, "preshared_key", is_key, key_form, ret->preshared_key,
		       WIREGUARD_KEY_STRLEN, error) &&
	       field_list(value, "allowed_ips", SMALL_LIST_MAX, field_read_network,
		       ret->allowed_ips, error) &&
	       check_networks(ret->allowed_ips, "allowed_ips", error) &&
	       read_endpoint(value, ret, error);
}

static void clear_peer(gpointer data)
{
	struct document_wireguard_peer *peer = data;

	g_array_unref(peer->allowed_ips);
	memset(peer->preshared_key, 0, sizeof(peer->preshared_key));
}

GArray *document_wireguard_peers_new(void)
{
	GArray *array = g_array_new(FALSE, FALSE, sizeof(struct document_wireguard_peer));

	g_array_set_clear_func(array, clear_peer);
	return array;
}

static bool read_peer(const json_t *value, GArray *array, GError **error)
{
	struct document_wireguard_peer peer = { .allowed_ips = g_array_new(
							FALSE, FALSE, sizeof(struct prefix)) };

	if (!fill_peer(value, &peer, error)) {
		clear_peer(&peer);
		return false;
	}
	for (guint i = 0; i < array->len; i++)
		if (!strcmp(g_array_index(array, struct document_wireguard_peer, i).public_key,
			    peer.public_key)) {
			clear_peer(&peer);
			return weft_fail(
				error, INVALID_INPUT, "public_key: is that of another peer too");
		}
	g_array_append_val(array, peer);
	return true;
}

bool document_read_wireguard(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "private_key", "listen_port", "mtu", "addresses",
		"peers", NULL };
	struct document_wireguard *wireguard = data;
	u64 port = 0, mtu = WIREGUARD_MTU;

	if (!field_check(object, known, error) || !field_need(object, "private_key", error) ||
		!field_need(object, "listen_port", error) ||
		!field_secret(object, "private_key", is_key, key_form, wireguard->private_key,
			WIREGUARD_KEY_STRLEN, error) ||
		!field_number(object, "listen_port", 1, UINT16_MAX, &port, error) ||
		!field_number(object, "mtu", MTU_MIN, MTU_MAX, &mtu, error))
		return false;
	wireguard->listen_port = (u16)port;
	wireguard->mtu = (u32)mtu;
	return field_list(object, "addresses", SMALL_LIST_MAX, field_read_prefix,
		       wireguard->addresses, error) &&
	       field_list(object, "peers", SMALL_LIST_MAX, read_peer, wireguard->peers, error);
}

static bool fill_gre(const json_t *value, struct document_gre *ret, GError **error)
{
	static const char *const known[] = { "name", "local_address", "peer_address", "key", "mtu",
		"addresses", "destinations", NULL };
	u64 key = 0, mtu;

	if (!field_check(value, known, error) || !document_read_device(value, ret->name, error) ||
		!field_need(value, "local_address", error) ||
		!field_need(value, "peer_address", error) ||
		!field_ip(value, "local_address", 4, &ret->local, error) ||
		!field_ip(value, "peer_address", 4, &ret->peer, error) ||
		!field_number(value, "key", 0, UINT32_MAX, &key, error))
		return false;
	ret->has_key = json_object_get(value, "key") != NULL;
	ret->key = (u32)key;
	mtu = 1500 - GRE_HEADERS - (ret->has_key ? 4u : 0);
	if (!field_number(value, "mtu", MTU_MIN, MTU_MAX, &mtu, error))
		return false;
	ret->mtu = (u32)mtu;
	return field_list(value, "addresses", SMALL_LIST_MAX, field_read_prefix, ret->addresses,
		       error) &&
	       field_list(value, "destinations", SMALL_LIST_MAX, field_read_network,
		       ret->destinations, error) &&
	       check_networks(ret->destinations, "destinations", error);
}

static void clear_gre(gpointer data)
{
	struct document_gre *one = data;

	g_array_unref(one->addresses);
	g_array_unref(one->destinations);
}

GArray *document_gre_new(void)
{
	GArray *array = g_array_new(FALSE, FALSE, sizeof(struct document_gre));

	g_array_set_clear_func(array, clear_gre);
	return array;
}

bool document_read_gre(const json_t *value, GArray *array, GError **error)
{
	struct document_gre one = {
		.addresses = g_array_new(FALSE, FALSE, sizeof(struct prefix)),
		.destinations = g_array_new(FALSE, FALSE, sizeof(struct prefix)),
	};

	if (!fill_gre(value, &one, error)) {
		clear_gre(&one);
		return false;
	}
	g_array_append_val(array, one);
	return true;
}

struct names {
	GHashTable *seen;
	const char *twice;
};

static void see(const char *device, void *data)
{
	struct names *names = data;

	if (!g_hash_table_add(names->seen, (char *)device))
		names->twice = device;
}

/* The kernel and charon make these themselves. */
static bool check_names(const struct document *document, GError **error)
{
	static const char *const others[] = { "gre0", "gretap0", "erspan0", IPSEC_DEVICE };
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	struct names names = { seen, NULL };

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		g_hash_table_add(seen, (char *)others[i]);
	for (guint i = 0; i < document->interfaces->len; i++)
		g_hash_table_add(seen,
			g_array_index(document->interfaces, struct document_interface, i).name);
	document_each_tunnel(document, see, &names);
	return !names.twice || weft_fail(error, INVALID_INPUT,
				       "gre: the name %s is another device's too", names.twice);
}

bool document_check_tunnels(const struct document *document, GError **error)
{
	const struct document_gre *gre = (const void *)document->gre->data;
	char ip[IP_STRLEN];

	for (guint i = 0; i < document->gre->len; i++) {
		if (!document_is_public(document, &gre[i].local))
			return weft_fail(error, INVALID_INPUT,
				"gre[%u].local_address: %s must be among the addresses of the public NIC",
				i, ip_format(&gre[i].local, ip));
		for (guint j = 0; j < i; j++)
			if (!ip_compare(&gre[i].local, &gre[j].local) &&
				!ip_compare(&gre[i].peer, &gre[j].peer) &&
				(!gre[i].has_key || !gre[j].has_key || gre[i].key == gre[j].key))
				return weft_fail(error, INVALID_INPUT,
					"gre[%u]: %s is between the same addresses; both need a key, not the same",
					i, gre[j].name);
	}
	return check_names(document, error);
}
