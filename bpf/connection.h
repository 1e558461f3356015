/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state of connections at a port's firewall. It lives in the flow entry of what the port's
 * guest sends in it: such an entry is looked up for every packet of the guest anyway, and found for
 * a packet to the guest by the same key turned round. Where the other side opened, the entry is
 * there first with no verdict (epoch 0), and gets one when the guest answers, or before, when the
 * opener is on this host too.
 *
 *             opener        answer (TCP: … and opener's ACK)        FIN            FIN of the other
 *   (none) ─────────► NEW ─────────► ESTABLISHED · CONNECTED ──► HALF_CLOSED ──► CLOSING ─► (aged)
 *                      │                             │    ▲                       ▲
 *                      └──── reset ──────────────────┴────┼───────────────────────┘
 *                                            the guest goes on: it did not believe the reset
 *
 * An opening takes the slow path, where the rules are asked. What else
 * changes a state does so on the way of a verdict (connection_step()): of TCP all before it is
 * connected and after its end, when the verdict is `watched`, and what has a FIN or RST. The rest
 * needs no more than its two lookups, except that once a tick it refreshes the state at a local
 * receiver; a state that has gone takes the verdict with it. Of TCP that is not connected a verdict
 * is only written where it needs no entry of its own, or is of what answers the port's own opening:
 * half open connections have quotas, other entries have none. A TCP connection that is found open
 * (the table lost it, or the port has just got a policy) is judged like a new one and must prove
 * itself in the same way.
 *
 * Only the agent removes entries (src/datapath/flows.c).
 */
#pragma once

#include "embryo.h"
#include "flow_room.h"
#include "window.h"

/* The keys of what the guest of a packet's receiver would send back. */
static __always_inline struct flow_key4 answer_key4(const struct pkt *pkt, u32 port_id)
{
	return (struct flow_key4){ .scope = port_id,
		.kind = FLOW_KIND(pkt->proto, (u32)FLOW_FROM_GUEST),
		.src = pkt->dst.w[3],
		.dst = pkt->src.w[3],
		.ports = pkt->ports >> 16 | pkt->ports << 16 };
}

static __always_inline struct flow_key6 answer_key6(const struct pkt *pkt, u32 port_id)
{
	return (struct flow_key6){ .scope = port_id,
		.kind = FLOW_KIND(pkt->proto, (u32)FLOW_FROM_GUEST),
		.src = pkt->dst,
		.dst = pkt->src,
		.ports = pkt->ports >> 16 | pkt->ports << 16 };
}

/* The port's entry for the connection of a packet in @direction, tracked or not. */
static __always_inline struct flow *connection_get(
	const struct pkt *pkt, u32 port_id, u32 direction)
{
	if (direction == RULE_EGRESS)
		return flow_get(pkt, port_id, FLOW_FROM_GUEST);
	if (pkt->family == 4) {
		struct flow_key4 key = answer_key4(pkt, port_id);

		return bpf_map_lookup_elem(&flows4, &key);
	} else {
		struct flow_key6 key = answer_key6(pkt, port_id);

		return bpf_map_lookup_elem(&flows6, &key);
	}
}

static __always_inline long connection_store(
	const struct pkt *pkt, u32 port_id, u32 direction, const struct flow *flow)
{
	if (pkt->family == 4) {
		struct flow_key4 key = direction == RULE_EGRESS
					       ? flow_key4(pkt, port_id, FLOW_FROM_GUEST)
					       : answer_key4(pkt, port_id);

		return bpf_map_update_elem(&flows4, &key, flow, BPF_ANY);
	} else {
		struct flow_key6 key = direction == RULE_EGRESS
					       ? flow_key6(pkt, port_id, FLOW_FROM_GUEST)
					       : answer_key6(pkt, port_id);

		return bpf_map_update_elem(&flows6, &key, flow, BPF_ANY);
	}
}

/* Once a tick of a verdict: keeps the state at the receiver alive; false if there is none any more.
 */
__noinline bool connection_touch(const struct pkt *pkt, u32 port_id)
{
	struct flow *connection;

	if (!pkt)
		return false;
	connection = connection_get(pkt, port_id, RULE_INGRESS);
	if (!connection || !(connection->flags & FLOW_TRACKED))
		return false;
	connection->seen = tick_now();
	return true;
}

/* Whether the port may have one more, half open connection; 0, or the reason to drop. @again: it
 * takes the place of an old one. */
static __always_inline int connection_room(const struct host *host, const struct connections *made,
	const struct connections_gone *gone, bool again)
{
	u32 project = gone->project;
	const struct project_connections_gone *project_gone;
	const u64 *project_made;

	if (embryos_of(made, gone) >= (s64)host->half_open_max)
		return DROP_HALF_OPEN_QUOTA;
	if (again)
		return 0;
	if ((s64)(made->made - gone->gone) >= (s64)host->connections_max)
		return DROP_CONNECTION_QUOTA;
	if (!project)
		return 0;
	project_gone = bpf_map_lookup_elem(&project_connections_gone, &project);
	if (!project_gone || project_gone->max == PROJECT_UNLIMITED)
		return 0;
	project_made = bpf_map_lookup_elem(&project_connections, &project);
	if (project_made && (s64)(*project_made - project_gone->gone) >= (s64)project_gone->max)
		return DROP_PROJECT_QUOTA;
	return 0;
}

static __always_inline void connection_settle(struct flow *connection, u32 port_id, u8 state)
{
	struct connections *made;

	if (connection->state == FLOW_NEW) {
		made = bpf_map_lookup_elem(&connections, &port_id);
		if (made)
			__sync_fetch_and_add(&made->settled, 1);
	}
	connection->state = state;
	connection->watched |= state == FLOW_CLOSING;
}

/* Puts a connection of the port into @at of its ring; it is half open. */
static __always_inline void connection_line_up(
	const struct pkt *pkt, u32 port_id, u32 direction, u32 at)
{
	struct embryo embryo = { .port_id = (u16)port_id, .family = pkt->family }, *place;

	if (pkt->family == 4)
		embryo.key4 = direction == RULE_EGRESS ? flow_key4(pkt, port_id, FLOW_FROM_GUEST)
						       : answer_key4(pkt, port_id);
	else
		embryo.key6 = direction == RULE_EGRESS ? flow_key6(pkt, port_id, FLOW_FROM_GUEST)
						       : answer_key6(pkt, port_id);
	place = embryo_at(port_id, at);
	if (place)
		*place = embryo;
}

/* Stores a new connection of the port; when the table is full in the place of a mere verdict, or of
 * an older connection. */
static __always_inline bool connection_keep(const struct pkt *pkt, u32 port_id, u32 direction,
	const struct flow *flow, const struct host *host)
{
	return !connection_store(pkt, port_id, direction, flow) ||
	       ((flow_evict(pkt->family) || embryo_evict(port_id, host->half_open_max)) &&
		       !connection_store(pkt, port_id, direction, flow));
}

/* Writes down that a connection was opened in @direction; 0, or the reason to drop. @seq: the
 * sequence number, host order. @again: the port's entry for it is there, and tracked. */
__noinline int connection_make(struct pkt *pkt, u32 port_id, u32 direction, u32 seq, bool again)
{
	struct connections *made = bpf_map_lookup_elem(&connections, &port_id);
	const struct connections_gone *gone = bpf_map_lookup_elem(&connections_gone, &port_id);
	const struct host *host = host_get();
	struct flow flow = { 0 }, *old;
	int reason;
	u32 at;

	if (!pkt || !host || !made || !gone)
		return DROP_INTERNAL;
	if (unlikely(again)) {
		old = connection_get(pkt, port_id, direction);
		again = old && old->flags & FLOW_TRACKED;
		if (again)
			connection_settle(old, port_id, FLOW_CLOSING);
	}
	reason = connection_room(host, made, gone, again);
	if (reason && !embryo_evict(port_id, host->half_open_max))
		return reason;
	flow.seen = tick_now();
	flow.state = FLOW_NEW;
	flow.flags = FLOW_TRACKED | (direction == RULE_INGRESS ? FLOW_BY_REMOTE : 0);
	window_begin(&flow, pkt, direction, seq);
	/* before it is stored: an earlier one of the same key may be in the ring still, which must
	 * not be taken for it, and give way */
	at = embryo_place(port_id, host->half_open_max);
	if (!connection_keep(pkt, port_id, direction, &flow, host))
		return DROP_CONNECTION_TABLE;
	if (!again)
		connections_add(made, gone->project, 1);
	connection_line_up(pkt, port_id, direction, at);
	__sync_fetch_and_add(&made->half_open, 1);
	return 0;
}

/* Whether a reset from the other side is somebody's guess, see connection_reset(). */
static __always_inline bool reset_is_guessed(const struct flow *connection, bool reply, u32 seq)
{
	bool unheard =
		connection->state == FLOW_NEW && reply && !(connection->flags & FLOW_REPLIED);

	return !unheard && seq != bpf_ntohl(connection->ack) && !window_has(connection, seq);
}

/* A reset from the other side; 0, or the reason to drop. RFC 5961 section 3.2: one that is exactly
 * what the guest expects next ends the connection; one elsewhere in the window the guest answers
 * with a challenge, so it changes nothing here; any other is somebody's guess, and goes no further.
 * Who has heard nothing of the other side yet knows a reset by what it acknowledges (RFC 9293
 * section 3.10.7.3): the guest judges that itself. */
static __always_inline int connection_reset(
	struct flow *connection, const struct pkt *pkt, u32 port_id, bool reply, u32 seq)
{
	bool unheard =
		connection->state == FLOW_NEW && reply && !(connection->flags & FLOW_REPLIED);

	if (reset_is_guessed(connection, reply, seq))
		return DROP_TCP_RESET;
	if (!unheard && seq != bpf_ntohl(connection->ack))
		return 0;
	connection_settle(connection, port_id, FLOW_CLOSING);
	return 0;
}

/* The end of one side's data: of the other's only if it can be meant. */
static __always_inline void connection_finish(
	struct flow *connection, u32 port_id, bool egress, u32 seq)
{
	const u8 fins = FLOW_FIN_LOCAL | FLOW_FIN_REMOTE;

	if (!egress && !window_may_touch(connection, seq))
		return;
	connection->flags |= egress ? FLOW_FIN_LOCAL : FLOW_FIN_REMOTE;
	connection_settle(connection, port_id,
		(connection->flags & fins) == fins ? FLOW_CLOSING : FLOW_HALF_CLOSED);
}

static __always_inline u32 opener_of(const struct flow *connection)
{
	return connection->flags & FLOW_BY_REMOTE ? RULE_INGRESS : RULE_EGRESS;
}

/* What a TCP segment does to its connection; 0, or the reason to drop. */
__noinline int connection_segment(
	struct flow *connection, const struct pkt *pkt, u32 port_id, u32 direction, u32 seq)
{
	const u8 fins = FLOW_FIN_LOCAL | FLOW_FIN_REMOTE;
	bool egress = direction == RULE_EGRESS, reply;

	if (!connection || !pkt)
		return DROP_INTERNAL;
	reply = direction != opener_of(connection);
	if (pkt->tcp_flags & TCP_RST && !egress)
		return connection_reset(connection, pkt, port_id, reply, seq);
	if (pkt->tcp_flags & TCP_RST) {
		connection_settle(connection, port_id, FLOW_CLOSING);
		return 0;
	}
	if (egress)
		window_note_slowly(connection, pkt, seq);
	if (reply)
		connection->flags |= FLOW_REPLIED;
	if (pkt->tcp_flags & TCP_FIN) {
		connection_finish(connection, port_id, egress, seq);
	} else if (connection->state == FLOW_NEW) {
		if (!reply && connection->flags & FLOW_REPLIED && !(pkt->tcp_flags & TCP_SYN) &&
			window_answers(connection, pkt))
			connection_settle(connection, port_id, FLOW_CONNECTED);
	} else if (connection->state == FLOW_CLOSING && egress &&
		   (connection->flags & fins) != fins) {
		connection->state = FLOW_CONNECTED;
	}
	return 0;
}

/* SYN with FIN or RST, or no flags at all: no such segment is sent in earnest. */
static __always_inline bool tcp_flags_are_wrong(u8 flags)
{
	return !(flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) ||
	       (flags & TCP_SYN && flags & (TCP_FIN | TCP_RST));
}

/* Those of nearly all segments: an ACK, which neither opens nor ends anything. True of what is not
 * TCP. */
static __always_inline bool tcp_flags_are_usual(const struct pkt *pkt)
{
	return (pkt->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) ==
	       (pkt->proto == IPPROTO_TCP ? TCP_ACK : 0);
}

/* Whether packets of a tracked connection may go on unseen, but for FIN and RST. */
static __always_inline bool connection_is_open(const struct flow *connection)
{
	return connection->state != FLOW_NEW && connection->state != FLOW_CLOSING;
}

/* What any packet does to its connection; 0, or the reason to drop. @seq: of TCP. Not inlined: the
 * caller's stack would be too large for Linux 6.1. */
__noinline int connection_see(
	struct flow *connection, const struct pkt *pkt, u32 port_id, u32 direction, u32 seq)
{
	if (!connection || !pkt)
		return DROP_INTERNAL;
	if (pkt->proto == IPPROTO_TCP)
		return connection_segment(connection, pkt, port_id, direction, seq);
	if (direction != opener_of(connection) && connection->state == FLOW_NEW)
		connection_settle(connection, port_id, FLOW_ESTABLISHED);
	return 0;
}

/* A packet that its connection wants to see, by a verdict that holds: the rules have been asked in
 * this epoch, so the states alone decide. False: let the slow path do it, once more from the
 * beginning. @port_id: the sender's, where it has a state. */
__noinline bool connection_step(
	struct __sk_buff *skb, struct pkt *pkt, struct flow *flow, u32 port_id)
{
	struct flow *to = NULL;
	be32 seq = 0;

	if (!pkt || !flow || pkt->flags & PKT_OPENING)
		return false;
	if (pkt->proto == IPPROTO_TCP &&
		(tcp_flags_are_wrong(pkt->tcp_flags) ||
			bpf_skb_load_bytes(skb, pkt->l4_off + 4, &seq, sizeof(seq))))
		return false;
	seq = bpf_ntohl(seq);
	if (flow->flags & FLOW_TO_TRACKED) {
		to = connection_get(pkt, flow->port_id, RULE_INGRESS);
		if (!to || !(to->flags & FLOW_TRACKED))
			return false;
	}
	if (flow->flags & FLOW_TRACKED) {
		if (pkt->tcp_flags & TCP_SYN)
			pkt->tcp_scale = (u8)tcp_window_scale(skb, pkt->l4_off);
		if (connection_see(flow, pkt, port_id, RULE_EGRESS, seq))
			return false;
	}
	if (to) {
		if (connection_see(to, pkt, flow->port_id, RULE_INGRESS, seq))
			return false;
		to->seen = tick_now();
	}
	flow->watched = (flow->flags & FLOW_TRACKED && !connection_is_open(flow)) ||
			(to && !connection_is_open(to));
	return true;
}

/* route_apply.h */
bool change_enter(struct pkt *pkt, const struct flow *flow, u32 scope, u32 direction);
int change_leave(struct pkt *pkt);

/* The same of a packet that becomes another one on its way. */
static __always_inline bool connection_step_changed(struct __sk_buff *skb, struct pkt *pkt,
	struct flow *flow, u32 scope, const u32 direction, u32 port_id)
{
	bool goes_on;

	if (!change_enter(pkt, flow, scope, direction))
		return false;
	goes_on = connection_step(skb, pkt, flow, port_id);
	change_leave(pkt);
	return goes_on;
}

/* Whether the fast path may forward a packet by this verdict, whose entry has the key of @scope and
 * @direction, as far as firewalls are concerned; does what they want done with it. */
static __always_inline bool connection_goes_on(
	struct __sk_buff *skb, struct flow *flow, struct pkt *pkt, u32 scope, const u32 direction)
{
	const u32 port_id = direction == FLOW_FROM_GUEST ? scope : 0;

	if (likely(!(flow->flags & (FLOW_TRACKED | FLOW_TO_TRACKED))))
		return true;
	if (!tcp_flags_are_usual(pkt) || flow->watched)
		return unlikely(flow->flags & (FLOW_ROUTED | FLOW_TRANSLATED)) && !flow->has_router
			       ? connection_step_changed(skb, pkt, flow, scope, direction, port_id)
			       : connection_step(skb, pkt, flow, port_id);
	if (flow->flags & FLOW_TRACKED)
		window_note(flow, pkt);
	return !(flow->flags & FLOW_TO_TRACKED) || flow->seen == tick_now() ||
	       connection_touch(pkt, flow->port_id);
}
