/* SPDX-License-Identifier: Apache-2.0 */
#include "firewall_model.h"

#include <netinet/in.h>

static bool is_icmp(const struct packet *p)
{
	return p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6;
}

static bool is_echo(const struct packet *p)
{
	return p->type == 8 || p->type == 0 || p->type == 128 || p->type == 129;
}

static bool remote_matches(
	const struct world *world, const struct dp_rule *rule, const struct ip *remote)
{
	if (rule->remote == DP_REMOTE_ANY)
		return true;
	if (rule->remote == DP_REMOTE_PREFIX)
		return prefix_contains(&rule->prefix, remote);
	for (guint i = 0; i < world->memberships->len; i++) {
		const struct membership *m =
			&g_array_index(world->memberships, struct membership, i);

		if (m->group == rule->group[0] && m->prefix.ip.family == remote->family &&
			prefix_contains(&m->prefix, remote))
			return true;
	}
	return false;
}

/* The first rule that matches, or NULL. */
static const struct dp_rule *first_rule(const struct world *world, const struct dp_rule *rules,
	size_t n_rules, enum dp_direction direction, const struct packet *p, u32 port, u8 type,
	const struct ip *remote)
{
	for (size_t i = 0; i < n_rules; i++) {
		const struct dp_rule *rule = &rules[i];
		int first = is_icmp(p) ? type : (int)port;

		if (rule->direction != direction || rule->family != p->family ||
			(rule->proto >= 0 && rule->proto != p->proto) ||
			!remote_matches(world, rule, remote))
			continue;
		if (rule->port_min >= 0 && is_icmp(p) &&
			(rule->port_min != first ||
				(rule->port_max >= 0 && rule->port_max != p->code)))
			continue;
		if (rule->port_min >= 0 && !is_icmp(p) &&
			(first < rule->port_min || first > rule->port_max))
			continue;
		return rule;
	}
	return NULL;
}

/* What the port's tiers and its own policy say, in turn. */
static bool judge(const struct world *world, int at, enum dp_direction direction,
	const struct packet *p, u32 port, u8 type, const struct ip *remote)
{
	const struct chain *chain = &world->chains[at];
	const struct dp_rule *rule;

	for (int i = 0; i <= chain->n; i++) {
		if (i == chain->n_before && chain->own != NO_POLICY) {
			rule = first_rule(world, world->rules[chain->own],
				world->n_rules[chain->own], direction, p, port, type, remote);
			if (rule)
				return !rule->deny;
		}
		if (i == chain->n)
			break;
		rule = first_rule(world, world->tier_rules[chain->tiers[i]],
			world->n_tier_rules[chain->tiers[i]], direction, p, port, type, remote);
		if (rule && !rule->pass)
			return !rule->deny;
	}
	return chain->own == NO_POLICY;
}

static const struct ip *remote_of(const struct packet *p, enum dp_direction sent)
{
	return sent == DP_EGRESS ? &p->dst : &p->src;
}

/* By the rules for the packet's own direction. */
static bool judge_alone(
	const struct world *world, const struct packet *p, int at, enum dp_direction sent)
{
	return judge(world, at, sent, p, p->dport, p->type, remote_of(p, sent));
}

/* By the rules for the direction that its connection was opened in. */
static bool judge_opening(const struct world *world, const struct connection *c,
	const struct packet *p, enum dp_direction sent)
{
	return judge(world, c->at, c->opener, p, sent == c->opener ? p->dport : p->sport,
		p->family == 4 ? 8 : 128, remote_of(p, sent));
}

#define SCALE_UNKNOWN 8 /* of a guest whose SYN was not seen; those here offer 0 */
#define REACH 65536u	/* how far before a window what reaches into it begins */
#define ANSWER_SLACK (1u << 20)

static struct connection connection_of(const struct packet *p, int at, enum dp_direction sent)
{
	bool out = sent == DP_EGRESS, opening = p->flags == TCP_SYN;
	u32 sport = p->sport, dport = p->dport;

	if (is_icmp(p)) { /* by its request: the asker has the identifier */
		bool request = p->type == 8 || p->type == 128;

		sport = request;
		dport = !request;
	}
	return (struct connection){ .at = at,
		.family = p->family,
		.proto = p->proto,
		.local = out ? p->src : p->dst,
		.remote = out ? p->dst : p->src,
		.local_port = out ? sport : dport,
		.remote_port = out ? dport : sport,
		.opener = sent,
		.expected = !out      ? p->seq + opening
			    : opening ? 0
				      : p->ack,
		.scale = out && opening ? 0 : SCALE_UNKNOWN,
		.told = out,
		.unheard = out && opening };
}

static struct connection *find(const struct world *world, const struct connection *c)
{
	for (guint i = 0; i < world->connections->len; i++) {
		struct connection *o = &g_array_index(world->connections, struct connection, i);

		if (o->at == c->at && o->family == c->family && o->proto == c->proto &&
			!ip_compare(&o->local, &c->local) && !ip_compare(&o->remote, &c->remote) &&
			o->local_port == c->local_port && o->remote_port == c->remote_port)
			return o;
	}
	return NULL;
}

/* Frames advertise all that a window of 16 bits can have; it is known by its high byte. */
static u32 window_of(const struct connection *c)
{
	return (c->told ? 256u : 1u) << (8 + c->scale);
}

/* A reset that the guest gets; false: it is outside of the window. */
static bool reset(struct connection *c, const struct packet *p)
{
	bool unheard = c->state == TCP_NEW && c->opener == DP_EGRESS && !c->replied;

	if (unheard || p->seq == c->expected)
		c->state = TCP_CLOSING;
	else
		return p->seq - c->expected < window_of(c);
	return true;
}

static void finish(struct connection *c, const struct packet *p, bool out)
{
	if (!out && p->seq - (c->expected - REACH) >= window_of(c) + REACH)
		return;
	c->fin_sent |= out;
	c->fin_received |= !out;
	c->state = c->fin_sent && c->fin_received ? TCP_CLOSING : TCP_HALF_CLOSED;
}

/* What the guest says of its window, and of its own first number. */
static void note_window(struct connection *c, const struct packet *p)
{
	if (p->flags & TCP_ACK) {
		c->expected = p->ack;
		c->unheard = false;
		c->told = true;
	}
	if (!(p->flags & TCP_SYN))
		return;
	c->scale = 0;
	if (c->state == TCP_NEW && c->opener == DP_INGRESS)
		c->answer = p->seq + 1;
}

/* What a segment does to its connection; false: it is dropped. */
static bool segment(struct connection *c, const struct packet *p, enum dp_direction sent)
{
	bool out = sent == DP_EGRESS, reply = sent != c->opener;

	if (p->flags & TCP_RST && !out)
		return reset(c, p);
	if (p->flags & TCP_RST) {
		c->state = TCP_CLOSING;
		return true;
	}
	if (out)
		note_window(c, p);
	c->replied |= reply;
	if (p->flags & TCP_FIN)
		finish(c, p, out);
	else if (c->state == TCP_NEW && !reply && c->replied && !(p->flags & TCP_SYN) &&
		 (out || !c->answer || p->ack - c->answer < ANSWER_SLACK))
		c->state = TCP_CONNECTED;
	else if (c->state == TCP_CLOSING && out && !(c->fin_sent && c->fin_received))
		c->state = TCP_CONNECTED; /* it did not believe the reset */
	return true;
}

static bool wrong_flags(const struct packet *p)
{
	return p->proto == IPPROTO_TCP &&
	       (!p->flags || (p->flags & TCP_SYN && p->flags & (TCP_FIN | TCP_RST)));
}

/* What begins a connection, or may; @c: an old one of the same ends, or NULL. */
static bool opens(struct world *world, const struct packet *p, struct connection *c,
	const struct connection *new)
{
	const bool is_reply = p->type == 129 || (p->proto == IPPROTO_ICMP && p->type == 0);

	if (!judge_alone(world, p, new->at, new->opener))
		return false;
	if (is_reply || p->flags & (TCP_FIN | TCP_RST))
		return true;
	if (c)
		*c = *new;
	else
		g_array_append_val(world->connections, *new);
	return true;
}

/* The same of a packet that is whole, or the first of its fragments. */
static bool headers_allowed(
	struct world *world, const struct packet *p, int at, enum dp_direction sent)
{
	struct connection new = connection_of(p, at, sent), *c;
	bool opening = p->flags == TCP_SYN;

	if ((is_icmp(p) && !is_echo(p)) || world->stateless[at])
		return judge_alone(world, p, at, sent);
	if (wrong_flags(p))
		return false;
	c = find(world, &new);
	if (!c)
		return p->flags != (TCP_SYN | TCP_ACK) && opens(world, p, NULL, &new);
	if (opening && c->state == TCP_CLOSING)
		return opens(world, p, c, &new);
	if (opening && sent != c->opener && c->state != TCP_NEW)
		return judge_alone(world, p, at, sent);
	if (opening && sent != c->opener && !(c->unheard && judge_opening(world, c, p, sent)))
		return opens(world, p, c, &new);
	if (!judge_opening(world, c, p, sent))
		return false;
	return p->proto != IPPROTO_TCP || segment(c, p, sent);
}

static bool fragment_follows(const struct world *world, const struct packet *p, int at)
{
	for (guint i = 0; i < world->fragments->len; i++) {
		const struct passed_fragment *first =
			&g_array_index(world->fragments, struct passed_fragment, i);

		if (first->id == p->id && first->at == at)
			return p->offset >= first->headers;
	}
	return false;
}

static u16 headers_of(const struct packet *p)
{
	return p->proto == IPPROTO_TCP ? 3 : p->proto == IPPROTO_GRE ? 0 : 1;
}

/* Whether the firewall at a port lets the packet through; notes what it learns. */
static bool port_allows(struct world *world, const struct packet *p, int at, enum dp_direction sent)
{
	struct passed_fragment first = { p->id, at, headers_of(p) };

	if (p->fragment == LATER_FRAGMENT)
		return fragment_follows(world, p, at);
	if (!headers_allowed(world, p, at, sent))
		return false;
	if (p->fragment == FIRST_FRAGMENT)
		g_array_append_val(world->fragments, first);
	return true;
}

const struct connection *model_connection(
	const struct world *world, const struct packet *p, int at, enum dp_direction sent)
{
	struct connection probe = connection_of(p, at, sent);

	return find(world, &probe);
}

bool model_passes(struct world *world, const struct packet *p)
{
	return port_allows(world, p, p->from, DP_EGRESS) &&
	       port_allows(world, p, p->to, DP_INGRESS);
}
