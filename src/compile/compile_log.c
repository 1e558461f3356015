/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs are few, and any host may have a port that one is about, today or tomorrow: so all hosts
 * have all that are enabled, and each finds out by itself which of its ports they concern.
 */
#include "compile/compilation.h"
#include "compile/records.h"

#include "model/firewall/network_log.h"

const struct uuid scope_cloud_id;

static void member_given(
	struct json_writer *w, const char *key, const struct object *log, unsigned slot)
{
	if (!object_is_null(log, slot))
		jw_member_string(w, key, object_str(log, slot));
}

void record_log(const struct object *log, GString *text)
{
	struct json_writer w = json_writer_on(text);

	if (!object_bool(log, NETWORK_LOG_ENABLED))
		return;
	jw_begin_object(&w);
	jw_member_string(&w, "name", object_str(log, SLOT_NAME));
	jw_member_string(&w, "project_id", object_str(log, SLOT_PROJECT_ID));
	jw_member_string(&w, "event", object_str(log, NETWORK_LOG_EVENT));
	jw_member_string(&w, "resource_type", object_str(log, NETWORK_LOG_RESOURCE_TYPE));
	member_given(&w, "resource_id", log, NETWORK_LOG_RESOURCE_ID);
	member_given(&w, "target_id", log, NETWORK_LOG_TARGET_ID);
	jw_end_object(&w);
}

void compile_log(struct compilation *c, const struct change *change)
{
	char id[UUID_STRLEN];

	if (change->old)
		record_log(change->old, c->before);
	if (change->new)
		record_log(change->new, c->after);
	compile_difference(c, SCOPE_CLOUD, &scope_cloud_id, "log", uuid_format(&change->id, id));
}
