/* SPDX-License-Identifier: Apache-2.0 */
/* An appliance is in the scope of the host that runs it, with all that it is told: nothing before
 * there is something. */
#include "compile/compilation.h"
#include "compile/enumeration.h"
#include "compile/records.h"

#include "model/provider/appliance.h"
#include "model/host/host.h"

static void record(const struct object *appliance, GString *text)
{
	struct json_writer w = json_writer_on(text);

	if (!*object_str(appliance, APPLIANCE_CONFIG))
		return;
	jw_begin_object(&w);
	jw_member_int(&w, "generation", object_int(appliance, APPLIANCE_GENERATION));
	jw_member_int(&w, "revision", object_int(appliance, APPLIANCE_REVISION));
	jw_member_int(&w, "cpu_percent", object_int(appliance, APPLIANCE_CPU_PERCENT));
	jw_member_int(&w, "memory_mib", object_int(appliance, APPLIANCE_MEMORY_MIB));
	if (object_choice(appliance, APPLIANCE_RUNTIME) == APPLIANCE_QEMU) {
		jw_member_string(
			&w, "machine_image", object_str(appliance, APPLIANCE_MACHINE_IMAGE));
		jw_member_int(&w, "vcpus", object_int(appliance, APPLIANCE_VCPUS));
	}
	jw_member_raw(&w, "nics", object_str(appliance, APPLIANCE_NICS));
	jw_member_raw(&w, "config", object_str(appliance, APPLIANCE_CONFIG));
	jw_end_object(&w);
}

/* Its host, of before or of after; one that is gone has no records any more. */
static const struct object *host_of(const struct compilation *c, const struct object *appliance)
{
	const char *name = appliance ? object_str(appliance, APPLIANCE_HOST) : "";

	return *name ? model_first(c->model, KIND_HOST, HOST_BY_NAME, name, NULL) : NULL;
}

void compile_appliance(struct compilation *c, const struct change *change)
{
	const struct object *from = host_of(c, change->old), *to = host_of(c, change->new);
	char id[UUID_STRLEN];

	uuid_format(&change->id, id);
	if (from) {
		record(change->old, c->before);
		if (from == to)
			record(change->new, c->after);
		compile_difference(c, SCOPE_HOST, object_id(from), "appliance", id);
	}
	if (to && to != from) {
		record(change->new, c->after);
		compile_difference(c, SCOPE_HOST, object_id(to), "appliance", id);
	}
}

void give_appliances(struct enumeration *e, const struct uuid *id)
{
	const struct object *host = model_get(e->model, KIND_HOST, id), *appliance;
	struct model_iter iter;
	char text[UUID_STRLEN];

	if (!host)
		return;
	model_iter_init(&iter, e->model, KIND_APPLIANCE, APPLIANCE_BY_HOST,
		object_str(host, SLOT_NAME), NULL);
	while ((appliance = model_iter_next(&iter))) {
		record(appliance, e->text);
		if (e->text->len)
			enumeration_give(e, "appliance", uuid_format(object_id(appliance), text));
	}
}
