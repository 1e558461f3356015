/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bgp.h"

#include <string.h>

#include "agent/bgp/bgp_daemon.h"
#include "base/log.h"

struct bgp {
	const struct config *config;
	const struct desired *desired;
	void (*changed)(void *data);
	void *data;
	GHashTable *daemons; /* speaker id → struct bgp_daemon */
	bool swept;	     /* what a former process left and nobody wants is gone */
};

/* Folders of this agent begin with it: several may be on one machine. */
static char *folder_prefix(const struct config *config)
{
	return g_strdup_printf("%08x-", g_str_hash(config->state_dir));
}

static char *folder_of(const struct config *config, const struct uuid *speaker)
{
	g_autofree char *prefix = folder_prefix(config);
	char id[UUID_STRLEN];
	g_autofree char *name = g_strconcat(prefix, uuid_format(speaker, id), NULL);

	return g_build_filename(config->bgp_dir, name, NULL);
}

struct bgp *bgp_new(const struct config *config, const struct desired *desired,
	void (*changed)(void *data), void *data)
{
	struct bgp *bgp = g_new0(struct bgp, 1);

	*bgp = (struct bgp){ .config = config,
		.desired = desired,
		.changed = changed,
		.data = data,
		.daemons = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL) };
	return bgp;
}

void bgp_free(struct bgp *bgp)
{
	struct bgp_daemon *daemon;
	GHashTableIter i;

	if (!bgp)
		return;
	g_hash_table_iter_init(&i, bgp->daemons);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&daemon))
		bgp_daemon_free(daemon);
	g_hash_table_unref(bgp->daemons);
	g_free(bgp);
}

static bool has_network(const struct record_bgp_speaker *speaker, const struct uuid *network)
{
	for (guint i = 0; i < speaker->networks->len; i++)
		if (uuid_equal(&g_array_index(speaker->networks, struct uuid, i), network))
			return true;
	return false;
}

static void add_floating_ips(const struct desired *desired,
	const struct record_bgp_speaker *speaker, struct bgp_config *config)
{
	const struct ip self = { 0 };
	const struct floating_ip *floating_ip;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->floating_ips);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&floating_ip)) {
		const struct record_floating_ip *record = &floating_ip->record;
		struct prefix prefix = { .ip = record->floating, .len = 32 };

		if (floating_ip->known && floating_ip->state == PORT_WIRED &&
			record->floating.family == 4 && has_network(speaker, &record->network_id))
			bgp_config_add_route(config, &prefix, &self);
	}
}

static bool is_set(const struct uuid *id)
{
	static const struct uuid none;

	return !uuid_equal(id, &none);
}

/* Is it one that the gateway's network has addresses of? */
static bool has_scope(const struct record_gateway *gateway, const struct subnet *subnet)
{
	for (guint i = 0; is_set(&subnet->record.address_scope_id) && i < gateway->subnets->len;
		i++) {
		const struct record_outer_subnet *outer =
			&g_array_index(gateway->subnets, struct record_outer_subnet, i);

		if (outer->cidr.ip.family == subnet->record.cidr.ip.family &&
			uuid_equal(&outer->address_scope_id, &subnet->record.address_scope_id))
			return true;
	}
	return false;
}

/* Is it reached by another prefix? */
static bool is_translated(const struct record_gateway *gateway, const struct prefix *cidr)
{
	for (guint i = 0; i < gateway->nptv6_prefixes->len; i++)
		if (prefix_contains(
			    &g_array_index(gateway->nptv6_prefixes, struct record_prefix_pair, i)
				     .internal,
			    &cidr->ip))
			return true;
	return false;
}

static void add_interface(const struct desired *desired, const struct gateway *gateway,
	const struct interface *interface, const struct ip *next_hop, struct bgp_config *config)
{
	const GArray *fixed_ips = interface->record.fixed_ips;

	for (guint i = 0; interface_is_up(interface) && i < fixed_ips->len; i++) {
		const struct record_fixed_ip *fixed =
			&g_array_index(fixed_ips, struct record_fixed_ip, i);
		const struct subnet *subnet = desired_subnet(desired, &fixed->subnet_id);

		if (subnet && subnet->record.cidr.ip.family == next_hop->family &&
			has_scope(&gateway->record, subnet) &&
			!is_translated(&gateway->record, &subnet->record.cidr))
			bgp_config_add_route(config, &subnet->record.cidr, next_hop);
	}
}

/* The gateway's own address: the next hop of what is behind it, and with it on another host when
 * this one fails. */
static const struct ip *next_hop_of(const struct gateway *gateway, u8 family)
{
	const GArray *fixed_ips = gateway->record.fixed_ips;

	for (guint i = 0; i < fixed_ips->len; i++) {
		const struct ip *ip = &g_array_index(fixed_ips, struct record_fixed_ip, i).ip;

		if (ip->family == family)
			return ip;
	}
	return NULL;
}

static void add_gateways(const struct desired *desired, const struct record_bgp_speaker *speaker,
	struct bgp_config *config)
{
	const struct gateway *gateway;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->gateways);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&gateway)) {
		const GPtrArray *interfaces = gateway->router->interfaces;
		const struct ip *next_hop = next_hop_of(gateway, speaker->family);

		/* what is translated is not reached by its own address */
		if (gateway->state != PORT_WIRED || !next_hop ||
			(speaker->family == 4 && gateway->record.enable_snat) ||
			!has_network(speaker, &gateway->record.network_id))
			continue;
		for (guint n = 0; n < interfaces->len; n++)
			add_interface(desired, gateway, interfaces->pdata[n], next_hop, config);
		for (guint n = 0; speaker->family == 6 && n < gateway->record.nptv6_prefixes->len;
			n++)
			bgp_config_add_route(config,
				&g_array_index(gateway->record.nptv6_prefixes,
					struct record_prefix_pair, n)
					 .external,
				next_hop);
	}
}

/* Its IPv4 tunnel address, or else four bytes of its id: what no other host has. */
static struct ip router_id(const struct bgp *bgp)
{
	struct ip id = bgp->config->tunnel_ip4;

	if (!id.family)
		id = bgp->desired->tunnel.ip4;
	if (!id.family) {
		id.family = 4;
		memcpy(id.b, bgp->desired->self.b, 4);
		id.b[3] |= 1; /* it must not be 0 */
	}
	return id;
}

static struct bgp_config *make_config(const struct bgp *bgp, const struct bgp_speaker *speaker)
{
	const struct record_bgp_speaker *record = &speaker->record;
	struct ip id = router_id(bgp);
	struct bgp_config *config = bgp_config_new(record->as, record->family, &id);

	for (guint i = 0; i < record->peers->len; i++) {
		const struct record_bgp_peer *peer =
			&g_array_index(record->peers, struct record_bgp_peer, i);

		bgp_config_add_peer(config, &peer->ip, peer->as, peer->password);
	}
	if (record->floating_ips && record->family == 4)
		add_floating_ips(bgp->desired, record, config);
	if (record->tenant_networks)
		add_gateways(bgp->desired, record, config);
	return config;
}

static void silence(void *data)
{
	(void)data;
}

/* What an agent has left of speakers that are not in @wanted. */
static void sweep(const struct config *config, GHashTable *wanted)
{
	g_autofree char *prefix = folder_prefix(config);
	g_autoptr(GDir) dir = g_dir_open(config->bgp_dir, 0, NULL);
	const char *name;
	struct uuid id;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *folder = g_build_filename(config->bgp_dir, name, NULL);

		if (g_str_has_prefix(name, prefix) && uuid_parse(name + strlen(prefix), &id) &&
			!(wanted && g_hash_table_contains(wanted, &id)))
			bgp_daemon_end(bgp_daemon_new(config->bgpd, folder, silence, NULL));
	}
}

static void end_unwanted(struct bgp *bgp)
{
	struct bgp_daemon *daemon;
	const struct uuid *id;
	GHashTableIter i;

	g_hash_table_iter_init(&i, bgp->daemons);
	while (g_hash_table_iter_next(&i, (gpointer *)&id, (gpointer *)&daemon))
		if (!g_hash_table_contains(bgp->desired->bgp_speakers, id)) {
			bgp_daemon_end(daemon);
			g_hash_table_iter_remove(&i);
		}
	if (bgp->swept)
		return;
	bgp->swept = true;
	sweep(bgp->config, bgp->daemons);
}

void bgp_update(struct bgp *bgp, bool complete)
{
	const struct bgp_speaker *speaker;
	struct bgp_daemon *daemon;
	GHashTableIter i;

	g_hash_table_iter_init(&i, bgp->desired->bgp_speakers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&speaker)) {
		daemon = g_hash_table_lookup(bgp->daemons, &speaker->id);
		if (!daemon) {
			g_autofree char *folder = folder_of(bgp->config, &speaker->id);

			daemon = bgp_daemon_new(bgp->config->bgpd, folder, bgp->changed, bgp->data);
			g_hash_table_insert(
				bgp->daemons, g_memdup2(&speaker->id, sizeof(speaker->id)), daemon);
		}
		bgp_daemon_set(daemon, make_config(bgp, speaker));
	}
	if (complete)
		end_unwanted(bgp);
}

json_t *bgp_describe(const struct bgp *bgp)
{
	const struct bgp_daemon *daemon;
	const struct uuid *id;
	json_t *all;
	GHashTableIter i;
	char text[UUID_STRLEN];

	if (!bgp || !g_hash_table_size(bgp->daemons))
		return NULL;
	all = json_object();
	g_hash_table_iter_init(&i, bgp->daemons);
	while (g_hash_table_iter_next(&i, (gpointer *)&id, (gpointer *)&daemon))
		json_object_set_new(all, uuid_format(id, text),
			json_pack("{s:s*, s:O}", "reason", bgp_daemon_reason(daemon), "peers",
				bgp_daemon_peers(daemon)));
	return all;
}

void bgp_end_all(const struct config *config)
{
	sweep(config, NULL);
}
