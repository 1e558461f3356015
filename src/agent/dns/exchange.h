/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One query to one resolver: by UDP from a socket of its own (so from a random port, RFC 5452), and
 * once more by TCP when the reply says that it is truncated. What does not match the query is
 * ignored. It has no time-out of its own: whoever started it frees it when it has waited enough.
 */
#pragma once

#include <glib.h>

#include "base/addr.h"

struct dns_exchange;

/* Called once, from the main context, with the resolver's reply (valid during the call), or NULL
 * when the resolver can't be reached. The callback may free the exchange. */
typedef void (*dns_exchange_done)(const u8 *reply, size_t len, void *data);

/* @query holds one question, of @question_len bytes; copied. NULL when no socket is to be had. */
struct dns_exchange *dns_exchange_new(const struct ip *server, u16 port, const u8 *query,
	size_t len, size_t question_len, dns_exchange_done done, void *data);
void dns_exchange_free(struct dns_exchange *exchange);
