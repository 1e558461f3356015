/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of a load balancer's kinds have in common. Inside of src/model. */
#pragma once

#include "model/balancer/load_balancer.h"
#include "model/standard.h"

#define LB_GIVEN (ATTR_CREATE | ATTR_UPDATE)

/* The head of a table. As in Octavia null takes a name or description away. */
#define LB_TEXT_FLAGS (LB_GIVEN | ATTR_NULL_IS_DEFAULT)
#define LB_NAMED_ATTRS                                                                      \
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },            \
	NAME_ATTR(LB_TEXT_FLAGS), BOOKKEEPING_ATTRS,                                        \
	[SLOT_TAGS] = { .name = "tags",                                                     \
		.type = TYPE_LIST,                                                          \
		.item = &tag_attr,                                                          \
		.max = 50,                                                                  \
		.flags = LB_GIVEN | ATTR_UNIQUE_ITEMS | ATTR_NULL_IS_DEFAULT | ATTR_INTERN, \
		.fallback = "[]",                                                           \
		.doc = "Words to find it by." }
#define LB_STANDARD_ATTRS                                             \
	LB_NAMED_ATTRS, [SLOT_DESCRIPTION] = { .name = "description", \
		.type = TYPE_STRING,                                  \
		.max = DESCRIPTION_MAX,                               \
		.flags = LB_TEXT_FLAGS,                               \
		.fallback = "\"\"",                                   \
		.doc = "For people." }

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
#define LB_ID_ATTR(index, given)                                                                  \
	{                                                                                         \
		.name = "loadbalancer_id", .type = TYPE_UUID, .flags = (given),                   \
		.refers = KIND_LOAD_BALANCER, .on_delete = ON_DELETE_REFUSE,                      \
		.in_use = WEFT_ERROR_BAD_REQUEST, /* as Octavia says it */                        \
			.referrer_index = (index), .doc = "The load balancer that it is part of." \
	}
#define LB_IDS_ATTR(attribute, text)                                                      \
	{                                                                                 \
		.name = attribute, .type = TYPE_LIST, .flags = ATTR_COMPUTED, .doc = text \
	}
/* What Octavia has and no provider here does: its default is taken and shown, since clients send
 * it, and anything else refused. */
#define LB_NO_TEXT_ATTR(attribute)                                                        \
	{                                                                                 \
		.name = attribute, .type = TYPE_STRING, .max = 2048,                      \
		.flags = LB_GIVEN | ATTR_NULLABLE, .check = lb_check_none, .doc = "None." \
	}
#define LB_NO_LIST_ATTR(attribute)                                                        \
	{                                                                                 \
		.name = attribute, .type = TYPE_LIST, .item = &lb_no_item,                \
		.flags = LB_GIVEN | ATTR_NULL_IS_DEFAULT | ATTR_INTERN, .fallback = "[]", \
		.doc = "None."                                                            \
	}
extern const struct attr lb_no_item;
