/* SPDX-License-Identifier: Apache-2.0 */
/* What the packet filter and the kernel count, as members of what is answered. */
#pragma once

#include <jansson.h>

#include "appliance/document/document.h"
#include "base/json_writer.h"

/* What nft(8) says of all counters; json_decref(). */
json_t *counted_read(GError **error);

/* Takes away those of rules that the document does not have any more. */
void counted_forget(const struct document *document);

/* "rules": what each rule of a NIC has decided, in their order, and at last what none matched. */
void counted_append_rules(
	const struct document *document, const json_t *counters, struct json_writer *w);
/* "suppressed": by NIC, what of its firewall was above the limit, and so not written down. */
void counted_append_suppressed(
	const struct document *document, const json_t *counters, struct json_writer *w);
/* "drops": {reason: {"count", "doc"}}, of all that this machine drops by itself. */
void counted_append_drops(const json_t *counters, struct json_writer *w);
