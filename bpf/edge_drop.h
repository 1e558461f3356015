/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* The part of edge.h that says why packets are dropped (bpf/drop.h). Included by it. */
#pragma once

/* X(NAME, "name", "what happened and what it means"); new ones go to the end, they are numbers. */
#define DROP_REASONS(X)                                                                                           \
	X(UNKNOWN_PORT, "unknown-port",                                                                           \
		"The device has the program but no port belongs to it (yet).")                                    \
	X(PORT_DOWN, "port-down", "The port's admin state is down.")                                              \
	X(TRUNCATED, "truncated", "The frame ends before its headers do.")                                        \
	X(MALFORMED, "malformed",                                                                                 \
		"A header contradicts itself or the frame: version, header length or total length.")              \
	X(VLAN_TAGGED, "vlan-tagged", "The guest sent a VLAN tag that no subport of a trunk has.")                \
	X(SPOOFED_MAC, "spoofed-mac",                                                                             \
		"The source MAC is not the port's nor in its allowed address pairs, or it is a router's.")        \
	X(SPOOFED_IP, "spoofed-ip",                                                                               \
		"The source IP is not the port's nor in its allowed address pairs.")                              \
	X(SPOOFED_ARP, "spoofed-arp",                                                                             \
		"An ARP sender address is not the port's nor in its allowed address pairs.")                      \
	X(SPOOFED_ND, "spoofed-nd",                                                                               \
		"A neighbour discovery message claims an address or MAC that is not the port's, or is where "     \
		"that can't be checked: behind an authentication header.")                                        \
	X(DHCP_SERVER, "dhcp-server",                                                                             \
		"The guest acts as a DHCP server, which port security forbids.")                                  \
	X(ROUTER_ADVERTISEMENT, "router-advertisement",                                                           \
		"The guest sent a router advertisement or redirect, which port security forbids.")                \
	X(RESERVED_MULTICAST, "reserved-multicast",                                                               \
		"Link-local control frame (STP, LLDP, pause); never forwarded.")                                  \
	X(NO_NETWORK, "no-network", "The port's network is not known on this host (yet).")                        \
	X(UNKNOWN_UNICAST, "unknown-unicast", "No port of the network has the destination MAC.")                  \
	X(UNKNOWN_TARGET, "unknown-target",                                                                       \
		"ARP or ND asked for an address that no port of the network has.")                                \
	X(UNSOLICITED, "unsolicited",                                                                             \
		"Gratuitous ARP or unsolicited NA; the directory knows, nobody needs it.")                        \
	X(HAIRPIN, "hairpin", "The destination MAC is behind the port that the frame came from.")                 \
	X(RECEIVER_GONE, "receiver-gone", "The destination's port is not on this host any more.")                 \
	X(RECEIVER_DOWN, "receiver-down", "The destination port's admin state is down.")                          \
	X(TOO_BIG, "too-big",                                                                                     \
		"The packet is larger than the network's MTU; the sender was told if it could be.")               \
	X(FLOOD_RATE, "flood-rate",                                                                               \
		"The port sends broadcast or multicast faster than is replicated.")                               \
	X(PUNT_RATE, "punt-rate",                                                                                 \
		"The port asks the agent faster than is answered, or the agent does not keep up.")                \
	X(NO_VTEP, "no-vtep",                                                                                     \
		"The destination's host has no tunnel address of a family that this host has.")                   \
	X(UNRESOLVED_PEER, "unresolved-peer",                                                                     \
		"The MAC of the next hop to the peer is not known (yet).")                                        \
	X(ENCAP_FAILED, "encap-failed", "The kernel refused to make room for the outer header.")                  \
	X(DECAP_FAILED, "decap-failed", "The kernel refused to remove the outer header.")                         \
	X(OUTER_MALFORMED, "outer-malformed", "The outer header is not valid VXLAN or Geneve.")                   \
	X(OUTER_FRAGMENT, "outer-fragment",                                                                       \
		"The outer packet was fragmented; the underlay MTU is too small.")                                \
	X(CRITICAL_OPTION, "critical-option", "A Geneve option that must be understood is not.")                  \
	X(UNKNOWN_VNI, "unknown-vni", "The VNI is of no network on this host.")                                   \
	X(UNKNOWN_VTEP, "unknown-vtep", "The sender is no host of the network.")                                  \
	X(INTERNAL, "internal", "A map or a tail call failed that never should; report it.")                      \
	X(NO_ROUTE, "no-route",                                                                                   \
		"The router has no route to the destination; the sender was told if it could be.")                \
	X(TTL_EXPIRED, "ttl-expired",                                                                             \
		"The TTL or hop limit ended at a router; the sender was told if it could be.")                    \
	X(UNKNOWN_NEIGHBOUR, "unknown-neighbour",                                                                 \
		"No port has the address that the router forwards to, or several may and none has "               \
		"announced it; the sender was told if it could be.")                                              \
	X(NOT_ROUTED, "not-routed",                                                                               \
		"Sent to a router's MAC, but not to be routed: no IP, link-local or multicast.")                  \
	X(ROUTER_LOCAL, "router-local",                                                                           \
		"To a router itself, which answers echo requests alone; of UDP its guests are told.")             \
	X(DENIED_EGRESS, "denied-egress",                                                                         \
		"No egress rule of the port's security groups allows the connection.")                            \
	X(DENIED_INGRESS, "denied-ingress",                                                                       \
		"No ingress rule of the port's security groups allows the connection.")                           \
	X(NO_CONNECTION, "no-connection",                                                                         \
		"A TCP answer (SYN and ACK) to a connection that nobody opened.")                                 \
	X(TCP_FLAGS, "tcp-flags", "TCP flags that contradict each other.")                                        \
	X(TCP_RESET, "tcp-reset",                                                                                 \
		"A TCP reset from outside of the window that the guest expects.")                                 \
	X(FRAGMENT, "fragment",                                                                                   \
		"A fragment of a packet whose first fragment was not let through, or that overlaps its "          \
		"headers; or neighbour discovery in fragments.")                                                  \
	X(CONNECTION_QUOTA, "connection-quota",                                                                   \
		"The port has as many tracked connections as a port may have.")                                   \
	X(HALF_OPEN_QUOTA, "half-open-quota",                                                                     \
		"The port has as many unanswered connections as a port may have.")                                \
	X(CONNECTION_TABLE, "connection-table",                                                                   \
		"The table of connections is full, so a new one can't be tracked.")                               \
	X(NO_WIRE, "no-wire", "The physical network is on no device of this host.")                               \
	X(NO_GATEWAY, "no-gateway",                                                                               \
		"The router has no gateway, or no host that could be it is alive.")                               \
	X(NOT_TRANSLATED, "not-translated",                                                                       \
		"Came from outside to a router's address, and answers nothing that was sent from it.")            \
	X(NAT_QUOTA, "nat-quota",                                                                                 \
		"The project has as many connections by its routers' addresses as it may have here.")             \
	X(NAT_PORTS, "nat-ports",                                                                                 \
		"The router's address has no port left for another connection to that destination.")              \
	X(BANDWIDTH_LIMIT, "bandwidth-limit",                                                                     \
		"More than the QoS policy of the port, floating IP or gateway allows.")                           \
	X(PACKET_RATE_LIMIT, "packet-rate-limit",                                                                 \
		"More packets a second than the QoS policy of the port, floating IP or gateway allows.")          \
	X(PROJECT_QUOTA, "project-connection-quota",                                                              \
		"The project's ports on this host have as many tracked connections as a project may have.")       \
	X(NOT_FORWARDED, "not-forwarded",                                                                         \
		"Came from outside to a floating IP whose ports are forwarded, and not this one.")                \
	X(NOT_ADJACENT, "not-adjacent",                                                                           \
		"Sent to another port on layer 2, which the network does not have: all goes through its router.") \
	X(NO_LISTENER, "no-listener",                                                                             \
		"Sent to a load balancer's address, which has no listener of that protocol and port.")            \
	X(NO_MEMBER, "no-member",                                                                                 \
		"The load balancer has no member that could get the connection.")                                 \
	X(DENIED_TIER, "denied-tier",                                                                             \
		"A rule of the provider's, in one of its tiers, denies the connection.")                          \
	X(NOT_ALLOWED, "not-allowed",                                                                             \
		"The sender is in none of the allowed_cidrs of the load balancer's listener.")                    \
	X(DENIED_FIREWALL, "denied-firewall",                                                                     \
		"No rule of the firewall group of a router's port on the way lets the connection through. "       \
		"A guest is told, if a rule rejects.")                                                            \
	X(SPOOFED_INSIDE, "spoofed-inside",                                                                       \
		"Came from outside with a source that the router has inside, on one of its networks.")            \
	X(UNTRANSLATABLE, "untranslatable",                                                                       \
		"An IPv6 address that can't have the other prefix outside: the bits behind the prefix that "      \
		"would take up the difference are all ones, or its interface id is zero (RFC 6296).")

enum drop_reason {
#define X(name, text, doc) DROP_##name,
	DROP_REASONS(X)
#undef X
		N_DROP_REASONS
};
