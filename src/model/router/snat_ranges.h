/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ports of a router's address each host gives to the connections that it translates, so that
 * hosts share the address and ask nobody (bpf/snat.h). A host gets a range when it gets a port on
 * one of the router's networks, or may have the gateway, if it is connected to the physical network
 * outside. It keeps it, so that its connections stay as they are: others that come and go move
 * nothing. When there is none left, hosts that need theirs no more lose it; who gets none leaves by
 * the gateway's host, until one goes whose range it gets. Stored with the router.
 *
 * How long it is follows from how many hosts are connected then, and never changes, so nobody's
 * connections are ever in the way of another's range:
 *
 *   hosts   1      2      3, 4   more   in the upper half; where that is full, half of it, and so
 *   ports   32768  16384  8192   4096   on, down to 4096
 *
 * After that 4096 of those from 16384 up, to 8 hosts in all; then 1024 from the least up.
 */
#pragma once

#include "model/txn.h"

/* The first hosts of a router get long ranges (SNAT_LONG at least), those that come then get short
 * ones. */
#define SNAT_LONG_FIRST 32768
#define SNAT_LOWER_LONG_FIRST 16384
#define SNAT_LONG 4096
#define SNAT_N_LONG 8
#define SNAT_SHORT_FIRST 1024
#define SNAT_SHORT 1024

/* For routers that don't say `distributed` themselves: no ranges, all leaves by the gateway. */
void snat_set_centralized(struct model *model, bool centralized);

/* Keys of ROUTER_BY_SNAT_HOST. */
void snat_ranges_keys(const struct object *router, struct key_sink *sink);

/* A host that changes: as it will be (staged or not), and it alone is looked at, or one that goes.
 */
struct snat_event {
	const struct object *now, *leaving; /* NULL: none */
};
/* Makes the ranges of a router's draft what they should be; its gateway hosts are chosen.
 * @physical: the network outside, or NULL. */
void snat_ranges_settle(struct txn *txn, struct object *draft, const char *physical,
	const struct snat_event *event);
/* When a port's draft is bound to another host. */
bool snat_ranges_follow_port(struct txn *txn, const struct object *port, GError **error);
/* When the router has got an interface. */
bool snat_ranges_follow_interface(struct txn *txn, const struct object *router, GError **error);

/* Of this model's routers (hooks.state_new of KIND_ROUTER). */
void *snat_state_new(void);
