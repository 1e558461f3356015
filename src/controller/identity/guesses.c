/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/guesses.h"

#include <glib.h>

#include "controller/identity/source.h"
#include "controller/identity/throttle.h"

#define PAIR_BURST 10
#define PAIR_REFILL_US (5 * G_USEC_PER_SEC)
#define ADDRESS_BURST 100
#define ADDRESS_REFILL_US G_USEC_PER_SEC
#define USER_BURST 200
#define USER_REFILL_US G_USEC_PER_SEC

struct guesses {
	struct throttle *pairs, *addresses, *users;
};

struct guesses *guesses_new(void)
{
	struct guesses *guesses = g_new0(struct guesses, 1);

	guesses->pairs = throttle_new(PAIR_BURST, PAIR_REFILL_US);
	guesses->addresses = throttle_new(ADDRESS_BURST, ADDRESS_REFILL_US);
	guesses->users = throttle_new(USER_BURST, USER_REFILL_US);
	return guesses;
}

void guesses_free(struct guesses *guesses)
{
	throttle_free(guesses->pairs);
	throttle_free(guesses->addresses);
	throttle_free(guesses->users);
	g_free(guesses);
}

u64 guesses_take(struct guesses *guesses, const char *user, const char *address, u64 now_us)
{
	g_autofree char *from = source_network(address);
	g_autofree char *pair = g_strdup_printf("%s %s", from, user);
	u64 wait = throttle_take(guesses->pairs, pair, now_us);

	/* What is refused for one reason counts for no other. */
	if (!wait)
		wait = throttle_take(guesses->addresses, from, now_us);
	if (!wait)
		wait = throttle_take(guesses->users, user, now_us);
	return wait;
}

void guesses_forgive(struct guesses *guesses, const char *user, const char *address)
{
	g_autofree char *from = source_network(address);
	g_autofree char *pair = g_strdup_printf("%s %s", from, user);

	throttle_forgive(guesses->pairs, pair);
	throttle_refund(guesses->addresses, from);
	throttle_refund(guesses->users, user);
}
