/* SPDX-License-Identifier: Apache-2.0 */
/* Where a subport of a trunk is: it is a part of the port's record. */
#include <string.h>

#include "compile/compilation.h"
#include "compile/records.h"

#include "model/port/port.h"
#include "model/port/trunk.h"

static struct trunk_place place_of(const struct object *subport, const struct object *trunk)
{
	if (!subport || !trunk)
		return (struct trunk_place){ 0 };
	return (struct trunk_place){ .parent = object_str(trunk, TRUNK_PORT_ID),
		.vlan = object_int(subport, SUBPORT_SEGMENT) };
}

struct trunk_place trunk_place_of(const struct model *model, const struct object *port)
{
	const struct object *subport = NULL, *trunk = NULL;
	char id[UUID_STRLEN];

	if (model_count_all(model, KIND_SUBPORT))
		subport = model_first(model, KIND_SUBPORT, SUBPORT_BY_PORT,
			uuid_format(object_id(port), id), NULL);
	if (subport)
		trunk = model_get_text(model, KIND_TRUNK, object_str(subport, SUBPORT_TRUNK_ID));
	return place_of(subport, trunk);
}

struct trunk_place trunk_place_before(const struct compilation *c, const struct object *port)
{
	const struct object *before = NULL, *any;
	bool made = false;
	char id[UUID_STRLEN];
	struct uuid trunk;

	uuid_format(object_id(port), id);
	for (unsigned i = 0; i < c->changes->n && !before; i++) {
		const struct change *change = &c->changes->changes[i];

		any = change->old ? change->old : change->new;
		if (change->kind != KIND_SUBPORT || strcmp(object_str(any, SUBPORT_PORT_ID), id))
			continue;
		before = change->old;
		made |= !before;
	}
	if (!before && !made)
		return trunk_place_of(c->model, port);
	if (!before || !object_uuid(before, SUBPORT_TRUNK_ID, &trunk))
		return (struct trunk_place){ 0 };
	return place_of(before, compile_old(c, KIND_TRUNK, &trunk));
}

void compile_subport(struct compilation *c, const struct change *change)
{
	const struct object *any = change->new ? change->new : change->old;
	const struct object *port =
		model_get_text(c->model, KIND_PORT, object_str(any, SUBPORT_PORT_ID));

	if (port)
		g_hash_table_add(c->touched, (gpointer)port);
}
