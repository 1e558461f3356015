/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a user says to a port at an agent: commands that act on a hypervisor take a port's name
 * or id, and find the agent by --socket or $WEFT_AGENT_SOCKET, in which %h stands for the host that
 * the port is bound to.
 */
#pragma once

#include <jansson.h>

#include "cli/command.h"

struct hypervisor {
	char *socket;
	char *port_id; /* NULL: no port was named */
};

/* @port: name or id, or NULL. @host: the host's name if the user gave one. Asks the controller, if
 * one is known, otherwise the agent's view. */
bool hypervisor_find(struct cli *cli, const char *port, const char *host, struct hypervisor *ret,
	GError **error);
void hypervisor_clear(struct hypervisor *hypervisor);

/* What the agent's `ports` says of the port: an object, a new reference. */
json_t *hypervisor_port(const struct hypervisor *hypervisor, GError **error);
