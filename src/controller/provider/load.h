/* SPDX-License-Identifier: Apache-2.0 */
/* Files of plug-ins: which may be loaded, and loading them. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <weft/provider.h>

/* Names of the *.so files of the folder, in the order of the alphabet (g_strfreev). Fails when
 * there is no such folder, or others than root can change what is in it. */
char **provider_folder_list(const char *folder, GError **error);
/* Is it root's alone? */
bool provider_file_check(const char *path, GError **error);

/* Loads the file into this process, for good, and copies its descriptor: what it does not know is
 * zero. Says what is wrong with it otherwise. */
bool provider_load(const char *path, struct weft_provider *ret, GError **error);
/* What a descriptor must be like. */
bool provider_descriptor_check(const struct weft_provider *provider, GError **error);
