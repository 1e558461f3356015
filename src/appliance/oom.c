/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/oom.h"

#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FD_PREFIX "fd:"
#define TEXT_MAX 32768 /* bytes; vmstat has some 6000 */
#define LINE "oom_kill "

static int fd = -1;

void oom_set_source(const char *source)
{
	if (source && g_str_has_prefix(source, FD_PREFIX)) {
		fd = atoi(source + strlen(FD_PREFIX));
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	} else if (source) {
		fd = open(source, O_RDONLY | O_CLOEXEC);
	}
}

u64 oom_kills(void)
{
	g_autofree char *text = g_malloc0(TEXT_MAX);
	ssize_t len = fd >= 0 ? pread(fd, text, TEXT_MAX - 1, 0) : -1;
	const char *line = len > 0 ? text : NULL;

	while (line && strncmp(line, LINE, strlen(LINE))) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line ? g_ascii_strtoull(line + strlen(LINE), NULL, 10) : 0;
}
