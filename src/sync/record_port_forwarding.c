/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/fields.h"

static const char *const protocols[] = { "tcp", "udp", NULL };

/* Both ends of a range of ports. */
static bool field_ports(const json_t *data, const char *first, const char *last, u16 *ret_first,
	u16 *ret_last, GError **error)
{
	u32 from, to;

	if (!field_uint(data, first, 1, 65535, &from, error) ||
		!field_uint(data, last, from, 65535, &to, error))
		return false;
	*ret_first = (u16)from;
	*ret_last = (u16)to;
	return true;
}

static bool check_port_forwarding(const struct record_port_forwarding *f, GError **error)
{
	if (f->external.family != 4 || f->internal.family != 4)
		return weft_fail(error, BAD_REQUEST,
			"floating_ip_address and internal_ip_address must be of IPv4");
	return f->internal_first == f->internal_last ||
	       f->internal_last - f->internal_first == f->external_last - f->external_first ||
	       weft_fail(error, BAD_REQUEST,
		       "internal_port_last must make as many ports as outside, or one");
}

bool decode_port_forwarding(const json_t *data, struct record *ret, GError **error)
{
	struct record_port_forwarding *f = &ret->port_forwarding;
	const char *protocol = protocols[0];

	if (!field_uuid(data, "router_id", &f->router_id, error) ||
		!field_uuid(data, "floating_ip_id", &f->floating_ip_id, error) ||
		!field_ip(data, "floating_ip_address", &f->external, error) ||
		!field_ip(data, "internal_ip_address", &f->internal, error) ||
		!field_optional_choice(data, "protocol", protocols, &protocol, error) ||
		!field_ports(data, "external_port_first", "external_port_last", &f->external_first,
			&f->external_last, error) ||
		!field_ports(data, "internal_port_first", "internal_port_last", &f->internal_first,
			&f->internal_last, error) ||
		!field_optional_qos(data, &f->qos, error))
		return false;
	f->udp = protocol == protocols[1];
	return check_port_forwarding(f, error);
}

bool decode_conntrack_helper(const json_t *data, struct record *ret, GError **error)
{
	struct record_conntrack_helper *helper = &ret->conntrack_helper;
	const char *protocol = protocols[0];
	u32 port;

	if (!field_uuid(data, "router_id", &helper->router_id, error) ||
		!field_optional_choice(data, "protocol", protocols, &protocol, error) ||
		!field_uint(data, "port", 1, 65535, &port, error) ||
		!field_optional_string(data, "helper", &helper->helper, error))
		return false;
	helper->udp = protocol == protocols[1];
	helper->port = (u16)port;
	return helper->helper || weft_fail(error, BAD_REQUEST, "helper must say which one");
}

void clear_conntrack_helper(struct record *record)
{
	g_free(record->conntrack_helper.helper);
}
