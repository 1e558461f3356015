/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/wireguard.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/kernel.h"
#include "appliance/program.h"

#define SESSION_S 180 /* REJECT_AFTER_TIME of the protocol: without a newer one it is over */

bool wireguard_find(const char *text, const char *public_key, u64 *ret_first, u64 *ret_second)
{
	const char *line = strstr(text, public_key);
	char *end;

	*ret_first = *ret_second = 0;
	if (!line)
		return false;
	*ret_first = strtoull(line + strlen(public_key), &end, 10);
	if (*end == '\t')
		*ret_second = strtoull(end, NULL, 10);
	return true;
}

static void append_peer(const struct document_wireguard_peer *peer, const char *handshakes,
	const char *transfer, struct json_writer *w)
{
	u64 last, nothing, rx, tx;
	s64 age;

	wireguard_find(handshakes, peer->public_key, &last, &nothing);
	wireguard_find(transfer, peer->public_key, &rx, &tx);
	age = g_get_real_time() / G_USEC_PER_SEC - (s64)last;
	jw_begin_object(w);
	jw_member_string(w, "public_key", peer->public_key);
	jw_member_string(w, "status", last && age < SESSION_S ? "ACTIVE" : "DOWN");
	jw_member_string(w, "status_reason",
		!last		   ? "no handshake has been made yet"
		: age >= SESSION_S ? "the last handshake is too long ago"
				   : NULL);
	jw_member_string(w, "data_path", kernel_has_wireguard() ? "kernel" : "user space");
	jw_member_int(w, "rx_bytes", (s64)rx);
	jw_member_int(w, "tx_bytes", (s64)tx);
	jw_end_object(w);
}

void wireguard_append(const struct document *document, struct json_writer *w)
{
	static const char *const handshakes[] = { "wg", "show", WIREGUARD_DEVICE,
		"latest-handshakes", NULL };
	static const char *const transfer[] = { "wg", "show", WIREGUARD_DEVICE, "transfer", NULL };
	const GArray *peers = document->wireguard.peers;
	g_autofree char *made = NULL, *moved = NULL;

	jw_begin_array(w);
	if (document->wireguard.enabled &&
		(!program_run(handshakes, &made, NULL) || !program_run(transfer, &moved, NULL))) {
		g_clear_pointer(&made, g_free);
		g_clear_pointer(&moved, g_free);
	}
	for (guint i = 0; i < peers->len; i++)
		append_peer(&g_array_index(peers, struct document_wireguard_peer, i), made ?: "",
			moved ?: "", w);
	jw_end_array(w);
}
