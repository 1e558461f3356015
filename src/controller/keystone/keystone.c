/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/keystone/keystone.h"

#include <string.h>

#include "base/log.h"
#include "controller/keystone/cache.h"
#include "controller/keystone/message.h"

#define INVALID_US (5 * G_USEC_PER_SEC)
#define RETRY_US (KEYSTONE_RETRY_S * G_USEC_PER_SEC)
#define RENEW_S 120	 /* before the own token expires, or its last fifth */
#define PENDING_MAX 1024 /* tokens that are being asked about */
#define TOKEN_MAX 8192	 /* bytes; Keystone's signed ones (JWS) are long */

struct waiter {
	keystone_done_fn done;
	void *user;
};

/* A question on its way: about a token, or (without one) weftd's own log-in. */
struct ask {
	struct keystone *keystone;
	struct credential_hash hash;
	char *token;
	unsigned own_number; /* of the own token that it was asked with */
	unsigned tries;
	GArray *waiters; /* struct waiter */
};

struct keystone {
	const struct config_keystone *config;
	struct keystone_io io;
	struct keystone_cache *cache;
	GHashTable *asks;  /* those about tokens, by hash */
	GQueue queue;	   /* those of them that wait for the own token */
	struct ask *login; /* NULL: none on its way */
	char *own;	   /* weftd's token, or NULL */
	unsigned own_number;
	s64 own_expires_at, own_renew_at;
	u64 down_until_us;
	bool down, stopped;
	struct keystone_stats stats;
};

static guint hash_of(gconstpointer key)
{
	guint value;

	memcpy(&value, key, sizeof value);
	return value;
}

static gboolean same(gconstpointer a, gconstpointer b)
{
	return credential_hash_equal(a, b);
}

static void forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	g_clear_pointer(secret, g_free);
}

static void ask_free(gpointer data)
{
	struct ask *ask = data;

	forget(&ask->token);
	g_array_unref(ask->waiters);
	g_free(ask);
}

static struct ask *ask_new(struct keystone *keystone)
{
	struct ask *ask = g_new0(struct ask, 1);

	ask->keystone = keystone;
	ask->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
	return ask;
}

struct keystone *keystone_new(const struct config_keystone *config, const struct keystone_io *io)
{
	struct keystone *keystone = g_new0(struct keystone, 1);

	keystone->config = config;
	keystone->io = *io;
	keystone->cache = keystone_cache_new();
	keystone->asks = g_hash_table_new_full(hash_of, same, NULL, ask_free);
	return keystone;
}

void keystone_free(struct keystone *keystone)
{
	keystone_stop(keystone);
	g_hash_table_unref(keystone->asks);
	keystone_cache_free(keystone->cache);
	g_free(keystone);
}

static u64 now_us(const struct keystone *keystone)
{
	return keystone->io.now_us(keystone->io.data);
}

static s64 now_s(const struct keystone *keystone)
{
	return keystone->io.time(keystone->io.data);
}

static void send_out(
	struct keystone *keystone, const struct keystone_request *request, struct ask *ask)
{
	keystone->stats.asked++;
	keystone->io.send(request, ask, keystone->io.data);
}

/* Everybody who waits hears it; they may ask again at once. */
static void settle(struct ask *ask, struct keystone_verdict *verdict)
{
	g_autoptr(GArray) waiters = g_array_ref(ask->waiters);

	g_hash_table_remove(ask->keystone->asks, &ask->hash);
	for (unsigned i = 0; i < waiters->len; i++) {
		const struct waiter *waiter = &g_array_index(waiters, struct waiter, i);

		waiter->done(verdict, waiter->user);
	}
	keystone_verdict_unref(verdict);
}

/* @ask may be NULL. Says so once, not for each token. */
static void fail(struct keystone *keystone, struct ask *ask, const char *why)
{
	if (!keystone->down)
		log_warning(
			"Keystone at %s can't be used: %s; tokens that are not known yet are answered 503",
			keystone->config->url, why);
	keystone->down = true;
	keystone->down_until_us = now_us(keystone) + RETRY_US;
	keystone->stats.failures++;
	if (ask)
		settle(ask, keystone_verdict_new(KEYSTONE_UNREACHABLE));
}

static void recovered(struct keystone *keystone)
{
	if (keystone->down)
		log_info("Keystone at %s can be used again", keystone->config->url);
	keystone->down = false;
	keystone->down_until_us = 0;
}

static void log_in(struct keystone *keystone)
{
	g_autofree char *body = NULL;

	if (keystone->login)
		return;
	keystone->login = ask_new(keystone);
	body = keystone_login_body(keystone->config);
	send_out(keystone,
		&(struct keystone_request){
			.method = "POST", .path = "/auth/tokens", .body = body },
		keystone->login);
	explicit_bzero(body, strlen(body));
}

static void validate(struct ask *ask)
{
	struct keystone *keystone = ask->keystone;

	if (!keystone->own || keystone->own_expires_at <= now_s(keystone)) {
		g_queue_push_tail(&keystone->queue, ask);
		return log_in(keystone);
	}
	if (keystone->own_renew_at <= now_s(keystone))
		log_in(keystone); /* beside it; the old one is good still */
	ask->own_number = keystone->own_number;
	ask->tries++;
	send_out(keystone,
		&(struct keystone_request){ .method = "GET",
			.path = "/auth/tokens?nocatalog",
			.token = keystone->own,
			.subject = ask->token },
		ask);
}

static void logged_in(struct ask *login, const struct keystone_answer *answer)
{
	struct keystone *keystone = login->keystone;
	g_autofree char *why = NULL;
	GQueue queue = keystone->queue;
	struct ask *ask;
	s64 expires_at;

	keystone->login = NULL;
	ask_free(login);
	g_queue_init(&keystone->queue);
	if (answer->status == 201 && answer->subject &&
		keystone_read_expiry(answer->body, answer->len, &expires_at) &&
		expires_at > now_s(keystone)) {
		forget(&keystone->own);
		keystone->own = g_strdup(answer->subject);
		keystone->own_number++;
		keystone->own_expires_at = expires_at;
		keystone->own_renew_at =
			expires_at - MIN(RENEW_S, (expires_at - now_s(keystone)) / 5);
		while ((ask = g_queue_pop_head(&queue)))
			validate(ask);
		return;
	}
	if (answer->status == 401)
		why = g_strdup_printf(
			"it refuses user %s of [keystone] (401): wrong password, or no role in project %s",
			keystone->config->username, keystone->config->project);
	else
		why = answer->status
			      ? g_strdup_printf("it answered the log-in with %u", answer->status)
			      : g_strdup(answer->why);
	fail(keystone, NULL, why);
	while ((ask = g_queue_pop_head(&queue)))
		settle(ask, keystone_verdict_new(KEYSTONE_UNREACHABLE));
}

static void remember(struct ask *ask, struct keystone_verdict *verdict)
{
	struct keystone *keystone = ask->keystone;
	s64 left_s = INVALID_US / G_USEC_PER_SEC;

	if (verdict->result == KEYSTONE_VALID)
		left_s = MIN(verdict->expires_at - now_s(keystone), (s64)keystone->config->cache_s);
	recovered(keystone);
	if (left_s > 0)
		keystone_cache_put(keystone->cache, &ask->hash, verdict,
			now_us(keystone) + (u64)left_s * G_USEC_PER_SEC);
	settle(ask, verdict);
}

/* Our own token is not good any more; perhaps another has come meanwhile. */
static void try_again(struct ask *ask)
{
	struct keystone *keystone = ask->keystone;

	if (ask->tries > 1)
		return fail(keystone, ask,
			"it refuses the token that it has just given to weftd (401)");
	if (ask->own_number == keystone->own_number)
		forget(&keystone->own);
	validate(ask);
}

static void validated(struct ask *ask, const struct keystone_answer *answer)
{
	struct keystone *keystone = ask->keystone;
	struct keystone_verdict *verdict;
	g_autofree char *why = NULL;

	switch (answer->status) {
	case 200:
		verdict = keystone_read_verdict(
			answer->body, answer->len, ask->keystone->config->policy);
		if (verdict)
			return remember(ask, verdict);
		return fail(keystone, ask, "it describes a token in a way that is not understood");
	case 404:
		return remember(ask, keystone_verdict_new(KEYSTONE_INVALID));
	case 401:
		return try_again(ask);
	case 403:
		why = g_strdup_printf(
			"user %s of [keystone] may not ask about tokens (403): give it the role service or admin",
			keystone->config->username);
		return fail(keystone, ask, why);
	case 0:
		return fail(keystone, ask, answer->why);
	default:
		why = g_strdup_printf(
			"it answered a question about a token with %u", answer->status);
		return fail(keystone, ask, why);
	}
}

void keystone_answered(void *data, const struct keystone_answer *answer)
{
	struct ask *ask = data;

	if (ask->token)
		validated(ask, answer);
	else
		logged_in(ask, answer);
}

/* Something that could be a token, and go into a header. */
static bool is_plausible(const char *token)
{
	size_t len = strlen(token);

	for (size_t i = 0; i < len; i++)
		if (!g_ascii_isgraph(token[i]))
			return false;
	return len && len <= TOKEN_MAX;
}

struct keystone_verdict *keystone_ask(
	struct keystone *keystone, const char *token, keystone_done_fn done, void *user)
{
	const struct waiter waiter = { done, user };
	struct credential_hash hash = credential_hash(token);
	struct keystone_verdict *known;
	struct ask *ask;

	if (!is_plausible(token))
		return keystone_verdict_new(KEYSTONE_INVALID);
	known = keystone_cache_get(keystone->cache, &hash, now_us(keystone));
	if (known) {
		keystone->stats.hits++;
		return keystone_verdict_ref(known);
	}
	ask = g_hash_table_lookup(keystone->asks, &hash);
	if (!ask && (keystone->stopped || now_us(keystone) < keystone->down_until_us ||
			    g_hash_table_size(keystone->asks) >= PENDING_MAX))
		return keystone_verdict_new(KEYSTONE_UNREACHABLE);
	if (ask) {
		g_array_append_val(ask->waiters, waiter);
		return NULL;
	}
	ask = ask_new(keystone);
	ask->hash = hash;
	ask->token = g_strdup(token);
	g_array_append_val(ask->waiters, waiter);
	g_hash_table_insert(keystone->asks, &ask->hash, ask);
	validate(ask);
	return NULL;
}

void keystone_stop(struct keystone *keystone)
{
	g_autoptr(GList) asks = g_hash_table_get_values(keystone->asks);

	if (keystone->stopped)
		return;
	keystone->stopped = true;
	keystone->io.close(keystone->io.data);
	g_queue_clear(&keystone->queue);
	g_clear_pointer(&keystone->login, ask_free);
	forget(&keystone->own);
	for (GList *link = asks; link; link = link->next)
		settle(link->data, keystone_verdict_new(KEYSTONE_UNREACHABLE));
}

struct keystone_stats keystone_stats(const struct keystone *keystone)
{
	struct keystone_stats stats = keystone->stats;

	stats.valid = keystone_cache_count(keystone->cache, KEYSTONE_VALID);
	stats.invalid = keystone_cache_count(keystone->cache, KEYSTONE_INVALID);
	stats.pending = g_hash_table_size(keystone->asks);
	return stats;
}
