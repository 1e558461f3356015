/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from the data path to the agent, and back to a guest. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "datapath/internal.h"
#include "edge.skel.h"

static int on_punt(void *data, void *record, size_t size)
{
	struct dp *dp = data;
	const struct punt *punt = record;

	if (size >= sizeof(*punt) && punt->len <= size - offsetof(struct punt, frame) &&
		dp->punt_cb)
		dp->punt_cb(punt->ifindex, (enum dp_punt_reason)punt->reason, punt->frame,
			punt->len, dp->punt_data);
	return 0;
}

bool punt_open(struct dp *dp, GError **error)
{
	_Static_assert(DP_PUNT_DHCP4 == (int)PUNT_DHCP4 && DP_PUNT_METADATA == (int)PUNT_METADATA &&
			       DP_PUNT_ANNOUNCED == (int)PUNT_ANNOUNCED,
		"same order");
	dp->punts = ring_buffer__new(bpf_map__fd(dp->edge->maps.punts), on_punt, dp, NULL);
	return dp->punts || weft_fail_errno(error, errno, "Can't read what the edge switch punts");
}

int dp_punt_fd(const struct dp *dp)
{
	return ring_buffer__epoll_fd(dp->punts);
}

void dp_punt_dispatch(struct dp *dp, dp_punt_cb cb, void *data)
{
	dp->punt_cb = cb;
	dp->punt_data = data;
	ring_buffer__consume(dp->punts);
	dp->punt_cb = NULL;
}

bool dp_punt_announced(const u8 *frame, size_t len, struct dp_announcement *ret)
{
	struct announcement said;

	if (len != sizeof(said))
		return false;
	memcpy(&said, frame, sizeof(said));
	ret->ip = ip_from_addr(&said.addr);
	memcpy(ret->mac.b, said.mac, sizeof(ret->mac.b));
	ret->solicited = said.solicited;
	return true;
}

static bool inject(u32 ifindex, const u8 *frame, size_t len, GError **error)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)ifindex, .sll_halen = ETH_ALEN
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	ssize_t sent;

	if (fd < 0)
		return weft_fail_errno(error, errno, "Can't open a packet socket");
	if (len >= ETH_HLEN)
		memcpy(to.sll_addr, frame, ETH_ALEN);
	sent = sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to));
	if (sent < 0)
		weft_fail_errno(error, errno, "Can't send %zu bytes to the guest at device %u", len,
			ifindex);
	close(fd);
	return sent >= 0;
}

/* The frame with the tag of the subport @number; the caller's. */
static u8 *tagged(u32 number, const u8 *frame, size_t len)
{
	const u16 tag[] = { htons(ETH_P_8021Q), htons((u16)SUBPORT_VLAN(number)) };
	u8 *copy = g_malloc(len + sizeof(tag));

	memcpy(copy, frame, 2 * ETH_ALEN);
	memcpy(copy + 2 * ETH_ALEN, tag, sizeof(tag));
	memcpy(copy + 2 * ETH_ALEN + sizeof(tag), frame + 2 * ETH_ALEN, len - 2 * ETH_ALEN);
	return copy;
}

bool dp_inject(struct dp *dp, u32 ifindex, const u8 *frame, size_t len, GError **error)
{
	g_autofree u8 *copy = NULL;

	(void)dp;
	if (ifindex & EDGE_SUBPORT && len >= ETH_HLEN) {
		copy = tagged(ifindex, frame, len);
		return inject(SUBPORT_IFINDEX(ifindex), copy, len + 4, error);
	}
	return inject(ifindex, frame, len, error);
}
