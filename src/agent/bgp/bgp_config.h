/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one bgpd is to do: whom it speaks with, and what it announces. As the configuration that it
 * starts with, and as the commands that make another one of it while it runs, which end no session
 * that is to stay. No I/O.
 *
 * It learns nothing: what peers announce is refused, so it is no way from one of them to another,
 * and a whole routing table costs no memory.
 */
#pragma once

#include "base/addr.h"
#include "base/error.h"

struct bgp_config;

struct bgp_config *bgp_config_new(u32 as, u8 family, const struct ip *router_id);
void bgp_config_free(struct bgp_config *config);
/* @password: NULL, or of printable ASCII without spaces. */
void bgp_config_add_peer(
	struct bgp_config *config, const struct ip *ip, u32 as, const char *password);
/* @next_hop: family 0: this host, by its address in the session. */
void bgp_config_add_route(
	struct bgp_config *config, const struct prefix *prefix, const struct ip *next_hop);

bool bgp_config_has_peer(const struct bgp_config *config, const char *ip);
bool bgp_config_equal(const struct bgp_config *a, const struct bgp_config *b);

/* The configuration file. */
char *bgp_config_text(const struct bgp_config *config);
/* From what bgp_config_text() wrote; NULL: it is something else. */
struct bgp_config *bgp_config_parse(const char *text);
/* Commands that make @now of @old; NULL: only a new bgpd can be that. */
char *bgp_config_commands(const struct bgp_config *old, const struct bgp_config *now);
