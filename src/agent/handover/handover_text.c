/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tracked connection as JSON, for the host that its guest has moved to:
 * {"protocol":6,"guest":"10.0.0.1","guest_port":80,"remote":"10.0.0.2","remote_port":40000,
 * "state":"connected","by_remote":true,"idle":3,"expects":1101,"window":255,"scale":7}.
 * Numbers that are 0 and what is false are left out.
 */
#include "agent/handover/handover.h"
#include "sync/fields.h"

static const char *const state_names[] = {
	[DP_CONNECTION_ESTABLISHED] = "established",
	[DP_CONNECTION_CONNECTED] = "connected",
	[DP_CONNECTION_HALF_CLOSED] = "half-closed",
	NULL,
};

static const struct {
	const char *name;
	u32 flag;
} flag_names[] = {
	{ "by_remote", DP_CONNECTION_BY_REMOTE },
	{ "closed_by_guest", DP_CONNECTION_FIN_LOCAL },
	{ "closed_by_remote", DP_CONNECTION_FIN_REMOTE },
	{ "beside", DP_CONNECTION_BESIDE },
};

#define PORT_MAX 65535
#define SCALE_MAX 14
#define IDLE_MAX 7440

static void set_number(json_t *json, const char *name, u32 value)
{
	if (value)
		json_object_set_new(json, name, json_integer((json_int_t)value));
}

json_t *handover_to_json(const struct dp_connection *connection)
{
	char guest[IP_STRLEN], remote[IP_STRLEN];
	json_t *json = json_pack("{s:i,s:s,s:s,s:s}", "protocol", (int)connection->proto, "guest",
		ip_format(&connection->guest, guest), "remote",
		ip_format(&connection->remote, remote), "state", state_names[connection->state]);

	set_number(json, "guest_port", connection->guest_port);
	set_number(json, "remote_port", connection->remote_port);
	set_number(json, "idle", MIN(connection->idle_s, IDLE_MAX));
	set_number(json, "expects", connection->expects);
	set_number(json, "window", connection->window);
	set_number(json, "scale", connection->window_scale);
	for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++)
		if (connection->flags & flag_names[i].flag)
			json_object_set_new(json, flag_names[i].name, json_true());
	return json;
}

static bool read_numbers(const json_t *json, struct dp_connection *ret, GError **error)
{
	s32 guest_port = 0, remote_port = 0, window = 0, scale = 0, idle = 0;
	const json_t *expects = json_object_get(json, "expects");
	json_int_t sequence = json_integer_value(expects);
	u32 proto;

	if (!field_uint(json, "protocol", 0, 255, &proto, error) ||
		!field_optional_uint(json, "guest_port", 0, PORT_MAX, &guest_port, error) ||
		!field_optional_uint(json, "remote_port", 0, PORT_MAX, &remote_port, error) ||
		!field_optional_uint(json, "window", 0, 255, &window, error) ||
		!field_optional_uint(json, "scale", 0, SCALE_MAX, &scale, error) ||
		!field_optional_uint(json, "idle", 0, IDLE_MAX, &idle, error))
		return false;
	if (expects && (!json_is_integer(expects) || sequence < 0 || sequence > UINT32_MAX))
		return weft_fail(error, BAD_REQUEST,
			"\"expects\" must be a sequence number from 0 to 4294967295");
	ret->proto = (u8)proto;
	ret->guest_port = (u16)guest_port;
	ret->remote_port = (u16)remote_port;
	ret->window = (u8)window;
	ret->window_scale = (u8)scale;
	ret->idle_s = (u32)idle;
	ret->expects = (u32)sequence;
	return true;
}

static bool read_state(const json_t *json, struct dp_connection *ret, GError **error)
{
	const char *state = state_names[DP_CONNECTION_ESTABLISHED];

	if (!field_optional_choice(json, "state", state_names, &state, error))
		return false;
	while (g_strcmp0(state_names[ret->state], state))
		ret->state++;
	for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
		bool set = false;

		if (!field_optional_bool(json, flag_names[i].name, &set, error))
			return false;
		ret->flags |= set ? flag_names[i].flag : 0;
	}
	return true;
}

bool handover_from_json(const json_t *json, struct dp_connection *ret, GError **error)
{
	struct dp_connection connection = { 0 };

	if (!json_is_object(json))
		return weft_fail(error, BAD_REQUEST, "a connection must be an object");
	if (!field_ip(json, "guest", &connection.guest, error) ||
		!field_ip(json, "remote", &connection.remote, error) ||
		!read_numbers(json, &connection, error) || !read_state(json, &connection, error))
		return false;
	if (connection.guest.family != connection.remote.family)
		return weft_fail(error, BAD_REQUEST,
			"\"guest\" and \"remote\" must be addresses of one family");
	*ret = connection;
	return true;
}
