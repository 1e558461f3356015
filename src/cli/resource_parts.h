/* SPDX-License-Identifier: Apache-2.0 */
/* What resource.c, which makes the commands, and resource_run.c, which runs them, share. */
#pragma once

#include "cli/command.h"
#include "model/kind.h"

struct resource {
	const struct kind *kind;
	const char *const *columns; /* of a list */
	const char *create_example; /* or NULL */
};

bool resource_create(struct cli *cli, GError **error);
bool resource_list(struct cli *cli, GError **error);
bool resource_show(struct cli *cli, GError **error);
bool resource_set(struct cli *cli, GError **error);
bool resource_delete(struct cli *cli, GError **error);
