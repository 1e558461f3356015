/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way of a request: bytes of a client → HTTP server → router → model and store (in
 * memory) → answer. An input is one or more connections, one after another, separated by a line
 * "%%", all to one weftd that is new. In the text {{0}}, {{1}} … stand for the ids that the answers
 * so far had in them, in order, {{token}} and {{receipt}} for the last X-Subject-Token and
 * Openstack-Auth-Receipt, and {{*}} for the length of what follows the head. With FUZZ_ANSWERS in
 * the environment the first lines of requests and answers are printed.
 *
 * Nothing may crash or spin; no answer may be a 500; what says that it is JSON must be.
 */
#pragma once

#include <stddef.h>

#include "controller/config.h"

/* A file with that text, for as long as the program runs: its path, g_free. */
char *conversation_file(const char *text);
/* Once, first: settings whose only `listen` is replaced. */
struct config *conversation_config(const char *settings);
void conversation_run(struct config *config, const char *text, size_t size);
