/* SPDX-License-Identifier: Apache-2.0 */
/* Where a user has a role: what its token could be exchanged for. */
#include "controller/identity/identity_impl.h"

/* Every @kind whose @enabled is set, and at which the user has a role. */
static void answer_places(struct visit *visit, const struct uuid *user, const struct kind *kind,
	enum token_scope scope, unsigned enabled)
{
	const struct model *model = visit->identity->model;
	g_autoptr(GPtrArray) places = g_ptr_array_new();
	const struct object *place;
	struct model_iter iter;

	model_iter_all(&iter, model, kind->id, NULL);
	while ((place = model_iter_next(&iter))) {
		const struct token where = {
			.scope = scope, .user = *user, .scope_id = *object_id(place)
		};

		if (object_bool(place, enabled) && roles_any(model, &where))
			g_ptr_array_add(places, (void *)place);
	}
	objects_answer(visit, kind, places);
}

void own_projects_get(struct visit *visit)
{
	answer_places(
		visit, &visit->subject.token.user, &project_kind, TOKEN_PROJECT, PROJECT_ENABLED);
}

void own_domains_get(struct visit *visit)
{
	answer_places(
		visit, &visit->subject.token.user, &domain_kind, TOKEN_DOMAIN, DOMAIN_ENABLED);
}

void own_system_get(struct visit *visit)
{
	const struct token where = { .scope = TOKEN_SYSTEM, .user = visit->subject.token.user };
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_raw(&w, "system",
		roles_any(visit->identity->model, &where) ? "[{\"all\":true}]" : "[]");
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

void user_projects_get(struct visit *visit)
{
	struct uuid user;
	GError *error = NULL;

	if (!reach_user(visit, &error))
		return visit_fail(visit, error);
	uuid_parse(visit->args[0], &user);
	answer_places(visit, &user, &project_kind, TOKEN_PROJECT, PROJECT_ENABLED);
}
