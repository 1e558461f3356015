/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener has beside a TCP port: TLS, headers, timeouts. */
#include <string.h>

#include "model/balancer/lb_certificate.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_provider.h"

static bool check_certificate(
	struct txn *txn, const struct object *draft, const char *id, GError **error)
{
	const struct object *certificate = txn_need(txn, KIND_LB_CERTIFICATE, id, error);

	if (!certificate)
		return false;
	return !strcmp(object_str(certificate, SLOT_PROJECT_ID),
		       object_str(draft, SLOT_PROJECT_ID)) ||
	       weft_fail(error, BAD_REQUEST,
		       "Certificate %s belongs to another project than the load balancer.", id);
}

static bool check_tls(struct txn *txn, const struct object *draft, GError **error)
{
	bool ends = !strcmp(object_str(draft, LB_LISTENER_PROTOCOL), "TERMINATED_HTTPS");
	json_auto_t *more = object_json(draft, LB_LISTENER_SNI);
	const char *first = object_str(draft, LB_LISTENER_TLS);
	json_t *id;
	size_t i;

	if (!ends && !first && !json_array_size(more))
		return true;
	if (!ends)
		return weft_fail(error, BAD_REQUEST,
			"default_tls_container_ref and sni_container_refs are for listeners of TERMINATED_HTTPS, not of %s.",
			object_str(draft, LB_LISTENER_PROTOCOL));
	if (!first)
		return weft_fail(error, BAD_REQUEST,
			"A listener of TERMINATED_HTTPS needs default_tls_container_ref: the id of a certificate, made by POST of " LB_PATH
			"/certificates.");
	if (!check_certificate(txn, draft, first, error))
		return false;
	json_array_foreach(more, i, id)
		if (!check_certificate(txn, draft, json_string_value(id), error))
			return false;
	return true;
}

/* A proxy's. Some clients send Octavia's defaults whether they mean them or not: these ask for
 * nothing, and without a proxy there is nothing that they would end. */
static bool check_timeouts(
	const struct object *draft, const struct object *balancer, GError **error)
{
	static const struct {
		unsigned slot;
		s64 fallback;
	} timeouts[] = {
		{ LB_LISTENER_CLIENT_TIMEOUT, 50000 },
		{ LB_LISTENER_CONNECT_TIMEOUT, 5000 },
		{ LB_LISTENER_MEMBER_TIMEOUT, 50000 },
		{ LB_LISTENER_INSPECT_TIMEOUT, 0 },
	};

	for (size_t i = 0; lb_is_at_edge(balancer) && i < G_N_ELEMENTS(timeouts); i++) {
		g_autofree char *possible = NULL;
		char given[VALUE_TEXT];

		if (object_is_null(draft, timeouts[i].slot) ||
			object_int(draft, timeouts[i].slot) == timeouts[i].fallback)
			continue;
		possible = g_strdup_printf(
			"it has no proxy that could end a silent connection, so only Octavia's default, %" G_GINT64_FORMAT
			", is taken; the provider '" LB_VIRTUAL_ROUTER "' has timeouts",
			timeouts[i].fallback);
		return lb_fail_option(balancer,
			kind_attr(&lb_listener_kind, timeouts[i].slot)->name,
			object_text(draft, timeouts[i].slot, given), possible, error);
	}
	return true;
}

bool lb_listener_check_http(
	struct txn *txn, const struct object *draft, const struct object *balancer, GError **error)
{
	json_auto_t *headers = object_json(draft, LB_LISTENER_HEADERS); /* {}: none, as null */

	if (!check_timeouts(draft, balancer, error))
		return false;
	if (json_object_size(headers)) {
		if (!lb_check_http(balancer, "insert_headers", error))
			return false;
		if (!lb_speaks_http(object_str(draft, LB_LISTENER_PROTOCOL)))
			return weft_fail(error, BAD_REQUEST,
				"insert_headers is for listeners of HTTP and TERMINATED_HTTPS, not of %s.",
				object_str(draft, LB_LISTENER_PROTOCOL));
	}
	return check_tls(txn, draft, error);
}
