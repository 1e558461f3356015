/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dhcp/options.h"

#include "agent/frame/name.h"

enum value {
	VALUE_GUESS, /* unknown option: by what it looks like */
	VALUE_ADDRESSES,
	VALUE_TEXT,
	VALUE_U8,
	VALUE_U16,
	VALUE_U32,
	VALUE_NAMES,
	VALUE_ROUTES,
	VALUE_NTP6,   /* RFC 5908: a suboption per server */
	VALUE_PARAMS, /* RFC 5970: 16-bit length and text, repeated */
	VALUE_OWN,    /* the protocol's: nobody may set it */
};

struct option {
	u8 ip_version;
	u16 code;
	enum value value;
	const char *name;
};

/* RFC 2132 and successors; RFC 8415 and successors. */
static const struct option options[] = {
	{ 4, 0, VALUE_OWN, "pad" },
	{ 4, 1, VALUE_ADDRESSES, "netmask" },
	{ 4, 2, VALUE_U32, "time-offset" },
	{ 4, 3, VALUE_ADDRESSES, "router" },
	{ 4, 6, VALUE_ADDRESSES, "dns-server" },
	{ 4, 7, VALUE_ADDRESSES, "log-server" },
	{ 4, 9, VALUE_ADDRESSES, "lpr-server" },
	{ 4, 12, VALUE_TEXT, "hostname" },
	{ 4, 13, VALUE_U16, "boot-file-size" },
	{ 4, 15, VALUE_TEXT, "domain-name" },
	{ 4, 16, VALUE_ADDRESSES, "swap-server" },
	{ 4, 17, VALUE_TEXT, "root-path" },
	{ 4, 18, VALUE_TEXT, "extension-path" },
	{ 4, 19, VALUE_U8, "ip-forward-enable" },
	{ 4, 20, VALUE_U8, "non-local-source-routing" },
	{ 4, 21, VALUE_ADDRESSES, "policy-filter" },
	{ 4, 22, VALUE_U16, "max-datagram-reassembly" },
	{ 4, 23, VALUE_U8, "default-ttl" },
	{ 4, 26, VALUE_U16, "mtu" },
	{ 4, 27, VALUE_U8, "all-subnets-local" },
	{ 4, 28, VALUE_ADDRESSES, "broadcast" },
	{ 4, 31, VALUE_U8, "router-discovery" },
	{ 4, 32, VALUE_ADDRESSES, "router-solicitation" },
	{ 4, 33, VALUE_ADDRESSES, "static-route" },
	{ 4, 34, VALUE_U8, "trailer-encapsulation" },
	{ 4, 35, VALUE_U32, "arp-timeout" },
	{ 4, 36, VALUE_U8, "ethernet-encap" },
	{ 4, 37, VALUE_U8, "tcp-ttl" },
	{ 4, 38, VALUE_U32, "tcp-keepalive" },
	{ 4, 40, VALUE_TEXT, "nis-domain" },
	{ 4, 41, VALUE_ADDRESSES, "nis-server" },
	{ 4, 42, VALUE_ADDRESSES, "ntp-server" },
	{ 4, 43, VALUE_GUESS, "vendor-encap" },
	{ 4, 44, VALUE_ADDRESSES, "netbios-ns" },
	{ 4, 45, VALUE_ADDRESSES, "netbios-dd" },
	{ 4, 46, VALUE_U8, "netbios-nodetype" },
	{ 4, 47, VALUE_TEXT, "netbios-scope" },
	{ 4, 48, VALUE_ADDRESSES, "x-windows-fs" },
	{ 4, 49, VALUE_ADDRESSES, "x-windows-dm" },
	{ 4, 50, VALUE_OWN, "requested-address" },
	{ 4, 51, VALUE_U32, "lease-time" },
	{ 4, 52, VALUE_OWN, "option-overload" },
	{ 4, 53, VALUE_OWN, "message-type" },
	{ 4, 54, VALUE_OWN, "server-identifier" },
	{ 4, 55, VALUE_OWN, "parameter-request" },
	{ 4, 56, VALUE_OWN, "message" },
	{ 4, 57, VALUE_OWN, "max-message-size" },
	{ 4, 58, VALUE_U32, "T1" },
	{ 4, 59, VALUE_U32, "T2" },
	{ 4, 60, VALUE_TEXT, "vendor-class" },
	{ 4, 61, VALUE_OWN, "client-id" },
	{ 4, 64, VALUE_TEXT, "nis+-domain" },
	{ 4, 65, VALUE_ADDRESSES, "nis+-server" },
	{ 4, 66, VALUE_TEXT, "tftp-server" },
	{ 4, 67, VALUE_TEXT, "bootfile-name" },
	{ 4, 68, VALUE_ADDRESSES, "mobile-ip-home" },
	{ 4, 69, VALUE_ADDRESSES, "smtp-server" },
	{ 4, 70, VALUE_ADDRESSES, "pop3-server" },
	{ 4, 71, VALUE_ADDRESSES, "nntp-server" },
	{ 4, 74, VALUE_ADDRESSES, "irc-server" },
	{ 4, 82, VALUE_OWN, "agent-id" },
	{ 4, 100, VALUE_TEXT, "posix-timezone" },
	{ 4, 101, VALUE_TEXT, "tzdb-timezone" },
	{ 4, 108, VALUE_U32, "ipv6-only" },
	{ 4, 114, VALUE_TEXT, "captive-portal" },
	{ 4, 119, VALUE_NAMES, "domain-search" },
	{ 4, 121, VALUE_ROUTES, "classless-static-route" },
	{ 4, 125, VALUE_GUESS, "vendor-id-encap" },
	{ 4, 150, VALUE_ADDRESSES, "tftp-server-address" },
	{ 4, 209, VALUE_TEXT, "config-file" },
	{ 4, 210, VALUE_TEXT, "path-prefix" },
	{ 4, 249, VALUE_ROUTES, "ms-classless-static-route" },
	{ 4, 252, VALUE_TEXT, "wpad" },
	{ 4, DHCP4_SERVER_IP_ADDRESS, VALUE_ADDRESSES, "server-ip-address" },
	{ 6, 1, VALUE_OWN, "client-id" },
	{ 6, 2, VALUE_OWN, "server-id" },
	{ 6, 3, VALUE_OWN, "ia-na" },
	{ 6, 4, VALUE_OWN, "ia-ta" },
	{ 6, 5, VALUE_OWN, "iaaddr" },
	{ 6, 6, VALUE_OWN, "oro" },
	{ 6, 7, VALUE_U8, "preference" },
	{ 6, 13, VALUE_OWN, "status" },
	{ 6, 14, VALUE_OWN, "rapid-commit" },
	{ 6, 21, VALUE_NAMES, "sip-server-domain" },
	{ 6, 22, VALUE_ADDRESSES, "sip-server" },
	{ 6, 23, VALUE_ADDRESSES, "dns-server" },
	{ 6, 24, VALUE_NAMES, "domain-search" },
	{ 6, 25, VALUE_OWN, "ia-pd" },
	{ 6, 27, VALUE_ADDRESSES, "nis-server" },
	{ 6, 28, VALUE_ADDRESSES, "nis+-server" },
	{ 6, 29, VALUE_NAMES, "nis-domain" },
	{ 6, 30, VALUE_NAMES, "nis+-domain" },
	{ 6, 31, VALUE_ADDRESSES, "sntp-server" },
	{ 6, 32, VALUE_U32, "information-refresh-time" },
	{ 6, 41, VALUE_TEXT, "posix-timezone" },
	{ 6, 42, VALUE_TEXT, "tzdb-timezone" },
	{ 6, 56, VALUE_NTP6, "ntp-server" },
	{ 6, 59, VALUE_TEXT, "bootfile-url" },
	{ 6, 60, VALUE_PARAMS, "bootfile-param" },
};

static const struct option *option_by_code(u8 ip_version, u16 code)
{
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		if (options[i].ip_version == ip_version && options[i].code == code)
			return &options[i];
	}
	return NULL;
}

/* OVN writes '_' where dnsmasq writes '-'. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if (g_ascii_tolower(*a == '_' ? '-' : *a) != g_ascii_tolower(*b))
			return false;
	}
	return *a == *b;
}

static const struct option *option_by_name(u8 ip_version, const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		if (options[i].ip_version == ip_version && same_name(name, options[i].name))
			return &options[i];
	}
	return NULL;
}

bool dhcp_option_code(u8 ip_version, const char *name, u16 *ret_code)
{
	guint64 max = ip_version == 4 ? 254 : UINT16_MAX, number;
	const struct option *option;

	if (g_str_has_prefix(name, "option:"))
		name += strlen("option:");
	else if (g_str_has_prefix(name, "option6:"))
		name += strlen("option6:");
	if (g_ascii_string_to_unsigned(name, 10, 1, max, &number, NULL)) {
		option = option_by_code(ip_version, (u16)number);
	} else {
		option = option_by_name(ip_version, name);
		if (!option)
			return false;
		number = option->code;
	}
	if (option && option->value == VALUE_OWN)
		return false;
	*ret_code = (u16)number;
	return true;
}

const char *dhcp_option_find(const struct service_port *port, u8 ip_version, u16 code)
{
	for (size_t i = port->n_options; i-- > 0;) {
		const struct service_option *option = &port->options[i];
		u16 its_code;

		if (option->ip_version == ip_version &&
			dhcp_option_code(ip_version, option->name, &its_code) && its_code == code)
			return option->value ? option->value : "";
	}
	return NULL;
}

void dhcp4_route_write(struct writer *w, const struct prefix *destination, const struct ip *nexthop)
{
	struct ip network = prefix_network(destination);

	write_u8(w, destination->len);
	write_bytes(w, network.b, (destination->len + 7u) / 8);
	write_bytes(w, nexthop->b, 4);
}

/* "[2001:db8::1]", as dnsmasq writes IPv6 addresses, is the address too. */
static bool parse_address(u8 ip_version, const char *text, struct ip *ret)
{
	g_autofree char *bare = g_strdup(text);
	size_t len = strlen(bare);

	if (ip_version == 6 && len > 2 && bare[0] == '[' && bare[len - 1] == ']') {
		bare[len - 1] = '\0';
		return ip_parse(bare + 1, ret) && ret->family == 6;
	}
	return ip_parse(bare, ret) && ret->family == ip_version;
}

static void write_address(struct writer *w, u8 ip_version, const char *text)
{
	struct ip ip;

	if (parse_address(ip_version, text, &ip))
		write_bytes(w, ip.b, ip_bytes(&ip));
	else
		w->failed = true;
}

static void write_number(struct writer *w, const char *text, size_t bytes)
{
	gint64 max = (gint64)(UINT64_MAX >> (64 - 8 * bytes)), number;

	/* A negative time offset is two's complement. */
	if (!g_ascii_string_to_signed(text, 10, -max / 2 - 1, max, &number, NULL))
		w->failed = true;
	while (bytes-- > 0)
		write_u8(w, (u8)((guint64)number >> (8 * bytes)));
}

static bool parse_hex(const char *text, u8 *ret, size_t *ret_len, size_t max)
{
	size_t n = 0;

	for (; n < max; n++) {
		int high = g_ascii_xdigit_value(*text);

		if (high < 0)
			return false;
		int low = g_ascii_xdigit_value(*++text);
		ret[n] = (u8)(low < 0 ? high : high << 4 | low);
		text += low >= 0;
		if (*text == '\0') {
			*ret_len = n + 1;
			return n > 0; /* one number alone is no list of bytes */
		}
		if (*text++ != ':')
			return false;
	}
	return false;
}

static bool all_addresses(u8 ip_version, char *const *items)
{
	struct ip ip;

	for (; *items; items++) {
		if (!parse_address(ip_version, *items, &ip))
			return false;
	}
	return true;
}

static void write_guess(struct writer *w, u8 ip_version, const char *text, char *const *items)
{
	guint64 number;
	u8 bytes[255];
	size_t n;

	if (all_addresses(ip_version, items)) {
		for (; *items; items++)
			write_address(w, ip_version, *items);
	} else if (g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX, &number, NULL)) {
		write_number(w, text, number <= UINT8_MAX ? 1 : number <= UINT16_MAX ? 2 : 4);
	} else if (parse_hex(text, bytes, &n, sizeof(bytes))) {
		write_bytes(w, bytes, n);
	} else {
		write_bytes(w, text, strlen(text));
	}
}

static void write_routes(struct writer *w, char *const *items)
{
	for (; items[0]; items += 2) {
		struct prefix destination;
		struct ip nexthop;

		if (!prefix_parse(items[0], &destination) || destination.ip.family != 4 ||
			!items[1] || !ip_parse(items[1], &nexthop) || nexthop.family != 4) {
			w->failed = true;
			return;
		}
		dhcp4_route_write(w, &destination, &nexthop);
	}
}

static void write_item(struct writer *w, const struct option *option, const char *item)
{
	switch (option->value) {
	case VALUE_NTP6:
		write_u16(w, 1); /* NTP_SUBOPTION_SRV_ADDR */
		write_u16(w, 16);
		write_address(w, 6, item);
		break;
	case VALUE_PARAMS:
		write_u16(w, (u16)strlen(item));
		write_bytes(w, item, strlen(item));
		break;
	case VALUE_NAMES:
		write_name(w, item);
		break;
	default:
		write_address(w, option->ip_version, item);
	}
}

void dhcp_option_write(struct writer *w, u8 ip_version, u16 code, const char *value)
{
	const struct option *option = option_by_code(ip_version, code);
	g_autofree char *text = g_strstrip(g_strdup(value));
	g_auto(GStrv) items = g_strsplit(text, ",", -1);

	for (char **item = items; *item; item++)
		g_strstrip(*item);
	switch (option ? option->value : VALUE_GUESS) {
	case VALUE_OWN:
		w->failed = true;
		break;
	case VALUE_GUESS:
		write_guess(w, ip_version, text, items);
		break;
	case VALUE_TEXT:
		write_bytes(w, text, strlen(text));
		break;
	case VALUE_U8:
		write_number(w, text, 1);
		break;
	case VALUE_U16:
		write_number(w, text, 2);
		break;
	case VALUE_U32:
		write_number(w, text, 4);
		break;
	case VALUE_ROUTES:
		write_routes(w, items);
		break;
	default:
		for (char **item = items; *item; item++)
			write_item(w, option, *item);
	}
}
