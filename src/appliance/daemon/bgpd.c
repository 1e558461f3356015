/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/bgpd.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (16 * 1024 * 1024)

/* vtysh itself wants PAM, which is not in an appliance. A command ends with NUL, its answer with
 * three of them and a status (FRR's vtysh/vtysh.c). */
static int connect_to(const char *folder)
{
	const struct timeval limit = { .tv_sec = 1 };
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_snprintf(where.sun_path, sizeof(where.sun_path), "%s/bgpd.vty", folder);
	if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
			       connect(fd, (struct sockaddr *)&where, sizeof(where)))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The status, 0 for success; -1: it does not answer. */
static int read_answer(int fd, GString *text)
{
	char bytes[4096];
	ssize_t len;

	while (text->len < ANSWER_MAX && (len = read(fd, bytes, sizeof(bytes))) > 0) {
		g_string_append_len(text, bytes, len);
		if (text->len >= 4 && !memcmp(text->str + text->len - 4, "\0\0\0", 3))
			return (unsigned char)text->str[text->len - 1];
	}
	return -1;
}

static int run(int fd, const char *command, GString *answer)
{
	size_t len = strlen(command) + 1;

	g_string_truncate(answer, 0);
	return send(fd, command, len, MSG_NOSIGNAL) == (ssize_t)len ? read_answer(fd, answer) : -1;
}

char *bgpd_ask(const char *folder, const char *command)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int fd = connect_to(folder);
	bool ok = fd >= 0 && !run(fd, command, text);

	if (fd >= 0)
		close(fd);
	return ok ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

bool bgpd_tell(const char *folder, const GPtrArray *commands)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int fd = connect_to(folder);
	bool ok = fd >= 0;

	for (guint i = 0; ok && i < commands->len; i++) {
		int status = run(fd, commands->pdata[i], text);

		ok = !status || (status > 0 && g_str_has_prefix(commands->pdata[i], "no "));
	}
	if (fd >= 0)
		close(fd);
	return ok;
}
