/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/render/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/document/test_document.h"
#include "appliance/render/test_render.h"

static void test_network(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(TEST_WHOLE, &rendered);
	assert_string_equal(body(&rendered, RENDER_NETWORK),
		"link set dev lo up\n"
		"address replace 169.254.169.254/32 dev lo\n"
		"link set dev mgmt up\n"
		"address replace 192.0.2.5/24 dev mgmt\n"
		"link set dev public up mtu 1500\n"
		"address replace 203.0.113.5/24 dev public\n"
		"address replace 203.0.113.6/32 dev public\n"
		"link set dev guest0 up\n"
		"address replace 10.0.0.1/24 dev guest0\n"
		"route flush proto 157\n"
		"route replace 0.0.0.0/0 via 203.0.113.1 proto 157\n");
	rendered_clear(&rendered);
}

static void test_dnsmasq(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(TEST_WHOLE, &rendered);
	assert_string_equal(body(&rendered, RENDER_DNSMASQ),
		"no-resolv\nno-hosts\nno-poll\nbind-dynamic\nexcept-interface=lo\n"
		"interface=guest0\n"
		"domain=example.org\nlocal=/example.org/\nexpand-hosts\n"
		"dhcp-authoritative\ndhcp-no-override\nleasefile-ro\n"
		"dhcp-hostsfile=/run/a/dhcp-hosts\n"
		"dhcp-option=option:mtu,1450\n"
		"dhcp-range=set:s0,10.0.0.0,static,255.255.255.0,3600\n"
		"dhcp-option=tag:s0,option:router,10.0.0.1\n"
		"dhcp-option=tag:s0,option:dns-server,10.0.0.1\n"
		"dhcp-option=tag:s0,option:classless-static-route,10.9.0.0/16,10.0.0.9,0.0.0.0/0,10.0.0.1\n"
		"addn-hosts=/run/a/dns-hosts\nserver=192.0.2.53\n");
	assert_string_equal(body(&rendered, RENDER_DHCP_HOSTS),
		"fa:16:3e:00:01:01,10.0.0.10,web\nfa:16:3e:00:01:02,10.0.0.11\n");
	assert_string_equal(body(&rendered, RENDER_DNS_HOSTS), "10.0.0.10 web\n2001:db8::10 web\n");
	rendered_clear(&rendered);
}

static void test_nftables(void **state)
{
	static const char *const lines[] = {
		"add element inet weft floating_to_fixed { 203.0.113.6 : 10.0.0.10 }\n",
		"add element inet weft fixed_to_floating { 10.0.0.10 : 203.0.113.6 }\n",
		"add element inet weft forwarded { 203.0.113.5 . tcp . 8080 : 10.0.0.11 . 80 }\n",
		"add element inet weft forwarded { 203.0.113.5 . tcp . 8081 : 10.0.0.11 . 81 }\n",
		"\t\tiifname \"mgmt\" tcp dport 9797 accept\n",
		"\t\tiifname \"guest0\" udp dport 67 accept\n",
		"add element inet weft metadata_callers { fa:16:3e:00:01:01 . 10.0.0.10 }\n",
		"\t\tiifname \"guest0\" ip daddr 169.254.169.254 tcp dport 80 ether saddr . ip saddr @metadata_callers accept\n",
		"\t\tip saddr 10.0.0.0/24 meta l4proto tcp th dport 25-25 counter name firewall_dropped drop\n\t\treturn\n",
		"\t\toifname \"mgmt\" counter name management_dropped drop\n",
		"\t\toifname \"public\" ip saddr 10.0.0.0/24 counter name connections_snat snat ip to 203.0.113.5\n",
		NULL
	};
	struct rendered rendered;

	(void)state;
	render_text(TEST_WHOLE, &rendered);
	assert_lines(rendered.texts[RENDER_NFTABLES], lines);
	rendered_clear(&rendered);
}

/* Z27: without a public NIC the management NIC is the way out of what is translated, and of nothing
 * else. */
static void test_no_way_out(void **state)
{
	static const char *const nics =
		"{" TEST_HEAD "\"interfaces\":["
		"{\"name\":\"mgmt\",\"role\":\"management\",\"mac_address\":\"fa:16:3e:00:00:01\","
		"\"addresses\":[\"192.0.2.5/24\"]},"
		"{\"name\":\"guest0\",\"role\":\"guest\",\"mac_address\":\"fa:16:3e:00:00:03\","
		"\"addresses\":[\"10.0.0.1/24\"]}]%s}";
	static const char *const drop =
		"\t\tiifname \"mgmt\" counter name management_dropped drop\n"
		"\t\toifname \"mgmt\" counter name management_dropped drop\n";
	g_autofree char *isolated = g_strdup_printf(nics, "");
	g_autofree char *outward = g_strdup_printf(
		nics, ",\"snat\":[{\"cidr\":\"10.0.0.0/24\",\"address\":\"192.0.2.5\"}]");
	struct rendered rendered;

	(void)state;
	render_text(isolated, &rendered);
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES], drop));
	rendered_clear(&rendered);
	render_text(outward, &rendered);
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], drop));
	rendered_clear(&rendered);
}

/* Rules of firewall groups: who opens is judged at both NICs, in both what nothing matches goes. */
#define RULE_ID "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0002"

/* A chain for each rule, that its packets go to: it counts and, within a limit, tells. */
static void test_guards(void **state)
{
	static const char *const lines[] = { "add counter inet weft rule_guest0_egress_" RULE_ID
					     "\n",
		"add counter inet weft rule_guest0_egress_1\n"
		"add counter inet weft rule_guest0_egress_none\n",
		"add limit inet weft log_guest0_7_3 { rate 7/second burst 3 packets ; }\n",
		"\tchain reject_0 {\n\t\tiifname != { \"public\" } limit rate 100/second reject with icmpx port-unreachable\n\t\tdrop\n\t}\n",
		"\tchain ingress_0 {\n\t\tcounter name rule_guest0_ingress_none counter name firewall_dropped\n\t\tdrop\n\t}\n",
		"\tchain egress_0_0 {\n\t\tct state new counter name rule_guest0_egress_" RULE_ID
		"\n"
		"\t\tct state new limit name \"log_guest0_7_3\" log prefix \"ACCEPT egress guest0 " RULE_ID
		"\" group 7 snaplen 128 return\n"
		"\t\tct state new counter name suppressed_guest0\n\t\treturn\n\t}\n",
		"\tchain egress_0_1 {\n\t\tcounter name rule_guest0_egress_1 counter name firewall_dropped\n\t\tgoto reject_0\n\t}\n",
		"\tchain egress_0 {\n\t\tmeta nfproto ipv4 ip saddr 10.0.0.0/24 meta l4proto 6 th dport 80-81 iifname { \"guest0\" } goto egress_0_0\n"
		"\t\tmeta nfproto ipv6 oifname { \"public\" } goto egress_0_1\n"
		"\t\tcounter name rule_guest0_egress_none counter name firewall_dropped\n\t\tdrop\n\t}\n",
		"\t\tct state established ct direction reply accept\n\t\tct state related accept\n"
		"\t\tiifname { \"guest0\" } jump egress_0\n\t\toifname { \"guest0\" } jump ingress_0\n",
		NULL };
	struct rendered rendered;

	(void)state;
	render_text(
		"{" TEST_HEAD TEST_INTERFACES
		",\"log_limits\":{\"rate\":7,\"burst\":3},\"interface_firewalls\":[{\"name\":\"guest0\","
		"\"about\":{\"name\":\"web\"},\"log\":{\"accept\":true},\"egress\":["
		"{\"id\":\"" RULE_ID "\",\"name\":\"w\","
		"\"action\":\"allow\",\"protocol\":6,\"source_ip_address\":\"10.0.0.0/24\","
		"\"destination_port\":\"80:81\",\"source_interfaces\":[\"guest0\"]},"
		"{\"action\":\"reject\",\"ip_version\":6,\"destination_interfaces\":[\"public\"]}]}]}",
		&rendered);
	assert_lines(rendered.texts[RENDER_NFTABLES], lines);
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "log prefix \"DROP"));
	rendered_clear(&rendered);
}

#define SUBNET6(cidr, gateway, modes) \
	"{\"cidr\":\"" cidr "\",\"gateway_ip\":\"" gateway "\"," modes "}"
#define HOST6(ip) \
	"{\"mac_address\":\"fa:16:3e:00:01:01\",\"ip_address\":\"" ip "\",\"hostname\":\"web\"}"

/* Each mode is told as RFC 4861 and 4862 have it; one line for each client; who is not the gateway
 * says so; and the ports are open. */
static void test_ipv6(void **state)
{
	static const char *const config[] = { "enable-ra\n", "ra-param=guest0,0,0\n",
		"dhcp-range=set:s0,2001:db8:1::,ra-only,64,86400\n"
		"dhcp-option=tag:s0,option6:dns-server,[2001:db8::53]\n",
		"dhcp-range=set:s1,2001:db8:2::,ra-stateless,64,86400\n"
		"dhcp-option=tag:s1,option6:dns-server\n",
		"dhcp-range=set:s2,2001:db8:3::,static,80,86400\n",
		"dhcp-range=set:s3,10.0.0.0,static,255.255.255.0,86400\n", NULL };
	static const char *const filter[] = { "\t\tiifname \"guest0\" udp dport 67 accept\n",
		"\t\tiifname \"guest0\" meta nfproto ipv6 udp dport 547 accept\n",
		"\t\tiifname \"guest0\" icmpv6 type nd-router-solicit accept\n",
		"\t\tiifname \"public\" oifname \"guest0\" meta nfproto ipv6 accept\n", NULL };
	struct rendered rendered;

	(void)state;
	render_text(
		"{" TEST_HEAD TEST_INTERFACES
		",\"routes\":[{\"destination\":\"::/0\",\"nexthop\":\"fe80::1\"}],\"dhcp\":{\"subnets\":[" SUBNET6(
			"2001:db8:1::/64", "2001:db8:1::1",
			"\"ipv6_ra_mode\":\"slaac\",\"dns_nameservers\":[\"2001:db8::53\"]") "," SUBNET6("2001:db8:2::/64",
			"2001:db8:2::1",
			"\"ipv6_ra_mode\":\"dhcpv6-stateless\"") "," SUBNET6("2001:db8:3::/80",
			"2001:db8:3::1",
			"\"ipv6_ra_mode\":\"dhcpv6-stateful\",\"ipv6_address_mode\":\"dhcpv6-stateful\"") ",{\"cidr\":\"10.0.0.0/24\"}],\"hosts\":[" HOST6("10.0.0.10") "," HOST6("2001:db8:3::10") "," HOST6("2001:db8:3::11") "]}}",
		&rendered);
	assert_lines(rendered.texts[RENDER_DNSMASQ], config);
	assert_lines(rendered.texts[RENDER_NFTABLES], filter);
	assert_string_equal(body(&rendered, RENDER_DHCP_HOSTS),
		"fa:16:3e:00:01:01,10.0.0.10,[2001:db8:3::10],[2001:db8:3::11],web\n");
	assert_non_null(strstr(rendered.texts[RENDER_NETWORK],
		"route replace ::/0 via fe80::1 dev public proto 157\n"));
	rendered_clear(&rendered);
}

/* What is not translated comes in as it is, behind what is judged of all. */
static void test_routed(void **state)
{
	static const char *const lines[] = {
		"\t\toifname \"mgmt\" counter name management_dropped drop\n",
		"\t\tiifname \"public\" ip daddr 10.0.0.0/24 accept\n",
		"\t\tiifname \"public\" ip daddr 10.1.0.0/24 accept\n", NULL
	};
	struct rendered rendered;

	(void)state;
	render_text("{" TEST_HEAD TEST_INTERFACES ",\"routed\":[\"10.0.0.0/24\",\"10.1.0.0/24\"]}",
		&rendered);
	assert_lines(rendered.texts[RENDER_NFTABLES], lines);
	rendered_clear(&rendered);
}

/* What nobody asked for is not served, and no port is open for it. */
static void test_least(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text("{" TEST_HEAD TEST_INTERFACES "}", &rendered);
	assert_string_equal(body(&rendered, RENDER_DNSMASQ), "");
	assert_string_equal(body(&rendered, RENDER_KEEPALIVED), "");
	assert_string_equal(body(&rendered, RENDER_CONNTRACKD), "");
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "vrrp"));
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "dport 67"));
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "dport 53"));
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "snat ip to 2"));
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "jump firewall"));
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "ip daddr 10."));
	rendered_clear(&rendered);
}

/* DHCP alone: dnsmasq's DNS is off, and it names neither itself as router nor as resolver. */
static void test_dhcp_alone(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text("{" TEST_HEAD TEST_INTERFACES
		    ",\"dhcp\":{\"subnets\":[{\"cidr\":\"10.0.0.0/24\"}]}}",
		&rendered);
	assert_non_null(strstr(rendered.texts[RENDER_DNSMASQ],
		"dhcp-option=tag:s0,option:router\ndhcp-option=tag:s0,option:dns-server\nport=0\n"));
	rendered_clear(&rendered);
}

#define POLICIES                                                                                                \
	"\"protocol\":\"TERMINATED_HTTPS\",\"certificates\":[\"" TEST_PEM                                       \
	"\"],\"allowed_cidrs\":[\"10.9.0.1/8\"],\"connection_limit\":7,"                                        \
	"\"l7_policies\":[{\"action\":\"REDIRECT_TO_POOL\",\"redirect_pool_id\":\"" TEST_BALANCER_ID            \
	"4\",\"rules\":[{\"type\":\"PATH\",\"compare_type\":\"EQUAL_TO\",\"value\":\"it's # \\\"\",\"invert\":" \
	"true}]},{\"action\":\"REDIRECT_TO_URL\",\"redirect_url\":\"http://a/%[src]\",\"rules\":[{"             \
	"\"type\":\"HEADER\",\"key\":\"X-A\",\"compare_type\":\"REGEX\",\"value\":\"-f\"}]}]"
#define MONITOR                                                                                     \
	",\"session_persistence\":{\"type\":\"SOURCE_IP\"},\"health_monitor\":{\"type\":\"HTTPS\"," \
	"\"delay\":5,\"timeout\":2,\"max_retries\":1,\"domain_name\":\"a.example.org\"}"

/* What users say are words of their own, in quotes; a policy that redirects comes before one that
 * chooses a pool. */
static void test_haproxy(void **state)
{
	static const char *const lines[] = {
		"\tbind 203.0.113.6:80 transparent ssl alpn h2,http/1.1 crt '/run/a/certificates/",
		"\tmaxconn 7\n",
		"\tacl p0.0 path -m str -- 'it'\\''s # \"'\n"
		"\tacl p1.0 req.hdr(X-A) -m reg -- '-f'\n"
		"\thttp-request redirect code 302 location 'http://a/%%[src]' if p1.0\n"
		"\tuse_backend " TEST_BALANCER_ID "4:" TEST_BALANCER_ID "3 if !p0.0\n"
		"\tdefault_backend " TEST_BALANCER_ID "4:" TEST_BALANCER_ID "3\n"
		"backend " TEST_BALANCER_ID "4:" TEST_BALANCER_ID "3\n"
		"\tmode http\n\ttimeout connect 5000ms\n\ttimeout server 50000ms\n"
		"\tbalance source\n\thash-type consistent\n"
		"\ttimeout check 2s\n\toption httpchk\n"
		"\thttp-check send meth GET uri '/' ver HTTP/1.1 hdr Host a.example.org\n"
		"\thttp-check expect status 200\n"
		"\tserver " TEST_BALANCER_ID
		"5 [2001:db8::9]:8080 weight 1 backup check inter 5s rise 1 fall 3 check-ssl verify none\n",
		NULL
	};
	static const char *const filter[] = {
		"\t\tip daddr 203.0.113.6 tcp dport 80 counter name listener_" TEST_BALANCER_ID
		"3_in\n",
		"\t\tip saddr 10.0.0.0/8 ip daddr 203.0.113.6 tcp dport 80 counter name listener_" TEST_BALANCER_ID
		"3_connections accept\n",
		NULL
	};
	struct rendered rendered;

	(void)state;
	render_text(TEST_BALANCER(POLICIES, TEST_POOL "," TEST_MEMBER MONITOR), &rendered);
	assert_lines(rendered.texts[RENDER_HAPROXY], lines);
	assert_lines(rendered.texts[RENDER_NFTABLES], filter);
	assert_int_equal(g_tree_nnodes(rendered.certificates), 1);
	rendered_clear(&rendered);
}

static const char pair[] =
	"{" TEST_HEAD TEST_INTERFACES_OF_A_PAIR
	",\"routes\":[{\"destination\":\"0.0.0.0/0\",\"nexthop\":\"203.0.113.1\"},"
	"{\"destination\":\"198.51.100.0/24\",\"nexthop\":\"192.0.2.1\"}],"
	"\"redundancy\":{\"vrid\":51,\"priority\":150,\"advertisement_ms\":1250,\"preempt\":true,"
	"\"interface\":\"mgmt\",\"peer_address\":\"192.0.2.6\"}}";

/* By a shared MAC nothing else gives it one. With IPv4 alone, or if it is given, nothing is added.
 */
static void test_link_local_of_a_pair(void **state)
{
#define SHARED(n, addresses)                                                                     \
	"{\"name\":\"guest" n "\",\"role\":\"guest\",\"mac_address\":\"fa:16:3e:00:01:0" n       \
	"\",\"virtual_mac_address\":\"00:00:5e:00:01:3" n "\",\"virtual_addresses\":[" addresses \
	"]}"
	struct rendered rendered;

	(void)state;
	render_text(
		"{" TEST_HEAD "\"interfaces\":[{\"name\":\"mgmt\",\"role\":\"management\","
		"\"mac_address\":\"fa:16:3e:00:00:01\",\"addresses\":[\"192.0.2.5/24\"]}," SHARED(
			"1", "\"10.0.0.1/24\"") "," SHARED("2", "\"fd00:2::1/64\"") "," SHARED("3",
			"\"fd00:3::1/64\",\"fe80::200:5eff:fe00:133/64\"") "],"
									   "\"redundancy\":{\"vrid\":51,\"interface\":\"mgmt\",\"peer_address\":\"192.0.2.6\"}}",
		&rendered);
	assert_non_null(strstr(rendered.texts[RENDER_KEEPALIVED],
		"    virtual_ipaddress {\n        10.0.0.1/24 dev guest1\n    }\n"
		"    virtual_ipaddress_excluded {\n        fd00:2::1/64 dev guest2\n"
		"        fe80::200:5eff:fe00:132/64 dev guest2\n"
		"        fd00:3::1/64 dev guest3\n        fe80::200:5eff:fe00:133/64 dev guest3\n    }\n"));
	rendered_clear(&rendered);
}

/* Z37. One address is told, the rest are given with it; routes go with the addresses they need. */
static void test_keepalived(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(pair, &rendered);
	assert_string_equal(body(&rendered, RENDER_KEEPALIVED),
		"global_defs {\n    vrrp_version 3\n    vrrp_check_unicast_src\n"
		"    vrrp_notify_fifo /run/a/keepalived.fifo\n    script_user root\n}\n"
		"vrrp_instance weft {\n    state BACKUP\n    interface mgmt\n"
		"    virtual_router_id 51\n    priority 150\n    advert_int 1.25\n"
		"    unicast_src_ip 192.0.2.5\n    unicast_peer {\n        192.0.2.6\n    }\n"
		"    garp_master_delay 1\n    garp_master_refresh 1\n    garp_master_refresh_repeat 1\n"
		"    track_interface {\n        public\n        guest0\n    }\n"
		"    virtual_ipaddress {\n        203.0.113.5/24 dev public\n    }\n"
		"    virtual_ipaddress_excluded {\n        2001:db8::5/64 dev public\n"
		"        203.0.113.6/32 dev public\n        10.0.0.1/24 dev guest0\n    }\n"
		"    virtual_routes {\n        0.0.0.0/0 via 203.0.113.1 no_track\n    }\n}\n");
	assert_string_equal(body(&rendered, RENDER_NETWORK),
		"link set dev lo up\nlink set dev mgmt up\naddress replace 192.0.2.5/24 dev mgmt\n"
		"link set dev public up\n"
		"link set dev guest0 addrgenmode none\nlink set dev guest0 address 00:00:5e:00:01:33\n"
		"link set dev guest0 up\nroute flush proto 157\n"
		"route replace 198.51.100.0/24 via 192.0.2.1 proto 157\n");
	rendered_clear(&rendered);
}

/* The two talk to each other, and to nobody else. */
static void test_peer(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(pair, &rendered);
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES],
		"\t\tiifname \"mgmt\" ip saddr 192.0.2.6 ip protocol vrrp accept\n"
		"\t\tiifname \"mgmt\" ip saddr 192.0.2.6 udp dport 3780 accept\n"));
	assert_non_null(strstr(rendered.texts[RENDER_CONNTRACKD],
		"        IPv4_address 192.0.2.5\n        IPv4_Destination_Address 192.0.2.6\n"
		"        Port 3780\n        Interface mgmt\n"));
	rendered_clear(&rendered);
}

/* It announces its own networks alone, and takes nothing in unless that is asked for. */
static void test_bgpd(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(
		"{" TEST_HEAD TEST_INTERFACES
		",\"bgp\":{\"local_as\":65001,\"networks\":[\"10.0.0.0/24\"],\"neighbors\":[{\"address\":"
		"\"203.0.113.1\",\"remote_as\":65000,\"password\":\"s3cret\",\"keepalive_s\":1}]}}",
		&rendered);
	assert_string_equal(body(&rendered, RENDER_BGPD),
		"ip prefix-list weft-own seq 5 deny 0.0.0.0/32\nip prefix-list weft-nothing seq 5 deny any\n"
		"router bgp 65001\n bgp router-id 203.0.113.5\n no bgp default ipv4-unicast\n"
		" no bgp ebgp-requires-policy\n no bgp network import-check\n"
		" bgp graceful-restart-disable\n"
		" neighbor 203.0.113.1 remote-as 65000\n neighbor 203.0.113.1 disable-connected-check\n"
		" neighbor 203.0.113.1 timers 1 3\n neighbor 203.0.113.1 timers connect 5\n"
		" neighbor 203.0.113.1 ebgp-multihop 255\n"
		" neighbor 203.0.113.1 update-source 203.0.113.5\n"
		" neighbor 203.0.113.1 password s3cret\n address-family ipv4 unicast\n"
		"  neighbor 203.0.113.1 activate\n  neighbor 203.0.113.1 prefix-list weft-own out\n"
		"  neighbor 203.0.113.1 prefix-list weft-nothing in\n exit-address-family\n");
	assert_string_equal(body(&rendered, RENDER_BGP_NETWORKS), "10.0.0.0/24\n");
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES],
		"\t\tip saddr 203.0.113.1 tcp dport 179 accept\n"));
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES],
		"\t\tiifname \"public\" oifname \"guest0\" ip daddr 10.0.0.0/24 accept\n"));
	rendered_clear(&rendered);
}

/* Neighbors of a pair keep what it has announced while the other one takes over (RFC 4724). */
static void test_bgpd_of_a_pair(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(
		"{" TEST_HEAD TEST_INTERFACES_OF_A_PAIR
		",\"redundancy\":{\"vrid\":1,\"interface\":\"mgmt\",\"peer_address\":\"192.0.2.6\"},"
		"\"bgp\":{\"local_as\":65001}}",
		&rendered);
	assert_non_null(strstr(rendered.texts[RENDER_BGPD],
		" bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n"
		" bgp graceful-restart restart-time 20\n"));
	assert_null(strstr(rendered.texts[RENDER_BGPD], "disable\n"));
	rendered_clear(&rendered);
}

/* A prefix is told to neighbors of its own family, by sessions from an address of that. */
static void test_bgpd_of_both_families(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(
		"{" TEST_HEAD
		"\"interfaces\":[{\"name\":\"mgmt\",\"role\":\"management\",\"mac_address\":"
		"\"fa:16:3e:00:00:01\",\"addresses\":[\"192.0.2.5/24\"]},"
		"{\"name\":\"public\",\"role\":\"public\",\"mac_address\":\"fa:16:3e:00:00:02\","
		"\"addresses\":[\"203.0.113.5/24\",\"2001:db8:f::5/64\"]},"
		"{\"name\":\"guest0\",\"role\":\"guest\",\"mac_address\":\"fa:16:3e:00:00:03\","
		"\"addresses\":[\"2001:db8::1/64\"]}],"
		"\"bgp\":{\"local_as\":65001,\"networks\":[\"10.0.0.0/24\",\"2001:db8::/64\"],"
		"\"import\":true,\"neighbors\":[{\"address\":\"203.0.113.1\",\"remote_as\":65000},"
		"{\"address\":\"2001:db8:f::1\",\"remote_as\":65000}]}}",
		&rendered);
	assert_non_null(strstr(rendered.texts[RENDER_BGPD],
		"ipv6 prefix-list weft-own seq 5 deny ::/128\nipv6 prefix-list weft-nothing seq 5 deny any\n"
		"router bgp 65001\n bgp router-id 203.0.113.5\n"));
	assert_non_null(strstr(rendered.texts[RENDER_BGPD],
		" neighbor 2001:db8:f::1 update-source 2001:db8:f::5\n"
		" address-family ipv4 unicast\n"
		"  neighbor 203.0.113.1 activate\n  neighbor 203.0.113.1 prefix-list weft-own out\n"
		" exit-address-family\n"
		" address-family ipv6 unicast\n"
		"  neighbor 2001:db8:f::1 activate\n  neighbor 2001:db8:f::1 prefix-list weft-own out\n"
		" exit-address-family\n"));
	assert_string_equal(body(&rendered, RENDER_BGP_NETWORKS), "10.0.0.0/24\n2001:db8::/64\n");
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES],
		"\t\tip6 saddr 2001:db8:f::1 tcp dport 179 accept\n"));
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "ip daddr 2001:"));
	rendered_clear(&rendered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_dnsmasq),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_nftables),
		cmocka_unit_test(test_no_way_out),
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_routed),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_dhcp_alone),
		cmocka_unit_test(test_haproxy),
		cmocka_unit_test(test_keepalived),
		cmocka_unit_test(test_link_local_of_a_pair),
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_bgpd),
		cmocka_unit_test(test_bgpd_of_a_pair),
		cmocka_unit_test(test_bgpd_of_both_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
