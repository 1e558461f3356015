/* SPDX-License-Identifier: Apache-2.0 */
/* What firewall_property_test.c has stated and sent, and what the edge has made of it, as lines of
 * JSON for another model (test/system/test_firewall_model.py). Nothing without world->transcript.
 */
#pragma once

#include "firewall_model.h"

/* @what: "policy" of a port, or "tier". */
void transcript_rules(const struct world *world, const char *what, int which,
	const struct dp_rule *rules, size_t n);
void transcript_chain(const struct world *world, int port);
void transcript_members(const struct world *world);
void transcript_packet(const struct world *world, const struct packet *p, bool passed);
