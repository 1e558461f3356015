/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sections of what a virtual router is told (docs/appliances.md, "The document"): each is a
 * function of the facts alone, in a file of its own, and a line in the table of sections.c.
 */
#pragma once

#include "providers/virtual_router/facts.h"

/* Its value; NULL: the section is not there. */
json_t *section_interfaces(const struct facts *facts);
json_t *section_routes(const struct facts *facts);
json_t *section_dhcp(const struct facts *facts);
json_t *section_dns(const struct facts *facts);
json_t *section_metadata(const struct facts *facts);
json_t *section_snat(const struct facts *facts);
json_t *section_routed(const struct facts *facts);
json_t *section_floating_ips(const struct facts *facts);
json_t *section_port_forwardings(const struct facts *facts);
json_t *section_balancers(const struct facts *facts);
json_t *section_ipsec(const struct facts *facts);
json_t *section_firewall(const struct facts *facts);
json_t *section_redundancy(const struct facts *facts);
json_t *section_wireguard(const struct facts *facts);
json_t *section_gre(const struct facts *facts);
json_t *section_bgp(const struct facts *facts);

/* section_redundancy.c: can the two of a pair, whose ports are made, talk to each other? */
bool redundancy_check(const struct facts *facts, char **ret_reason);
/* section_balancers.c: appends the VIPs that are the side's to its NIC's addresses. */
void add_vips(const struct facts *facts, const struct side *side, json_t *addresses);

/* The whole document, without its revision. */
json_t *sections_document(const struct facts *facts);
