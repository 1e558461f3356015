/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are shown to us: what they say, and taking them back. */
#include <string.h>

#include "controller/identity/identity_impl.h"

static bool is_own(const struct visit *visit, const struct subject *subject)
{
	return visit->subject.user && uuid_equal(&visit->subject.token.user, &subject->token.user);
}

/* Services ask who sends them a request. */
static bool is_service(const struct visit *visit)
{
	g_autoptr(GPtrArray) roles = roles_of(visit->identity->model, &visit->subject.token);

	for (unsigned i = 0; i < roles->len; i++)
		if (!strcmp(object_str(roles->pdata[i], SLOT_NAME), "service"))
			return true;
	return false;
}

/* A service that does not know access rules would permit everything. */
static bool knows_rules(const struct visit *visit, const struct subject *subject)
{
	return http_request_header(visit->call.request, "OpenStack-Identity-Access-Rules") ||
	       !access_rules_limit(visit->identity->model, &subject->token);
}

/* The token that the request is about, that has not expired more than @grace_s ago. */
static bool named_subject(
	const struct visit *visit, s64 grace_s, struct subject *ret, GError **error)
{
	const char *text = http_request_header(visit->call.request, "X-Subject-Token");

	if (!text)
		return weft_fail(
			error, BAD_REQUEST, "The request needs a token as X-Subject-Token.");
	return (subject_of_late_token(visit->identity, text, grace_s, ret, NULL) &&
		       knows_rules(visit, ret)) ||
	       weft_fail(error, NOT_FOUND, "The subject's token could not be found.");
}

void token_get(struct visit *visit)
{
	bool others = visit_reads_all(visit) || is_service(visit);
	s64 grace = others && visit_flag(visit, "allow_expired") ? EXPIRED_WINDOW_S : 0;
	struct subject subject;
	GError *error = NULL;

	if (!named_subject(visit, grace, &subject, &error))
		return visit_fail(visit, error);
	if (!others && !is_own(visit, &subject)) {
		weft_fail(&error, FORBIDDEN,
			"Only an administrator or a service may ask about others' tokens.");
		return visit_fail(visit, error);
	}
	http_request_add_header(visit->call.request, "X-Subject-Token",
		http_request_header(visit->call.request, "X-Subject-Token"));
	call_answer(&visit->call, 200, token_render(visit, &subject));
}

/* What can't be asked about any more needs no revocation any more. */
static bool forget_expired(struct txn *txn, GError **error)
{
	g_autoptr(GPtrArray) expired = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	s64 now = g_get_real_time() / G_USEC_PER_SEC;
	const struct object *revocation;
	struct model_iter iter;

	model_iter_all(&iter, txn_model(txn), KIND_TOKEN_REVOCATION, NULL);
	while ((revocation = model_iter_next(&iter)))
		if (object_int(revocation, TOKEN_REVOCATION_EXPIRES_AT) <= now - EXPIRED_WINDOW_S)
			g_ptr_array_add(expired, object_ref(revocation));
	for (unsigned i = 0; i < expired->len; i++)
		if (!txn_remove(txn, expired->pdata[i], error))
			return false;
	return true;
}

void token_delete(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	struct subject subject;
	struct object *draft;
	GError *error = NULL;
	char id[UUID_STRLEN], user[UUID_STRLEN];

	if (!named_subject(visit, 0, &subject, &error) || !forget_expired(txn, &error))
		return visit_fail(visit, error);
	if (!subject_is_admin(&visit->subject) && !is_own(visit, &subject)) {
		weft_fail(&error, FORBIDDEN, "Only an administrator may revoke others' tokens.");
		return visit_fail(visit, error);
	}
	draft = object_new(&token_revocation_kind, &subject.token.audit);
	object_set_int(draft, TOKEN_REVOCATION_EXPIRES_AT, subject.token.expires_at);
	if (!txn_put(txn, draft, &error))
		return visit_fail(visit, error);
	audit(visit, "token %s of user %s is revoked", uuid_format(&subject.token.audit, id),
		uuid_format(&subject.token.user, user));
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
