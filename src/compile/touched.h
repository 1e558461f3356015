/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of one kind whose records a change-set may change: found first, for each change by
 * itself, and then compiled once each. Inside of src/compile. */
#pragma once

#include "compile/compilation.h"

/* Adds to @touched, a set of ids, those that the change concerns. */
typedef void (*touched_by_change)(
	const struct compilation *c, const struct change *change, GHashTable *touched);

void compile_touched(struct compilation *c, touched_by_change by_change,
	void (*compile_one)(struct compilation *c, const struct uuid *id));

void touch(GHashTable *touched, const struct uuid *id);

/* The same by text; none is meant by NULL. */
void touch_text(GHashTable *touched, const char *id);

/* Those that an index has under an id. */
void touch_by(const struct compilation *c, enum kind_id kind, unsigned index, const struct uuid *id,
	GHashTable *touched);
