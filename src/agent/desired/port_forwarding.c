/* SPDX-License-Identifier: Apache-2.0 */
/* Port forwardings, gathered by their floating IPs. */
#include "agent/desired/parts.h"

void forwarded_ip_free(gpointer data)
{
	struct forwarded_ip *ip = data;

	g_ptr_array_unref(ip->forwardings);
	g_free(ip->reason);
	g_free(ip);
}

void port_forwarding_free(gpointer data)
{
	struct port_forwarding *forwarding = data;

	g_free(forwarding->applied);
	g_free(forwarding);
}

static struct forwarded_ip *ip_need(
	struct desired *desired, const struct record_port_forwarding *record)
{
	struct forwarded_ip *ip = desired_forwarded_ip(desired, &record->floating_ip_id);

	if (!ip) {
		ip = g_new0(struct forwarded_ip, 1);
		ip->id = record->floating_ip_id;
		ip->forwardings = g_ptr_array_new();
		g_hash_table_insert(desired->forwarded_ips, &ip->id, ip);
	}
	if (ip->router && !uuid_equal(&ip->router->id, &record->router_id)) {
		g_ptr_array_remove(ip->router->forwarded_ips, ip);
		router_mark(desired, ip->router);
		ip->router = NULL;
	}
	if (!ip->router) {
		ip->router = router_need(desired, &record->router_id);
		g_ptr_array_add(ip->router->forwarded_ips, ip);
	}
	return ip;
}

void forwarded_ip_mark(struct desired *desired, struct forwarded_ip *ip)
{
	g_hash_table_add(desired->dirty_forwarded_ips, ip);
}

void port_forwarding_put(
	struct desired *desired, const struct uuid *id, const struct record_port_forwarding *record)
{
	struct port_forwarding *forwarding = g_hash_table_lookup(desired->port_forwardings, id);
	struct forwarded_ip *ip = ip_need(desired, record);

	if (!forwarding) {
		forwarding = g_new0(struct port_forwarding, 1);
		forwarding->id = *id;
		g_hash_table_insert(desired->port_forwardings, &forwarding->id, forwarding);
	}
	if (forwarding->ip != ip) {
		if (forwarding->ip) {
			g_ptr_array_remove(forwarding->ip->forwardings, forwarding);
			forwarded_ip_mark(desired, forwarding->ip);
		}
		forwarding->ip = ip;
		g_ptr_array_add(ip->forwardings, forwarding);
	}
	if (!forwarded_ip_is_known(ip))
		ip->state = PORT_UNREPORTED; /* what was said of the former ones is past */
	forwarding->known = true;
	forwarding->record = *record;
	forwarded_ip_mark(desired, ip);
	router_mark_if_helped(desired, ip->router);
}

void port_forwarding_delete(struct desired *desired, const struct uuid *id)
{
	struct port_forwarding *forwarding = g_hash_table_lookup(desired->port_forwardings, id);

	if (!forwarding)
		return;
	forwarding->known = false;
	forwarded_ip_mark(desired, forwarding->ip);
	router_mark_if_helped(desired, forwarding->ip->router);
}

bool forwarded_ip_is_known(const struct forwarded_ip *ip)
{
	for (guint i = 0; i < ip->forwardings->len; i++)
		if (((const struct port_forwarding *)ip->forwardings->pdata[i])->known)
			return true;
	return false;
}

const struct record_port_forwarding *forwarded_ip_record(const struct forwarded_ip *ip)
{
	const struct port_forwarding *forwarding = ip->forwardings->pdata[0];

	for (guint i = 1; !forwarding->known && i < ip->forwardings->len; i++)
		forwarding = ip->forwardings->pdata[i];
	return &forwarding->record;
}

static void collect(struct desired *desired, struct forwarded_ip *ip)
{
	for (guint i = ip->forwardings->len; i-- > 0;) {
		struct port_forwarding *forwarding = ip->forwardings->pdata[i];

		if (forwarding->known || forwarding->applied)
			continue;
		g_ptr_array_remove_index_fast(ip->forwardings, i);
		g_hash_table_remove(desired->port_forwardings, &forwarding->id);
	}
	if (ip->forwardings->len || ip->applied_vni)
		return;
	g_ptr_array_remove(ip->router->forwarded_ips, ip);
	g_hash_table_add(desired->dirty_routers, ip->router); /* it may be unused by now */
	g_hash_table_remove(desired->forwarded_ips, &ip->id);
}

void forwarded_ips_collect(struct desired *desired)
{
	g_autofree gpointer *ips =
		g_hash_table_get_keys_as_array(desired->dirty_forwarded_ips, NULL);

	g_hash_table_remove_all(desired->dirty_forwarded_ips);
	for (guint i = 0; ips[i]; i++)
		collect(desired, ips[i]);
}
