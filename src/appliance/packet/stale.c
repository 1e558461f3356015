/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/packet/stale.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES 65536

static bool same_snat(const struct document *a, const struct document *b)
{
	bool same = a->snat->len == b->snat->len;

	for (guint i = 0; same && i < a->snat->len; i++) {
		const struct document_snat *one = &g_array_index(a->snat, struct document_snat, i),
					   *other =
						   &g_array_index(b->snat, struct document_snat, i);

		same = ip_equal(&one->cidr.ip, &other->cidr.ip) &&
		       one->cidr.len == other->cidr.len && ip_equal(&one->address, &other->address);
	}
	return same;
}

static bool same_floating_ips(const struct document *a, const struct document *b)
{
	bool same = a->floating_ips->len == b->floating_ips->len;

	for (guint i = 0; same && i < a->floating_ips->len; i++) {
		const struct document_floating_ip *one = &g_array_index(a->floating_ips,
							  struct document_floating_ip, i),
						  *other = &g_array_index(b->floating_ips,
							  struct document_floating_ip, i);

		same = ip_equal(&one->floating, &other->floating) &&
		       ip_equal(&one->fixed, &other->fixed);
	}
	return same;
}

bool stale_may_be(const struct document *before, const struct document *now)
{
	return before && !(same_snat(before, now) && same_floating_ips(before, now));
}

static bool any_contains(const GArray *prefixes, const struct ip *ip)
{
	for (guint i = 0; i < prefixes->len; i++) {
		struct prefix prefix = g_array_index(prefixes, struct prefix, i);

		if (prefix_contains(&prefix, ip))
			return true;
	}
	return false;
}

static bool any_is(const GArray *prefixes, const struct ip *ip)
{
	for (guint i = 0; i < prefixes->len; i++)
		if (ip_equal(&g_array_index(prefixes, struct prefix, i).ip, ip))
			return true;
	return false;
}

static bool is_own(const struct document *document, const struct ip *ip)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (any_is(interface->addresses, ip) || any_is(interface->virtual_addresses, ip))
			return true;
	}
	return false;
}

/* Not behind the public NIC, as far as that is known. */
static bool is_inside(const struct document *document, const struct ip *ip)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (interface->role == ROLE_GUEST &&
			(any_contains(interface->addresses, ip) ||
				any_contains(interface->virtual_addresses, ip)))
			return true;
	}
	return ip_is_link_local(ip) || ip_is_multicast(ip) || is_own(document, ip);
}

static bool is_translated(const struct document *document, const struct ip *guest)
{
	for (guint i = 0; i < document->snat->len; i++)
		if (prefix_contains(
			    &g_array_index(document->snat, struct document_snat, i).cidr, guest))
			return true;
	return false;
}

/* The guest whose floating IP that is; NULL: nobody's. */
static const struct ip *fixed_of(const struct document *document, const struct ip *floating)
{
	for (guint i = 0; i < document->floating_ips->len; i++) {
		const struct document_floating_ip *one =
			&g_array_index(document->floating_ips, struct document_floating_ip, i);

		if (ip_equal(&one->floating, floating))
			return &one->fixed;
	}
	return NULL;
}

bool stale_is(const struct document *document, const struct stale_flow *flow)
{
	bool source = !ip_equal(&flow->from, &flow->answer_to),
	     destination = !ip_equal(&flow->to, &flow->answer_from);
	const struct ip *fixed = fixed_of(document, &flow->to);

	if (source && !is_own(document, &flow->answer_to))
		return true;
	if (destination)
		return !is_own(document, &flow->to) ||
		       (fixed && !ip_equal(fixed, &flow->answer_from));
	return !source &&
	       ((is_translated(document, &flow->from) && !is_inside(document, &flow->to) &&
			!is_own(document, &flow->from)) ||
		       (is_translated(document, &flow->to) && !is_inside(document, &flow->from)));
}

/* Attributes of a message, or of one of its attributes: borrowed from it. */
static void parse(const void *data, size_t len, const struct nlattr *ret[], unsigned max)
{
	const struct nlattr *at = data;

	memset(ret, 0, (max + 1) * sizeof(*ret));
	while (len >= sizeof(*at) && at->nla_len >= sizeof(*at) && at->nla_len <= len) {
		size_t step = NLA_ALIGN(at->nla_len);
		unsigned type = at->nla_type & NLA_TYPE_MASK;

		if (type <= max)
			ret[type] = at;
		if (step >= len)
			return;
		len -= step;
		at = (const void *)((const u8 *)at + step);
	}
}

static void parse_nested(const struct nlattr *attr, const struct nlattr *ret[], unsigned max)
{
	parse(attr + 1, attr ? attr->nla_len - sizeof(*attr) : 0, ret, max);
}

static bool read_ip(const struct nlattr *attr, struct ip *ret)
{
	*ret = (struct ip){ .family = 4 };
	if (!attr || attr->nla_len != sizeof(*attr) + 4)
		return false;
	memcpy(ret->b, attr + 1, 4);
	return true;
}

static bool read_tuple(const struct nlattr *tuple, struct ip *ret_from, struct ip *ret_to)
{
	const struct nlattr *parts[CTA_TUPLE_MAX + 1], *ips[CTA_IP_MAX + 1];

	if (!tuple)
		return false;
	parse_nested(tuple, parts, CTA_TUPLE_MAX);
	if (!parts[CTA_TUPLE_IP])
		return false;
	parse_nested(parts[CTA_TUPLE_IP], ips, CTA_IP_MAX);
	return read_ip(ips[CTA_IP_V4_SRC], ret_from) && read_ip(ips[CTA_IP_V4_DST], ret_to);
}

struct request {
	struct nlmsghdr header;
	struct nfgenmsg family;
	u8 room[1024];
};

static struct request request_of(u16 type, u16 flags)
{
	return (struct request){ .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)),
					 .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | type,
					 .nlmsg_flags = NLM_F_REQUEST | flags },
		.family = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 } };
}

static void copy_attr(struct request *request, const struct nlattr *attr)
{
	u32 at = NLMSG_ALIGN(request->header.nlmsg_len);

	if (!attr || at + attr->nla_len > sizeof(*request))
		return;
	memcpy((u8 *)request + at, attr, attr->nla_len);
	request->header.nlmsg_len = at + attr->nla_len;
}

/* Its id tells it from one that has come in its place meanwhile. */
static void judge(int fd, const struct document *document, const struct nlmsghdr *message)
{
	struct request request = request_of(IPCTNL_MSG_CT_DELETE, 0);
	const struct nlattr *attrs[CTA_MAX + 1];
	struct stale_flow flow;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)))
		return;
	parse((const u8 *)NLMSG_DATA(message) + NLMSG_ALIGN(sizeof(struct nfgenmsg)),
		message->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg)), attrs, CTA_MAX);
	if (!read_tuple(attrs[CTA_TUPLE_ORIG], &flow.from, &flow.to) ||
		!read_tuple(attrs[CTA_TUPLE_REPLY], &flow.answer_from, &flow.answer_to) ||
		!stale_is(document, &flow))
		return;
	copy_attr(&request, attrs[CTA_TUPLE_ORIG]);
	copy_attr(&request, attrs[CTA_ID]);
	copy_attr(&request, attrs[CTA_ZONE]);
	send(fd, &request, request.header.nlmsg_len, 0); /* it may be gone by itself */
}

/* False: that was all, or *@ret_error. */
static bool take(const struct document *document, int dump, int fd, char *buffer, int *ret_error)
{
	ssize_t len = recv(dump, buffer, BUFFER_BYTES, 0);
	const struct nlmsghdr *message = (void *)buffer;

	*ret_error = len < 0 ? errno : 0;
	if (len <= 0)
		return false;
	for (; NLMSG_OK(message, len); message = NLMSG_NEXT(message, len)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return false;
		if (message->nlmsg_type == NLMSG_ERROR) {
			*ret_error = -((const struct nlmsgerr *)NLMSG_DATA(message))->error;
			return false;
		}
		judge(fd, document, message);
	}
	return true;
}

bool stale_forget(const struct document *document, GError **error)
{
	struct request all = request_of(IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	int dump = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	g_autofree char *buffer = g_malloc(BUFFER_BYTES);
	int failed = 0;

	if (dump < 0 || fd < 0 || send(dump, &all, all.header.nlmsg_len, 0) < 0)
		failed = errno;
	while (!failed && take(document, dump, fd, buffer, &failed))
		;
	if (dump >= 0)
		close(dump);
	if (fd >= 0)
		close(fd);
	return !failed || weft_fail_errno(error, failed, "look at the kernel's connections");
}
