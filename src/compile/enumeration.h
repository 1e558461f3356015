/* SPDX-License-Identifier: Apache-2.0 */
/* Giving all records of a scope. Inside of src/compile, and for the providers. */
#pragma once

#include "compile/compile.h"

struct enumeration {
	const struct model *model;
	compile_record_fn record;
	void *user;
	GString *text; /* the record at hand */
};

/* Gives what is in @e->text, and empties it. */
void enumeration_give(struct enumeration *e, const char *kind, const char *id);

/* Of the services: which provider calls them is in src/providers/. */
void give_floating_ips_of_host(struct enumeration *e, const struct uuid *host);
void give_bgp_speakers(struct enumeration *e, const struct uuid *host);
void give_appliances(struct enumeration *e, const struct uuid *host);
void give_subnets(struct enumeration *e, const struct uuid *network);
void give_interfaces(struct enumeration *e, const struct uuid *network);
void give_gateway(struct enumeration *e, const struct uuid *router);
void give_router_firewalls(struct enumeration *e, const struct uuid *router);
void give_port_forwardings(struct enumeration *e, const struct uuid *router);
void give_conntrack_helpers(struct enumeration *e, const struct uuid *router);
void give_security_group(struct enumeration *e, const struct uuid *group);
void give_group_members(struct enumeration *e, const struct uuid *group);
void give_address_group(struct enumeration *e, const struct uuid *group);
void give_logs(struct enumeration *e);
void give_tiers(struct enumeration *e);
void give_connection_quotas(struct enumeration *e);
