/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers of a document, in the terms of the Load Balancer API. What is switched off is not
 * in it. haproxy(1) does them. */
#pragma once

#include "base/addr.h"
#include "base/uuid.h"

#define BALANCER_TEXT 256 /* a text of the API, and NUL: printable ASCII */
#define BALANCER_CODES 65 /* "200-299", and NUL */

enum balancer_protocol {
	BALANCER_TCP,
	BALANCER_HTTP,
	BALANCER_HTTPS, /* passed through as it is */
	BALANCER_TERMINATED_HTTPS,
};

enum balancer_pool_protocol {
	BALANCER_POOL_TCP,
	BALANCER_POOL_HTTP,
	BALANCER_POOL_HTTPS,
	BALANCER_POOL_PROXY,
	BALANCER_POOL_PROXYV2,
};

enum balancer_algorithm {
	BALANCER_ROUND_ROBIN,
	BALANCER_LEAST_CONNECTIONS,
	BALANCER_SOURCE_IP,
};

enum balancer_persistence {
	BALANCER_NOT_PERSISTENT,
	BALANCER_BY_SOURCE_IP,
	BALANCER_BY_HTTP_COOKIE, /* of HAProxy's */
	BALANCER_BY_APP_COOKIE,	 /* of the members', before whose value HAProxy puts who it was */
};

enum balancer_monitor_type {
	BALANCER_MONITOR_NONE,
	BALANCER_MONITOR_TCP,
	BALANCER_MONITOR_HTTP,
	BALANCER_MONITOR_HTTPS,
	BALANCER_MONITOR_TLS_HELLO,
};

enum balancer_action {
	BALANCER_REJECT,
	BALANCER_REDIRECT_TO_URL,
	BALANCER_REDIRECT_PREFIX,
	BALANCER_REDIRECT_TO_POOL,
};

enum balancer_rule_type {
	BALANCER_RULE_HOST_NAME,
	BALANCER_RULE_PATH,
	BALANCER_RULE_FILE_TYPE,
	BALANCER_RULE_HEADER,
	BALANCER_RULE_COOKIE,
};

enum balancer_compare {
	BALANCER_EQUAL_TO,
	BALANCER_STARTS_WITH,
	BALANCER_ENDS_WITH,
	BALANCER_CONTAINS,
	BALANCER_REGEX,
};

struct balancer_rule {
	enum balancer_rule_type type;
	enum balancer_compare compare;
	char key[BALANCER_TEXT]; /* of HEADER and COOKIE: a name of letters, digits, '-', '_', '.'
				  */
	char value[BALANCER_TEXT];
	bool invert;
};

struct balancer_policy {
	enum balancer_action action;
	char pool[UUID_STRLEN];	 /* of REDIRECT_TO_POOL */
	char url[BALANCER_TEXT]; /* of REDIRECT_TO_URL and _PREFIX: no blanks */
	unsigned code;		 /* HTTP status of a redirection */
	GArray *rules;		 /* struct balancer_rule: all must hold; none: it never applies */
};

struct balancer_listener {
	char id[UUID_STRLEN];
	enum balancer_protocol protocol;
	u16 port;
	u32 connection_limit; /* 0: none */
	GArray *allowed;      /* struct prefix; empty: everybody */
	bool forwarded_for, forwarded_port, forwarded_proto;
	u32 client_ms, connect_ms, member_ms, inspect_ms;
	char pool[UUID_STRLEN];	 /* "": none */
	GPtrArray *certificates; /* PEM texts; the first is for who names none that is there */
	GArray *policies;	 /* struct balancer_policy */
};

struct balancer_member {
	char id[UUID_STRLEN];
	struct ip address, monitor_address; /* family 0: its address */
	u16 port, monitor_port;		    /* 0: its port */
	u32 weight;
	bool backup;
};

struct balancer_monitor {
	enum balancer_monitor_type type;
	u32 delay_s, timeout_s, rise, fall;
	const char *method;	  /* static; of HTTP and HTTPS, as is what follows */
	char path[BALANCER_TEXT]; /* no blanks */
	char codes[BALANCER_CODES];
	char domain[BALANCER_TEXT]; /* "": HTTP/1.0, without a Host */
};

struct balancer_pool {
	char id[UUID_STRLEN];
	enum balancer_pool_protocol protocol;
	enum balancer_algorithm algorithm;
	enum balancer_persistence persistence;
	char cookie[BALANCER_TEXT]; /* of APP_COOKIE: as balancer_rule.key */
	GArray *members;	    /* struct balancer_member */
	struct balancer_monitor monitor;
};

struct balancer {
	char id[UUID_STRLEN];
	GArray *addresses; /* struct ip: of a NIC */
	GArray *listeners; /* struct balancer_listener */
	GArray *pools;	   /* struct balancer_pool */
};

static inline bool balancer_speaks_http(const struct balancer_listener *listener)
{
	return listener->protocol == BALANCER_HTTP ||
	       listener->protocol == BALANCER_TERMINATED_HTTPS;
}

/* Of the same load balancer; NULL: there is none ("" is none). */
const struct balancer_pool *balancer_pool(const struct balancer *balancer, const char *id);
