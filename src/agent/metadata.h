/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata service of all guests of the host: the agent's parts put together. */
#pragma once

#include "agent/desired/desired.h"
#include "agent/frame/frame.h"

struct metadata;

/* A frame for the guest. */
typedef void (*metadata_send_fn)(const struct uuid *port, const struct frame *frame, void *user);

/* NULL with @error set: there can be none here. @desired is borrowed. */
struct metadata *metadata_new(
	const struct desired *desired, metadata_send_fn send, void *user, GError **error);
void metadata_free(struct metadata *metadata); /* NULL: nothing to do */

void metadata_frame(
	struct metadata *metadata, const struct uuid *port, const u8 *frame, size_t len);
void metadata_port_gone(struct metadata *metadata, const struct uuid *port);
