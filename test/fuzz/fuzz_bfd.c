/* SPDX-License-Identifier: Apache-2.0 */
/* BFD packets, one after the other into one session: it never breaks, and its timers stay sane. */
#include "agent/bfd/session.h"

#include <glib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bfd_session session;
	struct bfd_packet packet, out;
	u8 bytes[BFD_PACKET_BYTES];
	s64 now = 1;

	bfd_session_init(&session, 7, now);
	while (size) {
		size_t len = data[0] % 64 < size ? data[0] % 64 : size;

		if (!bfd_packet_read(data, len, &packet))
			bfd_session_receive(&session, &packet, now);
		if (bfd_session_transmit(&session, now, (u32)size, &out)) {
			bfd_packet_write(&out, bytes);
			g_assert_null(bfd_packet_read(bytes, sizeof(bytes), &packet));
			g_assert_cmpint(session.transmit_us, >, now);
		}
		bfd_session_expire(&session, now);
		g_assert_cmpint(session.state, >=, BFD_DOWN);
		g_assert_cmpint(session.state, <=, BFD_UP);
		now += 50000;
		data += len ? len : 1;
		size -= len ? len : 1;
	}
	return 0;
}
