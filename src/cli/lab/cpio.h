/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a cpio archive in the "newc" form that the kernel unpacks
 * (Documentation/driver-api/early-userspace/buffer-format.rst). */
#pragma once

#include <glib.h>

#include "base/types.h"

struct cpio {
	GByteArray *bytes;
	u32 inode;
};

struct cpio cpio_new(void);
void cpio_dir(struct cpio *cpio, const char *path);
void cpio_file(struct cpio *cpio, const char *path, u32 permissions, const void *data, size_t len);

/* Ends the archive and hands it over, to be freed (g_byte_array_unref). */
GByteArray *cpio_finish(struct cpio *cpio);
