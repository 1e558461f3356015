/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host for tests, in namespaces of its own that end with the process. The host's side holds the
 * data path with two guest ports and an uplink; the other ends of all three are in a second
 * namespace, where the test is guest 1, guest 2 and the underlay, through packet sockets:
 *
 *   BED_GUEST1 g1 ──── p1 ┐ the host                  VNI 100, MTU 1400
 *   BED_GUEST2 g2 ──── p2 ┤ weft: from_guest …
 *   BED_WIRE   w0 ──── u0 ┘ 192.0.2.1, 2001:db8::1    (the peer: 192.0.2.2, 2001:db8::2)
 *
 * What a frame did is seen where it came out, whole, or in the counters.
 */
#pragma once

#include "datapath/datapath.h"
#include "frame.h"

#define VNI 100
#define MTU 1400
#define MAC1 "02:00:00:00:00:01"
#define MAC2 "02:00:00:00:00:02"
#define MAC3 "02:00:00:00:00:03" /* behind the peer */
#define IP1 "10.0.0.1"
#define IP2 "10.0.0.2"
#define IP3 "10.0.0.3"
#define IP1_6 "fd00::1"
#define IP2_6 "fd00::2"
#define IP3_6 "fd00::3"
#define SERVICE_MAC "02:00:00:00:00:fe"
#define SERVICE_IP "10.0.0.254"
#define UNDERLAY_MAC "02:00:00:00:ff:01"
#define PEER_MAC "02:00:00:00:ff:02"
#define BROADCAST "ff:ff:ff:ff:ff:ff"

enum bed_place { BED_GUEST1, BED_GUEST2, BED_WIRE, N_BED_PLACES };

struct bed {
	struct dp *dp;
	char *pin_dir;
	int host_netns, guest_netns;
	int socket[N_BED_PLACES];
	u32 ifindex[N_BED_PLACES]; /* of the host's end */
};

struct ip ip(const char *text);
struct mac mac(const char *text);

/* cmocka group fixtures: *state is the bed. */
int bed_setup(void **state);
int bed_teardown(void **state);

void bed_reopen(struct bed *bed); /* as if the agent had restarted */
/* The two guests, the network, and their neighbours and endpoints: what the bed starts with. */
void bed_populate(struct bed *bed);
void bed_port(struct bed *bed, enum bed_place place, u32 flags);
/* The peer behind @vtep has MAC3. */
void bed_peer(struct bed *bed, const char *vtep, enum dp_encap encap);
void bed_no_peer(struct bed *bed, const char *vtep);

void bed_send(struct bed *bed, enum bed_place place, struct frame frame);
/* The next frame that came out there must be exactly @frame. */
void bed_expect(struct bed *bed, enum bed_place place, struct frame frame);
struct frame bed_receive(struct bed *bed, enum bed_place place);
struct frame bed_receive_arp(struct bed *bed); /* the next that the host itself asks on the wire */
/* Whether a frame has come out. */
bool bed_has(struct bed *bed, enum bed_place place);
void bed_expect_nothing(struct bed *bed, enum bed_place place);
/* Sends the frame and expects it counted, once, as dropped for @reason at that port (BED_WIRE: at
 * the host), and nothing out. */
void bed_expect_drop(struct bed *bed, enum bed_place place, struct frame frame, const char *reason);
u64 bed_drops(struct bed *bed, enum bed_place place, const char *reason);
