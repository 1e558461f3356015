/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which provider gives which service of a network or router.
 *
 * An object keeps what differs from the edge: "service_map", {SERVICE: PROVIDER}. What is chosen is
 * settled when the object is made (the defaults of the configuration, then a router's flavor, then
 * what the request says) and changes with the object alone; a later configuration changes nothing
 * that is there.
 */
#pragma once

#include "model/txn.h"

/* X(symbol, name) */
#define SERVICES(X)                             \
	X(DHCP, "dhcp")                         \
	X(DNS, "dns")                           \
	X(METADATA, "metadata")                 \
	X(SERVICE_FUNCTION, "service-function") \
	X(ROUTER, "router")                     \
	X(SNAT, "snat")                         \
	X(FLOATING_IP, "floating-ip")           \
	X(PORT_FORWARDING, "port-forwarding")   \
	X(LOAD_BALANCER, "load-balancer")       \
	X(FIREWALL, "firewall")                 \
	X(VPN, "vpn")                           \
	X(GRE, "gre")                           \
	X(SECURITY_GROUP, "security-group")     \
	X(QOS, "qos")

enum network_service {
#define X(symbol, name) SERVICE_##symbol,
	SERVICES(X)
#undef X
		N_SERVICES
};
#define SERVICE_BIT(service) (1u << (service))
/* Those that a map of that object may have; the last two are weftd's own. */
#define NETWORK_SERVICES (SERVICE_BIT(SERVICE_ROUTER) - 1)
#define ROUTER_SERVICES ((SERVICE_BIT(SERVICE_SECURITY_GROUP) - 1) & ~NETWORK_SERVICES)

const char *service_name(enum network_service service);
bool service_parse(const char *name, enum network_service *ret);
/* "dhcp, dns"; g_free. */
char *service_list(unsigned services);

/* The fields of the attribute "service_providers". */
extern const struct attr network_service_fields[], router_service_fields[];

#define PROVIDER_NAME_MAX 63

/* Does the edge (or whoever in the tree) give the object's service? */
bool service_is_edges(const struct object *object, enum network_service service);
/* The provider that is not the edge, or NULL; may use @buf. */
const char *service_other_provider(const struct object *object, enum network_service service,
	char buf[static PROVIDER_NAME_MAX + 1]);

/* Calls @each for every provider of the object that is not in the tree, with its services. */
typedef void (*service_map_fn)(const char *provider, unsigned services, void *user);
void service_map_each(const struct object *object, service_map_fn each, void *user);

/* Settles the map of a draft of a network or router; @old NULL: it is new. */
bool service_map_settle(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
/* Has @provider give the router's or network's service from now on. */
bool service_map_assign(struct txn *txn, const struct object *object, enum network_service service,
	const char *provider, GError **error);
/* The whole map, as {SERVICE: PROVIDER or null}. */
void service_map_write(
	const struct model *model, const struct object *object, struct json_writer *w);
