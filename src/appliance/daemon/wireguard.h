/* SPDX-License-Identifier: Apache-2.0 */
/* The peers of WireGuard, as the kernel or wireguard-go has them. */
#pragma once

#include "appliance/document/document.h"
#include "base/json_writer.h"

/* What `wg show … latest-handshakes` or, with two numbers, `transfer` says of a peer: lines of a
 * public key and numbers. 0 and false: nothing. */
bool wireguard_find(const char *text, const char *public_key, u64 *ret_first, u64 *ret_second);

/* An array of the peers. */
void wireguard_append(const struct document *document, struct json_writer *w);
