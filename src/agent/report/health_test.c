/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks on a desired state of one host: what is asked, and what follows from the answers.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/report/health.h"
#include "agent/desired/parts.h"
#include "agent/report/probe_frame.h"

#define NETWORK "11111111-0000-4000-8000-000000000001"
#define BALANCER "22222222-0000-4000-8000-000000000001"
#define PORT "33333333-0000-4000-8000-000000000001"
#define MEMBER "44444444-0000-4000-8000-000000000001"
#define HOST "55555555-0000-4000-8000-000000000001"

static struct {
	struct desired *desired;
	struct healths *healths;
	struct frame sent; /* the last one */
	unsigned n_sent, listens;
	enum health health;
	char why[200];
	unsigned n_told;
} bed;

static void on_send(const struct port *port, const struct frame *frame, void *data)
{
	(void)data;
	assert_int_equal(port->applied_ifindex, 12);
	bed.sent = *frame;
	bed.n_sent++;
}

static void on_listen(u32 vni, const struct ip *vip, bool wanted, void *data)
{
	(void)vip;
	(void)data;
	assert_int_equal(vni, 7);
	bed.listens = wanted ? bed.listens + 1 : bed.listens - 1;
}

static void on_changed(const struct uuid *member, enum health health, const char *why, void *data)
{
	(void)member;
	(void)data;
	bed.health = health;
	bed.n_told++;
	g_strlcpy(bed.why, why, sizeof(bed.why));
}

static void put(enum record_kind kind, const char *id, const char *text)
{
	g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
	json_t *json = json_loads(quoted, 0, NULL);
	struct record_key key;
	struct record record = { 0 };
	GError *error = NULL;

	assert_non_null(json);
	if (!record_decode(kind, json, &record, &error) ||
		!record_key_parse(kind, id, &key, &error))
		fail_msg("%s", error->message);
	desired_put(bed.desired, &key, &record);
	json_decref(json);
}

static void put_balancer(const char *monitor)
{
	g_autofree char *text = g_strdup_printf(
		"{'network_id':'" NETWORK
		"','vip_address':'10.0.0.9','mac_address':'02:00:00:00:00:09',"
		"'pools':[{'id':'" PORT "','members':[{'id':'" MEMBER "','network_id':'" NETWORK
		"','address':'10.0.0.5','port':80,'weight':1}],'monitor':{'delay':2,'timeout':1,"
		"'max_retries':2,'max_retries_down':3,%s}}]}",
		monitor);
	struct uuid id;

	put(RECORD_LOAD_BALANCER, BALANCER, text);
	uuid_parse(BALANCER, &id);
	desired_load_balancer(bed.desired, &id)->applied_vni = 7;
}

static int setup(void **state)
{
	const struct health_io io = { on_send, on_listen, on_changed, NULL };
	struct uuid id;

	(void)state;
	memset(&bed, 0, sizeof(bed));
	bed.desired = desired_new();
	bed.healths = healths_new(bed.desired, &io);
	put(RECORD_NETWORK, NETWORK, "{'vni':7,'mtu':1400}");
	put(RECORD_PORT, PORT,
		"{'network_id':'" NETWORK "','mac_address':'02:00:00:00:00:05','fixed_ips':[]}");
	put(RECORD_ENDPOINT, PORT,
		"{'network_id':'" NETWORK "','host_id':'" HOST
		"','mac_address':'02:00:00:00:00:05','ips':['10.0.0.5']}");
	uuid_parse(PORT, &id);
	desired_port(bed.desired, &id)->applied_ifindex = 12;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	healths_free(bed.healths);
	desired_free(bed.desired);
	return 0;
}

/* The member's segment back to what was sent last. */
static void answer_tcp(u8 flags, u32 seq, const char *payload)
{
	const u8 *tcp = bed.sent.data + 34;
	struct frame_flow flow = { .src = { .family = 4, .b = { 10, 0, 0, 5 } },
		.dst = { .family = 4, .b = { 10, 0, 0, 9 } },
		.src_port = 80,
		.dst_port = (u16)(tcp[0] << 8 | tcp[1]) };
	u32 sent = (u32)tcp[4] << 24 | (u32)tcp[5] << 16 | (u32)tcp[6] << 8 | tcp[7];
	struct frame frame;
	struct uuid id;

	probe_tcp(&frame, &flow, flags, seq, sent + 1, payload);
	uuid_parse(PORT, &id);
	healths_answer(bed.healths, desired_port(bed.desired, &id), frame.data, frame.len);
}

static void test_tcp(void **state)
{
	(void)state;
	put_balancer("'type':'TCP'");
	healths_second(bed.healths);
	assert_int_equal(bed.n_sent, 1);
	assert_int_equal(bed.listens, 1);
	assert_int_equal(bed.sent.data[47], PROBE_SYN);
	answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
	assert_int_equal(bed.health, HEALTH_ALIVE);
	assert_int_equal(bed.sent.data[47], PROBE_RST | PROBE_ACK);
	for (int failures = 0; failures < 3; failures++) { /* silence, and a refusal among it */
		assert_int_equal(bed.health, HEALTH_ALIVE);
		healths_second(bed.healths);
		healths_second(bed.healths);
		if (failures == 1)
			answer_tcp(PROBE_RST | PROBE_ACK, 0, NULL);
	}
	healths_second(bed.healths);
	assert_int_equal(bed.health, HEALTH_DEAD);
	assert_string_equal(bed.why, "timed out: no answer from TCP port 80 within 1 s");
	for (int good = 0; good < 2; good++) {
		assert_int_equal(bed.health, HEALTH_DEAD);
		for (unsigned before = bed.n_sent; bed.n_sent == before;)
			healths_second(bed.healths);
		answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
	}
	assert_int_equal(bed.health, HEALTH_ALIVE);
	put_balancer("'type':'SOMETHING-NEW'");
	healths_second(bed.healths);
	assert_int_equal(bed.health, HEALTH_UNKNOWN);
	assert_int_equal(bed.listens, 0);
}

static void test_http(void **state)
{
	(void)state;
	put_balancer("'type':'HTTP','url_path':'/x','expected_codes':'200-299'");
	healths_second(bed.healths);
	answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
	assert_memory_equal(bed.sent.data + 54, "GET /x HTTP/1.0\r\n", 17);
	assert_int_equal(bed.health, HEALTH_UNKNOWN);
	answer_tcp(PROBE_ACK | PROBE_PSH, 1001, "HTTP/1.1 204 No Content\r\n\r\n");
	assert_int_equal(bed.health, HEALTH_ALIVE);
	for (int failures = 0; failures < 3; failures++) {
		for (unsigned before = bed.n_sent; bed.n_sent == before;)
			healths_second(bed.healths);
		answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
		answer_tcp(PROBE_ACK | PROBE_PSH, 1001, "HTTP/1.1 503 Busy\r\n\r\n");
	}
	assert_int_equal(bed.health, HEALTH_DEAD);
	assert_string_equal(bed.why, "HTTP status 503, expected is 200-299");
}

static void until_asked(void)
{
	for (unsigned before = bed.n_sent; bed.n_sent == before;)
		healths_second(bed.healths);
}

/* Another reason of a dead member is told when it was one twice, and once. */
static void test_another_reason(void **state)
{
	(void)state;
	put_balancer("'type':'HTTP'");
	for (int failures = 0; failures < 3; failures++) {
		until_asked();
		answer_tcp(PROBE_RST | PROBE_ACK, 0, NULL);
	}
	assert_string_equal(bed.why, "refused: nobody listens on TCP port 80");
	assert_int_equal(bed.n_told, 1);
	for (int failures = 0; failures < 4; failures++) {
		until_asked();
		answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
		answer_tcp(PROBE_ACK | PROBE_PSH, 1001, "SSH-2.0\r\n");
		assert_int_equal(bed.n_told, failures < 1 ? 1 : 2);
	}
	assert_string_equal(bed.why, "what TCP port 80 answers is not HTTP");
	for (int failures = 0; failures < 4; failures++) {
		until_asked();
		answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
		if (failures & 1)
			answer_tcp(PROBE_RST | PROBE_ACK, 1001, NULL);
	}
	assert_int_equal(bed.n_told, 2);
	assert_int_equal(bed.health, HEALTH_DEAD);
}

static void device_of_port(u32 ifindex)
{
	struct uuid id;

	uuid_parse(PORT, &id);
	desired_port(bed.desired, &id)->applied_ifindex = ifindex;
}

/* A guest that is switched off is dead, by every type of monitor; one that comes is asked. */
static void test_no_device(void **state)
{
	static const char *const types[] = { "'type':'TCP'", "'type':'UDP-CONNECT'",
		"'type':'PING'" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		put_balancer(types[i]);
		device_of_port(0);
		bed.n_sent = 0;
		for (int seconds = 0; seconds < 8; seconds++)
			healths_second(bed.healths);
		assert_int_equal(bed.health, HEALTH_DEAD);
		assert_string_equal(bed.why, "no guest is plugged into its port");
		assert_int_equal(bed.n_sent, 0);
		device_of_port(12);
		until_asked();
		put_balancer("'type':'SOMETHING-NEW'");
		healths_second(bed.healths);
		assert_int_equal(bed.health, HEALTH_UNKNOWN);
	}
}

/* An agent that starts sees devices a moment after ports. */
static void test_device_that_comes(void **state)
{
	(void)state;
	put_balancer("'type':'TCP'");
	device_of_port(0);
	healths_second(bed.healths);
	device_of_port(12);
	healths_second(bed.healths);
	assert_int_equal(bed.n_sent, 1);
	answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
	assert_int_equal(bed.health, HEALTH_ALIVE);
	assert_int_equal(bed.n_told, 1);
}

/* A port that may move here is its other host's to ask after. */
static void test_inactive_port(void **state)
{
	(void)state;
	put(RECORD_PORT, PORT,
		"{'network_id':'" NETWORK
		"','mac_address':'02:00:00:00:00:05','fixed_ips':[],'active':false}");
	put_balancer("'type':'TCP'");
	for (int seconds = 0; seconds < 8; seconds++)
		healths_second(bed.healths);
	assert_int_equal(bed.n_sent, 0);
	assert_int_equal(bed.n_told, 0);
}

static void test_http_by_name(void **state)
{
	static const char asked[] = "GET /x HTTP/1.1\r\nHost: a.example.org\r\n";

	(void)state;
	put_balancer("'type':'HTTP','url_path':'/x','domain_name':'a.example.org'");
	healths_second(bed.healths);
	answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
	assert_memory_equal(bed.sent.data + 54, asked, strlen(asked));
	answer_tcp(PROBE_ACK | PROBE_PSH, 1001, "HTTP/1.1 200 OK\r\n\r\n");
	assert_int_equal(bed.health, HEALTH_ALIVE);
}

/* By HTTP/1.1 with no name it is asked for where it is. */
static void test_http_version(void **state)
{
	static const char asked[] = "POST /x HTTP/1.1\r\nHost: 10.0.0.5:80\r\nConnection: close\r\n"
				    "Content-Length: 0\r\nUser-Agent: weft\r\n\r\n";

	(void)state;
	put_balancer("'type':'HTTP','url_path':'/x','http_method':'POST','http_version':'1.1'");
	healths_second(bed.healths);
	answer_tcp(PROBE_SYN | PROBE_ACK, 1000, NULL);
	assert_int_equal(bed.sent.len, 54 + strlen(asked));
	assert_memory_equal(bed.sent.data + 54, asked, strlen(asked));
}

static void test_garbage(void **state)
{
	u8 bytes[80];
	struct uuid id;

	(void)state;
	uuid_parse(PORT, &id);
	for (size_t len = 0; len < sizeof(bytes); len++) {
		memset(bytes, (int)len * 7, sizeof(bytes));
		healths_answer(bed.healths, desired_port(bed.desired, &id), bytes, len);
		bytes[12] = 8;
		bytes[13] = 0;
		bytes[14] = 0x45;
		bytes[23] = len & 1 ? IPPROTO_TCP : IPPROTO_ICMP;
		probe_parse(bytes, len);
	}
	assert_int_equal(bed.health, HEALTH_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_http, setup, teardown),
		cmocka_unit_test_setup_teardown(test_http_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_http_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_device_that_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inactive_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
