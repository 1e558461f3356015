/* SPDX-License-Identifier: Apache-2.0 */
/* Who administers the cloud: that somebody stays who does, and who that is. */
#include "controller/identity/identity_impl.h"

static bool domain_is_enabled(const struct txn *txn, const char *id)
{
	const struct object *domain = txn_get_text(txn, KIND_DOMAIN, id);

	return domain && object_bool(domain, DOMAIN_ENABLED);
}

static bool user_can_log_in(const struct txn *txn, const char *id)
{
	const struct object *user = txn_get_text(txn, KIND_USER, id);

	return user && object_bool(user, USER_ENABLED) && object_str(user, USER_PASSWORD_HASH) &&
	       domain_is_enabled(txn, object_str(user, USER_DOMAIN_ID));
}

static bool anybody_can_log_in(const struct txn *txn, const char *group)
{
	const struct object *membership;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_GROUP_MEMBER, GROUP_MEMBER_BY_GROUP, group, NULL);
	while ((membership = txn_iter_next(&iter)))
		if (user_can_log_in(txn, object_str(membership, GROUP_MEMBER_USER_ID)))
			return true;
	return false;
}

/* Is it on the system, or on a project in which one can work? */
static bool place_counts(const struct txn *txn, const struct object *assignment)
{
	const char *id = object_str(assignment, ASSIGNMENT_PROJECT_ID);
	const struct object *project = txn_get_text(txn, KIND_PROJECT, id);

	if (object_bool(assignment, ASSIGNMENT_INHERITED) ||
		!object_is_null(assignment, ASSIGNMENT_DOMAIN_ID))
		return false;
	return !id || (project && object_bool(project, PROJECT_ENABLED) &&
			      domain_is_enabled(txn, object_str(project, PROJECT_DOMAIN_ID)));
}

static bool has_admin(struct txn *txn)
{
	const struct object *role = role_of_rank(txn_model(txn), RANK_ADMIN);
	const struct object *assignment;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_ASSIGNMENT, ASSIGNMENT_BY_ROLE,
		uuid_format(object_id(role), id), NULL);
	while ((assignment = txn_iter_next(&iter))) {
		const char *user = object_str(assignment, ASSIGNMENT_USER_ID);

		if (place_counts(txn, assignment) &&
			(user ? user_can_log_in(txn, user)
			      : anybody_can_log_in(
					txn, object_str(assignment, ASSIGNMENT_GROUP_ID))))
			return true;
	}
	return false;
}

bool admins_remain(struct txn *txn, GError **error)
{
	g_autoptr(txn) before = NULL;

	if (has_admin(txn))
		return true;
	/* Nothing is worse than it was when there is none anyway. */
	before = txn_new(txn_model(txn), &identity_itself);
	if (!has_admin(before))
		return true;
	return weft_fail(error, FORBIDDEN,
		"Nobody would be left who can administer the cloud: give another enabled user the role admin on an enabled project or on the system first.");
}

static bool gives_admin(const struct identity *identity, unsigned index, const char *id)
{
	const struct model *model = identity->model;
	const struct object *assignment, *role;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_ASSIGNMENT, index, id, NULL);
	while ((assignment = model_iter_next(&iter))) {
		bool on_domain = !object_is_null(assignment, ASSIGNMENT_DOMAIN_ID) &&
				 !object_bool(assignment, ASSIGNMENT_INHERITED);

		role = model_get_text(model, KIND_ROLE, object_str(assignment, ASSIGNMENT_ROLE_ID));
		if (!on_domain && role && role_leads_to_admin(identity, role))
			return true;
	}
	return false;
}

/* Is a role that leads to admin lent to the user? Who could log in as him could use it. */
static bool is_lent_admin(const struct identity *identity, const char *user)
{
	const struct object *trust, *role;
	struct model_iter iter;
	bool lent = false;
	json_t *ids, *id;
	size_t i;

	model_iter_init(&iter, identity->model, KIND_TRUST, TRUST_BY_TRUSTEE, user, NULL);
	while (!lent && (trust = model_iter_next(&iter))) {
		ids = object_json(trust, TRUST_ROLE_IDS);
		json_array_foreach(ids, i, id) {
			role = model_get_text(identity->model, KIND_ROLE, json_string_value(id));
			lent = lent || (role && role_leads_to_admin(identity, role));
		}
		json_decref(ids);
	}
	return lent;
}

bool is_privileged(const struct identity *identity, const struct object *actor)
{
	const struct model *model = identity->model;
	bool user = object_kind(actor)->id == KIND_USER;
	const struct object *membership;
	struct model_iter iter;
	char id[UUID_STRLEN];

	uuid_format(object_id(actor), id);
	if (gives_admin(identity, user ? ASSIGNMENT_BY_USER : ASSIGNMENT_BY_GROUP, id))
		return true;
	if (!user)
		return false;
	if (is_lent_admin(identity, id))
		return true;
	model_iter_init(&iter, model, KIND_GROUP_MEMBER, GROUP_MEMBER_BY_USER, id, NULL);
	while ((membership = model_iter_next(&iter)))
		if (gives_admin(identity, ASSIGNMENT_BY_GROUP,
			    object_str(membership, GROUP_MEMBER_GROUP_ID)))
			return true;
	return false;
}
