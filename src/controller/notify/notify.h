/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells Nova (or whoever speaks its "external server events": Compute API, POST
 * /os-server-external-events) what becomes of the ports of guests: those whose device_owner begins
 * with "compute:". A guest's start waits for network-vif-plugged.
 *
 *   network-vif-plugged     the port is ACTIVE: its host has wired it
 *   network-vif-unplugged   it was, and is not any more
 *   network-vif-deleted     it is gone
 *   network-changed         its addresses are others
 *
 * Events leave in the order of the changes that caused them, once these are durable; several that
 * wait go in one request. What can't be delivered is tried again, at first after a second, then
 * twice as long up to a minute; what the receiver refuses for good is logged. An event is stored in
 * the transaction that it tells of (model/host/notification.h) and deleted when it has been
 * answered, so none is lost when weftd ends, however it does; one that was just answered may be
 * sent once more.
 */
#pragma once

#include "base/autoptr.h"
#include "commit/commit.h"

struct notify;

struct notify_config {
	const char *url;   /* borrowed until notify_new() returns */
	const char *token; /* sent as X-Auth-Token; NULL: none */
};

/* Watches @commit, and takes up what @model has of events (both borrowed). Fails when the URL is
 * none. */
struct notify *notify_new(const struct notify_config *config, struct model *model,
	struct commit *commit, GError **error);
void notify_free(struct notify *notify);
DEFINE_AUTOPTR(notify, notify_free)

struct notify_stats {
	u64 sent, refused, dropped; /* events; dropped: the queue was full */
	u64 failures;		    /* requests that are tried again */
	unsigned pending;
};
struct notify_stats notify_stats(const struct notify *notify);
