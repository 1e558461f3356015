/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/notify/event.h"

#include "model/port/port.h"

struct giving {
	void (*give)(const char *event, gpointer data);
	gpointer data;
};

static bool is_guests(const struct object *port)
{
	return g_str_has_prefix(object_str(port, PORT_DEVICE_OWNER), "compute:") &&
	       *object_str(port, PORT_DEVICE_ID);
}

static bool is_active(const struct object *port)
{
	return port && object_choice(port, PORT_STATUS) == PORT_ACTIVE;
}

static void give(
	const struct giving *giving, const struct object *port, const char *name, bool completed)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	char id[UUID_STRLEN];

	jw_begin_object(&w);
	jw_member_string(&w, "name", name);
	jw_member_string(&w, "server_uuid", object_str(port, PORT_DEVICE_ID));
	jw_member_string(&w, "tag", uuid_format(object_id(port), id));
	if (completed)
		jw_member_string(&w, "status", "completed");
	jw_end_object(&w);
	giving->give(text->str, giving->data);
}

void event_of_change(const struct change *change, void (*give_cb)(const char *event, gpointer data),
	gpointer data)
{
	const struct giving giving = { give_cb, data };
	const struct object *old = change->old, *new = change->new;

	if (change->kind != KIND_PORT || !is_guests(new ? new : old))
		return;
	if (!new) {
		give(&giving, old, "network-vif-deleted", true);
		return;
	}
	if (old && !object_equal(old, new, PORT_FIXED_IPS))
		give(&giving, new, "network-changed", false);
	if (is_active(new) && !is_active(old))
		give(&giving, new, "network-vif-plugged", true);
	else if (is_active(old) && !is_active(new))
		give(&giving, new, "network-vif-unplugged", true);
}
