/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of port forwardings: ranges, what collides, and what goes with a port's address. */
#include <string.h>

#include "model/port/port.h"
#include "model/router/port_forwarding_parts.h"

/* The two attributes of one side. */
struct side {
	unsigned port, range;
};
static const struct side external = { PORT_FORWARDING_EXTERNAL_PORT,
	PORT_FORWARDING_EXTERNAL_RANGE };
static const struct side internal = { PORT_FORWARDING_INTERNAL_PORT,
	PORT_FORWARDING_INTERNAL_RANGE };

bool port_range_parse(const char *text, struct port_range *ret)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 3);
	unsigned n = g_strv_length(parts);
	guint64 first, last;

	if (n < 1 || n > 2 || !g_ascii_string_to_unsigned(parts[0], 10, 1, 65535, &first, NULL) ||
		!g_ascii_string_to_unsigned(parts[n - 1], 10, first, 65535, &last, NULL))
		return false;
	*ret = (struct port_range){ (unsigned)first, (unsigned)last };
	return true;
}

static char *format(const struct port_range *range)
{
	return g_strdup_printf("%u:%u", range->first, range->last);
}

bool port_range_convert(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	g_autofree char *number = json_is_integer(value) ? g_strdup_printf("%" JSON_INTEGER_FORMAT,
								   json_integer_value(value))
							 : NULL;
	const char *text = number ?: json_string_value(value);
	struct port_range range;

	(void)attr;
	if (!text || !port_range_parse(text, &range))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: it is no port or range of ports, like \"80\" or \"8000:8010\" (1 to 65535, the first one first).",
			path);
	*ret = format(&range);
	return true;
}

static bool range_of(const struct object *object, const struct side *side, struct port_range *ret)
{
	const char *text = object_str(object, side->range);

	return text && port_range_parse(text, ret);
}

static bool set_range(struct object *draft, const struct side *side, GError **error)
{
	const char *port_name = kind_attr(&port_forwarding_kind, side->port)->name;
	const char *range_name = kind_attr(&port_forwarding_kind, side->range)->name;
	bool port_given =
		object_given(draft) & SLOT_BIT(side->port) && !object_is_null(draft, side->port);
	bool range_given =
		object_given(draft) & SLOT_BIT(side->range) && !object_is_null(draft, side->range);
	unsigned port = (unsigned)object_int(draft, side->port);
	struct port_range range = { port, port };
	g_autofree char *text = NULL;

	if ((range_given || !port_given) && !range_of(draft, side, &range))
		return weft_fail(error, BAD_REQUEST,
			"Neither %s nor %s is given: a port forwarding needs one of them.",
			port_name, range_name);
	if (port_given && (range.first != port || range.last != port))
		return weft_fail(error, BAD_REQUEST,
			"%s %u and %s %u:%u contradict each other: give one of them.", port_name,
			port, range_name, range.first, range.last);
	text = format(&range);
	object_set_str(draft, side->range, text);
	if (range.first == range.last)
		object_set_int(draft, side->port, range.first);
	else
		object_set_null(draft, side->port);
	return true;
}

bool port_forwarding_set_ranges(struct object *draft, GError **error)
{
	struct port_range outside, inside;

	if (!set_range(draft, &external, error) || !set_range(draft, &internal, error))
		return false;
	range_of(draft, &external, &outside);
	range_of(draft, &internal, &inside);
	if (inside.first == inside.last ||
		inside.last - inside.first == outside.last - outside.first)
		return true;
	return weft_fail(error, BAD_REQUEST,
		"Invalid ranges of internal and/or external ports: %u:%u and %u:%u; as many internal ports as external ones are needed, or one.",
		inside.first, inside.last, outside.first, outside.last);
}

static bool collide(const struct object *a, const struct object *b, const struct side *side)
{
	struct port_range one, other;

	return range_of(a, side, &one) && range_of(b, side, &other) &&
	       port_ranges_overlap(&one, &other);
}

static bool fail_collision(const struct object *draft, const struct object *other,
	const struct side *side, GError **error)
{
	char id[UUID_STRLEN];

	return weft_fail(error, BAD_REQUEST,
		"There is a port collision with the %s: %s and %s of port forwarding %s, with the same protocol.",
		kind_attr(&port_forwarding_kind, side->range)->name, object_str(draft, side->range),
		object_str(other, side->range), uuid_format(object_id(other), id));
}

static bool check_side(struct txn *txn, const struct object *draft, unsigned index, unsigned slot,
	const struct side *side, GError **error)
{
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT_FORWARDING, index, object_str(draft, slot), NULL);
	while ((other = txn_iter_next(&iter))) {
		bool same_target = side == &external ||
				   object_equal(draft, other, PORT_FORWARDING_INTERNAL_IP);

		if (!uuid_equal(object_id(other), object_id(draft)) && same_target &&
			object_equal(draft, other, PORT_FORWARDING_PROTOCOL) &&
			collide(draft, other, side))
			return fail_collision(draft, other, side, error);
	}
	return true;
}

bool port_forwarding_check_collisions(struct txn *txn, const struct object *draft, GError **error)
{
	return check_side(txn, draft, PORT_FORWARDING_BY_FLOATING_IP,
		       PORT_FORWARDING_FLOATING_IP_ID, &external, error) &&
	       check_side(txn, draft, PORT_FORWARDING_BY_PORT, PORT_FORWARDING_INTERNAL_PORT_ID,
		       &internal, error);
}

const struct object *port_forwarding_of(
	struct txn *txn, enum port_forwarding_index index, const struct object *object)
{
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(
		&iter, txn, KIND_PORT_FORWARDING, index, uuid_format(object_id(object), id), NULL);
	return txn_iter_next(&iter);
}

bool port_forwarding_needs(struct txn *txn, const struct object *floating_ip, const char *subnet_id)
{
	const struct object *object;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT_FORWARDING, PORT_FORWARDING_BY_FLOATING_IP,
		uuid_format(object_id(floating_ip), id), NULL);
	while ((object = txn_iter_next(&iter))) {
		const struct object *port = txn_get_text(
			txn, KIND_PORT, object_str(object, PORT_FORWARDING_INTERNAL_PORT_ID));
		const char *ip = object_str(object, PORT_FORWARDING_INTERNAL_IP);

		if (port && !g_strcmp0(port_subnet_of(port, ip, id), subnet_id))
			return true;
	}
	return false;
}

bool port_forwarding_follow_port(struct txn *txn, const struct object *draft, GError **error)
{
	g_autoptr(GPtrArray) lost = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *object;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT_FORWARDING, PORT_FORWARDING_BY_PORT,
		uuid_format(object_id(draft), id), NULL);
	while ((object = txn_iter_next(&iter)))
		if (!port_subnet_of(draft, object_str(object, PORT_FORWARDING_INTERNAL_IP), id))
			g_ptr_array_add(lost, object_ref(object));
	for (guint i = 0; i < lost->len; i++)
		if (!txn_remove(txn, lost->pdata[i], error))
			return false;
	return true;
}

static void write_port(const struct object *object, const struct side *side, struct json_writer *w)
{
	if (!object_is_null(object, side->port))
		jw_member_int(w, kind_attr(&port_forwarding_kind, side->port)->name,
			object_int(object, side->port));
	jw_member_string(w, kind_attr(&port_forwarding_kind, side->range)->name,
		object_str(object, side->range));
}

void port_forwarding_write_all(
	const struct model *model, const struct object *floating_ip, struct json_writer *w)
{
	const struct object *object;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_PORT_FORWARDING, PORT_FORWARDING_BY_FLOATING_IP,
		uuid_format(object_id(floating_ip), id), NULL);
	while ((object = model_iter_next(&iter))) {
		jw_begin_object(w);
		jw_member_string(w, "id", uuid_format(object_id(object), id));
		jw_member_string(w, "protocol", object_str(object, PORT_FORWARDING_PROTOCOL));
		write_port(object, &external, w);
		write_port(object, &internal, w);
		jw_member_string(
			w, "internal_ip_address", object_str(object, PORT_FORWARDING_INTERNAL_IP));
		jw_member_string(w, "internal_port_id",
			object_str(object, PORT_FORWARDING_INTERNAL_PORT_ID));
		jw_end_object(w);
	}
	jw_end_array(w);
}
