/* SPDX-License-Identifier: Apache-2.0 */
/* What clients send in bodies, as the kinds' tables have it. */
#include <string.h>

#include "controller/identity/identity_impl.h"
#include "model/identity/catalog.h"

/* Values that clients send although they say nothing. */
static void drop_constants(enum kind_id kind, json_t *inner)
{
	static const char *const nullable[] = { "parent_id", "domain_id", "project_id",
		"description", "default_project_id", "password", "parent_region_id", "region",
		"region_id", "user_id" };

	if (json_is_false(json_object_get(inner, "is_domain")))
		json_object_del(inner, "is_domain");
	if (kind == KIND_REGION && json_is_true(json_object_get(inner, "enabled")))
		json_object_del(inner, "enabled");
	for (unsigned i = 0; i < G_N_ELEMENTS(nullable); i++)
		if (json_is_null(json_object_get(inner, nullable[i])))
			json_object_del(inner, nullable[i]);
}

/* Where a new one is that names no domain: that of its parent, of the token, the default one. */
static const char *home_of(const struct visit *visit, json_t *inner, char buf[static UUID_STRLEN])
{
	const struct model *model = visit->identity->model;
	const char *parent = json_string_value(json_object_get(inner, "parent_id"));
	const struct object *project = parent ? model_get_text(model, KIND_PROJECT, parent) : NULL;
	const struct object *domain = find_domain(model, &(struct domain_ref){ .id = parent });

	if (project)
		return object_str(project, PROJECT_DOMAIN_ID);
	if (!domain)
		domain = reach_domain(visit);
	return uuid_format(domain ? object_id(domain) : &default_domain_id, buf);
}

/* "default" is the id of a domain. A domain is no parent that is kept. */
static void settle_domain(const struct visit *visit, enum body_of of, json_t *inner)
{
	const char *parent = json_string_value(json_object_get(inner, "parent_id"));
	enum kind_id kind = visit->call.kind->id;
	bool at_home = kind == KIND_PROJECT || kind == KIND_USER || kind == KIND_GROUP;
	char id[UUID_STRLEN];

	if (!g_strcmp0(json_string_value(json_object_get(inner, "domain_id")), "default"))
		json_object_set_new(
			inner, "domain_id", json_string(uuid_format(&default_domain_id, id)));
	else if (at_home && of == BODY_OF_NEW && !json_object_get(inner, "domain_id"))
		json_object_set_new(inner, "domain_id", json_string(home_of(visit, inner, id)));
	if (parent &&
		(!strcmp(parent, "default") ||
			!g_strcmp0(parent, json_string_value(json_object_get(inner, "domain_id")))))
		json_object_del(inner, "parent_id");
}

/* A region's name is called its id; one that is not given is made. */
static void settle_region(enum body_of of, json_t *inner)
{
	json_t *id = json_object_get(inner, "id");
	struct uuid random = uuid_random();
	char text[UUID_STRLEN];

	if (id && !json_is_null(id))
		json_object_set(inner, "name", id);
	else if (of == BODY_OF_NEW)
		json_object_set_new(inner, "name", json_string(uuid_format(&random, text)));
	json_object_del(inner, "id");
}

void body_settle(const struct visit *visit, enum body_of of, json_t *inner)
{
	char id[UUID_STRLEN];

	drop_constants(visit->call.kind->id, inner);
	settle_domain(visit, of, inner);
	if (visit->call.kind->id == KIND_CREDENTIAL && of == BODY_OF_NEW &&
		!json_object_get(inner, "user_id") && visit->subject.user)
		json_object_set_new(
			inner, "user_id", json_string(uuid_format(&visit->subject.token.user, id)));
	if (visit->call.kind->id == KIND_REGION)
		settle_region(of, inner);
}

/* An endpoint may name its region by the older word `region`, and then it need not be there yet. */
bool body_take_region(struct txn *txn, json_t *inner, GError **error)
{
	const char *region = json_string_value(json_object_get(inner, "region"));
	struct object *draft;

	if (!region)
		return true;
	if (!region_check(txn, region, NULL)) {
		draft = object_new(&region_kind, NULL);
		object_set_str(draft, SLOT_NAME, region);
		if (!txn_put(txn, draft, error))
			return false;
	}
	json_object_set_new(inner, "region_id", json_string(region));
	json_object_del(inner, "region");
	return true;
}

bool time_to_come(json_t *value, const char *name, s64 *ret, GError **error)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = NULL;

	if (json_is_string(value))
		time = g_date_time_new_from_iso8601(json_string_value(value), utc);
	if (!time || g_date_time_to_unix(time) <= g_get_real_time() / G_USEC_PER_SEC)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: give a time to come, like 2030-01-31T12:00:00Z.",
			name);
	*ret = g_date_time_to_unix(time);
	return true;
}
