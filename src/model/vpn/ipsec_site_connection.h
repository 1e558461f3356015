/* SPDX-License-Identifier: Apache-2.0 */
/* A tunnel of a router to another site. */
#pragma once

#include "model/provider/appliance.h"
#include "model/txn.h"

#define IPSEC_CIDRS_MAX 16  /* at an end */
#define IPSEC_SITES_MAX 256 /* of a router */

enum ipsec_site_connection_slot {
	IPSEC_SITE_CONNECTION_SERVICE_ID = N_STANDARD_SLOTS,
	IPSEC_SITE_CONNECTION_IKE_POLICY_ID,
	IPSEC_SITE_CONNECTION_IPSEC_POLICY_ID,
	IPSEC_SITE_CONNECTION_LOCAL_ID, /* "": the router's address outside */
	IPSEC_SITE_CONNECTION_PEER_ADDRESS,
	IPSEC_SITE_CONNECTION_PEER_ID,
	IPSEC_SITE_CONNECTION_PEER_CIDRS,
	IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID,
	IPSEC_SITE_CONNECTION_PEER_GROUP_ID,
	IPSEC_SITE_CONNECTION_ROUTE_MODE, /* computed */
	IPSEC_SITE_CONNECTION_MTU,
	IPSEC_SITE_CONNECTION_INITIATOR,
	IPSEC_SITE_CONNECTION_AUTH_MODE, /* computed */
	IPSEC_SITE_CONNECTION_PSK,
	IPSEC_SITE_CONNECTION_DPD, /* {action, interval, timeout} */
	IPSEC_SITE_CONNECTION_ADMIN_STATE_UP,
	IPSEC_SITE_CONNECTION_STATUS, /* computed */
	IPSEC_SITE_CONNECTION_STATUS_REASON,
	N_IPSEC_SITE_CONNECTION_SLOTS
};

enum ipsec_site_connection_index {
	IPSEC_SITE_CONNECTION_BY_NAME,
	IPSEC_SITE_CONNECTION_BY_PROJECT,
	IPSEC_SITE_CONNECTION_BY_SERVICE,
	IPSEC_SITE_CONNECTION_BY_IKE_POLICY,
	IPSEC_SITE_CONNECTION_BY_IPSEC_POLICY,
	IPSEC_SITE_CONNECTION_BY_LOCAL_GROUP,
	IPSEC_SITE_CONNECTION_BY_PEER_GROUP,
	N_IPSEC_SITE_CONNECTION_INDEXES
};

extern const struct kind ipsec_site_connection_kind;

/* Is it switched on, and its service too? */
bool ipsec_site_is_wanted(const struct model *model, const struct object *connection);
/* Is it established? If not, *@ret_reason (g_free) says why. */
enum tunnel_status ipsec_site_status(
	const struct model *model, const struct object *connection, char **ret_reason);

/* Is it between the router and its peer alone, without a tunnel? */
bool ipsec_site_is_transport(const struct model *model, const struct object *connection);
/* The subnets' prefixes at this end (in transport mode the router's own address), and those at the
 * peer's: new JSON lists of texts. */
json_t *ipsec_site_local_cidrs(const struct model *model, const struct object *connection);
json_t *ipsec_site_peer_cidrs(const struct model *model, const struct object *connection);

/* ipsec_site_check.c: what the table can't say of a draft. */
bool ipsec_site_check(struct txn *txn, const struct object *draft, GError **error);
/* ipsec_site_cidrs.c: no other connection of its router is after the same packets. */
bool ipsec_site_check_others(struct txn *txn, const struct object *draft, GError **error);
