/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of a pair this appliance is, as keepalived says by a FIFO, and what follows for tracked
 * connections.
 *
 *	INIT ──► BACKUP ◄──► MASTER
 *	            ▲          │
 *	            └─ FAULT ◄─┘  a NIC is down
 *
 * Who becomes master gives the kernel the connections that the other one told it of; who becomes
 * backup asks the other one for all that it has.
 */
#pragma once

#include "appliance/document/document.h"

enum redundancy_state { REDUNDANCY_INIT, REDUNDANCY_BACKUP, REDUNDANCY_MASTER, REDUNDANCY_FAULT };

struct redundancy;

/* @folder of the FIFO and of conntrackd.conf, borrowed; @changed is called after a change. */
struct redundancy *redundancy_new(const char *folder, void (*changed)(void *data), void *data);
void redundancy_free(struct redundancy *redundancy);

/* Before keepalived starts: it is there, and nothing is known of it; or nothing is asked for. */
bool redundancy_set(struct redundancy *redundancy, bool enabled, GError **error);

enum redundancy_state redundancy_state(const struct redundancy *redundancy);
const char *redundancy_state_name(const struct redundancy *redundancy);
s64 redundancy_since_us(const struct redundancy *redundancy); /* monotonic */
