/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the OpenAPI document. Inside of controller/api. */
#pragma once

#include "base/json_writer.h"
#include "model/kind.h"

/* "network", "network_create" and "network_update": what is answered, and what may be asked for. */
void openapi_write_schemas(struct json_writer *w, const struct kind *kind);
/* Every path of the kind, with its operations. */
void openapi_write_paths(struct json_writer *w, const struct kind *kind);
/* {"$ref": "#/components/SECTION/NAME"}; @suffix may be "". */
void openapi_write_ref(
	struct json_writer *w, const char *section, const char *name, const char *suffix);
