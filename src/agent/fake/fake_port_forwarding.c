/* SPDX-License-Identifier: Apache-2.0 */
/* Port forwardings, prefixes outside, and floating IPs of other hosts, of the fake datapath. */
#include <netinet/in.h>

#include "agent/fake/fake_datapath.h"

static char *key_of(const struct dp_port_forwarding *forwarding)
{
	char external[IP_STRLEN];

	return g_strdup_printf("forward %s %s %u-%u", ip_format(&forwarding->external, external),
		forwarding->proto == IPPROTO_UDP ? "udp" : "tcp", forwarding->external_first,
		forwarding->external_last);
}

bool dp_port_forwarding_put(
	struct dp *dp, const struct dp_port_forwarding *forwarding, GError **error)
{
	char internal[IP_STRLEN];

	(void)dp;
	return fake_put(key_of(forwarding),
		g_strdup_printf("%s %u%s%s", ip_format(&forwarding->internal, internal),
			forwarding->internal_first, forwarding->many ? " all" : "",
			forwarding->vni ? " here" : ""),
		error);
}

bool dp_port_forwarding_remove(
	struct dp *dp, const struct dp_port_forwarding *forwarding, GError **error)
{
	(void)dp;
	return fake_delete(key_of(forwarding), error);
}

bool dp_forwarded_address_put(struct dp *dp, u64 router, u32 vni, const struct ip *ip,
	const struct mac *mac, const u8 name[16], GError **error)
{
	char address[IP_STRLEN], text[MAC_STRLEN], limits[FAKE_LIMITS];

	(void)dp;
	return fake_put(g_strdup_printf("forwarded wire%u.%u %s", (vni & ~DP_WIRE) >> 12,
				vni & 0xfff, ip_format(ip, address)),
		g_strdup_printf("%s %" G_GINT64_MODIFIER "x%s", mac_format(mac, text), router,
			fake_limits(name, limits)),
		error);
}

bool dp_forwarded_address_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error)
{
	char address[IP_STRLEN];

	(void)dp;
	return fake_delete(g_strdup_printf("forwarded wire%u.%u %s", (vni & ~DP_WIRE) >> 12,
				   vni & 0xfff, ip_format(ip, address)),
		error);
}

static char *prefix_key(const struct dp_prefix_translation *translation)
{
	char inside[PREFIX_STRLEN];

	return g_strdup_printf("prefix %" G_GINT64_MODIFIER "x %s", translation->router,
		prefix_format(&translation->inside, inside));
}

bool dp_prefix_translation_put(
	struct dp *dp, const struct dp_prefix_translation *translation, GError **error)
{
	char outside[PREFIX_STRLEN];

	(void)dp;
	return fake_put(prefix_key(translation),
		g_strdup(prefix_format(&translation->outside, outside)), error);
}

bool dp_prefix_translation_delete(
	struct dp *dp, const struct dp_prefix_translation *translation, GError **error)
{
	(void)dp;
	return fake_delete(prefix_key(translation), error);
}

static char *elsewhere_key(u64 router, const struct ip *fixed)
{
	char text[IP_STRLEN];

	return g_strdup_printf(
		"elsewhere %" G_GINT64_MODIFIER "x %s", router, ip_format(fixed, text));
}

bool dp_floating_ip_put_elsewhere(struct dp *dp, u64 router, const struct ip *fixed, GError **error)
{
	(void)dp;
	return fake_put(elsewhere_key(router, fixed), g_strdup(""), error);
}

bool dp_floating_ip_delete_elsewhere(
	struct dp *dp, u64 router, const struct ip *fixed, GError **error)
{
	(void)dp;
	return fake_delete(elsewhere_key(router, fixed), error);
}
