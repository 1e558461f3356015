/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fake/fake_datapath.h"

#include <stdlib.h>
#include <string.h>

struct dp {
	int unused;
};

static struct dp the_dp;
static GString *calls;
static unsigned n_calls;
static GHashTable *content; /* "network 7" → value */
static GHashTable *swept;   /* keys not put since the sweep began; NULL: no sweep */
static const char *failing;

void fake_reset(void)
{
	if (calls)
		g_string_free(calls, TRUE);
	g_clear_pointer(&content, g_hash_table_unref);
	g_clear_pointer(&swept, g_hash_table_unref);
	calls = g_string_new(NULL);
	content = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	n_calls = 0;
	failing = NULL;
}

char *fake_take(void)
{
	char *text = g_strdup(calls->str);

	g_string_truncate(calls, 0);
	n_calls = 0;
	return text;
}

unsigned fake_calls(void)
{
	return n_calls;
}

void fake_fail(const char *prefix)
{
	failing = prefix;
}

static int compare_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *fake_content(void)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	GString *text = g_string_new(NULL);
	const char *key, *value;
	GHashTableIter i;

	g_hash_table_iter_init(&i, content);
	while (g_hash_table_iter_next(&i, (gpointer *)&key, (gpointer *)&value))
		g_ptr_array_add(lines, g_strconcat(key, *value ? " " : "", value, "\n", NULL));
	g_ptr_array_sort(lines, compare_text);
	for (guint l = 0; l < lines->len; l++)
		g_string_append(text, lines->pdata[l]);
	return g_string_free(text, FALSE);
}

static bool write_down(const char *verb, const char *key, const char *value, GError **error)
{
	g_autofree char *line = g_strconcat(verb, " ", key, *value ? " " : "", value, "\n", NULL);

	n_calls++;
	g_string_append(calls, line);
	if (failing && g_str_has_prefix(line, failing)) {
		failing = NULL;
		return weft_fail(error, KERNEL, "the fake fails: %s", line);
	}
	return true;
}

bool fake_put(char *key, char *value, GError **error)
{
	g_autofree char *k = key, *v = value;

	if (!write_down("put", k, v, error))
		return false;
	if (swept)
		g_hash_table_remove(swept, k);
	g_hash_table_insert(content, g_steal_pointer(&k), g_steal_pointer(&v));
	return true;
}

bool fake_delete(char *key, GError **error)
{
	g_autofree char *k = key;

	if (!write_down("del", k, "", error))
		return false;
	g_hash_table_remove(content, k);
	return true;
}

bool dp_open(const struct dp_options *options, struct dp **ret, GError **error)
{
	(void)options;
	(void)error;
	*ret = &the_dp;
	return true;
}

void dp_close(struct dp *dp)
{
	(void)dp;
}

bool dp_destroy(const char *pin_dir, GError **error)
{
	g_hash_table_remove_all(content);
	return write_down("destroy", pin_dir, "", error);
}

bool dp_set_guarantees(struct dp *dp, const char *const *devices, u32 capacity_kbps, GError **error)
{
	(void)dp;
	if (!capacity_kbps)
		return true;
	return fake_put(g_strdup_printf("capacity %s", devices[0]),
		g_strdup_printf("%u kbit/s", capacity_kbps), error);
}

bool dp_set_uplinks(struct dp *dp, const char *const *devices, const struct ip *vtep4,
	const struct ip *vtep6, GError **error)
{
	char buf4[IP_STRLEN] = "-", buf6[IP_STRLEN] = "-";
	g_autofree char *names = g_strjoinv(",", (char **)devices);

	(void)dp;
	if (vtep4->family)
		ip_format(vtep4, buf4);
	if (vtep6->family)
		ip_format(vtep6, buf6);
	return fake_put(g_strdup("uplinks"), g_strdup_printf("%s %s %s", names, buf4, buf6), error);
}

bool dp_set_wires(struct dp *dp, const char *const *devices, GError **error)
{
	g_autofree char *names = g_strjoinv(",", (char **)devices);

	(void)dp;
	if (*devices)
		return fake_put(g_strdup("wires"), g_strdup(names), error);
	g_hash_table_remove(content, "wires");
	return true;
}

/* "wire 7.100": by index and VLAN. */
static char *vni_text(u32 vni)
{
	if (!(vni & DP_WIRE))
		return g_strdup_printf("%u", vni);
	if (vni == DP_WIRE)
		return g_strdup("far-wire");
	return g_strdup_printf("wire%u.%u", (vni & ~DP_WIRE) >> 12, vni & 0xfff);
}

void dp_sweep_begin(struct dp *dp)
{
	const char *key;
	GHashTableIter i;

	(void)dp;
	swept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_iter_init(&i, content);
	while (g_hash_table_iter_next(&i, (gpointer *)&key, NULL))
		g_hash_table_add(swept, g_strdup(key));
}

bool dp_sweep_end(struct dp *dp, GError **error)
{
	const char *key;
	GHashTableIter i;

	(void)dp;
	(void)error;
	g_hash_table_iter_init(&i, swept);
	while (g_hash_table_iter_next(&i, (gpointer *)&key, NULL))
		g_hash_table_remove(content, key);
	g_clear_pointer(&swept, g_hash_table_unref);
	return true;
}

bool dp_switch(struct dp *dp, GError **error)
{
	(void)dp;
	(void)error;
	return true;
}

static char *key_of(const char *what, u32 vni)
{
	g_autofree char *number = vni_text(vni);

	return g_strconcat(what, " ", number, NULL);
}

bool dp_network_put(struct dp *dp, const struct dp_network *network, GError **error)
{
	char gateway[IP_STRLEN] = "-";

	(void)dp;
	if (network->gateway4.family)
		ip_format(&network->gateway4, gateway);
	return fake_put(key_of("network", network->vni),
		g_strdup_printf("mtu %u gateway %s%s%s", network->mtu_bytes, gateway,
			network->shared_addresses ? " shared" : "",
			network->routed ? " routed" : ""),
		error);
}

bool dp_network_delete(struct dp *dp, u32 vni, GError **error)
{
	(void)dp;
	return fake_delete(key_of("network", vni), error);
}

static const char *encap_name(enum dp_encap encap)
{
	return encap == DP_ENCAP_VXLAN ? "vxlan" : "geneve";
}

static char *ip_key(const char *what, u32 vni, const struct ip *ip)
{
	char buf[IP_STRLEN];
	g_autofree char *number = vni_text(vni);

	return g_strdup_printf("%s %s %s", what, number, ip_format(ip, buf));
}

bool dp_member_put(struct dp *dp, const struct dp_member *member, GError **error)
{
	(void)dp;
	return fake_put(ip_key("member", member->vni, &member->vtep),
		g_strconcat(encap_name(member->encap), member->routed ? " routed" : "", NULL),
		error);
}

bool dp_member_delete(struct dp *dp, u32 vni, const struct ip *vtep, GError **error)
{
	(void)dp;
	return fake_delete(ip_key("member", vni, vtep), error);
}

static char *mac_key(const char *what, u32 vni, const struct mac *mac)
{
	char buf[MAC_STRLEN];

	g_autofree char *number = vni_text(vni);

	return g_strdup_printf("%s %s %s", what, number, mac_format(mac, buf));
}

bool dp_endpoint_put(struct dp *dp, const struct dp_endpoint *endpoint, GError **error)
{
	char buf[IP_STRLEN];

	(void)dp;
	return fake_put(mac_key("endpoint", endpoint->vni, &endpoint->mac),
		endpoint->ifindex ? g_strdup_printf("if %u", endpoint->ifindex)
				  : g_strdup_printf("%s %s", encap_name(endpoint->encap),
					    ip_format(&endpoint->vtep, buf)),
		error);
}

bool dp_endpoint_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error)
{
	(void)dp;
	return fake_delete(mac_key("endpoint", vni, mac), error);
}

static char *mac_value(const struct mac *mac)
{
	char buf[MAC_STRLEN];

	return g_strdup(mac_format(mac, buf));
}

bool dp_neighbour_put(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error)
{
	(void)dp;
	return fake_put(ip_key("neighbour", vni, ip), mac_value(mac), error);
}

bool dp_neighbour_put_routed(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error)
{
	g_autofree char *value = mac_value(mac);

	(void)dp;
	return fake_put(ip_key("neighbour", vni, ip), g_strconcat(value, " routed", NULL), error);
}

bool dp_neighbour_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error)
{
	(void)dp;
	return fake_delete(ip_key("neighbour", vni, ip), error);
}

bool dp_interface_put(struct dp *dp, const struct dp_interface *interface, GError **error)
{
	char ip4[IP_STRLEN] = "-", ip6[IP_STRLEN] = "-";

	(void)dp;
	if (interface->ip4.family)
		ip_format(&interface->ip4, ip4);
	if (interface->ip6.family)
		ip_format(&interface->ip6, ip6);
	return fake_put(mac_key("interface", interface->vni, &interface->mac),
		g_strdup_printf("%" G_GINT64_MODIFIER "x %s %s", interface->router, ip4, ip6),
		error);
}

bool dp_interface_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error)
{
	(void)dp;
	return fake_delete(mac_key("interface", vni, mac), error);
}

static char *route_key(u64 router, const struct prefix *prefix)
{
	char buf[PREFIX_STRLEN];

	return g_strdup_printf(
		"route %" G_GINT64_MODIFIER "x %s", router, prefix_format(prefix, buf));
}

bool dp_route_put(struct dp *dp, const struct dp_route *route, GError **error)
{
	static const char *const kinds[] = { "connected", "via", "local", "blackhole" };
	g_autoptr(GString) value = g_string_new(kinds[route->kind]);
	char via[IP_STRLEN];

	(void)dp;
	for (u8 i = 0; i < route->n_hops; i++) {
		if (route->hops[i].via.family)
			g_string_append_printf(value, " %s", ip_format(&route->hops[i].via, via));
		g_autofree char *number = vni_text(route->hops[i].vni);

		g_string_append_printf(value, " %s", number);
	}
	return fake_put(route_key(route->router, &route->prefix), g_strdup(value->str), error);
}

bool dp_route_delete(struct dp *dp, u64 router, const struct prefix *prefix, GError **error)
{
	(void)dp;
	return fake_delete(route_key(router, prefix), error);
}

bool dp_gateway_put(struct dp *dp, const struct dp_gateway *gateway, GError **error)
{
	char vtep[IP_STRLEN] = "nowhere", ip4[IP_STRLEN] = "-", ip6[IP_STRLEN] = "-";
	char limits[FAKE_LIMITS];
	g_autofree char *number = vni_text(gateway->vni),
			*ports = g_strdup_printf(" %u+%u", gateway->port_first, gateway->n_ports),
			*quota = gateway->is_limited ? g_strdup_printf(" of %08x translations %u",
							       GUINT32_FROM_BE((u32)gateway->owner),
							       gateway->translations_max)
						     : g_strdup("");

	(void)dp;
	if (gateway->vtep.family)
		ip_format(&gateway->vtep, vtep);
	if (gateway->ip4.family)
		ip_format(&gateway->ip4, ip4);
	if (gateway->ip6.family)
		ip_format(&gateway->ip6, ip6);
	return fake_put(g_strdup_printf("gateway %" G_GINT64_MODIFIER "x", gateway->router),
		g_strdup_printf("%s %s mtu %u %s %s%s%s%s%s", number, gateway->here ? "here" : vtep,
			gateway->mtu_bytes, ip4, ip6, gateway->snat ? " snat" : "",
			gateway->n_ports && gateway->n_ports != DP_SNAT_PORTS_ALL ? ports : "",
			fake_limits(gateway->limits, limits), quota),
		error);
}

bool dp_set_wire_mac(struct dp *dp, const struct mac *mac, GError **error)
{
	(void)dp;
	return fake_put(g_strdup("wire MAC"), mac_value(mac), error);
}

bool dp_snat_owners_put(
	struct dp *dp, u64 router, const struct dp_snat_owner *owners, size_t n, GError **error)
{
	GString *text = g_string_new(NULL);
	char mac[MAC_STRLEN];

	(void)dp;
	for (size_t i = 0; i < n; i++)
		g_string_append_printf(text, "%s%u+%u %s", i ? " " : "", owners[i].port_first,
			owners[i].n_ports, mac_format(&owners[i].mac, mac));
	return fake_put(g_strdup_printf("snat %" G_GINT64_MODIFIER "x", router),
		g_string_free(text, FALSE), error);
}

bool dp_snat_owners_delete(struct dp *dp, u64 router, GError **error)
{
	(void)dp;
	return fake_delete(g_strdup_printf("snat %" G_GINT64_MODIFIER "x", router), error);
}

bool dp_gateway_delete(struct dp *dp, u64 router, GError **error)
{
	(void)dp;
	return fake_delete(g_strdup_printf("gateway %" G_GINT64_MODIFIER "x", router), error);
}

bool dp_floating_ip_put(struct dp *dp, const struct dp_floating_ip *floating_ip, GError **error)
{
	char fixed[IP_STRLEN], mac[MAC_STRLEN], limits[FAKE_LIMITS];

	(void)dp;
	return fake_put(ip_key("floating", floating_ip->vni, &floating_ip->floating),
		g_strdup_printf("%s %s %" G_GINT64_MODIFIER "x%s",
			ip_format(&floating_ip->fixed, fixed), mac_format(&floating_ip->mac, mac),
			floating_ip->router, fake_limits(floating_ip->limits, limits)),
		error);
}

bool dp_floating_ip_delete(struct dp *dp, u32 vni, const struct ip *floating, GError **error)
{
	(void)dp;
	return fake_delete(ip_key("floating", vni, floating), error);
}

bool dp_service_put(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error)
{
	(void)dp;
	return fake_put(ip_key("service", vni, ip), mac_value(mac), error);
}

bool dp_service_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error)
{
	(void)dp;
	return fake_delete(ip_key("service", vni, ip), error);
}

bool dp_port_put(struct dp *dp, const struct dp_port *port, GError **error)
{
	g_autofree char *key = g_strdup_printf("port %u", port->ifindex);
	g_autoptr(GString) value = g_string_new(NULL);

	(void)dp;
	g_autofree char *number = vni_text(port->vni);

	g_string_append_printf(value, "vni %s%s%s%s%s%s%s%s%s", number,
		port->flags & DP_PORT_SECURITY ? " secure" : "",
		port->flags & DP_PORT_PUNT_DHCP4 ? " dhcp4" : "",
		port->flags & DP_PORT_PUNT_DHCP6 ? " dhcp6" : "",
		port->flags & DP_PORT_PUNT_RS ? " rs" : "",
		port->flags & DP_PORT_PUNT_DNS ? " dns" : "",
		port->flags & DP_PORT_DOWN ? " down" : "",
		port->flags & DP_PORT_LOG_ACCEPT ? " log-accept" : "",
		port->flags & DP_PORT_LOG_DROP ? " log-drop" : "");
	for (size_t i = 0; i < port->n_pairs; i++) {
		char buf[PREFIX_STRLEN];

		g_string_append_printf(value, " %s", prefix_format(&port->pairs[i].prefix, buf));
	}
	if (port->keep_policy && !g_hash_table_contains(content, key))
		return weft_fail(error, NOT_FOUND, "the fake has no port %u", port->ifindex);
	if (port->keep_policy)
		g_string_append(value, " policy kept");
	else if (port->policy)
		g_string_append_printf(value, " policy %02x", port->policy[0]);
	if (port->project_is_limited)
		g_string_append_printf(value, " connections %u", port->project_limit);
	for (u8 i = 0; i < port->tiers.n; i++)
		g_string_append_printf(value, " %s %02x",
			i < port->tiers.n_before ? "tier" : "last", port->tiers.policies[i][0]);
	return fake_put(g_strdup_printf("port %u", port->ifindex), g_strdup(value->str), error);
}

bool dp_port_delete(struct dp *dp, u32 ifindex, GError **error)
{
	(void)dp;
	return fake_delete(g_strdup_printf("port %u", ifindex), error);
}

bool dp_inject(struct dp *dp, u32 ifindex, const u8 *frame, size_t len, GError **error)
{
	(void)dp;
	(void)ifindex;
	(void)frame;
	(void)len;
	return write_down("inject", "frame", "", error);
}
