/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which networks routers join. A host with a port on one of them routes for it (bpf/route.h), so
 * it has the directories of all that the port may reach: the connected part of the graph whose
 * nodes are networks and routers and whose edges are the routers' interfaces. A router's gateway is
 * no edge: behind it is the outside. A host that may have the gateway has the router's part as if
 * it had a port there.
 *
 * A change-set may join and part such parts, so the graph is seen before and after it. Inside of
 * src/compile.
 */
#pragma once

#include "base/autoptr.h"
#include "model/txn.h"

/* A router's interface. */
struct edge {
	struct uuid port, router, network;
	bool before, after; /* whether it is there */
};

/* False when @port (NULL: none) is no router's interface; fills the ids of @ret. */
bool edge_of(const struct object *port, struct edge *ret);

/* The interfaces that the change-set touches, changed or not; struct edge, g_array_unref. */
GArray *reach_edges(const struct changeset *changes);

enum reach_side { REACH_BEFORE, REACH_AFTER, N_REACH_SIDES };

/* A network or router of a part. Those with the same number reach each other on that side. */
struct reached {
	struct uuid id;
	bool is_router;
	unsigned part[N_REACH_SIDES];
};

struct reach {
	GArray *nodes;	    /* struct reached; the first is the one that was asked for */
	unsigned n_parts;   /* above all numbers */
	bool edges_changed; /* some interface is new, or is gone */
};

/* All that @network, or @router, reaches before or after; @edges of reach_edges(), or NULL: nothing
 * changes. What is connected with nothing reaches itself. */
struct reach *reach_from(
	const struct model *model, const GArray *edges, const struct uuid *network);
struct reach *reach_from_router(
	const struct model *model, const GArray *edges, const struct uuid *router);
void reach_free(struct reach *reach);
/* How many ports of the network are bound to the host, or may move there. */
unsigned reach_ports(
	const struct model *model, const struct object *host, const struct uuid *network);
/* The hosts that have such a port on any of the networks now, or may have the gateway of one of the
 * routers; a set of struct uuid. */
GHashTable *reach_hosts(const struct model *model, const struct reach *reach);
DEFINE_AUTOPTR(reach, reach_free)
