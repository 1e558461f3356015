/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/hasher.h"

#include <sodium.h>
#include <string.h>

#define THREADS 2
#define PENDING_MAX 64

/* Set before there is a hasher, and read by its threads. */
static unsigned long long operations = crypto_pwhash_OPSLIMIT_INTERACTIVE;
static size_t memory = crypto_pwhash_MEMLIMIT_INTERACTIVE;

struct hasher {
	GThreadPool *pool;
	unsigned pending; /* main thread */
};

enum work { WORK_HASH, WORK_VERIFY, WORK_DECEIVE };

struct job {
	struct hasher *hasher;
	enum work work;
	char *password;
	char hash[crypto_pwhash_STRBYTES];
	bool ok;
	hasher_done_fn done;
	void *user;
};

static bool compute(char hash[static crypto_pwhash_STRBYTES], const char *password)
{
	return !crypto_pwhash_str_alg(
		hash, password, strlen(password), operations, memory, crypto_pwhash_ALG_ARGON2ID13);
}

static gboolean finish(gpointer user)
{
	struct job *job = user;

	job->hasher->pending--;
	job->done(job->ok ? job->hash : NULL, job->user);
	sodium_memzero(job->password, strlen(job->password));
	g_free(job->password);
	g_free(job);
	return G_SOURCE_REMOVE;
}

static void work(gpointer user, gpointer data)
{
	struct job *job = user;

	(void)data;
	if (job->work == WORK_VERIFY)
		job->ok =
			!crypto_pwhash_str_verify(job->hash, job->password, strlen(job->password));
	else
		job->ok = compute(job->hash, job->password) && job->work == WORK_HASH;
	g_idle_add_full(G_PRIORITY_DEFAULT, finish, job, NULL);
}

void hasher_set_cost(unsigned long long new_operations, size_t new_memory)
{
	operations = new_operations;
	memory = new_memory;
}

struct hasher *hasher_new(void)
{
	struct hasher *hasher = g_new0(struct hasher, 1);

	hasher->pool = g_thread_pool_new(work, NULL, THREADS, FALSE, NULL);
	return hasher;
}

void hasher_free(struct hasher *hasher)
{
	g_assert(!hasher->pending);
	g_thread_pool_free(hasher->pool, FALSE, TRUE);
	g_free(hasher);
}

static bool submit(struct hasher *hasher, struct job job, const char *password, const char *hash,
	GError **error)
{
	if (hasher->pending >= PENDING_MAX)
		return weft_fail(error, UNAVAILABLE,
			"Too many wait for their passwords to be checked; ask again later.");
	job.hasher = hasher;
	job.password = g_strdup(password);
	g_strlcpy(job.hash, hash, sizeof job.hash);
	hasher->pending++;
	g_thread_pool_push(hasher->pool, g_memdup2(&job, sizeof job), NULL);
	return true;
}

bool hasher_verify(struct hasher *hasher, const char *password, const char *hash,
	hasher_done_fn done, void *user, GError **error)
{
	struct job job = { .work = hash ? WORK_VERIFY : WORK_DECEIVE, .done = done, .user = user };

	return submit(hasher, job, password, hash ?: "", error);
}

bool hasher_hash(struct hasher *hasher, const char *password, hasher_done_fn done, void *user,
	GError **error)
{
	struct job job = { .work = WORK_HASH, .done = done, .user = user };

	return submit(hasher, job, password, "", error);
}

unsigned hasher_pending(const struct hasher *hasher)
{
	return hasher->pending;
}

char *hasher_hash_now(const char *password)
{
	char hash[crypto_pwhash_STRBYTES];

	return compute(hash, password) ? g_strdup(hash) : NULL;
}
