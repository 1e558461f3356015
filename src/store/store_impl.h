/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of store implements. The queue, the thread, the order and the reports are store.c's;
 * an implementation only opens, reads, and writes one batch, all or nothing. Inside of src/store.
 */
#pragma once

#include "store/store.h"

/* One submitted change-set. */
struct store_set {
	u64 revision;
	unsigned n;
	struct store_change *changes;
	GList link; /* in the queue */
};

struct store_backend {
	const char *scheme; /* "sqlite" */
	/* @rest: the URL behind "scheme:". Sets *ret_uuid and *ret_revision. */
	void *(*open)(const char *rest, struct uuid *ret_uuid, u64 *ret_revision, GError **error);
	void (*close)(void *backend);
	bool (*load)(void *backend, store_load_fn load, void *user, GError **error);
	/* Makes all of @sets durable, or none. Called on the store's thread. */
	bool (*commit)(void *backend, const GQueue *sets, GError **error);
	/* Nothing has come for a while: time for housekeeping. On the store's thread. May be NULL.
	 */
	void (*idle)(void *backend);
};

extern const struct store_backend store_sqlite, store_memory;
