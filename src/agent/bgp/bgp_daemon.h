/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bgpd: started, told what to say, asked how its sessions are, and started again when it ends.
 *
 *             ┌───────────── back-off, 1 s … 60 s ◄─────────────┐
 *             ▼                                                 │ it does not start, it ends,
 *   ──► starting ──► running ─┬─ another wish ──► vtysh -f ──┬──┘ it refuses what it is told
 *                      ▲      └─ now and then ──► vtysh -c ──┤
 *                      └────────────────────────────────────-┘
 *
 * It outlives us: who comes after finds it by its folder, and what it has been told in the file
 * there, and goes on with the same sessions. One program runs at a time, and nothing waits for it.
 */
#pragma once

#include <jansson.h>

#include "agent/bgp/bgp_config.h"

struct bgp_daemon;

/* Adopts the bgpd of @folder if one runs. Timers are of the default main context; @changed is
 * called when bgp_daemon_reason() or bgp_daemon_peers() may say something else. */
struct bgp_daemon *bgp_daemon_new(
	const char *bgpd, const char *folder, void (*changed)(void *data), void *data);
/* What it is to be, from now on; taken over. */
void bgp_daemon_set(struct bgp_daemon *daemon, struct bgp_config *config);
/* Why it does not run, or does not do what it should; NULL: it does. */
const char *bgp_daemon_reason(const struct bgp_daemon *daemon);
/* {"203.0.113.1": {"state": "Established", "local_address": "203.0.113.11"}, …}; borrowed. */
json_t *bgp_daemon_peers(const struct bgp_daemon *daemon);
/* Forgets it; it runs on. */
void bgp_daemon_free(struct bgp_daemon *daemon);
/* Ends it, which withdraws all that it has announced, and forgets it. */
void bgp_daemon_end(struct bgp_daemon *daemon);
