/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: filters, sorting, paging and field selection by the kind's table. */
#pragma once

#include "base/autoptr.h"
#include "model/model.h"

struct query;

struct query *query_new(const struct kind *kind, const struct caller *caller);
void query_free(struct query *query);
DEFINE_AUTOPTR(query, query_free)

/*
 * One parameter of the request's query string, decoded. Understands fields, sort_key, sort_dir,
 * limit, marker, page_reverse; tags, tags-any, not-tags, not-tags-any, changed_since; every
 * readable attribute (the same name again: or; values of a nested list as "key=value", e.g.
 * fixed_ips=ip_address=10.0.0.3, or fixed_ips=ip_address_substr=10.0. for a part of the text; a
 * time as lt:2026-01-31T12:00:00Z, and so lte, gt, gte, eq, neq: all that are given hold). An
 * unknown name is INVALID_INPUT.
 */
bool query_add(struct query *query, const char *name, const char *value, GError **error);

/*
 * The page of objects that the caller may see and that match, in order (creation, or sort_key);
 * elements are referenced, the array is the caller's (g_ptr_array_unref). *@ret_more tells whether
 * another page follows (behind, in the direction asked). A marker that doesn't exist is an error.
 * Uses an index when a filter has one.
 */
GPtrArray *query_run(
	const struct query *query, const struct model *model, bool *ret_more, GError **error);

/* May the caller see @object, and do the filters fit it? */
bool query_matches(
	const struct query *query, const struct model *model, const struct object *object);

/* Only what is part of the object @parent: for kinds whose path has a parent. */
void query_add_parent(struct query *query, const char *parent);

/* Adds the attributes of one `fields` parameter, separated by commas, to the mask *@fields. What
 * the kind lacks selects nothing; the id's bit tells "a selection" from "all". */
void query_select(const struct kind *kind, const char *value, u64 *fields);
/* Is the query for objects whose attribute has that text, among others perhaps? For hooks.all. */
bool query_asks(const struct query *query, unsigned slot, const char *text);
u64 query_fields(const struct query *query);	 /* for object_write_json(); 0: all */
unsigned query_limit(const struct query *query); /* 0: none */
bool query_page_reverse(const struct query *query);
