/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in which group. */
#include "controller/identity/identity_impl.h"

struct membership {
	const struct object *group, *user;
	const struct object *object; /* NULL: the user is not in the group */
};

static bool read_path(const struct visit *visit, struct membership *ret, GError **error)
{
	const struct model *model = visit->identity->model;
	char group[UUID_STRLEN], user[UUID_STRLEN];

	ret->group = model_need(model, KIND_GROUP, visit->args[0], error);
	ret->user = ret->group ? model_need(model, KIND_USER, visit->args[1], error) : NULL;
	if (!ret->user || !reach_object(visit, ret->group, error) ||
		!reach_object(visit, ret->user, error))
		return false;
	ret->object = model_first(model, KIND_GROUP_MEMBER, GROUP_MEMBER_BY_BOTH,
		uuid_format(object_id(ret->group), group), uuid_format(object_id(ret->user), user),
		NULL);
	return true;
}

static bool need(const struct visit *visit, struct membership *ret, GError **error)
{
	if (!read_path(visit, ret, error))
		return false;
	return ret->object ||
	       weft_fail(error, NOT_FOUND, "User %s is not in group %s.",
		       object_str(ret->user, SLOT_NAME), object_str(ret->group, SLOT_NAME));
}

static void audit_membership(
	const struct visit *visit, const char *what, const struct membership *membership)
{
	char user[UUID_STRLEN], group[UUID_STRLEN];

	audit(visit, "user %s is %s group %s", uuid_format(object_id(membership->user), user), what,
		uuid_format(object_id(membership->group), group));
}

static struct object *draft_of(const struct membership *membership)
{
	struct object *draft = object_new(&group_member_kind, NULL);
	char id[UUID_STRLEN];

	object_set_str(draft, GROUP_MEMBER_GROUP_ID, uuid_format(object_id(membership->group), id));
	object_set_str(draft, GROUP_MEMBER_USER_ID, uuid_format(object_id(membership->user), id));
	return draft;
}

void membership_put(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	struct membership membership;
	GError *error = NULL;

	if (!read_path(visit, &membership, &error) ||
		!reach_change(visit, membership.group, &error) ||
		(!membership.object && !txn_put(txn, draft_of(&membership), &error)))
		return visit_fail(visit, error);
	audit_membership(visit, "put into", &membership);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

void membership_get(struct visit *visit)
{
	struct membership membership;
	GError *error = NULL;

	if (!need(visit, &membership, &error))
		return visit_fail(visit, error);
	http_request_answer(visit->call.request, 204, NULL, NULL);
}

void membership_delete(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	struct membership membership;
	GError *error = NULL;

	if (!need(visit, &membership, &error) || !reach_change(visit, membership.group, &error) ||
		!txn_remove(txn, membership.object, &error) || !admins_remain(txn, &error))
		return visit_fail(visit, error);
	audit_membership(visit, "taken out of", &membership);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

/* The @kind that memberships under @id in @index have in @slot. */
static void answer_members(
	struct visit *visit, unsigned index, const char *id, const struct kind *kind, unsigned slot)
{
	const struct model *model = visit->identity->model;
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	const struct object *membership;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_GROUP_MEMBER, index, id, NULL);
	while ((membership = model_iter_next(&iter)))
		g_ptr_array_add(found,
			(void *)model_get_text(model, kind->id, object_str(membership, slot)));
	objects_answer(visit, kind, found);
}

void group_users_get(struct visit *visit)
{
	GError *error = NULL;
	const struct object *group =
		model_need(visit->identity->model, KIND_GROUP, visit->args[0], &error);

	if (!group || !reach_object(visit, group, &error))
		return visit_fail(visit, error);
	answer_members(
		visit, GROUP_MEMBER_BY_GROUP, visit->args[0], &user_kind, GROUP_MEMBER_USER_ID);
}

void user_groups_get(struct visit *visit)
{
	GError *error = NULL;

	if (!reach_user(visit, &error))
		return visit_fail(visit, error);
	answer_members(
		visit, GROUP_MEMBER_BY_USER, visit->args[0], &group_kind, GROUP_MEMBER_GROUP_ID);
}
