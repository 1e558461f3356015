/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP load with keep-alive connections from one thread: each connection sends the next request as
 *soon as it has the whole answer of the last.
 *
 *	apiload ADDRESS PORT TOKEN CONNECTIONS post PATH COUNT < body	COUNT times the same body
 *	apiload ADDRESS PORT TOKEN CONNECTIONS get COUNT < paths	paths in turn, COUNT in all
 *
 * Prints "requests/s p50_us p99_us errors"; an answer that is not 2xx is an error.
 */
#include "nettool.h"

#include <glib.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
	int fd;
	double sent_at;
	GString *answer;
};

struct load {
	const char *host, *token, *post_path;
	char **lines; /* the body, or the paths */
	unsigned n_lines;
	size_t count, started, done, errors;
	float *us;
};

static void send_next(struct load *load, struct connection *connection)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (load->post_path)
		g_string_printf(text,
			"POST %s HTTP/1.1\r\nHost: %s\r\nX-Auth-Token: %s\r\n"
			"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			load->post_path, load->host, load->token, strlen(load->lines[0]),
			load->lines[0]);
	else
		g_string_printf(text, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Auth-Token: %s\r\n\r\n",
			load->lines[load->started % load->n_lines], load->host, load->token);
	load->started++;
	g_string_truncate(connection->answer, 0);
	connection->sent_at = now_s();
	if (write(connection->fd, text->str, text->len) != (ssize_t)text->len) {
		perror("write");
		exit(1);
	}
}

/* Is the answer whole? Answers of this server carry a Content-Length. */
static bool is_whole(const GString *answer)
{
	const char *end = strstr(answer->str, "\r\n\r\n"), *length;

	if (!end)
		return false;
	length = strcasestr(answer->str, "\r\ncontent-length:");
	if (!length || length > end) {
		fprintf(stderr, "an answer without Content-Length:\n%.200s\n", answer->str);
		exit(1);
	}
	return answer->len >= (size_t)(end + 4 - answer->str) + strtoul(length + 17, NULL, 10);
}

static void receive(struct load *load, struct connection *connection)
{
	char buffer[65536];
	ssize_t n = read(connection->fd, buffer, sizeof(buffer));

	if (n <= 0) {
		fprintf(stderr, "the server closed a connection after %zu answers\n", load->done);
		exit(1);
	}
	g_string_append_len(connection->answer, buffer, n);
	if (!is_whole(connection->answer))
		return;
	load->us[load->done++] = (float)((now_s() - connection->sent_at) * 1e6);
	if (strncmp(connection->answer->str, "HTTP/1.1 2", 10) != 0) {
		if (!load->errors++)
			fprintf(stderr, "%.600s\n", connection->answer->str);
	}
	if (load->started < load->count)
		send_next(load, connection);
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static void run(struct load *load, const struct sockaddr_in *address, unsigned n_connections)
{
	g_autofree struct connection *connections = g_new0(struct connection, n_connections);
	int epoll = epoll_create1(0), one = 1;
	struct epoll_event events[64];

	for (unsigned i = 0; i < n_connections; i++) {
		struct connection *connection = &connections[i];

		connection->fd = socket(AF_INET, SOCK_STREAM, 0);
		connection->answer = g_string_new(NULL);
		setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (connect(connection->fd, (const struct sockaddr *)address, sizeof(*address))) {
			perror("connect");
			exit(1);
		}
		epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd,
			&(struct epoll_event){ .events = EPOLLIN, .data.ptr = connection });
	}
	for (unsigned i = 0; i < n_connections && load->started < load->count; i++)
		send_next(load, &connections[i]);
	while (load->done < load->count) {
		int n = epoll_wait(epoll, events, G_N_ELEMENTS(events), 30000);

		if (n == 0) {
			fprintf(stderr, "no answer for 30 s after %zu of %zu\n", load->done,
				load->count);
			exit(1);
		}
		for (int i = 0; i < n; i++)
			receive(load, events[i].data.ptr);
	}
	for (unsigned i = 0; i < n_connections; i++) {
		close(connections[i].fd);
		g_string_free(connections[i].answer, TRUE);
	}
	close(epoll);
}

static char *read_all(FILE *file)
{
	GString *text = g_string_new(NULL);
	char buffer[65536];
	size_t n;

	while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
		g_string_append_len(text, buffer, (gssize)n);
	return g_strchomp(g_string_free(text, FALSE));
}

int main(int argc, char **argv)
{
	bool post = argc == 8 && strcmp(argv[5], "post") == 0;
	bool get = argc == 7 && strcmp(argv[5], "get") == 0;
	struct sockaddr_in address;
	g_autofree char *input = NULL;
	struct load load = { 0 };
	double begin, elapsed;

	if (!post && !get) {
		fprintf(stderr,
			"apiload ADDRESS PORT TOKEN CONNECTIONS (post PATH COUNT | get COUNT) < input\n");
		return 2;
	}
	input = read_all(stdin);
	load.host = argv[1];
	load.token = argv[3];
	load.post_path = post ? argv[6] : NULL;
	load.count = strtoul(post ? argv[7] : argv[6], NULL, 10);
	load.us = g_new0(float, load.count + 1);
	load.lines = post ? g_new0(char *, 2) : g_strsplit(input, "\n", -1);
	if (post)
		load.lines[0] = g_strdup(input);
	load.n_lines = g_strv_length(load.lines);
	address = address_of(argv[1], argv[2]);
	begin = now_s();
	run(&load, &address, (unsigned)atoi(argv[4]));
	elapsed = now_s() - begin;
	qsort(load.us, load.done, sizeof(*load.us), compare);
	printf("%.0f %.0f %.0f %zu\n", (double)load.done / elapsed, (double)load.us[load.done / 2],
		(double)load.us[load.done * 99 / 100], load.errors);
	g_strfreev(load.lines);
	g_free(load.us);
	return 0;
}
