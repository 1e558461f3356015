/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hears what is changed in the kernel: the packet filter, devices, addresses, routes, policy rules.
 * Who changes something himself says so afterwards by watch_settled(): what has been heard until
 * then was his. The rest is told, a moment later and not more than once a second, as far as it may
 * be of interest: routes that daemons make are not.
 */
#pragma once

#include "base/error.h"
#include "base/types.h"

struct watch;

struct watch_heard {
	bool filter;	    /* the table inet weft has been changed */
	GHashTable *tables; /* "FAMILY NAME" of others that are new; a set */
	bool network;	    /* something else of the above */
};

struct watch *watch_new(
	void (*changed)(const struct watch_heard *heard, void *user), void *user, GError **error);
void watch_free(struct watch *watch);
void watch_settled(struct watch *watch);
