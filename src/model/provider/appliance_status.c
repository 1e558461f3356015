/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/provider/appliance.h"

/* Does it, or would it when the other one of its pair is gone? */
static bool may_serve(const struct object *appliance)
{
	return object_choice(appliance, APPLIANCE_STATUS) == APPLIANCE_ACTIVE &&
	       g_strcmp0(object_str(appliance, APPLIANCE_HA_STATE), APPLIANCE_HA_FAULT) != 0;
}

static bool has_peer_that_serves(const GPtrArray *appliances, const struct object *appliance)
{
	for (guint i = 0; i < appliances->len; i++)
		if (appliance_is_peer(appliance, appliances->pdata[i]) &&
			may_serve(appliances->pdata[i]))
			return true;
	return false;
}

static const char *status_says(const struct object *appliance)
{
	return object_choice(appliance, APPLIANCE_STATUS) == APPLIANCE_ACTIVE
		       ? "one of its NICs is down"
		       : "it is not told yet";
}

static void append_reason(GString *reason, const struct object *appliance, const char *before)
{
	const char *host = object_str(appliance, APPLIANCE_HOST);
	const char *why = object_str(appliance, APPLIANCE_STATUS_REASON);

	g_string_append_printf(reason, "%s%sappliance %s%s%s: %s", reason->len ? "; " : "", before,
		object_str(appliance, SLOT_NAME), *host ? " on " : "", host,
		*why ? why : status_says(appliance));
}

enum appliance_status appliances_sum(const GPtrArray *appliances, char **ret_reason)
{
	enum appliance_status worst = APPLIANCE_ACTIVE;
	GString *reason = g_string_new(NULL);

	for (guint i = 0; i < appliances->len; i++) {
		const struct object *appliance = appliances->pdata[i];
		enum appliance_status status =
			(enum appliance_status)object_choice(appliance, APPLIANCE_STATUS);

		if (may_serve(appliance))
			continue;
		if (has_peer_that_serves(appliances, appliance)) {
			append_reason(reason, appliance, "not redundant: ");
			continue;
		}
		if (status != APPLIANCE_BUILD)
			worst = APPLIANCE_ERROR;
		else if (worst == APPLIANCE_ACTIVE)
			worst = APPLIANCE_BUILD;
		append_reason(reason, appliance, "");
	}
	*ret_reason = g_string_free(reason, FALSE);
	return worst;
}
