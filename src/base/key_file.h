/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemons' configuration files have in common. Errors are INVALID_INPUT and begin with the
 * key, unless the file system's say what is wrong. */
#pragma once

#include <glib.h>

#include "base/error.h"

/* No key of @group but those of @known, which ends with NULL. */
bool key_file_check(GKeyFile *file, const char *group, const char *const *known, GError **error);

/* Without blanks around it, g_free(); a copy of @fallback, which may be NULL, if it is not there.
 */
char *key_file_text(GKeyFile *file, const char *group, const char *key, const char *fallback);

/* The one line of at least @min characters of the file @path, which only its owner may read;
 * g_free(). @key: by which the path was given. */
char *key_file_secret(const char *path, const char *key, size_t min, GError **error);
