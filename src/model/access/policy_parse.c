/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language of rules. Words are separated by blanks; brackets stick to words, and as %(x)s ends
 * in a letter, brackets at the end of a word are never its own. `not` binds before `and`, `and`
 * before `or`.
 */
#include <string.h>

#include "model/access/policy_impl.h"

#define DEPTH_MAX 32 /* of brackets and nots: the parser recurses */
#define ROLES_MAX 64

struct parser {
	struct policy *policy;
	const char *at;	  /* behind the current word */
	GString *word;	  /* the current one; empty at the end */
	unsigned closing; /* brackets that follow the current word */
	unsigned depth;
	const char *whole;
};

static void operand_clear(struct operand *operand)
{
	g_free(operand->text);
	g_free(operand->of);
}

void expr_free(struct expr *expr)
{
	if (!expr)
		return;
	expr_free(expr->a);
	expr_free(expr->b);
	g_free(expr->text);
	operand_clear(&expr->left);
	operand_clear(&expr->right);
	if (expr->regex)
		g_regex_unref(expr->regex);
	g_free(expr);
}

static struct expr *expr_new(enum expr_op op, struct expr *a, struct expr *b)
{
	struct expr *expr = g_new0(struct expr, 1);

	expr->op = op;
	expr->a = a;
	expr->b = b;
	return expr;
}

/* The next word is "(", ")", or one without brackets at its ends; empty at the end of the text. */
static void advance(struct parser *parser)
{
	size_t len;

	g_string_truncate(parser->word, 0);
	if (parser->closing) {
		parser->closing--;
		g_string_append_c(parser->word, ')');
		return;
	}
	parser->at += strspn(parser->at, " \t\r\n");
	if (*parser->at == '(') {
		g_string_append_c(parser->word, *parser->at++);
		return;
	}
	len = strcspn(parser->at, " \t\r\n");
	g_string_append_len(parser->word, parser->at, (gssize)len);
	parser->at += len;
	while (parser->word->len && parser->word->str[parser->word->len - 1] == ')') {
		g_string_truncate(parser->word, parser->word->len - 1);
		parser->closing++;
	}
	if (!parser->word->len && parser->closing)
		advance(parser);
}

static bool is_word(const struct parser *parser, const char *word)
{
	return !g_ascii_strcasecmp(parser->word->str, word);
}

static struct expr *fail_expected(const struct parser *parser, const char *expected, GError **error)
{
	weft_fail(error, INVALID_INPUT, "%s is expected %s%s%s in '%s'", expected,
		parser->word->len ? "instead of '" : "at the end", parser->word->str,
		parser->word->len ? "'" : "", parser->whole);
	return NULL;
}

/* role:NAME */
static struct expr *parse_role(struct parser *parser, const char *name, GError **error)
{
	static const char *const ranked[] = {
		[CALLER_READER] = "reader", [CALLER_MEMBER] = "member", [CALLER_ADMIN] = "admin"
	};
	GPtrArray *roles = parser->policy->roles;
	struct expr *expr;
	guint bit = 0;

	if (!*name || strstr(name, "%("))
		return fail_expected(parser, "role: and the name of a role", error);
	for (enum caller_role rank = CALLER_READER; rank <= CALLER_ADMIN; rank++)
		if (!g_ascii_strcasecmp(name, ranked[rank])) {
			expr = expr_new(EXPR_RANK, NULL, NULL);
			expr->rank = rank;
			return expr;
		}
	while (bit < roles->len && g_ascii_strcasecmp(roles->pdata[bit], name))
		bit++;
	if (bit == ROLES_MAX) {
		weft_fail(error, INVALID_INPUT, "role '%s' is one too many: rules may ask for %d",
			name, ROLES_MAX);
		return NULL;
	}
	if (bit == roles->len)
		g_ptr_array_add(roles, g_strdup(name));
	expr = expr_new(EXPR_ROLE, NULL, NULL);
	expr->role = 1ull << bit;
	return expr;
}

static const struct kind *find_resource(const char *name)
{
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id((enum kind_id)id);

		if (!strcmp(kind->collection, name) || !strcmp(kind_name(kind), name))
			return kind;
	}
	return NULL;
}

/* OpenStack's own policy file has both names of it. */
static int find_field(const struct kind *kind, const char *name)
{
	return kind_slot(kind, strcmp(name, "target_project") ? name : "target_tenant");
}

/* field:RESOURCE:FIELD=VALUE, or =~REGULAR-EXPRESSION */
static struct expr *parse_field(const struct parser *parser, const char *text, GError **error)
{
	const char *colon = strchr(text, ':'), *equals = colon ? strchr(colon, '=') : NULL;
	g_autofree char *resource = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
	g_autofree char *field = equals ? g_strndup(colon + 1, (gsize)(equals - colon - 1)) : NULL;
	const struct kind *kind = field ? find_resource(resource) : NULL;
	int slot = kind ? find_field(kind, field) : -1;
	struct expr *expr;

	if (slot < 0 || slot == SLOT_ID || kind_attr(kind, (unsigned)slot)->flags & ATTR_COMPUTED)
		return fail_expected(parser,
			"field:COLLECTION:ATTRIBUTE=VALUE, with a stored attribute,", error);
	expr = expr_new(EXPR_FIELD, NULL, NULL);
	expr->kind = kind;
	expr->slot = (unsigned)slot;
	expr->text = g_strdup(equals + 1);
	if (equals[1] != '~')
		return expr;
	expr->regex = g_regex_new(equals + 2, G_REGEX_OPTIMIZE, 0, NULL);
	if (expr->regex)
		return expr;
	expr_free(expr);
	return fail_expected(parser, "a regular expression behind =~", error);
}

/* Does any kind have what %(OF:ATTRIBUTE)s is about? */
static bool is_path(const char *of, const char *attr)
{
	g_autofree char *reference = of ? g_strconcat(of, "_id", NULL) : NULL;

	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id((enum kind_id)id);
		enum kind_id to = kind->id;
		int slot;

		if (of && !strcmp(of, OPERAND_PARENT)) {
			to = kind_parent(kind);
		} else if (of) {
			slot = kind_slot(kind, reference);
			to = slot < 0 ? KIND_NONE : kind_attr(kind, (unsigned)slot)->refers;
		}
		if (to && kind_slot(kind_by_id(to), attr) >= 0)
			return true;
	}
	/* Named by rules of kinds to come. */
	return of && !strcmp(of, OPERAND_PARENT) && !strcmp(attr, "project_id");
}

/* "network:tenant_id", of which the last colon separates. */
static bool parse_path(const char *path, size_t len, struct operand *ret)
{
	g_autofree char *text = g_strndup(path, len);
	char *colon = strchr(text, ':');
	g_autofree char *of = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;

	*ret = (struct operand){ .type = OPERAND_TARGET };
	if (is_path(NULL, text)) { /* "router:external" is an attribute */
		ret->text = g_steal_pointer(&text);
		return true;
	}
	if (!colon || !is_path(of, colon + 1))
		return false;
	ret->text = g_strdup(colon + 1);
	ret->of = g_steal_pointer(&of);
	return true;
}

/* The right side: %(ATTRIBUTE)s, or a text. */
static bool parse_right(const char *text, struct operand *ret)
{
	size_t len = strlen(text);

	if (g_str_has_prefix(text, "%(") && len > 4 && !strcmp(text + len - 2, ")s"))
		return parse_path(text + 2, len - 4, ret);
	*ret = (struct operand){ .type = OPERAND_LITERAL, .text = g_strdup(text) };
	return len && !strchr(text, '%');
}

/* The left side: what the caller has, or a text in quotes. */
static bool parse_left(const char *text, size_t len, struct operand *ret)
{
	static const struct {
		const char *name;
		enum operand_type type;
	} known[] = {
		{ "project_id", OPERAND_PROJECT },
		{ "tenant_id", OPERAND_PROJECT },
		{ "user_id", OPERAND_USER },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (strlen(known[i].name) == len && !strncmp(known[i].name, text, len)) {
			*ret = (struct operand){ .type = known[i].type };
			return true;
		}
	if (len < 2 || (text[0] != '\'' && text[0] != '"') || text[len - 1] != text[0])
		return false;
	*ret = (struct operand){ OPERAND_LITERAL, g_strndup(text + 1, len - 2), NULL };
	return true;
}

static struct expr *parse_match(const struct parser *parser, const char *colon, GError **error)
{
	const char *word = parser->word->str;
	struct expr *expr = expr_new(EXPR_MATCH, NULL, NULL);

	if (!parse_left(word, (size_t)(colon - word), &expr->left)) {
		expr_free(expr);
		return fail_expected(parser,
			"role:, rule:, project_id:, user_id:, is_admin:, system_scope: or field:",
			error);
	}
	if (!parse_right(colon + 1, &expr->right)) {
		expr_free(expr);
		return fail_expected(
			parser, "a text, or %(ATTRIBUTE)s with an attribute of a resource,", error);
	}
	return expr;
}

static struct expr *parse_check(struct parser *parser, GError **error)
{
	const char *word = parser->word->str, *colon = strchr(word, ':');
	struct expr *expr;

	if (!strcmp(word, "@") || !strcmp(word, "!"))
		return expr_new(*word == '@' ? EXPR_TRUE : EXPR_FALSE, NULL, NULL);
	if (is_word(parser, "is_admin:True") || is_word(parser, "is_admin:1"))
		return expr_new(EXPR_ADMIN, NULL, NULL);
	if (is_word(parser, "is_admin:False") || is_word(parser, "is_admin:0"))
		return expr_new(EXPR_NOT, expr_new(EXPR_ADMIN, NULL, NULL), NULL);
	if (!strcmp(word, "system_scope:all"))
		return expr_new(EXPR_SYSTEM, NULL, NULL);
	if (g_str_has_prefix(word, "role:"))
		return parse_role(parser, colon + 1, error);
	if (g_str_has_prefix(word, "field:"))
		return parse_field(parser, colon + 1, error);
	if (!colon)
		return fail_expected(parser, "a check like role:member, @ or !", error);
	if (!g_str_has_prefix(word, "rule:"))
		return parse_match(parser, colon, error);
	expr = expr_new(EXPR_RULE, NULL, NULL);
	expr->text = g_strdup(colon + 1);
	return expr;
}

static struct expr *parse_or(struct parser *parser, GError **error);

static struct expr *parse_primary(struct parser *parser, GError **error)
{
	struct expr *expr;

	if (!is_word(parser, "(")) {
		expr = parse_check(parser, error);
		advance(parser);
		return expr;
	}
	advance(parser);
	expr = parse_or(parser, error);
	if (expr && !is_word(parser, ")")) {
		expr_free(expr);
		return fail_expected(parser, "')'", error);
	}
	advance(parser);
	return expr;
}

static struct expr *parse_not(struct parser *parser, GError **error)
{
	struct expr *expr;

	if (++parser->depth > DEPTH_MAX) {
		weft_fail(error, INVALID_INPUT, "'%.64s…' is nested more than %d deep",
			parser->whole, DEPTH_MAX);
		return NULL;
	}
	if (is_word(parser, "not")) {
		advance(parser);
		expr = parse_not(parser, error);
		expr = expr ? expr_new(EXPR_NOT, expr, NULL) : NULL;
	} else {
		expr = parse_primary(parser, error);
	}
	parser->depth--;
	return expr;
}

/* Operands of @operation, parsed by @part, with @word between them. */
static struct expr *parse_chain(struct parser *parser, enum expr_op op, const char *word,
	struct expr *(*part)(struct parser *parser, GError **error), GError **error)
{
	struct expr *expr = part(parser, error), *next;

	while (expr && is_word(parser, word)) {
		advance(parser);
		next = part(parser, error);
		if (!next) {
			expr_free(expr);
			return NULL;
		}
		expr = expr_new(op, expr, next);
	}
	return expr;
}

static struct expr *parse_and(struct parser *parser, GError **error)
{
	return parse_chain(parser, EXPR_AND, "and", parse_not, error);
}

static struct expr *parse_or(struct parser *parser, GError **error)
{
	return parse_chain(parser, EXPR_OR, "or", parse_and, error);
}

struct expr *expr_parse(struct policy *policy, const char *text, GError **error)
{
	struct parser parser = { .policy = policy, .at = text, .whole = text };
	struct expr *expr;

	parser.word = g_string_new(NULL);
	advance(&parser);
	expr = parser.word->len ? parse_or(&parser, error) : expr_new(EXPR_TRUE, NULL, NULL);
	if (expr && parser.word->len) {
		expr_free(expr);
		expr = fail_expected(&parser, "'and', 'or' or the end", error);
	}
	g_string_free(parser.word, TRUE);
	return expr;
}
