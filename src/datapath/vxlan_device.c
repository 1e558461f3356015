/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own vxlan device, in collect-metadata mode: it has no network and no peers, it only
 * decapsulates. Three uses: tunnel traffic for taps goes through it (bpf/decap.h says why); with it
 * present the kernel's GRO merges tunnel packets; and being ours, it may have forwarding enabled,
 * which bpf_fib_lookup() asks of the device it is shown (bpf/vtep.h). Nothing ever reaches the
 * host's own stack from it: the program on it takes every packet.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "datapath/internal.h"
#include "host/link.h"
#include "host/rtnl.h"

static bool create(struct dp *dp, GError **error)
{
	struct rtnl_request request;
	struct nlmsghdr *header;
	struct nlattr *info, *data;
	int kernel_errno;

	rtnl_request_init(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
		sizeof(struct ifinfomsg));
	header = rtnl_header(&request);
	mnl_attr_put_strz(header, IFLA_IFNAME, VXLAN_DEVICE);
	info = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, "vxlan");
	data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	mnl_attr_put_u8(header, IFLA_VXLAN_COLLECT_METADATA, 1);
	mnl_attr_put_u8(header, IFLA_VXLAN_LEARNING, 0);
	mnl_attr_put_u16(header, IFLA_VXLAN_PORT, htons(EDGE_VXLAN_PORT));
	mnl_attr_put_u8(header, IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 1);
	mnl_attr_put_u8(header, IFLA_VXLAN_UDP_ZERO_CSUM6_TX, 1);
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, info);
	if (rtnl_talk(dp->rtnl, &request, NULL, NULL, &kernel_errno, error))
		return true;
	g_prefix_error(error, "Can't make the device " VXLAN_DEVICE ": ");
	return false;
}

/* A kernel without one of the families has no such file, and needs none. */
static void enable_forwarding(const char *family)
{
	g_autofree char *path =
		g_strdup_printf("/proc/sys/net/%s/conf/" VXLAN_DEVICE "/forwarding", family);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = write(fd, "1", 1);
	(void)n;
	close(fd);
}

bool vxlan_device_ensure(struct dp *dp, u32 *ret_ifindex, GError **error)
{
	u32 ifindex = if_nametoindex(VXLAN_DEVICE);

	if (!ifindex) {
		if (!create(dp, error))
			return false;
		ifindex = if_nametoindex(VXLAN_DEVICE);
	}
	enable_forwarding("ipv4");
	enable_forwarding("ipv6");
	if (!link_set_up(dp->rtnl, ifindex, error))
		return false;
	*ret_ifindex = ifindex;
	return true;
}

bool vxlan_device_delete(GError **error)
{
	return device_delete(VXLAN_DEVICE, error);
}

bool device_delete(const char *name, GError **error)
{
	u32 ifindex = if_nametoindex(name);
	struct rtnl_request request;
	struct ifinfomsg *link;
	struct rtnl *rtnl;
	int kernel_errno;
	bool ok;

	if (!ifindex)
		return true;
	if (!rtnl_open(&rtnl, error))
		return false;
	link = rtnl_request_init(&request, RTM_DELLINK, NLM_F_ACK, sizeof(*link));
	link->ifi_index = (int)ifindex;
	ok = rtnl_talk(rtnl, &request, NULL, NULL, &kernel_errno, error);
	rtnl_close(rtnl);
	return ok;
}
