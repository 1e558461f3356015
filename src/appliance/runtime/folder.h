/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a machine, for root alone: "lock", "credential", "api.sock", "state.json"
 * (state.h); with TLS "cert.pem" and "key.pem"; of one of namespaces "appliance.conf" and "root",
 * where its root is mounted in a namespace of its own.
 */
#pragma once

#include "base/error.h"

/* Makes it, with a new credential. CONFLICT when another process has it. */
bool folder_make(const char *folder, int *ret_lock, char **ret_credential, GError **error);
/* A pidfd of the process that has the folder, or -1: nobody has. */
int folder_owner(const char *folder);
/* A socket that listens at "api.sock". */
int folder_listen(const char *folder, GError **error);
/* A file of that name in it. */
bool folder_write(const char *folder, const char *name, const char *text, GError **error);
void folder_remove(const char *folder);
