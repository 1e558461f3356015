/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords are hashed by argon2id, which takes a tenth of a second and 64 MiB on purpose: in a few
 * threads of its own, so that the main loop goes on.
 */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"
#include "base/types.h"

struct hasher;

struct hasher *hasher_new(void);
void hasher_free(struct hasher *hasher); /* nothing may be pending */
DEFINE_AUTOPTR(hasher, hasher_free)

/* Called on the main loop. @hash: of the password; NULL: the password is not that of the hash, or
 * memory lacked. */
typedef void (*hasher_done_fn)(const char *hash, void *user);

/* UNAVAILABLE when too many wait already. @password and @hash are copied. @hash NULL: there is no
 * such user; takes as long, and never fits. */
bool hasher_verify(struct hasher *hasher, const char *password, const char *hash,
	hasher_done_fn done, void *user, GError **error);
bool hasher_hash(struct hasher *hasher, const char *password, hasher_done_fn done, void *user,
	GError **error);
unsigned hasher_pending(const struct hasher *hasher);

/* At once, on this thread; g_free. NULL: memory lacks. */
char *hasher_hash_now(const char *password);

/* For tests alone, before the first hasher_new(): what a hash costs, in libsodium's operations and
 * bytes of memory. */
void hasher_set_cost(unsigned long long operations, size_t memory);
