/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <cmocka.h>

#include "host/link.h"
#include "host/link_monitor.h"
#include "host/rtnl.h"

static void count(const struct link *link, const char *alias, void *data)
{
	assert_true(link->ifindex > 0);
	assert_non_null(alias);
	++*(unsigned *)data;
}

static void loopback_is_found(void **state)
{
	g_autoptr(GError) error = NULL;
	struct rtnl *rtnl;
	struct link link;

	(void)state;
	if (!rtnl_open(&rtnl, &error))
		fail_msg("%s", error->message);
	assert_true(link_get(rtnl, "lo", &link, &error));
	assert_int_equal(link.ifindex, 1);
	assert_string_equal(link.name, "lo");
	assert_true(link.flags & IFF_LOOPBACK);
	unsigned n = 0;
	assert_true(link_foreach(rtnl, count, &n, &error));
	assert_true(n >= 1);
	rtnl_close(rtnl);
}

static void a_device_that_is_not_there_is_named(void **state)
{
	static const char *const names[] = { "weft-none", "",
		"a-name-that-is-too-long-for-a-device" };
	struct rtnl *rtnl;
	struct link link;

	(void)state;
	assert_true(rtnl_open(&rtnl, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;

		assert_false(link_get(rtnl, names[i], &link, &error));
		assert_true(g_error_matches(error, WEFT_ERROR, WEFT_ERROR_DEVICE_NOT_FOUND));
		assert_non_null(strstr(error->message, names[i]));
	}
	rtnl_close(rtnl);
}

static void a_message_becomes_a_link(void **state)
{
	struct rtnl_request request;
	struct ifinfomsg *info =
		rtnl_request_init(&request, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	struct nlmsghdr *header = rtnl_header(&request);
	char alias[LINK_ALIAS_SIZE];
	struct link link;

	(void)state;
	info->ifi_index = 7;
	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(header, IFLA_IFNAME, "tap0");
	mnl_attr_put_strz(header, IFLA_IFALIAS, "iface-id=x");
	mnl_attr_put_u32(header, IFLA_MTU, 1442);
	struct nlattr *nest = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, "tun");
	mnl_attr_nest_end(header, nest);
	link_from_message(header, &link, alias);
	assert_int_equal(link.ifindex, 7);
	assert_string_equal(link.name, "tap0");
	assert_string_equal(alias, "iface-id=x");
	assert_string_equal(link.kind, "tun");
	assert_int_equal(link.mtu_bytes, 1442);
}

static int want_no_more(const struct nlmsghdr *message, void *data)
{
	(void)message;
	(void)data;
	return MNL_CB_STOP;
}

/* What is left of an answer disturbs the next request as little as an interrupted dump does. */
static void an_answer_that_was_not_read(void **state)
{
	struct rtnl_request request;
	struct rtnl *rtnl;
	struct link link;
	int kernel_errno;

	(void)state;
	assert_true(rtnl_open(&rtnl, NULL));
	for (int i = 0; i < 3; i++) {
		rtnl_request_init(&request, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
		assert_true(rtnl_talk(rtnl, &request, want_no_more, NULL, &kernel_errno, NULL));
	}
	assert_true(link_get(rtnl, "lo", &link, NULL));
	assert_string_equal(link.name, "lo");
	rtnl_close(rtnl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_found),
		cmocka_unit_test(a_device_that_is_not_there_is_named),
		cmocka_unit_test(a_message_becomes_a_link),
		cmocka_unit_test(an_answer_that_was_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
