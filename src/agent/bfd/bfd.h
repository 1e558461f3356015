/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Liveness of the other hosts: a BFD session (RFC 5880, over one hop of IP as RFC 5881 has it) with
 * each peer over the underlay. A thread of its own, so that a busy agent is not taken for a dead
 * host: three packets of 200 ms each, so a host is known to be gone after 600 ms.
 *
 * Packets come from and go to the tunnel addresses, with a TTL of 255 and no other accepted: they
 * can't come from behind a router. The underlay between the hosts must be one link therefore;
 * between others the sessions stay down, which says nothing then.
 */
#pragma once

#include "agent/bfd/session.h"
#include "base/addr.h"
#include "base/error.h"

struct bfd;

/* A peer's session came up or went down, or it says otherwise of its path; on the main context that
 * bfd_new() was called on. */
typedef void (*bfd_changed_fn)(const struct ip *peer, bool up, void *data);

struct bfd *bfd_new(bfd_changed_fn changed, void *data);
void bfd_free(struct bfd *bfd);

/* Own addresses (family 0: none) and all peers (struct ip); those that are no longer named are
 * forgotten, the others keep their sessions. Nothing blocks. What the sockets can't do is logged
 * and tried again every second. */
void bfd_set(struct bfd *bfd, const struct ip *own4, const struct ip *own6, const GArray *peers);

/* What all peers are told while their sessions are up: that the path behind this host is down. */
void bfd_set_path_down(struct bfd *bfd, bool down);

struct bfd_peer {
	struct ip ip;
	u8 state, diagnostic; /* enum bfd_state, enum bfd_diagnostic */
	bool path_down;	      /* it is up, and says that the path behind it is not */
	s64 changed_us;	      /* monotonic */
	bool missed;	      /* before it came up, it had not heard this host */
};
struct bfd_counts {
	u64 sent, received;
	u64 discarded; /* malformed, from nobody that is a peer, or over a router */
};
/* struct bfd_peer; the caller's. */
GArray *bfd_peers(struct bfd *bfd, struct bfd_counts *ret_counts);
const char *bfd_state_name(enum bfd_state state);		 /* "up" */
const char *bfd_diagnostic_name(enum bfd_diagnostic diagnostic); /* "none" */
