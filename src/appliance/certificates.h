/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of load balancers on disk, with their private keys: for root alone, each named
 * by its content. */
#pragma once

#include <glib.h>

#include "base/error.h"
#include "base/types.h"

/* Names and PEM texts of all that are there; g_tree_unref(). */
GTree *certificates_read(const char *folder);
/* Are those there, and no other? */
bool certificates_match(const char *folder, GTree *wanted);
bool certificates_write(const char *folder, GTree *wanted, GError **error);
