/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of controller/sync share.
 *
 * A peer is what the running controller knows of a managed host; it is made when the host's agent
 *first connects, lives until the host is deleted, and is never stored. Its scopes follow the
 *durable state.
 *
 *	            GET view                 the store has `ready_at`
 *	(no stream) ────────► HELD ───────────────────────────► LIVE
 *	     ▲                 │  rendered again when a change      │
 *	     └─────────────────┴── up to `ready_at` is undone ──────┘ closed, or replaced
 *
 * A stream begins with what the model holds in memory, which may be ahead of the store; so it is
 *held back until the store has caught up. Lines published meanwhile are appended: putting a record
 *twice is harmless, and the last one wins.
 */
#pragma once

#include "compile/compile.h"
#include "controller/sync/delta_log.h"
#include "controller/sync/sync_server.h"
#include "http/stream.h"
#include "model/host/host.h"
#include "sync/line.h"

#define PEER_DEAD_AFTER_US (HOST_DEAD_AFTER_S * G_USEC_PER_SEC)
#define PING_AFTER_MS 10000

struct peer {
	struct sync_server *server;
	struct uuid id;
	GHashTable *scopes; /* set of struct scope: what it is interested in */
	u64 known_at;	    /* revision of the model that `scopes` was taken from; followed since */

	struct http_stream *stream; /* or NULL */
	char *instance;		    /* of the agent process that has or last had it */
	char address[HTTP_PEER_STRLEN];
	u64 since; /* what the stream resumes from */
	enum sync_mode mode;
	GString *held;	 /* output of a HELD stream; NULL when LIVE */
	u64 ready_at;	 /* of a HELD stream */
	guint again;	 /* idle source that renders it again */
	bool touched;	 /* lines were written for the commit in hand */
	gint64 wrote_us; /* monotonic */

	u64 told;	      /* last revision whose lines were sent */
	u64 acked;	      /* last revision that the agent has confirmed */
	gint64 heard_us;      /* monotonic, of the last report */
	gint64 heard_real_us; /* the same by the wall clock, for people */
	char *agent;	      /* JSON text of what it says of itself; NULL: nothing yet */
	GHashTable *missed;   /* host id → gint64 *, of report_missed.c; NULL: nobody */
	bool hears_nobody;    /* of the hosts that it has networks with */
};

struct sync_server {
	struct sync_server_config config;
	struct commit *commit;
	struct delta_log *log;
	GHashTable *peers;	  /* by host id */
	GHashTable *subscribers;  /* struct scope → GPtrArray of struct peer */
	GQueue waiters;		  /* struct waiter: for a revision; see wait.c */
	GHashTable *port_waiters; /* port id → GQueue of struct waiter */
	unsigned n_waiters;	  /* of both */
	GHashTable *listeners;	  /* listener id → GArray, of report_listeners.c */
	GHashTable *masters;	  /* port id → GHashTable, of report_masters.c */
	GHashTable *announced;	  /* network and address → s64, of report_announced.c */
	GHashTable *moves;	  /* port id → its last struct move, of handover.c */
	GQueue moves_in_order;	  /* all of them, owned */
	guint ping_source;
	gint64 started_us;   /* monotonic */
	GHashTable *unheard; /* ids of hosts that were there at the start and may come back */
	struct sync_totals totals;
};

/* peer.c */
struct peer *peer_get(struct sync_server *server, const struct uuid *host); /* made if need be */
struct peer *peer_find(const struct sync_server *server, const struct uuid *host); /* or NULL */
void peer_free(gpointer peer);
void peer_rescan(struct peer *peer); /* takes the scopes from the model */
void peer_subscribe(struct peer *peer, const struct scope *scope);
void peer_unsubscribe(struct peer *peer, const struct scope *scope);
bool peer_is_alive(const struct peer *peer);
void peer_liveness(const struct object *host, unsigned slot, struct json_writer *w, void *server);

/* stream.c */
void stream_open(
	struct sync_server *server, struct http_request *request, const struct object *host);
void stream_write(
	struct peer *peer, const char *bytes, size_t len); /* a part of a commit's lines */
/* All up to @revision is durable and its lines are written: ends them, or releases a held stream.
 */
void stream_durable(struct peer *peer, u64 revision);
/* @revision never happened. */
void stream_undone(struct peer *peer, u64 revision);
/* Tells the peer of the commits that did not concern it, if there were any: the log of deltas goes
 * with this process, and only who has the last revision can resume from the next one. */
bool stream_catch_up(struct peer *peer);
void stream_close(struct peer *peer);
gboolean stream_ping_all(gpointer server);
/* Appends put lines for every record of the scope as the model has it. */
void stream_render_scope(
	const struct sync_server *server, const struct scope *scope, u64 revision, GString *out);

/* Outside of commits: behind what the stream has been told. */
void stream_write_now(struct peer *peer, const char *bytes, size_t len);

/* handover.c: the connections of guests that move */
void handover_changed(struct sync_server *server, const struct changeset *changes); /* durable */
void handover_handle(
	struct sync_server *server, struct http_request *request, const struct object *host);
void move_free(gpointer move);

/* look.c */
void look_handle(
	struct sync_server *server, struct http_request *request, const struct object *host);

/* report.c */
void report_handle(
	struct sync_server *server, struct http_request *request, const struct object *host);

/* report_floating_ips.c: its status. */
bool floating_ip_stage(
	struct txn *txn, const struct object *floating_ip, bool wired, GError **error);

/* report_appliances.c: {id: {"status", "reason", "revision", "digest", "drift"}}, or NULL. */
bool appliances_stage_report(
	struct txn *txn, const struct object *host, const json_t *reported, GError **error);

/* report_balancers.c: of @reported, what an appliance says of its load balancers. */
bool appliance_balancers_stage(
	struct txn *txn, const struct object *appliance, const json_t *reported, GError **error);

/* report_load_balancers.c: what a host's health checks say: {id: {"alive": bool}}, or NULL. */
bool members_stage(
	struct txn *txn, const struct object *host, const json_t *reported, GError **error);
/* report_load_balancers.c: their state, as hosts say: {id: {"wired": bool, "reason": text}}, or
 * NULL. */
bool load_balancers_stage(
	struct txn *txn, const struct object *host, const json_t *reported, GError **error);
/* report_listeners.c: what listeners have done there: {id: [{…}]}, or NULL. @full: all that the
 * host has. */
bool listeners_stage(struct sync_server *server, struct txn *txn, const struct object *host,
	const json_t *reported, bool full, GError **error);
void listeners_host_deleted(struct sync_server *server, const struct uuid *host);
void listeners_deleted(struct sync_server *server, const struct uuid *listener);
void listeners_open(struct sync_server *server);
void listeners_close(struct sync_server *server);
/* report_floating_ips.c: their status, as the host of their ports says: {id: {"wired": bool}}, or
 * NULL.
 * @full: all that the host has. */
bool floating_ips_stage(struct txn *txn, const struct object *host, const json_t *reported,
	bool full, GError **error);

/* report_masters.c: which machines of pairs take themselves for masters, {port id: {"master": bool,
 * "others_dead": bool}}, or NULL; and what follows for the bindings of these, and of the ports that
 * it says something else of. */
struct masters_report {
	const json_t *masters, *ports;
	bool full;
};
bool masters_stage(struct sync_server *server, struct txn *txn, const struct object *host,
	const struct masters_report *report, GError **error);
void masters_open(struct sync_server *server);
void masters_close(struct sync_server *server);
void masters_forget(struct sync_server *server, const struct uuid *port);

/* report_announced.c: addresses that several ports may have, as guests announce them, {port id:
 * {address: ms ago}}, or NULL. */
bool announced_stage(struct sync_server *server, struct txn *txn, const struct object *host,
	const json_t *reported, GError **error);
void announced_open(struct sync_server *server);
void announced_close(struct sync_server *server);

/* report_missed.c: who reports misses these hosts now, {"hosts": [id],
 * "hears_others": bool}, or NULL: nobody. */
bool missed_note(struct peer *peer, const json_t *said, GError **error);
/* It is gone, as far as anybody can say. */
bool missed_is_lost(const struct sync_server *server, const struct uuid *host);

/* wait.c */
void wait_handle(struct sync_server *server, struct http_request *request);
void wait_check(
	struct sync_server *server); /* something was acknowledged, or a host came or went */
/* The model has the change; it need not be durable: what is waited for here, a port's status, its
 * host has made true, and says again should the store have lost it. */
void wait_ports_changed(struct sync_server *server, const struct changeset *changes);
void wait_stop(struct sync_server *server);
/* Before a restart of weftd they were connected, for all it knows: for as long as a host counts as
 * alive without a word, it is waited for. */
void wait_expect_all(struct sync_server *server);

/* status.c */
void status_handle(struct sync_server *server, struct http_request *request);
