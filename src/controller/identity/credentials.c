/* SPDX-License-Identifier: Apache-2.0 */
/* /v3/credentials: a user's own; an administrator of the cloud sees and changes all. */
#include <string.h>

#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"

/* What is kept here may be what one logs in by (totp): it is not for who was lent some roles. */
static bool may_handle(const struct visit *visit, GError **error)
{
	return !delegated(visit) ||
	       weft_fail(error, FORBIDDEN,
		       "The token is by a trust or of an application credential; credentials are not handled by such a one.");
}

static bool is_own(const struct visit *visit, const char *user)
{
	char id[UUID_STRLEN];

	return visit->subject.user && user &&
	       !strcmp(uuid_format(&visit->subject.token.user, id), user);
}

/* What the path names, if the bearer may see it; changes are for the owner and administrators. */
static bool admit(const struct visit *visit, GError **error)
{
	const struct object *credential =
		model_need(visit->identity->model, KIND_CREDENTIAL, visit->args[0], error);

	if (!credential)
		return false;
	return visit_reads_all(visit) ||
	       is_own(visit, object_str(credential, CREDENTIAL_USER_ID)) ||
	       weft_fail(error, FORBIDDEN, "Credentials are for the user itself to handle.");
}

void credentials_list(struct visit *visit)
{
	GError *error = NULL;

	if (!may_handle(visit, &error))
		return visit_fail(visit, error);
	visit->own_user = !visit_reads_all(visit);
	objects_list(visit);
}

void credential_get(struct visit *visit)
{
	GError *error = NULL;

	if (!may_handle(visit, &error) || !admit(visit, &error))
		return visit_fail(visit, error);
	object_get(visit);
}

/* Whose it is to be: the bearer's unless the body names somebody else. */
static bool admit_owner(const struct visit *visit, GError **error)
{
	json_t *body = body_parse(visit->call.request, error);
	json_t *user = json_object_get(json_object_get(body, "credential"), "user_id");
	bool own = !user || json_is_null(user) || is_own(visit, json_string_value(user));

	json_decref(body);
	if (!body)
		return false;
	return (own && visit->subject.user) || subject_is_admin(&visit->subject) ||
	       weft_fail(error, FORBIDDEN, "Credentials are for the user itself to handle.");
}

void credential_post(struct visit *visit)
{
	GError *error = NULL;

	if (!may_handle(visit, &error) || !admit_owner(visit, &error))
		return visit_fail(visit, error);
	object_post(visit);
}

void credential_patch(struct visit *visit)
{
	GError *error = NULL;

	if (!may_handle(visit, &error) || !admit(visit, &error) || !admit_owner(visit, &error))
		return visit_fail(visit, error);
	object_patch(visit);
}

void credential_delete(struct visit *visit)
{
	GError *error = NULL;

	if (!may_handle(visit, &error) || !admit(visit, &error))
		return visit_fail(visit, error);
	object_remove(visit);
}
