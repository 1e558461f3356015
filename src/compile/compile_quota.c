/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas of connections are the hosts' to enforce, and any host may have a port of the project: so
 * all have those of all projects that have one, few as they are.
 */
#include "compile/compilation.h"
#include "compile/enumeration.h"
#include "compile/records.h"

#include <string.h>

#include "model/access/quota.h"

#define RECORD "connection-quota"

void record_connection_quota(const struct object *quota, GString *text)
{
	struct json_writer w = json_writer_on(text);

	if (strcmp(object_str(quota, QUOTA_RESOURCE), QUOTA_CONNECTION) != 0 ||
		object_int(quota, QUOTA_LIMIT) == QUOTA_UNLIMITED)
		return;
	jw_begin_object(&w);
	jw_member_string(&w, "project_id", object_str(quota, SLOT_PROJECT_ID));
	jw_member_int(&w, "limit", object_int(quota, QUOTA_LIMIT));
	jw_end_object(&w);
}

void compile_quota(struct compilation *c, const struct change *change)
{
	char id[UUID_STRLEN];

	if (change->old)
		record_connection_quota(change->old, c->before);
	if (change->new)
		record_connection_quota(change->new, c->after);
	compile_difference(c, SCOPE_CLOUD, &scope_cloud_id, RECORD, uuid_format(&change->id, id));
}

void give_connection_quotas(struct enumeration *e)
{
	const struct object *quota;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, e->model, KIND_QUOTA, QUOTA_BY_RESOURCE, QUOTA_CONNECTION, NULL);
	while ((quota = model_iter_next(&iter))) {
		record_connection_quota(quota, e->text);
		if (e->text->len)
			enumeration_give(e, RECORD, uuid_format(object_id(quota), id));
	}
}
