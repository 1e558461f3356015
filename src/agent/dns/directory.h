/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the DNS responder finds the ports of the asking port's network: in the caller's own
 * directory, by these two lookups. Nothing is copied.
 */
#pragma once

#include "agent/service/port.h"

struct dns_directory {
	/* Addresses of the port whose dns_name is @label (lower case), in @asker's network: at most
	 * @max into @ret, in the order of the record. Returns how many; 0: no such name. */
	size_t (*by_name)(const struct service_port *asker, const char *label, struct ip *ret,
		size_t max, void *data);
	/* Has a port of @asker's network the address @ip? @ret_name: its dns_name, NULL or "" when
	 * it has none; borrowed until the next call. */
	bool (*by_ip)(const struct service_port *asker, const struct ip *ip, const char **ret_name,
		void *data);
	void *data;
};
