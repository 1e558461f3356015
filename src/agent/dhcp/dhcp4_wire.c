/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dhcp/dhcp4_wire.h"

#define BOOT_REQUEST 1
#define BOOT_REPLY 2
#define HARDWARE_ETHERNET 1
#define COOKIE 0x63825363u
#define CHADDR_BYTES 16
#define SNAME_BYTES 64
#define FILE_BYTES 128
#define OPTION_MAX 255
#define MESSAGE_MIN 300 /* BOOTP's size without IP and UDP (RFC 1542 section 2.1) */
/* What every client takes: a datagram of 576 bytes (RFC 2131 section 2), without its headers. */
#define SIZE_DEFAULT (576 - 28)

/* The options that are looked at, and the sizes that they may have. */
static const struct {
	u8 code, min, max;
} sizes[] = {
	{ DHCP4_REQUESTED_ADDRESS, 4, 4 },
	{ DHCP4_OVERLOAD, 1, 1 },
	{ DHCP4_MESSAGE_TYPE, 1, 1 },
	{ DHCP4_SERVER_ID, 4, 4 },
	{ DHCP4_PARAMETERS, 1, 255 },
	{ DHCP4_MAX_SIZE, 2, 2 },
	{ DHCP4_CLIENT_ID, 2, 255 },
};

/* By code; the first of a code counts. */
struct option_set {
	struct dhcp4_bytes by_code[256];
};

/* One of the areas that options may stand in: the end of the message, file, sname. An area may end
 * without the end mark. */
static bool collect(struct option_set *set, struct reader r)
{
	while (reader_left(&r)) {
		u8 code = read_u8(&r);

		if (code == DHCP4_PAD)
			continue;
		if (code == DHCP4_END)
			break;
		struct dhcp4_bytes value = { .len = read_u8(&r) };
		value.bytes = read_bytes(&r, value.len);
		if (r.failed)
			return false;
		if (!set->by_code[code].bytes)
			set->by_code[code] = value;
	}
	return true;
}

static bool sizes_are_right(const struct option_set *set)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct dhcp4_bytes *value = &set->by_code[sizes[i].code];

		if (value->bytes && (value->len < sizes[i].min || value->len > sizes[i].max))
			return false;
	}
	return true;
}

static bool collect_all(
	struct option_set *set, struct reader options, const u8 *sname, const u8 *file)
{
	const struct dhcp4_bytes *overload = &set->by_code[DHCP4_OVERLOAD];

	if (!collect(set, options) || !sizes_are_right(set))
		return false;
	u8 areas = overload->bytes ? overload->bytes[0] : 0;
	if (areas > 3)
		return false;
	if (areas & 1 && !collect(set, reader_of(file, FILE_BYTES)))
		return false;
	if (areas & 2 && !collect(set, reader_of(sname, SNAME_BYTES)))
		return false;
	return sizes_are_right(set);
}

/* Zero is no address. */
static struct ip ip4_of(const u8 *bytes)
{
	struct ip ip = { .family = 4 };

	if (!bytes)
		return (struct ip){ 0 };
	memcpy(ip.b, bytes, 4);
	if ((bytes[0] | bytes[1] | bytes[2] | bytes[3]) == 0)
		ip.family = 0;
	return ip;
}

static void take_options(struct dhcp4_request *request, const struct option_set *set)
{
	const struct dhcp4_bytes *type = &set->by_code[DHCP4_MESSAGE_TYPE];
	const struct dhcp4_bytes *size = &set->by_code[DHCP4_MAX_SIZE];

	request->type = type->bytes ? (enum dhcp4_type)type->bytes[0] : (enum dhcp4_type)0;
	request->requested = ip4_of(set->by_code[DHCP4_REQUESTED_ADDRESS].bytes);
	request->server = ip4_of(set->by_code[DHCP4_SERVER_ID].bytes);
	request->client_id = set->by_code[DHCP4_CLIENT_ID];
	request->wanted = set->by_code[DHCP4_PARAMETERS];
	request->size_max = SIZE_DEFAULT;
	/* It counts the IP and UDP headers, and less than 576 is not allowed (RFC 2132
	 * section 9.10). */
	if (size->bytes && (size->bytes[0] << 8 | size->bytes[1]) - 28 > SIZE_DEFAULT)
		request->size_max = (size_t)(size->bytes[0] << 8 | size->bytes[1]) - 28;
}

bool dhcp4_parse(
	const u8 *message, size_t len, struct dhcp4_request *ret, enum service_outcome *ret_outcome)
{
	struct reader r = reader_of(message, len);
	struct option_set set = { 0 };
	u8 operation = read_u8(&r), hardware = read_u8(&r), hardware_bytes = read_u8(&r);

	read_u8(&r);
	ret->xid = read_u32(&r);
	read_u16(&r);
	ret->flags = read_u16(&r);
	ret->client_ip = ip4_of(read_bytes(&r, 4));
	read_bytes(&r, 8); /* yiaddr, siaddr */
	struct ip relay = ip4_of(read_bytes(&r, 4));
	const u8 *chaddr = read_bytes(&r, CHADDR_BYTES);
	const u8 *sname = read_bytes(&r, SNAME_BYTES);
	const u8 *file = read_bytes(&r, FILE_BYTES);
	u32 cookie = read_u32(&r);

	*ret_outcome = SERVICE_DHCP4_BAD_HEADER;
	if (r.failed || cookie != COOKIE || hardware != HARDWARE_ETHERNET || hardware_bytes != 6)
		return false;
	memcpy(ret->client_mac.b, chaddr, 6);
	*ret_outcome = SERVICE_DHCP4_NOT_REQUEST;
	if (operation != BOOT_REQUEST)
		return false;
	*ret_outcome = SERVICE_DHCP4_RELAYED;
	if (relay.family)
		return false;
	*ret_outcome = SERVICE_DHCP4_BAD_OPTION;
	if (!collect_all(&set, r, sname, file))
		return false;
	take_options(ret, &set);
	return true;
}

bool dhcp4_wants(const struct dhcp4_request *request, u8 code)
{
	return !request->wanted.bytes ||
	       memchr(request->wanted.bytes, code, request->wanted.len) != NULL;
}

static void write_text(struct writer *w, const char *text, size_t room)
{
	size_t len = text ? strnlen(text, room - 1) : 0;

	write_bytes(w, text, len);
	write_zeroes(w, room - len);
}

void dhcp4_write_header(
	struct writer *w, const struct dhcp4_request *request, const struct dhcp4_header *header)
{
	static const u8 ethernet_reply[] = { BOOT_REPLY, HARDWARE_ETHERNET, 6, 0 };

	write_bytes(w, ethernet_reply, sizeof(ethernet_reply));
	write_u32(w, request->xid);
	write_u16(w, 0);
	write_u16(w, request->flags);
	write_bytes(w, header->client_ip.b, 4);
	write_bytes(w, header->your_ip.b, 4);
	write_bytes(w, header->next_server.b, 4);
	write_zeroes(w, 4);
	write_bytes(w, request->client_mac.b, 6);
	write_zeroes(w, CHADDR_BYTES - 6);
	write_text(w, header->server_name, SNAME_BYTES);
	write_text(w, header->boot_file, FILE_BYTES);
	write_u32(w, COOKIE);
}

void dhcp4_write_option(struct writer *w, u8 code, const u8 *value, size_t len)
{
	size_t parts = len ? (len + OPTION_MAX - 1) / OPTION_MAX : 1;

	if (w->size - w->len < len + 2 * parts + 1)
		return;
	do {
		u8 part = (u8)(len > OPTION_MAX ? OPTION_MAX : len);

		write_u8(w, code);
		write_u8(w, part);
		write_bytes(w, value, part);
		value += part;
		len -= part;
	} while (len);
}

void dhcp4_write_end(struct writer *w)
{
	write_u8(w, DHCP4_END);
	if (w->len < MESSAGE_MIN && w->size >= MESSAGE_MIN)
		write_zeroes(w, MESSAGE_MIN - w->len);
}
