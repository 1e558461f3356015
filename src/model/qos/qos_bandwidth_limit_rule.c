/* SPDX-License-Identifier: Apache-2.0 */
#include "model/qos/qos_rule_parts.h"

static const struct attr attrs[N_QOS_RULE_SLOTS] = {
	QOS_RULE_ATTRS,
	QOS_DIRECTION_ATTR(qos_directions),
	QOS_VALUE_ATTR("max_kbps", "Kilobits a second."),
	QOS_BURST_ATTR("max_burst_kbps", "Kilobits that may come at once; 0: weft chooses."),
};

const struct kind qos_bandwidth_limit_rule_kind = {
	QOS_RULE_KIND(KIND_QOS_BANDWIDTH_LIMIT_RULE, "bandwidth_limit", "bandwidth limit"),
	.doc = "At most so many bits a second.",
	.hooks = { .on_create = qos_rule_on_create,
		.on_update = qos_rule_on_update,
		.on_delete = qos_rule_on_delete },
};
