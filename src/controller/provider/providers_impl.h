/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of src/controller/provider that keep the attachments. */
#pragma once

#include "controller/provider/driver.h"
#include "controller/provider/providers.h"
#include "model/service_attachment.h"
#include "model/service_provider.h"

struct providers {
	const struct config_providers *config;
	struct model *model;
	struct commit *commit;
	GPtrArray *drivers;   /* struct provider_driver */
	GHashTable *subjects; /* set of struct uuid: networks and routers to look at */
	GHashTable *works;    /* struct work, by attachment */
	guint settle, reconcile;
	bool starting;
};

/* An attachment that is, or has to be, taken to its provider. */
struct work {
	struct uuid attachment;
	struct providers *providers;
	bool running, again, force;
	bool ends; /* the call that runs is of its end */
	guint retry;
	unsigned backoff_s;
	char *digest; /* of the document that is on its way */
};

struct provider_driver *providers_find(const struct providers *providers, const char *name);
extern const struct caller providers_itself;

/* attach.c: from changes and service maps to attachments. */
void attach_changed(const struct changeset *changes, void *user);
void attach_look_at(struct providers *providers, const struct uuid *subject);
void attach_look_at_all(struct providers *providers);

/* work.c: from attachments to their providers. @force: even if nothing has changed. */
void work_run(struct providers *providers, const struct uuid *attachment, bool force);
void work_free(gpointer work);

/* reconcile.c */
void reconcile_run_all(struct providers *providers, const char *provider);
gboolean reconcile_due(gpointer providers);
