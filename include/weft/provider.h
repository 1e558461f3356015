/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft/provider.h - the interface between weftd and a service provider
 *
 * A PROVIDER gives networks and routers some of their services: "dhcp", "dns", "vpn" … An
 * administrator maps each service of each network or router to a provider (docs/providers.md);
 * weftd then hands the provider the part of its model that the service is about, and the provider
 * answers with DESIRED STATE: what hosts shall do differently, and which appliances shall run.
 * Making that true is weftd's affair.
 *
 * THE PLUG-IN
 *
 * A plug-in is a shared object of the folder that [providers] of weftd.conf names. It exports one
 * symbol, a constant:
 *
 *	const struct weft_provider weft_provider = {
 *		.size = sizeof(struct weft_provider),
 *		.abi = WEFT_PROVIDER_ABI,
 *		.name = "acme",
 *		.description = "VPN by Acme's box",
 *		.services = services,
 *		.apply = apply,
 *	};
 *
 * Compile it with `cc -shared -fPIC acme.c -o acme.so $(pkg-config --cflags weft-provider)`. It
 * needs no library of weft's. examples/providers/ has two whole ones.
 *
 * WHERE IT RUNS
 *
 * Each plug-in has a process of its own, `weftd --provider-host FILE`, without privileges beyond
 * those of weftd's user, with a fresh environment, and with limits on memory and descriptors. When
 * it crashes, or does not return from a call within `call-timeout`, the process is killed, what it
 * was asked for shows status ERROR with the reason, and after a pause (1 s, then twice as long, up
 * to a minute) it is started and asked again. Nothing else of weftd is affected.
 *
 * STATE
 *
 * A provider keeps none: not in memory, not on disk. Each call has all that it needs, may be made
 * again at any time, in any order of objects, and gives the same answer for the same request. weftd
 * relies on that after a restart of either process, and when it looks for drift.
 *
 * THREADS
 *
 * All callbacks of a provider are called from one thread, the main thread of its process, one at a
 * time. They may block, up to `call-timeout`. A plug-in may have threads of its own; those must not
 * use a request.
 *
 * OWNERSHIP
 *
 * What a request points to is the caller's and lives until the callback returns. What the callback
 * gives (the texts passed to `answer`, `explain` and `log`) is copied before they return. The
 * descriptor and all that it points to must stay for the life of the process.
 *
 * VERSIONS
 *
 * WEFT_PROVIDER_ABI changes when an old plug-in would no longer work; then weftd refuses it and
 * says which version it needs. Within a version structs only grow at their end. `size` tells weftd
 * how much of the descriptor the plug-in knows: what lies beyond is taken as zero. A plug-in looks
 * at `size` of the request before it uses a field that came later than the one it was written for.
 */
#ifndef WEFT_PROVIDER_H
#define WEFT_PROVIDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_PROVIDER_ABI 1u

/* The exported symbol's name, for dlsym(). */
#define WEFT_PROVIDER_SYMBOL "weft_provider"

/* What a callback returns. Any other number is taken as WEFT_PROVIDER_FAILED. */
enum weft_provider_result {
	/* Done; the desired state is what was passed to `answer`. */
	WEFT_PROVIDER_OK = 0,
	/* It can't be done as it is asked for, and will not be until the request is another one.
	 * The object shows ERROR with what was passed to `explain`; weftd asks again when something
	 * about the object changes. */
	WEFT_PROVIDER_REFUSED = 1,
	/* It can't be done now. The object shows ERROR with what was passed to `explain`; weftd
	 * asks again after a pause. */
	WEFT_PROVIDER_FAILED = 2,
};

/*
 * One call. `document` is a JSON object, NUL-terminated, `document_size` bytes without the NUL:
 *
 *	{"attachment": UUID,      of the service_attachment: names it for good
 *	 "provider": NAME,
 *	 "object_type": "network" or "router",
 *	 "object_id": UUID,
 *	 "project_id": PROJECT,
 *	 "services": ["dhcp", …], those that are mapped to this provider, sorted
 *	 "options": TEXT,         `metainfo` of the chosen service profile, or ""
 *
 *	 "network": {…},          of a network: itself,
 *	 "subnets": [{…}, …],     its subnets,
 *	 "ports": [{…}, …],       and its ports,
 *	 "router_id": UUID,       of a router on it that the provider routes for,
 *
 *	 "router": {…},           of a router: itself,
 *	 "ports": [{…}, …],       the ports of its interfaces and its gateway,
 *	 "subnets": [{…}, …],     the subnets that they are on,
 *	 "floating_ips": [{…}, …] its floating IPs,
 *	 "networks": [{…}, …]     and, if the provider routes for it, the networks of
 *	                          its interfaces: "network", "subnets", "ports",
 *	                          "services" that they have of the provider
 *	 "firewalls": [{…}, …]    if it routes for it, and nobody else has its
 *	                          "firewall": "port_id" of a port that is in a
 *	                          firewall group, and "firewall": "ingress" and
 *	                          "egress" rules, what none matches is dropped
 *	 "vpnservices": [{…}, …]  if it has the router's "vpn": "vpnservice" and its
 *	                          "connections", each "ipsec_site_connection" (with
 *	                          its secret), "ikepolicy", "ipsecpolicy",
 *	                          "local_cidrs" and "peer_cidrs"
 *	 "wireguard_interfaces": [{…}] the same: "wireguard_interface", its
 *	                          "private_key" and "peers": "wireguard_peer" and
 *	                          its "preshared_key"
 *	 "gre_tunnels": [{…}, …]  if it has the router's "gre"
 *	 "bgp_speaker": {…}       virtual-router's alone, for a router that speaks:
 *	                          "local_as", "bgp_peers" ("peer_ip", "remote_as",
 *	                          "password"), "prefixes" that are announced
 *
 *	 "appliances": [{…}, …]}  those that there are: "name", "id", "nics", "ports" of
 *	                          their NICs, shared ones too, and "subnets" of
 *	                          these networks
 *
 * Objects are as the Networking API shows them to an administrator, without what changes by
 * itself: `status`, `status_reason`, `revision_number`, `updated_at`. Lists are in the order of
 * creation. A later version may add members.
 */
struct weft_provider_request {
	size_t size; /* of this struct, as weftd knows it */
	const char *document;
	size_t document_size;

	/* Passed to the three functions below. */
	void *context;

	/*
	 * Gives the desired state, a JSON object in UTF-8; `apply` calls it once, before it returns
	 * WEFT_PROVIDER_OK. The members, all optional:
	 *
	 *	"edge": {"subnets": {SUBNET: {…}}}
	 *		What the hosts' edge shall serve for the subnets of a network whose "dhcp"
	 *		is mapped to the provider: `enable_dhcp`, `dns_nameservers`, `host_routes`
	 *		and `gateway_ip`, each as in the API. A subnet that is not there is not
	 *		served.
	 *	"appliances": [{"name": …, "image": …, …}]
	 *		Appliances that the services need. `name` is unique in the list,
	 *		`image` says what runs. weftd runs those of "weft-appliance"
	 *		(docs/appliances.md); their other members:
	 *
	 *		"nics": [{"name", "network_id", "fixed_ips"}]
	 *			weftd makes a port for each; `fixed_ips` as in the API.
	 *			With `allowed_address_pairs` it sends from its addresses
	 *			and these alone, else from all.
	 *			{"name", "port_id"}: an interface of the router.
	 *		"cpu_percent", "memory_mib"
	 *			its limits; without them there are none.
	 *		"runtime": "netns" or "qemu", "machine_image", "vcpus"
	 *			what its machine is: namespaces, or a virtual machine of
	 *			that image on its host, with so many processors.
	 *		"host_tags": [TEXT, …], "dedicated_host": true
	 *			which host runs it.
	 *		"ha_group": TEXT
	 *			those of one group are on different hosts, so that one is left when
	 *			a host dies. Of a NIC with "shared": true they have one port, and of
	 *			interfaces of the router too: its frames pass on the host where the
	 *			one is that announces its addresses (docs/high-availability.md). A
	 *			NIC that is not shared has a port for each.
	 *		"config": {…}
	 *			what it is told; weftd counts its `revision`. It needs
	 *			MAC addresses, so the first answer can't have it: once
	 *			the ports are in the document, it is asked for again.
	 *
	 * Returns 0, or -1 when the text is no such object; then the call counts as failed. At most
	 * WEFT_PROVIDER_ANSWER_MAX bytes.
	 */
	int (*answer)(void *context, const char *json, size_t size);

	/* Why the call is refused or has failed: one sentence, which the object shows as
	 * `status_reason`. Without one, weftd says that the provider gave no reason. */
	void (*explain)(void *context, const char *reason);

	/* One line for weftd's log, at most 1,000 bytes. */
	void (*log)(void *context, const char *line);
};

#define WEFT_PROVIDER_ANSWER_MAX (1024 * 1024)

struct weft_in_tree; /* of weftd's own providers */

struct weft_provider {
	/* sizeof(struct weft_provider) where the plug-in was compiled. */
	size_t size;

	/* WEFT_PROVIDER_ABI where the plug-in was compiled. */
	uint32_t abi;

	/* 0. */
	uint32_t flags;

	/* 1 to 63 of a-z, 0-9, '-' and '_', a letter first. Unique among all providers of a weftd;
	 * the file that comes later in the alphabet is refused. Service profiles and
	 * `service_providers` name it. */
	const char *name;

	/* One sentence for people, or NULL. */
	const char *description;

	/*
	 * The services that it can give, ended by NULL; at least one. Of networks: "dhcp", "dns",
	 * "metadata", "service-function"; of routers: "router", "snat", "floating-ip",
	 * "port-forwarding", "load-balancer", "firewall", "vpn", "gre". Asked for another one,
	 * weftd refuses and lists these. ("security-group" and "qos" are weftd's own: every packet
	 * passes them at the edge.)
	 */
	const char *const *services;

	/*
	 * Gives the desired state of one network or router. Required.
	 *
	 * Called when services of an object have been mapped to the provider, whenever something of
	 * the document changes, after a restart of weftd or of the plug-in's process, and every
	 * `reconcile-interval`; changes that come close together are one call.
	 *
	 * Returns WEFT_PROVIDER_OK after request->answer(), or WEFT_PROVIDER_REFUSED or _FAILED
	 * after request->explain(). Whatever was answered before stays in force until the next OK.
	 */
	int (*apply)(const struct weft_provider_request *request);

	/*
	 * The object is gone, or none of its services is mapped to the provider any more. NULL:
	 * there is nothing to do, since weftd forgets the desired state by itself; it is for
	 * providers that have told somebody outside.
	 *
	 * The document has "attachment", "provider", "object_type", "object_id" and "project_id"
	 * alone; "services" is []. FAILED is tried again, also after a restart, until it is OK or
	 * REFUSED; then the attachment is deleted. May be called for what was never applied.
	 */
	int (*remove)(const struct weft_provider_request *request);

	/* NULL in a plug-in; weftd refuses it otherwise. */
	const struct weft_in_tree *in_tree;

	/*
	 * How the tunnels are of a router whose "vpn" or "gre" is mapped to the provider. NULL: it
	 * can't say; then connections are DOWN, with that as `status_reason`. Not in the first
	 * plug-ins of this version: `size` says whether it is there.
	 *
	 * Called every three seconds while the router has VPN services, WireGuard interfaces or GRE
	 * tunnels, after `apply` has been answered with OK. The document is that of `apply`. Gives
	 * by request->answer()
	 *
	 *	{"tunnels": [{"id": UUID, "status": TEXT, "status_reason": TEXT}, …]}
	 *
	 * `id` is that of the ipsec_site_connection, wireguard_peer or gre_tunnel, `status`
	 * "ACTIVE", "DOWN", or "ERROR" of a connection that can't be while it is asked for like
	 * that; `status_reason` may be left out. What is not in the list is DOWN. It should answer
	 * at once with what is known. REFUSED, FAILED, and an answer that is no such object:
	 * nothing is known, and all of them are DOWN.
	 */
	int (*status)(const struct weft_provider_request *request);
};

#ifdef __cplusplus
}
#endif

#endif
