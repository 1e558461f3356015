/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of the parts of a document. Inside of document*.c. */
#pragma once

#include "appliance/document/document.h"
#include "appliance/document/field.h"

/* What an appliance of one network has at most. */
#define LIST_MAX 65536
#define SMALL_LIST_MAX 256

bool document_read_route(const json_t *value, GArray *array, GError **error);

/* document_services.c */
bool document_read_dhcp(const json_t *object, void *document_dhcp, GError **error);
bool document_read_dns(const json_t *object, void *document_dns, GError **error);

/* document_nat.c */
bool document_read_nat(const json_t *root, struct document *document, GError **error);
/* The addresses are the public NIC's, and nothing is said twice. */
bool document_check_nat(const struct document *document, GError **error);

/* document_balancer.c */
GArray *document_balancers_new(void);
bool document_read_balancers(const json_t *root, struct document *document, GError **error);
/* Their addresses are a NIC's, and no two listen at the same port of one. */
bool document_check_balancers(const struct document *document, GError **error);

/* document_bgp.c */
GArray *document_bgp_neighbors_new(void);
bool document_read_bgp(const json_t *object, void *document_bgp, GError **error);
/* Fills in the router's id. */
bool document_check_bgp(struct document *document, GError **error);

/* document_redundancy.c */
bool document_read_redundancy(const json_t *object, void *document_redundancy, GError **error);
/* Its NICs and addresses are there. Fills in the own address. */
bool document_check_redundancy(struct document *document, GError **error);

/* document_firewall.c */
bool document_read_firewall(const json_t *object, void *document_firewall, GError **error);

/* document_guard.c */
GArray *document_guards_new(void);
bool document_read_log_limits(const json_t *object, void *data, GError **error);
bool document_read_guard(const json_t *value, GArray *array, GError **error);
bool document_check_guards(const struct document *document, GError **error);

/* document.c */
bool document_read_device(const json_t *value, char *ret, GError **error);
bool document_is_public(const struct document *document, const struct ip *ip);

/* document_ipsec.c, document_tunnels.c */
GArray *document_ipsec_new(void);
bool document_read_ipsec(const json_t *value, GArray *array, GError **error);
bool document_check_ipsec(const struct document *document, GError **error);
GArray *document_wireguard_peers_new(void);
bool document_read_wireguard(const json_t *object, void *document_wireguard, GError **error);
GArray *document_gre_new(void);
bool document_read_gre(const json_t *value, GArray *array, GError **error);
/* Devices have names of their own, and the ends are the public NIC's. */
bool document_check_tunnels(const struct document *document, GError **error);
