/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that compile a change-set. Inside of src/compile. */
#pragma once

#include "compile/compile.h"

/* A host and a network whose ports or tunnels change; the key of `pairs`. */
struct pair {
	struct uuid host, network;
	int delta;    /* of the ports that are there, or may move there */
	bool changed; /* the host's record, or whether it answers the network's DHCP */
};

/* A host and a security group that its ports have, the key of `groups`; or, elsewhere, what rules
 * name. */
struct host_group {
	struct uuid host, group;
	enum scope_type type; /* SCOPE_SECURITY_GROUP; of what rules name the other two */
	int delta;	      /* of the ports that are there, or may move there */
};
guint host_group_hash(gconstpointer key);
gboolean host_group_equal(gconstpointer a, gconstpointer b);
/* A host that may have a router's gateway, or might before. */
struct gateway_role {
	struct uuid router, host;
};

struct compilation {
	const struct model *model;
	const struct changeset *changes;
	struct compiled *out;
	bool migrating; /* there are inactive bindings, or were before */
	GHashTable *pairs, *groups;
	GHashTable *placed; /* set of struct pair, host and port: counted in groups */
	GHashTable *
		touched; /* set of ports: of what their records say, more than themselves changed */
	GArray *roles;	 /* struct gateway_role: those that change, or whose host's tunnels do */
	GString *before, *after; /* the two forms of the record at hand */
};

/* The change of an object in this change-set, or NULL. */
const struct change *compile_find(
	const struct compilation *c, enum kind_id kind, const struct uuid *id);
/* The object as it was; NULL: there was none. */
const struct object *compile_old(
	const struct compilation *c, enum kind_id kind, const struct uuid *id);

/* Makes a delta of the difference between c->before and c->after (empty: no record), and empties
 * them. */
void compile_difference(struct compilation *c, enum scope_type type, const struct uuid *scope,
	const char *kind, const char *id);
void compile_interest(struct compilation *c, enum interest_op op, const struct uuid *host,
	enum scope_type type, const struct uuid *scope);

/* The host that a port (of before or of after) is bound to. One that is gone with its last port is
 * found among the changes. */
const struct object *compile_host_of(const struct compilation *c, const struct object *port);

/* compile_member.c: which hosts have which networks, of the pairs and of the routers' interfaces.
 */
void compile_members(struct compilation *c);
/* compile_group.c: security groups, their rules and members, and address groups. */
void compile_security_group(struct compilation *c, const struct change *change);
void compile_security_group_rule(struct compilation *c, const struct change *change);
void compile_address_group(struct compilation *c, const struct change *change);
void compile_group_member(struct compilation *c, const struct change *change);
/* compile_trunk.c: notes the port, whose record says something else now */
void compile_subport(struct compilation *c, const struct change *change);
/* compile_log.c */
void compile_log(struct compilation *c, const struct change *change);
/* compile_quota.c: what hosts are to enforce */
void compile_quota(struct compilation *c, const struct change *change);
/* compile_tier.c: the provider's tiers, their policies and rules. */
void compile_security_tier(struct compilation *c, const struct change *change);
void compile_security_policy(struct compilation *c, const struct change *change);
void compile_security_policy_rule(struct compilation *c, const struct change *change);
/* Whether a rule of theirs names it, on both sides: SCOPE_GROUP_MEMBERS or SCOPE_ADDRESS_GROUP. */
void compile_named_by_tiers(const struct compilation *c, enum scope_type type,
	const struct uuid *id, bool *ret_before, bool *ret_after);
/* group_interest.c: which hosts have which of them. */
void compile_placed_groups(
	struct compilation *c, const struct uuid *host, const struct object *port, int delta);
void compile_group_interests(struct compilation *c);

/* compile.c */
void compile_dhcp_binding(struct compilation *c, const struct change *change);
void compile_gateway_roles(struct compilation *c, const struct change *change);
/* compile_subnet.c: the records of subnets, and what their network's service map changes of them.
 */
void compile_subnet(struct compilation *c, const struct change *change);
void compile_subnetpool(struct compilation *c, const struct change *change);
void compile_subnets_of(struct compilation *c, const struct change *change);
void compile_attachment(struct compilation *c, const struct change *change);

/* compile_interface.c: the records of routers' interfaces. */
void compile_interfaces(struct compilation *c);
/* compile_gateway.c, compile_floating_ip.c, compile_port_forwarding.c */
void compile_gateways(struct compilation *c);
void compile_floating_ips(struct compilation *c);
void compile_port_forwardings(struct compilation *c);
/* compile_router_firewall.c */
void compile_router_firewalls(struct compilation *c);
/* compile_bgp.c */
void compile_bgp_speakers(struct compilation *c);
/* compile_load_balancer.c */
void compile_load_balancers(struct compilation *c);
/* compile_appliance.c */
void compile_appliance(struct compilation *c, const struct change *change);
/* compile_conntrack_helper.c */
void compile_conntrack_helper(struct compilation *c, const struct change *change);
