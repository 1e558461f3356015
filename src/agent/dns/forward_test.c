/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwarded questions against a resolver on the loopback whose behaviour the name's first label
 * chooses: a (answers), tc (truncated by UDP, whole by TCP), mute, fail (SERVFAIL), forge (a wrong
 * id and a wrong question before the answer), junk (malformed).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/dns/forward.h"
#include "agent/dns/upstreams.h"

static int udp, tcp;
static u16 upstream_port;
static unsigned n_asked, n_by_tcp;

static const struct frame_flow guest = { .src = { .family = 4, .b = { 10, 0, 0, 5 } },
	.dst = { .family = 4, .b = { 169, 254, 169, 253 } },
	.src_port = 5353,
	.dst_port = 53 };

/* What the guest has got. */
static struct {
	unsigned n;
	enum service_outcome outcome;
	u8 message[FRAME_MAX];
	size_t len;
	struct frame_flow flow;
	char port_id[16];
} got;

static size_t answer(const u8 *query, size_t len, u16 flags, u16 n_answers, u8 *room, size_t size)
{
	struct writer w = writer_of(room, size);

	write_bytes(&w, query, len - DNS_OPT_BYTES); /* the forwarder's OPT is last */
	put_u16(room + 2, DNS_RESPONSE | DNS_RECURSION_AVAILABLE | flags);
	put_u16(room + 6, n_answers);
	put_u16(room + 10, 0);
	for (u16 i = 0; i < n_answers; i++) {
		write_bytes(&w, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2", 15);
		write_u8(&w, (u8)i);
	}
	assert_false(w.failed);
	return w.len;
}

static bool is_named(const u8 *query, const char *label)
{
	return query[12] == strlen(label) && memcmp(query + 13, label, strlen(label)) == 0;
}

static void forge(const u8 *query, size_t len, const struct sockaddr_in *to)
{
	u8 room[512];
	size_t n = answer(query, len, DNS_NXDOMAIN, 0, room, sizeof(room));

	room[0] ^= 1;
	assert_int_equal(sendto(udp, room, n, 0, (const struct sockaddr *)to, sizeof(*to)), n);
	room[0] ^= 1;
	room[14] ^= 1;
	assert_int_equal(sendto(udp, room, n, 0, (const struct sockaddr *)to, sizeof(*to)), n);
}

static gboolean on_udp(int fd, GIOCondition condition, gpointer data)
{
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	u8 query[512], room[512];
	ssize_t len = recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&from, &from_len);

	(void)condition, (void)data;
	assert_true(len > DNS_HEADER_BYTES + DNS_OPT_BYTES);
	n_asked++;
	if (is_named(query, "mute"))
		return G_SOURCE_CONTINUE;
	if (is_named(query, "forge"))
		forge(query, (size_t)len, &from);
	bool is_cut = is_named(query, "tc");
	size_t n = answer(query, (size_t)len,
		is_cut			  ? DNS_TRUNCATED
		: is_named(query, "fail") ? DNS_SERVFAIL
					  : 0,
		is_cut ? 0 : 1, room, sizeof(room));
	if (is_named(query, "junk"))
		n -= 3;
	assert_int_equal(sendto(fd, room, n, 0, (struct sockaddr *)&from, from_len), n);
	return G_SOURCE_CONTINUE;
}

static gboolean on_tcp_query(int peer, GIOCondition condition, gpointer data)
{
	u8 query[512], room[2048];
	ssize_t len = recv(peer, query, sizeof(query), 0); /* the query is sent whole */

	(void)condition, (void)data;
	assert_true(len > 2);
	n_by_tcp++;
	size_t n = answer(query + 2, (size_t)len - 2, 0, 60, room + 2, sizeof(room) - 2);
	put_u16(room, (u16)n);
	assert_int_equal(send(peer, room, 1, 0), 1); /* in pieces, as a stream may come */
	assert_int_equal(send(peer, room + 1, n + 1, 0), n + 1);
	close(peer);
	return G_SOURCE_REMOVE;
}

static gboolean on_tcp(int fd, GIOCondition condition, gpointer data)
{
	(void)condition;
	g_unix_fd_add(accept(fd, NULL, NULL), G_IO_IN, on_tcp_query, data);
	return G_SOURCE_CONTINUE;
}

static void on_done(const char *port_id, const struct frame_flow *flow, const u8 *message,
	size_t len, enum service_outcome outcome, void *data)
{
	(void)data;
	got.n++;
	got.outcome = outcome;
	got.flow = *flow;
	got.len = len;
	memcpy(got.message, message, len);
	g_strlcpy(got.port_id, port_id, sizeof(got.port_id));
}

static struct dns_forwarder *forwarder_new(guint attempts, const char *first, const char *second)
{
	struct ip upstreams[2];

	n_asked = n_by_tcp = 0;
	got.n = 0;
	assert_true(ip_parse(first, &upstreams[0]) && ip_parse(second, &upstreams[1]));
	return dns_forwarder_new(&(struct dns_forwarder_options){ .upstreams = upstreams,
		.n_upstreams = 2,
		.upstream_port = upstream_port,
		.timeout_ms = 50,
		.attempts = attempts,
		.per_port_max = 2,
		.pending_max = 3,
		.done = on_done });
}

static enum service_outcome ask(
	struct dns_forwarder *f, const char *port_id, u16 id, const char *name, u16 size)
{
	struct dns_query query;
	u8 room[512];
	struct writer w = writer_of(room, sizeof(room));

	write_u16(&w, id);
	write_u16(&w, DNS_RECURSION_DESIRED);
	write_u16(&w, 1);
	write_zeroes(&w, 5);
	write_u8(&w, size != 0);
	write_name(&w, name);
	write_u16(&w, DNS_A);
	write_u16(&w, DNS_CLASS_IN);
	if (size) {
		write_bytes(&w, "\0\0\x29", 3);
		write_u16(&w, size);
		write_zeroes(&w, 6);
	}
	assert_int_equal(dns_parse_query(room, w.len, &query), DNS_PARSED);
	return dns_forwarder_ask(f, port_id, &guest, &query, DNS_UDP_MAX);
}

static void wait_for_replies(unsigned n)
{
	while (got.n < n)
		g_main_context_iteration(NULL, TRUE);
}

static u16 got_u16(size_t at)
{
	return (u16)(got.message[at] << 8 | got.message[at + 1]);
}

static void test_answer(void **state)
{
	static const char *const names[] = { "a.test", "forge.test" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct dns_forwarder *f = forwarder_new(1, "127.0.0.1", "127.0.0.1");

		assert_int_equal(ask(f, "p1", 0x1234, names[i], 0), SERVICE_DNS_FORWARDED);
		wait_for_replies(1);
		assert_int_equal(got.outcome, SERVICE_DNS_FORWARD_REPLY);
		assert_string_equal(got.port_id, "p1");
		assert_int_equal(ip_compare(&got.flow.dst, &guest.src), 0);
		assert_int_equal(got.flow.dst_port, 5353);
		assert_int_equal(got_u16(0), 0x1234);
		assert_int_equal(got_u16(2), 0x8180);
		assert_int_equal(got_u16(6), 1);
		assert_int_equal(got_u16(10), 0); /* the guest has not said EDNS */
		dns_forwarder_free(f);
	}
}

static void test_large_answer_by_tcp(void **state)
{
	struct dns_forwarder *f = forwarder_new(1, "127.0.0.1", "127.0.0.1");

	(void)state;
	ask(f, "p1", 1, "tc.test", 4096);
	wait_for_replies(1);
	assert_int_equal(n_by_tcp, 1);
	assert_int_equal(got_u16(6), 60);
	assert_int_equal(got_u16(2) & DNS_TRUNCATED, 0);
	assert_int_equal(got_u16(10), 1);
	ask(f, "p1", 2, "tc.test",
		0); /* the same does not fit into 512 bytes: cut between records */
	wait_for_replies(2);
	assert_int_equal(got_u16(6), (512 - 12 - 13) / 16);
	assert_int_equal(got.len, 12 + 13 + got_u16(6) * 16);
	assert_int_equal(got_u16(2) & DNS_TRUNCATED, DNS_TRUNCATED);
	dns_forwarder_free(f);
}

static void test_next_server(void **state)
{
	struct dns_forwarder *f =
		forwarder_new(2, "127.0.0.2", "127.0.0.1"); /* nobody listens at the first */

	(void)state;
	ask(f, "p1", 1, "a.test", 0);
	wait_for_replies(1);
	assert_int_equal(got.outcome, SERVICE_DNS_FORWARD_REPLY);
	assert_int_equal(n_asked, 1);
	dns_forwarder_free(f);
}

static void test_failures(void **state)
{
	static const char *const names[] = { "mute.test", "fail.test", "junk.test" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct dns_forwarder *f = forwarder_new(3, "127.0.0.1", "127.0.0.1");

		ask(f, "p1", 7, names[i], 0);
		wait_for_replies(1);
		assert_int_equal(n_asked, 3);
		assert_int_equal(got.outcome, SERVICE_DNS_FORWARD_TIMEOUT);
		assert_int_equal(got_u16(0), 7);
		assert_int_equal(got_u16(2), 0x8180 | DNS_SERVFAIL);
		assert_int_equal(got_u16(4), 1);
		dns_forwarder_free(f);
	}
}

static void test_limits(void **state)
{
	struct dns_forwarder *f = forwarder_new(1, "127.0.0.1", "127.0.0.1");

	(void)state;
	assert_int_equal(ask(f, "p1", 1, "mute.test", 0), SERVICE_DNS_FORWARDED);
	assert_int_equal(ask(f, "p1", 1, "mute.test", 0), SERVICE_DNS_DUPLICATE);
	assert_int_equal(ask(f, "p1", 2, "mute.test", 0), SERVICE_DNS_FORWARDED);
	assert_int_equal(
		ask(f, "p1", 3, "mute.test", 0), SERVICE_DNS_FORWARD_LIMIT); /* the port's */
	assert_int_equal(ask(f, "p2", 1, "mute.test", 0), SERVICE_DNS_FORWARDED);
	assert_int_equal(
		ask(f, "p3", 1, "mute.test", 0), SERVICE_DNS_FORWARD_LIMIT); /* the host's */
	dns_forwarder_port_gone(f, "p1");
	assert_int_equal(ask(f, "p3", 1, "a.test", 0), SERVICE_DNS_FORWARDED);
	wait_for_replies(2); /* p2's failure and p3's answer; nothing for p1 */
	assert_string_not_equal(got.port_id, "p1");
	assert_int_equal(ask(f, "p4", 1, "mute.test", 0), SERVICE_DNS_FORWARDED);
	dns_forwarder_free(f); /* with a question pending */
	assert_false(g_main_context_iteration(NULL, FALSE) && got.n > 2);
}

static void test_no_upstream(void **state)
{
	struct dns_forwarder *f =
		dns_forwarder_new(&(struct dns_forwarder_options){ .done = on_done });

	(void)state;
	assert_int_equal(ask(f, "p1", 1, "a.test", 0), SERVICE_DNS_NO_UPSTREAM);
	dns_forwarder_free(f);
}

static void write_file(const char *path, const char *text)
{
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void assert_upstream(const struct dns_upstreams *upstreams, size_t n, const char *text)
{
	const struct ip *ip = dns_upstreams_get(upstreams, n);
	char buf[IP_STRLEN];

	assert_non_null(ip);
	assert_string_equal(ip_format(ip, buf), text);
}

static void test_resolv_conf(void **state)
{
	g_autofree char *dir = g_dir_make_tmp(NULL, NULL);
	g_autofree char *path = g_build_filename(dir, "resolv.conf", NULL);
	struct dns_upstreams *upstreams = dns_upstreams_of_file(path);

	(void)state;
	assert_null(dns_upstreams_get(upstreams, 0)); /* not there yet */
	write_file(path,
		"# nameserver 1.1.1.1\nsearch x\nnameserver 9.9.9.9\nnameserver\t 2620:fe::9 # x\n"
		"nameserver fe80::1%eth0\nnameserver fe80::1\nnameserver bad\n");
	dns_upstreams_refresh(upstreams);
	assert_upstream(upstreams, 0, "9.9.9.9");
	assert_upstream(upstreams, 1, "2620:fe::9");
	assert_upstream(upstreams, 2, "9.9.9.9");
	write_file(path, "");
	dns_upstreams_refresh(upstreams);
	assert_upstream(upstreams, 0, "9.9.9.9");
	write_file(path, "nameserver 8.8.8.8\n");
	dns_upstreams_refresh(upstreams);
	assert_upstream(upstreams, 0, "8.8.8.8");
	assert_upstream(upstreams, 1, "8.8.8.8");
	dns_upstreams_free(upstreams);
	unlink(path);
	rmdir(dir);
}

static int start_resolver(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	(void)state;
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(tcp, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(tcp, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(bind(udp, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(tcp, 4), 0);
	upstream_port = ntohs(at.sin_port);
	g_unix_fd_add(udp, G_IO_IN, on_udp, NULL);
	g_unix_fd_add(tcp, G_IO_IN, on_tcp, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_large_answer_by_tcp),
		cmocka_unit_test(test_next_server),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_upstream),
		cmocka_unit_test(test_resolv_conf),
	};

	return cmocka_run_group_tests(tests, start_resolver, NULL);
}
