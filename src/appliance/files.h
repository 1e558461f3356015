/* SPDX-License-Identifier: Apache-2.0 */
/* The rendered files on disk. */
#pragma once

#include "appliance/render/render.h"

/* Writes those that are not there as they should be, each at once (rename). Bit i of *ret_changed:
 * file i was another one. */
bool files_write(
	const char *folder, const struct rendered *rendered, unsigned *ret_changed, GError **error);

/* "sha256:…" of names and contents. Of what is on disk: a file that can't be read counts as one
 * that is not there. */
char *files_digest_on_disk(const char *folder);
char *files_digest(const struct rendered *rendered);

/* Bit i: file i on disk is not as it should be. */
unsigned files_drift(const char *folder, const struct rendered *rendered);
