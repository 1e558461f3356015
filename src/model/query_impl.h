/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of a list. Inside of src/model. */
#pragma once

#include "model/query.h"

#define MAX_SORT_KEYS 8

struct sort_key {
	unsigned slot;
	bool descending;
};

struct query {
	const struct kind *kind;
	const struct caller *caller;
	GPtrArray *filters;
	u64 fields;
	unsigned limit;
	char *marker;
	bool reverse;
	unsigned n_keys, n_directions;
	struct sort_key keys[MAX_SORT_KEYS];
};

/* By its keys; objects that are equal in all of them stay in the order they have. */
void query_sort(const struct query *query, const struct model *model, GPtrArray *objects);

/* Objects of @kind that @caller may see, and perhaps others, in order of creation; borrowed
 * elements, g_ptr_array_unref. NULL: only a walk over all finds them. With @own those of the
 * caller's project are not among them: *@own goes through them, in order too. */
GPtrArray *sight_gather(const struct model *model, const struct kind *kind,
	const struct caller *caller, struct model_iter *own);

enum filter_type {
	FILTER_VALUE,	      /* the attribute is one of the values */
	FILTER_ITEM,	      /* an item of the list, or its `field`, is one of them */
	FILTER_ITEM_PART,     /* the `field` of an item has one of them in it */
	FILTER_ALL_TAGS,      /* tags: it has them all */
	FILTER_ANY_TAG,	      /* tags-any */
	FILTER_NOT_ALL_TAGS,  /* not-tags */
	FILTER_NOT_ANY_TAG,   /* not-tags-any */
	FILTER_CHANGED_SINCE, /* updated_at is one of them or later */
	FILTER_TIME,	      /* the attribute stands to each of the times as `field` says */
};

struct filter {
	enum filter_type type;
	unsigned slot;
	char *field;	   /* of an item that is an object; of a time "lt", "gte" …; else NULL */
	GPtrArray *values; /* texts; owned */
};

/*
 * Makes the filter of one parameter, or adds an alternative to the same one in @filters.
 * INVALID_INPUT when the kind has no such attribute, the caller may not see it, or the value is not
 * of its type.
 */
bool filter_add(GPtrArray *filters, const struct kind *kind, const struct caller *caller,
	const char *name, const char *value, GError **error);
/* The same for an attribute that the caller need not be able to read. */
void filter_add_value(GPtrArray *filters, unsigned slot, const char *text);
void filter_free(gpointer filter);

/* The index of @kind that answers @filter, or -1. */
int filter_index(const struct filter *filter, const struct kind *kind);

bool filter_matches(const struct filter *filter, const struct object *object,
	const struct model *model, const struct caller *caller);
