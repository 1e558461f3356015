/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DHCP options that an operator sets on a port (extra_dhcp_opts): their names, as dnsmasq and
 * OpenStack Networking write them, their codes in DHCPv4 and DHCPv6, and the bytes of their values.
 */
#pragma once

#include "agent/frame/bytes.h"
#include "agent/service/port.h"

/* Not a code on the wire: the next server of a network boot, which goes to siaddr. */
#define DHCP4_SERVER_IP_ADDRESS 255

/* The code that @name means: a name of the table ("mtu", "dns-server", "classless_static_route"),
 * or a number, either after an optional "option:" or "option6:". False: no such option, or one that
 * belongs to the protocol and not to an operator (message type, server identifier …). */
bool dhcp_option_code(u8 ip_version, const char *name, u16 *ret_code);

/* Appends the value's bytes (no code, no length). @w fails when @value is not what the option
 * holds. What is not in the table is written like dnsmasq does: addresses, a decimal number, bytes
 * in hex with colons, or text. */
void dhcp_option_write(struct writer *w, u8 ip_version, u16 code, const char *value);

/* The value of the last of @port's options with that code, or NULL. "" asks to leave the option
 * out. */
const char *dhcp_option_find(const struct service_port *port, u8 ip_version, u16 code);

/* Routes as RFC 3442 packs them, one at a time: prefix length, its significant bytes, next hop. */
void dhcp4_route_write(
	struct writer *w, const struct prefix *destination, const struct ip *nexthop);
