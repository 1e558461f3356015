/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ops/ops.h"

#define FRAME_LIMIT 9216

static bool parse_hex(const char *text, GByteArray **ret, GError **error)
{
	g_autoptr(GByteArray) frame = g_byte_array_new();

	while (*text) {
		int high = g_ascii_xdigit_value(text[0]);
		int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);

		if (low < 0 || frame->len >= FRAME_LIMIT)
			return weft_fail(error, BAD_REQUEST,
				"\"packet\" must be an Ethernet frame in hexadecimal, at most %d bytes",
				FRAME_LIMIT);
		g_byte_array_append(frame, &(guint8){ (guint8)(high << 4 | low) }, 1);
		text += 2;
	}
	*ret = g_steal_pointer(&frame);
	return true;
}

static char *format_hex(const GByteArray *frame)
{
	GString *text = g_string_sized_new(frame->len * 2);

	for (guint i = 0; i < frame->len; i++)
		g_string_append_printf(text, "%02x", frame->data[i]);
	return g_string_free(text, FALSE);
}

/* From where the packet comes: a port's device, or an uplink. */
static bool find_source(struct agent *agent, const json_t *body, u32 *ret_ifindex,
	struct port **ret_port, GError **error)
{
	const char *device = json_string_value(json_object_get(body, "device"));
	const struct link *link = device ? plugs_find_link(agent->plugs, device) : NULL;

	if (device && g_strv_contains(agent->reconcile.uplinks, device)) {
		if (!link)
			return weft_fail(error, DEVICE_NOT_FOUND, "uplink %s is not there", device);
		*ret_ifindex = link->ifindex;
		*ret_port = NULL;
		return true;
	}
	if (!op_port(agent, body, ret_port, error))
		return false;
	*ret_ifindex = (*ret_port)->applied_ifindex;
	return *ret_ifindex || weft_fail(error, CONFLICT, "the port is not wired: %s",
				       (*ret_port)->reason ? (*ret_port)->reason : "not yet");
}

/* With "arrives" it comes from the underlay, at *ret_ifindex. */
static bool make_packet(struct agent *agent, const struct port *port, const json_t *body,
	GByteArray **ret, u32 *ret_ifindex, struct uuid *ret_to, GError **error)
{
	const char *packet = json_string_value(json_object_get(body, "packet"));
	const json_t *spec = json_object_get(body, "spec");

	if (packet)
		return parse_hex(packet, ret, error);
	if (spec && port && json_is_true(json_object_get(body, "arrives")))
		return trace_arrival(agent, port, spec, ret, ret_ifindex, error);
	if (spec && port)
		return trace_frame(agent->desired, port, spec, ret, ret_to, error);
	return weft_fail(error, BAD_REQUEST, "\"packet\" or, at a port, \"spec\" must be given");
}

bool op_trace(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	g_autoptr(GByteArray) frame = NULL;
	g_autoptr(GPtrArray) steps = NULL;
	struct port *port = NULL;
	struct uuid to = { 0 };
	u32 ifindex = 0;

	if (!find_source(agent, body, &ifindex, &port, error) ||
		!make_packet(agent, port, body, &frame, &ifindex, &to, error) ||
		!dp_trace(agent->dp, ifindex, frame->data, frame->len, &steps, error))
		return false;
	g_autofree char *hex = format_hex(frame);
	json_t *list = json_array();
	char id[UUID_STRLEN], to_id[UUID_STRLEN];

	for (guint i = 0; i < steps->len; i++)
		json_array_append_new(list, json_string(steps->pdata[i]));
	control_answer(
		request, json_pack("{s:s?,s:s?,s:I,s:s,s:o}", "port",
				 port ? uuid_format(&port->id, id) : NULL, "to_port",
				 uuid_is_zero(&to) ? NULL : uuid_format(&to, to_id), "ifindex",
				 (json_int_t)ifindex, "packet", hex, "steps", list));
	return true;
}
