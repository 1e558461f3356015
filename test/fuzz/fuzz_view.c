/* SPDX-License-Identifier: Apache-2.0 */
/* The view on disk: any file, to lines, to records. */
#include <sys/mman.h>
#include <unistd.h>

#include "sync/record.h"
#include "sync/view_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const struct sync_message *message, struct view_place place, void *data)
{
	struct record_key key;
	struct record record;
	enum record_kind kind;

	(void)place;
	(void)data;
	if (message->op != SYNC_PUT || !record_kind_parse(message->kind, &kind) ||
		!record_key_parse(kind, message->id, &key, NULL))
		return;
	if (record_decode(kind, message->data, &record, NULL))
		record_clear(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("view", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	struct view_file *file;
	bool needs_snapshot;

	if (fd >= 0 && write(fd, data, size) == (ssize_t)size &&
		view_file_open(path, decode, NULL, &file, &needs_snapshot, NULL))
		view_file_free(file);
	close(fd);
	return 0;
}
