/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many connections over one stream, for a machine that has no network to its hypervisor: the port
 *of a serial device. One side takes connections in and begins links, the other one opens a
 *connection of its own for each. Frames are
 *
 *	be32 link | be16 what (1 begin, 2 data, 3 end) | be16 bytes | data
 *
 * A connection whose owner does not read what comes for it is cut, so that it does not stop others.
 */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"
#include "base/types.h"

struct mux;

struct mux_config {
	int stream; /* read and written without waiting; borrowed */
	/* The other side has begun a link: a connected descriptor for it, taken over, or -1. NULL:
	 * only we begin links. */
	int (*open)(void *user);
	void (*lost)(void *user); /* the stream has ended; may be NULL. Nothing is freed by it */
	void *user;
};

struct mux *mux_new(const struct mux_config *config);
void mux_free(struct mux *mux);
DEFINE_AUTOPTR(mux, mux_free)

/* Begins a link for @fd, a connected descriptor that does not wait; taken over. */
void mux_add(struct mux *mux, int fd);
unsigned mux_links(const struct mux *mux);
