/* SPDX-License-Identifier: Apache-2.0 */
/* port.c, as port_kind.c names it. Inside of src/model. */
#pragma once

#include "model/port/port.h"

extern const char *const port_vnic_types[];

bool port_on_create(struct txn *txn, struct object *draft, GError **error);
bool port_on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
void port_compute(
	const struct model *model, const struct object *port, unsigned slot, struct json_writer *w);
