/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which role where, by path: …/PLACE/ID/users|groups/ID/roles[/ID], where PLACE/ID is
 * projects/ID, domains/ID or system; and below OS-INHERIT, with inherited_to_projects at the end,
 * the roles that are for the projects below.
 */
#include <string.h>

#include "controller/identity/identity_impl.h"

/* What a path says. */
struct grant {
	const struct object *actor; /* user or group */
	const struct object *place; /* project or domain; NULL: the system */
	const struct object *role;  /* NULL: the path names none */
	bool inherited;
};

static const struct object *need_domain(const struct visit *visit, const char *id, GError **error)
{
	const struct object *domain =
		find_domain(visit->identity->model, &(struct domain_ref){ .id = id });

	if (!domain)
		kind_fail_not_found(KIND_DOMAIN, id, error);
	return domain;
}

static const struct object *need_place(
	const struct visit *visit, const char *where, const char *id, GError **error)
{
	return strcmp(where, "projects")
		       ? need_domain(visit, id, error)
		       : model_need(visit->identity->model, KIND_PROJECT, id, error);
}

static bool read_path(const struct visit *visit, struct grant *ret, GError **error)
{
	const struct http_target *target = http_request_target(visit->call.request);
	const struct model *model = visit->identity->model;
	const char *const *segment = target->segments + 1;
	const char *const *end = target->segments + target->n_segments;
	struct grant grant = { .inherited = !strcmp(*segment, "OS-INHERIT") };

	segment += grant.inherited;
	if (strcmp(*segment, "system")) {
		grant.place = need_place(visit, segment[0], segment[1], error);
		if (!grant.place || !reach_object(visit, grant.place, error))
			return false;
		segment++;
	}
	grant.actor = model_need(
		model, strcmp(segment[1], "users") ? KIND_GROUP : KIND_USER, segment[2], error);
	if (!grant.actor || !reach_object(visit, grant.actor, error))
		return false;
	segment += 4; /* behind "roles" */
	if (segment < end && strcmp(*segment, "inherited_to_projects")) {
		grant.role = model_need(model, KIND_ROLE, *segment, error);
		if (!grant.role)
			return false;
	}
	*ret = grant;
	return true;
}

static bool is_user(const struct grant *grant)
{
	return object_kind(grant->actor)->id == KIND_USER;
}

static unsigned actor_slot(const struct grant *grant)
{
	return is_user(grant) ? ASSIGNMENT_USER_ID : ASSIGNMENT_GROUP_ID;
}

/* 0: the system. */
static unsigned place_slot(const struct grant *grant)
{
	if (!grant->place)
		return 0;
	return object_kind(grant->place)->id == KIND_PROJECT ? ASSIGNMENT_PROJECT_ID
							     : ASSIGNMENT_DOMAIN_ID;
}

static bool is_at(const struct object *assignment, const struct grant *grant)
{
	unsigned slot = place_slot(grant);
	char id[UUID_STRLEN];

	if (object_bool(assignment, ASSIGNMENT_INHERITED) != grant->inherited)
		return false;
	if (slot)
		return !g_strcmp0(
			object_str(assignment, slot), uuid_format(object_id(grant->place), id));
	return object_is_null(assignment, ASSIGNMENT_PROJECT_ID) &&
	       object_is_null(assignment, ASSIGNMENT_DOMAIN_ID);
}

static const struct object *find(
	const struct model *model, const struct grant *grant, const struct object *role)
{
	const struct object *assignment;
	struct model_iter iter;
	char actor[UUID_STRLEN], id[UUID_STRLEN];

	uuid_format(object_id(role), id);
	model_iter_init(&iter, model, KIND_ASSIGNMENT,
		is_user(grant) ? ASSIGNMENT_BY_USER : ASSIGNMENT_BY_GROUP,
		uuid_format(object_id(grant->actor), actor), NULL);
	while ((assignment = model_iter_next(&iter)))
		if (is_at(assignment, grant) &&
			!strcmp(object_str(assignment, ASSIGNMENT_ROLE_ID), id))
			break;
	return assignment;
}

static struct object *draft_of(const struct grant *grant)
{
	struct object *draft = object_new(&assignment_kind, NULL);
	char id[UUID_STRLEN];

	object_set_str(draft, actor_slot(grant), uuid_format(object_id(grant->actor), id));
	object_set_str(draft, ASSIGNMENT_ROLE_ID, uuid_format(object_id(grant->role), id));
	if (grant->place)
		object_set_str(draft, place_slot(grant), uuid_format(object_id(grant->place), id));
	object_set_bool(draft, ASSIGNMENT_INHERITED, grant->inherited);
	return draft;
}

static void audit_grant(const struct visit *visit, const char *what, const struct grant *grant)
{
	char actor[UUID_STRLEN], place[UUID_STRLEN];

	audit(visit, "role %s of %s %s on %s%s is %s", object_str(grant->role, SLOT_NAME),
		object_kind(grant->actor)->singular, uuid_format(object_id(grant->actor), actor),
		grant->inherited ? "what is below " : "",
		grant->place ? uuid_format(object_id(grant->place), place) : "the system", what);
}

/* A domain's own role is of use on its projects. Only who administers the cloud makes others do so.
 */
static bool may_change(const struct visit *visit, const struct grant *grant, GError **error)
{
	const char *own = object_str(grant->role, ROLE_DOMAIN_ID);
	bool on_domain = place_slot(grant) == ASSIGNMENT_DOMAIN_ID && !grant->inherited;
	char id[UUID_STRLEN];

	if (own &&
		(place_slot(grant) != ASSIGNMENT_PROJECT_ID ||
			strcmp(own, object_str(grant->place, PROJECT_DOMAIN_ID))) &&
		(place_slot(grant) != ASSIGNMENT_DOMAIN_ID ||
			strcmp(own, uuid_format(object_id(grant->place), id))))
		return weft_fail(error, FORBIDDEN,
			"The role %s is domain %s's own; it can be given there only.",
			object_str(grant->role, SLOT_NAME), own);
	if (!reach_domain(visit) || on_domain || !role_leads_to_admin(visit->identity, grant->role))
		return true;
	return weft_fail(error, FORBIDDEN,
		"The role %s is more than this domain's; only an administrator of the cloud may give or take it there.",
		object_str(grant->role, SLOT_NAME));
}

void assignment_put(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	struct grant grant;
	GError *error = NULL;

	if (!read_path(visit, &grant, &error) || !may_change(visit, &grant, &error) ||
		(!find(visit->identity->model, &grant, grant.role) &&
			!txn_put(txn, draft_of(&grant), &error)))
		return visit_fail(visit, error);
	audit_grant(visit, "given", &grant);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

static const struct object *need(const struct visit *visit, struct grant *grant, GError **error)
{
	const struct object *assignment;

	if (!read_path(visit, grant, error))
		return NULL;
	assignment = find(visit->identity->model, grant, grant->role);
	if (!assignment)
		weft_fail(error, NOT_FOUND, "The %s does not have this role there.",
			object_kind(grant->actor)->singular);
	return assignment;
}

void assignment_get(struct visit *visit)
{
	struct grant grant;
	GError *error = NULL;

	if (!need(visit, &grant, &error))
		return visit_fail(visit, error);
	http_request_answer(visit->call.request, 204, NULL, NULL);
}

void assignment_delete(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	const struct object *assignment;
	struct grant grant;
	GError *error = NULL;

	assignment = need(visit, &grant, &error);
	if (!assignment || !may_change(visit, &grant, &error) ||
		!txn_remove(txn, assignment, &error) || !admins_remain(txn, &error))
		return visit_fail(visit, error);
	audit_grant(visit, "taken", &grant);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

/* The roles that one user or group is given at one place. */
void assigned_roles_get(struct visit *visit)
{
	const struct model *model = visit->identity->model;
	g_autoptr(GPtrArray) roles = g_ptr_array_new();
	const struct object *role;
	struct model_iter iter;
	struct grant grant;
	GError *error = NULL;

	if (!read_path(visit, &grant, &error))
		return visit_fail(visit, error);
	model_iter_all(&iter, model, KIND_ROLE, NULL);
	while ((role = model_iter_next(&iter)))
		if (find(model, &grant, role))
			g_ptr_array_add(roles, (void *)role);
	call_answer(&visit->call, 200, list_view_render(&visit->call, &role_kind, roles));
}
