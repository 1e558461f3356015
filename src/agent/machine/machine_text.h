/* SPDX-License-Identifier: Apache-2.0 */
/* What a record of an appliance means for weft-appliance-netns, or weft-appliance-qemu, and other
 * texts: pure. */
#pragma once

#include "agent/config.h"
#include "sync/record.h"

/* The description that they take (docs/appliances.md); g_free. */
char *machine_description(
	const struct config *config, const struct uuid *id, const struct record_appliance *record);

/* What the machine is: its size, its NICs, its image and the generation; g_free. */
char *machine_shape(const struct record_appliance *record);
/* May the machine that runs become that one? A virtual one can't change; one of namespaces may get
 * NICs, and lose some. */
bool machine_shape_fits(const char *running, const char *wanted);

/* The texts of a list as one: "a, b"; g_free. */
char *machine_names(const json_t *list);
