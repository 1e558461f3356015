/* SPDX-License-Identifier: Apache-2.0 */
/* The API for a hypervisor that has no network to the machine: by a port of virtio-serial, on which
 * it has as many connections as it likes (mux.h). */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"
#include "base/types.h"

struct channel;

/* @device: of the port; what comes by it goes to @tcp_port of loopback. */
struct channel *channel_new(const char *device, u16 tcp_port, GError **error);
void channel_free(struct channel *channel);
DEFINE_AUTOPTR(channel, channel_free)
