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

static bool judge(const struct world *world, bool at_first, enum dp_direction direction,
	const struct packet *p, u32 port, u8 type, const struct ip *remote)
{
	int which = at_first ? 0 : 1;
	const struct chain *chain = &world->chains[which];
	const struct dp_rule *rule;

	for (int i = 0; i <= chain->n; i++) {
		if (i == chain->n_before && chain->own) {
			rule = first_rule(world, world->rules[which], world->n_rules[which],
				direction, p, port, type, remote);
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
	return !chain->own;
}

static struct connection connection_of(
	const struct packet *p, bool at_first, enum dp_direction direction)
{
	bool out = direction == DP_EGRESS;
	u32 sport = p->sport, dport = p->dport;

	if (is_icmp(p)) { /* by its request: the asker has the identifier */
		bool request = p->type == 8 || p->type == 128;

		sport = request;
		dport = !request;
	}
	return (struct connection){ .at_first = at_first,
		.family = p->family,
		.proto = p->proto,
		.local = out ? p->src : p->dst,
		.remote = out ? p->dst : p->src,
		.local_port = out ? sport : dport,
		.remote_port = out ? dport : sport,
		.opener = direction,
		.unheard = out && p->flags == TCP_SYN };
}

static struct connection *find(const struct world *world, const struct connection *c)
{
	for (guint i = 0; i < world->connections->len; i++) {
		struct connection *o = &g_array_index(world->connections, struct connection, i);

		if (o->at_first == c->at_first && o->family == c->family && o->proto == c->proto &&
			!ip_compare(&o->local, &c->local) && !ip_compare(&o->remote, &c->remote) &&
			o->local_port == c->local_port && o->remote_port == c->remote_port)
			return o;
	}
	return NULL;
}

/* The same of a packet that is whole, or the first of its fragments. */
static bool headers_allowed(
	struct world *world, const struct packet *p, bool at_first, enum dp_direction direction)
{
	struct connection this = connection_of(p, at_first, direction), *c;
	const struct ip *remote = direction == DP_EGRESS ? &p->dst : &p->src;
	bool alone;

	if ((is_icmp(p) && !is_echo(p)) || world->stateless[!at_first])
		return judge(world, at_first, direction, p, p->dport, p->type, remote);
	c = find(world, &this);
	if (!c && p->flags == (TCP_SYN | TCP_ACK))
		return false;
	alone = c && p->flags == TCP_SYN && direction != c->opener;
	if (alone && c->unheard && !c->connected &&
		judge(world, at_first, c->opener, p, p->sport, p->type, remote)) {
		c->replied = true; /* both have opened at once */
		return true;
	}
	if (!c || alone) {
		if (!judge(world, at_first, direction, p, p->dport, p->type, remote))
			return false;
		if (!c && p->type != 129 && !(p->proto == IPPROTO_ICMP && p->type == 0))
			g_array_append_val(world->connections, this);
		else if (c && !c->connected)
			*c = this;
		return true;
	}
	if (!judge(world, at_first, c->opener, p, direction == c->opener ? p->dport : p->sport,
		    p->family == 4 ? 8 : 128, remote))
		return false;
	if (direction == DP_EGRESS && p->flags & TCP_ACK)
		c->unheard = false;
	if (direction != c->opener)
		c->replied = true;
	else if (c->replied && !(p->flags & TCP_SYN))
		c->connected = true;
	return true;
}

static bool fragment_follows(const struct world *world, const struct packet *p, bool at_first)
{
	for (guint i = 0; i < world->fragments->len; i++) {
		const struct passed_fragment *first =
			&g_array_index(world->fragments, struct passed_fragment, i);

		if (first->id == p->id && first->at_first == at_first)
			return p->offset >= first->headers;
	}
	return false;
}

static u16 headers_of(const struct packet *p)
{
	return p->proto == IPPROTO_TCP ? 3 : p->proto == IPPROTO_GRE ? 0 : 1;
}

/* Whether the firewall at a port lets the packet through; notes what it learns. */
static bool port_allows(
	struct world *world, const struct packet *p, bool at_first, enum dp_direction direction)
{
	struct passed_fragment first = { p->id, at_first, headers_of(p) };

	if (p->fragment == LATER_FRAGMENT)
		return fragment_follows(world, p, at_first);
	if (!headers_allowed(world, p, at_first, direction))
		return false;
	if (p->fragment == FIRST_FRAGMENT)
		g_array_append_val(world->fragments, first);
	return true;
}

bool model_passes(struct world *world, const struct packet *p)
{
	return port_allows(world, p, p->from_first, DP_EGRESS) &&
	       port_allows(world, p, !p->from_first, DP_INGRESS);
}
