/* SPDX-License-Identifier: Apache-2.0 */
/* Floating IPs of ports of this host, and of those of others that go with a router's gateway. */
#include "agent/desired/parts.h"

static void clear_record(struct floating_ip *floating_ip)
{
	struct record record = { .kind = RECORD_FLOATING_IP, .floating_ip = floating_ip->record };

	record_clear(&record);
	floating_ip->record = (struct record_floating_ip){ 0 };
}

void floating_ip_free(gpointer data)
{
	struct floating_ip *floating_ip = data;

	clear_record(floating_ip);
	g_free(floating_ip->reason);
	g_free(floating_ip);
}

bool floating_ip_is_unused(const struct floating_ip *floating_ip)
{
	return !floating_ip->known && !floating_ip->applied_vni &&
	       !floating_ip->applied_elsewhere.family;
}

void floating_ip_mark(struct desired *desired, struct floating_ip *floating_ip)
{
	g_hash_table_add(desired->dirty_floating_ips, floating_ip);
}

static void leave_router(struct desired *desired, struct floating_ip *floating_ip)
{
	struct router *router =
		g_hash_table_lookup(desired->routers, &floating_ip->record.router_id);

	if (router && g_ptr_array_remove(router->floating_ips, floating_ip))
		router_mark(desired, router); /* it may be of no use any more */
}

void floating_ip_put(
	struct desired *desired, const struct uuid *id, struct record_floating_ip *record)
{
	struct floating_ip *floating_ip = desired_floating_ip(desired, id);

	if (!floating_ip) {
		floating_ip = g_new0(struct floating_ip, 1);
		floating_ip->id = *id;
		g_hash_table_insert(desired->floating_ips, &floating_ip->id, floating_ip);
	}
	leave_router(desired, floating_ip);
	clear_record(floating_ip);
	floating_ip->known = true;
	floating_ip->record = *record;
	if (record->by_gateway)
		g_ptr_array_add(
			router_need(desired, &record->router_id)->floating_ips, floating_ip);
	*record = (struct record_floating_ip){ 0 }; /* taken over */
	/* What was said of the former port is not known of this one. */
	floating_ip->state = PORT_UNREPORTED;
	floating_ip_mark(desired, floating_ip);
}

void floating_ip_delete(struct desired *desired, const struct uuid *id)
{
	struct floating_ip *floating_ip = desired_floating_ip(desired, id);

	if (!floating_ip)
		return;
	leave_router(desired, floating_ip);
	floating_ip->known = false;
	floating_ip->state = PORT_UNREPORTED;
	floating_ip_mark(desired, floating_ip);
}
