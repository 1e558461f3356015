/* SPDX-License-Identifier: Apache-2.0 */
/* DHCPv6 messages as bytes (RFC 8415 sections 8 and 21). */
#pragma once

#include "agent/frame/bytes.h"
#include "agent/service/outcome.h"
#include "base/addr.h"

enum dhcp6_type {
	DHCP6_TYPE_SOLICIT = 1,
	DHCP6_TYPE_ADVERTISE,
	DHCP6_TYPE_REQUEST,
	DHCP6_TYPE_CONFIRM,
	DHCP6_TYPE_RENEW,
	DHCP6_TYPE_REBIND,
	DHCP6_TYPE_REPLY,
	DHCP6_TYPE_RELEASE,
	DHCP6_TYPE_DECLINE,
	DHCP6_TYPE_RECONFIGURE,
	DHCP6_TYPE_INFORMATION_REQUEST,
	DHCP6_TYPE_RELAY_FORWARD,
	DHCP6_TYPE_RELAY_REPLY,
};

enum dhcp6_code {
	DHCP6_CLIENT_ID = 1,
	DHCP6_SERVER_ID = 2,
	DHCP6_IA_NA = 3,
	DHCP6_IA_TA = 4,
	DHCP6_IAADDR = 5,
	DHCP6_WANTED = 6, /* option request */
	DHCP6_STATUS = 13,
	DHCP6_RAPID_COMMIT = 14,
	DHCP6_DNS_SERVERS = 23,
	DHCP6_DOMAIN_LIST = 24,
	DHCP6_IA_PD = 25,
};

enum dhcp6_status {
	DHCP6_SUCCESS = 0,
	DHCP6_NO_ADDRESSES = 2,
	DHCP6_NO_BINDING = 3,
	DHCP6_NOT_ON_LINK = 4,
	DHCP6_NO_PREFIXES = 6,
};

struct dhcp6_bytes {
	const u8 *bytes; /* NULL: not there */
	size_t len;
};

/* An identity association that a client asks about. */
struct dhcp6_ia {
	enum dhcp6_code code;
	u32 iaid;
	struct reader options; /* of the association, well formed */
};

#define DHCP6_IA_MAX 8 /* more in one message are ignored */

/* Borrowed from the message's bytes. */
struct dhcp6_request {
	enum dhcp6_type type;
	u32 transaction; /* 24 bits */
	struct dhcp6_bytes client_id, server_id, wanted;
	bool rapid_commit;
	struct dhcp6_ia ias[DHCP6_IA_MAX];
	size_t n_ias;
};

/* False with the reason in @ret_outcome when it is no well-formed request. */
bool dhcp6_parse(const u8 *message, size_t len, struct dhcp6_request *ret,
	enum service_outcome *ret_outcome);

bool dhcp6_wants(const struct dhcp6_request *request, u16 code);

/* The next address of an association: false at the end. */
bool dhcp6_next_address(struct reader *ia_options, struct ip *ret);

/* An option; dhcp6_begin_option() and dhcp6_end_option() stand around one that holds others. */
void dhcp6_write_option(struct writer *w, u16 code, const u8 *value, size_t len);
size_t dhcp6_begin_option(struct writer *w, u16 code);
void dhcp6_end_option(struct writer *w, size_t begin);
void dhcp6_write_status(struct writer *w, enum dhcp6_status status);
