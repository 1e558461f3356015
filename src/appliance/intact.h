/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what is in the kernel still what the document says: the NICs' state, MTU and addresses, the
 * routes of the main table, policy rules, switches of forwarding? What daemons make on their own is
 * theirs: addresses and routes of keepalived, routes of bgpd, of tunnels and of the kernel. So is
 * what was there before the first document, such as the way to who asks by another network.
 */
#pragma once

#include "appliance/document/document.h"

struct intact;

/* Of that, what is another way. */
enum intact_part {
	INTACT_NICS,
	INTACT_ADDRESSES,
	INTACT_ROUTES,
	INTACT_RULES,
	INTACT_SYSCTLS,
	INTACT_PARTS
};
const char *intact_name(enum intact_part part);

/* Now: what is there is somebody's. */
struct intact *intact_new(void);
void intact_free(struct intact *intact);

/* Bits of what is not as @document says. */
bool intact_look(const struct intact *intact, const struct document *document, unsigned *ret,
	GError **error);
/* Switches of forwarding alone, which nobody tells of. */
bool intact_sysctls(void);
/* Takes away routes and policy rules that nobody has a right to, gives back rules that the kernel
 * begins with. The rest is who applies the document's. */
bool intact_repair(const struct intact *intact, GError **error);
