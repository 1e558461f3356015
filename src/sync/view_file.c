/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/view_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sync/crc32c.h"

#define HEADER "weft-view 1\n"
#define HEADER_LEN (sizeof(HEADER) - 1)
#define CRC_LEN 9 /* eight digits and a space */
#define BLOAT_MIN (256 * 1024)

struct view_file {
	char *path;
	int fd;
	u64 size;	  /* on disk */
	u64 compact_size; /* when it was last compact */
	GString *pending; /* to be written at @size */
};

static bool write_all(int fd, const char *bytes, size_t len, u64 offset, GError **error)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return weft_fail_errno(error, errno, "view file: write");
		bytes += n;
		offset += (u64)n;
		len -= (size_t)n;
	}
	return true;
}

/* Checks the first line. True when @text is of this version; *ret_lost when it is no view file at
 * all. */
static bool check_header(
	const char *path, const char *text, size_t len, bool *ret_lost, GError **error)
{
	unsigned version;

	*ret_lost = false;
	if (len >= HEADER_LEN && memcmp(text, HEADER, HEADER_LEN) == 0)
		return true;
	if (memchr(text, '\n', MIN(len, 64)) && sscanf(text, "weft-view %u\n", &version) == 1 &&
		version > 1)
		return weft_fail(error, STORE_VERSION,
			"view file %s: version %u is newer than this agent knows (1): start the newer agent, or "
			"remove the file and the view is fetched again",
			path, version);
	*ret_lost = true;
	return true;
}

static bool parse_crc(const char *text, u32 *ret)
{
	u32 crc = 0;

	for (int i = 0; i < CRC_LEN - 1; i++) {
		int digit = g_ascii_xdigit_value(text[i]);

		if (digit < 0)
			return false;
		crc = crc << 4 | (u32)digit;
	}
	*ret = crc;
	return text[CRC_LEN - 1] == ' ';
}

static bool read_line(const char *line, size_t len, u64 offset, view_line_cb cb, void *data)
{
	struct view_place place = { .offset = offset + CRC_LEN };
	struct sync_message message;
	u32 crc;

	if (len < CRC_LEN || !parse_crc(line, &crc) || crc32c(line + CRC_LEN, len - CRC_LEN) != crc)
		return false;
	place.len = (u32)(len - CRC_LEN);
	if (!sync_line_parse(line + CRC_LEN, place.len, &message, NULL))
		return false;
	cb(&message, place, data);
	sync_message_clear(&message);
	return true;
}

/* Reads all lines; returns how much of the file is whole lines. */
static size_t read_lines(const char *text, size_t len, view_line_cb cb, void *data, bool *ret_lost)
{
	size_t at = HEADER_LEN;

	while (at < len) {
		const char *newline = memchr(text + at, '\n', len - at);

		if (!newline)
			break;
		size_t n = (size_t)(newline - (text + at));
		if (!read_line(text + at, n, at, cb, data))
			*ret_lost = true;
		at += n + 1;
	}
	return at;
}

static bool load(
	struct view_file *file, view_line_cb cb, void *data, bool *ret_lost, GError **error)
{
	g_autoptr(GMappedFile) map = g_mapped_file_new_from_fd(file->fd, FALSE, error);

	if (!map) {
		g_prefix_error(error, "view file %s: ", file->path);
		return false;
	}
	const char *text = g_mapped_file_get_contents(map);
	size_t len = g_mapped_file_get_length(map);
	bool fresh = len == 0;

	*ret_lost = false;
	if (!fresh && !check_header(file->path, text, len, ret_lost, error))
		return false;
	if (fresh || *ret_lost) {
		if (ftruncate(file->fd, 0) < 0)
			return weft_fail_errno(error, errno, "view file %s: truncate", file->path);
		file->size = HEADER_LEN;
		return write_all(file->fd, HEADER, HEADER_LEN, 0, error);
	}
	file->size = read_lines(text, len, cb, data, ret_lost);
	if (ftruncate(file->fd, (off_t)file->size) < 0)
		return weft_fail_errno(error, errno, "view file %s: truncate", file->path);
	return true;
}

bool view_file_open(const char *path, view_line_cb cb, void *data, struct view_file **ret,
	bool *ret_needs_snapshot, GError **error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return weft_fail_errno(error, errno, "view file %s: open", path);
	struct view_file *file = g_new0(struct view_file, 1);
	file->path = g_strdup(path);
	file->fd = fd;
	file->pending = g_string_new(NULL);
	if (!load(file, cb, data, ret_needs_snapshot, error)) {
		view_file_free(file);
		return false;
	}
	file->compact_size = file->size;
	*ret = file;
	return true;
}

void view_file_free(struct view_file *file)
{
	if (!file)
		return;
	view_file_flush(file, NULL);
	close(file->fd);
	g_string_free(file->pending, TRUE);
	g_free(file->path);
	g_free(file);
}

static u32 append_line(GString *out, const char *line, size_t len)
{
	g_string_append_printf(out, "%08" PRIx32 " ", crc32c(line, len));
	g_string_append_len(out, line, (gssize)len);
	g_string_append_c(out, '\n');
	return (u32)len;
}

struct view_place view_file_append(struct view_file *file, const char *line, size_t len)
{
	struct view_place place = { .offset = file->size + file->pending->len + CRC_LEN };

	place.len = append_line(file->pending, line, len);
	return place;
}

bool view_file_flush(struct view_file *file, GError **error)
{
	if (!write_all(file->fd, file->pending->str, file->pending->len, file->size, error))
		return false;
	file->size += file->pending->len;
	if (file->pending->allocated_len > 1024 * 1024) {
		g_string_free(file->pending, TRUE);
		file->pending = g_string_new(NULL);
	}
	g_string_truncate(file->pending, 0);
	return true;
}

char *view_file_read(struct view_file *file, struct view_place place, GError **error)
{
	g_autofree char *line = g_malloc(place.len + 1);

	if (place.offset >= file->size) {
		memcpy(line, file->pending->str + (place.offset - file->size), place.len);
	} else if (pread(file->fd, line, place.len, (off_t)place.offset) != (ssize_t)place.len) {
		(void)weft_fail(error, VIEW_CORRUPT,
			"view file %s: %u bytes at %" PRIu64 " cannot be read", file->path,
			place.len, place.offset);
		return NULL;
	}
	line[place.len] = '\0';
	return g_steal_pointer(&line);
}

bool view_file_is_bloated(const struct view_file *file)
{
	return file->size > BLOAT_MIN && file->size > 2 * file->compact_size;
}

static bool sync_folder(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;

	if (!synced)
		weft_fail_errno(error, errno, "view file: sync of folder %s", folder);
	if (fd >= 0)
		close(fd);
	return synced;
}

/* Fills the new file at @fd in pieces, so that a large view is never all in memory. */
static bool copy_places(struct view_file *file, int fd, struct view_place *const *places,
	size_t n_places, struct view_place *ret_places, const char *trailer, u64 *ret_size,
	GError **error)
{
	g_autoptr(GString) out = g_string_new(HEADER);
	u64 size = 0;

	for (size_t i = 0; i < n_places; i++) {
		g_autofree char *line = view_file_read(file, *places[i], error);

		if (!line)
			return false;
		ret_places[i].offset = size + out->len + CRC_LEN;
		ret_places[i].len = append_line(out, line, places[i]->len);
		if (out->len < 64 * 1024)
			continue;
		if (!write_all(fd, out->str, out->len, size, error))
			return false;
		size += out->len;
		g_string_truncate(out, 0);
	}
	for (const char *end; trailer && (end = strchr(trailer, '\n')); trailer = end + 1)
		append_line(out, trailer, (size_t)(end - trailer));
	*ret_size = size + out->len;
	return write_all(fd, out->str, out->len, size, error);
}

bool view_file_compact(struct view_file *file, struct view_place *const *places, size_t n_places,
	const char *trailer, GError **error)
{
	g_autofree char *temporary = g_strconcat(file->path, ".new", NULL);
	g_autofree struct view_place *moved = g_new(struct view_place, n_places);
	int fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	u64 size;

	if (fd < 0)
		return weft_fail_errno(error, errno, "view file %s: open", temporary);
	if (!copy_places(file, fd, places, n_places, moved, trailer, &size, error))
		goto undo;
	if (fdatasync(fd) < 0 || rename(temporary, file->path) < 0) {
		weft_fail_errno(error, errno, "view file %s: replace", file->path);
		goto undo;
	}
	close(file->fd);
	file->fd = fd;
	file->size = file->compact_size = size;
	g_string_truncate(file->pending, 0);
	for (size_t i = 0; i < n_places; i++)
		*places[i] = moved[i];
	return sync_folder(file->path, error);
undo:
	close(fd);
	unlink(temporary);
	return false;
}
