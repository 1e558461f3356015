/* SPDX-License-Identifier: Apache-2.0 */
#include "host/link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "host/rtnl.h"

struct parsed {
	struct link link;
	char *alias; /* LINK_ALIAS_SIZE bytes */
};

static int take_kind(const struct nlattr *attr, void *data)
{
	struct link *link = data;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		g_strlcpy(link->kind, mnl_attr_get_str(attr), sizeof(link->kind));
	return MNL_CB_OK;
}

static int take_attribute(const struct nlattr *attr, void *data)
{
	struct parsed *parsed = data;
	struct link *link = &parsed->link;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		g_strlcpy(link->name, mnl_attr_get_str(attr), sizeof(link->name));
		break;
	case IFLA_IFALIAS:
		g_strlcpy(parsed->alias, mnl_attr_get_str(attr), LINK_ALIAS_SIZE);
		break;
	case IFLA_MTU:
		link->mtu_bytes = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attr, take_kind, link);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

void link_from_message(
	const struct nlmsghdr *message, struct link *ret, char ret_alias[static LINK_ALIAS_SIZE])
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct parsed parsed = {
		.link = { .ifindex = (u32)info->ifi_index, .flags = info->ifi_flags },
		.alias = ret_alias,
	};

	ret_alias[0] = '\0';
	mnl_attr_parse(message, sizeof(*info), take_attribute, &parsed);
	*ret = parsed.link;
}

#define DUMP_TRIES 20

struct visit {
	link_cb cb;
	void *data;
};

static int visit_link(const struct nlmsghdr *message, void *data)
{
	const struct visit *visit = data;
	char alias[LINK_ALIAS_SIZE];
	struct link link;

	if (message->nlmsg_type == RTM_NEWLINK) {
		link_from_message(message, &link, alias);
		visit->cb(&link, alias, visit->data);
	}
	return MNL_CB_OK;
}

bool link_foreach(struct rtnl *rtnl, link_cb cb, void *data, GError **error)
{
	struct visit visit = { cb, data };
	struct rtnl_request request;
	int kernel_errno;

	for (int tries = 1;; tries++) {
		g_autoptr(GError) why = NULL;

		rtnl_request_init(&request, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
		if (rtnl_talk(rtnl, &request, visit_link, &visit, &kernel_errno, &why))
			return true;
		/* devices came or went meanwhile, and some may be missing from the list */
		if (kernel_errno == EINTR && tries < DUMP_TRIES)
			continue;
		g_propagate_prefixed_error(error, g_steal_pointer(&why), "listing devices: ");
		return false;
	}
}

static void keep_link(const struct link *link, const char *alias, void *data)
{
	(void)alias;
	*(struct link *)data = *link;
}

bool link_get(struct rtnl *rtnl, const char *name, struct link *ret, GError **error)
{
	struct link link = { 0 };
	struct visit visit = { keep_link, &link };
	g_autoptr(GError) why = NULL;
	struct rtnl_request request;
	int kernel_errno = ENODEV;

	if (*name && strlen(name) < IFNAMSIZ) {
		rtnl_request_init(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
		mnl_attr_put_strz(rtnl_header(&request), IFLA_IFNAME, name);
		if (rtnl_talk(rtnl, &request, visit_link, &visit, &kernel_errno, &why) &&
			link.ifindex) {
			*ret = link;
			return true;
		}
	}
	if (!why || kernel_errno == ENODEV)
		return weft_fail(
			error, DEVICE_NOT_FOUND, "there is no device \"%s\" on this host", name);
	g_propagate_prefixed_error(error, g_steal_pointer(&why), "device %s: ", name);
	return false;
}

static bool change(struct rtnl *rtnl, struct rtnl_request *request, const char *what, u32 ifindex,
	GError **error)
{
	int kernel_errno;

	if (rtnl_talk(rtnl, request, NULL, NULL, &kernel_errno, error))
		return true;
	g_prefix_error(error, "%s of device %u: ", what, ifindex);
	return false;
}

bool link_set_up(struct rtnl *rtnl, u32 ifindex, GError **error)
{
	struct rtnl_request request;
	struct ifinfomsg *info =
		rtnl_request_init(&request, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));

	info->ifi_index = (int)ifindex;
	info->ifi_flags = info->ifi_change = IFF_UP;
	return change(rtnl, &request, "setting up", ifindex, error);
}

bool link_set_mtu(struct rtnl *rtnl, u32 ifindex, u32 mtu_bytes, GError **error)
{
	struct rtnl_request request;
	struct ifinfomsg *info =
		rtnl_request_init(&request, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));

	info->ifi_index = (int)ifindex;
	mnl_attr_put_u32(rtnl_header(&request), IFLA_MTU, mtu_bytes);
	return change(rtnl, &request, "setting the MTU", ifindex, error);
}
