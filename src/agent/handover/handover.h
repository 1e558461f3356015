/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest moves to another host, and what the firewalls know of its port's connections moves with
 * it, so that established ones go on; and so does the port of the router's address that each leaves
 * by, where hosts share that (bpf/snat.h).
 *
 *   the host that it leaves          weftd                  the host that it goes to
 *   port inactive, or gone   ──── POST connections ───►  "connections" line
 *   read out, told                checks who speaks       port wired? taken over : kept for a
 * minute
 *
 * Nobody waits for it: the new host forwards as soon as it may, and what comes in the milliseconds
 * before is judged as without a state (and sent again, if it is TCP). The same holds when the old
 * host is dead or can't reach weftd.
 *
 * A translated connection keeps its port, which is the old host's to give: the new host sends by
 * it, and answers come to the old one as ever, which knows the connection still and passes them on
 * to where the guest is. So the old host must have the router for as long as that goes on.
 */
#pragma once

#include "agent/desired/desired.h"
#include "datapath/datapath.h"

struct handover;

struct handover_io {
	void (*send)(const char *body, size_t len, void *data); /* to the controller */
	s64 (*now_us)(void *data);				/* monotonic */
	void *data;
};

struct handover *handover_new(
	struct dp *dp, const struct desired *desired, const struct handover_io *io);
void handover_free(struct handover *handover);

/* The port, which is still in the datapath, is another host's now: tells what it has. */
void handover_leave(struct handover *handover, const struct port *port);
/* Takes over what was told, an array, now or when the port is wired. */
void handover_arrive(
	struct handover *handover, const struct uuid *port_id, const json_t *connections);
void handover_wired(struct handover *handover, const struct port *port);
/* Once a second: forgets what nobody has come for. */
void handover_second(struct handover *handover);

/* handover_text.c: a connection as JSON. */
json_t *handover_to_json(const struct dp_connection *connection);
bool handover_from_json(const json_t *json, struct dp_connection *ret, GError **error);

/* handover_nat.c: a translated one, which is among them: told by "router_id". */
bool handover_is_translation(const json_t *json);
json_t *handover_translation_to_json(
	const struct uuid *router, const struct dp_translation *translation);
bool handover_translation_from_json(const json_t *json, struct dp_translation *ret, GError **error);
/* Calls @fn for each that the port's guest has by a router whose address hosts share. */
typedef void (*handover_translation_fn)(
	const struct uuid *router, const struct dp_translation *translation, void *data);
void handover_translations(struct dp *dp, const struct desired *desired, const struct port *port,
	handover_translation_fn fn, void *data);
