/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab/cpio.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER_BYTES 110

static void pad(GByteArray *bytes)
{
	static const u8 zero[4];

	g_byte_array_append(bytes, zero, (4 - bytes->len % 4) % 4);
}

static void add(struct cpio *cpio, const char *path, u32 mode, const void *data, size_t len)
{
	char header[HEADER_BYTES + 1];
	u32 name_len = (u32)strlen(path) + 1;

	/* magic, then 13 numbers: ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor
	 * rdevminor namesize check */
	snprintf(header, sizeof(header),
		"070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ++cpio->inode, mode,
		0, 0, 1, 0, (u32)len, 0, 0, 0, 0, name_len, 0);
	g_byte_array_append(cpio->bytes, (const u8 *)header, HEADER_BYTES);
	g_byte_array_append(cpio->bytes, (const u8 *)path, name_len);
	pad(cpio->bytes);
	if (len)
		g_byte_array_append(cpio->bytes, data, (guint)len);
	pad(cpio->bytes);
}

struct cpio cpio_new(void)
{
	return (struct cpio){ .bytes = g_byte_array_new() };
}

void cpio_dir(struct cpio *cpio, const char *path)
{
	add(cpio, path, S_IFDIR | 0755, NULL, 0);
}

void cpio_file(struct cpio *cpio, const char *path, u32 permissions, const void *data, size_t len)
{
	add(cpio, path, S_IFREG | permissions, data, len);
}

GByteArray *cpio_finish(struct cpio *cpio)
{
	add(cpio, "TRAILER!!!", 0, NULL, 0);
	return g_steal_pointer(&cpio->bytes);
}
