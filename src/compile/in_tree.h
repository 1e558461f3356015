/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What weftd's own providers do, beside what weft/provider.h says of all of them: they make records
 * of the hosts' views, incrementally and in weftd's process. Each callback may be NULL.
 *
 * The core (compile.c, compile_member.c) makes what is needed to have a port on a network at all:
 * host, network, port, member, endpoint. All else is some service's, and made here.
 */
#pragma once

#include "compile/compilation.h"

struct enumeration;

struct weft_in_tree {
	/* Objects of that kind have changed; the core's own function has run before. */
	void (*change[N_KINDS])(struct compilation *c, const struct change *change);
	/* A port is on the host (delta 1), or was before (-1): counts what comes with it. */
	void (*placed)(struct compilation *c, const struct uuid *host, const struct object *port,
		int delta);
	/* All changes have been seen: what several of them mean together. */
	void (*finish)(struct compilation *c);
	/* All records of the provider in that scope now; the core's have been given. */
	void (*scope)(struct enumeration *e, enum scope_type type, const struct uuid *id);
};

/* src/providers/: all of them, ended by NULL. */
struct weft_provider;
extern const struct weft_provider *const providers_in_tree[];
/* And those that make no records, but are asked for desired state as plug-ins are. */
extern const struct weft_provider *const providers_called[];
