/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v3/role_assignments: as they are stored, or with `effective` what comes of them: the members
 * instead of a group, the projects instead of what they inherit from, implied roles too.
 */
#include <string.h>

#include "controller/identity/identity_impl.h"

/* Ids, borrowed from the model; NULL: it is not that. */
struct line {
	const char *user, *group, *role, *project, *domain;
	const char *membership, *prior; /* where it comes from */
	bool inherited;
};

struct listing {
	const struct visit *visit;
	const struct model *model;
	bool effective, names, subtree;
	const char *user, *group, *role, *project, *domain; /* filters; NULL: any */
	bool system, inherited;
	GHashTable *seen; /* of effective ones */
	struct json_writer w;
};

static bool is_below(const struct model *model, const char *project, const char *above)
{
	const struct object *object = model_get_text(model, KIND_PROJECT, project);

	for (; object;
		object = model_get_text(model, KIND_PROJECT, object_str(object, PROJECT_PARENT_ID)))
		if (!g_strcmp0(object_str(object, PROJECT_PARENT_ID), above) ||
			!g_strcmp0(object_str(object, PROJECT_DOMAIN_ID), above))
			return true;
	return false;
}

static bool fits(const char *wanted, const char *value)
{
	return !wanted || !g_strcmp0(wanted, value);
}

/* A domain's administrator sees what is in it. */
static bool in_reach(const struct listing *listing, const struct line *line)
{
	const struct object *domain = reach_domain(listing->visit);
	const struct object *project =
		line->project ? model_get_text(listing->model, KIND_PROJECT, line->project) : NULL;
	char id[UUID_STRLEN];

	if (!domain)
		return true;
	return !g_strcmp0(project ? object_str(project, PROJECT_DOMAIN_ID) : line->domain,
		uuid_format(object_id(domain), id));
}

static bool passes(const struct listing *listing, const struct line *line)
{
	if (!fits(listing->user, line->user) || !fits(listing->group, line->group) ||
		!fits(listing->role, line->role) || !fits(listing->domain, line->domain) ||
		(listing->system && (line->project || line->domain)) ||
		(listing->inherited && !line->inherited) || !in_reach(listing, line))
		return false;
	return fits(listing->project, line->project) ||
	       (listing->subtree && line->project &&
		       is_below(listing->model, line->project, listing->project));
}

static bool is_new(struct listing *listing, const struct line *line)
{
	g_autofree char *key = NULL;

	if (!listing->effective)
		return true;
	key = g_strdup_printf("%s %s %s %s", line->user ?: line->group, line->role,
		line->project ?: "", line->domain ?: "");
	return g_hash_table_add(listing->seen, g_steal_pointer(&key));
}

static void write_ref(struct listing *listing, const char *key, enum kind_id kind, const char *id)
{
	const struct object *object = id ? model_get_text(listing->model, kind, id) : NULL;
	int slot = kind_slot(kind_by_id(kind), "domain_id");
	const char *domain;

	if (!object)
		return;
	jw_key(&listing->w, key);
	jw_begin_object(&listing->w);
	jw_member_string(&listing->w, "id", id);
	if (listing->names) {
		jw_member_string(&listing->w, "name", object_str(object, SLOT_NAME));
		domain = slot >= 0 ? object_str(object, (unsigned)slot) : NULL;
		write_ref(listing, "domain", KIND_DOMAIN, domain);
	}
	jw_end_object(&listing->w);
}

static void write_link(struct listing *listing, const char *key, const char *base,
	const char *format, ...) G_GNUC_PRINTF(4, 5);

static void write_link(
	struct listing *listing, const char *key, const char *base, const char *format, ...)
{
	g_autofree char *rest = NULL, *url = NULL;
	va_list args;

	va_start(args, format);
	rest = g_strdup_vprintf(format, args);
	va_end(args);
	url = g_strconcat(base, "/v3/", rest, NULL);
	jw_member_string(&listing->w, key, url);
}

static void write_links(struct listing *listing, const struct line *line)
{
	g_autofree char *base = http_request_base_url(listing->visit->call.request);
	g_autofree char *place = NULL;
	const char *actor = line->user ? "users" : "groups";

	if (line->project || line->domain)
		place = g_strdup_printf("%ss/%s", line->project ? "project" : "domain",
			line->project ?: line->domain);
	jw_key(&listing->w, "links");
	jw_begin_object(&listing->w);
	write_link(listing, "assignment", base, "%s%s/%s/%s/roles/%s%s",
		line->inherited && !listing->effective ? "OS-INHERIT/" : "", place ?: "system",
		actor, line->user ?: line->group, line->prior ?: line->role,
		line->inherited && !listing->effective ? "/inherited_to_projects" : "");
	if (line->membership)
		write_link(listing, "membership", base, "groups/%s/users/%s", line->membership,
			line->user);
	if (line->prior)
		write_link(listing, "prior_role", base, "roles/%s", line->prior);
	jw_end_object(&listing->w);
}

static void write_line(struct listing *listing, const struct line *line)
{
	struct json_writer *w = &listing->w;

	if (!passes(listing, line) || !is_new(listing, line))
		return;
	jw_begin_object(w);
	write_ref(listing, "user", KIND_USER, line->user);
	write_ref(listing, "group", KIND_GROUP, line->group);
	write_ref(listing, "role", KIND_ROLE, line->role);
	jw_key(w, "scope");
	jw_begin_object(w);
	write_ref(listing, "project", KIND_PROJECT, line->project);
	write_ref(listing, "domain", KIND_DOMAIN, line->domain);
	if (!line->project && !line->domain)
		jw_member_raw(w, "system", "{\"all\":true}");
	if (line->inherited)
		jw_member_string(w, "OS-INHERIT:inherited_to", "projects");
	jw_end_object(w);
	write_links(listing, line);
	jw_end_object(w);
}

static void expand_roles(struct listing *listing, struct line line)
{
	const struct object *first = model_get_text(listing->model, KIND_ROLE, line.role);
	g_autoptr(GPtrArray) roles = g_ptr_array_new();
	const char *given = line.role;
	char id[UUID_STRLEN];

	g_ptr_array_add(roles, (void *)first);
	roles_add_implied(listing->model, roles);
	for (unsigned i = 0; i < roles->len; i++) {
		if (!object_is_null(roles->pdata[i], ROLE_DOMAIN_ID))
			continue;
		line.role = uuid_format(object_id(roles->pdata[i]), id);
		line.prior = i ? given : NULL;
		write_line(listing, &line);
	}
}

static void expand_actor(struct listing *listing, struct line line)
{
	const struct object *membership;
	struct model_iter iter;

	if (line.user)
		return expand_roles(listing, line);
	line.membership = line.group;
	model_iter_init(
		&iter, listing->model, KIND_GROUP_MEMBER, GROUP_MEMBER_BY_GROUP, line.group, NULL);
	line.group = NULL;
	while ((membership = model_iter_next(&iter))) {
		line.user = object_str(membership, GROUP_MEMBER_USER_ID);
		expand_roles(listing, line);
	}
}

static void expand_place(struct listing *listing, struct line line)
{
	const char *above = line.project ?: line.domain;
	const struct object *project;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!line.inherited)
		return expand_actor(listing, line);
	line.domain = NULL;
	model_iter_all(&iter, listing->model, KIND_PROJECT, NULL);
	while ((project = model_iter_next(&iter))) {
		line.project = uuid_format(object_id(project), id);
		if (is_below(listing->model, id, above))
			expand_actor(listing, line);
	}
}

static void read_filters(struct listing *listing, char domain[static UUID_STRLEN])
{
	const struct http_target *target = http_request_target(listing->visit->call.request);

	listing->user = http_target_param(target, "user.id");
	listing->group = http_target_param(target, "group.id");
	listing->role = http_target_param(target, "role.id");
	listing->project = http_target_param(target, "scope.project.id");
	listing->domain = http_target_param(target, "scope.domain.id");
	if (!g_strcmp0(listing->domain, "default"))
		listing->domain = uuid_format(&default_domain_id, domain);
	listing->system = http_target_param(target, "scope.system") != NULL;
	listing->inherited = http_target_param(target, "scope.OS-INHERIT:inherited_to") != NULL;
	listing->effective = visit_flag(listing->visit, "effective");
	listing->names = visit_flag(listing->visit, "include_names");
	listing->subtree = visit_flag(listing->visit, "include_subtree");
}

void assignments_list(struct visit *visit)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GString *text = g_string_new(NULL);
	struct listing listing = { visit, visit->identity->model, .seen = seen,
		.w = json_writer_on(text) };
	const struct object *assignment;
	struct model_iter iter;
	char domain[UUID_STRLEN];

	read_filters(&listing, domain);
	jw_begin_object(&listing.w);
	jw_key(&listing.w, "role_assignments");
	jw_begin_array(&listing.w);
	model_iter_all(&iter, listing.model, KIND_ASSIGNMENT, NULL);
	while ((assignment = model_iter_next(&iter))) {
		const struct line line = {
			.user = object_str(assignment, ASSIGNMENT_USER_ID),
			.group = object_str(assignment, ASSIGNMENT_GROUP_ID),
			.role = object_str(assignment, ASSIGNMENT_ROLE_ID),
			.project = object_str(assignment, ASSIGNMENT_PROJECT_ID),
			.domain = object_str(assignment, ASSIGNMENT_DOMAIN_ID),
			.inherited = object_bool(assignment, ASSIGNMENT_INHERITED),
		};

		if (listing.effective)
			expand_place(&listing, line);
		else
			write_line(&listing, &line);
	}
	jw_end_array(&listing.w);
	list_links_write(&visit->call, &listing.w);
	jw_end_object(&listing.w);
	call_answer(&visit->call, 200, text);
}
