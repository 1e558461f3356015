/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dhcp/dhcp6_wire.h"

#define DUID_MIN 3
#define DUID_MAX 130 /* RFC 8415 section 11.1 */
#define IAADDR_MIN 24
#define IA_NA_MIN 12 /* IAID, T1, T2; IA_PD the same */
#define IA_TA_MIN 4

struct option {
	u16 code;
	struct reader value;
};

static bool next_option(struct reader *r, struct option *ret)
{
	if (!reader_left(r))
		return false;
	ret->code = read_u16(r);
	ret->value = read_part(r, read_u16(r));
	return !r->failed;
}

static bool take_duid(struct dhcp6_bytes *id, const struct reader *value)
{
	if (id->bytes || reader_left(value) < DUID_MIN || reader_left(value) > DUID_MAX)
		return false;
	*id = (struct dhcp6_bytes){ value->p, reader_left(value) };
	return true;
}

static bool is_well_formed_ia(struct reader options)
{
	struct option option;

	while (next_option(&options, &option)) {
		if (option.code == DHCP6_IAADDR && reader_left(&option.value) < IAADDR_MIN)
			return false;
	}
	return !options.failed;
}

static bool take_ia(struct dhcp6_request *request, const struct option *option)
{
	struct reader value = option->value;
	struct dhcp6_ia ia = { .code = (enum dhcp6_code)option->code };

	ia.iaid = read_u32(&value);
	read_bytes(&value, option->code == DHCP6_IA_TA ? 0 : IA_NA_MIN - IA_TA_MIN);
	ia.options = value;
	if (value.failed || !is_well_formed_ia(value))
		return false;
	if (request->n_ias < DHCP6_IA_MAX)
		request->ias[request->n_ias++] = ia;
	return true;
}

static bool take_option(struct dhcp6_request *request, const struct option *option)
{
	switch (option->code) {
	case DHCP6_CLIENT_ID:
		return take_duid(&request->client_id, &option->value);
	case DHCP6_SERVER_ID:
		return take_duid(&request->server_id, &option->value);
	case DHCP6_IA_NA:
	case DHCP6_IA_TA:
	case DHCP6_IA_PD:
		return take_ia(request, option);
	case DHCP6_WANTED:
		request->wanted =
			(struct dhcp6_bytes){ option->value.p, reader_left(&option->value) };
		return request->wanted.len % 2 == 0;
	case DHCP6_RAPID_COMMIT:
		request->rapid_commit = true;
		return true;
	default:
		return true;
	}
}

bool dhcp6_parse(
	const u8 *message, size_t len, struct dhcp6_request *ret, enum service_outcome *ret_outcome)
{
	struct reader r = reader_of(message, len);
	u32 first = read_u32(&r);
	struct option option;

	*ret = (struct dhcp6_request){ .type = (enum dhcp6_type)(first >> 24),
		.transaction = first & 0xffffff };
	*ret_outcome = SERVICE_DHCP6_RELAYED;
	if (ret->type == DHCP6_TYPE_RELAY_FORWARD || ret->type == DHCP6_TYPE_RELAY_REPLY)
		return false;
	*ret_outcome = SERVICE_DHCP6_BAD_OPTION;
	while (next_option(&r, &option)) {
		if (!take_option(ret, &option))
			return false;
	}
	return !r.failed;
}

bool dhcp6_wants(const struct dhcp6_request *request, u16 code)
{
	for (size_t i = 0; i + 1 < request->wanted.len; i += 2) {
		if ((request->wanted.bytes[i] << 8 | request->wanted.bytes[i + 1]) == code)
			return true;
	}
	return false;
}

bool dhcp6_next_address(struct reader *ia_options, struct ip *ret)
{
	struct option option;

	while (next_option(ia_options, &option)) {
		if (option.code != DHCP6_IAADDR)
			continue;
		*ret = (struct ip){ .family = 6 };
		memcpy(ret->b, option.value.p, 16);
		return true;
	}
	return false;
}

void dhcp6_write_option(struct writer *w, u16 code, const u8 *value, size_t len)
{
	write_u16(w, code);
	write_u16(w, (u16)len);
	write_bytes(w, value, len);
}

size_t dhcp6_begin_option(struct writer *w, u16 code)
{
	write_u16(w, code);
	write_u16(w, 0);
	return w->len;
}

void dhcp6_end_option(struct writer *w, size_t begin)
{
	if (!w->failed)
		put_u16(w->data + begin - 2, (u16)(w->len - begin));
}

void dhcp6_write_status(struct writer *w, enum dhcp6_status status)
{
	static const char *const texts[] = {
		[DHCP6_SUCCESS] = "",
		[DHCP6_NO_ADDRESSES] = "the port has no address for this association",
		[DHCP6_NO_BINDING] = "this is not an address of your port",
		[DHCP6_NOT_ON_LINK] = "this is not an address of your port",
		[DHCP6_NO_PREFIXES] = "prefixes are not delegated here",
	};
	size_t begin = dhcp6_begin_option(w, DHCP6_STATUS);

	write_u16(w, (u16)status);
	write_bytes(w, texts[status], strlen(texts[status]));
	dhcp6_end_option(w, begin);
}
