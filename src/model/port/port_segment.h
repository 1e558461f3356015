/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports on a routed network: one whose subnets are each on a segment. A port has addresses of the
 * segment that its host is on; one that is not bound waits for them. Inside of src/model.
 */
#pragma once

#include "model/port/port.h"

/* Leaves those of @subnets that the draft of a port may have addresses of, going by its host, or
 * without one by what it asks for (@asked, as in port_assign_addresses()). Of a port that is to
 * wait ip_allocation becomes deferred. Errors: HOST_ON_SEGMENTS, HOST_ON_NO_SEGMENT,
 * IPS_ON_SEGMENTS. */
bool port_keep_segment(struct txn *txn, struct object *draft, const char *asked, GPtrArray *subnets,
	GError **error);
/* May the port keep its addresses on its draft's new host? Else HOST_WITHOUT_IPS. */
bool port_check_host_segment(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error);
/* Has the port waited for the host that its draft has? */
bool port_is_deferred(const struct object *old, const struct object *draft);
/* Is it on the segment of @subnet, by its host, or without one by its addresses? Of a subnet that
 * is on none every port is. */
bool port_is_on_segment(struct txn *txn, const struct object *port, const struct object *subnet);
