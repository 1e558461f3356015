/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One way in which a network is carried: an overlay (a VNI), a VLAN of a physical network, or a
 * physical network as it is. A network has those that its provider attributes said when it was
 * made, and others may be added and deleted; its attributes always say what its segments are
 * (provider.h).
 */
#pragma once

#include "model/txn.h"

enum segment_slot {
	SEGMENT_NETWORK_ID = N_STANDARD_SLOTS,
	SEGMENT_TYPE,	  /* enum provider_type */
	SEGMENT_PHYSICAL, /* of vlan and flat */
	SEGMENT_NUMBER,	  /* the VNI, or the VLAN */
	N_SEGMENT_SLOTS
};

enum segment_index {
	SEGMENT_BY_NAME,
	SEGMENT_BY_NETWORK,
	SEGMENT_BY_PHYSICAL,
	SEGMENT_BY_VNI,	 /* unique; text: number */
	SEGMENT_BY_VLAN, /* unique; texts: physical network, number */
	SEGMENT_BY_FLAT, /* unique; text: physical network */
	N_SEGMENT_INDEXES
};

extern const struct kind segment_kind;

/* Checks type, physical network and number of a draft whose number is not taken yet, and takes it:
 * the given one, or the next of @project. Errors: INVALID_INPUT, VNI_IN_USE, VLAN_IN_USE,
 * FLAT_IN_USE, VNI_EXHAUSTED. */
bool segment_settle(struct txn *txn, struct object *draft, const char *project, GError **error);

/* Is the host on it? An overlay reaches every host, the rest those on its physical network. */
bool segment_reaches(const struct object *segment, const struct object *host);
/* The one of a network's segments that carries it to and from a host: its first overlay, or without
 * one the first that reaches the host; NULL: none does. */
const struct object *segment_of_host(
	const struct model *model, const char *network_id, const struct object *host);

/* Stages the segments of networks that have none: in stores of before there were any. */
bool segments_complete(struct txn *txn, GError **error);
