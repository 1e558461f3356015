/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has an address that several endpoints of its network claim: the one that announced it last.
 * The controller says who that is (`held`), of what hosts have heard at their guests' devices; what
 * this host has heard itself since then (`heard`) it need not be told.
 */
#include <string.h>

#include "agent/desired/parts.h"

const struct claim *claims_holder(const struct claim *claims)
{
	const struct claim *held = NULL;

	for (const struct claim *c = claims; c; c = c->next) {
		if (c->heard)
			return c;
		if (c->held)
			held = c;
	}
	return held;
}

static void unhear(const struct network *network, const struct address *address)
{
	/* Claims are this file's and endpoint.c's to change; the table hands them out as they are
	 * for everybody else. */
	struct claim *claim = (struct claim *)network_claims(network, address);

	for (; claim; claim = claim->next)
		claim->heard = false;
}

/* Who is reached by its MAC has changed with it: several may share that too (VRRP). */
static void mark(struct desired *desired, const struct claim *claim)
{
	struct network *network = claim->endpoint->member->network;
	struct address mac = address_of_mac(&claim->mac);

	network_mark_address(desired, network, &claim->address);
	network_mark_address(desired, network, &mac);
}

void claim_hear(struct desired *desired, struct claim *claim)
{
	unhear(claim->endpoint->member->network, &claim->address);
	claim->heard = true;
	g_hash_table_add(desired->holders, claim->endpoint);
	mark(desired, claim);
}

void claim_believe(struct desired *desired, struct claim *claim)
{
	if (!claim->heard)
		return;
	claim->heard = false;
	mark(desired, claim);
}

struct claim *endpoint_claim(struct endpoint *endpoint, const struct address *address)
{
	for (u16 i = 0; i < endpoint->n_claims; i++)
		if (memcmp(&endpoint->claims[i].address, address, sizeof(*address)) == 0)
			return &endpoint->claims[i];
	return NULL;
}

static void hold(struct endpoint *endpoint, const struct ip *ip)
{
	struct address address = address_of_ip(ip);
	struct claim *claim = endpoint_claim(endpoint, &address);

	if (claim)
		claim->held = true;
}

void claims_follow(struct endpoint *endpoint, const GArray *held, struct endpoint *before)
{
	if (before && before->member->network != endpoint->member->network)
		before = NULL;
	for (guint i = 0; i < held->len; i++)
		hold(endpoint, &g_array_index(held, struct ip, i));
	for (u16 i = 0; i < endpoint->n_claims; i++) {
		struct claim *claim = &endpoint->claims[i];
		const struct claim *was = before ? endpoint_claim(before, &claim->address) : NULL;

		/* The controller has heard of it later than we have of another. */
		if (claim->held && !(was && was->held))
			unhear(endpoint->member->network, &claim->address);
		else
			claim->heard = was && was->heard;
	}
}

bool endpoint_holds(const struct endpoint *endpoint)
{
	for (u16 i = 0; i < endpoint->n_claims; i++)
		if (endpoint->claims[i].held || endpoint->claims[i].heard)
			return true;
	return false;
}

void desired_mark_holders(struct desired *desired)
{
	struct endpoint *endpoint;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->holders);
	while (g_hash_table_iter_next(&i, (gpointer *)&endpoint, NULL))
		endpoint_mark(desired, endpoint);
}
