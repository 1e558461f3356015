/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to BGP peers, by whom: the floating IPs of external networks, from the hosts where
 * they are, and the prefixes behind routers' gateways on them.
 *
 * A speaker speaks on each host that is connected to the physical network of one of its networks,
 * unless it was taken off the host's agent.
 */
#pragma once

#include "model/txn.h"

enum bgp_speaker_slot {
	BGP_SPEAKER_AS = N_STANDARD_SLOTS,
	BGP_SPEAKER_IP_VERSION,
	BGP_SPEAKER_PEERS,    /* [id] */
	BGP_SPEAKER_NETWORKS, /* [id] */
	BGP_SPEAKER_FLOATING_IPS,
	BGP_SPEAKER_TENANT_NETWORKS,
	BGP_SPEAKER_SILENT_HOSTS,  /* [id]: those it was taken off; never shown */
	BGP_SPEAKER_STATUS,	   /* computed */
	BGP_SPEAKER_STATUS_REASON, /* computed */
	N_BGP_SPEAKER_SLOTS
};

enum bgp_speaker_index {
	BGP_SPEAKER_BY_NAME,
	BGP_SPEAKER_BY_PROJECT,
	BGP_SPEAKER_BY_PEER,
	BGP_SPEAKER_BY_NETWORK,
	N_BGP_SPEAKER_INDEXES
};

extern const struct kind bgp_speaker_kind;

/* Is @id in the speaker's list (BGP_SPEAKER_PEERS …)? */
bool bgp_speaker_has(const struct object *speaker, unsigned slot, const char *id);

/* Takes @gone, a peer or network which is being deleted, out of the lists at @slot, found by
 * @index. */
bool bgp_speakers_leave(
	struct txn *txn, unsigned slot, unsigned index, const struct object *gone, GError **error);

/* Would the speaker speak on the host for @network, one of its own? */
bool bgp_speaks_for(
	const struct object *speaker, const struct object *network, const struct object *host);
/* The hosts that it speaks on now; g_ptr_array_unref(), objects borrowed. */
GPtrArray *bgp_speaker_hosts(const struct model *model, const struct object *speaker);

/* Writes "status" or "status_reason". */
void bgp_speaker_write_status(const struct model *model, const struct object *speaker,
	unsigned slot, struct json_writer *w);

/* Verbs (kind_action): of speakers (bgp_speaker_action.c), and of an agent, whose item is a
 * speaker (bgp_hosts.c). */
extern const struct kind_action bgp_speaker_actions[];
bool bgp_dragents(struct txn *txn, const struct object *speaker, json_t *body, json_t **ret_answer,
	GError **error);
bool bgp_advertised_routes(struct txn *txn, const struct object *speaker, json_t *body,
	json_t **ret_answer, GError **error);
bool bgp_drinstances(struct txn *txn, const struct object *agent, json_t *body, json_t **ret_answer,
	GError **error);
bool bgp_drinstances_add(struct txn *txn, const struct object *agent, json_t *body, GError **error);
bool bgp_drinstances_remove(
	struct txn *txn, const struct object *agent, const char *speaker, GError **error);
