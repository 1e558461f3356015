/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resolvers that questions are forwarded to: a fixed list, or the "nameserver" lines of a
 * resolv.conf(5). The file may not be there yet when the agent starts (the host itself waits for
 * DHCP) and it changes; so it is looked at again before each question, and read when it is another
 * one.
 */
#pragma once

#include "base/addr.h"

struct dns_upstreams;

struct dns_upstreams *dns_upstreams_of_list(const struct ip *list, size_t n);
struct dns_upstreams *dns_upstreams_of_file(const char *path);
void dns_upstreams_free(struct dns_upstreams *upstreams);

/* Reads the file if it has changed. One that names nobody changes nothing: it may be half written.
 */
void dns_upstreams_refresh(struct dns_upstreams *upstreams);

/* The resolver for attempt @n, round and round; NULL when there is none. Borrowed until the next
 * refresh. */
const struct ip *dns_upstreams_get(const struct dns_upstreams *upstreams, size_t n);
