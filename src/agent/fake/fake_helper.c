/* SPDX-License-Identifier: Apache-2.0 */
/* Conntrack helpers of the fake datapath, which punts nothing. */
#include <netinet/in.h>

#include "agent/fake/fake_datapath.h"

static char *helper_key(const struct dp_conntrack_helper *helper)
{
	return g_strdup_printf("helper %" G_GINT64_MODIFIER "x %s %u", helper->router,
		helper->proto == IPPROTO_UDP ? "udp" : "tcp", helper->port);
}

bool dp_conntrack_helper_put(
	struct dp *dp, const struct dp_conntrack_helper *helper, GError **error)
{
	static const char *const names[] = {
		[DP_HELPER_FTP] = "ftp", [DP_HELPER_TFTP] = "tftp", [DP_HELPER_SIP] = "sip"
	};

	(void)dp;
	return fake_put(helper_key(helper), g_strdup(names[helper->helper]), error);
}

bool dp_conntrack_helper_remove(
	struct dp *dp, const struct dp_conntrack_helper *helper, GError **error)
{
	(void)dp;
	return fake_delete(helper_key(helper), error);
}

bool dp_punt_helped(
	const u8 *bytes, size_t len, struct dp_helped *ret, const u8 **ret_frame, size_t *ret_len)
{
	(void)bytes, (void)len, (void)ret, (void)ret_frame, (void)ret_len;
	return false;
}

bool dp_helped_send(
	struct dp *dp, const struct dp_helped *helped, const u8 *frame, size_t len, GError **error)
{
	(void)dp, (void)helped, (void)frame, (void)len, (void)error;
	return true;
}

bool dp_expectation_put(struct dp *dp, struct dp_expectation *expectation, GError **error)
{
	(void)dp, (void)expectation, (void)error;
	return true;
}

void dp_expectation_remove(struct dp *dp, const struct dp_expectation *expectation)
{
	(void)dp, (void)expectation;
}

void dp_expectations_clear(struct dp *dp)
{
	(void)dp;
}

bool dp_expectation_fulfil(
	struct dp *dp, const struct dp_expectation *expectation, u16 port, GError **error)
{
	(void)dp, (void)expectation, (void)port, (void)error;
	return true;
}
