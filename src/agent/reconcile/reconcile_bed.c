/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reconcile/reconcile_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/quiet.h"

char *folder;
struct desired *desired;
struct view *view;
static struct quiet *quiet;
struct reconcile reconcile;
struct port *last_changed;
struct interface *last_interface;
struct gateway *last_gateway;
struct floating_ip *last_floating_ip;
struct forwarded_ip *last_forwarded_ip;
GString *outside_said;
const char *dead_host, *cut_off_host;
unsigned n_deleted, n_rerouted;
u64 revision;

static void port_changed(struct port *port, void *data)
{
	(void)data;
	last_changed = port;
}

static void port_leaves(const struct port *port, void *data)
{
	(void)port;
	(void)data;
}

static void port_deleted(const struct port *port, void *data)
{
	(void)port;
	(void)data;
	n_deleted++;
}

static void interface_changed(struct interface *interface, void *data)
{
	(void)data;
	last_interface = interface;
}

static void gateway_changed(struct gateway *gateway, void *data)
{
	(void)data;
	last_gateway = gateway;
}

static void load_balancer_changed(struct load_balancer *balancer, void *data)
{
	(void)balancer;
	(void)data;
}

static void floating_ip_changed(struct floating_ip *floating_ip, void *data)
{
	(void)data;
	last_floating_ip = floating_ip;
}

static void forwarded_ip_changed(struct forwarded_ip *ip, void *data)
{
	(void)data;
	last_forwarded_ip = ip;
}

static void said(const char *what, u32 vni, const struct ip *ip)
{
	char text[IP_STRLEN];

	g_string_append_printf(outside_said, "%s %u.%u %s\n", what, (vni & ~DP_WIRE) >> 12,
		vni & 0xfff, ip_format(ip, text));
}

static void address_placed(u32 vni, const struct mac *mac, const struct ip *ip, void *data)
{
	(void)mac;
	(void)data;
	said("placed", vni, ip);
}

static void address_withdrawn(u32 vni, const struct ip *ip, void *data)
{
	(void)data;
	if (ip->family)
		said("withdrawn", vni, ip);
}

static void next_hop_stated(u32 vni, const struct ip *ip, void *data)
{
	(void)data;
	said("next hop", vni, ip);
}

static bool host_is_dead(const struct ip *vtep, void *data)
{
	char text[IP_STRLEN];

	(void)data;
	return !g_strcmp0(dead_host, ip_format(vtep, text));
}

static bool host_is_cut_off(const struct ip *vtep, void *data)
{
	char text[IP_STRLEN];

	(void)data;
	return !g_strcmp0(cut_off_host, vtep ? ip_format(vtep, text) : "self");
}

static void routers_changed(struct network *network, void *data)
{
	(void)network;
	(void)data;
	n_rerouted++;
}

void open_view(void)
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
	reconcile.interface_changed = interface_changed;
	reconcile.routers_changed = routers_changed;
	reconcile.port_leaves = port_leaves;
	reconcile.port_deleted = port_deleted;
	reconcile.gateway_changed = gateway_changed;
	reconcile.floating_ip_changed = floating_ip_changed;
	reconcile.forwarded_ip_changed = forwarded_ip_changed;
	reconcile.load_balancer_changed = load_balancer_changed;
	reconcile.address_placed = address_placed;
	reconcile.address_withdrawn = address_withdrawn;
	reconcile.next_hop_stated = next_hop_stated;
	reconcile.host_is_dead = host_is_dead;
	reconcile.host_is_cut_off = host_is_cut_off;
	n_deleted = n_rerouted = 0;
}

void close_view(void)
{
	view_free(view);
	desired_free(desired);
}

int set_up(void **state)
{
	(void)state;
	fake_reset();
	dead_host = cut_off_host = NULL;
	last_gateway = NULL;
	last_floating_ip = NULL;
	last_forwarded_ip = NULL;
	outside_said = g_string_new(NULL);
	folder = g_dir_make_tmp("agent-XXXXXX", NULL);
	g_autofree char *ipv6 = g_build_filename(folder, "ipv6", NULL);
	quiet = quiet_new(ipv6);
	reconcile = (struct reconcile){ 0 };
	revision = 1;
	open_view();
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	close_view();
	quiet_free(quiet);
	g_autofree char *path = g_build_filename(folder, "view", NULL);
	unlink(path);
	rmdir(folder);
	g_free(folder);
	g_string_free(outside_said, TRUE);
	return 0;
}

void line(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct sync_message message;
	bool synced;

	if (!sync_line_parse(text, strlen(text), &message, &error) ||
		!view_line(view, &message, text, strlen(text), &synced, &error))
		fail_msg("%s: %s", text, error->message);
	sync_message_clear(&message);
	if (synced)
		reconcile_complete(&reconcile);
}

void put(const char *kind, const char *id, const char *scope, const char *data)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) json = g_string_new(data);

	g_string_replace(json, "'", "\"", 0);
	sync_write_put(text, kind, id, scope, revision, json->str);
	g_string_truncate(text, text->len - 1);
	line(text->str);
}

void hello(const char *mode)
{
	g_autofree char *text =
		g_strdup_printf("{\"op\":\"hello\",\"host\":\"" ME
				"\",\"name\":\"h1\",\"store\":\"s\",\"revision\":%u,"
				"\"mode\":\"%s\"}",
			(unsigned)revision, mode);

	line(text);
}

void sync_now(void)
{
	g_autofree char *text =
		g_strdup_printf("{\"op\":\"sync\",\"rev\":%u}", (unsigned)revision++);

	line(text);
}

void put_host(void)
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
void put_endpoint(const char *id, const char *host, unsigned n, const char *pairs)
{
	g_autofree char *data = g_strdup_printf(
		"{'network_id':'" NET
		"','host_id':'%s','mac_address':'fa:16:3e:00:00:%02x','ips':['10.0.0.%u'],"
		"'allowed_address_pairs':[%s],'dns_name':'p%u'}",
		host, n, n, pairs, n);

	put("endpoint", id, N_SCOPE, data);
}
void put_port(const char *more)
{
	g_autofree char *data = g_strdup_printf(
		"{%s'network_id':'" NET
		"','mac_address':'fa:16:3e:00:00:05','fixed_ips':[{'ip_address':'10.0.0.5',"
		"'subnet_id':'" SUBNET
		"'}],'allowed_address_pairs':[],'port_security_enabled':true}",
		more);

	put("port", PORT, "host/" ME, data);
}

void plug(u32 ifindex)
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

void snapshot(void)
{
	hello("snapshot");
	put_endpoint(FAR, PEER, 6, ""); /* before what it refers to: any order will do */
	put_endpoint(PORT, ME, 5, "");
	put_port("");
	put_peer();
	put_network();
	put_host();
	sync_now();
}

void expect_content(const char *expected)
{
	g_autofree char *content = fake_content();

	assert_string_equal(content, expected);
}
