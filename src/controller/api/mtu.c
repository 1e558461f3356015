/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/api/mtu.h"

/* What encapsulating costs at most: IPv6 40, UDP 8, Geneve 8 with one option 8, Ethernet 14. */
#define OVERHEAD 78

bool mtu_check(const struct call *call, json_t *body, GError **error)
{
	json_t *mtu = call->kind->id == KIND_NETWORK ? json_object_get(body, "mtu") : NULL;
	unsigned max = call->api->config->underlay_mtu - OVERHEAD;

	if (!json_is_integer(mtu) || json_integer_value(mtu) <= max)
		return true;
	return weft_fail(error, INVALID_INPUT,
		"Invalid input for mtu: %" JSON_INTEGER_FORMAT
		" does not fit the underlay, whose MTU "
		"of %u leaves %u.",
		json_integer_value(mtu), call->api->config->underlay_mtu, max);
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
			json_object_set_new(body, "mtu",
				json_integer(call->api->config->underlay_mtu - OVERHEAD));
	return mtu_check(call, body, error);
}
