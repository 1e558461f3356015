/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that is a network namespace: eth0 is one end of a veth pair, the other is plugged at the
 * host. It gets each address as its subnet says: by a real DHCP client, from router advertisements,
 * or written down.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "cli/agent_client.h"
#include "cli/await.h"
#include "cli/lab/guest.h"
#include "cli/lab/process.h"
#include "cli/lab/run.h"
#include "cli/resolve.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/network/subnet.h"

#define LINK_LOCAL_MS 10000

static enum address_way way_of(const json_t *subnet)
{
	const char *mode = json_string_value(json_object_get(subnet, "ipv6_address_mode"));
	bool dhcp = json_is_true(json_object_get(subnet, "enable_dhcp"));

	if (json_integer_value(json_object_get(subnet, "ip_version")) == 4)
		return dhcp ? ADDRESS_DHCP4 : ADDRESS_STATIC;
	if (!mode)
		return ADDRESS_STATIC;
	return strcmp(mode, "dhcpv6-stateful") ? ADDRESS_RA : ADDRESS_DHCP6;
}

static bool make_devices(const struct lab *lab, const struct guest *guest, GError **error)
{
	g_autofree char *netns = lab_netns(lab, guest->name),
			*host = lab_host_netns(lab, guest->host);
	g_autofree char *etc = g_build_filename("/etc/netns", netns, NULL);
	g_autofree char *resolv = g_build_filename(etc, "resolv.conf", NULL);
	g_autofree char *hosts = g_build_filename(etc, "hosts", NULL);

	if (!run_ip(error, NULL, "netns add %s\n", netns) ||
		!run_ip(error, host, "link add %s type veth peer name eth0 address %s netns %s\n",
			guest->device, guest->mac, netns) ||
		!run_ip(error, netns, "link set lo up\n"))
		return false;
	/* `ip netns exec` binds these over /etc/resolv.conf and /etc/hosts: a guest has neither
	 * from this machine. */
	g_mkdir_with_parents(etc, 0755);
	return g_file_set_contents(resolv, "", 0, error) &&
	       g_file_set_contents(hosts, "127.0.0.1 localhost\n::1 localhost\n", -1, error);
}

static bool write_down(const char *netns, const char *address, const json_t *subnet, GError **error)
{
	const char *cidr = json_string_value(json_object_get(subnet, "cidr"));
	const char *gateway = json_string_value(json_object_get(subnet, "gateway_ip"));
	const char *length = cidr ? strchr(cidr, '/') : NULL;

	if (!run_ip(error, netns, "address add %s%s dev eth0%s\n", address, length ? length : "",
		    strchr(address, ':') ? " nodad" : ""))
		return false;
	return !gateway || !strcmp(gateway, address) ||
	       run_ip(error, netns, "route add default via %s dev eth0\n", gateway);
}

static bool start_client(const struct lab *lab, const struct guest *guest, const char *script_name,
	const char *name, const char *const *argv, GError **error)
{
	g_autofree char *script = lab_path(lab, "guest-%s/%s", guest->name, script_name);
	g_autofree char *log = lab_path(lab, "guest-%s/%s.log", guest->name, name);
	g_autofree char *pid = lab_path(lab, "guest-%s/%s.pid", guest->name, name);
	g_autofree char *netns = lab_netns(lab, guest->name);
	g_autofree char *resolv = g_strdup_printf("WEFT_RESOLV=/etc/netns/%s/resolv.conf", netns);
	const char *environment[] = { resolv, NULL };
	struct process process = { .netns = netns,
		.argv = argv,
		.log_path = log,
		.pid_path = pid,
		.environ_add = environment };

	return guest_kit_write(script_name, script, error) && process_start(&process, error);
}

static bool start_dhcp4(const struct lab *lab, const struct guest *guest, GError **error)
{
	g_autofree char *script = lab_path(lab, "guest-%s/udhcpc.sh", guest->name);
	g_autofree char *hostname = g_strdup_printf("hostname:%s", guest->name);
	const char *argv[] = { "busybox", "udhcpc", "-f", "-i", "eth0", "-s", script, "-T", "1",
		"-A", "1", "-O", "staticroutes", "-O", "mtu", "-O", "search", "-x", hostname,
		NULL };

	return start_client(lab, guest, "udhcpc.sh", "udhcpc", argv, error);
}

/* Is the address there, and known to be no duplicate? @lines are of `ip -o address`. */
static bool is_usable(char *const *lines, const char *address)
{
	g_autofree char *pattern = g_strdup_printf(" %s/", address);

	for (; *lines; lines++)
		if (strstr(*lines, pattern) && !strstr(*lines, "tentative"))
			return true;
	return false;
}

/* DHCPv6 is spoken from the link-local address, which the kernel first looks for duplicates of. */
static enum await_result has_link_local(void *data, char **ret_why, GError **error)
{
	const char *netns = data;
	g_autofree char *shown = run_output(error, "ip", "-n", netns, "-6", "-o", "address", "show",
		"dev", "eth0", "scope", "link", NULL);

	if (!shown)
		return AWAIT_FAILED;
	*ret_why = g_strdup("eth0 has no link-local address yet");
	return *shown && !strstr(shown, "tentative") ? AWAIT_DONE : AWAIT_AGAIN;
}

static bool start_dhcp6(const struct lab *lab, const struct guest *guest, GError **error)
{
	g_autofree char *script = lab_path(lab, "guest-%s/dhclient6.sh", guest->name);
	g_autofree char *leases = lab_path(lab, "guest-%s/dhclient6.leases", guest->name);
	g_autofree char *netns = lab_netns(lab, guest->name);
	g_autofree char *resolv = g_strdup_printf("WEFT_RESOLV=/etc/netns/%s/resolv.conf", netns);
	const char *argv[] = { "dhclient", "-6", "-d", "-sf", script, "-lf", leases, "-pf",
		"/dev/null", "-cf", "/dev/null", "-e", resolv, "eth0", NULL };

	return await(has_link_local, netns, LINK_LOCAL_MS, "link-local address", error) &&
	       start_client(lab, guest, "dhclient6.sh", "dhclient6", argv, error);
}

struct addresses {
	const char *netns;
	const json_t *fixed_ips;
};

static enum await_result has_addresses(void *data, char **ret_why, GError **error)
{
	struct addresses *a = data;
	g_autofree char *shown = run_output(
		error, "ip", "-n", a->netns, "-o", "address", "show", "dev", "eth0", NULL);
	size_t i;
	json_t *fixed;

	if (!shown)
		return AWAIT_FAILED;
	g_auto(GStrv) lines = g_strsplit(shown, "\n", 0);

	json_array_foreach(a->fixed_ips, i, fixed) {
		const char *address = json_string_value(json_object_get(fixed, "ip_address"));

		if (!is_usable(lines, address)) {
			*ret_why = g_strdup_printf("eth0 has no %s yet", address);
			return AWAIT_AGAIN;
		}
	}
	return AWAIT_DONE;
}

static bool configure(const struct lab *lab, const struct guest *guest, struct client *client,
	const json_t *fixed_ips, GError **error)
{
	g_autofree char *netns = lab_netns(lab, guest->name);
	bool seen[N_ADDRESS_WAYS] = { false };
	bool done = true;
	size_t i;
	json_t *fixed;

	json_array_foreach(fixed_ips, i, fixed) {
		const char *subnet_id = json_string_value(json_object_get(fixed, "subnet_id"));
		const char *address = json_string_value(json_object_get(fixed, "ip_address"));
		json_t *subnet = resolve_object(client, &subnet_kind, subnet_id, NULL, error);
		enum address_way way = subnet ? way_of(subnet) : N_ADDRESS_WAYS;

		done = subnet &&
		       (way != ADDRESS_STATIC || write_down(netns, address, subnet, error));
		json_decref(subnet);
		if (!done)
			return false;
		seen[way] = true;
	}
	return (!seen[ADDRESS_DHCP4] || start_dhcp4(lab, guest, error)) &&
	       (!seen[ADDRESS_DHCP6] || start_dhcp6(lab, guest, error));
}

bool guest_netns_start(const struct lab *lab, const struct guest *guest, struct client *client,
	const json_t *port, const struct guest_wish *wish, GError **error)
{
	g_autofree char *socket = guest_agent_socket(lab, guest->host),
			*netns = lab_netns(lab, guest->name);
	g_autofree char *what = g_strdup_printf("addresses of guest %s", guest->name);
	struct addresses addresses = { netns, json_object_get(port, "fixed_ips") };

	if (!make_devices(lab, guest, error))
		return false;
	json_t *plugged = agent_call(socket,
		json_pack("{s:s,s:s,s:s}", "op", "plug", "port", guest->port_id, "device",
			guest->device),
		error);

	if (!plugged)
		return false;
	json_decref(plugged);
	/* Only now: what the kernel asks when a device comes up (router solicitation) is asked with
	 * somebody there. */
	if (!run_ip(error, netns, "link set eth0 up\n"))
		return false;
	if (wish->addresses == GUEST_BARE)
		return true;
	return configure(lab, guest, client, addresses.fixed_ips, error) &&
	       await(has_addresses, &addresses, wish->timeout_ms, what, error);
}
