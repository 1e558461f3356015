/* SPDX-License-Identifier: Apache-2.0 */
/* network_data.json of OpenStack: the port that asks as a link, its addresses as networks. */
#pragma once

#include <jansson.h>

#include "agent/service/port.h"

json_t *metadata_network_data(const struct service_port *port);
