/* SPDX-License-Identifier: Apache-2.0 */
/* View lines in, datapath calls out: desired, reconcile and view together, on a fake datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/fake_datapath.h"
#include "agent/quiet.h"
#include "agent/reconcile.h"
#include "agent/view.h"

#define NET "11111111-0000-4000-8000-000000000001"
#define SUBNET "22222222-0000-4000-8000-000000000001"
#define ME "33333333-0000-4000-8000-000000000001"
#define PEER "33333333-0000-4000-8000-000000000002"
#define PORT "44444444-0000-4000-8000-000000000001"
#define FAR "44444444-0000-4000-8000-000000000002"
#define FAR2 "44444444-0000-4000-8000-000000000003"

static char *folder;
static struct desired *desired;
static struct view *view;
static struct quiet *quiet;
static struct reconcile reconcile;
static struct port *last_changed;
static unsigned n_deleted;
static u64 revision;

static void port_changed(struct port *port, void *data)
{
	(void)data;
	last_changed = port;
}

static void port_deleted(const struct port *port, void *data)
{
	(void)port;
	(void)data;
	n_deleted++;
}

static void open_view(void)
{
	static const char *const uplinks[] = { "eth0", NULL };
	g_autofree char *path = g_build_filename(folder, "view", NULL);
	bool needs_snapshot;

	desired = desired_new();
	assert_true(view_open(path, desired, &view, &needs_snapshot, NULL));
	assert_true(dp_open(NULL, &reconcile.dp, NULL));
	reconcile.desired = desired;
	reconcile.quiet = quiet;
	reconcile.uplinks = uplinks;
	reconcile.port_changed = port_changed;
	reconcile.port_deleted = port_deleted;
	n_deleted = 0;
}

static void close_view(void)
{
	view_free(view);
	desired_free(desired);
}

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	folder = g_dir_make_tmp("agent-XXXXXX", NULL);
	g_autofree char *ipv6 = g_build_filename(folder, "ipv6", NULL);
	quiet = quiet_new(ipv6);
	reconcile = (struct reconcile){ 0 };
	revision = 1;
	open_view();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_view();
	quiet_free(quiet);
	g_autofree char *path = g_build_filename(folder, "view", NULL);
	unlink(path);
	rmdir(folder);
	g_free(folder);
	return 0;
}

static void line(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct sync_message message;
	bool synced;

	if (!sync_line_parse(text, strlen(text), &message, &error) ||
		!view_line(view, &message, text, strlen(text), &synced, &error))
		fail_msg("%s: %s", text, error->message);
	sync_message_clear(&message);
	if (synced)
		reconcile_flush(&reconcile);
}

static void put(const char *kind, const char *id, const char *scope, const char *data)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) json = g_string_new(data);

	g_string_replace(json, "'", "\"", 0);
	sync_write_put(text, kind, id, scope, revision, json->str);
	g_string_truncate(text, text->len - 1);
	line(text->str);
}

static void hello(const char *mode)
{
	g_autofree char *text =
		g_strdup_printf("{\"op\":\"hello\",\"host\":\"" ME
				"\",\"name\":\"h1\",\"store\":\"s\",\"revision\":%u,"
				"\"mode\":\"%s\"}",
			(unsigned)revision, mode);

	line(text);
}

static void sync_now(void)
{
	g_autofree char *text =
		g_strdup_printf("{\"op\":\"sync\",\"rev\":%u}", (unsigned)revision++);

	line(text);
}

#define N_SCOPE "network/" NET
static void put_host(void)
{
	put("host", ME, "host/" ME,
		"{'name':'h1','tunnel_ips':['192.0.2.1','2001:db8::1'],'encapsulations':['geneve','vxlan']}");
}
static void put_network(void)
{
	put("network", NET, N_SCOPE, "{'name':'n','vni':7,'mtu':1442,'admin_state_up':true}");
	put("subnet", SUBNET, N_SCOPE,
		"{'network_id':'" NET
		"','cidr':'10.0.0.0/24','ip_version':4,'gateway_ip':'10.0.0.1','enable_dhcp':true}");
}
static void put_peer(void)
{
	put("member", NET "/" PEER, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" PEER
		"','tunnel_ips':['192.0.2.2'],'encapsulations':['vxlan','geneve']}");
}
static void put_endpoint(const char *id, const char *host, unsigned n, const char *pairs)
{
	g_autofree char *data = g_strdup_printf(
		"{'network_id':'" NET
		"','host_id':'%s','mac_address':'fa:16:3e:00:00:%02x','ips':['10.0.0.%u'],"
		"'allowed_address_pairs':[%s],'dns_name':'p%u'}",
		host, n, n, pairs, n);

	put("endpoint", id, N_SCOPE, data);
}
static void put_port(void)
{
	put("port", PORT, "host/" ME,
		"{'network_id':'" NET
		"','mac_address':'fa:16:3e:00:00:05','fixed_ips':[{'ip_address':'10.0.0.5',"
		"'subnet_id':'" SUBNET
		"'}],'allowed_address_pairs':[],'port_security_enabled':true}");
}

static void plug(u32 ifindex)
{
	struct link device = {
		.ifindex = ifindex, .kind = "veth", .mtu_bytes = 1442, .flags = IFF_UP
	};
	struct uuid port;

	assert_true(uuid_parse(PORT, &port));
	snprintf(device.name, sizeof(device.name), "weft-none%u", ifindex);
	desired_set_device(desired, &port, ifindex ? &device : NULL);
	reconcile_flush(&reconcile);
}

static void snapshot(void)
{
	hello("snapshot");
	put_endpoint(FAR, PEER, 6, ""); /* before what it refers to: any order will do */
	put_endpoint(PORT, ME, 5, "");
	put_port();
	put_peer();
	put_network();
	put_host();
	sync_now();
}

static void expect_content(const char *expected)
{
	g_autofree char *content = fake_content();

	assert_string_equal(content, expected);
}

#define SERVICES                                        \
	"service 7 169.254.169.253 fa:16:3f:00:00:01\n" \
	"service 7 fe80::f816:3fff:fe00:1 fa:16:3f:00:00:01\n"
#define PORT_LINE "port 12 vni 7 secure dhcp4 dns 10.0.0.5/32 fe80::f816:3eff:fe00:5/128\n"
#define WHOLE                                                      \
	"endpoint 7 fa:16:3e:00:00:05 if 12\n"                     \
	"endpoint 7 fa:16:3e:00:00:06 geneve 192.0.2.2\n"          \
	"member 7 192.0.2.2 geneve\n"                              \
	"neighbour 7 10.0.0.5 fa:16:3e:00:00:05\n"                 \
	"neighbour 7 10.0.0.6 fa:16:3e:00:00:06\n"                 \
	"network 7 mtu 1442 gateway 10.0.0.1\n" PORT_LINE SERVICES \
	"uplinks eth0 192.0.2.1 2001:db8::1\n"

static void a_snapshot_is_wired(void **state)
{
	(void)state;
	snapshot();
	assert_int_equal(last_changed->state, PORT_NOT_WIRED);
	assert_string_equal(last_changed->reason, "no device is plugged");
	plug(12);
	assert_int_equal(last_changed->state, PORT_WIRED);
	expect_content(WHOLE);
}

static void a_device_that_goes_takes_its_endpoint_along(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	plug(0);
	assert_int_equal(last_changed->state, PORT_NOT_WIRED);
	g_autofree char *content = fake_content();
	assert_null(strstr(content, "port 12"));
	assert_null(strstr(content, "if 12"));
	plug(13); /* it is another one when it comes again */
	assert_int_equal(last_changed->state, PORT_WIRED);
	g_autofree char *again = fake_content();
	assert_non_null(strstr(again, "endpoint 7 fa:16:3e:00:00:05 if 13\n"));
}

/* The kernel tells of what the agent itself has set on a device. */
static void an_echo_costs_nothing(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	g_free(fake_take());
	plug(12);
	assert_int_equal(fake_calls(), 0);
}

/* The cost of a change does not depend on the size of the network. */
static void one_more_endpoint_costs_two_calls(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	for (unsigned i = 0; i < 200; i++) {
		char id[UUID_STRLEN];

		snprintf(id, sizeof(id), "55555555-0000-4000-8000-%012u", i);
		put_endpoint(id, PEER, i % 40 + 7, "");
	}
	sync_now();
	g_free(fake_take());
	put_endpoint(FAR2, PEER, 99, "");
	sync_now();
	g_autofree char *calls = fake_take();
	assert_true(strstr(calls, "put endpoint 7 fa:16:3e:00:00:63 geneve 192.0.2.2\n"));
	assert_true(strstr(calls, "put neighbour 7 10.0.0.99 fa:16:3e:00:00:63\n"));
	assert_int_equal(strlen(calls), strlen("put endpoint 7 fa:16:3e:00:00:63 geneve 192.0.2.2\n"
					       "put neighbour 7 10.0.0.99 fa:16:3e:00:00:63\n"));
}

/* A moved endpoint is never missing in between. */
static void a_move_is_one_put(void **state)
{
	(void)state;
	snapshot();
	g_free(fake_take());
	line("{\"op\":\"delete\",\"kind\":\"endpoint\",\"id\":\"" FAR "\",\"scope\":\"" N_SCOPE
	     "\",\"rev\":2}");
	put_endpoint(FAR, ME, 6, "");
	put_endpoint(FAR, PEER, 6, "");
	sync_now();
	g_autofree char *calls = fake_take();
	assert_null(strstr(calls, "del"));
}

static void shared_addresses_are_left_to_the_guests(void **state)
{
	static const char vip[] = "{'ip_address':'10.0.0.100','mac_address':'00:00:5e:00:01:01'}";

	(void)state;
	snapshot();
	put_endpoint(FAR, PEER, 6, vip);
	sync_now();
	g_autofree char *one = fake_content();
	assert_non_null(strstr(one, "endpoint 7 00:00:5e:00:01:01 geneve 192.0.2.2\n"));
	assert_null(strstr(one, "10.0.0.100"));
	assert_non_null(strstr(one, "network 7 mtu 1442 gateway 10.0.0.1 shared\n"));
	put_endpoint(FAR2, PEER, 8, vip);
	put_endpoint(PORT, ME, 5, "{'ip_address':'10.0.0.6','mac_address':'fa:16:3e:00:00:05'}");
	sync_now();
	g_autofree char *two = fake_content();
	assert_null(strstr(two, "00:00:5e")); /* two may have it: only the wire knows */
	assert_null(strstr(two, "neighbour 7 10.0.0.6 ")); /* somebody else may have it too */
	put_endpoint(PORT, ME, 5, "");
	put_endpoint(FAR, PEER, 6, "");
	put_endpoint(FAR2, PEER, 8, "");
	sync_now();
	g_autofree char *none = fake_content();
	assert_non_null(strstr(none, "neighbour 7 10.0.0.6 fa:16:3e:00:00:06\n"));
	assert_null(strstr(none, "shared"));
}

static void a_restart_changes_nothing(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	close_view(); /* the process ends; the datapath stays */
	open_view();
	assert_int_equal(view->revision, 1);
	assert_string_equal(view->store, "s");
	struct uuid port;
	struct link device = { .ifindex = 12,
		.name = "weft-none12",
		.kind = "veth",
		.mtu_bytes = 1442,
		.flags = IFF_UP };
	assert_true(uuid_parse(PORT, &port));
	desired_set_device(desired, &port, &device);
	g_free(fake_take());
	reconcile_all(&reconcile);
	g_autofree char *calls = fake_take();
	assert_null(strstr(calls, "del"));
	expect_content(WHOLE);
}

static void a_snapshot_sweeps_what_it_does_not_name(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put_endpoint(FAR2, PEER, 9, "");
	sync_now();
	g_free(fake_take());
	snapshot();
	g_autofree char *calls = fake_take();
	assert_non_null(strstr(calls, "del endpoint 7 fa:16:3e:00:00:09\n"));
	assert_non_null(strstr(calls, "del neighbour 7 10.0.0.9\n"));
	expect_content(WHOLE);
	close_view();
	open_view(); /* the file has forgotten it too */
	assert_int_equal(g_hash_table_size(desired->endpoints), 2);
}

static void a_broken_off_snapshot_sweeps_nothing(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	hello("snapshot");
	put_host();
	hello("snapshot"); /* a new connection; the first never said sync */
	assert_int_equal(view->revision, 1);
	expect_content(WHOLE);
	assert_int_equal(g_hash_table_size(desired->endpoints), 2);
}

static void lost_interest_leaves_no_trace(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	line("{\"op\":\"delete\",\"kind\":\"port\",\"id\":\"" PORT "\",\"scope\":\"host/" ME
	     "\",\"rev\":2}");
	line("{\"op\":\"drop\",\"scope\":\"" N_SCOPE "\",\"rev\":2}");
	assert_int_equal(n_deleted, 0);
	sync_now();
	assert_int_equal(n_deleted, 1);
	expect_content("uplinks eth0 192.0.2.1 2001:db8::1\n");
	assert_int_equal(g_hash_table_size(desired->networks), 0);
	assert_int_equal(g_hash_table_size(desired->endpoints), 0);
	plug(0);
	assert_int_equal(g_hash_table_size(desired->ports), 0);
}

static void another_vni_is_another_network(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put("network", NET, N_SCOPE, "{'vni':8,'mtu':1442}");
	sync_now();
	g_autofree char *content = fake_content();
	assert_null(strstr(content, " 7 "));
	assert_non_null(strstr(content, "endpoint 8 fa:16:3e:00:00:06 geneve 192.0.2.2\n"));
	assert_non_null(strstr(content, "member 8 192.0.2.2 geneve\n"));
	assert_non_null(strstr(content, "port 12 vni 8 "));
}

static void a_peer_that_moves_its_tunnel_takes_its_endpoints_along(void **state)
{
	(void)state;
	snapshot();
	put("member", NET "/" PEER, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" PEER
		"','tunnel_ips':['2001:db8::9'],'encapsulations':['vxlan']}");
	sync_now();
	g_autofree char *content = fake_content();
	assert_non_null(strstr(content, "endpoint 7 fa:16:3e:00:00:06 vxlan 2001:db8::9\n"));
	assert_non_null(strstr(content, "member 7 2001:db8::9 vxlan\n"));
	assert_null(strstr(content, "192.0.2.2"));
}

static void a_failed_call_is_healed_by_stating_all(void **state)
{
	(void)state;
	fake_fail("put endpoint 7 fa:16:3e:00:00:06");
	snapshot();
	plug(12);
	assert_true(reconcile.failed);
	reconcile_all(&reconcile);
	assert_false(reconcile.failed);
	expect_content(WHOLE);
}

static void a_record_that_is_wrong_disturbs_no_other(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put("endpoint", FAR, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" PEER "','mac_address':'x'}");
	put("flux", "any", "flux/1", "{'a':1}"); /* a kind of the future */
	sync_now();
	assert_int_equal(view->stats.refused, 1);
	expect_content(WHOLE);
}

static void an_uplink_is_no_guest(void **state)
{
	struct link device = { .ifindex = 3, .name = "eth0" };
	struct uuid port;

	(void)state;
	snapshot();
	assert_true(uuid_parse(PORT, &port));
	desired_set_device(desired, &port, &device);
	reconcile_flush(&reconcile);
	assert_int_equal(last_changed->state, PORT_NOT_WIRED);
	assert_non_null(strstr(last_changed->reason, "uplink"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_snapshot_is_wired),
		TEST(a_device_that_goes_takes_its_endpoint_along),
		TEST(an_echo_costs_nothing),
		TEST(one_more_endpoint_costs_two_calls),
		TEST(a_move_is_one_put),
		TEST(shared_addresses_are_left_to_the_guests),
		TEST(a_restart_changes_nothing),
		TEST(a_snapshot_sweeps_what_it_does_not_name),
		TEST(a_broken_off_snapshot_sweeps_nothing),
		TEST(lost_interest_leaves_no_trace),
		TEST(another_vni_is_another_network),
		TEST(a_peer_that_moves_its_tunnel_takes_its_endpoints_along),
		TEST(a_failed_call_is_healed_by_stating_all),
		TEST(a_record_that_is_wrong_disturbs_no_other),
		TEST(an_uplink_is_no_guest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
