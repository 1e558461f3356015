/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/connection_quota.h"
#include "agent/desired/firewall.h"
#include "agent/reconcile/qos.h"
#include "agent/desired/network_log.h"
#include "agent/desired/parts.h"
#include "agent/quiet.h"
#include "agent/reconcile/reconcile.h"
#include "host/rtnl.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static void set_state(
	struct reconcile *reconcile, struct port *port, enum port_state state, const char *reason)
{
	if (port->state == state && g_strcmp0(port->reason, reason) == 0)
		return;
	port->state = state;
	g_free(port->reason);
	port->reason = g_strdup(reason);
	reconcile->port_changed(port, reconcile->data);
}

/* What it lets in and out is not known yet: what a former process has left stays. */
static bool keeps_policy(const struct reconcile *reconcile, const struct port *port)
{
	return !port->settled || reconcile->desired->firewall->incomplete;
}

/* NULL when the port can be wired; the caller's. */
static char *obstacle(const struct reconcile *reconcile, const struct port *port)
{
	const struct policy *stage;
	char *why;

	if (port->parent && !port->parent->applied_ifindex)
		return g_strdup("the parent of its trunk is not wired here");
	if (port->parent && port->parent->applied_ifindex > DP_WIRE_IFINDEX_MAX)
		return g_strdup("the parent of its trunk has a device that can't have subports");
	if (!port->parent && !port->has_device)
		return g_strdup("no device is plugged");
	if (!port->network->known)
		return g_strdup(
			"its network has not arrived yet, or is of a type that hosts do not forward");
	if (!port->network->vni) {
		desired_wire_number(reconcile->desired, &port->network->wire, &why);
		return why;
	}
	if (!port->parent && g_strv_contains(reconcile->uplinks, port->device.name))
		return g_strdup("the device is an uplink of this host");
	if (keeps_policy(reconcile, port))
		return NULL;
	if (port->policy && !port->policy->applied)
		return g_strdup(port->policy->reason ?: "its security groups have not arrived yet");
	stage = port_missing_stage(port);
	if (stage)
		return g_strdup(
			stage->reason ?: "the provider's policies for it have not arrived yet");
	return NULL;
}

static void add_pair(GArray *pairs, const struct mac *mac, const struct ip *ip)
{
	struct dp_pair pair = { .mac = *mac, .prefix = { .ip = *ip, .len = (u8)ip_bits(ip) } };

	g_array_append_val(pairs, pair);
}

/* What the guest may use as source: its addresses, its link-local address, and the allowed pairs.
 */
static GArray *make_pairs(const struct record_port *record)
{
	GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct dp_pair));
	struct ip link_local = ip_link_local_from_mac(&record->mac);

	for (guint i = 0; i < record->fixed_ips->len; i++)
		add_pair(pairs, &record->mac,
			&g_array_index(record->fixed_ips, struct record_fixed_ip, i).ip);
	add_pair(pairs, &record->mac, &link_local);
	for (guint i = 0; i < record->pairs->len; i++) {
		const struct record_pair *allowed =
			&g_array_index(record->pairs, struct record_pair, i);
		struct dp_pair pair = { .mac = allowed->mac, .prefix = allowed->prefix };

		g_array_append_val(pairs, pair);
		if (mac_compare(&allowed->mac, &record->mac) != 0) {
			link_local = ip_link_local_from_mac(&allowed->mac);
			add_pair(pairs, &allowed->mac, &link_local);
		}
	}
	return pairs;
}

static u32 subnet_flags(const struct record_subnet *subnet)
{
	u32 flags = 0;

	if (subnet->cidr.ip.family == 4 && subnet->enable_dhcp)
		flags |= DP_PORT_PUNT_DHCP4 | DP_PORT_PUNT_DNS;
	if (subnet->cidr.ip.family == 6 && subnet->enable_dhcp)
		flags |= DP_PORT_PUNT_DHCP6 | DP_PORT_PUNT_RS | DP_PORT_PUNT_DNS;
	return flags;
}

/* What this host does not do for the network. */
static u32 member_flags(const struct desired *desired, const struct network *network)
{
	const struct member *self = g_hash_table_lookup(network->members, &desired->self);

	return self && self->no_dhcp ? DP_PORT_PUNT_DHCP4 | DP_PORT_PUNT_DHCP6 : 0;
}

static u32 make_flags(const struct reconcile *reconcile, const struct port *port)
{
	const struct desired *desired = reconcile->desired;
	u32 flags = port->record.port_security ? DP_PORT_SECURITY : 0;

	if (!port->record.admin_state_up || !port->network->admin_state_up ||
		!port_is_active(reconcile, port))
		flags |= DP_PORT_DOWN;
	for (guint i = 0; i < port->record.fixed_ips->len; i++) {
		const struct record_fixed_ip *fixed =
			&g_array_index(port->record.fixed_ips, struct record_fixed_ip, i);
		const struct subnet *subnet = desired_subnet(desired, &fixed->subnet_id);

		if (subnet)
			flags |= subnet_flags(&subnet->record);
	}
	if (port_is_guarded(desired, port))
		flags |= DP_PORT_GUARDED;
	return (flags & ~member_flags(desired, port->network)) | network_log_flags(desired, port);
}

static enum dp_port_kind port_kind(const struct link *device)
{
	if (strcmp(device->kind, "veth") == 0)
		return DP_PORT_VETH;
	return strcmp(device->kind, "tun") == 0 ? DP_PORT_TAP : DP_PORT_OTHER;
}

static void mark_endpoint(struct reconcile *reconcile, const struct port *port)
{
	struct endpoint *endpoint = desired_endpoint(reconcile->desired, &port->id);

	if (endpoint)
		endpoint_mark(reconcile->desired, endpoint);
}

static void detach(struct reconcile *reconcile, struct port *port)
{
	GError *error = NULL;

	if (!port->applied_ifindex)
		return;
	log_debug("port detached from %s", port->applied_name);
	if (!dp_port_delete(reconcile->dp, port->applied_ifindex, &error))
		reconcile_failed(reconcile, error);
	if (!dp_is_subport(port->applied_ifindex))
		quiet_end(reconcile->quiet, port->applied_name);
	g_hash_table_remove(reconcile->desired->attached, GUINT_TO_POINTER(port->applied_ifindex));
	port->applied_ifindex = 0;
	port->log_flags = 0;
	port->applied_active = false;
	mark_endpoint(reconcile, port);
}

/* The host's side of the device: silent, up, and of the network's MTU. */
static bool prepare_device(struct reconcile *reconcile, struct port *port, GError **error)
{
	struct link *device = &port->device;

	if (!quiet_begin(reconcile->quiet, device->name, error))
		return false;
	if (device->mtu_bytes != port->network->mtu_bytes &&
		!link_set_mtu(reconcile->rtnl, device->ifindex, port->network->mtu_bytes, error))
		return false;
	device->mtu_bytes = port->network->mtu_bytes;
	if (!(device->flags & IFF_UP) && !link_set_up(reconcile->rtnl, device->ifindex, error))
		return false;
	device->flags |= IFF_UP;
	return true;
}

static struct dp_qos make_qos(const struct record_qos *qos)
{
	return (struct dp_qos){ .egress = limits_rate(&qos->egress),
		.ingress = limits_rate(&qos->ingress),
		.min_kbps = qos->egress.min_kbps,
		.marks = qos->marks,
		.dscp = qos->dscp_mark };
}

/* Where the datapath is to have it. */
static u32 place_of(const struct port *port)
{
	return port->parent ? dp_subport(port->parent->applied_ifindex, port->record.vlan)
			    : port->device.ifindex;
}

static void name_place(struct port *port)
{
	if (port->parent)
		snprintf(port->applied_name, sizeof(port->applied_name), "%.15s.%u",
			port->parent->applied_name, port->record.vlan);
	else
		g_strlcpy(port->applied_name, port->device.name, sizeof(port->applied_name));
}

/* What was suppressed before is not said (again). */
static void note_logs(struct reconcile *reconcile, struct port *port, u32 flags)
{
	u32 wanted = flags & (DP_PORT_LOG_ACCEPT | DP_PORT_LOG_DROP);

	if (wanted && !port->log_flags)
		port->log_suppressed = dp_log_suppressed(reconcile->dp, place_of(port));
	port->log_flags = wanted;
}

void project_name(const char *id, u8 ret[static 16])
{
	g_autoptr(GChecksum) checksum = NULL;
	u8 digest[32];
	gsize len = sizeof(digest);

	if (!id || !*id || uuid_parse(id, (struct uuid *)ret))
		return;
	checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, (const guchar *)id, -1);
	g_checksum_get_digest(checksum, digest, &len);
	memcpy(ret, digest, 16);
}

static void fill_project(const struct desired *desired, const char *id, struct dp_port *wanted)
{
	const struct record_connection_quota *quota = connection_quota_of(desired, id);

	project_name(id, wanted->project);
	wanted->project_is_limited = quota;
	wanted->project_limit = quota ? quota->limit : 0;
}

static struct dp_tiers make_tiers(const struct port *port)
{
	struct dp_tiers tiers = { .n = 0 };

	for (guint i = 0; port->stages && i < port->stages->policies->len; i++)
		memcpy(tiers.policies[tiers.n++],
			((const struct policy *)port->stages->policies->pdata[i])->id.b,
			sizeof(tiers.policies[0]));
	tiers.n_before = port->stages ? (u8)port->stages->n_before : 0;
	return tiers;
}

/* On a wire, switches must hear who has a pair's addresses now. */
static void note_active(struct reconcile *reconcile, struct port *port)
{
	const struct endpoint *endpoint = desired_endpoint(reconcile->desired, &port->id);
	bool active = port_is_active(reconcile, port);

	if (port->applied_active && !active)
		reconcile->port_leaves(port, reconcile->data);
	if (!port->applied_active && active && endpoint && endpoint->standby &&
		port->network->wire.physical_network)
		for (guint i = 0; i < port->record.fixed_ips->len; i++)
			reconcile->address_placed(port->network->vni, &port->record.mac,
				&g_array_index(port->record.fixed_ips, struct record_fixed_ip, i)
					 .ip,
				reconcile->data);
	port->applied_active = active;
}

static bool attach(struct reconcile *reconcile, struct port *port, GError **error)
{
	g_autoptr(GArray) pairs = make_pairs(&port->record);
	struct dp_port wanted = {
		.ifindex = place_of(port),
		.kind = port->parent ? DP_PORT_OTHER : port_kind(&port->device),
		.vni = port->network->vni,
		.flags = make_flags(reconcile, port),
		.mac = port->record.mac,
		.pairs = (const struct dp_pair *)pairs->data,
		.n_pairs = pairs->len,
		.policy = port->policy ? port->policy->id.b : NULL,
		.tiers = keeps_policy(reconcile, port) ? (struct dp_tiers){ .n = 0 }
						       : make_tiers(port),
		.keep_policy = keeps_policy(reconcile, port),
		.qos = make_qos(&port->record.qos),
	};

	memcpy(wanted.uuid, port->id.b, sizeof(wanted.uuid));
	fill_project(reconcile->desired, port->record.project_id, &wanted);
	if ((!port->parent && !prepare_device(reconcile, port, error)) ||
		!dp_port_put(reconcile->dp, &wanted, error))
		return false;
	if (port->applied_ifindex != wanted.ifindex)
		mark_endpoint(reconcile, port);
	port->applied_ifindex = wanted.ifindex;
	note_logs(reconcile, port, wanted.flags);
	note_active(reconcile, port);
	g_hash_table_insert(reconcile->desired->attached, GUINT_TO_POINTER(wanted.ifindex), port);
	name_place(port);
	return true;
}

/* Taken from this host, and not because it is no more: its endpoint is another host's. */
static bool has_moved(const struct reconcile *reconcile, const struct port *port)
{
	const struct endpoint *endpoint = desired_endpoint(reconcile->desired, &port->id);

	return port->deleted && port->applied_active && endpoint && endpoint->member &&
	       !uuid_equal(&endpoint->member->host, &reconcile->desired->self);
}

static void reconcile_one(struct reconcile *reconcile, struct port *port)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *why = NULL;

	if (!port->known) {
		if (has_moved(reconcile, port))
			reconcile->port_leaves(port, reconcile->data);
		detach(reconcile, port);
		if (port->deleted)
			reconcile->port_deleted(port, reconcile->data);
		port->deleted = false;
		return;
	}
	why = obstacle(reconcile, port);
	if (why || (port->applied_ifindex && port->applied_ifindex != place_of(port)))
		detach(reconcile, port);
	if (!why && !attach(reconcile, port, &error)) {
		detach(reconcile, port);
		why = g_strdup(error->message);
		log_limited(warning, "device %s: %s",
			port->parent ? port->parent->applied_name : port->device.name, why);
		reconcile->failed = true;
	}
	/* Its device is ready, so that activation is a change of flags. */
	if (!why && !port_is_active(reconcile, port))
		why = g_strdup("its binding to this host is not the active one");
	set_state(reconcile, port, why ? PORT_NOT_WIRED : PORT_WIRED, why);
}

void reconcile_port(struct reconcile *reconcile, struct port *port)
{
	u32 before = port->applied_ifindex;

	reconcile_one(reconcile, port);
	if (port->applied_ifindex == before || !port->subports)
		return;
	for (guint i = 0; i < port->subports->len; i++)
		reconcile_one(reconcile, port->subports->pdata[i]);
}
