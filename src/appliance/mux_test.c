/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends of one stream; clients at one, what they reach at the other. */
#include "appliance/mux.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define MUCH (1 << 20) /* bytes: more than any socket holds */

struct bed {
	int stream[2];
	struct mux *here, *there;
	int served[4]; /* our ends of what the other side has opened */
	unsigned n_served, lost;
	bool refuse;
};

static void make_pair(int pair[2])
{
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
}

static int serve(void *user)
{
	struct bed *bed = user;
	int pair[2];

	if (bed->refuse)
		return -1;
	make_pair(pair);
	bed->served[bed->n_served++] = pair[0];
	return pair[1];
}

static void on_lost(void *user)
{
	((struct bed *)user)->lost++;
}

static int make_bed(void **state)
{
	struct bed *bed = g_new0(struct bed, 1);

	make_pair(bed->stream);
	bed->here = mux_new(
		&(struct mux_config){ .stream = bed->stream[0], .lost = on_lost, .user = bed });
	bed->there = mux_new(&(struct mux_config){
		.stream = bed->stream[1], .open = serve, .lost = on_lost, .user = bed });
	*state = bed;
	return 0;
}

static int remove_bed(void **state)
{
	struct bed *bed = *state;

	mux_free(bed->here);
	mux_free(bed->there);
	for (unsigned i = 0; i < bed->n_served; i++)
		close(bed->served[i]);
	close(bed->stream[0]);
	close(bed->stream[1]);
	g_free(bed);
	return 0;
}

static void settle(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static int client(struct bed *bed)
{
	int pair[2];

	make_pair(pair);
	mux_add(bed->here, pair[1]);
	settle();
	return pair[0];
}

static void assert_says(int fd, const char *text)
{
	char buf[64] = "";
	ssize_t n;

	settle();
	n = read(fd, buf, sizeof(buf) - 1);
	assert_int_equal(n, strlen(text));
	assert_string_equal(buf, text);
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void test_connections_are_apart(void **state)
{
	struct bed *bed = *state;
	int a = client(bed), b = client(bed);

	assert_int_equal(bed->n_served, 2);
	say(a, "one");
	say(b, "two");
	assert_says(bed->served[0], "one");
	assert_says(bed->served[1], "two");
	say(bed->served[1], "for two");
	say(bed->served[0], "for one");
	assert_says(a, "for one");
	assert_says(b, "for two");
	/* What was said before the end arrives, and then the end does. */
	say(bed->served[0], "last");
	close(bed->served[0]);
	bed->served[0] = dup(a);
	settle();
	assert_says(a, "last");
	assert_says(a, "");
	close(b);
	settle();
	assert_int_equal(mux_links(bed->here) + mux_links(bed->there), 0);
	assert_says(bed->served[1], "");
	close(a);
}

static void test_one_that_does_not_read_stops_nobody(void **state)
{
	struct bed *bed = *state;
	g_autofree char *much = g_malloc0(MUCH);
	int slow = client(bed), quick = client(bed);

	for (unsigned i = 0; mux_links(bed->here) == 2 && i < 100000; i++) {
		if (write(bed->served[0], much, MUCH) < 0)
			assert_int_equal(errno, EAGAIN);
		settle();
	}
	assert_int_equal(mux_links(bed->here), 1);
	say(quick, "still here");
	assert_says(bed->served[1], "still here");
	close(slow);
	close(quick);
}

static void test_refused_and_lost(void **state)
{
	struct bed *bed = *state;
	int fd, late;

	bed->refuse = true;
	fd = client(bed);
	assert_says(fd, "");
	close(fd);
	bed->refuse = false;
	fd = client(bed);
	/* No frame begins so. */
	say(bed->stream[0], "what is this to be?");
	settle();
	assert_int_equal(bed->lost, 1);
	assert_int_equal(mux_links(bed->there), 0);
	shutdown(bed->stream[1], SHUT_RDWR);
	settle();
	assert_int_equal(bed->lost, 2);
	assert_says(fd, "");
	late = client(bed);
	assert_says(late, "");
	close(fd);
	close(late);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_connections_are_apart, make_bed, remove_bed),
		cmocka_unit_test_setup_teardown(
			test_one_that_does_not_read_stops_nobody, make_bed, remove_bed),
		cmocka_unit_test_setup_teardown(test_refused_and_lost, make_bed, remove_bed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
