/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints and their claims to addresses. Claims live inside the endpoint's one allocation and are
 * chained from the network's table, so that the usual address, which one endpoint has, costs no
 * memory of its own.
 */
#include <string.h>

#include "agent/desired/parts.h"

static void add_claim(struct network *network, struct claim *claim)
{
	struct claim *first = g_hash_table_lookup(network->claims, claim);

	if (first) {
		claim->next = first->next;
		first->next = claim;
	} else {
		g_hash_table_add(network->claims, claim);
	}
}

static void remove_claim(struct network *network, struct claim *claim)
{
	struct claim *first = g_hash_table_lookup(network->claims, claim);

	if (first == claim) {
		g_hash_table_remove(network->claims, claim);
		if (claim->next)
			g_hash_table_add(network->claims, claim->next);
		return;
	}
	while (first->next != claim)
		first = first->next;
	first->next = claim->next;
}

static void add_name(struct network *network, struct endpoint *endpoint)
{
	endpoint->next_namesake = NULL;
	if (!endpoint->dns_name)
		return;
	struct endpoint *first = g_hash_table_lookup(network->names, endpoint->dns_name);
	if (first) {
		endpoint->next_namesake = first->next_namesake;
		first->next_namesake = endpoint;
	} else {
		g_hash_table_insert(network->names, endpoint->dns_name, endpoint);
	}
}

static void remove_name(struct network *network, struct endpoint *endpoint)
{
	if (!endpoint->dns_name)
		return;
	struct endpoint *first = g_hash_table_lookup(network->names, endpoint->dns_name);
	if (first == endpoint) {
		g_hash_table_remove(network->names, endpoint->dns_name);
		if (endpoint->next_namesake)
			g_hash_table_insert(network->names, endpoint->next_namesake->dns_name,
				endpoint->next_namesake);
		return;
	}
	while (first->next_namesake != endpoint)
		first = first->next_namesake;
	first->next_namesake = endpoint->next_namesake;
}

static bool has_claim(const struct endpoint *endpoint, const struct address *address)
{
	for (u16 i = 0; i < endpoint->n_claims; i++)
		if (memcmp(&endpoint->claims[i].address, address, sizeof(*address)) == 0)
			return true;
	return false;
}

/* Routers with routes by its addresses: what they lead to may be alive now, or not any more. */
static void mark_routers(struct desired *desired, const struct endpoint *endpoint)
{
	const GPtrArray *interfaces = endpoint->member->network->interfaces;

	for (guint n = 0; n < interfaces->len; n++) {
		const struct interface *interface = interfaces->pdata[n];
		const GArray *routes = interface->record.routes;

		for (guint i = 0; i < routes->len; i++) {
			struct address next_hop = address_of_ip(
				&g_array_index(routes, struct record_route, i).nexthop);

			if (has_claim(endpoint, &next_hop))
				router_mark(desired, interface->router);
		}
	}
}

void endpoint_mark(struct desired *desired, struct endpoint *endpoint)
{
	mark_routers(desired, endpoint);
	for (u16 i = 0; i < endpoint->n_claims; i++)
		network_mark_address(
			desired, endpoint->member->network, &endpoint->claims[i].address);
}

/* Joins its network: all of its addresses may now be decided differently. */
static void join(struct desired *desired, struct endpoint *endpoint)
{
	struct member *member = endpoint->member;
	struct network *network = member->network;

	endpoint->prev = NULL;
	endpoint->next = member->endpoints;
	if (endpoint->next)
		endpoint->next->prev = endpoint;
	member->endpoints = endpoint;
	for (u16 i = 0; i < endpoint->n_claims; i++)
		add_claim(network, &endpoint->claims[i]);
	add_name(network, endpoint);
	if (endpoint->standby)
		g_hash_table_add(desired->redundant, endpoint);
	if (endpoint_holds(endpoint))
		g_hash_table_add(desired->holders, endpoint);
	if (endpoint->has_pairs && network->n_with_pairs++ == 0)
		network_mark(desired, network);
	endpoint_mark(desired, endpoint);
}

static void leave(struct desired *desired, struct endpoint *endpoint)
{
	struct member *member = endpoint->member;
	struct network *network = member->network;

	endpoint_mark(desired, endpoint);
	if (endpoint->prev)
		endpoint->prev->next = endpoint->next;
	else
		member->endpoints = endpoint->next;
	if (endpoint->next)
		endpoint->next->prev = endpoint->prev;
	for (u16 i = 0; i < endpoint->n_claims; i++)
		remove_claim(network, &endpoint->claims[i]);
	remove_name(network, endpoint);
	g_hash_table_remove(desired->redundant, endpoint);
	g_hash_table_remove(desired->holders, endpoint);
	if (endpoint->has_pairs && --network->n_with_pairs == 0)
		network_mark(desired, network);
	if (!member->endpoints)
		member_mark(desired, member); /* it may be of no use now */
}

void endpoint_free(gpointer data)
{
	struct endpoint *endpoint = data;

	if (endpoint->standby)
		g_array_unref(endpoint->standby);
	g_free(endpoint->dns_name);
	g_free(endpoint);
}

static void make_claim(struct endpoint *endpoint, const struct address *address,
	enum claim_origin origin, const struct mac *at)
{
	if (has_claim(endpoint, address))
		return;
	endpoint->claims[endpoint->n_claims++] = (struct claim){
		.endpoint = endpoint,
		.address = *address,
		.origin = (u8)origin,
		.mac = *at,
	};
}

static void make_pair_claims(struct endpoint *endpoint, const struct record_pair *pair)
{
	struct address mac = address_of_mac(&pair->mac), ip = address_of_ip(&pair->prefix.ip);

	make_claim(endpoint, &mac, CLAIM_PAIR, &pair->mac);
	/* Nobody can be named the holder of an address in a longer range. */
	if (pair->prefix.len == ip_bits(&pair->prefix.ip))
		make_claim(endpoint, &ip, CLAIM_PAIR, &pair->mac);
}

/* Who speaks IPv6 is asked for by the address of its own making too: by routers that it solicits,
 * and servers of DHCPv6. */
static void make_link_local_claim(struct endpoint *endpoint)
{
	struct ip link_local = ip_link_local_from_mac(&endpoint->mac);
	struct address address = address_of_ip(&link_local);

	make_claim(endpoint, &address, CLAIM_OWN, &endpoint->mac);
}

static struct endpoint *make(
	const struct uuid *id, struct member *member, struct record_endpoint *record)
{
	size_t most = 2 + record->ips->len + 2 * (size_t)record->pairs->len;
	struct endpoint *endpoint =
		g_malloc0(sizeof(*endpoint) + most * sizeof(endpoint->claims[0]));
	struct address address = address_of_mac(&record->mac);

	endpoint->id = *id;
	endpoint->member = member;
	endpoint->mac = record->mac;
	/* Names are looked up in lower case (RFC 4343). */
	if (record->dns_name)
		endpoint->dns_name = g_ascii_strdown(record->dns_name, -1);
	endpoint->has_pairs = record->pairs->len > 0;
	if (record->standby->len)
		endpoint->standby = g_array_ref(record->standby);
	make_claim(endpoint, &address, CLAIM_OWN, &endpoint->mac);
	for (guint i = 0; i < record->ips->len; i++) {
		address = address_of_ip(&g_array_index(record->ips, struct ip, i));
		make_claim(endpoint, &address, CLAIM_OWN, &endpoint->mac);
		if (g_array_index(record->ips, struct ip, i).family == 6)
			make_link_local_claim(endpoint);
	}
	for (guint i = 0; i < record->pairs->len; i++)
		make_pair_claims(endpoint, &g_array_index(record->pairs, struct record_pair, i));
	return endpoint;
}

/* Guests are told of a router that is a port like theirs when it is there. */
static void mark_router(struct desired *desired, const struct endpoint *endpoint)
{
	if (desired_interface(desired, &endpoint->id))
		g_hash_table_add(desired->rerouted, endpoint->member->network);
}

void endpoint_put(struct desired *desired, const struct uuid *id, struct record_endpoint *record)
{
	struct network *network = network_need(desired, &record->network_id);
	struct member *member = member_need(network, &record->host_id);

	struct endpoint *endpoint = make(id, member, record);
	claims_follow(endpoint, record->held, desired_endpoint(desired, id));
	endpoint_delete(desired, id);
	g_hash_table_insert(desired->endpoints, &endpoint->id, endpoint);
	join(desired, endpoint);
	mark_router(desired, endpoint);
}

void endpoint_delete(struct desired *desired, const struct uuid *id)
{
	struct endpoint *endpoint = desired_endpoint(desired, id);

	if (!endpoint)
		return;
	mark_router(desired, endpoint);
	leave(desired, endpoint);
	g_hash_table_remove(desired->endpoints, id);
}

void desired_mark_redundant(struct desired *desired)
{
	struct endpoint *endpoint;
	struct port *port;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->redundant);
	while (g_hash_table_iter_next(&i, (gpointer *)&endpoint, NULL)) {
		endpoint_mark(desired, endpoint);
		port = desired_port(desired, &endpoint->id);
		if (port)
			port_mark(desired, port);
	}
}
