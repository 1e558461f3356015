/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dispatch/dispatch.h"

#include "agent/dhcp/dhcp4.h"
#include "agent/dhcp/dhcp6.h"
#include "agent/dns/answer.h"
#include "agent/dns/forward.h"
#include "agent/ra/ra.h"

#define DNS_PORT 53

struct dispatch {
	struct dispatch_options options;
	struct dns_forwarder *forwarder;
	u64 counts[SERVICE_N_OUTCOMES];
};

static void on_forwarded(const char *port_id, const struct frame_flow *flow, const u8 *message,
	size_t len, enum service_outcome outcome, void *data)
{
	struct dispatch *d = data;
	struct frame frame;

	d->counts[outcome]++;
	if (frame_build_udp(&frame, flow, message, len))
		d->options.late_reply(port_id, &frame, d->options.data);
}

struct dispatch *dispatch_new(const struct dispatch_options *options)
{
	struct dispatch *d = g_new0(struct dispatch, 1);

	d->options = *options;
	d->forwarder = dns_forwarder_new(&(struct dns_forwarder_options){
		.resolv_conf = options->resolv_conf,
		.upstreams = options->upstreams,
		.n_upstreams = options->n_upstreams,
		.upstream_port = options->upstream_port,
		.done = on_forwarded,
		.data = d,
	});
	return d;
}

void dispatch_free(struct dispatch *d)
{
	if (!d)
		return;
	dns_forwarder_free(d->forwarder);
	g_free(d);
}

void dispatch_port_gone(struct dispatch *d, const char *port_id)
{
	dns_forwarder_port_gone(d->forwarder, port_id);
}

u64 dispatch_count(const struct dispatch *d, enum service_outcome outcome)
{
	return d->counts[outcome];
}

/* Answers without a look at the name: what we don't do. False: go on. */
static bool refuse(const struct dns_query *query, enum dns_parsed parsed, struct dns_reply *reply,
	enum service_outcome *ret_outcome)
{
	if (parsed == DNS_MALFORMED) {
		reply->rcode = DNS_FORMERR;
		*ret_outcome = SERVICE_DNS_FORMAT;
	} else if (query->flags & DNS_OPCODE) {
		reply->rcode = DNS_NOTIMP;
		*ret_outcome = SERVICE_DNS_NOT_IMPLEMENTED;
	} else if (query->edns_version) {
		reply->rcode = DNS_BADVERS;
		*ret_outcome = SERVICE_DNS_NOT_IMPLEMENTED;
	} else if (query->class != DNS_CLASS_IN || query->type == DNS_AXFR ||
		   query->type == DNS_IXFR) {
		reply->rcode = DNS_REFUSED;
		*ret_outcome = SERVICE_DNS_REFUSED;
	} else {
		return false;
	}
	return true;
}

/* Asks the upstream resolvers; false when the guest is to be told at once that it won't work. */
static bool forward(struct dispatch *d, const struct service_port *port,
	const struct frame_flow *flow, const struct dns_query *query, size_t size,
	struct dns_reply *reply, enum service_outcome *ret_outcome)
{
	*ret_outcome = dns_forwarder_ask(d->forwarder, port->id, flow, query, size);
	reply->rcode = *ret_outcome == SERVICE_DNS_NO_UPSTREAM ? DNS_REFUSED : DNS_SERVFAIL;
	return *ret_outcome == SERVICE_DNS_FORWARDED || *ret_outcome == SERVICE_DNS_DUPLICATE;
}

static enum service_outcome respond_dns(struct dispatch *d, const struct service_port *port,
	const u8 *bytes, size_t len, struct frame *ret)
{
	enum service_outcome outcome;
	struct frame_flow flow;
	struct dns_query query;
	struct dns_reply reply;
	const u8 *message;
	size_t message_len;
	u8 room[FRAME_MAX];

	if (frame_parse_udp(bytes, len, &flow, &message, &message_len) != FRAME_OK ||
		flow.dst_port != DNS_PORT)
		return SERVICE_DNS_BAD_FRAME;
	enum dns_parsed parsed = dns_parse_query(message, message_len, &query);
	if (parsed == DNS_IGNORE)
		return SERVICE_DNS_NOT_QUERY;
	size_t fits = frame_udp_payload_max(
		flow.src.family, port->mtu_bytes ? port->mtu_bytes : FRAME_MAX);
	size_t size = CLAMP(fits, DNS_UDP_MIN, sizeof(room));
	dns_reply_begin(&reply, &query, room, size);
	if (!refuse(&query, parsed, &reply, &outcome) &&
		!dns_answer(port, d->options.directory, &query, &reply, &outcome) &&
		forward(d, port, &flow, &query, size, &reply, &outcome))
		return outcome;
	struct frame_flow back = frame_flow_reverse(&flow);
	frame_build_udp(ret, &back, room, dns_reply_end(&reply));
	return outcome;
}

static enum service_outcome respond(struct dispatch *d, enum dispatch_service service,
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret)
{
	switch (service) {
	case DISPATCH_DHCP4:
		return dhcp4_respond(port, bytes, len, ret);
	case DISPATCH_DHCP6:
		return dhcp6_respond(port, bytes, len, ret);
	case DISPATCH_RS:
		return ra_respond(port, bytes, len, ret);
	default:
		return respond_dns(d, port, bytes, len, ret);
	}
}

enum service_outcome dispatch_handle(struct dispatch *d, enum dispatch_service service,
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret)
{
	ret->len = 0;
	enum service_outcome outcome = respond(d, service, port, bytes, len, ret);
	d->counts[outcome]++;
	return outcome;
}

enum service_outcome dispatch_unsolicited_ra(
	struct dispatch *d, const struct service_port *port, struct frame *ret)
{
	enum service_outcome outcome = ra_unsolicited(port, ret);

	d->counts[outcome]++;
	return outcome;
}
