/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest is told of itself, by path: the formats of OpenStack and EC2, as cloud-init's data
 * sources ask for them. Pure. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "agent/service/port.h"

struct metadata_guest {
	const struct service_port *port;
	const char *device_id, *project_id, *name; /* of the port; NULL or "": none */
	const char *zone;
	const json_t *given; /* the port's `metadata`, or NULL */
};

/* The answer to GET of the path, g_string_free(); NULL: there is none. *@ret_type is static. */
GString *metadata_answer(const struct metadata_guest *guest, char *const *segments,
	unsigned n_segments, const char **ret_type);
