/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the kernel's neighbour entries of the peers' next hops alive. Unicast resolves its next hop
 * by itself (bpf_redirect_neigh waits with the packet), but copies of a broadcast and frames that
 * are not IP need the MAC at once. So the kernel is asked to resolve when a peer becomes known, and
 * once a second again where the data path did not find the MAC.
 */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "datapath/internal.h"
#include "edge.skel.h"
#include "host/rtnl.h"

struct next_hop {
	u32 ifindex;
	struct ip ip;
};

static int on_route_attribute(const struct nlattr *attr, void *data)
{
	struct next_hop *hop = data;
	u16 len = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) == RTA_OIF)
		hop->ifindex = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == RTA_GATEWAY && len == ip_bytes(&hop->ip))
		memcpy(hop->ip.b, mnl_attr_get_payload(attr), len);
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *message, void *data)
{
	return mnl_attr_parse(message, sizeof(struct rtmsg), on_route_attribute, data);
}

static int family_of(const struct ip *ip)
{
	return ip->family == 4 ? AF_INET : AF_INET6;
}

static bool find_next_hop(struct dp *dp, const struct ip *ip, struct next_hop *ret)
{
	struct next_hop hop = { .ip = *ip };
	struct rtnl_request request;
	struct rtmsg *route;
	int kernel_errno;

	route = rtnl_request_init(&request, RTM_GETROUTE, 0, sizeof(*route));
	route->rtm_family = (unsigned char)family_of(ip);
	route->rtm_dst_len = (unsigned char)ip_bits(ip);
	mnl_attr_put(rtnl_header(&request), RTA_DST, ip_bytes(ip), ip->b);
	if (!rtnl_talk(dp->rtnl, &request, on_route, &hop, &kernel_errno, NULL) || !hop.ifindex)
		return false;
	*ret = hop;
	return true;
}

static struct ndmsg *neighbour_request(
	struct rtnl_request *request, u16 type, u16 flags, const struct next_hop *hop)
{
	struct ndmsg *neighbour = rtnl_request_init(request, type, flags, sizeof(*neighbour));

	neighbour->ndm_family = (unsigned char)family_of(&hop->ip);
	neighbour->ndm_ifindex = (int)hop->ifindex;
	mnl_attr_put(rtnl_header(request), NDA_DST, ip_bytes(&hop->ip), hop->ip.b);
	return neighbour;
}

static int on_neighbour(const struct nlmsghdr *message, void *data)
{
	*(u16 *)data = ((const struct ndmsg *)mnl_nlmsg_get_payload(message))->ndm_state;
	return MNL_CB_OK;
}

/* Whether the kernel has the entry and is not done with it: valid, permanent, or being resolved. */
static bool is_known(struct dp *dp, const struct next_hop *hop)
{
	struct rtnl_request request;
	int kernel_errno;
	u16 state = NUD_NONE;

	neighbour_request(&request, RTM_GETNEIGH, 0, hop);
	return rtnl_talk(dp->rtnl, &request, on_neighbour, &state, &kernel_errno, NULL) &&
	       state != NUD_NONE && state != NUD_FAILED;
}

void neigh_resolve(struct dp *dp, const struct ip *ip)
{
	struct next_hop hop;
	struct rtnl_request request;
	struct ndmsg *neighbour;
	int kernel_errno;

	/* no route: the data path counts what it can't send */
	if (!find_next_hop(dp, ip, &hop) || is_known(dp, &hop))
		return;
	/* as if a packet were sent; on an entry that is known this would forget its MAC first */
	neighbour = neighbour_request(&request, RTM_NEWNEIGH, NLM_F_CREATE, &hop);
	neighbour->ndm_flags = NTF_USE;
	rtnl_talk(dp->rtnl, &request, NULL, NULL, &kernel_errno, NULL);
}

void neigh_resolve_missing(struct dp *dp)
{
	int fd = bpf_map__fd(dp->edge->maps.vteps);
	GHashTableIter iter;
	gpointer id_pointer;
	struct vtep vtep;

	g_hash_table_iter_init(&iter, dp->vteps_by_id);
	while (g_hash_table_iter_next(&iter, &id_pointer, NULL)) {
		u32 id = GPOINTER_TO_UINT(id_pointer);
		bool missing = false;

		if (bpf_map_lookup_elem(fd, &id, &vtep))
			continue;
		for (int i = 0; i < EDGE_MULTIPATH; i++)
			missing |= vtep.hops[i].until && !vtep.hops[i].resolved;
		if (missing) {
			struct ip ip = ip_from_addr(&vtep.remote);

			neigh_resolve(dp, &ip);
		}
	}
}
