/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hosts' side of weftd: the paths below /weft/v1/.
 *
 *	GET hosts/HOST/view?since=&store=&instance=
 *		the view stream of an agent (ARCHITECTURE.md); without an instance the view as it is
 *	POST hosts/HOST/report
 *		what the host has wired; its sign of life
 *	POST hosts/HOST/connections
 *		the tracked connections of a port that has moved from it to another host
 *	GET status
 *		hosts, revisions, ports (operator)
 *	GET wait?revision=N&timeout=S
 *		until every connected host has it
 *	GET wait?port=ID&status=ACTIVE&timeout=S
 *		until the port is in that state
 *
 * HOST is a name or an id. Nothing polls: a waiter is answered by the commit or the report that it
 * waits for. What a host is told is always durable: lines leave when the store has their revision.
 */
#pragma once

#include "commit/commit.h"
#include "http/request.h"

struct sync_server;

struct sync_server_config {
	struct model *model;	       /* borrowed, outlives the server */
	const struct uuid *store_uuid; /* borrowed */
	/* May the request speak for @host (its own credential, or an administrator)? */
	bool (*authorize_host)(struct http_request *request, const struct object *host, void *user,
		GError **error);
	/* The caller of an operator's path; false: refused. The project id is borrowed from @user.
	 */
	bool (*authorize_caller)(
		struct http_request *request, struct caller *ret, void *user, GError **error);
	/* Answers with an error body. */
	void (*fail)(struct http_request *request, const GError *error, void *user);
	void *user;
};

/* Make it first, give sync_listener and it to commit_new(), then sync_server_start(). */
struct sync_server *sync_server_new(const struct sync_server_config *config);
extern const struct commit_listener sync_listener;
void sync_server_start(struct sync_server *server, struct commit *commit); /* borrowed */

/* Before the HTTP server is freed: ends the streams, answers who waits with UNAVAILABLE. */
void sync_server_stop(struct sync_server *server);
void sync_server_free(struct sync_server *server);

/* Answers the request, now or later. Its path begins with weft/v1. */
void sync_server_handle(struct sync_server *server, struct http_request *request);

/* For the metrics. */
struct sync_totals {
	unsigned hosts, streams, waiters;
	u64 lines, bytes, snapshots, resumes, reports, refused_instances;
};
void sync_server_totals(const struct sync_server *server, struct sync_totals *ret);
/* @told: last revision whose lines it was sent; @acked: last one that it has confirmed. */
typedef void (*sync_host_fn)(
	const struct object *host, bool connected, u64 told, u64 acked, void *user);
void sync_server_each_host(const struct sync_server *server, sync_host_fn each, void *user);
