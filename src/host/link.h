/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices of the namespace that the process is in: what they are, and the few things that
 * are set on them.
 */
#pragma once

#include <linux/if.h>

#include "base/error.h"
#include "base/types.h"

#define LINK_KIND_SIZE 16
#define LINK_ALIAS_SIZE 257 /* IFALIASZ and NUL */

/* Small, since one is kept for each; the alias, seldom wanted and up to 256 bytes, goes beside it.
 */
struct link {
	u32 ifindex;
	char name[IFNAMSIZ];
	char kind[LINK_KIND_SIZE]; /* "veth", "tun" (taps too), "vxlan"…; "" for hardware */
	u32 mtu_bytes;
	u32 flags; /* IFF_UP, IFF_LOOPBACK… */
};

struct rtnl;

/* @alias: "" when there is none; both are valid during the call. */
typedef void (*link_cb)(const struct link *link, const char *alias, void *data);

/* All devices. */
bool link_foreach(struct rtnl *rtnl, link_cb cb, void *data, GError **error);

/* WEFT_ERROR_DEVICE_NOT_FOUND when there is none of that name. */
bool link_get(struct rtnl *rtnl, const char *name, struct link *ret, GError **error);

bool link_set_up(struct rtnl *rtnl, u32 ifindex, GError **error);
bool link_set_mtu(struct rtnl *rtnl, u32 ifindex, u32 mtu_bytes, GError **error);

struct nlmsghdr;
/* From an RTM_NEWLINK or RTM_DELLINK message. */
void link_from_message(
	const struct nlmsghdr *message, struct link *ret, char ret_alias[static LINK_ALIAS_SIZE]);
