/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of appliance*.c. */
#pragma once

#include "appliance/daemon/announcer.h"
#include "appliance/appliance.h"
#include "appliance/appliance_repair.h"
#include "appliance/packet/events.h"
#include "appliance/daemon/learnt.h"
#include "appliance/daemon/redundancy.h"
#include "appliance/daemon/services.h"
#include "appliance/daemon/speaker.h"
#include "appliance/daemon/tunnels.h"

struct appliance {
	const char *folder;
	u16 api_port;
	s64 started_us;
	u32 life; /* another number for each process: counters of a machine begin with it */
	struct document *document; /* NULL: UNCONFIGURED */
	struct rendered rendered;
	bool translates_otherwise; /* than before, and the kernel does not know it of all yet */
	char *reason;		   /* of ERROR; NULL: ACTIVE */
	struct services *services;
	struct redundancy *redundancy;
	struct learnt *learnt;
	struct speaker *speaker;
	struct tunnels *tunnels;
	struct announcer *announcer;
	struct events *events;
	struct repair *repair;
	bool had_guards; /* there may be counters of rules */
};
