/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/wireguard_interface.h"

#include <sodium.h>
#include <string.h>

#include "model/vpn/tunnel_parts.h"
#include "model/vpn/vpnservice.h"

#define IPSEC_PORT 4500
#define KEY_BYTES crypto_scalarmult_BYTES
#define KEY_STRLEN 45 /* base64 of them, and NUL */

static const struct attr attrs[N_WIREGUARD_INTERFACE_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[WIREGUARD_INTERFACE_ROUTER_ID] = { .name = "router_id",
		.type = TYPE_UUID,
		.refers = KIND_ROUTER,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_ROUTER_HAS_VPN,
		.referrer_index = WIREGUARD_INTERFACE_BY_ROUTER,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The router; it must have an external gateway, and a provider of the service vpn. It has one such interface." },
	[WIREGUARD_INTERFACE_PRIVATE_KEY] = { .name = "private_key",
		.type = TYPE_STRING,
		.max = KEY_STRLEN - 1,
		.flags = TUNNEL_GIVEN | ATTR_SECRET,
		.fallback = "\"\"",
		.check = wireguard_check_key,
		.doc = "As wg genkey writes it; without it one is made. Never shown." },
	[WIREGUARD_INTERFACE_PUBLIC_KEY] = { .name = "public_key",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "What peers know it by." },
	[WIREGUARD_INTERFACE_LISTEN_PORT] = { .name = "listen_port",
		.type = TYPE_INT,
		.min = 1024,
		.max = UINT16_MAX,
		.flags = TUNNEL_GIVEN,
		.fallback = "51820",
		.doc = "The UDP port outside." },
	[WIREGUARD_INTERFACE_ADDRESS] = { .name = "tunnel_address",
		.type = TYPE_STRING,
		.max = 18,
		.flags = TUNNEL_GIVEN | ATTR_NULLABLE,
		.check = tunnel_check_address,
		.doc = "The router's own address in the tunnels, with the length of their network." },
	[WIREGUARD_INTERFACE_MTU] = { .name = "mtu",
		.type = TYPE_INT,
		.min = TUNNEL_MTU_MIN,
		.max = TUNNEL_MTU_MAX,
		.flags = TUNNEL_GIVEN,
		.fallback = "1380",
		.doc = "Of packets in the tunnels." },
	[WIREGUARD_INTERFACE_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = TUNNEL_GIVEN,
		.fallback = "true",
		.doc = "While it is down none of its peers is served." },
	[WIREGUARD_INTERFACE_IPV4] = { .name = "external_v4_ip",
		.type = TYPE_IP,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "The router's address outside, to which peers send." },
};

static const struct index indexes[N_WIREGUARD_INTERFACE_INDEXES] = {
	[WIREGUARD_INTERFACE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[WIREGUARD_INTERFACE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[WIREGUARD_INTERFACE_BY_ROUTER] = { .name = "router",
		.slots = { WIREGUARD_INTERFACE_ROUTER_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

static bool decode(const char *text, guchar key[static KEY_BYTES])
{
	char again[KEY_STRLEN];
	size_t len;

	if (strlen(text) != KEY_STRLEN - 1 ||
		sodium_base642bin(key, KEY_BYTES, text, KEY_STRLEN - 1, NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) ||
		len != KEY_BYTES)
		return false;
	sodium_bin2base64(again, sizeof(again), key, KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
	return !strcmp(again, text);
}

bool wireguard_check_key(const struct attr *attr, const char *value, GError **error)
{
	guchar key[KEY_BYTES];
	bool good = (!*value && !(attr->flags & ATTR_REQUIRED)) || decode(value, key);

	sodium_memzero(key, sizeof(key));
	return good ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for %s: give a key as wg(8) writes it, 32 bytes in base64.",
		       attr->name);
}

static void make_key(struct object *draft)
{
	guchar key[KEY_BYTES];
	char text[KEY_STRLEN];

	if (*object_str(draft, WIREGUARD_INTERFACE_PRIVATE_KEY))
		return;
	randombytes_buf(key, sizeof(key));
	key[0] &= 248; /* as curve25519 keys are (RFC 7748, 5) */
	key[KEY_BYTES - 1] = (guchar)((key[KEY_BYTES - 1] & 127) | 64);
	sodium_bin2base64(text, sizeof(text), key, KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
	object_set_str(draft, WIREGUARD_INTERFACE_PRIVATE_KEY, text);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(text, sizeof(text));
}

/* IPsec's ports are others'. */
static bool check_port(const struct object *draft, GError **error)
{
	return object_int(draft, WIREGUARD_INTERFACE_LISTEN_PORT) != IPSEC_PORT ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for listen_port: %d is that of IPsec, which the router may have too: give another.",
		       IPSEC_PORT);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	make_key(draft);
	return check_port(draft, error) &&
	       tunnel_router(
		       txn, object_str(draft, WIREGUARD_INTERFACE_ROUTER_ID), SERVICE_VPN, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	(void)old;
	make_key(draft);
	return check_port(draft, error);
}

static void write_public_key(const struct object *interface, struct json_writer *w)
{
	guchar key[KEY_BYTES], public[KEY_BYTES];
	char text[KEY_STRLEN];

	if (!decode(object_str(interface, WIREGUARD_INTERFACE_PRIVATE_KEY), key))
		return jw_null(w);
	crypto_scalarmult_base(public, key);
	sodium_memzero(key, sizeof(key));
	jw_string(w, sodium_bin2base64(text, sizeof(text), public, KEY_BYTES,
			     sodium_base64_VARIANT_ORIGINAL));
}

static void compute(const struct model *model, const struct object *interface, unsigned slot,
	struct json_writer *w)
{
	const char *router = object_str(interface, WIREGUARD_INTERFACE_ROUTER_ID);
	char ip[IP_STRLEN];

	if (slot == WIREGUARD_INTERFACE_PUBLIC_KEY)
		write_public_key(interface, w);
	else
		jw_string(w, vpn_outside(model, router, 4, ip));
}

const struct kind wireguard_interface_kind = {
	.id = KIND_WIREGUARD_INTERFACE,
	.singular = "wireguard_interface",
	.collection = "wireguard_interfaces",
	.command = "wireguard interface",
	.path = "/v2.0/wireguard-interfaces",
	.doc = "A router as the end of WireGuard tunnels.",
	.quota = { "wireguard_interface", QUOTA_UNLIMITED },
	.attrs = attrs,
	.n_slots = N_WIREGUARD_INTERFACE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_WIREGUARD_INTERFACE_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};
