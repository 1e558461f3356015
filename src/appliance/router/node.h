/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machines of this host: one weft-appliance-netns for each description "ID.json" in the state
 * folder. They outlive this process; who comes next finds them by their folders.
 */
#pragma once

#include <jansson.h>

#include "appliance/router/settings.h"

/* The description that is there, or NULL. */
json_t *node_description(const struct router_settings *settings, const char *id);

/* Makes it so, and waits until the appliance has done it, for some seconds; what is as it should be
 * already is left. @description is given another revision if it is another one. */
bool node_apply(const struct router_settings *settings, const char *id, json_t *description,
	GError **error);

/* Ends the machine and forgets the description. Fine if there is none. */
bool node_remove(const struct router_settings *settings, const char *id, GError **error);

/* Does it run, and has it what it should have? */
bool node_is_well(const struct router_settings *settings, const char *id);

/* The machine ends and is made anew of the same description. */
bool node_reconnect(const struct router_settings *settings, const char *id, GError **error);
