/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/api/mtu.h"

#include "model/network/network.h"
#include "model/network/provider.h"
#include "model/network/segment.h"

/* What encapsulating costs at most: IPv6 40, UDP 8, Geneve 8 with one option 8, Ethernet 14. */
#define OVERHEAD 78

static bool is_physical(const char *type)
{
	return !g_strcmp0(type, provider_types[PROVIDER_VLAN]) ||
	       !g_strcmp0(type, provider_types[PROVIDER_FLAT]);
}

static const char *type_in(json_t *attributes)
{
	return json_string_value(json_object_get(attributes, "provider:network_type"));
}

/* Is a network that @body asks for carried without encapsulation only? */
static bool asks_for_physical(json_t *body)
{
	json_t *segments = json_object_get(body, "segments"), *segment;
	size_t i;

	if (!json_array_size(segments))
		return is_physical(type_in(body));
	json_array_foreach(segments, i, segment)
		if (!is_physical(type_in(segment)))
			return false;
	return true;
}

/* Of a new network, or of one that is there. What is no overlay costs nothing. */
static unsigned largest(const struct call *call, const struct object *network, json_t *body)
{
	unsigned underlay = call->api->config->underlay_mtu;
	bool physical = network ? !provider_vni(network) : asks_for_physical(body);

	return physical ? underlay : underlay - OVERHEAD;
}

/* Numbers are taken as text, too. What is none is left to the parser to refuse. */
static gint64 number_of(json_t *mtu)
{
	gint64 number = json_integer_value(mtu);

	if (json_is_string(mtu) && !g_ascii_string_to_signed(json_string_value(mtu), 10, INT64_MIN,
					   INT64_MAX, &number, NULL))
		return 0;
	return number;
}

bool mtu_check(const struct call *call, const struct object *network, json_t *body, GError **error)
{
	json_t *mtu = call->kind->id == KIND_NETWORK ? json_object_get(body, "mtu") : NULL;
	unsigned max;

	if (!mtu)
		return true;
	max = largest(call, network, body);
	if (number_of(mtu) <= max)
		return true;
	return weft_fail(error, INVALID_INPUT,
		"Invalid input for mtu: %" G_GINT64_FORMAT
		" does not fit the underlay, whose MTU of %u leaves %u.",
		number_of(mtu), call->api->config->underlay_mtu, max);
}

bool mtu_prepare(const struct call *call, json_t *body, GError **error)
{
	if (call->kind->id != KIND_NETWORK || !json_is_object(body))
		return true;
	/* Clients send 0 or null for "the default". */
	if (!json_integer_value(json_object_get(body, "mtu")))
		if (!json_object_get(body, "mtu") ||
			json_is_integer(json_object_get(body, "mtu")) ||
			json_is_null(json_object_get(body, "mtu")))
			json_object_set_new(body, "mtu", json_integer(largest(call, NULL, body)));
	return mtu_check(call, NULL, body, error);
}

bool mtu_follow(
	const struct call *call, struct txn *txn, const struct object *segment, GError **error)
{
	const struct object *network =
		txn_get_text(txn, KIND_NETWORK, object_str(segment, SEGMENT_NETWORK_ID));
	unsigned max = largest(call, network, NULL);
	struct object *draft;

	if (object_int(network, NETWORK_MTU) <= max)
		return true;
	draft = object_edit(network);
	object_set_int(draft, NETWORK_MTU, max);
	return txn_put(txn, draft, error);
}
