/* SPDX-License-Identifier: Apache-2.0 */
/* The load balancers of the fake datapath. */
#include "agent/fake/fake_datapath.h"

static char *listener_key(u32 vni, const struct ip *vip, u8 proto, u16 port)
{
	char text[IP_STRLEN];

	return g_strdup_printf("listener %u %s %u %u", vni, ip_format(vip, text), proto, port);
}

bool dp_listener_put(struct dp *dp, const struct dp_listener *listener, GError **error)
{
	g_autoptr(GString) value = g_string_new(listener->by_source ? "by source" : "");
	char ip[IP_STRLEN], mac[MAC_STRLEN], way[MAC_STRLEN], prefix[PREFIX_STRLEN];

	(void)dp;
	for (size_t i = 0; i < listener->n_members; i++) {
		const struct dp_lb_member *member = &listener->members[i];

		g_string_append_printf(value, "[%u %s %s %u x %u%s%s]", member->vni,
			mac_format(&member->mac, mac), ip_format(&member->ip, ip), member->port,
			member->weight, mac_is_zero(&member->router_mac) ? "" : " by ",
			mac_is_zero(&member->router_mac) ? ""
							 : mac_format(&member->router_mac, way));
	}
	for (size_t i = 0; i < listener->n_allowed; i++)
		g_string_append_printf(value, "<%s>", prefix_format(&listener->allowed[i], prefix));
	return fake_put(
		listener_key(listener->vni, &listener->vip, listener->proto, listener->port),
		g_strdup(value->str), error);
}

bool dp_listener_delete(
	struct dp *dp, u32 vni, const struct ip *vip, u8 proto, u16 port, GError **error)
{
	(void)dp;
	return fake_delete(listener_key(vni, vip, proto, port), error);
}

bool dp_listener_stats(struct dp *dp, u32 vni, const struct ip *vip, u8 proto, u16 port,
	struct dp_listener_stats *ret)
{
	(void)dp;
	(void)vni;
	(void)vip;
	(void)proto;
	*ret = (struct dp_listener_stats){ .number = port };
	return false;
}

bool dp_probe_set(struct dp *dp, u32 vni, const struct ip *vip, bool wanted, GError **error)
{
	char text[IP_STRLEN];
	char *key = g_strdup_printf("probe %u %s", vni, ip_format(vip, text));

	(void)dp;
	return wanted ? fake_put(key, g_strdup(""), error) : fake_delete(key, error);
}

static char *vip_key(u32 vni, const struct ip *vip)
{
	char text[IP_STRLEN];

	return g_strdup_printf("vip %u %s", vni, ip_format(vip, text));
}

bool dp_vip_put(struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error)
{
	char text[MAC_STRLEN];

	(void)dp;
	return fake_put(vip_key(vni, vip), g_strdup(mac_format(mac, text)), error);
}

static char *vip_here_key(u32 vni, const struct ip *vip)
{
	char text[IP_STRLEN];

	return g_strdup_printf("vip here %u %s", vni, ip_format(vip, text));
}

bool dp_vip_here_put(
	struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error)
{
	char text[MAC_STRLEN];

	(void)dp;
	return fake_put(vip_here_key(vni, vip), g_strdup(mac_format(mac, text)), error);
}

bool dp_vip_here_delete(struct dp *dp, u32 vni, const struct ip *vip, GError **error)
{
	(void)dp;
	return fake_delete(vip_here_key(vni, vip), error);
}

bool dp_vip_delete(
	struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error)
{
	(void)dp;
	(void)mac;
	return fake_delete(vip_key(vni, vip), error);
}
