/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of FRR's bgpd(8), by its socket in the folder. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What it answers to one command; g_free(). NULL: it does not answer. */
char *bgpd_ask(const char *folder, const char *command);
/* One after the other, until one fails; a "no …" of what is not there is none that fails. */
bool bgpd_tell(const char *folder, const GPtrArray *commands);
