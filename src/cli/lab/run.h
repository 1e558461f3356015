/* SPDX-License-Identifier: Apache-2.0 */
/* The lab changes the kernel's networking by iproute2's words, as a person would; WEFT_LOG=debug
 * shows each. */
#pragma once

#include "base/error.h"

/* Runs a program to its end; its standard error is the message when it fails. Ended by NULL. */
bool run(GError **error, const char *program, ...) G_GNUC_NULL_TERMINATED;

/* The program's output, to be freed; NULL: it failed. */
char *run_output(GError **error, const char *program, ...) G_GNUC_NULL_TERMINATED;

/* Lines for `ip -batch`, in the namespace @netns (NULL: here). Stops at the first that fails. */
bool run_ip(GError **error, const char *netns, const char *format, ...) G_GNUC_PRINTF(3, 4);
