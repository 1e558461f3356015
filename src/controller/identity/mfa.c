/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several methods for one log-in. A user's rules (option multi_factor_auth_rules) are lists of
 * methods; one of the lists has to be shown whole. Who has shown too little is answered 401 with a
 * receipt for that, which with the rest makes a log-in.
 */
#include <string.h>

#include "controller/identity/identity_impl.h"
#include "controller/identity/totp.h"
#include "model/identity/identity_options.h"
#include "model/value.h"

#define RECEIPT_LIFETIME_S 300
#define RECEIPT_HEADER "Openstack-Auth-Receipt"

static s64 now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static unsigned method_of(const char *name)
{
	for (unsigned i = 0; i < N_TOKEN_METHODS; i++)
		if (!strcmp(auth_method_name(1u << i), name))
			return 1u << i;
	return 0;
}

/* json_decref(); NULL: there are none that hold. */
static json_t *rules_of(const struct object *user)
{
	json_t *options = object_json(user, USER_OPTIONS);
	json_t *rules = json_object_get(options, OPTION_MFA_RULES);

	if (json_is_false(json_object_get(options, OPTION_MFA_ENABLED)) || !json_array_size(rules))
		rules = NULL;
	json_incref(rules);
	json_decref(options);
	return rules;
}

static bool fulfils(json_t *rule, unsigned methods)
{
	json_t *name;
	size_t i;

	json_array_foreach(rule, i, name)
		if (!(methods & method_of(json_string_value(name))))
			return false;
	return true;
}

bool mfa_satisfied(const struct object *user, unsigned methods)
{
	json_t *rules = rules_of(user), *rule;
	/* Six digits are too little to log in by, unless a rule says so. */
	bool satisfied = !rules && methods != TOKEN_METHOD_TOTP;
	size_t i;

	json_array_foreach(rules, i, rule)
		satisfied = satisfied || fulfils(rule, methods);
	json_decref(rules);
	return satisfied;
}

static GString *render_receipt(
	const struct model *model, const struct object *user, const struct token *receipt)
{
	json_t *rules = rules_of(user) ?: json_pack("[[s,s]]", "password", "totp");
	char *text = json_dumps(rules, JSON_COMPACT);
	GString *body = g_string_new(NULL);
	struct json_writer w = json_writer_on(body);
	char time[TIME_STRLEN];

	jw_begin_object(&w);
	jw_key(&w, "receipt");
	jw_begin_object(&w);
	methods_write(&w, receipt->methods);
	named_in_domain_write(&w, "user", user, model, USER_DOMAIN_ID);
	jw_end_object(&w);
	jw_member_string(&w, "issued_at", time_format(receipt->issued_at, time));
	jw_member_string(&w, "expires_at", time_format(receipt->expires_at, time));
	jw_end_object(&w);
	jw_member_raw(&w, "required_auth_methods", text);
	jw_end_object(&w);
	free(text);
	json_decref(rules);
	return body;
}

void mfa_answer_receipt(
	const struct visit *visit, const struct object *user, const struct token *shown)
{
	const struct token receipt = {
		.use = TOKEN_AS_RECEIPT,
		.methods = shown->methods,
		.audit = uuid_random(),
		.user = shown->user,
		.generation = shown->generation,
		.issued_at = now_s(),
		.expires_at = now_s() + RECEIPT_LIFETIME_S,
	};
	g_autofree char *text = keys_seal(visit->identity, &receipt);

	http_request_add_header(visit->call.request, RECEIPT_HEADER, text);
	call_answer(&visit->call, 401, render_receipt(visit->identity->model, user, &receipt));
}

bool mfa_take_receipt(const struct visit *visit, struct token *ret, GError **error)
{
	const char *text = http_request_header(visit->call.request, RECEIPT_HEADER);
	const struct object *user;

	if (!text)
		return true;
	if (!keys_open(visit->identity, text, TOKEN_AS_RECEIPT, ret) || ret->expires_at <= now_s())
		return weft_fail(error, UNAUTHORIZED,
			"The receipt is none, or not valid any more; begin again without it.");
	user = model_get(visit->identity->model, KIND_USER, &ret->user);
	return (user && (u32)object_int(user, USER_GENERATION) == ret->generation) ||
	       weft_fail(error, UNAUTHORIZED,
		       "The receipt is of a password that has been changed; begin again without it.");
}

/* A passcode is good for one log-in. */
static bool is_unused(struct identity *identity, const char *user, s64 step)
{
	s64 *last = g_hash_table_lookup(identity->passcodes, user);

	if (last && *last >= step)
		return false;
	g_hash_table_insert(identity->passcodes, g_strdup(user), g_memdup2(&step, sizeof step));
	return true;
}

bool mfa_passcode_fits(struct identity *identity, const struct object *user, const char *passcode)
{
	const struct object *credential;
	struct model_iter iter;
	char id[UUID_STRLEN];
	s64 step;

	model_iter_init(&iter, identity->model, KIND_CREDENTIAL, CREDENTIAL_BY_USER,
		uuid_format(object_id(user), id), NULL);
	while ((credential = model_iter_next(&iter)))
		if (!strcmp(object_str(credential, CREDENTIAL_TYPE), "totp") &&
			totp_fits(
				object_str(credential, CREDENTIAL_BLOB), passcode, now_s(), &step))
			return is_unused(identity, id, step);
	return false;
}
