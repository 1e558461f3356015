/* SPDX-License-Identifier: Apache-2.0 */
/* What clients are told of a version of an API, and of where something is. */
#pragma once

#include "base/json_writer.h"

struct version {
	const char *id, *status, *url;
	const char *updated;	 /* NULL: not said */
	const char *media_types; /* JSON; NULL: not said */
};

void version_write(struct json_writer *w, const struct version *version);
/* "links", in an object. */
void version_write_self(struct json_writer *w, const char *url);
