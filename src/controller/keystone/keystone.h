/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of an OpenStack Keystone: who bears one is asked of it, once per token, and remembered for
 * a while. Nothing blocks; the network is behind a table of functions (struct keystone_io).
 *
 * A token is unknown, being asked about (everybody who shows it waits for the one answer), or
 * known: valid until the cache time or its own expiry, or invalid for a few seconds. weftd asks
 * with a token of its own, which it gets by the password of the configuration, before it expires,
 * and again when Keystone does not know it any more. When Keystone can't be reached, tokens that
 * are known stay so; for the others the verdict is UNREACHABLE, for RETRY_S without another try.
 */
#pragma once

#include "controller/config.h"
#include "model/access/caller.h"

struct keystone;

enum keystone_result { KEYSTONE_VALID, KEYSTONE_INVALID, KEYSTONE_UNREACHABLE };

#define KEYSTONE_RETRY_S 2

/* What Keystone says of a token; reference-counted. */
struct keystone_verdict {
	unsigned refs;
	enum keystone_result result;
	const char *project_id; /* interned; "" without one */
	const char *user_id;	/* interned; NULL: not said */
	enum caller_role role;
	u64 roles;
	bool project_scoped, domain_scoped, system_scoped;
	const struct policy *policy;
	s64 expires_at; /* seconds since the epoch */
};
struct keystone_verdict *keystone_verdict_ref(struct keystone_verdict *verdict);
void keystone_verdict_unref(struct keystone_verdict *verdict);

/* One HTTP exchange with Keystone; strings may be NULL and are the sender's to copy. */
struct keystone_request {
	const char *method, *path; /* the path behind the URL of the configuration */
	const char *token;	   /* X-Auth-Token */
	const char *subject;	   /* X-Subject-Token */
	const char *body;
};
struct keystone_answer {
	unsigned status;     /* 0: none, see `why` */
	const char *subject; /* X-Subject-Token */
	const char *body;
	size_t len;
	const char *why;
};
struct keystone_io {
	/* Calls keystone_answered() with @ask once, later, unless it is closed. */
	void (*send)(const struct keystone_request *request, void *ask, void *data);
	void (*close)(void *data);
	u64 (*now_us)(void *data); /* monotonic */
	s64 (*time)(void *data);   /* seconds since the epoch */
	void *data;
};

/* client.c: the io that speaks HTTP. */
bool keystone_client_new(
	const struct config_keystone *config, struct keystone_io *ret, GError **error);

/* @config is borrowed; @io is closed by keystone_free(), or keystone_stop(). */
struct keystone *keystone_new(const struct config_keystone *config, const struct keystone_io *io);
void keystone_free(struct keystone *keystone);
DEFINE_AUTOPTR(keystone, keystone_free)

/* No more questions: who waits hears UNREACHABLE, now. */
void keystone_stop(struct keystone *keystone);

/* The verdict is borrowed. */
typedef void (*keystone_done_fn)(struct keystone_verdict *verdict, void *user);

/* A reference to the verdict when it is known; else NULL, and @done is called later. */
struct keystone_verdict *keystone_ask(
	struct keystone *keystone, const char *token, keystone_done_fn done, void *user);

void keystone_answered(void *ask, const struct keystone_answer *answer);

/* What a token of that verdict may do: as identity_caller(), or UNAVAILABLE. */
bool keystone_caller(
	const struct keystone_verdict *verdict, s64 now, struct caller *ret, GError **error);

struct keystone_stats {
	u64 asked;			  /* questions that were sent */
	u64 hits;			  /* tokens that were known */
	u64 failures;			  /* questions without an answer that can be used */
	unsigned valid, invalid, pending; /* tokens */
};
struct keystone_stats keystone_stats(const struct keystone *keystone);
