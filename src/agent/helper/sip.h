/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses in a message of SIP (RFC 3261) and in the session description (RFC 8866) that it may
 * carry: how it reads on the other side of a translation. A pure parser: no state but the caller's.
 *
 * Headers: the start line, and those that say where to send what (Via, Contact, Route, …) or who
 * is meant (From, To, …). Call-ID stays, and what is signed. Of the description: the addresses of
 * c=, o= and a=rtcp, and the ports of m= whose address is translated.
 */
#pragma once

#include <glib.h>

#include "base/types.h"

#define SIP_MEDIA_MAX 8 /* streams of a description that are looked at */

struct sip_change {
	be32 from, to;		/* an address, and what it reads as */
	u16 from_port, to_port; /* in headers, with it */
	bool arriving; /* from the other side: ports of media stay, @media is told of those at @peer
			*/
	be32 peer;
	/* Of a stream at @port: *ret_port becomes what it is on the other side. False: it stays. */
	bool (*media)(u16 port, u16 *ret_port, void *data);
	void *data;
};

/* The message as it reads there; NULL: it is none of SIP, or is the same. The caller's. */
GString *sip_translate(const char *text, size_t len, const struct sip_change *change);
/* How long the message at the beginning of a stream is, by its Content-Length (RFC 3261 section
 * 18.3); 0: there is none, or not all of it. */
size_t sip_length(const char *text, size_t len);
/* Whether the text may be the beginning of a message. */
bool sip_begins(const char *text, size_t len);
/* For how long a message asks to be registered, in seconds; 0: it is no such request. */
unsigned sip_registers(const char *text, size_t len);
