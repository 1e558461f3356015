/* SPDX-License-Identifier: Apache-2.0 */
/* Which policies of the provider's tiers are applied to a port. */
#include <string.h>

#include "agent/desired/firewall.h"
#include "agent/desired/parts.h"
#include "agent/desired/tier.h"
#include "datapath/datapath.h"

static bool has_text(const GPtrArray *texts, const char *text)
{
	for (guint i = 0; texts && text && i < texts->len; i++)
		if (!strcmp(texts->pdata[i], text))
			return true;
	return false;
}

static bool has_id(const GArray *ids, const struct uuid *id)
{
	for (guint i = 0; ids && i < ids->len; i++)
		if (uuid_equal(&g_array_index(ids, struct uuid, i), id))
			return true;
	return false;
}

static bool applies(const struct record_security_policy *policy, const struct port *port)
{
	const struct record_port *record = &port->record;

	if (!policy->projects && !policy->tags && !policy->networks->len && !policy->ports->len &&
		!policy->groups->len)
		return true;
	if (has_text(policy->projects, record->project_id) ||
		has_id(policy->networks, &port->network->id) || has_id(policy->ports, &port->id))
		return true;
	for (guint i = 0; record->tags && i < record->tags->len; i++)
		if (has_text(policy->tags, record->tags->pdata[i]))
			return true;
	for (guint i = 0; port->groups && i < port->groups->len; i++)
		if (has_id(policy->groups, &g_array_index(port->groups, struct uuid, i)))
			return true;
	return false;
}

static struct uuid stage_id(
	const GArray *policies, const struct uuid *tier, const struct uuid *part)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	u8 digest[32];
	gsize len = sizeof(digest);
	struct uuid id;

	g_checksum_update(sum, (const guchar *)"tier", 4);
	g_checksum_update(sum, tier->b, sizeof(tier->b));
	g_checksum_update(sum, part->b, sizeof(part->b));
	g_checksum_update(
		sum, (const guchar *)policies->data, (gssize)(policies->len * sizeof(struct uuid)));
	g_checksum_get_digest(sum, digest, &len);
	memcpy(id.b, digest, sizeof(id.b));
	return id;
}

static struct policy *stage_need(struct firewall *firewall, GArray *policies,
	const struct uuid *tier, const struct uuid *part)
{
	struct uuid id = stage_id(policies, tier, part);
	struct policy *stage = g_hash_table_lookup(firewall->policies, &id);

	if (stage)
		return stage;
	stage = g_new0(struct policy, 1);
	stage->id = id;
	stage->part = *part;
	stage->groups = g_ptr_array_new();
	stage->tier_policies = g_array_ref(policies);
	g_hash_table_insert(firewall->policies, &stage->id, stage);
	g_hash_table_add(firewall->dirty_policies, stage);
	return stage;
}

void stages_free(struct stages *stages)
{
	if (!stages)
		return;
	g_ptr_array_unref(stages->policies);
	g_free(stages);
}

/* The policies of one tier, from place *@at of the ordered ones on. */
static void add_stage(
	struct desired *desired, const struct port *port, guint *at, struct stages *stages)
{
	const struct tiers *tiers = desired->firewall->tiers;
	const struct tier *tier = tier_of(tiers, tiers->ordered->pdata[*at]);
	g_autoptr(GArray) policies = g_array_new(FALSE, FALSE, sizeof(struct uuid));

	for (; *at < tiers->ordered->len; ++*at) {
		const struct tier_policy *policy = tiers->ordered->pdata[*at];

		if (tier_of(tiers, policy) != tier)
			break;
		if (applies(&policy->record, port))
			g_array_append_val(policies, policy->id);
	}
	if (!policies->len || stages->policies->len == DP_TIERS_MAX)
		return;
	g_ptr_array_add(stages->policies,
		stage_need(desired->firewall, policies, &tier->id, &port->network->part));
	if (!tier->record.baseline)
		stages->n_before++;
}

/* NULL: none. */
static struct stages *choose(struct desired *desired, const struct port *port)
{
	struct stages *stages;

	if (!desired->firewall->tiers->ordered->len || !port->network)
		return NULL;
	stages = g_new0(struct stages, 1);
	stages->policies = g_ptr_array_new();
	for (guint at = 0; at < desired->firewall->tiers->ordered->len;)
		add_stage(desired, port, &at, stages);
	if (stages->policies->len)
		return stages;
	stages_free(stages);
	return NULL;
}

static bool same_stages(const struct stages *a, const struct stages *b)
{
	if (!a || !b)
		return a == b;
	return a->n_before == b->n_before && a->policies->len == b->policies->len &&
	       !memcmp(a->policies->pdata, b->policies->pdata, a->policies->len * sizeof(gpointer));
}

void port_leave_stages(struct desired *desired, struct port *port)
{
	if (!port->stages)
		return;
	for (guint i = 0; i < port->stages->policies->len; i++) {
		struct policy *stage = port->stages->policies->pdata[i];

		if (!--stage->n_ports)
			g_hash_table_add(desired->firewall->dirty_policies, stage);
	}
	g_clear_pointer(&port->stages, stages_free);
}

void port_choose_stages(struct desired *desired, struct port *port)
{
	struct stages *stages = choose(desired, port);

	if (same_stages(stages, port->stages)) {
		g_clear_pointer(&stages, stages_free);
		return;
	}
	for (guint i = 0; stages && i < stages->policies->len; i++) {
		struct policy *stage = stages->policies->pdata[i];

		if (!stage->n_ports++)
			g_hash_table_add(desired->firewall->dirty_policies, stage);
	}
	port_leave_stages(desired, port);
	port->stages = stages;
	port_mark(desired, port);
}

const struct policy *port_missing_stage(const struct port *port)
{
	for (guint i = 0; port->stages && i < port->stages->policies->len; i++)
		if (!((const struct policy *)port->stages->policies->pdata[i])->applied)
			return port->stages->policies->pdata[i];
	return NULL;
}
