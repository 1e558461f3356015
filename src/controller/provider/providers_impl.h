/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of src/controller/provider that keep the attachments. */
#pragma once

#include "controller/provider/driver.h"
#include "controller/provider/providers.h"
#include "model/provider/service_attachment.h"
#include "model/provider/service_provider.h"

struct providers {
	const struct config_providers *config;
	struct model *model;
	struct commit *commit;
	GPtrArray *drivers;   /* struct provider_driver */
	GHashTable *subjects; /* set of struct uuid: networks and routers to look at */
	GHashTable *works;    /* struct work, by attachment */
	guint settle, reconcile, takeover, tunnels;
	GHashTable *silent; /* names of hosts with appliances that are not alive → since when, us */
	s64 started_us;
	bool starting;
};

/* An attachment that is, or has to be, taken to its provider. */
struct work {
	struct uuid attachment;
	struct providers *providers;
	bool running, again, force;
	bool answered;	   /* the last call was answered, and what it asked for is staged */
	bool ends;	   /* the call that runs is of its end */
	bool asked_status; /* a call is on its way, beside the one that runs */
	bool waits;	   /* of what was answered, one of a pair waits for the other one */
	guint retry;
	unsigned backoff_s;
	s64 done_us;  /* when the last call was answered, on the monotonic clock */
	char *digest; /* of the document that is on its way */
};

struct provider_driver *providers_find(const struct providers *providers, const char *name);
extern const struct caller providers_itself;

/* attach.c: from changes and service maps to attachments. */
void attach_changed(const struct changeset *changes, void *user);
void attach_look_at(struct providers *providers, const struct uuid *subject);
void attach_look_at_all(struct providers *providers);

/* document_firewall.c: of a firewall group, policy or rule. */
void attach_look_at_firewall(struct providers *providers, const struct object *object);
/* attach_balancers.c: those of a network that has no virtual router. */
void attach_idle_balancers(struct txn *txn, const struct model *model, const char *network);

/* document_bgp.c: of a BGP speaker, a peer, a subnet or a subnet pool. */
void attach_look_at_bgp(struct providers *providers, const struct object *object);

/* work.c: from attachments to their providers. @force: even if nothing has changed. */
void work_run(struct providers *providers, const struct uuid *attachment, bool force);
/* An appliance of it says something else. */
void work_follow(struct providers *providers, const struct uuid *attachment);
void work_free(gpointer work);
/* Of an attachment that is gone: unless a call is on its way, whose end forgets it. */
void work_forget(struct work *work);

/* tunnels.c: providers are asked how their tunnels are. */
#define TUNNELS_DUE_S 3
gboolean tunnels_due(gpointer providers);

/* takeover.c: appliances of hosts that are dead go to others. */
gboolean takeover_due(gpointer providers);

/* options.c: what the offering that was chosen for the network or router says to the provider:
 * metainfo of a service profile; "" without one. */
char *provider_options(
	const struct model *model, const struct object *attachment, const struct object *subject);

/* reconcile.c */
void reconcile_run_all(struct providers *providers, const char *provider);
gboolean reconcile_due(gpointer providers);
