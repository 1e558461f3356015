/* SPDX-License-Identifier: Apache-2.0 */
/* A conntrack helper is in the scope of its router: every host that translates for it watches. */
#include "compile/compilation.h"
#include "compile/enumeration.h"
#include "compile/records.h"

#include "model/router/conntrack_helper.h"

void compile_conntrack_helper(struct compilation *c, const struct change *change)
{
	const struct object *any = change->new ? change->new : change->old;
	struct uuid router;
	char id[UUID_STRLEN];

	if (!object_uuid(any, CONNTRACK_HELPER_ROUTER_ID, &router))
		return;
	if (change->old)
		record_conntrack_helper(change->old, c->before);
	if (change->new)
		record_conntrack_helper(change->new, c->after);
	compile_difference(
		c, SCOPE_ROUTER, &router, "conntrack_helper", uuid_format(&change->id, id));
}

void give_conntrack_helpers(struct enumeration *e, const struct uuid *router)
{
	const struct object *helper;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, e->model, KIND_CONNTRACK_HELPER, CONNTRACK_HELPER_BY_ROUTER,
		uuid_format(router, id), NULL);
	while ((helper = model_iter_next(&iter))) {
		record_conntrack_helper(helper, e->text);
		enumeration_give(e, "conntrack_helper", uuid_format(object_id(helper), id));
	}
}
