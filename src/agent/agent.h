/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running agent: puts the parts together and carries what one has to say to the others.
 *
 *   client ─bytes─► stream ─lines─► view ─records─► desired ◄─devices─ plugs ◄─ device events
 *                                     │ sync          │ dirty
 *                                     └──────► reconcile ──► datapath ──frames─► punt ─► DHCP, RA,
 * DNS │ port states client ◄── report
 *
 * Start: open the view and the plugs from disk, adopt the datapath that a former process left,
 * state everything to it in one sweep, and only then talk to the controller. Everything runs on the
 * main context, nothing blocks on the network.
 */
#pragma once

#include "agent/appliances.h"
#include "agent/bgp.h"
#include "agent/client.h"
#include "agent/config.h"
#include "agent/ops/control.h"
#include "agent/handover/handover.h"
#include "agent/report/health.h"
#include "agent/report/listener_stats.h"
#include "agent/report/liveness.h"
#include "agent/logs.h"
#include "agent/outside.h"
#include "agent/plugs.h"
#include "agent/punt.h"
#include "agent/quiet.h"
#include "agent/reconcile/reconcile.h"
#include "agent/holder.h"
#include "agent/master.h"
#include "agent/report/report.h"
#include "agent/report/stream.h"
#include "agent/desired/view.h"
#include "host/link_monitor.h"

struct http_server;

struct agent {
	const struct config *config; /* borrowed */
	GMainLoop *loop;	     /* borrowed; quit to stop */
	char *instance;		     /* uuid of this process */
	int lock_fd;
	s64 started_us, connected_us;
	bool needs_snapshot, cleanup_at_end;

	struct dp *dp;
	struct rtnl *rtnl;
	struct link_monitor *monitor;
	struct quiet *quiet;
	struct plugs *plugs;
	struct desired *desired;
	struct view *view;
	struct reconcile reconcile;
	struct punt *punt;
	struct logs *logs;
	struct client *client;
	struct stream *stream;
	struct report *report;
	struct bfd *bfd; /* NULL: not wanted */
	struct liveness *liveness;
	struct outside *outside;
	struct bgp *bgp;
	struct appliances *appliances;
	struct handover *handover;
	struct masters *masters;
	struct holders *holders;
	struct healths *healths;
	struct listener_reports *listener_reports;
	struct control *control;
	struct http_server *exporter; /* NULL: none asked for */
	GList *waiting;		      /* struct plug_request, ops_plug.c */
	guint stream_timer, report_timer, second_timer, flush_source;
	bool cut_off; /* a wire or the underlay does not work, or did not a moment ago */
	guint back_timer, back_ms;
	s64 back_us;				 /* when it worked again last */
	unsigned retry_s, rescan_s, next_hops_s; /* seconds since */
};

bool agent_new(const struct config *config, GMainLoop *loop, struct agent **ret, GError **error);
/* The edge switch goes on forwarding. */
void agent_free(struct agent *agent);

/* Detaches everything and removes every pin; works with and without a running datapath. */
bool agent_cleanup(const struct config *config, GError **error);

/* Tells the plugs of all devices that there are. */
bool agent_scan_links(struct agent *agent, GError **error);

/* Reconciles soon, once for all that happens until then. */
void agent_flush_later(struct agent *agent);

/* Reconciles now. */
void agent_flush(struct agent *agent);

/* agent_outside.c */
void agent_map_wires(struct agent *agent);
/* Which of their devices are there. */
void agent_look_at_wires(struct agent *agent);
/* Whether this host may have gateways, and tells the others. */
void agent_judge_wires(struct agent *agent);
/* A device has come or changed, or is gone. */
void agent_link_changed(struct agent *agent, const struct link *link);
void agent_outside_events(struct agent *agent); /* of agent->reconcile */
/* BFD may have heard, or missed, a host. */
void agent_judge_hosts(struct agent *agent);
/* agent_master.c */
void agent_start_masters(struct agent *agent);
void agent_masters_second(struct agent *agent);
void agent_stop_masters(struct agent *agent);
/* What firewall groups in appliances have decided is written down from now on. */
void agent_watch_appliances(struct agent *agent);
/* A machine says something else; @agent: struct agent. */
void agent_machine_changed(void *agent);
void agent_stream_changed(enum stream_state state, void *agent);
/* agent_health.c: behind the punts. */
void agent_start_health(struct agent *agent);
void agent_outside_second(struct agent *agent);

/* agent_domain.c */
void agent_domains_start(struct agent *agent); /* with agent->punt */
void agent_domains_second(struct agent *agent);
void agent_domains_stop(struct agent *agent); /* keeps what was learnt since then */

/* agent_io.c */
struct stream_io agent_stream_io(struct agent *agent);
struct handover_io agent_handover_io(struct agent *agent);
struct report_io agent_report_io(struct agent *agent);
struct client_events agent_client_events(struct agent *agent);
