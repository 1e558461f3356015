/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of floating IPs and gateways in the fake datapath. */
#include <stdio.h>
#include <string.h>

#include "agent/fake/fake_datapath.h"

const char *fake_limits(const u8 name[16], char buf[static FAKE_LIMITS])
{
	static const u8 none[16];

	buf[0] = '\0';
	if (memcmp(name, none, sizeof(none)))
		snprintf(buf, FAKE_LIMITS, " limits %02x", name[0]);
	return buf;
}

bool dp_limits_put(
	struct dp *dp, const u8 id[16], const struct dp_limits *limits, bool held, GError **error)
{
	const struct dp_rate *out = &limits->egress, *in = &limits->ingress;

	(void)dp;
	return fake_put(g_strdup_printf("limits %02x", id[0]),
		g_strdup_printf("%u+%u %u+%u, %u+%u %u+%u%s", out->kbps, out->burst_kbits,
			out->kpps, out->burst_kpackets, in->kbps, in->burst_kbits, in->kpps,
			in->burst_kpackets, held ? "" : " new"),
		error);
}

void dp_limits_release(struct dp *dp, const u8 id[16])
{
	(void)dp;
	fake_delete(g_strdup_printf("limits %02x", id[0]), NULL);
}

bool dp_limit_counts(struct dp *dp, const u8 id[16], struct dp_limit_counts *ret, GError **error)
{
	(void)dp;
	(void)id;
	(void)error;
	*ret = (struct dp_limit_counts){ 0 };
	return true;
}
