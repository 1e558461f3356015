/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/appliance_event.h"

#include <string.h>

#include "agent/desired/appliance.h"

#define DENIED "denied-firewall" /* as the edge calls it (bpf/drop.h) */

static const char *text_of(const json_t *said, const char *key)
{
	return json_string_value(json_object_get(said, key)) ?: "";
}

static unsigned number_of(const json_t *said, const char *key, unsigned max)
{
	json_int_t number = json_integer_value(json_object_get(said, key));

	return number >= 0 && number <= max ? (unsigned)number : 0;
}

static bool read_packet(const json_t *said, struct dp_log_event *ret)
{
	ret->family = number_of(said, "ip_version", 6) == 6 ? 6 : 4;
	ret->eth_type = ret->family == 6 ? 0x86dd : 0x0800;
	ret->proto = (u8)number_of(said, "protocol", UINT8_MAX);
	ret->has_ports =
		json_object_get(said, "src_port") != NULL || json_object_get(said, "icmp_type");
	ret->sport = (u16)number_of(said, "src_port", UINT16_MAX);
	ret->dport = (u16)number_of(said, "dst_port", UINT16_MAX);
	ret->tcp_flags = (u8)number_of(said, "tcp_flags", UINT8_MAX);
	ret->icmp_type = (u8)number_of(said, "icmp_type", UINT8_MAX);
	ret->icmp_code = (u8)number_of(said, "icmp_code", UINT8_MAX);
	ret->len = number_of(said, "bytes", UINT16_MAX * 2);
	return mac_parse(text_of(said, "src_mac"), &ret->src_mac) &&
	       mac_parse(text_of(said, "dst_mac"), &ret->dst_mac) &&
	       ip_parse(text_of(said, "src_ip"), &ret->src) &&
	       ip_parse(text_of(said, "dst_ip"), &ret->dst);
}

bool appliance_event_read(const struct appliance *appliance, const json_t *said,
	struct dp_log_event *ret, s64 *ret_time_us)
{
	const struct router_firewall *firewall =
		appliance_firewall_at(appliance, text_of(said, "interface"));
	struct uuid rule;

	*ret = (struct dp_log_event){ .is_guard = true };
	if (!firewall || !read_packet(said, ret))
		return false;
	memcpy(ret->guard, firewall->id.b, sizeof(ret->guard));
	ret->direction = strcmp(text_of(said, "direction"), "egress") ? DP_INGRESS : DP_EGRESS;
	ret->dropped = strcmp(text_of(said, "action"), "ACCEPT") ? DENIED : NULL;
	ret->has_rule = uuid_parse(text_of(said, "rule_id"), &rule);
	if (ret->has_rule)
		memcpy(ret->rule, rule.b, sizeof(ret->rule));
	*ret_time_us = json_integer_value(json_object_get(said, "time_us"));
	return true;
}
