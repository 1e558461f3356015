/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <string.h>

#include "agent/desired/parts.h"
#include "agent/reconcile/reconcile.h"

static const struct {
	const char *name;
	enum dp_helper helper;
} names[] = {
	{ "ftp", DP_HELPER_FTP },
	{ "tftp", DP_HELPER_TFTP },
	{ "sip", DP_HELPER_SIP },
};

/* False: the edge switch has none of that name. */
static bool wanted_of(const struct conntrack_helper *helper, struct dp_conntrack_helper *ret)
{
	memset(ret, 0, sizeof(*ret)); /* they are compared as bytes */
	memcpy(&ret->router, helper->record.router_id.b, sizeof(ret->router));
	ret->proto = helper->record.udp ? IPPROTO_UDP : IPPROTO_TCP;
	ret->port = helper->record.port;
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(helper->record.helper, names[i].name))
			ret->helper = names[i].helper;
	return helper->known && ret->helper;
}

void reconcile_conntrack_helper(struct reconcile *reconcile, struct conntrack_helper *helper)
{
	struct dp_conntrack_helper wanted;
	bool is_wanted = wanted_of(helper, &wanted);
	GError *error = NULL;

	if (helper->applied && (!is_wanted || memcmp(helper->applied, &wanted, sizeof(wanted)))) {
		if (!dp_conntrack_helper_remove(reconcile->dp, helper->applied, &error))
			reconcile_failed(reconcile, error);
		g_clear_pointer(&helper->applied, g_free);
	}
	if (!is_wanted || (helper->applied && !reconcile->sweeping))
		return;
	error = NULL;
	if (!dp_conntrack_helper_put(reconcile->dp, &wanted, &error))
		reconcile_failed(reconcile, error);
	else if (!helper->applied)
		helper->applied = g_memdup2(&wanted, sizeof(wanted));
}
