/* SPDX-License-Identifier: Apache-2.0 */
/* A plug-in as a driver: its process, which is started, asked, timed, killed and started again. */
#pragma once

#include "controller/provider/driver.h"

/* What a plug-in's process has said of itself, or that it can't be used: driver->name, services and
 * problem are set. Called again when that changes. */
typedef void (*plugin_known_fn)(struct provider_driver *driver, void *user);

/* Starts the process of the file; @call_timeout_s for each call and for its first word. Until it is
 * known, the driver is named like the file, without ".so". */
struct provider_driver *plugin_new(
	const char *path, unsigned call_timeout_s, plugin_known_fn known, void *user);
/* Has it said what it is, or has it failed to? */
bool plugin_is_settled(const struct provider_driver *driver);
