/* SPDX-License-Identifier: Apache-2.0 */
#include "firewall_transcript.h"

#include <jansson.h>

static void line(const struct world *world, json_t *what)
{
	json_dumpf(what, world->transcript, JSON_COMPACT);
	fputc('\n', world->transcript);
	json_decref(what);
}

static json_t *rule_to_json(const struct dp_rule *rule)
{
	char prefix[PREFIX_STRLEN];
	json_t *json = json_pack("{s:s,s:i,s:s,s:i,s:i,s:i}", "direction",
		rule->direction == DP_INGRESS ? "ingress" : "egress", "family", rule->family,
		"action",
		rule->deny   ? "deny"
		: rule->pass ? "pass"
			     : "allow",
		"protocol", rule->proto, "first", rule->port_min, "last", rule->port_max);

	if (rule->remote == DP_REMOTE_PREFIX)
		json_object_set_new(
			json, "prefix", json_string(prefix_format(&rule->prefix, prefix)));
	if (rule->remote == DP_REMOTE_GROUP)
		json_object_set_new(json, "group", json_integer(rule->group[0]));
	return json;
}

void transcript_rules(const struct world *world, const char *what, int which,
	const struct dp_rule *rules, size_t n)
{
	json_t *list;

	if (!world->transcript)
		return;
	list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, rule_to_json(&rules[i]));
	line(world, json_pack("{s:i,s:o}", what, which, "rules", list));
}

void transcript_chain(const struct world *world, int port)
{
	const struct chain *chain = &world->chains[port];
	json_t *tiers;

	if (!world->transcript)
		return;
	tiers = json_array();
	for (int i = 0; i < chain->n; i++)
		json_array_append_new(tiers, json_integer(chain->tiers[i]));
	line(world,
		json_pack("{s:i,s:i,s:o,s:i,s:b}", "chain", port, "own", chain->own, "tiers", tiers,
			"before", chain->n_before, "stateless", (int)world->stateless[port]));
}

void transcript_members(const struct world *world)
{
	char prefix[PREFIX_STRLEN];
	json_t *members;

	if (!world->transcript)
		return;
	members = json_array();
	for (guint i = 0; i < world->memberships->len; i++) {
		const struct membership *m =
			&g_array_index(world->memberships, struct membership, i);

		json_array_append_new(
			members, json_pack("[i,s]", m->group, prefix_format(&m->prefix, prefix)));
	}
	line(world, json_pack("{s:o}", "members", members));
}

void transcript_packet(const struct world *world, const struct packet *p, bool passed)
{
	char src[IP_STRLEN], dst[IP_STRLEN];

	if (!world->transcript)
		return;
	line(world, json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:I,s:I,s:i,s:i,s:i,s:s,s:s,s:b}",
			    "packet", p->from, "to", p->to, "family", p->family, "protocol",
			    p->proto, "type", p->type, "flags", p->flags, "sport", p->sport,
			    "dport", p->dport, "seq", (json_int_t)p->seq, "ack", (json_int_t)p->ack,
			    "fragment", p->fragment, "offset", p->offset, "id", (int)p->id, "src",
			    ip_format(&p->src, src), "dst", ip_format(&p->dst, dst), "passed",
			    (int)passed));
}
