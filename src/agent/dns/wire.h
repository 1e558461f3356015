/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages as bytes (RFC 1035, EDNS of RFC 6891): the question of a guest, and replies to it.
 */
#pragma once

#include <glib.h>

#include "agent/frame/name.h"
#include "base/addr.h"

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_HINFO = 13,
	DNS_AAAA = 28,
	DNS_OPT = 41,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
};

#define DNS_CLASS_IN 1

enum dns_flag {
	DNS_RESPONSE = 0x8000,
	DNS_OPCODE = 0x7800,
	DNS_AUTHORITATIVE = 0x0400,
	DNS_TRUNCATED = 0x0200,
	DNS_RECURSION_DESIRED = 0x0100,
	DNS_RECURSION_AVAILABLE = 0x0080,
	DNS_AUTHENTIC = 0x0020,
	DNS_CHECKING_DISABLED = 0x0010,
	DNS_RCODE = 0x000f,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_BADVERS = 16,
};

#define DNS_HEADER_BYTES 12
#define DNS_OPT_BYTES 11
#define DNS_QUESTION_MAX (255 + 4)
#define DNS_UDP_MIN 512 /* what everybody takes */
#define DNS_UDP_MAX \
	1232 /* what passes IPv6's least MTU: offered upstream, and the most that is used */

struct dns_query {
	u16 id, flags;
	u16 type, class;
	char name[NAME_SIZE];	       /* lower case, no dot at the end */
	u8 question[DNS_QUESTION_MAX]; /* as asked: name, type, class */
	size_t question_len;
	bool has_edns, dnssec_ok;
	u8 edns_version;
	size_t size_max; /* the largest reply that the asker takes, within DNS_UDP_MAX */
};

enum dns_parsed { DNS_PARSED, DNS_IGNORE, DNS_MALFORMED };
/* DNS_IGNORE: no query at all, to be dropped. DNS_MALFORMED: id and flags are there, the rest need
 * not be; to be answered FORMERR. */
enum dns_parsed dns_parse_query(const u8 *message, size_t len, struct dns_query *ret);

/* A query to a resolver for the same question, with nothing else of the asker in it. */
void dns_write_query(struct writer *w, const struct dns_query *query, u16 id);

/* A reply under construction. Records that do not fit are left out and set the TC flag. */
struct dns_reply {
	struct writer w; /* of the size that the asker takes */
	const struct dns_query *query;
	u16 flags;
	u16 n_answers, n_authority;
	enum dns_rcode rcode;
	bool is_full;
};

void dns_reply_begin(struct dns_reply *reply, const struct dns_query *query, u8 *room, size_t size);
/* Offset in the message of the question's name without its first @n_labels labels: where compressed
 * names may point. */
u16 dns_reply_name_at(const struct dns_reply *reply, size_t n_labels);
void dns_reply_answer(
	struct dns_reply *reply, enum dns_type type, u32 ttl_s, const u8 *data, size_t len);
void dns_reply_authority(struct dns_reply *reply, u16 owner_at, enum dns_type type, u32 ttl_s,
	const u8 *data, size_t len);
/* Adds OPT if the asker knows it, and fills in the header. Returns the message's length. */
size_t dns_reply_end(struct dns_reply *reply);

/* The reply @message of a resolver, as the asker of @query shall have it: its id, its EDNS, its
 * size. Sections that need not be there are dropped before the answer is cut. Returns the length in
 * @room, 0 when the message is malformed. */
size_t dns_relay(
	const u8 *message, size_t len, const struct dns_query *query, u8 *room, size_t size);

/* An address in an answer. */
struct dns_address {
	struct ip ip;
	u32 ttl_s;
};
/* The name (as read_name() has it) that a reply without error answers for, and its addresses,
 * through aliases, for as long as all records on the way there may be kept. Adds to @ret: struct
 * dns_address. False: it is no such reply. */
bool dns_read_addresses(
	const u8 *message, size_t len, char ret_name[static NAME_SIZE], GArray *ret);
