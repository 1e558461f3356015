/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP to the controller: the body of the view stream as it comes, and reports. One libsoup
 * session, with connections kept alive, so that a report costs one round trip.
 */
#pragma once

#include "agent/config.h"

struct client;

struct client_events {
	void (*bytes)(const char *bytes, size_t len, void *data);
	/* The stream has ended or could not begin; @why says what to do where it can. */
	void (*broken)(const char *why, void *data);
	/* The report is done; @why is NULL when it was accepted. */
	void (*reported)(const char *why, void *data);
	void *data;
};

bool client_new(const struct config *config, const char *instance,
	const struct client_events *events, struct client **ret, GError **error);
void client_free(struct client *client);

/* One at a time. @store: NULL when there is no view to resume from. */
void client_open_view(struct client *client, const char *url, u64 since, const char *store);
void client_close_view(struct client *client);

/* One at a time; @body is JSON. */
void client_report(struct client *client, const char *url, const char *body, size_t len);
/* What goes to another host by way of the controller. That it fails is logged, and the end of it.
 */
void client_hand_over(struct client *client, const char *url, const char *body, size_t len);
/* Its answer does not count any more; another may be sent. */
void client_abandon_report(struct client *client);
