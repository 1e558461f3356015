/* SPDX-License-Identifier: Apache-2.0 */
/* The MAC address of a port: given, made by weft, or that of a physical device. */
#pragma once

#include "model/txn.h"

/*
 * Settles the draft's MAC address; @old is NULL when the port is made. One that is null is made.
 * A port with vnic_type direct-physical that is bound has the device's, which its binding profile
 * says as "device_mac_address"; it has one of its own again when that is gone.
 */
bool port_find_mac(struct txn *txn, const struct object *old, struct object *draft, GError **error);
