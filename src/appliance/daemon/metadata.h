/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata service of an appliance, a process of its own: guests talk to it. */
#pragma once

#include "base/error.h"

/* Serves what the file (render_metadata()) says until it is told to end; another file of that
 * name is read when somebody asks. False: it can't begin. */
bool metadata_run(const char *path, GError **error);
