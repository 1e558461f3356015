/* SPDX-License-Identifier: Apache-2.0 */
/* Random policies of firewall groups and random packets: the edge decides as the rules mean. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guard_bed.h"

#define RULES_MAX 60

/* What chance makes rules and packets of: few values, and the edges of ranges. */
struct chance {
	guint32 state;
};

static u32 below(struct chance *chance, u32 n)
{
	chance->state = chance->state * 1664525 + 1013904223;
	return (chance->state >> 8) % n;
}

static u16 some_port(struct chance *chance)
{
	static const u16 ports[] = { 1, 2, 79, 80, 81, 443, 1023, 1024, 1025, 32767, 32768, 65534,
		65535 };

	return ports[below(chance, G_N_ELEMENTS(ports))];
}

static struct prefix some_prefix(struct chance *chance, unsigned net)
{
	g_autofree char *text = g_strdup_printf("10.%u.0.%u", net, below(chance, 10));
	struct prefix prefix = { .ip = ip(text), .len = (u8)(24 + below(chance, 9)) };

	if (below(chance, 3) == 0)
		return (struct prefix){ 0 };
	prefix.ip = prefix_network(&prefix);
	return prefix;
}

static struct dp_guard_ports some_ports(struct chance *chance)
{
	struct dp_guard_ports ports = { some_port(chance), some_port(chance) };

	if (below(chance, 2))
		return (struct dp_guard_ports){ 0 };
	if (ports.first > ports.last)
		ports = (struct dp_guard_ports){ ports.last, ports.first };
	return ports;
}

static const s32 protocols[] = { -1, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, 47 };

/* None, that of the port towards guest 1, towards guest 2, or one that nobody is in. */
static const u8 groups[3][16] = { { 0x11 }, { 0x22 }, { 0x33 } };

static void some_group(struct chance *chance, u8 ret[16])
{
	u32 which = below(chance, 8);

	if (which < G_N_ELEMENTS(groups))
		memcpy(ret, groups[which], 16);
}

static bool is_group(const u8 wanted[16], const u8 actual[16])
{
	static const u8 any[16];

	return !memcmp(wanted, any, 16) || !memcmp(wanted, actual, 16);
}

static size_t some_rules(struct chance *chance, struct dp_guard_rule *ret)
{
	size_t n = below(chance, RULES_MAX);

	memset(ret, 0, RULES_MAX * sizeof(*ret));
	for (size_t i = 0; i < n; i++) {
		ret[i].id[0] = (u8)(i + 1);
		ret[i].family = below(chance, 8) ? 4 : 6;
		ret[i].deny = below(chance, 2);
		ret[i].proto = protocols[below(chance, G_N_ELEMENTS(protocols))];
		if (ret[i].family == 6)
			continue;
		some_group(chance, ret[i].source_group);
		some_group(chance, ret[i].destination_group);
		ret[i].source = some_prefix(chance, 0);
		ret[i].destination = some_prefix(chance, 2);
		if (ret[i].proto == IPPROTO_TCP || ret[i].proto == IPPROTO_UDP) {
			ret[i].source_ports = some_ports(chance);
			ret[i].destination_ports = some_ports(chance);
		}
	}
	return n;
}

static bool is_in(const struct dp_guard_ports *ports, u16 port)
{
	return !ports->last || (ports->first <= port && port <= ports->last);
}

/* What the rules mean. */
static bool model_allows(const struct dp_guard_rule *rules, size_t n, u8 proto, unsigned from,
	unsigned to, u16 sport, u16 dport)
{
	g_autofree char *src = g_strdup_printf("10.0.0.%u", from);
	g_autofree char *dst = g_strdup_printf("10.2.0.%u", to);
	struct ip source = ip(src), destination = ip(dst);

	for (size_t i = 0; i < n; i++)
		if (rules[i].family == 4 && (rules[i].proto < 0 || rules[i].proto == proto) &&
			(!rules[i].source.ip.family ||
				prefix_contains(&rules[i].source, &source)) &&
			(!rules[i].destination.ip.family ||
				prefix_contains(&rules[i].destination, &destination)) &&
			is_group(rules[i].source_group, groups[0]) &&
			is_group(rules[i].destination_group, groups[1]) &&
			is_in(&rules[i].source_ports, sport) &&
			is_in(&rules[i].destination_ports, dport))
			return !rules[i].deny;
	return false;
}

#define WORLDS 40
#define PACKETS 60

static void test_rules_mean_what_they_say(void **state)
{
	struct dp_guard_rule in[RULES_MAX], out[RULES_MAX];
	struct chance chance = { 42 };
	struct bed *bed = *state;
	unsigned allowed = 0, refused = 0;

	for (unsigned world = 0; world < WORLDS; world++) {
		size_t n_in = some_rules(&chance, in), n_out = some_rules(&chance, out);

		guard_group = groups[0];
		guard(bed, VNI, ROUTER_MAC1, in, n_in, NULL, 0);
		guard_group = groups[1];
		guard(bed, VNI2, ROUTER_MAC2, NULL, 0, out, n_out);
		for (unsigned i = 0; i < PACKETS; i++) {
			u8 proto = (u8)protocols[1 + below(&chance, 4)];
			unsigned from = 1 + below(&chance, HOSTS), to = 1 + below(&chance, HOSTS);
			u16 sport = some_port(&chance), dport = some_port(&chance);
			struct frame frame = packet(1, proto, from, to, sport, dport);

			if (proto == 47)
				sport = dport = 0;
			if (model_allows(in, n_in, proto, from, to, sport, dport) &&
				model_allows(out, n_out, proto, from, to, sport, dport)) {
				passes(bed, true, frame);
				allowed++;
			} else {
				bed_expect_drop(bed, BED_GUEST1, frame, DENIED);
				refused++;
			}
		}
	}
	print_message("%u let through, %u refused\n", allowed, refused);
	assert_true(allowed > 100 && refused > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_rules_mean_what_they_say, guard_setup, bed_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
