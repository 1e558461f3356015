/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of a load balancer's kinds have in common. Inside of src/model. */
#pragma once

#include "model/balancer/load_balancer.h"
#include "model/standard.h"

#define LB_GIVEN (ATTR_CREATE | ATTR_UPDATE)

#define LB_ADMIN_STATE_ATTR                                                   \
	{                                                                     \
		.name = "admin_state_up", .type = TYPE_BOOL,                  \
		.flags = LB_GIVEN | ATTR_NULL_IS_DEFAULT, .fallback = "true", \
		.doc = "Whether it takes part."                               \
	}
#define LB_PROVISIONING_ATTR                                                                                    \
	{                                                                                                       \
		.name = "provisioning_status", .type = TYPE_STRING, .flags = ATTR_COMPUTED,                     \
		.doc = "ACTIVE; of virtual-router PENDING_CREATE until it runs; ERROR when a host can't do it." \
	}
#define LB_OPERATING_ATTR                                                                                                 \
	{                                                                                                                 \
		.name = "operating_status", .type = TYPE_STRING, .flags = ATTR_COMPUTED,                                  \
		.doc = "What hosts say of it: ONLINE, DEGRADED, ERROR, OFFLINE; of members also NO_MONITOR and DRAINING." \
	}
/* Of what goes with the load balancer @slot refers to. */
#define LB_ID_ATTR(index, given)                                                          \
	{                                                                                 \
		.name = "loadbalancer_id", .type = TYPE_UUID, .flags = (given),           \
		.refers = KIND_LOAD_BALANCER, .on_delete = ON_DELETE_REFUSE,              \
		.referrer_index = (index), .doc = "The load balancer that it is part of." \
	}
#define LB_IDS_ATTR(attribute, text)                                                      \
	{                                                                                 \
		.name = attribute, .type = TYPE_LIST, .flags = ATTR_COMPUTED, .doc = text \
	}
