/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest: a port of the API bound to a host, and something behind the port's device. Two kinds: a
 * network namespace on a veth (guest_netns.c), plugged by `plug` at the host's agent; and a QEMU
 * machine on a tap (vm.c), whose device's alias names the port, so that it is plugged as a compute
 * service's guests are.
 */
#pragma once

#include <jansson.h>

#include "cli/client.h"
#include "cli/lab/state.h"

struct guest_wish {
	const char *name;
	unsigned host;
	const char *network, *project; /* project NULL: the administrator's */
	const char *subnet_range; /* make network and subnet if there is no such network; or NULL */
	const char *fixed_ip;	  /* or NULL */
	const char *port;	  /* an existing port, or NULL */
	enum { GUEST_NETNS, GUEST_VM } kind;
	enum { GUEST_CONFIGURE, GUEST_BARE } addresses; /* bare: no address, no DHCP client */
	unsigned timeout_ms;
};

/* Makes it and waits until its port is ACTIVE and it has its addresses. *@ret_port: the port (a new
 * reference). */
bool guest_make(
	const struct lab *lab, const struct guest_wish *wish, json_t **ret_port, GError **error);

/* Removes it, and its port unless that was there before. */
bool guest_remove(const struct lab *lab, const struct guest *guest, GError **error);

/* Ends its processes: QEMU, DHCP clients. */
bool guest_stop(const struct lab *lab, const char *name, GError **error);

/* How the guest gets each address of its port. */
enum address_way { ADDRESS_STATIC, ADDRESS_DHCP4, ADDRESS_DHCP6, ADDRESS_RA, N_ADDRESS_WAYS };

/* For each kind of guest. @port is the API's. */
bool guest_netns_start(const struct lab *lab, const struct guest *guest, struct client *client,
	const json_t *port, const struct guest_wish *wish, GError **error);
bool guest_vm_start(const struct lab *lab, const struct guest *guest, const struct guest_wish *wish,
	GError **error);

/* Writes a file of the guest's kit (guest/): "udhcpc.sh" … to @path, executable. */
bool guest_kit_write(const char *name, const char *path, GError **error);
GBytes *guest_kit(const char *name);

/* {"ip": …} of the guest's host's control socket. */
char *guest_agent_socket(const struct lab *lab, unsigned host);
