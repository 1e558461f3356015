/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the packet filter that are written elsewhere. Inside of render_nftables*.c. */
#pragma once

#include "appliance/render/render.h"

/* Who may ask the metadata service: a set, and its rule of the chain input. */
void render_metadata_callers(const struct document *document, GString *text);
void render_metadata_input(const struct document *document, const char *nic, GString *text);

/* Rules of the chain input: who may reach the ends of tunnels. */
void render_vpn_input(const struct document *document, GString *text);
/* Of forward, before anything is accepted: what must not be. */
void render_vpn_guard(const struct document *document, GString *text);
/* Of forward, after the firewall: what comes by a tunnel. */
void render_vpn_accept(const struct document *document, GString *text);
/* Chains of their own: what passes between the two ends in transport mode. */
void render_vpn_transport(const struct document *document, GString *text);
/* Of srcnat, before anything is translated. */
void render_vpn_no_snat(const struct document *document, GString *text);

/* render_nftables_guard.c: chains of their own, and who jumps to them, before connections pass. */
void render_guard_objects(const struct document *document, GString *text);
void render_guard_chains(const struct document *document, GString *text);
void render_guard_forward(const struct document *document, GString *text);

/* Networks of guests that are announced by BGP are let in from outside. */
void render_bgp_forward(const struct document *document, const char *public, GString *text);
