/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files that make up `desired`: each kind of thing has one (network.c, member.c, …).
 */
#pragma once

#include "agent/desired/desired.h"

/* Finds or makes the placeholder. */
struct network *network_need(struct desired *desired, const struct uuid *id);
void network_put(struct desired *desired, const struct uuid *id, struct record_network *record);
void network_delete(struct desired *desired, const struct uuid *id);
void network_free(gpointer network);
void network_mark(struct desired *desired, struct network *network);
void network_mark_all(struct desired *desired, struct network *network);
void network_mark_address(
	struct desired *desired, struct network *network, const struct address *address);
bool network_is_unused(const struct network *network);

struct member *member_need(struct network *network, const struct uuid *host);
void member_put(struct desired *desired, const struct record_member *record);
void member_delete(struct desired *desired, const struct uuid *network, const struct uuid *host);
void member_mark(struct desired *desired, struct member *member);
/* Where its endpoints are has changed. */
void member_mark_endpoints(struct desired *desired, struct member *member);
bool member_is_unused(const struct member *member);

void endpoint_put(struct desired *desired, const struct uuid *id, struct record_endpoint *record);
void endpoint_delete(struct desired *desired, const struct uuid *id);
void endpoint_mark(struct desired *desired, struct endpoint *endpoint);
void endpoint_free(gpointer endpoint);

/* claim.c: of an endpoint that is not on its network yet: which addresses (struct ip) it holds, and
 * what was heard of it. @before: as which it is there still, or NULL. */
void claims_follow(struct endpoint *endpoint, const GArray *held, struct endpoint *before);
bool endpoint_holds(const struct endpoint *endpoint);

void subnet_put(struct desired *desired, const struct uuid *id, struct record_subnet *record);
void subnet_delete(struct desired *desired, const struct uuid *id);
void subnet_free(gpointer subnet);

void interface_put(struct desired *desired, const struct uuid *id, struct record_interface *record);
void interface_delete(struct desired *desired, const struct uuid *id);
void interface_mark(struct desired *desired, struct interface *interface);
void interface_free(gpointer interface);
struct router *router_need(struct desired *desired, const struct uuid *id);
void router_mark(struct desired *desired, struct router *router);
void router_mark_if_helped(struct desired *desired, struct router *router);
void router_free(gpointer router);
bool router_is_unused(const struct router *router);

void gateway_put(struct desired *desired, const struct uuid *id, struct record_gateway *record);
void gateway_delete(struct desired *desired, const struct uuid *id);
void gateway_free(gpointer gateway);

void floating_ip_put(
	struct desired *desired, const struct uuid *id, struct record_floating_ip *record);
void floating_ip_delete(struct desired *desired, const struct uuid *id);
void floating_ip_mark(struct desired *desired, struct floating_ip *floating_ip);
void floating_ip_free(gpointer floating_ip);
bool floating_ip_is_unused(const struct floating_ip *floating_ip);

void router_firewall_put(
	struct desired *desired, const struct uuid *id, struct record_router_firewall *record);
void router_firewall_delete(struct desired *desired, const struct uuid *id);
void router_firewall_free(gpointer firewall);
/* Who is guarded may have changed. */
void router_firewalls_mark_ports(struct desired *desired);
/* Is a router's port with a firewall group on the way from it to anywhere? */
/* Whether what the port sends to other networks may pass that router's port. */
bool router_firewall_guards(const struct router_firewall *firewall, const struct port *port);
/* Whether any rules are asked at the port: its own, the provider's, or those of routers' ports. */
bool port_is_filtered(const struct desired *desired, const struct port *port);
bool port_is_guarded(const struct desired *desired, const struct port *port);

void bgp_speaker_put(
	struct desired *desired, const struct uuid *id, struct record_bgp_speaker *record);
void bgp_speaker_free(gpointer speaker);
void appliance_put(struct desired *desired, const struct uuid *id, struct record_appliance *record);
void appliance_free(gpointer appliance);
void conntrack_helper_put(
	struct desired *desired, const struct uuid *id, struct record_conntrack_helper *record);
void conntrack_helper_delete(struct desired *desired, const struct uuid *id);
void conntrack_helper_free(gpointer helper);
void conntrack_helpers_mark_all(struct desired *desired);
void conntrack_helpers_collect(struct desired *desired);

void port_forwarding_put(struct desired *desired, const struct uuid *id,
	const struct record_port_forwarding *record);
void port_forwarding_delete(struct desired *desired, const struct uuid *id);
void port_forwarding_free(gpointer forwarding);
void forwarded_ip_mark(struct desired *desired, struct forwarded_ip *ip);
void forwarded_ip_free(gpointer ip);
/* Those that are dirty, and what of them is neither known nor applied. */
void forwarded_ips_collect(struct desired *desired);
void load_balancer_put(
	struct desired *desired, const struct uuid *id, struct record_load_balancer *record);
void load_balancer_delete(struct desired *desired, const struct uuid *id);
/* Is its VIP on a network that a wire carries? */
bool load_balancer_is_on_wire(const struct load_balancer *balancer);
void load_balancer_mark(struct desired *desired, struct load_balancer *balancer);
void load_balancer_free(gpointer balancer);
bool load_balancer_is_unused(const struct load_balancer *balancer);

void port_put(struct desired *desired, const struct uuid *id, struct record_port *record);
void port_delete(struct desired *desired, const struct uuid *id);
void port_mark(struct desired *desired, struct port *port);
void port_free(gpointer port);
bool port_is_unused(const struct port *port);
