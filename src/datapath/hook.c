/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clsact qdisc that filters hang on. One that weft made goes when weft leaves the device,
 * unless somebody else has filters on it by then; one that was there stays. What weft made is
 * remembered by a directory beside the pins, links/<ifindex>-clsact: a BPF file system keeps no
 * files.
 */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "datapath/internal.h"
#include "host/rtnl.h"

static char *marker(const char *pin_dir, u32 ifindex)
{
	return g_strdup_printf("%s/links/%u-clsact", pin_dir, ifindex);
}

bool hook_make(const char *pin_dir, u32 ifindex, GError **error)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	g_autofree char *path = marker(pin_dir, ifindex);
	int rc = bpf_tc_hook_create(&hook);

	if (rc == -EEXIST)
		return true;
	if (rc)
		return weft_fail_errno(error, -rc, "Can't add a clsact hook to device %u", ifindex);
	if (mkdir(path, 0700) && errno != EEXIST)
		return weft_fail_errno(error, errno, "Can't make %s", path);
	return true;
}

static int count(const struct nlmsghdr *header, void *data)
{
	unsigned *n = data;

	*n += header->nlmsg_type == RTM_NEWTFILTER;
	return MNL_CB_OK;
}

/* Whether anything hangs on the hook still; true when it can't be told. */
static bool is_used(struct rtnl *rtnl, u32 ifindex)
{
	static const u32 parents[] = { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS) };
	unsigned n = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(parents); i++) {
		struct rtnl_request request;
		struct tcmsg *tc;
		int kernel_errno;

		tc = rtnl_request_init(&request, RTM_GETTFILTER, NLM_F_DUMP, sizeof(*tc));
		tc->tcm_ifindex = (int)ifindex;
		tc->tcm_parent = parents[i];
		if (!rtnl_talk(rtnl, &request, count, &n, &kernel_errno, NULL))
			return true;
	}
	return n > 0;
}

void hook_release(const char *pin_dir, u32 ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		.attach_point = (enum bpf_tc_attach_point)(BPF_TC_INGRESS | BPF_TC_EGRESS));
	g_autofree char *path = marker(pin_dir, ifindex);
	struct rtnl *rtnl;
	int rc;

	if (rmdir(path))
		return; /* not ours */
	if (!rtnl_open(&rtnl, NULL))
		return;
	if (!is_used(rtnl, ifindex)) {
		rc = bpf_tc_hook_destroy(&hook);
		if (rc && rc != -ENOENT && rc != -EINVAL && rc != -ENODEV)
			log_warning("can't remove the clsact hook of device %u: %s", ifindex,
				g_strerror(-rc));
	}
	rtnl_close(rtnl);
}
