/* SPDX-License-Identifier: Apache-2.0 */
/* The part of datapath.h that is about conntrack helpers. Included by it. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

struct dp;

/*
 * What a router's translated connections to a port are understood as. Every packet of such a
 * connection is punted (DP_PUNT_HELPED) as it was before its translation, and goes on only when
 * dp_helped_send() gives it back.
 */
enum dp_helper { DP_HELPER_FTP = 1, DP_HELPER_TFTP, DP_HELPER_SIP };
struct dp_conntrack_helper {
	u64 router;
	u8 proto;
	u16 port;
	enum dp_helper helper;
};
bool dp_conntrack_helper_put(
	struct dp *dp, const struct dp_conntrack_helper *helper, GError **error);
/* What another one says by now stays. */
bool dp_conntrack_helper_remove(
	struct dp *dp, const struct dp_conntrack_helper *helper, GError **error);

/* A packet of DP_PUNT_HELPED, or the first of an expected connection: DP_PUNT_EXPECTED. */
struct dp_helped {
	u64 router;
	u32 vni, port; /* where it came from: for dp_helped_send() alone */
	enum dp_helper helper;
	bool out;	/* it leaves: its sender is translated, else its receiver */
	bool to_server; /* to the port with the helper, else from it */
	be32 to;	/* what the sender or receiver becomes */
	u16 to_port;	/* 0: the port stays, one to one: a floating IP */
	u16 segment;	/* payload of those that offload has put together; 0: it is one */
};
/* The parts of a punted packet; *ret_frame is within @bytes. */
bool dp_punt_helped(
	const u8 *bytes, size_t len, struct dp_helped *ret, const u8 **ret_frame, size_t *ret_len);
/* The packet, or what became of it, goes on from where it was punted. IPv4 with no more than 64 KiB
 * and with all checksums. */
bool dp_helped_send(
	struct dp *dp, const struct dp_helped *helped, const u8 *frame, size_t len, GError **error);

/*
 * A connection that is to come: its first packet is punted (DP_PUNT_EXPECTED) if nothing else is
 * known of it. One side's port is not known yet: in, that of the peer; out, that of the guest.
 */
struct dp_expectation {
	u64 router;
	enum dp_helper helper;
	bool out; /* the guest opens it */
	u8 proto;
	be32 guest, outside, peer;    /* the guest is @outside to the peer */
	u16 guest_port, outside_port; /* in */
	u16 peer_port;		      /* out */
};
/* In: @outside_port is asked for, and becomes one that is free, and this host's. */
bool dp_expectation_put(struct dp *dp, struct dp_expectation *expectation, GError **error);
void dp_expectation_remove(struct dp *dp, const struct dp_expectation *expectation);
void dp_expectations_clear(struct dp *dp);
/* The connection has come, from @port: makes its translation. */
bool dp_expectation_fulfil(
	struct dp *dp, const struct dp_expectation *expectation, u16 port, GError **error);
