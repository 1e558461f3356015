/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/desired.h"

#include <string.h>

#include "agent/desired/connection_quota.h"
#include "agent/desired/firewall.h"
#include "agent/desired/network_log.h"
#include "agent/desired/parts.h"

struct address address_of_ip(const struct ip *ip)
{
	struct address address = { .type = ip->family };

	memcpy(address.b, ip->b, sizeof(address.b));
	return address;
}

struct address address_of_mac(const struct mac *mac)
{
	struct address address = { .type = ADDRESS_MAC };

	memcpy(address.b, mac->b, sizeof(mac->b));
	return address;
}

struct ip address_ip(const struct address *address)
{
	struct ip ip = { .family = address->type };

	memcpy(ip.b, address->b, sizeof(ip.b));
	return ip;
}

struct mac address_mac(const struct address *address)
{
	struct mac mac;

	memcpy(mac.b, address->b, sizeof(mac.b));
	return mac;
}

static guint dirty_address_hash(gconstpointer data)
{
	const struct dirty_address *dirty = data;
	struct uuid key;

	memcpy(key.b, dirty->address.b, sizeof(key.b));
	return uuid_hash(&key) ^ g_direct_hash(dirty->network) ^ dirty->address.type;
}

static gboolean dirty_address_equal(gconstpointer a, gconstpointer b)
{
	const struct dirty_address *x = a, *y = b;

	return x->network == y->network &&
	       memcmp(&x->address, &y->address, sizeof(x->address)) == 0;
}

struct desired *desired_new(void)
{
	struct desired *desired = g_new0(struct desired, 1);

	desired->networks = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, network_free);
	desired->endpoints = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, endpoint_free);
	desired->subnets = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, subnet_free);
	desired->ports = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, port_free);
	desired->interfaces = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, interface_free);
	desired->routers = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, router_free);
	desired->gateways = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, gateway_free);
	desired->floating_ips =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, floating_ip_free);
	desired->connection_quotas =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, connection_quota_free);
	desired->limited_projects = g_hash_table_new(g_str_hash, g_str_equal);
	desired->logs = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, network_log_free);
	desired->router_firewalls =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, router_firewall_free);
	desired->bgp_speakers =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, bgp_speaker_free);
	desired->appliances = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, appliance_free);
	desired->forwarded_ips =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, forwarded_ip_free);
	desired->port_forwardings =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, port_forwarding_free);
	desired->load_balancers =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, load_balancer_free);
	desired->dirty_load_balancers = g_hash_table_new(NULL, NULL);
	desired->redundant = g_hash_table_new(NULL, NULL);
	desired->holders = g_hash_table_new(NULL, NULL);
	desired->wires = g_array_new(FALSE, FALSE, sizeof(struct wire));
	desired->attached = g_hash_table_new(NULL, NULL);
	desired->dirty_networks = g_hash_table_new(NULL, NULL);
	desired->dirty_members = g_hash_table_new(NULL, NULL);
	desired->dirty_ports = g_hash_table_new(NULL, NULL);
	desired->dirty_routers = g_hash_table_new(NULL, NULL);
	desired->dirty_floating_ips = g_hash_table_new(NULL, NULL);
	desired->dirty_forwarded_ips = g_hash_table_new(NULL, NULL);
	desired->dirty_conntrack_helpers = g_hash_table_new(NULL, NULL);
	desired->conntrack_helpers =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, conntrack_helper_free);
	desired->rerouted = g_hash_table_new(NULL, NULL);
	desired->dirty_addresses =
		g_hash_table_new_full(dirty_address_hash, dirty_address_equal, g_free, NULL);
	desired->firewall = firewall_new();
	return desired;
}

void desired_free(struct desired *desired)
{
	if (!desired)
		return;
	g_hash_table_unref(desired->dirty_networks);
	g_hash_table_unref(desired->dirty_members);
	g_hash_table_unref(desired->dirty_ports);
	g_hash_table_unref(desired->dirty_addresses);
	g_hash_table_unref(desired->dirty_routers);
	g_hash_table_unref(desired->dirty_floating_ips);
	g_hash_table_unref(desired->dirty_forwarded_ips);
	g_hash_table_unref(desired->dirty_conntrack_helpers);
	g_hash_table_unref(desired->conntrack_helpers);
	g_hash_table_unref(desired->port_forwardings);
	g_hash_table_unref(desired->forwarded_ips);
	g_hash_table_unref(desired->dirty_load_balancers);
	g_hash_table_unref(desired->load_balancers);
	g_hash_table_unref(desired->gateways);
	g_hash_table_unref(desired->floating_ips);
	g_hash_table_unref(desired->logs);
	g_hash_table_unref(desired->router_firewalls);
	g_hash_table_unref(desired->limited_projects);
	g_hash_table_unref(desired->connection_quotas);
	g_hash_table_unref(desired->bgp_speakers);
	g_hash_table_unref(desired->appliances);
	g_array_unref(desired->wires);
	g_hash_table_unref(desired->rerouted);
	g_hash_table_unref(desired->attached);
	firewall_free(desired->firewall);
	g_hash_table_unref(desired->interfaces);
	g_hash_table_unref(desired->routers);
	g_hash_table_unref(desired->ports);
	g_hash_table_unref(desired->subnets);
	g_hash_table_unref(desired->endpoints);
	g_hash_table_unref(desired->redundant);
	g_hash_table_unref(desired->holders);
	g_hash_table_unref(desired->networks);
	g_free(desired->host_name);
	g_free(desired);
}

static void put_host(struct desired *desired, const struct uuid *id, struct record_host *record)
{
	bool same = uuid_equal(&desired->self, id) &&
		    memcmp(&desired->tunnel, &record->tunnel, sizeof(record->tunnel)) == 0;

	desired->self = *id;
	desired->tunnel = record->tunnel;
	g_free(desired->host_name);
	desired->host_name = g_steal_pointer(&record->name);
	if (same)
		return;
	desired->tunnel_changed = true;
	desired_mark_all(desired);
}

void desired_put(struct desired *desired, const struct record_key *key, struct record *record)
{
	switch (key->kind) {
	case RECORD_HOST:
		put_host(desired, &key->id, &record->host);
		break;
	case RECORD_NETWORK:
		network_put(desired, &key->id, &record->network);
		break;
	case RECORD_SUBNET:
		subnet_put(desired, &key->id, &record->subnet);
		break;
	case RECORD_MEMBER:
		member_put(desired, &record->member);
		break;
	case RECORD_ENDPOINT:
		endpoint_put(desired, &key->id, &record->endpoint);
		break;
	case RECORD_PORT:
		port_put(desired, &key->id, &record->port);
		firewall_pend(desired, key, record);
		break;
	case RECORD_INTERFACE:
		interface_put(desired, &key->id, &record->interface);
		break;
	case RECORD_GATEWAY:
		gateway_put(desired, &key->id, &record->gateway);
		break;
	case RECORD_FLOATING_IP:
		floating_ip_put(desired, &key->id, &record->floating_ip);
		break;
	case RECORD_LOAD_BALANCER:
		load_balancer_put(desired, &key->id, &record->load_balancer);
		break;
	case RECORD_LOG:
		network_log_put(desired, &key->id, &record->log);
		break;
	case RECORD_ROUTER_FIREWALL:
		router_firewall_put(desired, &key->id, &record->router_firewall);
		break;
	case RECORD_CONNECTION_QUOTA:
		connection_quota_put(desired, &key->id, &record->connection_quota);
		break;
	case RECORD_BGP_SPEAKER:
		bgp_speaker_put(desired, &key->id, &record->bgp_speaker);
		break;
	case RECORD_APPLIANCE:
		appliance_put(desired, &key->id, &record->appliance);
		break;
	case RECORD_PORT_FORWARDING:
		port_forwarding_put(desired, &key->id, &record->port_forwarding);
		break;
	case RECORD_CONNTRACK_HELPER:
		conntrack_helper_put(desired, &key->id, &record->conntrack_helper);
		break;
	case RECORD_SECURITY_GROUP:
	case RECORD_SECURITY_GROUP_RULE:
	case RECORD_GROUP_MEMBER:
	case RECORD_ADDRESS_GROUP:
	case RECORD_SECURITY_TIER:
	case RECORD_SECURITY_POLICY:
	case RECORD_SECURITY_POLICY_RULE:
		firewall_pend(desired, key, record);
		break;
	case RECORD_N_KINDS:
		break;
	}
	record_clear(record);
}

void desired_delete(struct desired *desired, const struct record_key *key)
{
	switch (key->kind) {
	case RECORD_HOST: /* the controller forgot this host; what it forwards stays until its ports
			     go */
		break;
	case RECORD_NETWORK:
		network_delete(desired, &key->id);
		break;
	case RECORD_SUBNET:
		subnet_delete(desired, &key->id);
		break;
	case RECORD_MEMBER:
		member_delete(desired, &key->id, &key->sub);
		break;
	case RECORD_ENDPOINT:
		endpoint_delete(desired, &key->id);
		break;
	case RECORD_PORT:
		port_delete(desired, &key->id);
		break;
	case RECORD_INTERFACE:
		interface_delete(desired, &key->id);
		break;
	case RECORD_GATEWAY:
		gateway_delete(desired, &key->id);
		break;
	case RECORD_FLOATING_IP:
		floating_ip_delete(desired, &key->id);
		break;
	case RECORD_LOAD_BALANCER:
		load_balancer_delete(desired, &key->id);
		break;
	case RECORD_LOG:
		network_log_delete(desired, &key->id);
		break;
	case RECORD_ROUTER_FIREWALL:
		router_firewall_delete(desired, &key->id);
		break;
	case RECORD_CONNECTION_QUOTA:
		connection_quota_delete(desired, &key->id);
		break;
	case RECORD_BGP_SPEAKER:
		g_hash_table_remove(desired->bgp_speakers, &key->id);
		break;
	case RECORD_APPLIANCE:
		g_hash_table_remove(desired->appliances, &key->id);
		break;
	case RECORD_PORT_FORWARDING:
		port_forwarding_delete(desired, &key->id);
		break;
	case RECORD_CONNTRACK_HELPER:
		conntrack_helper_delete(desired, &key->id);
		break;
	case RECORD_SECURITY_GROUP:
	case RECORD_SECURITY_GROUP_RULE:
	case RECORD_GROUP_MEMBER:
	case RECORD_ADDRESS_GROUP:
	case RECORD_SECURITY_TIER:
	case RECORD_SECURITY_POLICY:
	case RECORD_SECURITY_POLICY_RULE:
		firewall_pend(desired, key, NULL);
		break;
	case RECORD_N_KINDS:
		break;
	}
}

void desired_commit(struct desired *desired)
{
	firewall_commit(desired);
}

void desired_set_incomplete(struct desired *desired)
{
	desired->firewall->incomplete = true;
}

void desired_mark_all(struct desired *desired)
{
	struct load_balancer *balancer;
	struct floating_ip *floating_ip;
	struct network *network;
	struct router *router;
	struct port *port;
	GHashTableIter i;

	desired->wires_changed = true;
	g_hash_table_iter_init(&i, desired->load_balancers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&balancer))
		load_balancer_mark(desired, balancer);
	g_hash_table_iter_init(&i, desired->floating_ips);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&floating_ip))
		floating_ip_mark(desired, floating_ip);
	g_hash_table_iter_init(&i, desired->networks);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&network))
		network_mark_all(desired, network);
	g_hash_table_iter_init(&i, desired->ports);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
		port_mark(desired, port);
	g_hash_table_iter_init(&i, desired->routers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&router))
		router_mark(desired, router);
	conntrack_helpers_mark_all(desired);
	firewall_mark_all(desired->firewall);
}

static void collect_floating_ips(struct desired *desired)
{
	struct floating_ip *floating_ip;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->dirty_floating_ips);
	while (g_hash_table_iter_next(&i, (gpointer *)&floating_ip, NULL)) {
		g_hash_table_iter_remove(&i);
		if (floating_ip_is_unused(floating_ip))
			g_hash_table_remove(desired->floating_ips, &floating_ip->id);
	}
}

static void collect_load_balancers(struct desired *desired)
{
	struct load_balancer *balancer;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->dirty_load_balancers);
	while (g_hash_table_iter_next(&i, (gpointer *)&balancer, NULL)) {
		g_hash_table_iter_remove(&i);
		if (load_balancer_is_unused(balancer))
			g_hash_table_remove(desired->load_balancers, &balancer->id);
	}
}

void desired_collect(struct desired *desired)
{
	struct network *network;
	struct router *router;
	struct member *member;
	struct port *port;
	GHashTableIter i;

	collect_floating_ips(desired);
	forwarded_ips_collect(desired);
	collect_load_balancers(desired);
	conntrack_helpers_collect(desired);
	g_hash_table_iter_init(&i, desired->dirty_ports);
	while (g_hash_table_iter_next(&i, (gpointer *)&port, NULL)) {
		g_hash_table_iter_remove(&i);
		if (port_is_unused(port))
			g_hash_table_remove(desired->ports, &port->id);
	}
	g_hash_table_iter_init(&i, desired->dirty_members);
	while (g_hash_table_iter_next(&i, (gpointer *)&member, NULL)) {
		g_hash_table_iter_remove(&i);
		if (member_is_unused(member))
			g_hash_table_remove(member->network->members, &member->host);
	}
	g_hash_table_iter_init(&i, desired->dirty_routers);
	while (g_hash_table_iter_next(&i, (gpointer *)&router, NULL)) {
		g_hash_table_iter_remove(&i);
		if (router_is_unused(router))
			g_hash_table_remove(desired->routers, &router->id);
	}
	g_hash_table_remove_all(desired->dirty_addresses);
	g_hash_table_remove_all(desired->rerouted);
	g_hash_table_iter_init(&i, desired->dirty_networks);
	while (g_hash_table_iter_next(&i, (gpointer *)&network, NULL)) {
		g_hash_table_iter_remove(&i);
		if (network_is_unused(network))
			g_hash_table_remove(desired->networks, &network->id);
	}
}

struct load_balancer *desired_load_balancer(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->load_balancers, id);
}

struct network *desired_network(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->networks, id);
}

struct port *desired_port(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->ports, id);
}

struct endpoint *desired_endpoint(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->endpoints, id);
}

struct subnet *desired_subnet(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->subnets, id);
}

struct interface *desired_interface(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->interfaces, id);
}

struct gateway *desired_gateway(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->gateways, id);
}

struct floating_ip *desired_floating_ip(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->floating_ips, id);
}

struct forwarded_ip *desired_forwarded_ip(const struct desired *desired, const struct uuid *id)
{
	return g_hash_table_lookup(desired->forwarded_ips, id);
}
