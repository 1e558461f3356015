/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an appliance is told, and what it makes of it.
 *
 *	            appliance_configure()
 *	UNCONFIGURED ──────┬──────► ACTIVE ◄─┐
 *	                   │           │     │ the next one, which may be the same again
 *	                   └────────► ERROR ─┘
 *	                        a step has failed; `reason` says which and why
 *
 * It keeps nothing over its end: whoever starts it tells it again, and the files are the same, byte
 * by byte. A document with the revision that is there does everything anew, which repairs what was
 * changed by hand; a newer one does what is different; an older one is refused.
 */
#pragma once

#include "appliance/daemon/daemon.h"
#include "appliance/render/render.h"

struct appliance;

/* @folder: of the rendered files, borrowed. */
struct appliance *appliance_new(const char *folder, u16 api_port);
void appliance_free(struct appliance *appliance);
DEFINE_AUTOPTR(appliance, appliance_free)

bool appliance_configure(struct appliance *appliance, const char *text, size_t len, GError **error);

/* JSON texts; g_string_free(). */
GString *appliance_status(const struct appliance *appliance);
GString *appliance_digest(const struct appliance *appliance);
GString *appliance_counters(const struct appliance *appliance, GError **error);
/* What it would do with the packet (explain.h). CONFLICT: it is not configured. */
struct explain_packet;
GString *appliance_explain(
	const struct appliance *appliance, const struct explain_packet *packet, GError **error);
/* Of the decisions that are written down, those from the number @since on (events.h). */
GString *appliance_events(const struct appliance *appliance, u64 since, GError **error);
