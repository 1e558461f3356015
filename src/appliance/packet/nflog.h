/* SPDX-License-Identifier: Apache-2.0 */
/* What nftables' "log group" tells, by nfnetlink_log (linux/netfilter/nfnetlink_log.h). */
#pragma once

#include "appliance/packet/logged_packet.h"
#include "base/error.h"

struct nflog;
typedef void (*nflog_fn)(const struct logged_packet *packet, void *data);

/* Listens to @group; what it says is in the order of the packets. NULL with @error: the kernel
 * can't. */
struct nflog *nflog_new(u16 group, u32 bytes, nflog_fn told, void *data, GError **error);
void nflog_free(struct nflog *nflog);
/* How often the kernel had no room for what it would have told. */
u64 nflog_lost(const struct nflog *nflog);
