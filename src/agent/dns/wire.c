/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/wire.h"

#include <glib.h>

#define EDNS_DNSSEC_OK 0x8000
#define POINTER 0xc000

/* The fixed part of a record behind its name. */
struct record {
	u16 type, class;
	u32 ttl;
	struct reader data;
};

static bool read_record(struct reader *r, struct record *ret)
{
	skip_name(r);
	ret->type = read_u16(r);
	ret->class = read_u16(r);
	ret->ttl = read_u32(r);
	ret->data = read_part(r, read_u16(r));
	return !r->failed;
}

/* The OPT record: class is a size, TTL is extended rcode, version and flags (RFC 6891
 * section 6.1.3). */
static void take_edns(struct dns_query *query, const struct record *opt)
{
	query->has_edns = true;
	query->edns_version = (u8)(opt->ttl >> 16);
	query->dnssec_ok = opt->ttl & EDNS_DNSSEC_OK;
	query->size_max = CLAMP(opt->class, DNS_UDP_MIN, DNS_UDP_MAX);
}

static enum dns_parsed parse_question(struct reader *r, struct dns_query *ret)
{
	const u8 *start = r->p;

	read_name(r, NULL, ret->name);
	ret->type = read_u16(r);
	ret->class = read_u16(r);
	if (r->failed)
		return DNS_MALFORMED;
	ret->question_len = (size_t)(r->p - start);
	memcpy(ret->question, start, ret->question_len);
	return DNS_PARSED;
}

enum dns_parsed dns_parse_query(const u8 *message, size_t len, struct dns_query *ret)
{
	struct reader r = reader_of(message, len);
	struct record record;

	*ret = (struct dns_query){ .size_max = DNS_UDP_MIN };
	ret->id = read_u16(&r);
	ret->flags = read_u16(&r);
	u16 questions = read_u16(&r), answers = read_u16(&r), authority = read_u16(&r);
	u16 additional = read_u16(&r);

	if (r.failed || ret->flags & DNS_RESPONSE)
		return DNS_IGNORE;
	if (ret->flags & DNS_OPCODE)
		return DNS_PARSED; /* nothing more is looked at: not implemented */
	if (questions != 1 || answers || authority || parse_question(&r, ret) != DNS_PARSED)
		return DNS_MALFORMED;
	for (; additional; additional--) {
		if (!read_record(&r, &record) || (record.type == DNS_OPT && ret->has_edns))
			return DNS_MALFORMED;
		if (record.type == DNS_OPT)
			take_edns(ret, &record);
	}
	return DNS_PARSED;
}

static void write_opt(struct writer *w, bool dnssec_ok, u8 rcode_high)
{
	write_u8(w, 0);
	write_u16(w, DNS_OPT);
	write_u16(w, DNS_UDP_MAX);
	write_u32(w, (u32)rcode_high << 24 | (dnssec_ok ? EDNS_DNSSEC_OK : 0));
	write_u16(w, 0);
}

void dns_write_query(struct writer *w, const struct dns_query *query, u16 id)
{
	write_u16(w, id);
	write_u16(
		w, query->flags & (DNS_RECURSION_DESIRED | DNS_CHECKING_DISABLED | DNS_AUTHENTIC));
	write_u16(w, 1);
	write_u32(w, 0);
	write_u16(w, 1);
	write_bytes(w, query->question, query->question_len);
	write_opt(w, query->dnssec_ok, 0);
}

/* OPT's room is kept free. */
void dns_reply_begin(struct dns_reply *reply, const struct dns_query *query, u8 *room, size_t size)
{
	size = MIN(size, query->size_max) - (query->has_edns ? DNS_OPT_BYTES : 0);
	*reply = (struct dns_reply){ .w = writer_of(room, size), .query = query };
	write_zeroes(&reply->w, DNS_HEADER_BYTES);
	write_bytes(&reply->w, query->question, query->question_len);
}

u16 dns_reply_name_at(const struct dns_reply *reply, size_t n_labels)
{
	size_t at = 0;

	while (n_labels-- > 0 && reply->query->question[at])
		at += reply->query->question[at] + 1u;
	return (u16)(DNS_HEADER_BYTES + at);
}

static bool write_record(struct dns_reply *reply, u16 owner_at, enum dns_type type, u32 ttl_s,
	const u8 *data, size_t len)
{
	if (reply->is_full || reply->w.size - reply->w.len < 12 + len) {
		reply->is_full = true;
		return false;
	}
	write_u16(&reply->w, POINTER | owner_at);
	write_u16(&reply->w, (u16)type);
	write_u16(&reply->w, DNS_CLASS_IN);
	write_u32(&reply->w, ttl_s);
	write_u16(&reply->w, (u16)len);
	write_bytes(&reply->w, data, len);
	return true;
}

void dns_reply_answer(
	struct dns_reply *reply, enum dns_type type, u32 ttl_s, const u8 *data, size_t len)
{
	if (write_record(reply, DNS_HEADER_BYTES, type, ttl_s, data, len))
		reply->n_answers++;
}

void dns_reply_authority(struct dns_reply *reply, u16 owner_at, enum dns_type type, u32 ttl_s,
	const u8 *data, size_t len)
{
	if (write_record(reply, owner_at, type, ttl_s, data, len))
		reply->n_authority++;
}

static void put_header(u8 *at, u16 id, u16 flags, const u16 counts[4])
{
	put_u16(at, id);
	put_u16(at + 2, flags);
	for (size_t i = 0; i < 4; i++)
		put_u16(at + 4 + 2 * i, counts[i]);
}

size_t dns_reply_end(struct dns_reply *reply)
{
	const struct dns_query *query = reply->query;
	u16 echoed = query->flags & (DNS_OPCODE | DNS_RECURSION_DESIRED | DNS_CHECKING_DISABLED);
	u16 flags = DNS_RESPONSE | DNS_RECURSION_AVAILABLE | reply->flags | echoed;
	const u16 counts[] = { query->question_len != 0, reply->n_answers, reply->n_authority,
		query->has_edns };

	if (reply->is_full)
		flags |= DNS_TRUNCATED;
	if (query->has_edns) {
		reply->w.size += DNS_OPT_BYTES;
		write_opt(&reply->w, query->dnssec_ok, (u8)(reply->rcode >> 4));
	}
	put_header(reply->w.data, query->id, flags | (reply->rcode & DNS_RCODE), counts);
	return reply->w.len;
}

/* Where the sections of a resolver's reply end, and how much of them may be kept. */
struct sections {
	u16 counts[3];	    /* answer, authority, additional before OPT */
	size_t ends[3];	    /* offsets */
	size_t answers_fit; /* end of the last answer that fits */
	u16 n_answers_fit;
	u8 rcode_high;
};

static bool read_sections(struct reader *r, const u8 *message, const u16 counts[3], size_t limit,
	struct sections *ret)
{
	struct record record;

	ret->answers_fit = (size_t)(r->p - message);
	for (size_t s = 0; s < 3; s++) {
		bool is_open = true;

		for (u16 i = 0; i < counts[s]; i++) {
			if (!read_record(r, &record))
				return false;
			if (s == 2 && record.type == DNS_OPT) {
				ret->rcode_high = (u8)(record.ttl >> 24);
				is_open = false; /* what stands behind OPT goes with it */
			}
			if (!is_open)
				continue;
			ret->counts[s]++;
			ret->ends[s] = (size_t)(r->p - message);
			if (s == 0 && ret->ends[0] <= limit) {
				ret->answers_fit = ret->ends[0];
				ret->n_answers_fit++;
			}
		}
		if (ret->counts[s] == 0)
			ret->ends[s] = s ? ret->ends[s - 1] : ret->answers_fit;
	}
	return true;
}

size_t dns_relay(
	const u8 *message, size_t len, const struct dns_query *query, u8 *room, size_t size)
{
	size_t limit = MIN(size, query->size_max) - (query->has_edns ? DNS_OPT_BYTES : 0), end;
	struct reader r = reader_of(message, len);
	struct sections sections = { 0 };
	u16 counts[4] = { 1 }, theirs[3];

	read_u16(&r);
	u16 flags = read_u16(&r) & (u16) ~(DNS_RECURSION_DESIRED | DNS_CHECKING_DISABLED);
	u16 questions = read_u16(&r);
	for (size_t s = 0; s < 3; s++)
		theirs[s] = read_u16(&r);
	const u8 *question = read_bytes(&r, query->question_len);
	if (!question || questions != 1 || !read_sections(&r, message, theirs, limit, &sections) ||
		sections.rcode_high)
		return 0;

	/* Keep as many whole sections as fit; the answer alone may be cut. */
	size_t kept = 3;
	while (kept > 0 && sections.ends[kept - 1] > limit)
		kept--;
	for (size_t s = 0; s < kept; s++)
		counts[1 + s] = sections.counts[s];
	end = kept ? sections.ends[kept - 1] : sections.answers_fit;
	flags &= (u16)~DNS_TRUNCATED;
	if (kept == 0) {
		counts[1] = sections.n_answers_fit;
		flags |= DNS_TRUNCATED;
	}
	struct writer w = writer_of(room, size);
	write_bytes(&w, message, end);
	if (query->has_edns) {
		counts[3]++;
		write_opt(&w, query->dnssec_ok, 0);
	}
	memcpy(room + DNS_HEADER_BYTES, query->question,
		query->question_len); /* in the asker's case */
	put_header(room, query->id,
		flags | (query->flags & (DNS_RECURSION_DESIRED | DNS_CHECKING_DISABLED)), counts);
	return w.len;
}
