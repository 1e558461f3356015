/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are shown to us: what they say, and taking them back. */
#include <string.h>

#include "base/log.h"
#include "controller/identity/identity_impl.h"

/* The token that the request is about: its bearer's own, or any for an administrator. */
static bool named_subject(const struct visit *visit, struct subject *ret, GError **error)
{
	const char *text = http_request_header(visit->call.request, "X-Subject-Token");

	if (!text)
		return weft_fail(
			error, BAD_REQUEST, "The request needs a token as X-Subject-Token.");
	if (!subject_of_token(visit->identity, text, ret, NULL))
		return weft_fail(error, NOT_FOUND, "The subject's token could not be found.");
	if (subject_is_admin(&visit->subject) ||
		(visit->subject.user && uuid_equal(&visit->subject.token.user, &ret->token.user)))
		return true;
	return weft_fail(error, FORBIDDEN, "Only an administrator may ask about others' tokens.");
}

void token_get(struct visit *visit)
{
	struct subject subject;
	GError *error = NULL;

	if (!named_subject(visit, &subject, &error))
		return visit_fail(visit, error);
	http_request_add_header(visit->call.request, "X-Subject-Token",
		http_request_header(visit->call.request, "X-Subject-Token"));
	call_answer(&visit->call, 200, token_render(visit, &subject));
}

/* What has expired meanwhile needs no revocation any more. */
static bool forget_expired(struct txn *txn, GError **error)
{
	g_autoptr(GPtrArray) expired = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	s64 now = g_get_real_time() / G_USEC_PER_SEC;
	const struct object *revocation;
	struct model_iter iter;

	model_iter_all(&iter, txn_model(txn), KIND_TOKEN_REVOCATION, NULL);
	while ((revocation = model_iter_next(&iter)))
		if (object_int(revocation, TOKEN_REVOCATION_EXPIRES_AT) <= now)
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
	char audit[UUID_STRLEN];

	if (!named_subject(visit, &subject, &error) || !forget_expired(txn, &error))
		return visit_fail(visit, error);
	draft = object_new(&token_revocation_kind, &subject.token.audit);
	object_set_int(draft, TOKEN_REVOCATION_EXPIRES_AT, subject.token.expires_at);
	if (!txn_put(txn, draft, &error))
		return visit_fail(visit, error);
	log_info("identity: token %s is revoked", uuid_format(&subject.token.audit, audit));
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
