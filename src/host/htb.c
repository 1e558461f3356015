/* SPDX-License-Identifier: Apache-2.0 */
#include "host/htb.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "host/rtnl.h"

#define HTB_VERSION 3	     /* of the kernel's interface */
#define PSCHED_TICK_NS 64    /* net/pkt_sched.h, PSCHED_SHIFT */
#define MIN_BURST_BYTES 3200 /* two full packets: what comes late must not be lost */
#define MIN_BURST_MS 4
#define QUANTUM_BYTES 16384 /* how much of what is left over a class takes in its turn */

static struct tcmsg *start(
	struct rtnl_request *request, u16 type, u16 flags, u32 ifindex, u32 handle, u32 parent)
{
	struct tcmsg *tc = rtnl_request_init(request, type, flags, sizeof(*tc));

	tc->tcm_ifindex = (int)ifindex;
	tc->tcm_handle = handle;
	tc->tcm_parent = parent;
	return tc;
}

struct root {
	u32 major;
	bool found;
};

static int take_kind(const struct nlattr *attr, void *data)
{
	struct root *root = data;

	if (mnl_attr_get_type(attr) == TCA_KIND && !strcmp(mnl_attr_get_str(attr), "htb"))
		root->found = true;
	return MNL_CB_OK;
}

static int take_qdisc(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct root *root = data;

	if (message->nlmsg_type == RTM_NEWQDISC && tc->tcm_parent == TC_H_ROOT &&
		tc->tcm_handle == root->major << 16)
		mnl_attr_parse(message, sizeof(*tc), take_kind, root);
	return MNL_CB_OK;
}

static bool has_root(struct rtnl *rtnl, u32 ifindex, u32 major)
{
	struct root root = { .major = major };
	struct rtnl_request request;
	int kernel_errno;

	/* the answer is a notification: who does not ask for its echo is told nothing */
	start(&request, RTM_GETQDISC, NLM_F_ECHO, ifindex, 0, TC_H_ROOT);
	return rtnl_talk(rtnl, &request, take_qdisc, &root, &kernel_errno, NULL) && root.found;
}

bool htb_root(struct rtnl *rtnl, u32 ifindex, u32 major, u32 default_minor, GError **error)
{
	struct tc_htb_glob init = {
		.version = HTB_VERSION, .rate2quantum = 10, .defcls = default_minor
	};
	struct rtnl_request request;
	struct nlattr *options;
	int kernel_errno;

	if (has_root(rtnl, ifindex, major))
		return true;
	start(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex, major << 16,
		TC_H_ROOT);
	mnl_attr_put_strz(rtnl_header(&request), TCA_KIND, "htb");
	options = mnl_attr_nest_start(rtnl_header(&request), TCA_OPTIONS);
	mnl_attr_put(rtnl_header(&request), TCA_HTB_INIT, sizeof(init), &init);
	mnl_attr_nest_end(rtnl_header(&request), options);
	if (rtnl_talk(rtnl, &request, NULL, NULL, &kernel_errno, error))
		return true;
	g_prefix_error(error, "the queueing discipline HTB on device %u: ", ifindex);
	return false;
}

bool htb_root_delete(struct rtnl *rtnl, u32 ifindex, u32 major, GError **error)
{
	g_autoptr(GError) why = NULL;
	struct rtnl_request request;
	int kernel_errno;

	if (!has_root(rtnl, ifindex, major))
		return true;
	start(&request, RTM_DELQDISC, 0, ifindex, major << 16, TC_H_ROOT);
	if (rtnl_talk(rtnl, &request, NULL, NULL, &kernel_errno, &why) || kernel_errno == ENOENT ||
		kernel_errno == EINVAL || kernel_errno == ENODEV)
		return true;
	g_propagate_prefixed_error(
		error, g_steal_pointer(&why), "the queueing discipline of device %u: ", ifindex);
	return false;
}

/* The rate in the old field too, as far as it goes. */
static struct tc_ratespec rate_spec(u64 bytes_per_second)
{
	return (struct tc_ratespec){ .linklayer = TC_LINKLAYER_ETHERNET,
		.rate = (u32)MIN(bytes_per_second, UINT32_MAX) };
}

static u32 ticks(u64 bytes, u64 bytes_per_second)
{
	u64 ns = bytes * 1000000000 / bytes_per_second;

	return (u32)MIN(ns / PSCHED_TICK_NS, UINT32_MAX);
}

static u64 burst_at(const struct htb_class *class, u64 bytes_per_second)
{
	return MAX(
		MAX(class->burst_bytes, bytes_per_second * MIN_BURST_MS / 1000), MIN_BURST_BYTES);
}

bool htb_class_put(struct rtnl *rtnl, const struct htb_class *class, GError **error)
{
	u64 rate = MAX(class->rate_bps / 8, 1), ceil = MAX(class->ceil_bps / 8, 1);
	struct tc_htb_opt options = { .rate = rate_spec(rate),
		.ceil = rate_spec(ceil),
		.buffer = ticks(burst_at(class, rate), rate),
		.cbuffer = ticks(burst_at(class, ceil), ceil),
		.quantum = QUANTUM_BYTES };
	struct rtnl_request request;
	struct nlattr *nest;
	int kernel_errno;

	start(&request, RTM_NEWTCLASS, NLM_F_CREATE, class->ifindex, class->id, class->parent);
	mnl_attr_put_strz(rtnl_header(&request), TCA_KIND, "htb");
	nest = mnl_attr_nest_start(rtnl_header(&request), TCA_OPTIONS);
	mnl_attr_put(rtnl_header(&request), TCA_HTB_PARMS, sizeof(options), &options);
	mnl_attr_put_u64(rtnl_header(&request), TCA_HTB_RATE64, rate);
	mnl_attr_put_u64(rtnl_header(&request), TCA_HTB_CEIL64, ceil);
	mnl_attr_nest_end(rtnl_header(&request), nest);
	if (rtnl_talk(rtnl, &request, NULL, NULL, &kernel_errno, error))
		return true;
	g_prefix_error(error, "class %x:%x of device %u: ", class->id >> 16, class->id & 0xffff,
		class->ifindex);
	return false;
}

bool htb_class_delete(struct rtnl *rtnl, u32 ifindex, u32 id, GError **error)
{
	g_autoptr(GError) why = NULL;
	struct rtnl_request request;
	int kernel_errno;

	start(&request, RTM_DELTCLASS, 0, ifindex, id, 0);
	if (rtnl_talk(rtnl, &request, NULL, NULL, &kernel_errno, &why) || kernel_errno == ENOENT ||
		kernel_errno == ENODEV || kernel_errno == EINVAL)
		return true;
	g_propagate_prefixed_error(error, g_steal_pointer(&why),
		"class %x:%x of device %u: ", id >> 16, id & 0xffff, ifindex);
	return false;
}
