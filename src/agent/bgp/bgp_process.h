/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder and the process of one bgpd. The folder is the user frr's, as bgpd gives up root's
 * rights for that; bgpd is no child of ours, so that it outlives us, and is watched by a pidfd.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/types.h"

#define BGP_FILE "bgpd.conf"	   /* what bgpd starts with, and has been told since */
#define BGP_COMMANDS "bgpd.change" /* what it is being told */

bool bgp_folder_make(const char *folder, GError **error);
void bgp_folder_remove(const char *folder);
/* Readable for bgpd and root alone: it holds passwords. */
bool bgp_folder_write(const char *folder, const char *name, const char *text, GError **error);
char *bgp_folder_read(const char *folder, const char *name); /* or NULL */

/* A pidfd of the bgpd that runs in the folder, or -1. */
int bgp_process_find(const char *folder);
void bgp_process_signal(int pidfd, int signal);
/* Waits until it has ended, and kills it when that takes long. */
void bgp_process_end(int pidfd);

/* Command lines; g_strfreev(). */
char **bgp_start_command(const char *bgpd, const char *folder);
char **bgp_vtysh_command(const char *folder, const char *option, const char *what);
