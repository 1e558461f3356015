/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's NICs. */
#pragma once

#include "appliance/document/document.h"

/* Gives the devices the names that the document has for their MAC addresses, takes away addresses
 * that the document does not have (not link-local ones), and shuts other devices. CONFLICT names
 * the NIC that is not there. */
bool link_prepare(const struct document *document, GError **error);
