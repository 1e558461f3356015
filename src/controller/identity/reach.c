/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far an administrator gets. Who has the role admin on a domain administers its projects, users
 * and groups by a token of that domain; but not those of them who administer more than a domain,
 * and he makes nobody such a one: else he could make himself one.
 */
#include <string.h>

#include "controller/identity/identity_impl.h"

const struct object *reach_domain(const struct visit *visit)
{
	const struct subject *subject = &visit->subject;

	if (!subject->user || subject->token.scope != TOKEN_DOMAIN || subject->rank < RANK_ADMIN)
		return NULL;
	return model_get(visit->identity->model, KIND_DOMAIN, &subject->token.scope_id);
}

bool reach_object(const struct visit *visit, const struct object *object, GError **error)
{
	const struct object *domain = reach_domain(visit);
	const struct kind *kind = object_kind(object);
	int slot = kind_slot(kind, "domain_id");
	char id[UUID_STRLEN];

	if (!domain || object == domain)
		return true;
	if (slot >= 0 &&
		!g_strcmp0(object_str(object, (unsigned)slot), uuid_format(object_id(domain), id)))
		return true;
	return weft_fail(error, FORBIDDEN,
		"The %s is not in domain %s, which is the one that the token is for.",
		kind->singular, object_str(domain, SLOT_NAME));
}

bool reach_change(const struct visit *visit, const struct object *object, GError **error)
{
	enum kind_id kind = object_kind(object)->id;

	if (!reach_domain(visit))
		return true;
	if (kind != KIND_PROJECT && kind != KIND_USER && kind != KIND_GROUP)
		return weft_fail(
			error, FORBIDDEN, "Only an administrator of the cloud may do this.");
	if (!reach_object(visit, object, error))
		return false;
	if (kind == KIND_PROJECT || !is_privileged(visit->identity, object))
		return true;
	return weft_fail(error, FORBIDDEN,
		"The %s administers more than this domain; only an administrator of the cloud may change it.",
		object_kind(object)->singular);
}

bool reach_user(const struct visit *visit, GError **error)
{
	const struct subject *subject = &visit->subject;
	const struct object *user;
	char id[UUID_STRLEN];

	if (subject->user && !strcmp(uuid_format(&subject->token.user, id), visit->args[0]))
		return true;
	if (!visit_reads_all(visit) && !reach_domain(visit))
		return weft_fail(error, FORBIDDEN, "Only an administrator may see other users.");
	user = model_need(visit->identity->model, KIND_USER, visit->args[0], error);
	return user && reach_object(visit, user, error);
}
