/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/desired/desired.h"
#include "datapath/datapath.h"

/* Rules with their security groups, by the view; for dp_set_names(). @desired is borrowed. */
struct dp_names rule_names(struct desired *desired);

/* "the rule … of the security group …", with a policy in a tier or firewall group likewise; the
 * caller's. NULL: no such rule is known. */
char *rule_name_of(const struct desired *desired, const struct uuid *id);
/* The rule among those of a firewall group's policy, or NULL. */
const struct record_router_firewall_rule *guard_rule_find(
	const GArray *rules, const struct uuid *id);
