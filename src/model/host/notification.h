/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What weftd still has to tell somebody: an event is stored with the change that it tells of, and
 * deleted once it has been delivered. So it survives a crash in between. In the order of creation.
 */
#pragma once

#include "model/kind.h"

enum notification_slot {
	NOTIFICATION_EVENT = N_STANDARD_SLOTS, /* its JSON */
	N_NOTIFICATION_SLOTS
};

extern const struct kind notification_kind;
