/* SPDX-License-Identifier: Apache-2.0 */
/* What charon says, and what comes out of a GRE tunnel: any bytes. Whatever is read stays within
 * them. */
#include <stdlib.h>
#include <string.h>

#include "appliance/daemon/gre.h"
#include "appliance/daemon/vici.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_packets(const uint8_t *data, size_t size)
{
	struct vici_reader reader;
	enum vici_element element;
	gssize len;

	while ((len = vici_packet(data, size)) > 0) {
		if ((size_t)len > size)
			abort();
		if (vici_read(&reader, data, (size_t)len))
			do
				element = vici_next(&reader);
			while (element != VICI_END && element != VICI_WRONG);
		if (strlen(reader.name) >= VICI_TEXT_MAX || strlen(reader.value) >= VICI_TEXT_MAX)
			abort();
		data += len;
		size -= (size_t)len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gre_tunnel tunnel = { .has_key = size & 1 };

	read_packets(data, size);
	if (gre_strip(&tunnel, data, size) >= MAX(size, 1))
		abort();
	return 0;
}
