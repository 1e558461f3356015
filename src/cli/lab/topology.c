/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab/topology.h"

#include <string.h>

#include "cli/lab/run.h"

#define MAX_LABS 1024

/* Is an address of the lab's management network on this machine, or a route into it? */
static bool addresses_taken(const struct lab *lab)
{
	g_autofree char *first = lab_management_address(lab, 0);
	g_autofree char *network = g_strdup_printf("%s/24", first);
	g_autofree char *found =
		run_output(NULL, "ip", "-4", "-o", "address", "show", "to", network, NULL);
	g_autofree char *routes =
		run_output(NULL, "ip", "-4", "route", "show", "root", network, NULL);

	return (found && *found) || (routes && *routes);
}

bool topology_claim(struct lab *lab, GError **error)
{
	for (lab->id = 0; lab->id < MAX_LABS; lab->id++) {
		g_autoptr(GError) problem = NULL;
		g_autofree char *address = lab_management_address(lab, 0);

		if (addresses_taken(lab))
			continue;
		/* The name can be taken once: two labs that start together get different numbers.
		 */
		if (!run_ip(&problem, NULL, "link add wl%u type bridge mcast_snooping 0\n",
			    lab->id)) {
			if (strstr(problem->message, "File exists"))
				continue;
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		return lab_save(lab, error) && run_ip(error, NULL,
						       "link set wl%u addrgenmode none up\n"
						       "address add %s/24 dev wl%u\n",
						       lab->id, address, lab->id);
	}
	return weft_fail(error, CONFLICT,
		"all %d numbers for labs are taken; 'weft lab status' lists the labs", MAX_LABS);
}

static bool make_host(const struct lab *lab, unsigned host, GError **error)
{
	g_autofree char *netns = lab_host_netns(lab, host), *underlay = lab_netns(lab, "net");
	g_autofree char *management = lab_management_address(lab, host),
			*tunnel = lab_tunnel_address(lab, host);
	const char *tunnel_form = lab->underlay == 6 ? "/64 nodad" : "/24";

	return run_ip(error, NULL,
		       "netns add %s\n"
		       "link add wl%uh%u type veth peer name mgmt0 netns %s\n"
		       "link set wl%uh%u master wl%u addrgenmode none up\n",
		       netns, lab->id, host, netns, lab->id, host, lab->id) &&
	       run_ip(error, underlay,
		       "link add h%u mtu %u type veth peer name uplink0 mtu %u netns %s\n"
		       "link set h%u master br0 addrgenmode none up\n",
		       host, lab->mtu, lab->mtu, netns, host) &&
	       run_ip(error, netns,
		       "link set lo up\n"
		       "link set mgmt0 addrgenmode none up\n"
		       "address add %s/24 dev mgmt0\n"
		       "link set uplink0 up\n"
		       "address add %s%s dev uplink0\n",
		       management, tunnel, tunnel_form);
}

bool topology_make(const struct lab *lab, GError **error)
{
	g_autofree char *underlay = lab_netns(lab, "net");

	if (!run_ip(error, NULL, "netns add %s\n", underlay) ||
		!run_ip(error, underlay,
			"link add br0 mtu %u type bridge mcast_snooping 0\n"
			"link set br0 addrgenmode none up\n",
			lab->mtu))
		return false;
	for (unsigned host = 1; host <= lab->n_hosts; host++)
		if (!make_host(lab, host, error))
			return false;
	return true;
}

char **topology_netns(const struct lab *lab)
{
	GPtrArray *names = g_ptr_array_new();
	g_autofree char *prefix = lab_netns(lab, "");
	g_autoptr(GDir) dir = g_dir_open("/run/netns", 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		const char *node = name + strlen(prefix);

		/* A lab "a" must not take the namespaces of a lab "a-b": a node is "net", a host,
		 * or a guest of ours. */
		if (!g_str_has_prefix(name, prefix))
			continue;
		g_autofree char *guest = lab_path(lab, "guest-%s", node);
		bool host = node[0] == 'h' && node[1] &&
			    strspn(node + 1, "0123456789") == strlen(node + 1);

		if (host || !strcmp(node, "net") || g_file_test(guest, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

bool topology_remove(const struct lab *lab, GError **error)
{
	g_auto(GStrv) names = topology_netns(lab);

	for (char **name = names; *name; name++)
		if (!run(error, "ip", "netns", "delete", *name, NULL))
			return false;
	if (!lab->token) /* never claimed */
		return true;
	/* A namespace is taken apart in the background; this does not wait for that. */
	for (unsigned host = 1; host <= lab->n_hosts; host++)
		run_ip(NULL, NULL, "link delete wl%uh%u\n", lab->id, host);
	g_autofree char *bridge = g_strdup_printf("/sys/class/net/wl%u", lab->id);

	return !g_file_test(bridge, G_FILE_TEST_EXISTS) ||
	       run_ip(error, NULL, "link delete wl%u\n", lab->id);
}
