/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two halves of a message: sip.c and sip_body.c. */
#pragma once

#include "agent/helper/sip.h"

struct sip_text {
	const char *text;
	size_t len;
};

/* The line at *@at, with its end, behind which *@at moves. */
bool sip_line(const char *text, size_t len, size_t *at, struct sip_text *ret);
/* The decimal number at *@at, behind which it moves; -1: there is none, or a larger one. */
long sip_number(const char *text, size_t len, size_t *at, long max);
#define SIP_ADDRESS_MAX 16
size_t sip_address(be32 address, char ret[static SIP_ADDRESS_MAX]);
/* The line with the address translated, and @with_ports the one behind it: @reaches says that the
 * default port is meant where there is none. */
void sip_write_addresses(const struct sip_text *line, const struct sip_change *change,
	bool with_ports, bool reaches, GString *out);

/* The session description as it reads on the other side; the caller's. */
GString *sip_translate_body(const char *text, size_t len, const struct sip_change *change);
