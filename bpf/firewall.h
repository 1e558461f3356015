/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The firewall at a guest port: what its policy lets in and out. Asked on the slow path alone, once
 * for the sender's port and once for the receiver's where that is on this host; the answer goes
 * into the flow entry with the rest of the verdict. A port without a policy, its own or of a tier,
 * never comes here.
 *
 * What was opened is judged by the rule for its opening, every time the configuration has changed,
 * whichever side sends: so a removed rule cuts its connections with their next packet, and any
 * other change disturbs none.
 */
#pragma once

#include "firewall_log.h"
#include "fragment.h"
#include "ports.h"
#include "related.h"
#include "policy.h"

/* What the firewall says of a packet; negative: the reason to drop, negated. */
enum firewall_answer {
	FIREWALL_ALLOW,	  /* and the verdict may be written down */
	FIREWALL_TRACKED, /* the same, for a connection whose state there is */
	FIREWALL_WATCHED, /* the same, but the state wants to see the next segment too */
	/* The same, of what answers the port's guest, who opened: so the verdict is one for a
	 * connection that quotas have counted. */
	FIREWALL_ANSWERED,
	FIREWALL_ONCE, /* the next packet must be looked at too */
	/* within the firewall: */
	FIREWALL_MESSAGE,
	FIREWALL_UNRELATED,
};

#define PORT_DHCP_SERVER 67
#define PORT_DHCP_CLIENT 68
#define PORT_DHCP6_CLIENT 546
#define PORT_DHCP6_SERVER 547
#define ND_ROUTER_SOLICIT 133
#define ND_ROUTER_ADVERT 134
#define ND_NEIGHBOUR_SOLICIT 135
#define ND_NEIGHBOUR_ADVERT 136
#define ND_REDIRECT 137
#define MLD_QUERY 130
#define MLD_DONE 132
#define MLD2_REPORT 143

static __always_inline bool pkt_is_udp(const struct pkt *pkt, u16 sport, u16 dport)
{
	return pkt->proto == IPPROTO_UDP && (!sport || (u16)pkt->ports == bpf_htons(sport)) &&
	       (!dport || pkt->ports >> 16 == bpf_htons(dport));
}

/* What no rule is asked about: without it there would be no network. */
static __always_inline bool always_possible(const struct pkt *pkt, u32 direction)
{
	const bool out = direction == RULE_EGRESS;

	if (pkt->eth_type == ETH_P_ARP)
		return true;
	if (pkt->flags & PKT_LATER_FRAGMENT)
		return false;
	if (pkt->family == 4)
		return out ? pkt_is_udp(pkt, PORT_DHCP_CLIENT, PORT_DHCP_SERVER)
			   : pkt_is_udp(pkt, PORT_DHCP_SERVER, PORT_DHCP_CLIENT);
	if (pkt->family != 6)
		return false;
	if (pkt->proto != IPPROTO_ICMPV6)
		return out ? pkt_is_udp(pkt, PORT_DHCP6_CLIENT, PORT_DHCP6_SERVER)
			   : pkt_is_udp(pkt, PORT_DHCP6_SERVER, PORT_DHCP6_CLIENT);
	if (pkt->flags & PKT_FIRST_FRAGMENT) /* RFC 6980 */
		return false;
	if (pkt->icmp_type == (out ? ND_ROUTER_SOLICIT : ND_ROUTER_ADVERT))
		return true;
	return (pkt->icmp_type >= MLD_QUERY && pkt->icmp_type <= MLD_DONE) ||
	       pkt->icmp_type == MLD2_REPORT || pkt->icmp_type == ND_NEIGHBOUR_SOLICIT ||
	       pkt->icmp_type == ND_NEIGHBOUR_ADVERT;
}

static __always_inline u32 step_of(const struct port *port, u32 direction)
{
	return port->id | (direction == RULE_EGRESS ? RULE_STEP_EGRESS : 0);
}

/* guard.h */
int guard_check(struct __sk_buff *skb, struct port *port, struct pkt *pkt, u32 direction);
int guard_note(struct __sk_buff *skb, struct port *port, struct pkt *pkt);

/* Whether what the firewall has just answered is the word of a rule that rejects. */
static __always_inline bool guard_rejects(int answer)
{
	const struct room *room = room_get();

	return answer == -DROP_DENIED_FIREWALL && room && room->guard.denied & RULE_REJECT;
}

/* Whether what a local receiver's firewall said may be written down where the sender has no state:
 * the entry would be one that no quota counts. */
static __always_inline bool answer_holds(int answer)
{
	return answer != FIREWALL_ONCE && answer != FIREWALL_WATCHED;
}

static __always_inline bool is_filtered(const struct port *port)
{
	return port->policy || port->flags & EDGE_PORT_TIERS;
}

/* Stateless groups are asked about each packet by itself, also where routers' ports need a state.
 */
static __always_inline u32 own_opener(const struct port *port, u32 direction, u32 opener)
{
	const struct policy *policy;

	if (likely(!(port->flags & EDGE_PORT_GUARDED)))
		return opener;
	policy = policy_get(port->policy);
	return policy && policy->stateless ? direction : opener;
}

/* What the rules say of a packet in @direction whose connection was opened in @opener: 0, or the
 * reason to drop. *ret_decision: the rule. */
static __always_inline int judge(struct __sk_buff *skb, const struct port *port,
	const struct pkt *pkt, u32 direction, u32 opener, u32 *ret_decision)
{
	struct query query = {
		.key = { .prefix_bits = RULE_KEY_BITS, .policy = port->policy, .proto = pkt->proto }
	};
	u32 decision;

	*ret_decision = 0;
	if (!is_filtered(port))
		return 0;
	opener = own_opener(port, direction, opener);
	query.key.kind = RULE_KIND(opener, pkt->family);
	query.key.port = (be16)(direction == opener ? pkt->ports >> 16 : pkt->ports);
	if (pkt->proto == (pkt->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		query.key.port = direction == opener ? pkt->icmp_type | pkt->icmp_code << 8
				 : pkt->family == 4  ? ICMP_ECHO
						     : ICMPV6_ECHO_REQUEST;
	query.remote = direction == RULE_EGRESS ? pkt->dst : pkt->src;
	if (unlikely(port->flags & EDGE_PORT_TIERS))
		decision = tiers_decide(skb, &query, port->id, step_of(port, opener));
	else
		decision = policy_decide(&query);
	*ret_decision = decision;
	trace(skb, decision ? STEP_RULE : STEP_NO_RULE, decision, step_of(port, opener), NULL,
		&query.remote);
	if (decision && !(decision & RULE_DENY))
		return 0;
	if (decision & RULE_TIER)
		return DROP_DENIED_TIER;
	return opener == RULE_EGRESS ? DROP_DENIED_EGRESS : DROP_DENIED_INGRESS;
}

/* A packet without a connection: by the rules for its own direction alone. */
__noinline int firewall_alone(
	struct __sk_buff *skb, struct port *port, struct pkt *pkt, u32 direction)
{
	u32 decision;
	int reason;

	if (!port || !pkt)
		return -DROP_INTERNAL;
	reason = judge(skb, port, pkt, direction, direction, &decision);
	judgement_note(port, decision, true);
	rule_count(skb, decision);
	return -reason;
}

/* A packet of a connection that there is. @seq: of TCP. */
__noinline int firewall_continue(
	struct __sk_buff *skb, struct port *port, struct pkt *pkt, u32 direction, u32 seq)
{
	struct flow *connection;
	u32 opener, decision;
	int reason;

	if (!port || !pkt)
		return -DROP_INTERNAL;
	connection = connection_get(pkt, port->id, direction);
	if (!connection)
		return -DROP_INTERNAL;
	opener = opener_of(connection);
	trace(skb, STEP_CONNECTION, opener == RULE_EGRESS, port->id, NULL, NULL);
	reason = judge(skb, port, pkt, direction, opener, &decision);
	judgement_note(port, decision, false);
	if (reason)
		return -reason;
	if (tracing(skb))
		return pkt->tcp_flags & TCP_RST && direction == RULE_INGRESS &&
				       reset_is_guessed(connection, opener == RULE_EGRESS, seq)
			       ? -DROP_TCP_RESET
			       : FIREWALL_TRACKED;
	reason = connection_see(connection, pkt, port->id, direction, seq);
	if (reason)
		return -reason;
	connection->seen = tick_now();
	if (pkt->proto != IPPROTO_TCP || connection_is_open(connection))
		return FIREWALL_TRACKED;
	return connection->state == FLOW_NEW && opener == RULE_EGRESS && direction != opener
		       ? FIREWALL_ANSWERED
		       : FIREWALL_WATCHED;
}

static __always_inline bool is_echo_reply(const struct pkt *pkt)
{
	return pkt->family == 4
		       ? pkt->proto == IPPROTO_ICMP && pkt->icmp_type == ICMP_ECHOREPLY
		       : pkt->proto == IPPROTO_ICMPV6 && pkt->icmp_type == ICMPV6_ECHO_REPLY;
}

/* Writes down the connection that begins with a packet, which the rules have let through. */
static __always_inline int firewall_open(struct __sk_buff *skb, struct port *port, struct pkt *pkt,
	u32 direction, u32 seq, bool again)
{
	int reason;

	if (tracing(skb) || is_echo_reply(pkt) || pkt->tcp_flags & (TCP_FIN | TCP_RST))
		return FIREWALL_ONCE;
	reason = connection_make(
		pkt, port->id, direction, pkt->flags & PKT_OPENING ? seq + 1 : seq, again);
	if (reason)
		return -reason;
	return pkt->proto == IPPROTO_TCP ? FIREWALL_WATCHED : FIREWALL_TRACKED;
}

/* An ICMP message that is no echo: an error about a connection, or judged like anything. */
__noinline int firewall_message(
	struct __sk_buff *skb, struct port *port, struct pkt *pkt, u32 direction)
{
	const u32 back = direction == RULE_EGRESS ? RULE_INGRESS : RULE_EGRESS;
	const struct flow *connection;
	struct pkt *quoted;
	u32 decision;
	int reason;

	if (!port || !pkt)
		return -DROP_INTERNAL;
	quoted = icmp_is_error(pkt) ? related_quoted(skb, pkt) : NULL;
	if (!quoted)
		return FIREWALL_UNRELATED;
	connection = connection_get(quoted, port->id, back);
	if (!connection || !(connection->flags & FLOW_TRACKED))
		return FIREWALL_UNRELATED;
	trace(skb, STEP_RELATED, 0, port->id, NULL, NULL);
	reason = judge(skb, port, quoted, back, opener_of(connection), &decision);
	judgement_note(port, decision, false);
	return -reason;
}

/* What a packet is to its connection. */
enum firewall_case {
	CASE_CONTINUES,
	CASE_ANSWERS, /* its opening, by another; or opens a new one */
	CASE_OPENS,
	CASE_OPENS_AGAIN, /* in place of one that there is */
	CASE_ALONE,	  /* opens none, and continues none */
};

/* Whether an opening answers that of the guest, which has got no answer yet: both sides have opened
 * at once (RFC 9293 section 3.5). Whoever sends it could have sent a SYN and ACK as well. */
static __always_inline bool opens_at_once(const struct flow *connection, u32 direction)
{
	return direction == RULE_INGRESS && window_is_unheard(connection);
}

/* An opening of TCP begins a new connection, unless it is the one that began the old, or answers
 * it; one against the direction of a connection that is in use is for its receiver to explain. */
__noinline int firewall_case(struct pkt *pkt, u32 port_id, u32 direction)
{
	const struct flow *connection;

	if (!pkt)
		return -DROP_INTERNAL;
	if (pkt->proto == IPPROTO_TCP && tcp_flags_are_wrong(pkt->tcp_flags))
		return -DROP_TCP_FLAGS;
	connection = connection_get(pkt, port_id, direction);
	if (!connection || !(connection->flags & FLOW_TRACKED))
		return (pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)
			       ? -DROP_NO_CONNECTION
			       : CASE_OPENS;
	if (!(pkt->flags & PKT_OPENING))
		return CASE_CONTINUES;
	if (connection->state == FLOW_CLOSING)
		return CASE_OPENS_AGAIN;
	if (direction == opener_of(connection))
		return CASE_CONTINUES;
	if (connection->state != FLOW_NEW)
		return CASE_ALONE;
	return opens_at_once(connection, direction) ? CASE_ANSWERS : CASE_OPENS_AGAIN;
}

static __always_inline int firewall_tracked(
	struct __sk_buff *skb, struct port *port, struct pkt *pkt, u32 direction)
{
	int what = firewall_case(pkt, port->id, direction), reason;
	be32 seq = 0;

	if (what < 0)
		return what;
	if (pkt->proto == IPPROTO_TCP &&
		bpf_skb_load_bytes(skb, pkt->l4_off + 4, &seq, sizeof(seq)))
		return -DROP_TRUNCATED;
	seq = bpf_ntohl(seq);
	if (direction == RULE_EGRESS && pkt->tcp_flags & TCP_SYN)
		pkt->tcp_scale = (u8)tcp_window_scale(skb, pkt->l4_off);
	if (what == CASE_CONTINUES || what == CASE_ANSWERS) {
		reason = firewall_continue(skb, port, pkt, direction, seq);
		if (what == CASE_CONTINUES || reason >= 0)
			return reason;
	}
	reason = firewall_alone(skb, port, pkt, direction);
	if (reason)
		return reason;
	return what == CASE_ALONE
		       ? FIREWALL_ONCE
		       : firewall_open(skb, port, pkt, direction, seq, what != CASE_OPENS);
}

/* All but ICMP messages that may be about a connection: FIREWALL_MESSAGE. */
__noinline int firewall_asked(
	struct __sk_buff *skb, struct port *port, struct pkt *pkt, u32 direction)
{
	const struct policy *policy;

	if (!port || !pkt)
		return -DROP_INTERNAL;
	policy = policy_get(port->policy);
	if (!policy && port->policy)
		return -DROP_INTERNAL;
	if (always_possible(pkt, direction)) {
		trace(skb, STEP_NO_POLICY_NEEDED, 0, port->id, NULL, NULL);
		return FIREWALL_ALLOW;
	}
	if (!pkt->family && !policy) /* tiers alone, which are about IP */
		return FIREWALL_ALLOW;
	if (!pkt->family)
		return direction == RULE_EGRESS ? -DROP_DENIED_EGRESS : -DROP_DENIED_INGRESS;
	if (pkt->flags & PKT_LATER_FRAGMENT)
		return fragment_follows(pkt, port->id, direction) ? FIREWALL_ALLOW : -DROP_FRAGMENT;
	if ((policy && policy->stateless && !(port->flags & EDGE_PORT_GUARDED)) ||
		pkt_is_multicast(pkt))
		return firewall_alone(skb, port, pkt, direction);
	if (pkt->flags & PKT_MESSAGE)
		return FIREWALL_MESSAGE;
	return firewall_tracked(skb, port, pkt, direction);
}

/* @direction as the port sees it: RULE_EGRESS is what its guest sends. The functions that it calls
 * are not static: the verifier looks at such a function once, and not at each call. */
static __always_inline int firewall(
	struct __sk_buff *skb, const struct port *port, struct pkt *pkt, u32 direction)
{
	struct port *own = (struct port *)port;
	int answer = 0;

	if (likely(!is_filtered(port) && !(port->flags & EDGE_PORT_GUARDED)))
		return FIREWALL_ALLOW;
	if (unlikely(port->flags & EDGE_PORT_GUARDED))
		answer = guard_check(skb, own, pkt, direction);
	if (!answer)
		answer = firewall_asked(skb, own, pkt, direction);
	if (answer == FIREWALL_MESSAGE)
		answer = firewall_message(skb, own, pkt, direction);
	if (answer == FIREWALL_UNRELATED)
		answer = firewall_alone(skb, own, pkt, direction);
	if (unlikely(port->flags & EDGE_PORT_GUARDED) && answer >= 0 && direction == RULE_INGRESS)
		guard_note(skb, own, pkt);
	if (answer >= 0 && pkt->flags & PKT_FIRST_FRAGMENT && !tracing(skb))
		fragment_note(pkt, port->id, direction);
	if (unlikely(port->flags & EDGE_PORT_LOG))
		firewall_log(skb, own, pkt, direction, answer);
	return answer;
}
