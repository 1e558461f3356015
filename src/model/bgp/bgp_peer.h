/* SPDX-License-Identifier: Apache-2.0 */
/* A router outside that hosts speak BGP with. */
#pragma once

#include "model/txn.h"

struct json_writer;

enum bgp_peer_slot {
	BGP_PEER_IP = N_STANDARD_SLOTS,
	BGP_PEER_AS,
	BGP_PEER_AUTH_TYPE, /* enum bgp_auth_type */
	BGP_PEER_PASSWORD,  /* secret */
	N_BGP_PEER_SLOTS
};

enum bgp_peer_index { BGP_PEER_BY_NAME, BGP_PEER_BY_PROJECT, N_BGP_PEER_INDEXES };

enum bgp_auth_type { BGP_AUTH_NONE, BGP_AUTH_MD5 };

#define AS_NUMBER_MAX 4294967295 /* RFC 6793 */

extern const struct kind bgp_peer_kind;

/* Writes one object, as hosts' records and providers' documents have a peer: `peer_ip`,
 * `remote_as`, `password` (where it has one). */
void bgp_peer_write(const struct object *peer, struct json_writer *w);
