/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtual router is made of what weftd says of a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <glib.h>
#include <jansson.h>

#include "appliance/document/document.h"
#include "providers/virtual_router/virtual_router.h"

#define NETWORK "11111111-1111-4111-8111-111111111111"
#define SUBNET "22222222-2222-4222-8222-222222222222"
#define MANAGEMENT "33333333-3333-4333-8333-333333333333"
#define PUBLIC "44444444-4444-4444-8444-444444444444"
#define ATTACHMENT "55555555-5555-4555-8555-555555555555"

#define PORT(name, owner, mac, subnet, ip)                                                      \
	"{'id':'66666666-6666-4666-8666-6666666666" mac "','name':'" name "','dns_name':'" name \
	"','device_owner':'" owner "','mac_address':'fa:16:3e:00:00:" mac                       \
	"','fixed_ips':[{'subnet_id':'" subnet "','ip_address':'" ip "'}]}"
#define OFFERING "{\\'management_network\\':\\'" MANAGEMENT "\\'}"
#define OUTWARD                                                                                 \
	"{\\'management_network\\':\\'" MANAGEMENT "\\',\\'public_network\\':\\'" PUBLIC "\\'," \
	"\\'cpu_percent\\':50,\\'host_tags\\':[\\'fast\\'],\\'dns_forwarders\\':[\\'192.0.2.53\\']}"
#define DOCUMENT(options, services, ports, own)                                                 \
	"{'attachment':'" ATTACHMENT "','object_type':'network','object_id':'" NETWORK          \
	"','options':'" options "','services':[" services "],'network':{'id':'" NETWORK         \
	"','mtu':1442,'dns_domain':'example.org.'},"                                            \
	"'subnets':[{'id':'" SUBNET "','ip_version':4,'cidr':'10.0.0.0/24','gateway_ip':"       \
	"'10.0.0.1','enable_dhcp':true,'dns_nameservers':[],'host_routes':[]}],'ports':[" ports \
	"],'appliances':[" own "]}"
#define OWN(ports)                                                                \
	"{'name':'router','ports':[" ports                                        \
	"],'subnets':[{'id':'m','cidr':'192.0.2.0/24','gateway_ip':'192.0.2.1'}," \
	"{'id':'p','cidr':'203.0.113.0/24','gateway_ip':'203.0.113.1'}]}"
#define GUEST PORT("web", "compute:nova", "10", SUBNET, "10.0.0.10")
#define MGMT PORT("mgmt", "network:appliance", "01", "m", "192.0.2.5")
#define OUT PORT("public", "network:appliance", "02", "p", "203.0.113.5")
#define GUEST0(ip) PORT("guest0", "network:dhcp", "03", SUBNET, ip)

static int take(void *context, const char *json, size_t size)
{
	*(char **)context = g_strndup(json, size);
	return 0;
}

static void explain(void *context, const char *reason)
{
	*(char **)context = g_strdup(reason);
}

/* The answer, or why there is none; g_free. @document is JSON with ' for ". */
static char *ask(const char *document, enum weft_provider_result expected)
{
	g_autofree char *text = g_strdup(document);
	char *said = NULL;
	struct weft_provider_request request = {
		.size = sizeof(request), .context = &said, .answer = take, .explain = explain
	};

	g_strdelimit(text, "'", '"');
	request.document = text;
	request.document_size = strlen(text);
	assert_int_equal(virtual_router_provider.apply(&request), expected);
	assert_non_null(said);
	return said;
}

static void assert_has(const char *text, const char *part)
{
	g_autofree char *quoted = g_strdup(part);

	g_strdelimit(quoted, "'", '"');
	if (!strstr(text, quoted))
		fail_msg("no %s in %s", quoted, text);
}

/* What it is told is what the appliance understands. */
static void assert_understood(const char *answer)
{
	json_t *json = json_loads(answer, 0, NULL);
	json_t *config =
		json_object_get(json_array_get(json_object_get(json, "appliances"), 0), "config");
	g_autoptr(GError) error = NULL;
	g_autoptr(document) document = NULL;
	char *text;

	assert_non_null(config);
	json_object_set_new(config, "revision", json_integer(1));
	text = json_dumps(config, 0);
	document = document_parse(text, strlen(text), &error);
	if (!document)
		fail_msg("%s: %s", error->message, text);
	free(text);
	json_decref(json);
}

/* Z20: nothing before there is a guest; then ports first, for its configuration needs them. */
static void first_guest(void **state)
{
	g_autofree char *none = ask(DOCUMENT(OFFERING, "'dhcp'", "", ""), WEFT_PROVIDER_OK);
	g_autofree char *one = ask(DOCUMENT(OFFERING, "'dhcp'", GUEST, ""), WEFT_PROVIDER_OK);

	(void)state;
	assert_string_equal(none, "{\"appliances\":[]}");
	assert_has(one, "{'name':'mgmt','network_id':'" MANAGEMENT "'}");
	assert_null(strstr(one, "\"config\""));
	assert_null(strstr(one, "public"));
}

/* Z22, Z23, Z26, Z28: a management NIC always; the gateway's address where there is a way out; it
 * keeps what it has. */
static void nics_and_size(void **state)
{
	g_autofree char *alone = ask(DOCUMENT(OFFERING, "'dhcp'", GUEST, ""), WEFT_PROVIDER_OK);
	g_autofree char *gateway = ask(DOCUMENT(OUTWARD, "'dhcp'", GUEST, ""), WEFT_PROVIDER_OK);
	g_autofree char *taken = ask(
		DOCUMENT(OUTWARD, "'dhcp'",
			GUEST "," PORT("r", "network:router_interface", "20", SUBNET, "10.0.0.1"),
			""),
		WEFT_PROVIDER_OK);
	g_autofree char *kept =
		ask(DOCUMENT(OUTWARD, "'dhcp'", GUEST, OWN(GUEST0("10.0.0.7"))), WEFT_PROVIDER_OK);

	(void)state;
	assert_has(alone, "'fixed_ips':[{'subnet_id':'" SUBNET "'}]");
	assert_has(gateway, "'ip_address':'10.0.0.1'");
	assert_has(gateway, "'cpu_percent':50,'host_tags':['fast'],'image':'weft-appliance'");
	assert_has(gateway, "{'name':'public','network_id':'" PUBLIC "'}");
	assert_has(taken, "'fixed_ips':[{'subnet_id':'" SUBNET "'}]");
	assert_has(kept, "'ip_address':'10.0.0.7'");
}

#define SIZED(more) "{\\'management_network\\':\\'" MANAGEMENT "\\'," more "}"

/* Z16, Z28: which runtime, and how large; what does not fit together is refused. */
static void runtimes(void **state)
{
	static const struct {
		const char *offering, *says;
	} wrong[] = {
		{ SIZED("\\'runtime\\':\\'xen\\'"),
			"runtime of its offering is 'xen'; it may be netns or qemu" },
		{ SIZED("\\'runtime\\':7"), "runtime of its offering must be a text" },
		{ SIZED("\\'vcpus\\':2"), "need \"runtime\": \"qemu\"" },
		{ SIZED("\\'runtime\\':\\'qemu\\',\\'vcpus\\':65"),
			"vcpus of its offering must be a number from 1 to 64" },
		{ SIZED("\\'runtime\\':\\'qemu\\',\\'memory_mib\\':64"), "must be 128 at least" },
	};
	g_autofree char *one = ask(
		DOCUMENT(
			SIZED("\\'runtime\\':\\'qemu\\',\\'vcpus\\':2,\\'machine_image\\':\\'i.raw\\'"),
			"'dhcp'", GUEST, ""),
		WEFT_PROVIDER_OK);

	(void)state;
	assert_has(one, "'machine_image':'i.raw'");
	assert_has(one, "'runtime':'qemu','vcpus':2}");
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *document =
			g_strdup_printf(DOCUMENT("%s", "'dhcp'", GUEST, ""), wrong[i].offering);
		g_autofree char *reason = ask(document, WEFT_PROVIDER_REFUSED);

		if (!strstr(reason, wrong[i].says))
			fail_msg("\"%s\" does not say \"%s\"", reason, wrong[i].says);
	}
}

/* Z13, Z32: the same document gives the same text; leases and names are the guests'. */
static void what_it_is_told(void **state)
{
	const char *document =
		DOCUMENT(OUTWARD, "'dhcp','dns'", GUEST, OWN(MGMT "," OUT "," GUEST0("10.0.0.1")));
	g_autofree char *one = ask(document, WEFT_PROVIDER_OK),
			*again = ask(document, WEFT_PROVIDER_OK);

	(void)state;
	assert_string_equal(one, again);
	assert_understood(one);
	assert_has(one, "'hosts':[{'hostname':'web','ip_address':'10.0.0.10',"
			"'mac_address':'fa:16:3e:00:00:10'}]");
	assert_has(one, "'domain':'example.org','forwarders':['192.0.2.53'],"
			"'names':[{'addresses':['10.0.0.10'],'name':'web'}]");
	assert_has(one, "'dns_nameservers':['10.0.0.1']");
	assert_has(one, "'snat':[{'address':'203.0.113.5','cidr':'10.0.0.0/24'}]");
	assert_has(one, "'routes':[{'destination':'0.0.0.0/0','nexthop':'203.0.113.1'}]");
}

/* Z27: nothing is translated, and nothing led out, without a public network. */
static void isolated(void **state)
{
	g_autofree char *one =
		ask(DOCUMENT(OFFERING, "'dhcp'", GUEST, OWN(MGMT "," GUEST0("10.0.0.2"))),
			WEFT_PROVIDER_OK);

	(void)state;
	assert_understood(one);
	assert_has(one, "'snat':[]");
	assert_has(one, "'routes':[]");
	assert_null(strstr(one, "\"dns\""));
}

#define IPV4_SUBNET "'ip_version':4,'cidr':'10.0.0.0/24','gateway_ip':'10.0.0.1'"
#define IPV6_SUBNET(prefix, ra, address)                                                   \
	"'ip_version':6,'cidr':'" prefix "','gateway_ip':'2001:db8::1','ipv6_ra_mode':" ra \
	",'ipv6_address_mode':" address
#define GUEST6 PORT("web", "compute:nova", "10", SUBNET, "2001:db8::10")

/* The answer about a network with that IPv6 subnet. */
static char *ask6(const char *document, const char *subnet, enum weft_provider_result expected)
{
	g_autoptr(GString) text = g_string_new(document);

	assert_int_equal(g_string_replace(text, IPV4_SUBNET, subnet, 1), 1);
	return ask(text->str, expected);
}

/* Z3, Z4: DHCPv6 leases where the subnet says so; where guests make their own addresses, so does
 * the router, and is known by its advertisements; nothing is translated. */
static void ipv6(void **state)
{
	const char *document = DOCUMENT(
		OUTWARD, "'dhcp','dns'", GUEST6, OWN(MGMT "," OUT "," GUEST0("2001:db8::7")));
	g_autofree char *stateful = ask6(document,
		IPV6_SUBNET("2001:db8::/64", "'dhcpv6-stateful'", "'dhcpv6-stateful'"),
		WEFT_PROVIDER_OK);
	g_autofree char *slaac = ask6(
		document, IPV6_SUBNET("2001:db8::/64", "'slaac'", "'slaac'"), WEFT_PROVIDER_OK);
	g_autofree char *wide = ask6(document,
		IPV6_SUBNET("2001:db8::/48", "'dhcpv6-stateful'", "'dhcpv6-stateful'"),
		WEFT_PROVIDER_REFUSED);
	g_autofree char *none = ask6(DOCUMENT(OUTWARD, "'dhcp'", GUEST6, ""),
		IPV6_SUBNET("2001:db8::/64", "null", "null"), WEFT_PROVIDER_REFUSED);
	g_autofree char *first = ask6(DOCUMENT(OUTWARD, "'dhcp'", GUEST6, ""),
		IPV6_SUBNET("2001:db8::/64", "'slaac'", "'slaac'"), WEFT_PROVIDER_OK);

	(void)state;
	assert_understood(stateful);
	assert_understood(slaac);
	assert_has(stateful, "'hosts':[{'hostname':'web','ip_address':'2001:db8::10',"
			     "'mac_address':'fa:16:3e:00:00:10'}]");
	assert_has(stateful, "'gateway_ip':'2001:db8::1','ipv6_address_mode':'dhcpv6-stateful'");
	assert_has(stateful, "'dns_nameservers':['2001:db8::7']");
	assert_has(stateful, "'snat':[]");
	assert_has(slaac, "'hosts':[]");
	assert_has(slaac, "'gateway_ip':'2001:db8::7'");
	assert_has(wide, "is 2001:db8::/48: a virtual router advertises and leases IPv6 of /64");
	assert_has(none, "the network has no subnet with enable_dhcp");
	assert_has(first, "'fixed_ips':[{'subnet_id':'" SUBNET "'}]");
}

#define ROUTER "77777777-7777-4777-8777-777777777777"
#define ROUTED(services) ROUTER_OF("", services)
#define ROUTER_OF(more, services)                                                                         \
	"{'attachment':'" ATTACHMENT "','object_type':'router','object_id':'" ROUTER                      \
	"','options':'" OFFERING "','services':[" services "],"                                           \
	"'router':{'id':'" ROUTER "','admin_state_up':true," more "'routes':[{'destination':"             \
	"'10.9.0.0/24','nexthop':'10.0.0.9'}],'external_gateway_info':{'network_id':"                     \
	"'" PUBLIC                                                                                        \
	"','enable_snat':true}},'ports':[" PORT("", "network:router_gateway", "21", "p",                  \
		"203.0.113.4") ","                                                                        \
			       "{'id':'i','network_id':'" NETWORK                                         \
			       "','device_owner':'network:router_interface',"                             \
			       "'mac_address':'fa:16:3e:00:00:22','fixed_ips':[{'subnet_id':'" SUBNET     \
			       "','ip_address':'10.0.0.1'}]}],"                                           \
			       "'floating_ips':[{'floating_ip_address':'203.0.113.6','fixed_ip_address':" \
			       "'10.0.0.10','port_forwardings':[]},{'floating_ip_address':'203.0.113.7'," \
			       "'fixed_ip_address':null,'port_forwardings':[{'protocol':'tcp',"           \
			       "'external_port_range':'8080:8081','internal_port_range':'80:81',"         \
			       "'internal_ip_address':'10.0.0.10'}]}],"                                   \
			       "'networks':[{'network':{'id':'" NETWORK                                   \
			       "','mtu':1442,'dns_domain':''},'services':"                                \
			       "['dhcp'],'subnets':[{'id':'" SUBNET                                       \
			       "','ip_version':4,'cidr':'10.0.0.0/24',"                                   \
			       "'gateway_ip':'10.0.0.1','enable_dhcp':true,'dns_nameservers':[],"         \
			       "'host_routes':[]}],'ports':[" GUEST "]}],'appliances':[" OWN(MGMT         \
				       ",{'id':'o','name':'public','mac_address':'fa:16:3e:00:00:02'}") "]}"

#define CONNECTION(id, up, form, peer)                                                                  \
	"{'ipsec_site_connection':{'id':'" id "','admin_state_up':" up                                  \
	",'peer_address':'198.51.100.9','peer_id':'b.example.org','local_id':'','psk':'x',"             \
	"'initiator':'bi-directional','mtu':1400,'dpd':{'action':'hold','interval':5,'timeout':"        \
	"20}},'ikepolicy':{'encryption_algorithm':'aes-256','auth_algorithm':'sha256','pfs':"           \
	"'group14','ike_version':'v2','lifetime':{'units':'seconds','value':600}},'ipsecpolicy':{" form \
	"'encryption_algorithm':'aes-128','auth_algorithm':'sha1','pfs':'group5','lifetime':"           \
	"{'units':'seconds','value':3600}},'local_cidrs':['10.0.0.0/24'],'peer_cidrs':['" peer          \
	"']}"

#define VPN(up) ",'vpnservices':[{'vpnservice':{'admin_state_up':" up "},'connections':["

/* Z34: connections that are switched on are told, by their ids. */
static void vpn(void **state)
{
	g_autofree char *document = g_strdup_printf("%s", ROUTED("'router','vpn'"));
	g_autofree char *with = NULL, *without = NULL, *answer = NULL, *off = NULL;

	(void)state;
	*strrchr(document, '}') = '\0';
	with = g_strconcat(document, VPN("true"), CONNECTION("c1", "true", "", "10.1.0.0/24") ",",
		CONNECTION("c2", "false", "", "10.1.0.0/24") ",",
		CONNECTION("c3", "true", "'encapsulation_mode':'transport',", "198.51.100.9/32"),
		"]}]}", NULL);
	without = g_strconcat(
		document, VPN("false"), CONNECTION("c1", "true", "", "10.1.0.0/24"), "]}]}", NULL);
	answer = ask(with, WEFT_PROVIDER_OK);
	off = ask(without, WEFT_PROVIDER_OK);
	assert_understood(answer);
	assert_has(answer, "'local_address':'203.0.113.4','local_cidrs':['10.0.0.0/24']");
	assert_has(answer, "'ike':{'auth_algorithm':'sha256','encryption_algorithm':'aes-256',"
			   "'lifetime_s':600,'pfs':'group14','version':'v2'}");
	assert_has(answer, "'local_cidrs':['203.0.113.4/32']"); /* of the ends alone */
	assert_true(strstr(answer, "c1") && !strstr(answer, "c2"));
	assert_null(strstr(off, "ipsec"));
}

/* What it says by BGP; any password that a peer may have. */
static void bgp(void **state)
{
	g_autofree char *document = g_strdup_printf("%s", ROUTED("'router'"));
	g_autofree char *with = NULL, *answer = NULL, *none = ask(document, WEFT_PROVIDER_OK);

	(void)state;
	*strrchr(document, '}') = '\0';
	with = g_strconcat(document,
		",'bgp_speaker':{'local_as':65001,'bgp_peers':[{'peer_ip':'203.0.113.1','remote_as':"
		"4200000000,'password':'a$b@(c)~'}],'prefixes':['203.0.113.9/32']}}",
		NULL);
	answer = ask(with, WEFT_PROVIDER_OK);
	assert_understood(answer);
	assert_has(answer,
		"'bgp':{'import':false,'local_as':65001,'neighbors':[{'address':'203.0.113.1',"
		"'password':'a$b@(c)~','remote_as':4200000000}],'networks':['203.0.113.9/32']}");
	assert_null(strstr(none, "\"bgp\""));
}

/* Z5, Z6, Z7: a router's interfaces are NICs; what is not mapped here is not done here. */
static void router(void **state)
{
	g_autofree char *all =
		ask(ROUTED("'router','snat','floating-ip','port-forwarding'"), WEFT_PROVIDER_OK);
	g_autofree char *routed = ask(ROUTED("'router'"), WEFT_PROVIDER_OK);
	g_autofree char *none = ask(ROUTED("'snat'"), WEFT_PROVIDER_REFUSED);

	(void)state;
	assert_understood(all);
	assert_has(all, "{'name':'guest0','port_id':'i'}");
	assert_has(all, "'allowed_address_pairs':[{'ip_address':'203.0.113.4'},"
			"{'ip_address':'203.0.113.6'},{'ip_address':'203.0.113.7'}]");
	assert_has(all, "'addresses':['203.0.113.4/24','203.0.113.6/32','203.0.113.7/32']");
	assert_has(all, "'snat':[{'address':'203.0.113.4','cidr':'10.0.0.0/24'}]");
	assert_has(all, "'floating_ips':[{'fixed_ip_address':'10.0.0.10',"
			"'floating_ip_address':'203.0.113.6'}]");
	assert_has(all, "'external_ip_address':'203.0.113.7','external_port':'8080:8081'");
	assert_has(all, "{'destination':'10.9.0.0/24','nexthop':'10.0.0.9'}");
	assert_has(all, "'hosts':[{'hostname':'web'");
	assert_understood(routed);
	assert_has(routed, "'snat':[]");
	assert_has(routed, "'floating_ips':[]");
	assert_has(none, "map router to it as well");
	assert_null(strstr(all, "routed"));
	assert_null(strstr(routed, "'routed'"));
}

/* Z5: with enable_snat false guests are outside what they are inside. */
static void router_without_snat(void **state)
{
	const char *document = ROUTED("'router','snat','floating-ip'");
	const char *at = strstr(document, "'enable_snat':true");
	g_autofree char *off = g_strdup_printf("%.*s'enable_snat':false%s", (int)(at - document),
		document, at + strlen("'enable_snat':true"));
	g_autofree char *answer = ask(off, WEFT_PROVIDER_OK);

	(void)state;
	assert_understood(answer);
	assert_has(answer, "'snat':[]");
	assert_has(answer, "'routed':['10.0.0.0/24']");
	assert_has(answer, "{'ip_address':'203.0.113.7'},{'ip_address':'10.0.0.0/24'}]");
}

#define PAIRED "{\\'management_network\\':\\'" MANAGEMENT "\\',\\'ha\\':true}"
#define NAMED(name, ports) \
	"{'name':'" name "','ports':[" ports "],'subnets':[{'id':'m','cidr':'192.0.2.0/24'}]}"
#define MGMT2 PORT("mgmt", "network:appliance", "07", "m", "192.0.2.6")
#define BOTH                                         \
	NAMED("router", MGMT "," GUEST0("10.0.0.2")) \
	"," NAMED("router-2", MGMT2 "," GUEST0("10.0.0.2"))

/* Z15, Z30, Z37: of a redundant offering two appliances; what is not the management NIC is shared,
 * its addresses are the master's, and each is told where the other one is. */
static void pair(void **state)
{
	g_autofree char *first = ask(DOCUMENT(PAIRED, "'dhcp'", GUEST, ""), WEFT_PROVIDER_OK);
	g_autofree char *half =
		ask(DOCUMENT(PAIRED, "'dhcp'", GUEST, OWN(MGMT "," GUEST0("10.0.0.2"))),
			WEFT_PROVIDER_OK);
	g_autofree char *both = ask(DOCUMENT(PAIRED, "'dhcp'", GUEST, BOTH), WEFT_PROVIDER_OK);
	g_autofree char *alone = ask(DOCUMENT(OFFERING, "'dhcp'", GUEST, BOTH), WEFT_PROVIDER_OK);

	(void)state;
	assert_has(first, "'ha_group':'" ATTACHMENT "'");
	assert_has(first, "'name':'router-2','nics':[{'name':'mgmt','network_id':'" MANAGEMENT
			  "'},{'fixed_ips':[{'subnet_id':'" SUBNET "'}],'name':'guest0',"
			  "'network_id':'" NETWORK "','shared':true}]");
	assert_null(strstr(first, "\"config\""));
	assert_null(strstr(half, "\"config\"")); /* the other one's port is not made yet */
	assert_has(half, "'ip_address':'10.0.0.2'");
	assert_understood(both);
	assert_has(both, "'redundancy':{'interface':'mgmt','peer_address':'192.0.2.6',"
			 "'priority':150,'vrid':86}");
	assert_has(both, "'redundancy':{'interface':'mgmt','peer_address':'192.0.2.5',"
			 "'priority':100,'vrid':86}");
	assert_has(both, "'mac_address':'fa:16:3e:00:00:03','mtu':1442,'name':'guest0',"
			 "'role':'guest','virtual_addresses':['10.0.0.2/24'],"
			 "'virtual_mac_address':'fa:16:3e:00:00:03'}");
	assert_has(both, "'addresses':['192.0.2.6/24'],'mac_address':'fa:16:3e:00:00:07'");
	assert_null(strstr(alone, "router-2"));
	assert_null(strstr(alone, "redundancy"));
	assert_null(strstr(alone, "shared"));
	assert_has(alone, "'addresses':['10.0.0.2/24']");
}

/* A router says so itself; its interfaces are shared without a word. */
static void router_pair(void **state)
{
	g_autofree char *one = ask(ROUTER_OF("'ha':true,", "'router'"), WEFT_PROVIDER_OK);
	g_autofree char *none = ask(ROUTER_OF("'ha':false,", "'router'"), WEFT_PROVIDER_OK);

	(void)state;
	assert_has(one, "'name':'router-2','nics':[{'name':'mgmt'");
	assert_has(one, "'network_id':'" PUBLIC "','shared':true}");
	assert_has(one, "{'name':'guest0','port_id':'i'}");
	assert_null(strstr(none, "router-2"));
}

#define MGMT6 PORT("mgmt", "network:appliance", "07", "m", "2001:db8::6")

static void pair_without_ipv4(void **state)
{
	g_autofree char *reason =
		ask(DOCUMENT(PAIRED, "'dhcp'", GUEST,
			    NAMED("router", MGMT "," GUEST0("10.0.0.2")) "," NAMED(
				    "router-2", MGMT6 "," GUEST0("10.0.0.2"))),
			WEFT_PROVIDER_REFUSED);

	(void)state;
	assert_has(reason, "has no IPv4 subnet with a free address for each");
}

static void refusals(void **state)
{
	static const struct {
		const char *options, *reason;
	} all[] = {
		{ "", "there is no offering for it" },
		{ "small", "no JSON object" },
		{ "{}", "no management_network" },
		{ "{\\'cpus\\':1}", "an offering may have management_network" },
		{ "{\\'cpu_percent\\':0}", "cpu_percent of its offering must be" },
		{ "{\\'public_network\\':\\'x\\'}", "must be the id of a network" },
		{ "{\\'dns_forwarders\\':[\\'x\\']}", "must be a list of IP addresses" },
		{ "{\\'host_tags\\':\\'x\\'}", "must be a list of tags" },
		{ "{\\'ha\\':1}", "ha of its offering must be true or false" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *document =
			g_strdup_printf(DOCUMENT("%s", "'dhcp'", GUEST, ""), all[i].options);
		g_autofree char *reason = ask(document, WEFT_PROVIDER_REFUSED);

		assert_has(reason, all[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_guest),
		cmocka_unit_test(nics_and_size),
		cmocka_unit_test(runtimes),
		cmocka_unit_test(what_it_is_told),
		cmocka_unit_test(isolated),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(router),
		cmocka_unit_test(router_without_snat),
		cmocka_unit_test(vpn),
		cmocka_unit_test(bgp),
		cmocka_unit_test(pair),
		cmocka_unit_test(pair_without_ipv4),
		cmocka_unit_test(router_pair),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
