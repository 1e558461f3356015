/* SPDX-License-Identifier: Apache-2.0 */
#include "model/qos/qos_rule_parts.h"

static const struct attr attrs[N_QOS_RULE_SLOTS] = {
	QOS_RULE_ATTRS,
	QOS_DIRECTION_ATTR(qos_directions),
	QOS_VALUE_ATTR("min_kbps", "Kilobits a second."),
};

const struct kind qos_minimum_bandwidth_rule_kind = {
	QOS_RULE_KIND(KIND_QOS_MINIMUM_BANDWIDTH_RULE, "minimum_bandwidth", "minimum bandwidth"),
	.doc = "So many bits a second are there in any case.",
	.hooks = { .on_create = qos_rule_on_create,
		.on_update = qos_rule_on_update,
		.on_delete = qos_rule_on_delete },
};
