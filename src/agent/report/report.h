/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the controller what this host has wired (ARCHITECTURE.md, "The stream"). A port that
 * changed is told at once; a revision alone waits 50 ms for company; silence ends after 8 s, since
 * reports are the host's sign of life. One report is on its way at a time, and what happens
 * meanwhile goes into the next. One without an answer for 15 s, or when the stream breaks, is lost:
 * a dead peer may leave it without an answer for ever. After a connection was made, or a report was
 * lost, the next one is full.
 */
#pragma once

#include "agent/config.h"
#include "agent/desired/desired.h"
#include "agent/report/health.h"
#include "agent/master.h"

struct report;

struct report_io {
	void (*send)(const char *body, size_t len, void *data); /* answered by report_done() */
	void (*abandon)(void *data); /* what was sent must not be answered any more */
	/* Calls report_timer() once after @ms, instead of what was set before; 0: never. */
	void (*set_timer)(unsigned ms, void *data);
	s64 (*now_us)(void *data); /* monotonic */
	void *data;
	/* What there is to say of BGP, json_decref(); NULL, or it gives NULL: nothing. */
	json_t *(*bgp)(void *data);
	/* The same of what listeners of load balancers have done (listener_stats.h); and that it
	 * has arrived. */
	json_t *(*listeners)(bool full, void *data);
	void (*listeners_told)(void *data);
	/* The state of all appliances, by id (appliances.h), or NULL. */
	json_t *(*appliances)(void *data);
	/* What virtual machines there can be (machine/virtual.h). */
	json_t *(*virtual_machines)(void *data);
	/* Which hosts are missed (liveness.h), or NULL. */
	json_t *(*missed)(void *data);
	/* Which addresses guests have announced (holder.h), or NULL; and that it has arrived. */
	json_t *(*announced)(void *data);
	void (*announced_told)(void *data);
};

/* @bridge_mappings (struct config_mapping) is borrowed. */
struct report *report_new(const struct desired *desired, const char *instance,
	const GArray *bridge_mappings, const struct report_io *io);
void report_free(struct report *report);

void report_connected(struct report *report);
void report_disconnected(struct report *report);
/* What the agent says of itself has changed. */
void report_soon(struct report *report);
/* The state of a port, of a router's interface or gateway, or of a floating IP has changed. */
void report_port(struct report *report, const struct uuid *id);
/* What a port's machine says of itself (master.h). Told soon. */
void report_master(struct report *report, const struct uuid *port, enum master_says says);
/* What is known of a member of a load balancer that is here, and why it is dead. Told soon. */
void report_member(
	struct report *report, const struct uuid *id, enum health health, const char *why);
/* Everything up to @revision is in the datapath. */
void report_synced(struct report *report, u64 revision);
/* @why is NULL when it arrived. */
void report_done(struct report *report, const char *why);
void report_timer(struct report *report);
