/* SPDX-License-Identifier: Apache-2.0 */
/* One request on its way through the API. Inside of controller/api. */
#pragma once

#include "controller/api/api.h"
#include "model/access/policy.h"

struct route;

struct call {
	struct api *api;
	struct http_request *request;
	struct caller caller;	 /* its project id lives as long as the API */
	const struct kind *kind; /* {collection}; NULL: the route has none */
	bool alias;		 /* the path is the kind's alias_path */
	const char *parent;	 /* id of what the collection is part of; NULL: of nothing */
	const char *id, *item;	 /* {id}, {item} */
	const struct kind_action *action; /* {action} */
	char own_id[UUID_STRLEN];	  /* of `id`, when the path names the object otherwise */
};

/* Is it for the Load Balancer API? Its errors have another shape, and its quotas are its own. */
bool call_is_load_balancer(const struct http_request *request);

/* What an object is called in bodies on this path. */
static inline const char *call_singular(const struct call *call)
{
	return call->alias ? call->kind->alias_singular : call->kind->singular;
}

typedef void (*call_fn)(struct call *call);

/* Answers with the error and takes it. */
void call_fail(const struct call *call, GError *error);
/* @body (taken) is JSON. */
void call_answer(const struct call *call, unsigned status, GString *body);

/*
 * Writing: stage, then submit. @respond writes the answer once the change is durable; @objects
 * (taken over, may be NULL) are what was staged.
 */
struct write {
	struct call call;
	GPtrArray *objects;
	char *credential; /* of a host that was made */
	json_t *answer;	  /* of an action; NULL: its object */
	void (*respond)(struct write *write);
};
void write_submit(const struct call *call, struct txn *txn, GPtrArray *objects,
	void (*respond)(struct write *write));
/* The same, for what carries more; takes @write over. */
void write_submit_full(struct write *write, struct txn *txn);
struct write *write_new(
	const struct call *call, GPtrArray *objects, void (*respond)(struct write *write));
void write_free(struct write *write); /* one that is not submitted */
/* 200 with {"singular": …} of the first object; 204. */
void write_respond_updated(struct write *write);
void write_respond_deleted(struct write *write);

/* One object of the call's kind by its id, below the parent that the path names, that the caller
 * may see, or the kind's not-found error. */
const struct object *call_object(struct call *call, GError **error);

/* On a path without the object's parent: the rule for that. */
bool call_check_alias(const struct call *call, enum policy_operation operation,
	const struct object *object, GError **error);

/* Is the object as the caller knew it, if he says so by "If-Match: revision_number=N"? */
bool call_check_revision(const struct call *call, const struct object *object, GError **error);

/* May the caller change (delete, with the call's action: do that with) the object that the path
 * names, and is it as he knew it, if he says so by If-Match? */
bool call_check_change(const struct call *call, const struct txn *txn,
	enum policy_operation operation, const struct object *object, GError **error);

/* {"singular": …} */
GString *call_render(const struct call *call, const struct object *object, u64 fields);

/* Handlers, by file. */
void versions_get(struct call *call); /* discovery.c */
void resources_get(struct call *call);
void openapi_get(struct call *call);	/* openapi.c */
void extensions_get(struct call *call); /* extensions.c */
void extension_get(struct call *call);
void collection_list(struct call *call);	/* list.c */
void collection_create(struct call *call);	/* create.c */
void collection_replace(struct call *call);	/* batch.c */
void load_balancer_versions(struct call *call); /* load_balancer.c */
void load_balancer_version(struct call *call);
void load_balancer_providers(struct call *call);
void load_balancer_capabilities(struct call *call);
void load_balancer_no_choice(struct call *call);
void object_show(struct call *call); /* object.c */
void object_update(struct call *call);
void object_delete(struct call *call);
void action_read(struct call *call); /* action.c */
void action_run(struct call *call);
void action_add(struct call *call);
void action_remove(struct call *call);
void rule_types_list(struct call *call); /* qos.c */
void rule_type_show(struct call *call);
void flavor_associate(struct call *call); /* flavor.c */
void flavor_show_associated(struct call *call);
void flavor_dissociate(struct call *call);
void auto_allocated_topology_show(struct call *call); /* auto_allocated_topology.c */
void auto_allocated_topology_delete(struct call *call);
void tags_get(struct call *call); /* tags.c */
void tags_replace(struct call *call);
void tags_add(struct call *call);
void tags_clear(struct call *call);
void tag_get(struct call *call);
void tag_add(struct call *call);
void tag_remove(struct call *call);
void bindings_list(struct call *call); /* binding.c */
void binding_create(struct call *call);
void binding_show(struct call *call);
void binding_update(struct call *call);
void binding_delete(struct call *call);
void binding_activate(struct call *call);
void quotas_list(struct call *call); /* quota.c */
void quota_show(struct call *call);
void quota_show_part(struct call *call);
void quota_defaults(struct call *call);
void quota_update(struct call *call);
void quota_delete(struct call *call);
void host_update(struct call *call); /* host.c */
void host_renew(struct call *call);
void providers_list(struct call *call); /* providers.c */
void sync_pass(struct call *call);	/* router.c */
void metrics_get(struct call *call);	/* monitor.c */
void healthz_get(struct call *call);
