/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extensions of Networking v2.0 that are here. Clients switch behaviour by this list, so an
 * alias stands in it only when all that it promises is true.
 */
#include <string.h>

#include "controller/api/call.h"

struct extension {
	const char *alias, *name, *description;
};

static const struct extension extensions[] = {
	{ "address-group", "Address group",
		"Sets of address blocks that security group rules refer to." },
	{ "address-scope", "Address scope", "Pools of one scope have no prefix in common." },
	{ "agent", "agent", "Hosts appear as agents." },
	{ "agent_sort_key", "Agents Sort Key", "Agents may be sorted." },
	{ "allowed-address-pairs", "Allowed Address Pairs",
		"Ports may send from further addresses." },
	{ "auto-allocated-topology", "Auto Allocated Topology Services",
		"A project gets a network with a router without saying how." },
	{ "availability_zone", "Availability Zone", "Hosts are in zones." },
	{ "availability_zone_filter", "Availability Zone Filter Extension",
		"Zones are listed by filters." },
	{ "bgp", "Neutron BGP Dynamic Routing Extension",
		"Hosts announce floating IPs, and what is behind gateways, to BGP peers." },
	{ "bgp_4byte_asn", "BGP 4-byte AS numbers", "AS numbers have up to four bytes." },
	{ "bgp_dragent_scheduler", "BGP Dynamic Routing Agent Scheduler",
		"BGP speakers speak on the hosts of their networks, or are told not to." },
	{ "binding", "Port Binding", "Ports are bound to hosts." },
	{ "binding-extended", "Port Bindings Extended",
		"A port may have further bindings, for live migration." },
	{ "default-subnetpools", "Default Subnetpools",
		"A pool may be the one that is taken when none is named." },
	{ "dhcp_agent_scheduler", "DHCP Agent Scheduler",
		"Hosts answer the DHCP of networks that they have ports of, or are told not to." },
	{ "dns-domain-ports", "dns_domain for ports", "A port may have a DNS domain of its own." },
	{ "dns-integration", "DNS Integration", "Ports have names in their network's DNS." },
	{ "dvr", "Distributed Virtual Router",
		"Routers say whether every host routes for its own ports." },
	{ "empty-string-filtering", "Empty String Filtering Extension",
		"A filter may ask for the empty text." },
	{ "expose-l3-conntrack-helper", "Expose CT target rules for conntrack helper",
		"Routers show their conntrack helpers." },
	{ "expose-port-forwarding-in-fip", "Expose Floating IP port forwardings",
		"Floating IPs show their port forwardings." },
	{ "ext-gw-mode", "Neutron L3 Configurable external gateway mode",
		"SNAT of a router's gateway may be switched off." },
	{ "external-net", "Neutron external network",
		"Networks may be external: routers' gateways and floating IPs are on them." },
	{ "extra_dhcp_opt", "Extra DHCP options", "Ports may have DHCP options of their own." },
	{ "ecmp_routes", "Equal Cost Multipath Routing",
		"Several next hops of a router's route share its connections." },
	{ "extraroute", "Neutron Extra Route", "Routers may have routes of their own." },
	{ "extraroute-atomic", "Atomically add/remove extra routes",
		"Routes of a router may be added and removed one by one." },
	{ "filter-validation", "Filter parameters validation",
		"A filter by what an object does not have is refused." },
	{ "fip-port-details", "Floating IP Port Details Extension",
		"Floating IPs show the port that they stand for." },
	{ "flavors", "Neutron Service Flavors", "Services are offered in flavors." },
	{ "floating-ip-port-forwarding", "Floating IP Port Forwarding",
		"Ports of a floating IP may stand for ports of several ports." },
	{ "floating-ip-port-forwarding-description",
		"Floating IP Port Forwarding new attribute description",
		"Port forwardings have a description." },
	{ "floating-ip-port-forwarding-detail", "Floating IP port forwarding detail",
		"Floating IPs show id and port of their port forwardings." },
	{ "floating-ip-port-forwarding-port-ranges",
		"Floating IP Port Forwarding support port ranges",
		"Port forwardings may be of several ports." },
	{ "floatingip-autodelete-internal", "Autodelete floating IPs of internal networks",
		"A network that ceases to be external loses its floating IPs." },
	{ "floatingip-pools", "Floating IP Pools Extension",
		"The ranges that floating IPs come from are listed." },
	{ "fwaas_v2", "FWaaS v2", "What passes routers' ports is said by firewall groups." },
	{ "ip-substring-filtering", "IP address substring filtering",
		"Ports may be found by a part of an address." },
	{ "l3-conntrack-helper", "L3 Conntrack helper",
		"Routers may watch connections for addresses in their payload." },
	{ "l3-ext-ndp-proxy", "Router support to enable NDP proxy",
		"Routers say whether they may have NDP proxies." },
	{ "l3-flavors", "Router Flavor Extension", "Routers are offered in flavors." },
	{ "l3-ha", "HA Router extension",
		"Routers say whether another host takes over for a failed one." },
	{ "l3_agent_scheduler", "L3 Agent Scheduler",
		"Routers are on the hosts that have ports on their networks, and nobody moves them." },
	{ "l3-ndp-proxy", "L3 NDP Proxy",
		"Routers may answer for single IPv6 addresses behind them; none does yet." },
	{ "l3-port-ip-change-not-allowed", "Prevent L3 router ports IP address change extension",
		"The addresses of routers' ports change by way of the router alone." },
	{ "local_ip", "Local IP", "Addresses that mean, on each host, a port of that host." },
	{ "logging", "Logging API Extension",
		"Hosts write down what security and firewall groups let through and drop." },
	{ "metering", "Neutron Metering",
		"Labels and rules of what is counted at routers; hosts do not count yet." },
	{ "metering_source_and_destination_fields",
		"Neutron Metering with source and destination filtering",
		"Metering rules are about sources and destinations." },
	{ "net-mtu", "Network MTU", "Networks show their MTU." },
	{ "net-mtu-writable", "Network MTU (writable)", "The MTU of a network may be set." },
	{ "network-ip-availability", "Network IP Availability",
		"Networks tell how many addresses are in use." },
	{ "network-segment-range", "Neutron Network Segment Range",
		"Ranges say which numbers the networks of whom get." },
	{ "network-ip-availability-details", "Network IP Availability Details Extension",
		"They also tell how many of the allocation pools are." },
	{ "network_availability_zone", "Network Availability Zone",
		"Networks show the zones that they are in." },
	{ "pagination", "Pagination support", "Lists come in pages: limit, marker, page_reverse." },
	{ "port-hints", "Port hints", "Ports have hints for datapaths of other makers." },
	{ "port-resource-request", "Port Resource Request",
		"Ports say what they ask of the placement service." },
	{ "port-resource-request-groups", "Port Resource Request Groups",
		"They ask for groups of resources." },
	{ "port-security", "Port Security", "Anti-spoofing may be switched off by port." },
	{ "port-security-groups-filtering", "Port filtering on security groups",
		"Ports may be listed by security group." },
	{ "project-id", "project_id field enabled", "project_id is the same as tenant_id." },
	{ "provider", "Provider Network", "Networks show and take their VNI." },
	{ "qos", "Quality of Service", "QoS policies and their rules, which hosts enforce." },
	{ "qos-bw-limit-direction", "Direction for QoS bandwidth limit rule",
		"Limits of bandwidth are for one direction." },
	{ "qos-bw-minimum-ingress", "Ingress direction for QoS minimum bandwidth rule",
		"Minimum bandwidth may be of what a port receives." },
	{ "qos-default", "QoS default policy",
		"A project may have a policy that its new networks have." },
	{ "qos-fip", "Floating IP QoS",
		"Floating IPs may have a QoS policy; hosts keep its limits." },
	{ "qos-fip-network-policy", "QoS floating IP network policy ID",
		"Floating IPs show their network's policy." },
	{ "qos-gateway-ip", "Router gateway IP QoS",
		"The gateway of a router may have a QoS policy; its host keeps its limits." },
	{ "qos-port-network-policy", "QoS port network policy ID",
		"Ports show their network's policy." },
	{ "qos-pps", "QoS Rule Type Packet per Second Extension",
		"Rules may limit the rate of packets." },
	{ "qos-pps-minimum", "QoS minimum packet rate rule",
		"Rules may ask for a minimum rate of packets." },
	{ "qos-pps-minimum-rule-alias", "QoS minimum packet rate rule alias",
		"Those may be named without their policy." },
	{ "qos-rule-type-details", "Details of QoS rule types",
		"Rule types show what their rules take." },
	{ "qos-rule-type-filter", "Allow to filter the list of QoS rule types",
		"all_supported and all_rules of rule types." },
	{ "qos-rules-alias", "Quality of Service rules alias API",
		"Rules may be named without their policy." },
	{ "quota-check-limit", "Quota engine limit check",
		"Limits may be set on condition that they are not exceeded." },
	{ "quota_details", "Quota details management support",
		"Quotas show how much of them is used." },
	{ "quotas", "Quota management support", "Projects have limits." },
	{ "rbac-address-group", "Add address_group type to RBAC", "Address groups may be shared." },
	{ "rbac-address-scope", "Address scope RBAC",
		"Address scopes are shared by RBAC policies." },
	{ "rbac-policies", "RBAC Policies", "Objects may be shared with single projects." },
	{ "rbac-security-groups", "Add security_group type to network RBAC",
		"Security groups may be shared." },
	{ "rbac-subnetpool", "Subnet pool RBAC", "Subnet pools are shared by RBAC policies." },
	{ "revision-if-match", "If-Match constraints based on revision_number",
		"Updates may be made conditional." },
	{ "router", "Neutron L3 Router", "Routers and floating IPs." },
	{ "router-admin-state-down-before-update",
		"Enforce Router's Admin State Down Before Update Extension",
		"A router is down before it becomes distributed or ceases to be." },
	{ "router-interface-fip", "Router interface FIP Extension",
		"A floating IP may stand for a router's interface." },
	{ "router_availability_zone", "Router Availability Zone",
		"Routers show the zones that they are in." },
	{ "security-group", "security-group",
		"Security groups and their rules; hosts do not enforce them yet." },
	{ "security-groups-default-rules", "Default rules for security groups",
		"New security groups begin with rules by templates." },
	{ "security-groups-normalized-cidr", "Normalized CIDR field for security group rules",
		"Rules show the network that their prefix means." },
	{ "security-groups-remote-address-group",
		"Remote address group id field for security group rules",
		"Rules may refer to address groups." },
	{ "security-groups-rules-belongs-to-default-sg", "Belongs to default security group",
		"Rules show whether they are a default group's." },
	{ "security-groups-shared-filtering", "Security group filtering on the shared field",
		"Security groups show whether they are shared." },
	{ "sort-key-validation", "Sort key validation",
		"Sorting by what an object does not have is refused." },
	{ "sorting", "Sorting support", "Lists may be sorted: sort_key, sort_dir." },
	{ "standard-attr-description", "standard-attr-description",
		"Everything has a description." },
	{ "standard-attr-revisions", "Resource revision numbers",
		"Everything counts its changes." },
	{ "standard-attr-tag", "Tag support for resources", "Everything may be tagged." },
	{ "standard-attr-timestamp", "Resource timestamps",
		"Everything shows when it was created and updated." },
	{ "stateful-security-group", "Stateful security group",
		"Security groups say whether answers need rules." },
	{ "subnet_allocation", "Subnet Allocation", "Subnets get their range from pools." },
	{ "subnet_onboard", "Subnet Onboard", "Subnets may be taken into a pool." },
	{ "subnetpool-prefix-ops", "Subnet Pool Prefix Operations",
		"Prefixes are added to pools and removed from them." },
	{ "trunk", "Trunk Extension", "Ports may carry tagged frames of further networks." },
	{ "trunk-details", "Trunk port details", "Ports show the trunk whose parent they are." },
	{ "data-plane-status", "Port data plane status extension",
		"Somebody outside may say how the datapath of a port does." },
	{ "port-device-profile", "Port device profile",
		"A port names the accelerator that it needs." },
	{ "port-mac-address-override", "Port MAC address override",
		"A port on a physical device has its MAC address." },
	{ "port-mac-address-regenerate", "Port MAC address regenerate",
		"A port may get another MAC address." },
	{ "port-mac-override", "Port MAC override",
		"A port on a physical device has its MAC address." },
	{ "port-numa-affinity-policy", "Port NUMA affinity policy",
		"A port says how near its device must be." },
	{ "port-numa-affinity-policy-socket", "Port NUMA affinity policy \"socket\"",
		"The device may have to be on the same socket." },
	{ "service-type", "Neutron Service Type Management", "Providers of services are listed." },
	{ "subnet-service-types", "Subnet service types",
		"A subnet may be for ports of some device owners." },
	{ "tag", "Tag support", "Networks have tags." },
	{ "tag-creation", "Tag creation", "Several tags are added at once." },
	{ "tag-ports-during-bulk-creation", "Tag Ports During Bulk Creation",
		"Ports may be made with tags." },
	{ "uplink-status-propagation", "Port uplink status propagation",
		"A port says whether its link follows its uplink's." },
	{ "uplink-status-propagation-updatable", "Port uplink status propagation updatable",
		"That may be changed." },
	{ "vlan-transparent", "Vlantransparent", "Guests may tag frames with VLANs of their own." },
	{ "vpn-endpoint-groups", "VPN Endpoint Groups",
		"What connections of VPN services reach may be said by groups." },
	{ "vpn-flavors", "VPN Service Flavor Extension", "VPN services are offered in flavors." },
	{ "vpnaas", "VPN service", "Routers are ends of IPsec tunnels to other sites." },
	{ "ip_allocation", "IP Allocation",
		"A port says whether it got addresses when it was made." },
	{ "l2_adjacency", "L2 Adjacency",
		"A network says whether its ports reach each other on layer 2." },
	{ "segment", "Segment", "What carries a network are objects of their own." },
	{ "standard-attr-segment", "Standard Attribute Segment Extension",
		"They are described, and count and time their changes." },
	{ "segments-peer-subnet-host-routes", "Segments peer-subnet host routes",
		"Guests on a routed network are told the routes to its other segments." },
	{ "subnet-segmentid-enforce", "Subnet SegmentID (policy enforced)",
		"Who may put a subnet on a segment is a rule." },
	{ "subnet-segmentid-writable", "Subnet SegmentID (writable)",
		"A subnet that is there may be put on a segment." },
	{ "multi-provider", "Multi Provider Network", "A network may be carried in several ways." },
};

static void write_extension(struct json_writer *w, const struct extension *extension)
{
	jw_begin_object(w);
	jw_member_string(w, "alias", extension->alias);
	jw_member_string(w, "name", extension->name);
	jw_member_string(w, "description", extension->description);
	jw_member_string(w, "updated", "2026-01-01T00:00:00-00:00");
	jw_key(w, "links");
	jw_begin_array(w);
	jw_end_array(w);
	jw_end_object(w);
}

void extensions_get(struct call *call)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "extensions");
	jw_begin_array(&w);
	for (unsigned i = 0; i < G_N_ELEMENTS(extensions); i++)
		write_extension(&w, &extensions[i]);
	jw_end_array(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

void extension_get(struct call *call)
{
	GString *text;
	struct json_writer w;
	GError *error = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(extensions); i++) {
		if (strcmp(extensions[i].alias, call->id))
			continue;
		text = g_string_new(NULL);
		w = json_writer_on(text);
		jw_begin_object(&w);
		jw_key(&w, "extension");
		write_extension(&w, &extensions[i]);
		jw_end_object(&w);
		return call_answer(call, 200, text);
	}
	weft_fail(&error, NOT_FOUND, "Extension with alias %.64s does not exist.", call->id);
	call_fail(call, error);
}
