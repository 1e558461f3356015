/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which device belongs to which port, from the two sources there are: what somebody said (`plug`,
 * kept on disk) and aliases of devices that name a port. What somebody said goes first. A device
 * belongs to one port and a port has one device; of two devices whose aliases name the same port
 * the one seen first keeps it.
 *
 * Fed with all device events; tells `desired` through a callback whenever the device of a port
 * changes. Survives a restart by the file, and by the devices themselves.
 */
#pragma once

#include "agent/plugs_file.h"
#include "host/link.h"

struct plugs;

/* @device is NULL when the port has none now; borrowed. */
typedef void (*plugs_changed_cb)(const struct uuid *port, const struct link *device, void *data);

bool plugs_new(
	const char *path, plugs_changed_cb changed, void *data, struct plugs **ret, GError **error);
void plugs_free(struct plugs *plugs);

/* A device is there or has changed; is gone. */
void plugs_link(struct plugs *plugs, const struct link *link, const char *alias);
void plugs_link_gone(struct plugs *plugs, const struct link *link);
/* Around plugs_link() of all devices that there are: others are gone. */
void plugs_scan_begin(struct plugs *plugs);
void plugs_scan_end(struct plugs *plugs);

/* Refused when there is no such device, or the device or the port is plugged otherwise; the same
 * again is fine. It takes effect at once, and is durable after plugs_sync_later(). */
bool plugs_plug(struct plugs *plugs, const struct uuid *port, const char *device, GError **error);
void plugs_sync_later(struct plugs *plugs, plugs_file_synced_cb done, void *data);
/* Whether it may be plugged, changing nothing. */
bool plugs_check(struct plugs *plugs, const struct uuid *port, const char *device, GError **error);
/* By an alias: refused, with what to do. */
bool plugs_unplug(struct plugs *plugs, const struct uuid *port, GError **error);

/* The port is no longer this host's, so nothing can be plugged into it. Its device may be plugged
 * elsewhere. */
void plugs_forget(struct plugs *plugs, const struct uuid *port);

/* The device of a port and the port of a device, or NULL. */
const struct link *plugs_device(const struct plugs *plugs, const struct uuid *port);
const struct uuid *plugs_port(const struct plugs *plugs, const char *device);
/* A device by name, plugged or not. */
const struct link *plugs_find_link(const struct plugs *plugs, const char *device);

/* "iface-id=<uuid>", "iface-id:<uuid>" or "<uuid>", as the alias or as one of its words. */
bool plugs_parse_alias(const char *alias, struct uuid *ret);
