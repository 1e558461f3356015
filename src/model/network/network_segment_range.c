/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/network_segment_range.h"

#include <string.h>

#include "model/host/host.h"
#include "model/network/network.h"
#include "model/network/provider.h"
#include "model/network/segment_space.h"
#include "model/standard.h"

/* Those of provider_types, and what no network is here. */
static const char *const types[] = { "geneve", "vxlan", "vlan", "gre", NULL };
enum { TYPE_GRE = PROVIDER_VLAN + 1 };

static const struct attr number_attr = { .name = "segmentation_id", .type = TYPE_INT };

static const struct attr attrs[N_RANGE_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	[SLOT_PROJECT_ID] = { .name = "project_id",
		.alias = "tenant_id",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "Whose networks get numbers of it; null: it is shared." },
	[RANGE_DEFAULT] = { .name = "default",
		.type = TYPE_BOOL,
		.fallback = "false",
		.doc = "It is weft's own, not to be changed." },
	[RANGE_SHARED] = { .name = "shared",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE,
		.fallback = "true",
		.doc = "Projects without a range of their own, or nothing left in it, get numbers of it." },
	[RANGE_TYPE] = { .name = "network_type",
		.type = TYPE_ENUM,
		.choices = types,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "What has the numbers; no network is of gre." },
	[RANGE_PHYSICAL] = { .name = "physical_network",
		.type = TYPE_STRING,
		.max = PHYSICAL_NETWORK_MAX,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "Of vlan: whose VLANs they are." },
	[RANGE_MINIMUM] = { .name = "minimum",
		.type = TYPE_INT,
		.min = 1,
		.max = G_MAXUINT32,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.doc = "The first number." },
	[RANGE_MAXIMUM] = { .name = "maximum",
		.type = TYPE_INT,
		.min = 1,
		.max = G_MAXUINT32,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.doc = "The last number." },
	[RANGE_USED] = { .name = "used",
		.type = TYPE_OBJECT,
		.flags = ATTR_COMPUTED,
		.doc = "Numbers that networks have, with their projects." },
	[RANGE_AVAILABLE] = { .name = "available",
		.type = TYPE_LIST,
		.item = &number_attr,
		.max = RANGE_AVAILABLE_MAX,
		.flags = ATTR_COMPUTED,
		.doc = "Numbers that are free: the first 10000 of them." },
};

static bool is_overlay(int type)
{
	return type != PROVIDER_VLAN;
}

static void space_keys(const struct object *range, struct key_sink *sink)
{
	if (object_bool(range, RANGE_DEFAULT))
		return;
	if (is_overlay(object_choice(range, RANGE_TYPE)))
		index_add(sink, (const char *const[]){ "overlay" }, 1);
	else
		index_add(sink, (const char *const[]){ "vlan", object_str(range, RANGE_PHYSICAL) },
			2);
}

static void default_keys(const struct object *range, struct key_sink *sink)
{
	if (object_bool(range, RANGE_DEFAULT))
		index_add(sink,
			(const char *const[]){ object_str(range, RANGE_TYPE),
				object_str(range, RANGE_PHYSICAL) ?: "" },
			2);
}

static const struct index indexes[N_RANGE_INDEXES] = {
	[RANGE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[RANGE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[RANGE_BY_PHYSICAL] = { .name = "physical network", .slots = { RANGE_PHYSICAL } },
	[RANGE_BY_SPACE] = { .name = "space", .keys = space_keys, .depends_on = RANGE_TYPE },
	[RANGE_BY_DEFAULT] = { .name = "default",
		.keys = default_keys,
		.depends_on = RANGE_DEFAULT },
};

void ranges_iter_init(struct txn_iter *iter, const struct txn *txn, int type, const char *physical)
{
	if (is_overlay(type))
		txn_iter_init(
			iter, txn, KIND_NETWORK_SEGMENT_RANGE, RANGE_BY_SPACE, "overlay", NULL);
	else
		txn_iter_init(iter, txn, KIND_NETWORK_SEGMENT_RANGE, RANGE_BY_SPACE, "vlan",
			physical, NULL);
}

static bool check_type(const struct object *draft, GError **error)
{
	const char *physical = object_str(draft, RANGE_PHYSICAL);
	int type = object_choice(draft, RANGE_TYPE);

	if (type == TYPE_GRE)
		return weft_fail(error, RANGE_TYPE_NOT_SUPPORTED,
			"Network type gre does not support network segment ranges: geneve, vxlan and vlan do.");
	if (type == PROVIDER_VLAN && (!physical || !*physical))
		return weft_fail(error, BAD_REQUEST,
			"Network type vlan requires 'physical_network' to be specified while creating new range.");
	return type == PROVIDER_VLAN || !physical ||
	       weft_fail(error, BAD_REQUEST,
		       "Invalid input for physical_network: a %s network is of none; leave it out.",
		       object_str(draft, RANGE_TYPE));
}

static bool check_numbers(const struct object *draft, GError **error)
{
	s64 first = object_int(draft, RANGE_MINIMUM), last = object_int(draft, RANGE_MAXIMUM);
	s64 most = is_overlay(object_choice(draft, RANGE_TYPE)) ? VNI_LAST : VLAN_LAST;

	return (first <= last && last <= most) ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for minimum and maximum: %" G_GINT64_FORMAT
		       " to %" G_GINT64_FORMAT
		       " is no range of %s networks; it begins before it ends, in 1 to %" G_GINT64_FORMAT
		       ".",
		       first, last, object_str(draft, RANGE_TYPE), most);
}

static bool check_overlap(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *other;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	ranges_iter_init(
		&iter, txn, object_choice(draft, RANGE_TYPE), object_str(draft, RANGE_PHYSICAL));
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(draft)) &&
			object_int(other, RANGE_MINIMUM) <= object_int(draft, RANGE_MAXIMUM) &&
			object_int(draft, RANGE_MINIMUM) <= object_int(other, RANGE_MAXIMUM))
			return weft_fail(error, RANGE_OVERLAPS,
				"Network segment range overlaps with range(s) with id %s: it has %" G_GINT64_FORMAT
				" to %" G_GINT64_FORMAT ".",
				uuid_format(object_id(other), id), object_int(other, RANGE_MINIMUM),
				object_int(other, RANGE_MAXIMUM));
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const char *project = object_str(draft, SLOT_PROJECT_ID);

	if (object_bool(draft, RANGE_SHARED))
		object_set_null(draft, SLOT_PROJECT_ID);
	else if (!project || !*project)
		return weft_fail(error, BAD_REQUEST,
			"A range that is not shared is a project's; give its project_id.");
	return check_type(draft, error) && check_numbers(draft, error) &&
	       check_overlap(txn, draft, error);
}

static bool check_own(const struct object *range, GError **error)
{
	char id[UUID_STRLEN];

	return !object_bool(range, RANGE_DEFAULT) ||
	       weft_fail(error, RANGE_READ_ONLY,
		       "Network Segment Range %s is a default segment range which could not be updated or deleted.",
		       uuid_format(object_id(range), id));
}

/* Has a network one of the numbers first…last of the range's type? */
static bool is_used(const struct model *model, const struct object *range, s64 first, s64 last)
{
	struct segment_numbers numbers = segment_numbers_of(model, object_choice(range, RANGE_TYPE),
		object_str(range, RANGE_PHYSICAL), first, last);

	return segment_numbers_next_used(&numbers);
}

static bool check_unused(
	const struct model *model, const struct object *range, s64 first, s64 last, GError **error)
{
	char id[UUID_STRLEN];

	return !is_used(model, range, first, last) ||
	       weft_fail(error, RANGE_IN_USE,
		       "Network Segment Range %s is referenced by one or more tenant networks, which have numbers of %" G_GINT64_FORMAT
		       " to %" G_GINT64_FORMAT ".",
		       uuid_format(object_id(range), id), first, last);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	s64 first = object_int(draft, RANGE_MINIMUM), last = object_int(draft, RANGE_MAXIMUM);
	const struct model *model = txn_model(txn);

	return check_own(old, error) && check_numbers(draft, error) &&
	       check_overlap(txn, draft, error) &&
	       check_unused(model, old, object_int(old, RANGE_MINIMUM),
		       MIN(first - 1, object_int(old, RANGE_MAXIMUM)), error) &&
	       check_unused(model, old, MAX(last + 1, object_int(old, RANGE_MINIMUM)),
		       object_int(old, RANGE_MAXIMUM), error);
}

/* Default ranges are deleted by weftd alone, with what they are of. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	if (txn_caller(txn)->role == CALLER_SYSTEM)
		return true;
	return check_own(old, error) &&
	       check_unused(txn_model(txn), old, object_int(old, RANGE_MINIMUM),
		       object_int(old, RANGE_MAXIMUM), error);
}

static void write_used(
	const struct model *model, struct segment_numbers *numbers, struct json_writer *w)
{
	const struct object *segment, *network;
	char number[24];

	jw_begin_object(w);
	while ((segment = segment_numbers_next_used(numbers))) {
		network = model_get_text(
			model, KIND_NETWORK, object_str(segment, SEGMENT_NETWORK_ID));
		g_snprintf(number, sizeof(number), "%" G_GINT64_FORMAT,
			object_int(segment, SEGMENT_NUMBER));
		jw_member_string(w, number, object_str(network, SLOT_PROJECT_ID));
	}
	jw_end_object(w);
}

static void compute(
	const struct model *model, const struct object *range, unsigned slot, struct json_writer *w)
{
	struct segment_numbers numbers = segment_numbers_of(model, object_choice(range, RANGE_TYPE),
		object_str(range, RANGE_PHYSICAL), object_int(range, RANGE_MINIMUM),
		object_int(range, RANGE_MAXIMUM));
	s64 number;

	if (slot == RANGE_USED)
		return write_used(model, &numbers, w);
	jw_begin_array(w);
	for (unsigned n = 0;
		n < RANGE_AVAILABLE_MAX && segment_numbers_next_free(&numbers, &number); n++)
		jw_int(w, number);
	jw_end_array(w);
}

const struct kind network_segment_range_kind = {
	.id = KIND_NETWORK_SEGMENT_RANGE,
	.singular = "network_segment_range",
	.collection = "network_segment_ranges",
	.command = "network segment range",
	.path = "/v2.0/network_segment_ranges",
	.doc = "Numbers for segments of new networks, of a project or shared.",
	.flags = KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_RANGE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_RANGE_INDEXES,
	.not_found = WEFT_ERROR_RANGE_NOT_FOUND,
	.in_use = WEFT_ERROR_RANGE_IN_USE,
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.on_delete = on_delete,
		.compute = compute },
};

static const struct object *find_default(
	struct txn *txn, enum provider_type type, const char *physical)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_NETWORK_SEGMENT_RANGE, RANGE_BY_DEFAULT, types[type],
		physical ?: "", NULL);
	return txn_iter_next(&iter);
}

static bool need_default(
	struct txn *txn, enum provider_type type, const char *physical, GError **error)
{
	struct object *draft;

	if (find_default(txn, type, physical))
		return true;
	draft = object_new(&network_segment_range_kind, NULL);
	object_set_bool(draft, RANGE_DEFAULT, true);
	object_set_choice(draft, RANGE_TYPE, (int)type);
	object_set_str(draft, RANGE_PHYSICAL, physical);
	object_set_int(
		draft, RANGE_MINIMUM, is_overlay((int)type) ? NETWORK_VNI_FIRST : VLAN_FIRST);
	object_set_int(draft, RANGE_MAXIMUM, is_overlay((int)type) ? NETWORK_VNI_LAST : VLAN_LAST);
	return txn_put(txn, draft, error);
}

/* The default range of a physical network that @host leaves, unless another host is on it, goes. */
static bool leave(struct txn *txn, const struct object *host, const char *physical, GError **error)
{
	const struct object *range = find_default(txn, PROVIDER_VLAN, physical), *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_HOST, HOST_BY_PHYSICAL, physical, NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(host)))
			return true;
	return !range || txn_remove_own(txn, range, error);
}

bool ranges_seed(struct txn *txn, GError **error)
{
	return need_default(txn, PROVIDER_GENEVE, NULL, error) &&
	       need_default(txn, PROVIDER_VXLAN, NULL, error);
}

bool ranges_follow_host(
	struct txn *txn, const struct object *old, const struct object *new, GError **error)
{
	json_t *before = old ? object_json(old, HOST_BRIDGE_MAPPINGS) : json_object();
	json_t *after = new ? object_json(new, HOST_BRIDGE_MAPPINGS) : json_object(), *device;
	const char *physical;
	bool ok = true;

	json_object_foreach(after, physical, device)
		ok = ok && need_default(txn, PROVIDER_VLAN, physical, error);
	json_object_foreach(before, physical, device)
		if (!json_object_get(after, physical))
			ok = ok && leave(txn, old, physical, error);
	json_decref(before);
	json_decref(after);
	return ok;
}
