/* SPDX-License-Identifier: Apache-2.0 */
/* What charon says of connections. Inside of ipsec*.c. */
#pragma once

#include "appliance/daemon/vici.h"

#define CHILDREN_MAX 256

struct connection {
	bool children[CHILDREN_MAX]; /* that charon has listed as installed */
	unsigned installed, before;  /* how many, now and at the last look */
	unsigned wanted;
	bool up, was_up;
	bool asked;		 /* to be begun */
	s64 next_us;		 /* when it may be begun again */
	u64 bytes_in, bytes_out; /* at the last look */
	u64 listed_in, listed_out;
	char *reason;
	char *digest; /* of what charon was told */
};

void connection_set_reason(struct connection *connection, const char *reason);

/* Of a table of names and struct connection: marks what an event "list-sa" lists as installed. */
void charon_read_list(GHashTable *connections, struct vici_reader *reader);
/* Why one is down, if an event "log" says that. */
void charon_read_log(GHashTable *connections, struct vici_reader *reader);
