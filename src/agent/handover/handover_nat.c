/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A translated connection as JSON, for the host that its guest has moved to:
 * {"router_id":…,"protocol":6,"guest":"10.0.0.1","guest_port":40000,"remote":"198.51.100.7",
 * "remote_port":80,"address":"203.0.113.10","port":33000,"replied":true,"idle":3}.
 * Numbers that are 0 and what is false are left out.
 */
#include "agent/handover/handover.h"
#include "agent/reconcile/snat.h"
#include "sync/fields.h"

#define PORT_MAX 65535
#define IDLE_MAX 7440

static const struct {
	const char *name;
	u8 flag;
} flag_names[] = {
	{ "replied", DP_TRANSLATION_REPLIED },
	{ "closed_by_guest", DP_TRANSLATION_FIN_OUT },
	{ "closed_by_remote", DP_TRANSLATION_FIN_IN },
};

bool handover_is_translation(const json_t *json)
{
	return json_object_get(json, "router_id");
}

static void set_number(json_t *json, const char *name, u32 value)
{
	if (value)
		json_object_set_new(json, name, json_integer((json_int_t)value));
}

json_t *handover_translation_to_json(const struct uuid *router, const struct dp_translation *t)
{
	char id[UUID_STRLEN], guest[IP_STRLEN], remote[IP_STRLEN], address[IP_STRLEN];
	json_t *json = json_pack("{s:s,s:i,s:s,s:s,s:s}", "router_id", uuid_format(router, id),
		"protocol", (int)t->proto, "guest", ip_format(&t->guest, guest), "remote",
		ip_format(&t->remote, remote), "address", ip_format(&t->address, address));

	set_number(json, "guest_port", t->guest_port);
	set_number(json, "remote_port", t->remote_port);
	set_number(json, "port", t->port);
	set_number(json, "idle", MIN(t->idle_s, IDLE_MAX));
	for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++)
		if (t->flags & flag_names[i].flag)
			json_object_set_new(json, flag_names[i].name, json_true());
	return json;
}

static bool read_numbers(const json_t *json, struct dp_translation *ret, GError **error)
{
	s32 guest_port = 0, remote_port = 0, port = 0, idle = 0;
	u32 proto;

	if (!field_uint(json, "protocol", 0, 255, &proto, error) ||
		!field_optional_uint(json, "guest_port", 0, PORT_MAX, &guest_port, error) ||
		!field_optional_uint(json, "remote_port", 0, PORT_MAX, &remote_port, error) ||
		!field_optional_uint(json, "port", 0, PORT_MAX, &port, error) ||
		!field_optional_uint(json, "idle", 0, IDLE_MAX, &idle, error))
		return false;
	ret->proto = (u8)proto;
	ret->guest_port = (u16)guest_port;
	ret->remote_port = (u16)remote_port;
	ret->port = (u16)port;
	ret->idle_s = (u32)idle;
	return true;
}

static bool read_flags(const json_t *json, struct dp_translation *ret, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
		bool set = false;

		if (!field_optional_bool(json, flag_names[i].name, &set, error))
			return false;
		ret->flags |= set ? flag_names[i].flag : 0;
	}
	return true;
}

bool handover_translation_from_json(const json_t *json, struct dp_translation *ret, GError **error)
{
	struct dp_translation t = { 0 };
	struct uuid router;

	if (!field_uuid(json, "router_id", &router, error) ||
		!field_ip(json, "guest", &t.guest, error) ||
		!field_ip(json, "remote", &t.remote, error) ||
		!field_ip(json, "address", &t.address, error) || !read_numbers(json, &t, error) ||
		!read_flags(json, &t, error))
		return false;
	if (t.guest.family != 4 || t.remote.family != 4 || t.address.family != 4)
		return weft_fail(error, BAD_REQUEST,
			"\"guest\", \"remote\" and \"address\" must be IPv4 addresses");
	t.router = router_number(&router);
	*ret = t;
	return true;
}

struct taking {
	const struct uuid *router;
	handover_translation_fn fn;
	void *data;
};

static void take(const struct dp_translation *translation, void *data)
{
	const struct taking *taking = data;

	taking->fn(taking->router, translation, taking->data);
}

/* By its endpoint: the port's own record may have gone. */
void handover_translations(struct dp *dp, const struct desired *desired, const struct port *port,
	handover_translation_fn fn, void *data)
{
	const struct endpoint *endpoint = desired_endpoint(desired, &port->id);

	for (guint i = 0;
		endpoint && endpoint->member && i < endpoint->member->network->interfaces->len;
		i++) {
		const struct interface *interface = endpoint->member->network->interfaces->pdata[i];
		const struct router *router = interface->router;
		struct taking taking = { &router->id, fn, data };

		if (!router->gateway || !snat_is_shared(&router->gateway->record))
			continue;
		for (u16 c = 0; c < endpoint->n_claims; c++) {
			struct ip ip = { .family = 4 };

			if (endpoint->claims[c].origin != CLAIM_OWN ||
				endpoint->claims[c].address.type != 4)
				continue;
			memcpy(ip.b, endpoint->claims[c].address.b, 4);
			dp_translations_each(dp, router_number(&router->id), &ip, take, &taking);
		}
	}
}
