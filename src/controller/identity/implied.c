/* SPDX-License-Identifier: Apache-2.0 */
/* Roles that come with others: /v3/roles/PRIOR/implies[/IMPLIED], /v3/role_inferences. */
#include "controller/identity/identity_impl.h"

struct inference {
	const struct object *prior, *implied;
	const struct object *object; /* NULL: it is not so */
};

static bool read_path(const struct visit *visit, struct inference *ret, GError **error)
{
	const struct model *model = visit->identity->model;
	char prior[UUID_STRLEN], implied[UUID_STRLEN];

	ret->prior = model_need(model, KIND_ROLE, visit->args[0], error);
	ret->implied = ret->prior ? model_need(model, KIND_ROLE, visit->args[1], error) : NULL;
	if (!ret->implied)
		return false;
	ret->object = model_first(model, KIND_IMPLIED_ROLE, IMPLIED_ROLE_BY_BOTH,
		uuid_format(object_id(ret->prior), prior),
		uuid_format(object_id(ret->implied), implied), NULL);
	return true;
}

static bool need(const struct visit *visit, struct inference *ret, GError **error)
{
	if (!read_path(visit, ret, error))
		return false;
	return ret->object ||
	       weft_fail(error, NOT_FOUND, "Role %s does not imply role %s.",
		       object_str(ret->prior, SLOT_NAME), object_str(ret->implied, SLOT_NAME));
}

struct object *implied_role_draft(const struct object *prior, const struct object *implied)
{
	struct object *draft = object_new(&implied_role_kind, NULL);
	char id[UUID_STRLEN];

	object_set_str(draft, IMPLIED_ROLE_PRIOR_ID, uuid_format(object_id(prior), id));
	object_set_str(draft, IMPLIED_ROLE_IMPLIED_ID, uuid_format(object_id(implied), id));
	return draft;
}

/* Nobody is made an administrator by the way, and a circle makes no sense. */
static bool may_imply(const struct visit *visit, const struct inference *inference, GError **error)
{
	const struct model *model = visit->identity->model;
	g_autoptr(GPtrArray) behind = g_ptr_array_new();

	if (role_rank(inference->implied) >= RANK_ADMIN)
		return weft_fail(error, FORBIDDEN,
			"The role admin can't be implied by another; give it itself.");
	if (!object_is_null(inference->implied, ROLE_DOMAIN_ID))
		return weft_fail(error, FORBIDDEN,
			"The role %s is a domain's own and can't be implied by another.",
			object_str(inference->implied, SLOT_NAME));
	g_ptr_array_add(behind, (void *)inference->implied);
	roles_add_implied(model, behind);
	if (!g_ptr_array_find(behind, inference->prior, NULL))
		return true;
	return weft_fail(error, FORBIDDEN,
		"Role %s implies role %s already: that would be a circle.",
		object_str(inference->implied, SLOT_NAME), object_str(inference->prior, SLOT_NAME));
}

static void write_role(const struct visit *visit, const struct object *role, struct json_writer *w)
{
	g_autofree char *base = http_request_base_url(visit->call.request);
	char id[UUID_STRLEN];
	g_autofree char *url =
		g_strconcat(base, "/v3/roles/", uuid_format(object_id(role), id), NULL);

	jw_begin_object(w);
	jw_member_string(w, "id", id);
	jw_member_string(w, "name", object_str(role, SLOT_NAME));
	jw_key(w, "links");
	jw_begin_object(w);
	jw_member_string(w, "self", url);
	jw_end_object(w);
	jw_end_object(w);
}

static void answer_one(
	const struct visit *visit, unsigned status, const struct inference *inference)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "role_inference");
	jw_begin_object(&w);
	jw_key(&w, "prior_role");
	write_role(visit, inference->prior, &w);
	jw_key(&w, "implies");
	write_role(visit, inference->implied, &w);
	jw_end_object(&w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, status, text);
}

static void respond_made(struct write *write)
{
	const struct visit visit = { .call = write->call };
	const struct inference inference = {
		.prior = write->objects->pdata[0],
		.implied = write->objects->pdata[1],
	};

	answer_one(&visit, 201, &inference);
}

static void audit_inference(
	const struct visit *visit, const char *what, const struct inference *inference)
{
	audit(visit, "role %s %s role %s", object_str(inference->prior, SLOT_NAME), what,
		object_str(inference->implied, SLOT_NAME));
}

void implied_put(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	struct inference inference;
	GPtrArray *objects;
	GError *error = NULL;

	if (!read_path(visit, &inference, &error))
		return visit_fail(visit, error);
	if (inference.object)
		return answer_one(visit, 201, &inference);
	if (!may_imply(visit, &inference, &error) ||
		!txn_put(txn, implied_role_draft(inference.prior, inference.implied), &error))
		return visit_fail(visit, error);
	audit_inference(visit, "now implies", &inference);
	objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_ptr_array_add(objects, object_ref(inference.prior));
	g_ptr_array_add(objects, object_ref(inference.implied));
	write_submit(&visit->call, g_steal_pointer(&txn), objects, respond_made);
}

void implied_get(struct visit *visit)
{
	struct inference inference;
	GError *error = NULL;

	if (!need(visit, &inference, &error))
		return visit_fail(visit, error);
	answer_one(visit, 200, &inference);
}

void implied_delete(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	struct inference inference;
	GError *error = NULL;

	if (!need(visit, &inference, &error))
		return visit_fail(visit, error);
	if (role_rank(inference.prior) && role_rank(inference.implied))
		weft_fail(&error, FORBIDDEN,
			"That role %s implies role %s means something to weft and can't be taken back.",
			object_str(inference.prior, SLOT_NAME),
			object_str(inference.implied, SLOT_NAME));
	if (error || !txn_remove(txn, inference.object, &error))
		return visit_fail(visit, error);
	audit_inference(visit, "no longer implies", &inference);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

/* {"prior_role": {…}, "implies": […]} of one role. */
static void write_inferences(
	const struct visit *visit, const struct object *prior, struct json_writer *w)
{
	const struct model *model = visit->identity->model;
	const struct object *object;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_key(w, "prior_role");
	write_role(visit, prior, w);
	jw_key(w, "implies");
	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_IMPLIED_ROLE, IMPLIED_ROLE_BY_PRIOR,
		uuid_format(object_id(prior), id), NULL);
	while ((object = model_iter_next(&iter)))
		write_role(visit,
			model_get_text(
				model, KIND_ROLE, object_str(object, IMPLIED_ROLE_IMPLIED_ID)),
			w);
	jw_end_array(w);
	jw_end_object(w);
}

void implied_list(struct visit *visit)
{
	GError *error = NULL;
	const struct object *prior =
		model_need(visit->identity->model, KIND_ROLE, visit->args[0], &error);
	GString *text;
	struct json_writer w;

	if (!prior)
		return visit_fail(visit, error);
	text = g_string_new(NULL);
	w = json_writer_on(text);
	jw_begin_object(&w);
	jw_key(&w, "role_inference");
	write_inferences(visit, prior, &w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

void inferences_list(struct visit *visit)
{
	const struct model *model = visit->identity->model;
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	const struct object *role;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_object(&w);
	jw_key(&w, "role_inferences");
	jw_begin_array(&w);
	model_iter_all(&iter, model, KIND_ROLE, NULL);
	while ((role = model_iter_next(&iter)))
		if (model_count(model, KIND_IMPLIED_ROLE, IMPLIED_ROLE_BY_PRIOR,
			    uuid_format(object_id(role), id), NULL))
			write_inferences(visit, role, &w);
	jw_end_array(&w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}
