/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's wires. Two networks, as in a data centre:
 *
 *	root namespace           wl<id> (bridge, 100.64+/24, .1)        the management network:
 *weftd listens here, weftd ──────────────────┬──────────────┬──                  and the user's
 *shell reaches it mgmt0          mgmt0 ┌──────────┴───┐  ┌───────┴──────┐ │ weft-LAB-h1  │  │
 *weft-LAB-h2  │ …           hosts: one weft-agent each └──────────┬───┘  └───────┬──────┘ uplink0
 *uplink0 weft-LAB-net             ───┴──────────────┴── br0              the underlay: tunnels
 *only; IPv4 or IPv6; MTU
 */
#pragma once

#include "cli/lab/state.h"

/* Takes a free number for the lab, which the kernel keeps apart (the bridge's name), and makes the
 * management bridge. */
bool topology_claim(struct lab *lab, GError **error);

bool topology_make(const struct lab *lab, GError **error);

/* Removes all namespaces and devices of the lab that are there. Processes inside must have ended.
 */
bool topology_remove(const struct lab *lab, GError **error);

/* Names of the lab's network namespaces that exist; to be freed. */
char **topology_netns(const struct lab *lab);
