/* SPDX-License-Identifier: Apache-2.0 */
/* Which other hosts are alive: a BFD session with each that this one has a network with. */
#pragma once

#include <jansson.h>

#include "agent/bfd/bfd.h"
#include "agent/reconcile/reconcile.h"

/* After a reconcile: the peers are those that it has told the datapath of. */
void liveness_update(struct bfd *bfd, struct reconcile *reconcile);

/*
 * Who is taken for dead: a host that was heard of and is silent now. One that says itself that its
 * session is down has an agent that was just started: it is given LIVENESS_GRACE_US to come back.
 * Of one that was never heard of nothing is known: between hosts whose underlay is routed there are
 * no sessions. Who was heard of, and who was dead, is written to a file: so an agent that is
 * started again does not give back the gateways that it took over.
 */
#define LIVENESS_GRACE_US (3 * G_USEC_PER_SEC)
/*
 * Who was dead is alive again when he has been heard for LIVENESS_HOLD_US: so an underlay that
 * comes and goes moves gateways away, and not back. Unless it is this host that is cut off: then it
 * gives way to the others as soon as it hears them.
 */
#define LIVENESS_HOLD_US (2 * G_USEC_PER_SEC)
struct liveness;
/* @path: the file; what it holds that is not understood is ignored. */
struct liveness *liveness_new(const char *path);
void liveness_free(struct liveness *liveness);
/* True when others are dead than before, or one has come back that was not: every second, and when
 * BFD says that something changed. @cut_off: it is this host that is. */
bool liveness_judge(struct liveness *liveness, struct bfd *bfd, bool cut_off);
/* Has this host just been gone: have most of those that it hears come back a moment ago, or do they
 * say that they had not heard it? If it is few of many, these were gone. */
bool liveness_was_missed(const struct liveness *liveness);
bool liveness_is_dead(const struct liveness *liveness, const struct ip *vtep);
/* Has somebody come back, as of the last judgement, who may have taken this host for dead? */
bool liveness_is_rejoined(const struct liveness *liveness);
/* It has heard others, and hears none of them any more. */
bool liveness_is_alone(const struct liveness *liveness);
/* It is alive, and says that the path behind it is down. */
bool liveness_is_cut_off(const struct liveness *liveness, const struct ip *vtep);
/* For liveness_judge(): what is known of a peer besides. */
struct liveness_past {
	bool heard;    /* it was up before */
	bool was_dead; /* that was its last judgement */
	bool cut_off;  /* this host is */
};
bool liveness_judge_peer(const struct bfd_peer *peer, struct liveness_past past, s64 now_us);

/*
 * For that too: whether the peer was heard before, and its session has come up since it was asked
 * of last. It may have taken us for dead meanwhile, and answered the wire for our addresses, even
 * if it never was silent: so they must be announced again. And once more when it has certainly
 * given them up, since it takes us for dead a while longer (LIVENESS_HOLD_US).
 */
bool liveness_returns(struct liveness *liveness, const struct bfd_peer *peer, s64 now_us);
/* For liveness_was_missed(), after the former: does this one say so? */
bool liveness_missed_us(const struct liveness *liveness, const struct bfd_peer *peer, s64 now_us);

/* For the controller: {"hosts": [id], "hears_others": bool}, NULL: nobody is. */
json_t *liveness_missed(const struct liveness *liveness, const struct reconcile *reconcile);

/* For `weft agent status`: [{"ip", "state", "diagnostic", "since_s"}]. */
json_t *liveness_to_json(struct bfd *bfd);
/* {"sent", "received", "discarded"} */
json_t *liveness_counts_to_json(struct bfd *bfd);
void liveness_metrics(struct bfd *bfd, GString *out);
