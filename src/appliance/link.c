/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/link.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "appliance/program.h"

DEFINE_AUTOPTR(ifaddrs, freeifaddrs)

static const char *device_with(const struct ifaddrs *list, const struct mac *mac)
{
	for (; list; list = list->ifa_next) {
		const struct sockaddr_ll *link = (const struct sockaddr_ll *)list->ifa_addr;

		if (link && link->sll_family == AF_PACKET && link->sll_halen == sizeof(mac->b) &&
			!memcmp(link->sll_addr, mac->b, sizeof(mac->b)))
			return list->ifa_name;
	}
	return NULL;
}

/* With a virtual MAC it may have that already. */
static const char *device_of(const struct ifaddrs *list, const struct document_interface *interface)
{
	const char *device = device_with(list, &interface->mac);

	if (!device && !mac_is_zero(&interface->virtual_mac))
		device = device_with(list, &interface->virtual_mac);
	return device;
}

static bool rename_device(const char *old, const char *name, GError **error)
{
	const char *const down[] = { "ip", "link", "set", "dev", old, "down", NULL };
	const char *const rename[] = { "ip", "link", "set", "dev", old, "name", name, NULL };

	return program_run(down, NULL, error) && program_run(rename, NULL, error);
}

static bool name_devices(
	const struct document *document, const struct ifaddrs *list, GError **error)
{
	char mac[MAC_STRLEN];

	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);
		const char *device = device_of(list, interface);

		if (!device)
			return weft_fail(error, CONFLICT,
				"interfaces: no NIC here has the MAC address %s of %s",
				mac_format(&interface->mac, mac), interface->name);
		if (strcmp(device, interface->name) &&
			!rename_device(device, interface->name, error))
			return false;
	}
	return true;
}

/* False: it is no IP address. */
static bool prefix_of(const struct ifaddrs *entry, struct prefix *ret)
{
	struct prefix prefix = { 0 };
	const u8 *mask;

	if (!entry->ifa_addr || !entry->ifa_netmask)
		return false;
	if (entry->ifa_addr->sa_family == AF_INET) {
		prefix.ip.family = 4;
		memcpy(prefix.ip.b, &((struct sockaddr_in *)entry->ifa_addr)->sin_addr, 4);
		mask = (const u8 *)&((struct sockaddr_in *)entry->ifa_netmask)->sin_addr;
	} else if (entry->ifa_addr->sa_family == AF_INET6) {
		prefix.ip.family = 6;
		memcpy(prefix.ip.b, &((struct sockaddr_in6 *)entry->ifa_addr)->sin6_addr, 16);
		mask = (const u8 *)&((struct sockaddr_in6 *)entry->ifa_netmask)->sin6_addr;
	} else {
		return false;
	}
	for (unsigned i = 0; i < ip_bytes(&prefix.ip); i++)
		prefix.len = (u8)(prefix.len + __builtin_popcount(mask[i]));
	*ret = prefix;
	return true;
}

/* The device of a daemon that is not told here. */
static bool is_charons(const struct document *document, const char *device)
{
	return document->ipsec->len && !strcmp(device, IPSEC_DEVICE);
}

/* Where there are virtual ones keepalived gives and takes them, and a master that misses one which
 * it has not yet heard to be gone steps down. So it does of a NIC that goes. */
static bool is_wanted(
	const struct document *document, const char *device, const struct prefix *prefix)
{
	const struct document_interface *interface = document_interface_named(document, device);
	const GArray *addresses = document_addresses(document, device);

	for (guint i = 0; addresses && i < addresses->len; i++) {
		const struct prefix *wanted = &g_array_index(addresses, struct prefix, i);

		if (!ip_compare(&wanted->ip, &prefix->ip) && wanted->len == prefix->len)
			return true;
	}
	if (!interface && document->redundancy.enabled)
		return true;
	return (interface && interface->virtual_addresses->len > 0) || is_charons(document, device);
}

static bool remove_address(const char *device, const struct prefix *prefix, GError **error)
{
	char address[PREFIX_STRLEN];
	const char *const argv[] = { "ip", "address", "delete", prefix_format(prefix, address),
		"dev", device, NULL };

	return program_run(argv, NULL, error);
}

static bool remove_addresses(
	const struct document *document, const struct ifaddrs *entry, GError **error)
{
	for (; entry; entry = entry->ifa_next) {
		struct prefix prefix;

		if (prefix_of(entry, &prefix) && !(entry->ifa_flags & IFF_LOOPBACK) &&
			!ip_is_link_local(&prefix.ip) &&
			!is_wanted(document, entry->ifa_name, &prefix) &&
			!remove_address(entry->ifa_name, &prefix, error))
			return false;
	}
	return true;
}

/* A NIC that the document does not have is not there for anybody; of a pair the filter sees to
 * that, as keepalived may still watch it. */
static bool shut_others(
	const struct document *document, const struct ifaddrs *entry, GError **error)
{
	for (; entry && !document->redundancy.enabled; entry = entry->ifa_next) {
		const char *const argv[] = { "ip", "link", "set", "dev", entry->ifa_name, "down",
			NULL };

		if (entry->ifa_addr && entry->ifa_addr->sa_family == AF_PACKET &&
			(entry->ifa_flags & IFF_UP) && !(entry->ifa_flags & IFF_LOOPBACK) &&
			!document_addresses(document, entry->ifa_name) &&
			!is_charons(document, entry->ifa_name) && !program_run(argv, NULL, error))
			return false;
	}
	return true;
}

static bool read_kernel(struct ifaddrs **ret, GError **error)
{
	return !getifaddrs(ret) || weft_fail(error, INTERNAL, "can't read the devices' addresses");
}

bool link_prepare(const struct document *document, GError **error)
{
	g_autoptr(ifaddrs) named = NULL, list = NULL;

	return read_kernel(&list, error) && name_devices(document, list, error) &&
	       read_kernel(&named, error) && remove_addresses(document, named, error) &&
	       shut_others(document, named, error);
}
