/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trusts: a user, the trustor, lends roles that he has in a project to another one, the trustee,
 * who gets tokens for it by his own log-in. They are the two users' affair; an administrator may
 * see and delete them. With a token by a trust nothing is done to trusts but to lend on what it
 * lends, if it may be lent on; with one of an application credential nothing.
 */
#include <string.h>

#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"

/* Who has a token by a trust is the trustee, whosever the token is. */
static bool is_bearer(const struct visit *visit, const char *user)
{
	const struct object *trust = trust_of(visit->identity->model, &visit->subject.token);
	char id[UUID_STRLEN];

	return visit->subject.user && user &&
	       !strcmp(trust ? object_str(trust, TRUST_TRUSTEE_ID)
			     : uuid_format(&visit->subject.token.user, id),
		       user);
}

static bool may_handle(const struct visit *visit, GError **error)
{
	return uuid_is_zero(&visit->subject.token.app_credential) ||
	       weft_fail(error, FORBIDDEN,
		       "Trusts are not handled by a token of an application credential.");
}

static void write_roles(const struct call *call, const struct object *trust, struct json_writer *w)
{
	json_t *ids = object_json(trust, TRUST_ROLE_IDS), *id;
	const struct object *role;
	size_t i;

	jw_key(w, "roles");
	jw_begin_array(w);
	json_array_foreach(ids, i, id) {
		role = model_get_text(call->api->model, KIND_ROLE, json_string_value(id));
		if (role)
			object_view_write(call, role, w);
	}
	jw_end_array(w);
	json_decref(ids);
}

static void write_link(const struct call *call, const struct object *trust, const char *key,
	const char *below, struct json_writer *w)
{
	g_autofree char *base = http_request_base_url(call->request);
	char id[UUID_STRLEN];
	g_autofree char *url = g_strdup_printf(
		"%s/v3/OS-TRUST/trusts/%s%s", base, uuid_format(object_id(trust), id), below);

	jw_key(w, key);
	jw_begin_object(w);
	jw_member_string(w, "self", url);
	if (*below) {
		jw_member_raw(w, "next", "null");
		jw_member_raw(w, "previous", "null");
	}
	jw_end_object(w);
}

enum trust_view { TRUST_ALONE, TRUST_IN_LIST };

static void write_trust(const struct call *call, const struct object *trust, enum trust_view view,
	struct json_writer *w)
{
	const u64 hidden = SLOT_BIT(SLOT_DESCRIPTION) | SLOT_BIT(SLOT_TAGS) |
			   SLOT_BIT(SLOT_REVISION_NUMBER) | SLOT_BIT(SLOT_CREATED_AT) |
			   SLOT_BIT(SLOT_UPDATED_AT) | SLOT_BIT(TRUST_ROLE_IDS);

	object_write_json(trust, call->api->model, &identity_itself, ~hidden, w);
	g_string_truncate(w->text, w->text->len - 1); /* inside of its braces */
	jw_member_raw(w, "deleted_at", "null");
	write_link(call, trust, "links", "", w);
	if (view == TRUST_ALONE) {
		write_roles(call, trust, w);
		write_link(call, trust, "roles_links", "/roles", w);
	}
	jw_end_object(w);
}

GString *trust_render(const struct call *call, const struct object *trust)
{
	GString *text = g_string_sized_new(1024);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "trust");
	write_trust(call, trust, TRUST_ALONE, &w);
	jw_end_object(&w);
	return text;
}

static bool in_list(const struct object *trust, const char *trustor, const char *trustee)
{
	return (!trustor || !strcmp(trustor, object_str(trust, TRUST_TRUSTOR_ID))) &&
	       (!trustee || !strcmp(trustee, object_str(trust, TRUST_TRUSTEE_ID))) &&
	       !trust_is_used_up(trust);
}

static void render_list(
	const struct visit *visit, const char *trustor, const char *trustee, GString *text)
{
	struct json_writer w = json_writer_on(text);
	const struct object *trust;
	struct model_iter iter;

	jw_begin_object(&w);
	jw_key(&w, "trusts");
	jw_begin_array(&w);
	if (trustor || trustee)
		model_iter_init(&iter, visit->identity->model, KIND_TRUST,
			trustor ? TRUST_BY_TRUSTOR : TRUST_BY_TRUSTEE, trustor ?: trustee, NULL);
	else
		model_iter_all(&iter, visit->identity->model, KIND_TRUST, NULL);
	while ((trust = model_iter_next(&iter)))
		if (in_list(trust, trustor, trustee))
			write_trust(&visit->call, trust, TRUST_IN_LIST, &w);
	jw_end_array(&w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
}

void trusts_list(struct visit *visit)
{
	const struct http_target *target = http_request_target(visit->call.request);
	const char *trustor = http_target_param(target, "trustor_user_id");
	const char *trustee = http_target_param(target, "trustee_user_id");
	GError *error = NULL;
	GString *text;

	if (may_handle(visit, &error) && !visit_reads_all(visit) && !is_bearer(visit, trustor) &&
		!is_bearer(visit, trustee))
		weft_fail(&error, FORBIDDEN,
			"Only an administrator may list all trusts; ask for those of ?trustor_user_id= or ?trustee_user_id= yourself.");
	if (error)
		return visit_fail(visit, error);
	text = g_string_new(NULL);
	render_list(visit, trustor, trustee, text);
	call_answer(&visit->call, 200, text);
}

/* One that is used up, or not good any more, is as if it were not there. */
static const struct object *need(const struct visit *visit, GError **error)
{
	const struct model *model = visit->identity->model;
	const struct object *trust = model_need(model, KIND_TRUST, visit->args[0], error);

	if (!trust || !may_handle(visit, error))
		return NULL;
	if (!visit_reads_all(visit) && !is_bearer(visit, object_str(trust, TRUST_TRUSTOR_ID)) &&
		!is_bearer(visit, object_str(trust, TRUST_TRUSTEE_ID))) {
		weft_fail(error, FORBIDDEN,
			"A trust is for its trustor and its trustee to see, and for administrators.");
		return NULL;
	}
	if (trust_is_used_up(trust) || !trust_is_good(model, trust)) {
		kind_fail_not_found(KIND_TRUST, visit->args[0], error);
		return NULL;
	}
	return trust;
}

void trust_get(struct visit *visit)
{
	GError *error = NULL;
	const struct object *trust = need(visit, &error);

	if (!trust)
		return visit_fail(visit, error);
	call_answer(&visit->call, 200, trust_render(&visit->call, trust));
}

void trust_roles_get(struct visit *visit)
{
	GError *error = NULL;
	const struct object *trust = need(visit, &error);
	struct json_writer w;
	GString *text;

	if (!trust)
		return visit_fail(visit, error);
	text = g_string_new(NULL);
	w = json_writer_on(text);
	jw_begin_object(&w);
	write_roles(&visit->call, trust, &w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

void trust_role_get(struct visit *visit)
{
	GError *error = NULL;
	const struct object *trust = need(visit, &error);
	const struct object *role =
		trust ? model_need(visit->identity->model, KIND_ROLE, visit->args[1], &error)
		      : NULL;

	if (role && !strstr(object_str(trust, TRUST_ROLE_IDS), visit->args[1]))
		weft_fail(&error, NOT_FOUND, "Role %s is not among those of trust %s.",
			visit->args[1], visit->args[0]);
	if (error)
		return visit_fail(visit, error);
	call_answer(&visit->call, 200, object_view_render(&visit->call, role));
}

/* Also one that is of no use any more. */
void trust_delete(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	GError *error = NULL;
	const struct object *trust =
		model_need(visit->identity->model, KIND_TRUST, visit->args[0], &error);

	if (trust && (delegated(visit) ||
			     (!subject_is_admin(&visit->subject) &&
				     !is_bearer(visit, object_str(trust, TRUST_TRUSTOR_ID)))))
		weft_fail(&error, FORBIDDEN,
			"A trust is deleted by its trustor or an administrator, with a token of their own.");
	if (error || !txn_remove(txn, trust, &error))
		return visit_fail(visit, error);
	audit(visit, "trust %s is deleted", visit->args[0]);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
