/* SPDX-License-Identifier: Apache-2.0 */
/* Domain names between text and wire (RFC 1035 section 3.1), as DNS, DHCP and RA options carry
 * them. */
#pragma once

#include "agent/frame/bytes.h"

#define NAME_SIZE 256 /* text of the longest name, with a dot behind each label, and NUL */

/* Writes @name uncompressed; a dot at its end is optional, "" and "." are the root. @w fails when
 * it is no name (empty or over-long label, over-long name). */
void write_name(struct writer *w, const char *name);

/* Reads a name at @r, which is inside of @message (compression pointers count from its start; NULL:
 * none are allowed), as lower-case text without the last dot. A byte that is not printable, and a
 * dot or backslash inside of a label, are written \DDD. Fails @r on anything malformed. The text of
 * a name with many such escapes does not fit: that fails too. */
void read_name(struct reader *r, const struct reader *message, char ret[static NAME_SIZE]);

/* Steps over a name without following its pointers. */
void skip_name(struct reader *r);
