/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/service/port.h"

#include <string.h>

const struct mac service_mac = { { 0xfa, 0x16, 0x3f, 0x00, 0x00, 0x01 } };
const struct ip metadata_ip4 = { .family = 4, .b = { 169, 254, 169, 254 } };
const struct ip metadata_ip6 = { .family = 6, .b = { 0xfe, 0x80, [12] = 0xa9, 0xfe, 0xa9, 0xfe } };
const struct ip service_ip4 = { .family = 4, .b = { 169, 254, 169, 253 } };
const struct ip service_ip6 = { .family = 6,
	.b = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0xf8, 0x16, 0x3f, 0xff, 0xfe, 0x00, 0x00, 0x01 } };

bool service_ip6_mode_parse(const char *text, enum service_ip6_mode *ret)
{
	static const char *const names[] = {
		[SERVICE_IP6_NONE] = "",
		[SERVICE_IP6_SLAAC] = "slaac",
		[SERVICE_IP6_STATEFUL] = "dhcpv6-stateful",
		[SERVICE_IP6_STATELESS] = "dhcpv6-stateless",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(text ? text : "", names[i]) == 0) {
			*ret = (enum service_ip6_mode)i;
			return true;
		}
	}
	return false;
}

#define DERIVED "host-"

/* The separators of the address text become '-'; which they were is known from the family: text
 * with hex groups or "--" is IPv6. "host-" and the longest IPv6 text (39) fit into a label. */
void service_derived_name(const struct ip *ip, char ret[static SERVICE_NAME_SIZE])
{
	char text[IP_STRLEN];

	g_snprintf(ret, SERVICE_NAME_SIZE, DERIVED "%s",
		g_strdelimit((char *)ip_format(ip, text), ".:", '-'));
}

bool service_derived_name_parse(const char *name, struct ip *ret)
{
	char text[SERVICE_NAME_SIZE], again[SERVICE_NAME_SIZE];
	static const char separators[] = ".:";

	if (!g_str_has_prefix(name, DERIVED) || strlen(name) >= sizeof(text))
		return false;
	for (const char *separator = separators; *separator; separator++) {
		g_strlcpy(text, name + strlen(DERIVED), sizeof(text));
		if (!ip_parse(g_strdelimit(text, "-", *separator), ret))
			continue;
		/* Only the canonical text: one name per address. */
		service_derived_name(ret, again);
		return strcmp(again, name) == 0;
	}
	return false;
}

void service_host_name(
	const struct service_port *port, const struct ip *ip, char ret[static SERVICE_NAME_SIZE])
{
	if (port->dns_name && *port->dns_name)
		g_strlcpy(ret, port->dns_name, SERVICE_NAME_SIZE);
	else
		service_derived_name(ip, ret);
}
