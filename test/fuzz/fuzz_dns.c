/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS of a hostile guest and of a hostile resolver: the input as a question to the dispatcher, as a
 * whole frame, and as a resolver's reply to "www.example.com A".
 */
#include "agent/dispatch/dispatch.h"
#include "agent/dns/wire.h"
#include "service_port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t by_name(
	const struct service_port *asker, const char *label, struct ip *ret, size_t max, void *data)
{
	(void)asker, (void)data;
	if (max == 0 || strcmp(label, "web") != 0)
		return 0;
	ret[0] = fuzz_ip("10.0.0.5");
	return 1;
}

static bool by_ip(
	const struct service_port *asker, const struct ip *ip, const char **ret_name, void *data)
{
	(void)asker, (void)data;
	*ret_name = NULL;
	return ip->b[0] == 10;
}

static void late_reply(const char *port_id, const struct frame *frame, void *data)
{
	(void)port_id, (void)frame, (void)data;
}

/* No upstreams: what would be forwarded is refused, so that no packet leaves. */
static struct dispatch *dispatch(void)
{
	static const struct dns_directory directory = { by_name, by_ip, NULL };
	static struct dispatch *instance;

	if (!instance)
		instance = dispatch_new(&(struct dispatch_options){
			.directory = &directory, .late_reply = late_reply });
	return instance;
}

static void relay(const uint8_t *data, size_t size, struct dns_query query)
{
	u8 room[FRAME_MAX], again[FRAME_MAX];
	size_t len;

	len = dns_relay(data, size, &query, room, sizeof(room));
	g_assert_cmpuint(len, <=, query.size_max);
	/* What has been relayed is well formed: it can be relayed again. */
	if (len)
		g_assert_cmpuint(dns_relay(room, len, &query, again, sizeof(again)), ==, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u8 question[] = "\3www\7example\3com\0\0\1\0";
	const struct frame_flow flow = { .src_mac = fuzz_guest,
		.src = fuzz_ip("10.0.0.5"),
		.dst = service_ip4,
		.src_port = 5353,
		.dst_port = 53 };
	struct dns_query query = { .question_len = sizeof(question), .size_max = DNS_UDP_MIN };
	struct frame frame, reply;

	memcpy(query.question, question, sizeof(question));
	dispatch_handle(dispatch(), DISPATCH_DNS, fuzz_port(), data, size, &reply);
	fuzz_check_udp(&reply, reply.len ? (u16)((u32)reply.data[34] << 8 | reply.data[35]) : 0);
	relay(data, size, query);
	query.has_edns = true;
	query.size_max = DNS_UDP_MAX;
	relay(data, size, query);
	if (!frame_build_udp(&frame, &flow, data, size))
		return 0;
	dispatch_handle(dispatch(), DISPATCH_DNS, fuzz_port(), frame.data, frame.len, &reply);
	fuzz_check_udp(&reply, 53);
	return 0;
}
