/* SPDX-License-Identifier: Apache-2.0 */
/* The namespace that guests' connections end in. Inside of src/agent/metadata. */
#pragma once

#include "base/error.h"

struct relay_namespace {
	int tun, listeners[2]; /* IPv4, IPv6; -1: the kernel has none */
};

/* It lasts as long as its sockets. */
bool relay_namespace_make(struct relay_namespace *ret, GError **error);
