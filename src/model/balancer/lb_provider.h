/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who does load balancers, and what each can. "edge" is in every host and has no proxy;
 * "virtual-router" is HAProxy in an appliance. What one can't is refused with what it can, and with
 * who else could.
 */
#pragma once

#include "model/object.h"

#define LB_EDGE "edge"
#define LB_VIRTUAL_ROUTER "virtual-router"

/* What providers differ in: values of an attribute. */
enum lb_option {
	LB_LISTENER_PROTOCOLS,
	LB_POOL_PROTOCOLS,
	LB_ALGORITHMS,
	LB_PERSISTENCES,
	LB_MONITOR_TYPES,
	N_LB_OPTIONS
};

struct lb_provider {
	const char *name, *description;
	const char *const *options[N_LB_OPTIONS]; /* each ended by NULL */
	bool serves;	  /* what it is asked for is done, not only stored */
	bool speaks_http; /* what is HTTP's beside its protocol: headers, policies, certificates */
};

/* All of them, ended by NULL. */
extern const struct lb_provider *const lb_providers[];

/* NULL: there is none. */
const struct lb_provider *lb_provider_named(const char *name);
/* For attr.check. */
bool lb_check_provider(const struct attr *attr, const char *value, GError **error);

/* For attr.check: is it anybody's? */
bool lb_check_known(
	const struct attr *attr, enum lb_option option, const char *value, GError **error);

/* For attr.check: always false, nobody does that. */
bool lb_check_none(const struct attr *attr, const char *value, GError **error);

/* Can the provider of @balancer do that? */
bool lb_check_option(const struct object *balancer, enum lb_option option, const char *attribute,
	const char *value, GError **error);
/* Does it speak HTTP? If not, @attribute is refused. */
bool lb_check_http(const struct object *balancer, const char *attribute, GError **error);

/* Always false: the provider of @balancer does not do that; @possible is what it does. */
bool lb_fail_option(const struct object *balancer, const char *attribute, const char *value,
	const char *possible, GError **error);

bool lb_speaks_http(const char *listener_protocol);

/* May a listener of the one protocol give its connections to a pool of the other? */
bool lb_check_protocols(const char *listener, const char *pool, GError **error);
