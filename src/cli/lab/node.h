/* SPDX-License-Identifier: Apache-2.0 */
/* The lab's daemons: "weftd", and a weft-agent on each of "h1", "h2" …; each is a node with a
 * folder of that name. */
#pragma once

#include "cli/lab/state.h"

#define NODE_WEFTD "weftd"

/* "weftd", "h2" or "2" → its canonical name, to be freed; an error for anything else. */
char *node_name(const struct lab *lab, const char *text, GError **error);

/* Path of a program of weft: in this build, beside this program, or in PATH; to be freed. */
char *node_program(const char *name, GError **error);

/* Writes the node's configuration and files. Hosts are made known to the controller, which must
 * run. */
bool node_prepare_weftd(const struct lab *lab, GError **error);
bool node_prepare_host(const struct lab *lab, unsigned host, GError **error);

/* Starts the node's daemon and waits until it works: weftd answers, the controller sees the host
 * alive. */
bool node_start(const struct lab *lab, const char *node, GError **error);
bool node_stop(const struct lab *lab, const char *node, int signal, GError **error);

/* Starts daemons of many hosts at once, then waits for all. */
bool node_start_hosts(const struct lab *lab, GError **error);

/* Pid of its daemon, 0: it is not running. */
int node_pid(const struct lab *lab, const char *node);

/* Removes what a host's agent has in the kernel. */
bool node_cleanup_host(const struct lab *lab, unsigned host, GError **error);

/* Makes weftd take the configuration (new tokens) that stands in its file. */
bool node_reload_weftd(const struct lab *lab, GError **error);
