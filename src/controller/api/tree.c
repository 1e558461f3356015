/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octavia's clients (Kubernetes' cloud provider among them) make a whole load balancer by one
 * request. A body is a tree: what it refers to is made before it, what is part of it behind it,
 * each by the way that a request of its own would go.
 */
#include "controller/api/tree.h"

#include <string.h>

#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_pool.h"

enum form {
	FORM_POOL, /* an object, or {"name": …} of a pool that is there: made before */
	FORM_ONE,  /* an object */
	FORM_LIST, /* of objects */
};

static const struct part {
	enum kind_id of;
	const char *member; /* of the body of that kind */
	enum kind_id kind;
	enum form form;
	const char *reference; /* whose, or of FORM_POOL which; NULL: the path says it */
} parts[] = {
	{ KIND_LOAD_BALANCER, "pools", KIND_LB_POOL, FORM_LIST, "loadbalancer_id" },
	{ KIND_LOAD_BALANCER, "listeners", KIND_LB_LISTENER, FORM_LIST, "loadbalancer_id" },
	{ KIND_LB_LISTENER, "default_pool", KIND_LB_POOL, FORM_POOL, "default_pool_id" },
	{ KIND_LB_LISTENER, "l7policies", KIND_LB_L7POLICY, FORM_LIST, "listener_id" },
	{ KIND_LB_L7POLICY, "redirect_pool", KIND_LB_POOL, FORM_POOL, "redirect_pool_id" },
	{ KIND_LB_L7POLICY, "rules", KIND_LB_L7RULE, FORM_LIST, NULL },
	{ KIND_LB_POOL, "members", KIND_LB_MEMBER, FORM_LIST, NULL },
	{ KIND_LB_POOL, "healthmonitor", KIND_LB_HEALTH_MONITOR, FORM_ONE, "pool_id" },
};

/* The parts of one object while it is made. */
struct tree {
	struct txn *txn;
	enum kind_id kind;
	const char *balancer; /* that it is part of; NULL: not known, since it says nothing good */
	json_t *own;	      /* the body without its parts; owned */
	json_t *given[G_N_ELEMENTS(parts)]; /* owned; NULL: nothing */
};

static const struct object *create(struct txn *txn, enum kind_id kind, const char *parent,
	const char *balancer, json_t *body, GError **error);

static const struct object *pool_named(const struct tree *tree, const char *name)
{
	const struct object *pool;
	struct txn_iter iter;

	txn_iter_init(
		&iter, tree->txn, KIND_LB_POOL, LB_POOL_BY_LOAD_BALANCER, tree->balancer, NULL);
	while ((pool = txn_iter_next(&iter)))
		if (!strcmp(object_str(pool, SLOT_NAME), name))
			return pool;
	return NULL;
}

/* The pool that the object refers to: its id goes into the body. */
static bool create_before(struct tree *tree, const struct part *part, json_t *given, GError **error)
{
	const char *name = json_string_value(json_object_get(given, "name"));
	const struct object *pool;
	char id[UUID_STRLEN];

	if (json_object_size(given) == 1 && name) {
		pool = pool_named(tree, name);
		if (!pool)
			return weft_fail(error, BAD_REQUEST,
				"the load balancer has no pool '%.64s': give it among its pools, or whole here.",
				name);
	} else {
		json_object_set_new(given, "loadbalancer_id", json_string(tree->balancer));
		pool = create(tree->txn, part->kind, NULL, tree->balancer, given, error);
		if (!pool)
			return false;
	}
	json_object_set_new(
		tree->own, part->reference, json_string(uuid_format(object_id(pool), id)));
	return true;
}

/* What is part of the object. */
static bool create_behind(
	struct tree *tree, const struct part *part, json_t *given, const char *id, GError **error)
{
	const char *balancer = tree->kind == KIND_LOAD_BALANCER ? id : tree->balancer;

	if (part->reference)
		json_object_set_new(given, part->reference, json_string(id));
	return create(tree->txn, part->kind, part->reference ? NULL : id, balancer, given, error);
}

static bool check_object(const json_t *given, GError **error)
{
	return json_is_object(given) || weft_fail(error, BAD_REQUEST, "it must be an object.");
}

static bool create_list(
	struct tree *tree, const struct part *part, json_t *list, const char *id, GError **error)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list))
		return weft_fail(
			error, BAD_REQUEST, "%s: it must be a list of objects.", part->member);
	json_array_foreach(list, i, item)
		if (!check_object(item, error) || !create_behind(tree, part, item, id, error)) {
			g_prefix_error(error, "%s[%zu]: ", part->member, i);
			return false;
		}
	return true;
}

/* @id: the object's, once it is there; NULL: what it refers to is to be made. */
static bool create_parts(struct tree *tree, const char *id, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		const struct part *part = &parts[i];
		json_t *given = tree->given[i];

		if (!given || (part->form == FORM_POOL) != !id)
			continue;
		if (part->form == FORM_LIST) {
			if (!create_list(tree, part, given, id, error))
				return false;
			continue;
		}
		if (check_object(given, error) && (id ? create_behind(tree, part, given, id, error)
						      : create_before(tree, part, given, error)))
			continue;
		g_prefix_error(error, "%s: ", part->member);
		return false;
	}
	return true;
}

/* Of what is no part of a tree: the load balancer that its body names. */
static const char *balancer_of(const struct txn *txn, enum kind_id kind, json_t *body)
{
	const char *listener_id = json_string_value(json_object_get(body, "listener_id"));
	const struct object *listener =
		listener_id ? txn_need(txn, KIND_LB_LISTENER, listener_id, NULL) : NULL;

	if (kind == KIND_LB_L7POLICY)
		return listener ? object_str(listener, LB_LISTENER_LOAD_BALANCER_ID) : NULL;
	return json_string_value(json_object_get(body, "loadbalancer_id"));
}

static void take_apart(struct tree *tree, json_t *body)
{
	tree->own = json_copy(body);
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		json_t *given = json_object_get(body, parts[i].member);

		if (!given || parts[i].of != tree->kind)
			continue;
		if (!json_is_null(given))
			tree->given[i] = json_deep_copy(given);
		json_object_del(tree->own, parts[i].member);
	}
}

static const struct object *create(struct txn *txn, enum kind_id kind, const char *parent,
	const char *balancer, json_t *body, GError **error)
{
	struct tree tree = { .txn = txn, .kind = kind, .balancer = balancer };
	const struct object *object = NULL;
	char id[UUID_STRLEN];

	take_apart(&tree, body);
	/* Who names no load balancer is told so by the creation itself. */
	if (!balancer || create_parts(&tree, NULL, error))
		object = txn_create_in(txn, kind, parent, tree.own, error);
	if (object && !create_parts(&tree, uuid_format(object_id(object), id), error))
		object = NULL;
	if (object) /* its parts may have changed it */
		object = txn_get(txn, kind, object_id(object));
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		json_decref(tree.given[i]);
	json_decref(tree.own);
	return object;
}

const struct object *tree_create(
	struct txn *txn, enum kind_id kind, const char *parent, json_t *body, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		if (parts[i].of == kind && json_is_object(body))
			return create(txn, kind, parent, balancer_of(txn, kind, body), body, error);
	return txn_create_in(txn, kind, parent, body, error);
}
