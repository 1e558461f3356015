/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shaper of bpf/shaper.h: a pair of veths, made when the first limit of bandwidth comes, with a
 * class of HTB for each; packets that conntrack helpers give back enter by it too, unlimited. The
 * limits themselves hold without it; it makes them smooth.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include "datapath/internal.h"
#include "host/htb.h"
#include "host/link.h"
#include "host/rtnl.h"
#include "host/sysctl.h"

#define SHAPER_IN "weft-shape"
#define SHAPER_OUT "weft-shaped"
#define SHAPER_MTU 65535
/* Packets of a class that wait: more than a limit ever lets in, so that it alone drops. */
#define SHAPER_QUEUE 100000

static void put_end(struct nlmsghdr *header, const char *name)
{
	mnl_attr_put_strz(header, IFLA_IFNAME, name);
	mnl_attr_put_u32(header, IFLA_MTU, SHAPER_MTU);
	mnl_attr_put_u32(header, IFLA_TXQLEN, SHAPER_QUEUE);
}

static bool create(struct dp *dp, GError **error)
{
	struct rtnl_request request;
	struct nlattr *info, *data, *peer;
	struct nlmsghdr *header;
	int kernel_errno;

	rtnl_request_init(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
		sizeof(struct ifinfomsg));
	header = rtnl_header(&request);
	put_end(header, SHAPER_IN);
	info = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(header, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
	put_end(header, SHAPER_OUT);
	mnl_attr_nest_end(header, peer);
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, info);
	if (rtnl_talk(dp->rtnl, &request, NULL, NULL, &kernel_errno, error))
		return true;
	g_prefix_error(error, "Can't make the devices " SHAPER_IN " and " SHAPER_OUT ": ");
	return false;
}

/* The host has nothing to say on it. A kernel without IPv6 has no such setting. */
static bool prepare_end(struct dp *dp, const char *name, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (!sysctl_ipv6_set(name, "disable_ipv6", "1", &why) &&
		!g_error_matches(why, WEFT_ERROR, WEFT_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	return link_set_up(dp->rtnl, if_nametoindex(name), error);
}

bool shaper_pair(struct dp *dp, u32 *ret_ifindex, GError **error)
{
	if (dp->pair_ifindex && dp->pair_ifindex == if_nametoindex(SHAPER_IN)) {
		*ret_ifindex = dp->pair_ifindex;
		return true;
	}
	if (!if_nametoindex(SHAPER_IN) && !create(dp, error))
		return false;
	/* in this order the first has a carrier at once, and loses nothing that comes soon */
	if (!prepare_end(dp, SHAPER_OUT, error) || !prepare_end(dp, SHAPER_IN, error) ||
		!attach_put(dp, if_nametoindex(SHAPER_OUT), ATTACH_SHAPER, error))
		return false;
	*ret_ifindex = dp->pair_ifindex = if_nametoindex(SHAPER_IN);
	return true;
}

static bool ensure(struct dp *dp, GError **error)
{
	u32 ifindex = if_nametoindex(SHAPER_IN);

	if (ifindex && ifindex == dp->host.shaper_ifindex)
		return true;
	if (!shaper_pair(dp, &ifindex, error) ||
		!htb_root(dp->rtnl, ifindex, SHAPER_MAJOR, 0, error)) {
		g_prefix_error(error, "Can't limit bandwidth: ");
		return false;
	}
	dp->host.shaper_ifindex = ifindex;
	return host_write(dp, error);
}

bool shaper_put(struct dp *dp, u32 limit, u64 rate_bps, u64 burst_bytes, GError **error)
{
	struct htb_class class = { .id = SHAPER_CLASS(limit),
		.parent = SHAPER_MAJOR << 16,
		.rate_bps = rate_bps,
		.ceil_bps = rate_bps,
		.burst_bytes = burst_bytes };

	if (!ensure(dp, error))
		return false;
	class.ifindex = dp->host.shaper_ifindex;
	return htb_class_put(dp->rtnl, &class, error);
}

bool shaper_remove(struct dp *dp, u32 limit, GError **error)
{
	return !dp->host.shaper_ifindex ||
	       htb_class_delete(dp->rtnl, dp->host.shaper_ifindex, SHAPER_CLASS(limit), error);
}

bool shaper_delete(GError **error)
{
	return device_delete(SHAPER_IN, error);
}
