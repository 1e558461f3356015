/* SPDX-License-Identifier: Apache-2.0 */
/* The random packets of firewall_property_test.c: few enough in kind that they meet each other's
 * connections. */
#pragma once

#include "firewall_model.h"

#define PICK(array) ((array)[g_random_int_range(0, G_N_ELEMENTS(array))])

extern const char *const guest_macs[N_GUESTS];

bool chance(int percent);
u16 random_port(void);
u8 random_proto(u8 family);
struct packet random_packet(void);
/* What may follow the packet: most often the answer that it would get, so that connections are met
 * more often than by chance. */
struct packet answer_to(struct packet p);
/* What follows the first fragment, or nothing that ever passed. */
struct packet fragment_behind(struct packet first);
/* Now and then the first fragment of one; @i: which packet this is. */
void cut(struct packet *p, int i);
struct frame packet_frame(const struct packet *p);
