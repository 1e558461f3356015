/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a policy. Inside of src/model. */
#pragma once

#include "model/access/policy.h"

enum expr_op {
	EXPR_TRUE,
	EXPR_FALSE,
	EXPR_NOT,    /* a */
	EXPR_AND,    /* a, b */
	EXPR_OR,     /* a, b */
	EXPR_RULE,   /* text names it; rule, once linked */
	EXPR_RANK,   /* role:reader, member or admin */
	EXPR_ROLE,   /* another one */
	EXPR_ADMIN,  /* is_admin:True */
	EXPR_SYSTEM, /* system_scope:all */
	EXPR_MATCH,  /* left, right */
	EXPR_FIELD,  /* field:RESOURCE:FIELD=VALUE */
};

enum operand_type {
	OPERAND_LITERAL, /* text */
	OPERAND_PROJECT, /* the caller's */
	OPERAND_USER,	 /* the caller's */
	OPERAND_TARGET,	 /* the attribute `text` of the object, or of its `of` */
};

/* The object that it is part of, in %(ext_parent:project_id)s. */
#define OPERAND_PARENT "ext_parent"

struct operand {
	enum operand_type type;
	char *text;
	char *of; /* "network": what network_id refers to; OPERAND_PARENT; NULL: the object */
};

struct expr {
	enum expr_op op;
	struct expr *a, *b;
	char *text;
	const struct rule *rule;
	enum caller_role rank;
	u64 role;
	struct operand left, right;
	/* EXPR_FIELD: the value is `text`, or matches `regex`. */
	const struct kind *kind;
	unsigned slot;
	GRegex *regex;
};

struct rule {
	char *name;
	const char *text;     /* interned */
	const char *fallback; /* its default, interned; NULL: the policy file invented it */
	const char *doc;
	const struct expr *expr;
	bool referred; /* by another rule */
	bool asked;    /* the API asks for it */
	u8 colour;     /* of the search for circles */
};

/* A rule for a field of an object, or of the items of a list: "create_port:fixed_ips:ip_address".
 */
struct field_rule {
	enum policy_operation operation;
	unsigned slot;
	const char *field;
	const struct rule *rule;
};

struct action_rules {
	const struct rule *run, *add, *remove;
};

/* What is asked for one kind; a rule that is NULL forbids nothing. */
struct kind_rules {
	const struct rule *operations[N_POLICY_OPERATIONS];
	const struct rule *attrs[N_POLICY_OPERATIONS][MAX_SLOTS];
	u64 restricted[N_POLICY_OPERATIONS]; /* slots that have one */
	GArray *fields;			     /* struct field_rule */
	struct action_rules *actions;	     /* by place in kind->actions */
};

struct policy {
	GPtrArray *rules; /* struct rule */
	GHashTable *by_name;
	GHashTable *exprs; /* interned text → struct expr */
	GPtrArray *roles;  /* names, by number of the bit */
	struct kind_rules kinds[N_KINDS];
	const struct rule *is_admin;
};

/* The names of the operations in those of rules: "create". */
extern const char *const policy_operation_names[N_POLICY_OPERATIONS];

/* The fields that may have rules of their own, ended by a nameless one; NULL: it has none. */
static inline const struct attr *policy_fields(const struct attr *attr)
{
	return attr->item ? attr->item->fields : attr->fields;
}

/* The kind's name in those of rules: "network", "policy_dscp_marking_rule"; g_free. */
char *policy_kind_name(const struct kind *kind);

/* Compiles @text. Roles get bits in @policy; references are left to policy_link(). */
struct expr *expr_parse(struct policy *policy, const char *text, GError **error);
void expr_free(struct expr *expr);

bool rule_holds(
	const struct rule *rule, const struct caller *caller, const struct policy_target *target);

const struct policy *policy_of(const struct caller *caller);
