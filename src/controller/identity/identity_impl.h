/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of controller/identity. */
#pragma once

#include "controller/api/call.h"
#include "controller/identity/auth_request.h"
#include "controller/identity/guesses.h"
#include "controller/identity/hasher.h"
#include "controller/identity/identity.h"
#include "controller/identity/lockout.h"
#include "controller/identity/source.h"
#include "model/identity/identity.h"

struct identity {
	const struct config *config;
	struct model *model;
	struct commit *commit;
	GArray *keys; /* keys.c */
	guint key_timer;
	struct hasher *hasher;
	struct guesses *guesses;
	struct lockout *lockout;
	GHashTable *passcodes; /* user → s64: the step of the last that was taken; mfa.c */
};

/* weftd's own hand, for what Identity writes. */
extern const struct caller identity_itself;

/* Whose request it is. */
struct subject {
	const struct object *user; /* NULL: a token of the configuration */
	struct token token;
	unsigned rank; /* of its roles where it is scoped to; of a token of the configuration too */
};

/* A request below /v3 on its way; on the stack of its handler. */
struct visit {
	struct identity *identity;
	struct call call;
	struct subject subject;
	const char *args[3]; /* of the path; borrowed from the request */
	bool own_project;    /* a list is of the token's project alone, or of its user */
	bool own_user;
};

/* subject.c. UNAUTHORIZED for any reason. The user is borrowed from the model. */
bool subject_of_token(
	const struct identity *identity, const char *text, struct subject *ret, GError **error);
/* The same of a token that may have expired up to @grace_s seconds ago. */
bool subject_of_late_token(const struct identity *identity, const char *text, s64 grace_s,
	struct subject *ret, GError **error);
/* The same, when the token has just been made; says what is wrong with its user or scope. */
bool subject_of(const struct identity *identity, const struct token *token, struct subject *ret,
	GError **error);
/* Is the token's scope there and enabled, and has its user a role there? */
bool place_is_good(const struct model *model, const struct token *token);
/* Of the cloud: by a token of a project, the system or the configuration. */
bool subject_is_admin(const struct subject *subject);

/* roles.c. admin implies member implies reader; ranks are 3, 2, 1; 0: none of them. */
#define RANK_ADMIN 3
unsigned role_rank(const struct object *role);
const char *role_name_of_rank(unsigned rank); /* 1… */
const struct object *role_of_rank(const struct model *model, unsigned rank);
/* Has the user any role in the token's scope? */
bool roles_any(const struct model *model, const struct token *token);
/* Roles that the token has, implied ones too; g_ptr_array_unref, elements borrowed. */
GPtrArray *roles_of(const struct model *model, const struct token *token);
unsigned roles_highest(const GPtrArray *roles); /* rank */
void roles_add_implied(const struct model *model, GPtrArray *roles);
/* Is who has it somewhere an administrator, here or (by the policy) on the Networking API? */
bool role_leads_to_admin(const struct identity *identity, const struct object *role);
/* Is @assignment good in the token's scope? Whose it is is not looked at. */
bool assignment_fits(
	const struct model *model, const struct object *assignment, const struct token *token);

/* That of @roles which a body's @wanted names, {"id": …} or {"name": …}; NULL: none. Clients that
 * may not list roles send a name as the id. */
const struct object *role_named_in(const GPtrArray *roles, json_t *wanted);
/* Their ids as JSON text; g_free. */
char *role_ids_text(const GPtrArray *roles);

/* trust_rules.c. The trust by which there is the token; NULL: none (any more). */
const struct object *trust_of(const struct model *model, const struct token *token);
/* The id of the user whose roles it lends in the end. */
const char *trust_origin(const struct model *model, const struct object *trust);
/* Neither expired, nor its users disabled; the same of those that it comes of. */
bool trust_is_good(const struct model *model, const struct object *trust);
bool trust_is_used_up(const struct object *trust);
/* Is the token by no trust, or by one that is good, of users with the passwords of then? */
bool trust_permits(const struct model *model, const struct token *token);
/* Makes the trustee's token one by the trust. */
void trust_apply(const struct model *model, const struct object *trust, struct token *token);
/* Is the bearer's token by an application credential or a trust? */
bool delegated(const struct visit *visit);
/* {"trust": …} */
GString *trust_render(const struct call *call, const struct object *trust);

/* admins.c. Would somebody be left who can administer the cloud? FORBIDDEN: nobody. */
bool admins_remain(struct txn *txn, GError **error);
/* Has the user or group (or a group of the user) the role admin beyond a domain, or is it lent to
 * him by a trust? */
bool is_privileged(const struct identity *identity, const struct object *actor);

/* reach.c: how far an administrator of one domain gets. All are true for one of the cloud. */
/* The domain that the bearer administers; NULL: the cloud, or nothing. */
const struct object *reach_domain(const struct visit *visit);
/* Is the object in it, or it itself? FORBIDDEN. */
bool reach_object(const struct visit *visit, const struct object *object, GError **error);
/* May it be changed? Nobody makes himself more than he is by changing another. */
bool reach_change(const struct visit *visit, const struct object *object, GError **error);
/* Is the user that the path names first within reach, or the bearer himself? */
bool reach_user(const struct visit *visit, GError **error);

/* projects.c. The project that the path names, if the bearer may look at it. */
const struct object *project_to_see(const struct visit *visit, GError **error);

/* find.c: by id ("default" is the default domain) or by name. NULL: none. */
const struct object *find_domain(const struct model *model, const struct domain_ref *ref);
const struct object *find_project(const struct model *model, const struct named_ref *ref);
const struct object *find_user(const struct model *model, const struct named_ref *ref);
extern const struct uuid default_domain_id;

/* audit.c. Logs what happened, printf-like, with who did it and from where. No secrets! */
void audit(const struct visit *visit, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* keys.c */
/* How long services may ask about a token that has expired while they worked for its bearer. */
#define EXPIRED_WINDOW_S (48 * 3600)
/* Loads the keys from the store and keeps them young. */
bool keys_start(struct identity *identity, GError **error);
void keys_stop(struct identity *identity);
bool keys_load(struct identity *identity, GError **error);
bool keys_stage_new(struct txn *txn, GError **error);
char *keys_seal(const struct identity *identity, const struct token *token); /* g_free */
/* Also expired ones. */
bool keys_open(
	const struct identity *identity, const char *text, enum token_use use, struct token *ret);

/* bootstrap.c */
bool bootstrap(struct identity *identity, GError **error);

/* token_view.c: {"token": …} */
/* The member "methods". */
void methods_write(struct json_writer *w, unsigned methods);
/* {"id": …, "name": …, the object left open; @key may be NULL. The second one with its domain. */
void named_write(struct json_writer *w, const char *key, const struct object *object);
void named_in_domain_write(struct json_writer *w, const char *key, const struct object *object,
	const struct model *model, unsigned domain_slot);
GString *token_render(const struct visit *visit, const struct subject *subject);
void catalog_write(const struct visit *visit, const struct token *token, struct json_writer *w);
/* Stages the services that weftd is itself. */
bool catalog_seed(struct txn *txn, const struct config *config, GError **error);

#define PASSWORD_MAX 1024 /* bytes */

/* password_rules.c */
bool password_fits(const struct identity *identity, const char *password, GError **error);
bool password_expired(const struct object *user);
/* May the user give itself another one now? INVALID_INPUT. */
bool password_may_change(
	const struct identity *identity, const struct object *user, GError **error);
enum password_by { PASSWORD_BY_ADMIN, PASSWORD_BY_USER };
/* Gives a draft of a user a new password, that of @hash. */
void password_store(const struct identity *identity, struct object *draft, const char *hash,
	enum password_by by);
bool password_locked_out(const struct identity *identity, const struct object *user);
void password_was_wrong(const struct visit *visit, const struct object *user);

/* mfa.c. Are the @methods (of tokens) that were shown enough for the @user's rules? */
bool mfa_satisfied(const struct object *user, unsigned methods);
/* Answers 401, with a receipt for what has been @shown. */
void mfa_answer_receipt(
	const struct visit *visit, const struct object *user, const struct token *shown);
/* The receipt that the request shows; without one *@ret stays as it is. UNAUTHORIZED. */
bool mfa_take_receipt(const struct visit *visit, struct token *ret, GError **error);
/* Is it the passcode of a credential of the user, of type totp, not used before? Uses it up. */
bool mfa_passcode_fits(struct identity *identity, const struct object *user, const char *passcode);

/* bodies.c. A text like "2030-01-31T12:00:00Z", in seconds since the epoch. INVALID_INPUT for what
 * is none or has passed. */
bool time_to_come(json_t *value, const char *name, s64 *ret, GError **error);

/* login.c. May somebody try to log in as @user_key now? Counts as a try; TOO_MANY_REQUESTS, with
 * Retry-After. */
bool login_allowed(const struct visit *visit, const char *user_key, GError **error);
void login_succeeded(const struct visit *visit, const char *user_key);

/* bodies.c. Makes what the body says of one object of the request's kind fit the kind's table. */
enum body_of { BODY_OF_NEW, BODY_OF_OLD };
void body_settle(const struct visit *visit, enum body_of of, json_t *inner);
bool body_take_region(struct txn *txn, json_t *inner, GError **error);

/* app_credentials.c. May the bearer handle those (and access rules) of the user that the path
 * names? */
bool app_credentials_may_handle(const struct visit *visit, GError **error);

/* access_rules.c. Is the token of an application credential with access rules? */
bool access_rules_limit(const struct model *model, const struct token *token);
/* FORBIDDEN when it is and none of them permits @request. */
bool access_rules_check(const struct model *model, const struct token *token,
	const struct http_request *request, GError **error);
/* The member "access_rules". */
void access_rules_write(
	struct json_writer *w, const struct model *model, const struct object *credential);
/* The ids, as JSON text, of the @user's rules that a body's list @rules names or describes; missing
 * ones are staged. g_free. */
char *access_rules_stage(struct txn *txn, const char *user, json_t *rules, GError **error);

/* implied.c */
struct object *implied_role_draft(const struct object *prior, const struct object *implied);

/* Handlers, by file. */
void login_post(struct visit *visit); /* login.c */
void token_get(struct visit *visit);  /* tokens.c */
void token_delete(struct visit *visit);
void version_get(struct visit *visit); /* catalog.c */
void catalog_get(struct visit *visit);

void objects_list(struct visit *visit); /* objects.c */
void object_post(struct visit *visit);
void object_get(struct visit *visit);
void user_get(struct visit *visit);
void object_patch(struct visit *visit);
void object_remove(struct visit *visit);
void assignment_put(struct visit *visit); /* assignments.c */
void assignment_get(struct visit *visit);
void assignment_delete(struct visit *visit);
void assigned_roles_get(struct visit *visit);
void assignments_list(struct visit *visit); /* assignment_list.c */
void own_projects_get(struct visit *visit); /* places.c */
void own_domains_get(struct visit *visit);
void own_system_get(struct visit *visit);
void user_projects_get(struct visit *visit);
void project_get(struct visit *visit);	    /* projects.c */
void project_tags_get(struct visit *visit); /* project_tags.c */
void project_tags_put(struct visit *visit);
void project_tags_delete(struct visit *visit);
void project_tag_get(struct visit *visit);
void project_tag_put(struct visit *visit);
void project_tag_delete(struct visit *visit);
void password_post(struct visit *visit);  /* password.c */
void membership_put(struct visit *visit); /* groups.c */
void membership_get(struct visit *visit);
void membership_delete(struct visit *visit);
void group_users_get(struct visit *visit);
void user_groups_get(struct visit *visit);
void implied_put(struct visit *visit); /* implied.c */
void implied_get(struct visit *visit);
void implied_delete(struct visit *visit);
void implied_list(struct visit *visit);
void inferences_list(struct visit *visit);
void limits_post(struct visit *visit); /* limits.c */
void limits_list(struct visit *visit);
void limits_model_get(struct visit *visit);

void trusts_list(struct visit *visit); /* trusts.c */
void trust_get(struct visit *visit);
void trust_roles_get(struct visit *visit);
void trust_role_get(struct visit *visit);
void trust_delete(struct visit *visit);
void trust_post(struct visit *visit); /* trust_create.c */

void credentials_list(struct visit *visit); /* credentials.c */
void credential_post(struct visit *visit);
void credential_get(struct visit *visit);
void credential_patch(struct visit *visit);
void credential_delete(struct visit *visit);
void access_rules_list(struct visit *visit); /* access_rules.c */
void access_rule_get(struct visit *visit);
void access_rule_delete(struct visit *visit);
void app_credentials_list(struct visit *visit); /* app_credentials.c */
void app_credential_post(struct visit *visit);
void app_credential_get(struct visit *visit);
void app_credential_delete(struct visit *visit);

/* objects.c. Answers with those of @found that the request's filters fit; all are of @kind. */
void objects_answer(struct visit *visit, const struct kind *kind, GPtrArray *found);

/* object_view.c */
void object_view_write(const struct call *call, const struct object *object, struct json_writer *w);
GString *object_view_render(const struct call *call, const struct object *object);
GString *list_view_render(const struct call *call, const struct kind *kind, const GPtrArray *page);
/* The same, and another page follows. */
GString *page_view_render(const struct call *call, const struct kind *kind, const GPtrArray *page);
void list_links_write(const struct call *call, struct json_writer *w);

void visit_fail(const struct visit *visit, GError *error);
/* Is the parameter there, and not "0" or "false"? */
bool visit_flag(const struct visit *visit, const char *name);
/* May the bearer see what is others'? An administrator of the cloud, or, where nothing is changed,
 * who has the role reader on the system. */
bool visit_reads_all(const struct visit *visit);
