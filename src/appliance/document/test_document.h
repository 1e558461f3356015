/* SPDX-License-Identifier: Apache-2.0 */
/* A document with one of everything, for tests. */
#pragma once

#define TEST_ID "\"id\":\"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001\","
#define TEST_HEAD TEST_ID "\"revision\":7,"
#define TEST_INTERFACES                                                                     \
	"\"interfaces\":["                                                                  \
	"{\"name\":\"mgmt\",\"role\":\"management\",\"mac_address\":\"fa:16:3e:00:00:01\"," \
	"\"addresses\":[\"192.0.2.5/24\"]},"                                                \
	"{\"name\":\"public\",\"role\":\"public\",\"mac_address\":\"fa:16:3e:00:00:02\","   \
	"\"mtu\":1500,\"addresses\":[\"203.0.113.5/24\",\"203.0.113.6/32\"]},"              \
	"{\"name\":\"guest0\",\"role\":\"guest\",\"mac_address\":\"fa:16:3e:00:00:03\","    \
	"\"addresses\":[\"10.0.0.1/24\"]}]"
#define TEST_BALANCER_ID "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a000"
#define TEST_PEM \
	"-----BEGIN CERTIFICATE-----\\nAA==\\n-----END CERTIFICATE-----\\n-----BEGIN PRIVATE KEY-----\\nAA==\\n"
/* A document with a load balancer of which @listener and @pool are more members. */
#define TEST_BALANCER(listener, pool)                                                           \
	"{" TEST_HEAD TEST_INTERFACES ",\"load_balancers\":[{\"id\":\"" TEST_BALANCER_ID "2\"," \
	"\"vip_addresses\":[\"203.0.113.6\"],\"listeners\":[{\"id\":\"" TEST_BALANCER_ID        \
	"3\",\"protocol_port\":80,\"default_pool_id\":\"" TEST_BALANCER_ID "4\"," listener      \
	"}],\"pools\":[{\"id\":\"" TEST_BALANCER_ID "4\"," pool "}]}]}"
#define TEST_POOL "\"protocol\":\"HTTP\",\"lb_algorithm\":\"LEAST_CONNECTIONS\""
#define TEST_MEMBER                                \
	"\"members\":[{\"id\":\"" TEST_BALANCER_ID \
	"5\",\"address\":\"2001:db8::9\",\"protocol_port\":8080,\"backup\":true}]"

#define TEST_INTERFACES_OF_A_PAIR                                                            \
	"\"interfaces\":["                                                                   \
	"{\"name\":\"mgmt\",\"role\":\"management\",\"mac_address\":\"fa:16:3e:00:00:01\","  \
	"\"addresses\":[\"192.0.2.5/24\"]},"                                                 \
	"{\"name\":\"public\",\"role\":\"public\",\"mac_address\":\"fa:16:3e:00:00:02\","    \
	"\"virtual_addresses\":[\"2001:db8::5/64\",\"203.0.113.5/24\",\"203.0.113.6/32\"]}," \
	"{\"name\":\"guest0\",\"role\":\"guest\",\"mac_address\":\"fa:16:3e:00:00:03\","     \
	"\"virtual_mac_address\":\"00:00:5e:00:01:33\",\"virtual_addresses\":[\"10.0.0.1/24\"]}]"
#define TEST_METADATA                                                                                  \
	"\"metadata\":{\"networks\":[{\"network_id\":\"" TEST_BALANCER_ID                              \
	"9\",\"mtu\":1450,\"subnets\":[{\"cidr\":\"10.0.0.0/24\",\"gateway_ip\":\"10.0.0.1\","         \
	"\"enable_dhcp\":true}],\"ports\":[{\"port_id\":\"" TEST_BALANCER_ID                           \
	"8\",\"mac_address\":\"fa:16:3e:00:01:01\",\"ip_addresses\":[\"10.0.0.10\",\"2001:db8::10\"]," \
	"\"name\":\"web\",\"given\":{\"hostname\":\"web.example.org\"}}]}]}"
#define TEST_WHOLE                                                                             \
	"{" TEST_HEAD TEST_INTERFACES ","                                                      \
	"\"routes\":[{\"destination\":\"0.0.0.0/0\",\"nexthop\":\"203.0.113.1\"}],"            \
	"\"dhcp\":{\"lease_s\":3600,\"mtu\":1450,\"subnets\":[{\"cidr\":\"10.0.0.0/24\","      \
	"\"gateway_ip\":\"10.0.0.1\",\"dns_nameservers\":[\"10.0.0.1\"],"                      \
	"\"host_routes\":[{\"destination\":\"10.9.0.0/16\",\"nexthop\":\"10.0.0.9\"}]}],"      \
	"\"hosts\":[{\"mac_address\":\"fa:16:3e:00:01:01\",\"ip_address\":\"10.0.0.10\","      \
	"\"hostname\":\"web\"},{\"mac_address\":\"fa:16:3e:00:01:02\","                        \
	"\"ip_address\":\"10.0.0.11\"}]}," TEST_METADATA ","                                   \
	"\"dns\":{\"domain\":\"example.org\",\"forwarders\":[\"192.0.2.53\"],"                 \
	"\"names\":[{\"name\":\"web\",\"addresses\":[\"10.0.0.10\",\"2001:db8::10\"]}]},"      \
	"\"snat\":[{\"cidr\":\"10.0.0.0/24\",\"address\":\"203.0.113.5\"}],"                   \
	"\"floating_ips\":[{\"floating_ip_address\":\"203.0.113.6\","                          \
	"\"fixed_ip_address\":\"10.0.0.10\"}],"                                                \
	"\"port_forwardings\":[{\"protocol\":\"tcp\",\"external_ip_address\":\"203.0.113.5\"," \
	"\"external_port\":\"8080:8081\",\"internal_ip_address\":\"10.0.0.11\","               \
	"\"internal_port\":\"80:81\"}],"                                                       \
	"\"firewall\":{\"rules\":[{\"action\":\"deny\",\"protocol\":\"tcp\","                  \
	"\"destination_port\":\"25\",\"source_ip_address\":\"10.0.0.0/24\"},"                  \
	"{\"action\":\"allow\"}]}}"

#define TEST_KEY "QJTNmHCV5JXbYjQzRIqAs8bbE1jXBwPGzAfZPpXqjVI="
#define TEST_PUBLIC_KEY "MYkA/Oh9CzqPSlrcjqWxTJo1nPqhYCy9dU1w0L+OGQY="
#define TEST_IPSEC                                                                              \
	"{\"name\":\"c1\",\"local_address\":\"203.0.113.5\",\"peer_address\":\"198.51.100.9\"," \
	"\"psk\":\"a \\\"b\\\"\",\"local_cidrs\":[\"10.0.0.0/24\",\"10.5.0.0/24\"],"            \
	"\"peer_cidrs\":[\"10.1.0.0/24\"],\"peer_id\":\"b.example.org\"}"
#define TEST_WIREGUARD                                                \
	"{\"private_key\":\"" TEST_KEY                                \
	"\",\"listen_port\":51820,\"addresses\":[\"10.255.0.1/30\"]," \
	"\"peers\":[{\"public_key\":\"" TEST_PUBLIC_KEY               \
	"\",\"endpoint_address\":\"198.51.100.9\","                   \
	"\"endpoint_port\":51821,\"allowed_ips\":[\"10.2.0.0/24\"]}]}"
#define TEST_GRE                                                                                  \
	"{\"name\":\"gre1\",\"local_address\":\"203.0.113.5\",\"peer_address\":\"198.51.100.9\"," \
	"\"key\":4294967295,\"addresses\":[\"10.254.0.1/30\"],\"destinations\":[\"10.3.0.0/24\"]}"
#define TEST_TUNNELS                                                 \
	"{" TEST_HEAD TEST_INTERFACES ",\"ipsec\":[" TEST_IPSEC "]," \
	"\"wireguard\":" TEST_WIREGUARD ",\"gre\":[" TEST_GRE "],"   \
	"\"snat\":[{\"cidr\":\"10.0.0.0/16\",\"address\":\"203.0.113.5\"}]}"
