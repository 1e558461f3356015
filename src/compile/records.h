/* SPDX-License-Identifier: Apache-2.0 */
/* One record's data from the objects that it is made of; the tables of ARCHITECTURE.md. Inside of
 * src/compile. Each appends one JSON object to @text. */
#pragma once

#include "compile/qos.h"

void record_host(const struct object *host, GString *text);
/* @active: it is bound there; else the host is one that it may move to. */
/* Of a subport; else the parent is NULL. */
struct trunk_place {
	const char *parent;
	s64 vlan;
};
/* compile_trunk.c: now, and as it was before the change-set. */
struct trunk_place trunk_place_of(const struct model *model, const struct object *port);
struct trunk_place trunk_place_before(const struct compilation *c, const struct object *port);
void record_port(const struct object *port, const struct qos *qos, struct trunk_place place,
	bool active, GString *text);
/* Nothing, of one that hosts don't forward for. */
void record_network(const struct object *network, GString *text);
/* How the edge serves a subnet: `edge` of what its network's DHCP provider answered. */
struct subnet_service {
	bool dns;	    /* the edge answers the network's DNS */
	bool dhcp;	    /* the edge serves its DHCP, or what follows says how it does */
	const json_t *says; /* of this subnet; NULL: nothing */
	const char *scope;  /* the address scope of its pool, or NULL */
};
void record_subnet(
	const struct object *subnet, const struct subnet_service *service, GString *text);
/* The address scope of a subnet's pool as it is or, with @before, was; NULL: none. */
const char *subnet_scope(
	const struct model *model, const struct compilation *before, const struct object *subnet);
enum member_trait {
	MEMBER_ROUTED = 1 << 0,	      /* it has the network only over routers */
	MEMBER_WITHOUT_DHCP = 1 << 1, /* it does not answer the network's DHCP */
	MEMBER_UNCONNECTED = 1 << 2,  /* to the network's physical network */
};
void record_member(
	const struct uuid *network, const struct object *host, unsigned traits, GString *text);
/* MEMBER_UNCONNECTED or 0; of networks and hosts (NULL: gone) as they are or were. */
unsigned member_unconnected(const struct object *network, const struct object *host);
/* Does the host answer the network's DHCP, by what was said of it? */
bool member_dhcp(const struct model *model, const struct uuid *host, const struct uuid *network);
/* @port: of @router. */
void record_interface(const struct object *port, const struct object *router, GString *text);
/* What a gateway's record is made of. */
struct gateway_parts {
	const struct object *router, *port, *network;
	const struct object *segment; /* that the gateway is on; NULL: it leads nowhere */
	const GPtrArray *subnets;     /* of the network, on that segment */
	const struct model *model;
	const struct compilation *before; /* as all was then; NULL: as it is */
	struct qos qos;
};
/* Nothing, if it leads nowhere. */
void record_gateway(const struct gateway_parts *parts, GString *text);
/* @port: its own; @segment: of its router's gateway, NULL: it leads nowhere, and there is nothing;
 * @host: of the port that it stands for. */
void record_floating_ip(const struct object *floating_ip, const struct object *port,
	const struct object *segment, const struct object *host, const struct qos *qos,
	GString *text);
/* @qos: of the floating IP. */
void record_port_forwarding(const struct object *forwarding, const struct object *floating_ip,
	const struct qos *qos, GString *text);
void record_conntrack_helper(const struct object *helper, GString *text);
/* @standby: ids of the hosts that may have it as well (standby.h), or NULL. */
void record_endpoint(const struct model *model, const struct object *port,
	const struct object *host, const GPtrArray *standby, GString *text);

/* records_group.c */
void record_security_group(const struct object *group, GString *text);
void record_security_group_rule(const struct object *rule, GString *text);
/* records_tier.c */
void record_security_tier(const struct object *tier, GString *text);
void record_security_policy(const struct object *policy, GString *text);
void record_security_policy_rule(const struct object *rule, GString *text);
/* The members of a rule's record that say what it is about, but the prefix; see
 * model/firewall/security_group_match.h. */
void record_match(const struct object *rule, struct json_writer *w);
/* @port: of a group that rules name. */
void record_group_member(const struct object *port, GString *text);
void record_address_group(const struct object *group, GString *text);

/* compile_quota.c: nothing, of another quota and of no limit */
void record_connection_quota(const struct object *quota, GString *text);
/* compile_log.c: nothing, of one that is not enabled */
void record_log(const struct object *log, GString *text);

/* compile_gateway.c: appends the record of the router's gateway as the model has it, and gives its
 * port; NULL, and nothing: there is none. */
const struct object *gateway_record(
	const struct model *model, const struct uuid *router, GString *text);
/* compile_floating_ip.c: the same of a floating IP whose port is bound; gives the scope that it is
 * in. Nothing, and false: there is none. */
bool floating_ip_record(const struct model *model, const struct object *floating_ip,
	struct scope *ret, GString *text);

/* compile_subnet.c: the record of a subnet as the model has it. */
void subnet_record(const struct model *model, const struct object *subnet, GString *text);

/* What hosts need of it; nothing where they have no part in it: then @text stays empty. */
void load_balancer_record(const struct model *model, const struct object *balancer, GString *text);

/* "<network id>/<host id>", "<group id>/<port id>" */
const char *member_id(
	const struct uuid *of, const struct uuid *member, char buf[static RECORD_ID_STRLEN]);
