/* SPDX-License-Identifier: Apache-2.0 */
/* "api.sock" of a virtual machine: who connects there speaks with weft-appliance in it, by the
 * channel (appliance/channel.h). */
#pragma once

#include "base/autoptr.h"

struct relay;

/* @listening is borrowed, @channel, a connected socket, is taken over. */
struct relay *relay_new(int listening, int channel);
void relay_free(struct relay *relay);
DEFINE_AUTOPTR(relay, relay_free)
