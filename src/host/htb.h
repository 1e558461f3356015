/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hierarchical token buckets on a device (tc-htb(8)): a root, and classes that packets choose by
 * skb->priority. What names no class is not delayed, or goes to the root's default class.
 */
#pragma once

#include "base/error.h"
#include "base/types.h"

struct rtnl;

struct htb_class {
	u32 ifindex;
	u32 id;		 /* major << 16 | minor, as tc writes MAJOR:MINOR */
	u32 parent;	 /* of the same major; major << 16: the root */
	u64 rate_bps;	 /* guaranteed, bits a second */
	u64 ceil_bps;	 /* at most */
	u64 burst_bytes; /* may come at once */
};

/* Replaces the device's root queueing discipline by HTB @major, unless it is that already.
 * @default_minor: 0, none. */
bool htb_root(struct rtnl *rtnl, u32 ifindex, u32 major, u32 default_minor, GError **error);
/* Gives the device back the kernel's default, unless its root is not HTB @major. */
bool htb_root_delete(struct rtnl *rtnl, u32 ifindex, u32 major, GError **error);

/* Adds or changes; what is queued stays. */
bool htb_class_put(struct rtnl *rtnl, const struct htb_class *class, GError **error);
/* Fine if it is not there. What is queued is lost. */
bool htb_class_delete(struct rtnl *rtnl, u32 ifindex, u32 id, GError **error);
