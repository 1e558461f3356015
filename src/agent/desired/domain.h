/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of domain names that rules of the provider's tiers are about. They are learnt from what
 * the resolvers answer to guests' questions, as it passes here: an address is in the datapath
 * before the guest hears of it. It stays for the time that the answer may be kept, for a minute at
 * least, and as long as a connection uses it. What guests' own names resolve to is not believed.
 *
 *   pattern ("www.example.com", "*.example.com") ── address → until when
 *      └─ a group of the domain `domains_domain` in the datapath, with these as members
 *
 * The file "domains" in the state directory has them for the next process.
 */
#pragma once

#include "base/addr.h"
#include "base/uuid.h"

#include <glib.h>

struct domains;
struct firewall;

#define DOMAIN_ADDRESSES_MAX 1000 /* of a pattern; the one that ends first gives way */
#define DOMAIN_TTL_MIN_S 60
#define DOMAIN_TTL_MAX_S 86400

extern const struct uuid domains_domain;
/* What a pattern is called in the datapath. */
struct uuid domain_group(const char *pattern);

struct domains *domains_new(void);
void domains_free(struct domains *domains);

/* What a former process has learnt; and from now on it is written there. Once the view is there: in
 * its history rules come and go, and names go with them. */
void domains_open(struct firewall *firewall, const char *path);

/* Says which patterns rules are about: all of them between begin and end; others are forgotten. */
void domains_use_begin(struct domains *domains);
void domains_use(struct domains *domains, const char *pattern);
void domains_use_end(struct firewall *firewall);

/* A resolver's answer. True: there are new addresses, which want to be flushed before the guest
 * hears of them. @now_s: since the epoch. */
bool domains_learn(struct firewall *firewall, const u8 *message, size_t len, s64 now_s);

/* Forgets what has ended and is in no use; true: something has gone. */
typedef bool (*domain_in_use)(const struct ip *ip, void *data);
bool domains_expire(struct firewall *firewall, s64 now_s, domain_in_use in_use, void *data);

/* Writes the file, if anything is new. */
void domains_save(struct domains *domains);
