/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 prefixes that a router has others for outside: where its gateway is, on this host or not. */
#include <string.h>

#include "agent/desired/parts.h"
#include "agent/reconcile/reconcile_plan.h"

void plan_prefixes(struct plan *plan)
{
	const GArray *prefixes = plan->gateway ? plan->gateway->record.nptv6_prefixes : NULL;

	for (guint i = 0; plan->wanted.here && prefixes && i < prefixes->len; i++) {
		const struct record_prefix_pair *pair =
			&g_array_index(prefixes, struct record_prefix_pair, i);
		struct dp_prefix_translation translation = {
			.router = plan->router, .inside = pair->internal, .outside = pair->external
		};

		g_array_append_val(plan->prefixes, translation);
	}
}

static bool has(const GArray *prefixes, const struct dp_prefix_translation *translation)
{
	for (guint i = 0; i < prefixes->len; i++) {
		const struct dp_prefix_translation *one =
			&g_array_index(prefixes, struct dp_prefix_translation, i);

		if (!memcmp(&one->inside, &translation->inside, sizeof(one->inside)) &&
			!memcmp(&one->outside, &translation->outside, sizeof(one->outside)))
			return true;
	}
	return false;
}

void withdraw_prefixes(struct reconcile *reconcile, const struct plan *plan, struct router *router)
{
	for (guint i = 0; router->applied_prefixes && i < router->applied_prefixes->len; i++) {
		const struct dp_prefix_translation *old =
			&g_array_index(router->applied_prefixes, struct dp_prefix_translation, i);
		GError *error = NULL;

		if (!has(plan->prefixes, old) &&
			!dp_prefix_translation_delete(reconcile->dp, old, &error))
			reconcile_failed(reconcile, error);
	}
	g_clear_pointer(&router->applied_prefixes, g_array_unref);
	if (plan->prefixes->len)
		router->applied_prefixes = g_array_ref(plan->prefixes);
}

void apply_prefixes(struct reconcile *reconcile, const struct plan *plan, char **why)
{
	for (guint i = 0; i < plan->prefixes->len; i++) {
		GError *error = NULL;

		if (dp_prefix_translation_put(reconcile->dp,
			    &g_array_index(plan->prefixes, struct dp_prefix_translation, i),
			    &error))
			continue;
		if (!*why)
			*why = g_strdup(error->message);
		reconcile_failed(reconcile, error);
	}
}
