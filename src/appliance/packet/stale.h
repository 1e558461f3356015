/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that the kernel goes on to translate as it did before the configuration changed. */
#pragma once

#include "appliance/document/document.h"

/* Is something translated in @now that was not so, or otherwise, in @before (NULL: nothing)? */
bool stale_may_be(const struct document *before, const struct document *now);

/* The translation of a connection, as its first packet was seen and as its answers are. */
struct stale_flow {
	struct ip from, to, answer_from, answer_to;
};
/* Is it one that would be another now: from or to an address that is not here any more, to another
 * one's floating IP, or outward untranslated? */
bool stale_is(const struct document *document, const struct stale_flow *flow);

/* Has the kernel forget those; with their next packet they are new ones. */
bool stale_forget(const struct document *document, GError **error);
