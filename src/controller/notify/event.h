/* SPDX-License-Identifier: Apache-2.0 */
/* Which external server events a change of a port means (see notify.h). */
#pragma once

#include "model/txn.h"

/* Calls @give with the JSON of each event of @change, in their order; none for what is no guest's
 * port. */
void event_of_change(
	const struct change *change, void (*give)(const char *event, gpointer data), gpointer data);
