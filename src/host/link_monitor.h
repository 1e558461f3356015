/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells in the main loop when devices come, go or change (RTNLGRP_LINK). When the kernel's queue
 * overflowed events were lost: then the caller is told to list the devices again.
 */
#pragma once

#include "host/link.h"

enum link_event { LINK_CHANGED, LINK_GONE, LINK_EVENTS_LOST };

/* @link and @alias are NULL with LINK_EVENTS_LOST, and else valid during the call. */
typedef void (*link_event_cb)(
	enum link_event event, const struct link *link, const char *alias, void *data);

struct link_monitor;

/* Listens from now on; delivers in the thread-default main context. */
bool link_monitor_new(link_event_cb cb, void *data, struct link_monitor **ret, GError **error);
void link_monitor_free(struct link_monitor *monitor);
