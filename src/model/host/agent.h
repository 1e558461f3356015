/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What schedulers and people look at as agents: each host with a weft-agent appears as one of every
 * type that its one process stands for. They come and go with the host.
 */
#pragma once

#include "model/txn.h"

enum agent_slot {
	AGENT_HOST_ID = N_STANDARD_SLOTS,
	AGENT_HOST, /* its name */
	AGENT_TYPE, /* enum agent_type */
	AGENT_BINARY,
	AGENT_TOPIC,
	AGENT_ADMIN_STATE_UP,
	AGENT_ALIVE,	      /* computed */
	AGENT_STARTED_AT,     /* computed */
	AGENT_HEARTBEAT,      /* computed */
	AGENT_CONFIGURATIONS, /* computed */
	AGENT_ZONE,	      /* computed: the host's */
	N_AGENT_SLOTS
};

enum agent_type { AGENT_WEFT, AGENT_DHCP, AGENT_L3, AGENT_BGP, N_AGENT_TYPES };

enum agent_index { AGENT_BY_HOST_ID, AGENT_BY_HOST, N_AGENT_INDEXES };

extern const struct kind agent_kind;

/* The hook of a created host: its agents. */
bool agents_create(struct txn *txn, const struct object *host, GError **error);

/* Makes the agents of hosts that were stored before there were any of that type. */
bool agents_complete(struct txn *txn, GError **error);

/* The host's agent of that type, or NULL. */
const struct object *agent_of_host(
	const struct model *model, const struct object *host, enum agent_type type);

/* What schedulers see: the verbs of an agent, of a network and one of a router (agent_view.c). */
extern const struct kind_action agent_actions[], network_actions[];
bool router_agents(struct txn *txn, const struct object *router, json_t *body, json_t **ret_answer,
	GError **error);
