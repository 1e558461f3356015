/* SPDX-License-Identifier: Apache-2.0 */
#include "model/qos/qos_rule_parts.h"

static const struct attr attrs[N_QOS_RULE_SLOTS] = {
	QOS_RULE_ATTRS,
	QOS_DIRECTION_ATTR(qos_directions_any),
	QOS_VALUE_ATTR("min_kpps", "Thousands of packets a second."),
};

const struct kind qos_minimum_packet_rate_rule_kind = {
	QOS_RULE_KIND(
		KIND_QOS_MINIMUM_PACKET_RATE_RULE, "minimum_packet_rate", "minimum packet rate"),
	.doc = "So many packets a second are possible in any case.",
	.hooks = { .on_create = qos_rule_on_create,
		.on_update = qos_rule_on_update,
		.on_delete = qos_rule_on_delete },
};
