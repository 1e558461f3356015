/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/port_mac.h"

#include <string.h>

#include "model/port/port.h"

#define MAC_TRIES 64

static bool make_mac(struct txn *txn, struct object *draft, GError **error)
{
	const char *network = object_str(draft, PORT_NETWORK_ID);
	char text[MAC_STRLEN];

	for (int i = 0; i < MAC_TRIES; i++) {
		struct uuid random = uuid_random();
		struct mac mac = { { 0xfa, 0x16, 0x3e, random.b[0], random.b[1], random.b[2] } };
		struct txn_iter iter;

		txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_NETWORK_MAC, network,
			mac_format(&mac, text), NULL);
		if (txn_iter_next(&iter))
			continue;
		object_set_mac(draft, PORT_MAC_ADDRESS, &mac);
		return true;
	}
	return weft_fail(error, MAC_EXHAUSTED,
		"No MAC address of fa:16:3e:xx:xx:xx was found free on network %s; name one as mac_address.",
		network);
}

/* g_free(); NULL: it is none with a device whose address is known. */
static char *device_mac(const struct object *port)
{
	json_t *profile;
	char *text;

	if (!port || !port_is_bound(port) ||
		strcmp(object_str(port, PORT_VNIC_TYPE), "direct-physical"))
		return NULL;
	profile = object_json(port, PORT_PROFILE);
	text = g_strdup(json_string_value(json_object_get(profile, "device_mac_address")));
	json_decref(profile);
	return text;
}

bool port_find_mac(struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	g_autofree char *before = device_mac(old), *now = device_mac(draft);
	struct mac mac;

	if (now && g_strcmp0(before, now)) {
		if (!mac_parse(now, &mac) || mac.b[0] & 1)
			return weft_fail(error, INVALID_INPUT,
				"Invalid input for binding:profile: device_mac_address '%.64s' is no unicast MAC address.",
				now);
		object_set_mac(draft, PORT_MAC_ADDRESS, &mac);
		return true;
	}
	if (object_is_null(draft, PORT_MAC_ADDRESS) || (before && !now))
		return make_mac(txn, draft, error);
	return true;
}
