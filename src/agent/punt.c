/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/punt.h"

#include "agent/announce.h"
#include "agent/report/health.h"
#include "agent/helper/helpers.h"
#include "agent/holder.h"
#include "agent/outside.h"

#include <glib-unix.h>
#include <string.h>

#include "agent/dns/directory.h"
#include "agent/metadata.h"
#include "agent/service_port.h"
#include "base/log.h"

struct punt {
	struct dp *dp;
	const struct desired *desired;
	struct outside *outside;
	struct holders *holders;
	struct healths *healths;
	struct helpers *helpers;
	struct dispatch *dispatch;
	struct metadata *metadata; /* NULL: there can be none here */
	struct dns_directory directory;
	punt_answer_fn answered;
	void *answered_data;
	guint fd_source, ra_source;
};

static const struct port *find_port(const struct punt *punt, u32 ifindex)
{
	const struct port *port =
		g_hash_table_lookup(punt->desired->attached, GUINT_TO_POINTER(ifindex));

	return port && port->known && port->network->known ? port : NULL;
}

static void send_frame(struct punt *punt, const struct port *port, const struct frame *frame)
{
	g_autoptr(GError) error = NULL;

	if (frame->len == 0 || !port->applied_ifindex)
		return;
	if (!dp_inject(punt->dp, port->applied_ifindex, frame->data, frame->len, &error))
		log_limited(warning, "answer to the guest at %s: %s", port->applied_name,
			error->message);
}

/* Of a resolver, to a guest. */
static void late_reply(const char *port_id, const struct frame *frame, void *data)
{
	struct punt *punt = data;
	const struct port *port;
	struct frame_flow flow;
	const u8 *message;
	size_t len;
	struct uuid id;

	if (punt->answered &&
		frame_parse_udp(frame->data, frame->len, &flow, &message, &len) == FRAME_OK)
		punt->answered(message, len, punt->answered_data);
	if (uuid_parse(port_id, &id) && (port = desired_port(punt->desired, &id)) && port->known)
		send_frame(punt, port, frame);
}

static void send_metadata(const struct uuid *id, const struct frame *frame, void *user)
{
	struct punt *punt = user;
	const struct port *port = desired_port(punt->desired, id);

	if (port && port->known)
		send_frame(punt, port, frame);
}

/* The datapath does not know who has an address on a wire. */
static void ask_neighbour_of(struct punt *punt, const u8 *bytes, size_t len)
{
	struct ip ip;
	u32 vni;

	if (dp_punt_neighbour(bytes, len, &vni, &ip))
		outside_ask(punt->outside, vni, &ip);
}

static void announced(struct punt *punt, const struct port *port, const u8 *bytes, size_t len)
{
	struct dp_announcement said;

	if (dp_punt_announced(bytes, len, &said))
		holders_heard(punt->holders, port, &said);
}

static void punted(u32 ifindex, enum dp_punt_reason reason, const u8 *bytes, size_t len, void *data)
{
	static const enum dispatch_service services[] = {
		[DP_PUNT_DHCP4] = DISPATCH_DHCP4,
		[DP_PUNT_DHCP6] = DISPATCH_DHCP6,
		[DP_PUNT_RS] = DISPATCH_RS,
		[DP_PUNT_DNS] = DISPATCH_DNS,
	};
	struct punt *punt = data;
	const struct port *port = find_port(punt, ifindex);
	struct frame answer = { .len = 0 };

	if (reason == DP_PUNT_NEIGHBOUR) {
		ask_neighbour_of(punt, bytes, len);
		return;
	}
	if (reason == DP_PUNT_HELPED || reason == DP_PUNT_EXPECTED) {
		helpers_punted(punt->helpers, reason == DP_PUNT_EXPECTED, bytes, len);
		return;
	}
	if (port && reason == DP_PUNT_METADATA) {
		if (punt->metadata)
			metadata_frame(punt->metadata, &port->id, bytes, len);
		return;
	}
	if (!port || (reason == DP_PUNT_DNS && !port->network->dns))
		return; /* it went while the frame was on its way; or others answer */
	if (reason == DP_PUNT_ANNOUNCED) {
		announced(punt, port, bytes, len);
		return;
	}
	if (reason == DP_PUNT_PROBE) {
		healths_answer(punt->healths, port, bytes, len);
		return;
	}
	struct service_port_owned *asker = service_port_of(punt->desired, port);
	dispatch_handle(punt->dispatch, services[reason], &asker->port, bytes, len, &answer);
	service_port_owned_free(asker);
	send_frame(punt, port, &answer);
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct punt *punt = data;

	(void)fd;
	(void)condition;
	dp_punt_dispatch(punt->dp, punted, punt);
	return G_SOURCE_CONTINUE;
}

void punt_port_wired(struct punt *punt, const struct port *port)
{
	struct frame frame = { .len = 0 };

	if (!port->record.admin_state_up)
		return;
	struct service_port_owned *receiver = service_port_of(punt->desired, port);
	dispatch_unsolicited_ra(punt->dispatch, &receiver->port, &frame);
	service_port_owned_free(receiver);
	send_frame(punt, port, &frame);
}

static void send_gone(struct punt *punt, const struct port *port, const struct network *network)
{
	struct service_port_owned *receiver = service_port_of(punt->desired, port);

	receiver->port.router_lifetime_s = 0;
	for (guint i = 0; i < network->gone_routers->len; i++) {
		struct frame frame = { .len = 0 };

		receiver->port.router_mac = g_array_index(network->gone_routers, struct mac, i);
		dispatch_unsolicited_ra(punt->dispatch, &receiver->port, &frame);
		send_frame(punt, port, &frame);
	}
	service_port_owned_free(receiver);
}

static void send_announcements(
	struct punt *punt, const struct port *port, const struct interface *interface)
{
	for (guint i = 0; i < interface->record.fixed_ips->len; i++) {
		struct frame frame = { .len = 0 };

		announce(&interface->record.mac,
			&g_array_index(interface->record.fixed_ips, struct record_fixed_ip, i).ip,
			&frame);
		send_frame(punt, port, &frame);
	}
}

void punt_routers_changed(struct punt *punt, const struct network *network)
{
	for (guint p = 0; p < network->ports->len; p++) {
		const struct port *port = network->ports->pdata[p];

		if (!port->known || port->state != PORT_WIRED)
			continue;
		send_gone(punt, port, network);
		for (guint i = 0; i < network->interfaces->len; i++)
			if (interface_is_up(network->interfaces->pdata[i]))
				send_announcements(punt, port, network->interfaces->pdata[i]);
		punt_port_wired(punt, port);
	}
}

static gboolean advertise(gpointer data)
{
	struct punt *punt = data;
	const struct port *port;
	GHashTableIter i;

	g_hash_table_iter_init(&i, punt->desired->ports);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
		if (port->known && port->state == PORT_WIRED)
			punt_port_wired(punt, port);
	return G_SOURCE_CONTINUE;
}

static const struct network *network_of(const struct punt *punt, const struct service_port *asker)
{
	struct uuid id;

	return uuid_parse(asker->network_id, &id) ? desired_network(punt->desired, &id) : NULL;
}

static size_t by_name(
	const struct service_port *asker, const char *label, struct ip *ret, size_t max, void *data)
{
	const struct network *network = network_of(data, asker);
	const struct endpoint *endpoint =
		network ? g_hash_table_lookup(network->names, label) : NULL;
	size_t n = 0;

	for (u16 i = 0; endpoint && i < endpoint->n_claims && n < max; i++)
		if (endpoint->claims[i].origin == CLAIM_OWN &&
			endpoint->claims[i].address.type != ADDRESS_MAC)
			ret[n++] = address_ip(&endpoint->claims[i].address);
	return n;
}

static bool by_ip(
	const struct service_port *asker, const struct ip *ip, const char **ret_name, void *data)
{
	const struct network *network = network_of(data, asker);
	struct address address = address_of_ip(ip);

	for (const struct claim *claim = network ? network_claims(network, &address) : NULL; claim;
		claim = claim->next)
		if (claim->origin == CLAIM_OWN) {
			*ret_name = claim->endpoint->dns_name;
			return true;
		}
	return false;
}

struct punt *punt_new(struct dp *dp, const struct desired *desired, struct outside *outside,
	struct holders *holders, const char *resolv_conf)
{
	struct punt *punt = g_new0(struct punt, 1);
	g_autoptr(GError) error = NULL;
	struct dispatch_options options = { .resolv_conf = resolv_conf };

	punt->dp = dp;
	punt->desired = desired;
	punt->outside = outside;
	punt->holders = holders;
	punt->directory =
		(struct dns_directory){ .by_name = by_name, .by_ip = by_ip, .data = punt };
	options.directory = &punt->directory;
	options.late_reply = late_reply;
	options.data = punt;
	punt->dispatch = dispatch_new(&options);
	punt->helpers = helpers_new(dp);
	punt->metadata = metadata_new(desired, send_metadata, punt, &error);
	if (!punt->metadata)
		log_warning("%s; guests of this host get none", error->message);
	if (dp_punt_fd(dp) >= 0)
		punt->fd_source = g_unix_fd_add(dp_punt_fd(dp), G_IO_IN, readable, punt);
	punt->ra_source = g_timeout_add_seconds(DISPATCH_RA_INTERVAL_S, advertise, punt);
	return punt;
}

void punt_to_health(struct punt *punt, struct healths *healths)
{
	punt->healths = healths;
}

void punt_free(struct punt *punt)
{
	if (!punt)
		return;
	g_clear_handle_id(&punt->fd_source, g_source_remove);
	g_clear_handle_id(&punt->ra_source, g_source_remove);
	dispatch_free(punt->dispatch);
	helpers_free(punt->helpers);
	metadata_free(punt->metadata);
	g_free(punt);
}

void punt_port_gone(struct punt *punt, const struct uuid *port)
{
	char id[UUID_STRLEN];

	dispatch_port_gone(punt->dispatch, uuid_format(port, id));
	if (punt->metadata)
		metadata_port_gone(punt->metadata, port);
}

u64 punt_count(const struct punt *punt, enum service_outcome outcome)
{
	return dispatch_count(punt->dispatch, outcome);
}

const struct helpers *punt_helpers(const struct punt *punt)
{
	return punt->helpers;
}

void punt_on_answer(struct punt *punt, punt_answer_fn answered, void *data)
{
	punt->answered = answered;
	punt->answered_data = data;
}
