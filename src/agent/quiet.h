/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the hypervisor itself silent on guests' networks: IPv6 is switched off on the host's side
 * of an attached device, so that it makes no address there and sends no neighbour discovery or
 * listener reports to the guest. What was there before is kept in a file (it must outlive the
 * process), and put back at detachment.
 */
#pragma once

#include "base/error.h"

struct quiet;

/* @path: the file, made when it is first needed. */
struct quiet *quiet_new(const char *path);
void quiet_free(struct quiet *quiet);

bool quiet_begin(struct quiet *quiet, const char *device, GError **error);
/* Puts IPv6 back as it was; nothing when the device is gone or was never made silent. */
void quiet_end(struct quiet *quiet, const char *device);
/* quiet_end() of all. */
void quiet_end_all(struct quiet *quiet);
