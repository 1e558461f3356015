/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/edge/edge.h"

#include "compile/enumeration.h"
#include "compile/in_tree.h"
#include "compile/qos.h"

/* A service is named here when hosts really give it. */
static const char *const services[] = {
	"dhcp",
	"dns",
	"firewall",
	"floating-ip",
	"metadata",
	"port-forwarding",
	"qos",
	"router",
	"snat",
	NULL,
};

static void compile_network_services(struct compilation *c, const struct change *change)
{
	compile_qos_network(c, change);
	compile_subnets_of(c, change);
}

static void finish(struct compilation *c)
{
	compile_interfaces(c);
	compile_gateways(c);
	compile_floating_ips(c);
	compile_port_forwardings(c);
	compile_router_firewalls(c);
	compile_bgp_speakers(c);
}

static void give(struct enumeration *e, enum scope_type type, const struct uuid *id)
{
	switch (type) {
	case SCOPE_HOST:
		give_floating_ips_of_host(e, id);
		give_bgp_speakers(e, id);
		break;
	case SCOPE_NETWORK:
		give_subnets(e, id);
		give_interfaces(e, id);
		break;
	case SCOPE_ROUTER:
		give_gateway(e, id);
		give_port_forwardings(e, id);
		give_conntrack_helpers(e, id);
		give_router_firewalls(e, id);
		break;
	default:
		break;
	}
}

static const struct weft_in_tree in_tree = {
	.change = {
		[KIND_NETWORK] = compile_network_services,
		[KIND_SUBNET] = compile_subnet,
		[KIND_SUBNETPOOL] = compile_subnetpool,
		[KIND_DHCP_BINDING] = compile_dhcp_binding,
		[KIND_SERVICE_ATTACHMENT] = compile_attachment,
		[KIND_QOS_BANDWIDTH_LIMIT_RULE] = compile_qos_rule,
		[KIND_QOS_DSCP_MARKING_RULE] = compile_qos_rule,
		[KIND_QOS_MINIMUM_BANDWIDTH_RULE] = compile_qos_rule,
		[KIND_QOS_PACKET_RATE_LIMIT_RULE] = compile_qos_rule,
		[KIND_ROUTER] = compile_gateway_roles,
		[KIND_CONNTRACK_HELPER] = compile_conntrack_helper,
	},
	.finish = finish,
	.scope = give,
};

const struct weft_provider edge_provider = {
	.size = sizeof(struct weft_provider),
	.abi = WEFT_PROVIDER_ABI,
	.name = "edge",
	.description = "In the edge switch of every host, without an appliance.",
	.services = services,
	.in_tree = &in_tree,
};
