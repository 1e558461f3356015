/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper/helpers.h"

#include <netinet/in.h>

#include "agent/helper/internal.h"
#include "base/log.h"

const char *const helpers_count_names[N_HELPERS_COUNTS] = {
	[HELPED_PACKETS] = "helped",
	[HELPED_REWRITTEN] = "rewritten",
	[HELPED_EXPECTED] = "expected",
	[HELPED_FULFILLED] = "fulfilled",
	[HELPED_REFUSED] = "refused",
	[HELPED_DROPPED] = "dropped",
};

static gboolean every_second(gpointer data)
{
	struct helpers *helpers = data;
	s64 now = g_get_monotonic_time();

	expectations_expire(helpers->expectations, now);
	connections_expire(helpers->connections, now);
	return G_SOURCE_CONTINUE;
}

struct helpers *helpers_new(struct dp *dp)
{
	struct helpers *helpers = g_new0(struct helpers, 1);

	helpers->dp = dp;
	helpers->expectations = expectations_new(dp);
	helpers->connections = connections_new();
	helpers->timer = g_timeout_add_seconds(1, every_second, helpers);
	return helpers;
}

void helpers_free(struct helpers *helpers)
{
	if (!helpers)
		return;
	g_source_remove(helpers->timer);
	expectations_free(helpers->expectations);
	connections_free(helpers->connections);
	g_free(helpers);
}

u64 helpers_count(const struct helpers *helpers, enum helpers_count count)
{
	return helpers->counts[count];
}

unsigned helpers_waiting(const struct helpers *helpers)
{
	return expectations_count(helpers->expectations);
}

unsigned helpers_connections(const struct helpers *helpers)
{
	return connections_count(helpers->connections);
}

static bool announce(struct helpers *helpers, struct dp_expectation *expectation, unsigned seconds)
{
	bool ok = expect(helpers->expectations, expectation, seconds);

	helpers->counts[ok ? HELPED_EXPECTED : HELPED_REFUSED]++;
	return ok;
}

bool helped_expect_in(struct helpers *helpers, const struct helped_packet *helped, u8 proto,
	u16 port, u16 wanted, u16 *ret_port)
{
	struct dp_expectation expectation = { .router = helped->about->router,
		.helper = helped->about->helper,
		.proto = proto,
		.guest = helped->guest,
		.outside = helped->outside,
		.peer = helped->peer,
		.guest_port = port,
		.outside_port = wanted };

	if (!announce(helpers, &expectation, 0))
		return false;
	*ret_port = expectation.outside_port;
	return true;
}

bool helped_expect_out(
	struct helpers *helpers, const struct helped_packet *helped, u8 proto, u16 port)
{
	struct dp_expectation expectation = { .router = helped->about->router,
		.helper = helped->about->helper,
		.out = true,
		.proto = proto,
		.guest = helped->guest,
		.outside = helped->outside,
		.peer = helped->peer,
		.peer_port = port };

	return announce(helpers, &expectation, 0);
}

void helped_expect_signalling(
	struct helpers *helpers, const struct helped_packet *helped, unsigned seconds)
{
	struct dp_expectation expectation = { .router = helped->about->router,
		.helper = helped->about->helper,
		.proto = helped->packet->proto,
		.guest = helped->guest,
		.outside = helped->outside,
		.peer = helped->peer,
		.guest_port = helped->guest_port,
		.outside_port = helped->outside_port };

	announce(helpers, &expectation, seconds);
}

static struct helped_packet who_is_who(const struct dp_helped *about, const struct packet *packet)
{
	struct helped_packet helped = { .about = about,
		.packet = packet,
		.from = about->out ? SIDE_GUEST : SIDE_PEER,
		.guest = about->out ? packet->src : about->to,
		.outside = about->out ? about->to : packet->dst,
		.peer = about->out ? packet->dst : packet->src,
		.peer_port = about->out ? packet->dport : packet->sport,
		.floats = !about->to_port };

	helped.guest_port = about->out	     ? packet->sport
			    : about->to_port ? about->to_port
					     : packet->dport;
	helped.outside_port = !about->out      ? packet->dport
			      : about->to_port ? about->to_port
					       : packet->sport;
	return helped;
}

struct sending {
	struct helpers *helpers;
	const struct dp_helped *about;
};

static void give_back(const u8 *frame, size_t len, void *data)
{
	const struct sending *sending = data;
	g_autoptr(GError) error = NULL;

	if (dp_helped_send(sending->helpers->dp, sending->about, frame, len, &error)) {
		sending->helpers->counts[HELPED_PACKETS]++;
		return;
	}
	sending->helpers->counts[HELPED_DROPPED]++;
	log_limited(warning, "%s", error->message);
}

/* The sequence numbers of a connection that is known follow what has been changed in it. */
static void follow(const struct helped_packet *helped, struct packet_change *change)
{
	const struct packet *packet = helped->packet;

	change->seq = adjust_seq(&helped->connection->sides[helped->from].adjust, change->seq);
	if (packet->flags & PACKET_ACK)
		change->ack =
			adjust_ack(&helped->connection->sides[!helped->from].adjust, packet->ack);
}

/* The payload that goes in place of the packet's, from *ret_seq on; NULL: it stays. */
static GByteArray *translate(
	struct helpers *helpers, const struct helped_packet *helped, u32 *ret_seq)
{
	const struct packet *packet = helped->packet;
	const bool tcp = packet->proto == IPPROTO_TCP;
	GByteArray *bytes = NULL;

	switch (helped->about->helper) {
	case DP_HELPER_FTP:
		bytes = tcp ? helped_ftp(helpers, helped) : NULL;
		if (bytes)
			adjust_note(&helped->connection->sides[helped->from].adjust, packet->seq,
				(s32)bytes->len - (s32)packet_payload_len(packet), bytes->len);
		break;
	case DP_HELPER_SIP:
		if (!tcp)
			bytes = helped_sip(helpers, helped);
		else if (helped->connection)
			bytes = helped_sip_stream(helpers, helped, ret_seq);
		break;
	case DP_HELPER_TFTP:
		if (!tcp)
			helped_tftp(helpers, helped);
		break;
	}
	return bytes;
}

/* How much a segment may have: as much as those that offload put together, or as this one. */
static size_t chunk_of(const struct dp_helped *about, const struct packet *packet)
{
	if (packet->proto != IPPROTO_TCP)
		return 0;
	return about->segment ?: MAX(packet_payload_len(packet), PACKET_MSS_DEFAULT);
}

static void help(struct helpers *helpers, const struct dp_helped *about, struct packet *packet)
{
	struct helped_packet helped = who_is_who(about, packet);
	const struct connection_key key = { .router = about->router,
		.guest = helped.guest,
		.peer = helped.peer,
		.guest_port = helped.guest_port,
		.peer_port = helped.peer_port,
		.proto = packet->proto };
	struct packet_change change = { .payload = packet->frame + packet->payload,
		.len = packet_payload_len(packet),
		.seq = packet->seq,
		.ack = packet->ack,
		.chunk = chunk_of(about, packet) };
	struct sending sending = { helpers, about };
	g_autoptr(GByteArray) bytes = NULL;

	if (packet->proto == IPPROTO_TCP)
		helped.connection =
			connections_see(helpers->connections, &key, helped.from, packet);
	bytes = translate(helpers, &helped, &change.seq);
	if (bytes) {
		change.payload = bytes->data;
		change.len = bytes->len;
		helpers->counts[HELPED_REWRITTEN]++;
	}
	if (helped.connection)
		follow(&helped, &change);
	if (!packet_emit(packet, &change, give_back, &sending))
		helpers->counts[HELPED_DROPPED]++;
}

/* The first packet of an expected connection is not changed, unless it is one with a helper. */
static void fulfil(struct helpers *helpers, const struct dp_helped *about, struct packet *packet)
{
	const struct arrival arrival = { .router = about->router,
		.out = about->out,
		.proto = packet->proto,
		.src = packet->src,
		.dst = packet->dst,
		.sport = packet->sport,
		.dport = packet->dport };
	const struct packet_change change = { .payload = packet->frame + packet->payload,
		.len = packet_payload_len(packet),
		.seq = packet->seq,
		.ack = packet->ack,
		.chunk = chunk_of(about, packet) };
	struct sending sending = { helpers, about };
	struct dp_helped like_it = *about;
	struct dp_expectation expected;
	bool helped;

	/* else the datapath decides: what came before this one may have made the translation */
	if (expectations_fulfil(helpers->expectations, &arrival, &expected, &helped)) {
		helpers->counts[HELPED_FULFILLED]++;
		if (helped) {
			like_it.to = expected.guest;
			like_it.to_port = expected.guest_port;
			help(helpers, &like_it, packet);
			return;
		}
	}
	if (!packet_emit(packet, &change, give_back, &sending))
		helpers->counts[HELPED_DROPPED]++;
}

void helpers_punted(struct helpers *helpers, bool expected, const u8 *bytes, size_t len)
{
	struct dp_helped about;
	struct packet packet;
	const u8 *frame;
	size_t frame_len;

	if (!dp_punt_helped(bytes, len, &about, &frame, &frame_len) ||
		!packet_parse(frame, frame_len, &packet)) {
		helpers->counts[HELPED_DROPPED]++;
		return;
	}
	if (expected)
		fulfil(helpers, &about, &packet);
	else
		help(helpers, &about, &packet);
}
