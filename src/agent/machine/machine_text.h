/* SPDX-License-Identifier: Apache-2.0 */
/* What a record of an appliance means for weft-appliance-netns: two texts, pure. */
#pragma once

#include "sync/record.h"

/* The description that weft-appliance-netns takes (docs/appliances.md); g_free. */
char *machine_description(const struct uuid *id, const struct record_appliance *record);

/* What can't change within one machine: its size, its NICs and the generation; g_free. */
char *machine_shape(const struct record_appliance *record);
