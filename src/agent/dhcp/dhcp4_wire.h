/* SPDX-License-Identifier: Apache-2.0 */
/* BOOTP messages with DHCP options, as bytes (RFC 2131 section 2, RFC 2132, RFC 3396). */
#pragma once

#include "agent/frame/bytes.h"
#include "agent/service/outcome.h"
#include "base/addr.h"

enum dhcp4_type {
	DHCP4_TYPE_DISCOVER = 1,
	DHCP4_TYPE_OFFER,
	DHCP4_TYPE_REQUEST,
	DHCP4_TYPE_DECLINE,
	DHCP4_TYPE_ACK,
	DHCP4_TYPE_NAK,
	DHCP4_TYPE_RELEASE,
	DHCP4_TYPE_INFORM,
};

enum dhcp4_code {
	DHCP4_PAD = 0,
	DHCP4_NETMASK = 1,
	DHCP4_ROUTER = 3,
	DHCP4_DNS_SERVER = 6,
	DHCP4_HOSTNAME = 12,
	DHCP4_DOMAIN_NAME = 15,
	DHCP4_MTU = 26,
	DHCP4_BROADCAST = 28,
	DHCP4_REQUESTED_ADDRESS = 50,
	DHCP4_LEASE_TIME = 51,
	DHCP4_OVERLOAD = 52,
	DHCP4_MESSAGE_TYPE = 53,
	DHCP4_SERVER_ID = 54,
	DHCP4_PARAMETERS = 55,
	DHCP4_MESSAGE = 56,
	DHCP4_MAX_SIZE = 57,
	DHCP4_T1 = 58,
	DHCP4_T2 = 59,
	DHCP4_CLIENT_ID = 61,
	DHCP4_TFTP_SERVER = 66,
	DHCP4_BOOTFILE = 67,
	DHCP4_DOMAIN_SEARCH = 119,
	DHCP4_ROUTES = 121,
	DHCP4_ROUTES_MICROSOFT = 249,
	DHCP4_END = 255,
};

#define DHCP4_BROADCAST_FLAG 0x8000

struct dhcp4_bytes {
	const u8 *bytes; /* NULL: not there */
	size_t len;
};

/* What matters of a client's message; borrowed from its bytes. */
struct dhcp4_request {
	enum dhcp4_type type;
	u32 xid;
	u16 flags;
	struct ip client_ip;	      /* ciaddr; family 0: zero */
	struct mac client_mac;	      /* chaddr */
	struct ip requested, server;  /* options 50 and 54; family 0: not there */
	struct dhcp4_bytes client_id; /* option 61 */
	struct dhcp4_bytes wanted;    /* option 55 */
	size_t size_max;	      /* largest message that it takes (option 57) */
};

/* False with the reason in @ret_outcome when it is no well-formed request. */
bool dhcp4_parse(const u8 *message, size_t len, struct dhcp4_request *ret,
	enum service_outcome *ret_outcome);

/* Has the client asked for @code, or not said what it wants? */
bool dhcp4_wants(const struct dhcp4_request *request, u8 code);

struct dhcp4_header {
	struct ip client_ip, your_ip, next_server; /* family 0: zero */
	const char *server_name, *boot_file;	   /* NULL: none; cut when too long */
};

/* The header of a reply to @request, up to the magic cookie. */
void dhcp4_write_header(
	struct writer *w, const struct dhcp4_request *request, const struct dhcp4_header *header);

/* Appends an option, in parts when it is longer than 255 (RFC 3396). One that does not fit, the end
 * mark counted, is left out. */
void dhcp4_write_option(struct writer *w, u8 code, const u8 *value, size_t len);

/* The end mark, and zeroes up to the least size that old clients and relays expect. */
void dhcp4_write_end(struct writer *w);
