/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace runs the forwarding program itself on a frame, by BPF_PROG_TEST_RUN, under a mark that
 * makes it tell its steps and leave out its effects (bpf/trace.h). Here the steps become sentences.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "datapath/firewall.h"
#include "edge.skel.h"

static const char *encap_name(u32 encap)
{
	return encap == EDGE_GENEVE ? "Geneve" : "VXLAN";
}

#define DEVICE_NAME_SIZE (IF_NAMESIZE + 12)

/* Of a subport the parent's, with the tag. */
static const char *device_name(u32 ifindex, char buf[static DEVICE_NAME_SIZE])
{
	if (ifindex & EDGE_SUBPORT) {
		device_name(SUBPORT_IFINDEX(ifindex), buf);
		snprintf(buf + strlen(buf), 12, ", VLAN %u", SUBPORT_VLAN(ifindex));
		return buf;
	}
	if (!if_indextoname(ifindex, buf))
		snprintf(buf, IF_NAMESIZE, "#%u", ifindex);
	return buf;
}

/* "VNI 7", or what wire the number stands for; the caller's. */
static char *network_text(u32 vni)
{
	char device[DEVICE_NAME_SIZE];

	if (!(vni & EDGE_WIRE))
		return g_strdup_printf("VNI %u", vni);
	if (!WIRE_IFINDEX(vni))
		return g_strdup("a wire of another host");
	device_name(WIRE_IFINDEX(vni), device);
	return WIRE_VLAN(vni) ? g_strdup_printf("the wire at %s, VLAN %u", device, WIRE_VLAN(vni))
			      : g_strdup_printf("the wire at %s", device);
}

/* "port 6ba7b810-… (device tap0)", or what is known of it. */
static char *port_text(struct dp *dp, u32 port_id)
{
	char device[DEVICE_NAME_SIZE];
	struct port port;
	const u8 *u = port.uuid;

	if (!port_id)
		return g_strdup("this host");
	if (port_id >= EDGE_PORTS_MAX ||
		!table_get(dp, TABLE_PORTS, &dp->port_ifindex[port_id], &port))
		return g_strdup_printf("port #%u", port_id);
	return g_strdup_printf(
		"port %02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x (device %s)",
		u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
		u[13], u[14], u[15], device_name(port.ifindex, device));
}

static char *drop_text(struct dp *dp, const struct trace_step *step)
{
	g_autofree char *port = port_text(dp, step->b);

	return g_strdup_printf("dropped: %s, counted at %s. %s", dp_drop_reason_name(step->a), port,
		dp_drop_reason_doc(step->a));
}

static char *from_guest_text(struct dp *dp, const struct trace_step *step)
{
	g_autofree char *port = port_text(dp, step->a), *network = NULL;
	struct port value = { 0 };

	if (step->a < EDGE_PORTS_MAX)
		table_get(dp, TABLE_PORTS, &dp->port_ifindex[step->a], &value);
	network = network_text(value.vni);
	return g_strdup_printf("from the guest at %s, on %s", port, network);
}

static char *to_port_text(struct dp *dp, const struct trace_step *step)
{
	g_autofree char *port = port_text(dp, step->b);

	return g_strdup_printf("delivered to %s on this host", port);
}

void dp_set_names(struct dp *dp, const struct dp_names *names)
{
	dp->trace_names = *names;
}

/* "the rule … of the security group web", or what is known of it. */
static char *rule_name(struct dp *dp, u32 slot)
{
	const struct dp_names *names = &dp->trace_names;
	char *text = NULL, id[UUID_STRLEN];
	struct name name;
	struct uuid uuid;

	if (!name_of(dp, NAME_RULE, slot, &name))
		return g_strdup_printf("the rule #%u", slot);
	if (names->rule)
		text = names->rule(name.b, names->data);
	memcpy(uuid.b, name.b, sizeof(uuid.b));
	return text ? text : g_strdup_printf("the rule %s", uuid_format(&uuid, id));
}

static char *no_rule_name(struct dp *dp, u32 port_id)
{
	const struct dp_names *names = &dp->trace_names;
	g_autofree char *rules = NULL;
	struct port port;

	if (names->rules_of_port && port_id < EDGE_PORTS_MAX &&
		table_get(dp, TABLE_PORTS, &dp->port_ifindex[port_id], &port))
		rules = names->rules_of_port(port.uuid, names->data);
	return rules ? g_strdup_printf("no rule of %s", rules) : g_strdup("no rule");
}

static char *guard_text(struct dp *dp, const struct trace_step *step)
{
	g_autofree char *rule = step->a ? rule_name(dp, step->a & RULE_SLOT)
					: g_strdup("no rule of its firewall group");
	char ip_text[IP_STRLEN], mac_text[MAC_STRLEN];
	struct ip remote = ip_from_addr(&step->addr);
	struct mac mac;

	memcpy(mac.b, step->mac, sizeof(mac.b));
	return g_strdup_printf("%s at the router's port %s: %s %s what is between here and %s",
		step->b == RULE_EGRESS ? "egress" : "ingress", mac_format(&mac, mac_text), rule,
		step->a && !(step->a & RULE_DENY) ? "allows"
		: step->a & RULE_REJECT		  ? "rejects"
		: step->a			  ? "denies"
						  : "matches",
		ip_format(&remote, ip_text));
}

static char *rule_text(struct dp *dp, const struct trace_step *step)
{
	const char *direction = step->b & RULE_STEP_EGRESS ? "egress" : "ingress";
	g_autofree char *port = port_text(dp, step->b & ~RULE_STEP_EGRESS);
	g_autofree char *rule = step->code == STEP_NO_RULE
					? no_rule_name(dp, step->b & ~RULE_STEP_EGRESS)
					: rule_name(dp, step->a & RULE_SLOT);
	char ip_text[IP_STRLEN];
	struct ip remote = ip_from_addr(&step->addr);
	struct name name;
	u64 hits;

	ip_format(&remote, ip_text);
	if (step->code == STEP_NO_RULE)
		return g_strdup_printf("%s at %s: %s matches %s", direction, port, rule, ip_text);
	if (step->a & RULE_OPEN)
		return g_strdup_printf(
			"%s at %s: no rule of a tier decides about %s, and it has no security groups",
			direction, port, ip_text);
	if (!name_of(dp, NAME_RULE, step->a & RULE_SLOT, &name) ||
		!dp_rule_hits(dp, name.b, &hits, NULL))
		hits = 0;
	return g_strdup_printf("%s at %s: %s %s %s (it has decided %" G_GUINT64_FORMAT " times)",
		direction, port, rule,
		step->a & RULE_DENY   ? "denies"
		: step->a & RULE_PASS ? "leaves to the next tier"
				      : "allows",
		ip_text, hits);
}

static char *firewall_text(struct dp *dp, const struct trace_step *step)
{
	g_autofree char *port = port_text(dp, step->b);

	switch (step->code) {
	case STEP_CONNECTION:
		return g_strdup_printf("of a connection that %s opened, at %s",
			step->a ? "the guest" : "the other side", port);
	case STEP_RELATED:
		return g_strdup_printf("an ICMP error about a connection of %s", port);
	case STEP_NO_POLICY_NEEDED:
		return g_strdup_printf("always possible, whatever the rules of %s", port);
	default:
		return rule_text(dp, step);
	}
}

static char *limit_text(struct dp *dp, const struct trace_step *step)
{
	g_autofree char *rate = qos_limit_text(dp, step->a);
	g_autofree char *port = NULL;

	if (step->a >= 2 * EDGE_PORTS_MAX)
		return g_strdup_printf("what %s by this address outside is limited to %s",
			step->a % 2 == EDGE_EGRESS ? "leaves" : "comes in", rate);
	port = port_text(dp, step->a / 2);
	return g_strdup_printf("what %s %s is limited to %s", port,
		step->a % 2 == EDGE_EGRESS ? "sends" : "receives", rate);
}

static const char *const punt_names[] = {
	[PUNT_DHCP4] = "DHCP",
	[PUNT_DHCP6] = "DHCPv6",
	[PUNT_RS] = "router solicitation",
	[PUNT_DNS] = "DNS",
	[PUNT_NEIGHBOUR] = "an unknown neighbour",
	[PUNT_METADATA] = "metadata",
	[PUNT_PROBE] = "a health check",
};

static const char *const helper_names[] = { "?", "FTP", "TFTP", "SIP" };

static char *wire_text(const struct trace_step *step)
{
	g_autofree char *network = network_text(WIRE_NUMBER(step->a, step->b));

	return g_strdup_printf(
		"%s %s", step->code == STEP_FROM_WIRE ? "from" : "sent out on", network);
}

static char *forwarded_text(const struct trace_step *step, const char *ip)
{
	return g_strdup_printf("a port forwarding of %s: %s port %u there", ip,
		step->b ? "the sender is" : "the receiver is", step->a);
}

static char *translated_text(const struct trace_step *step, const char *ip)
{
	const char *whom = step->a ? "sender" : "receiver";

	return step->b ? g_strdup_printf("translated: the %s becomes %s port %u", whom, ip, step->b)
		       : g_strdup_printf("translated: the %s becomes %s", whom, ip);
}

/* What a traced program did, as a sentence; the caller's. */
static char *step_text(struct dp *dp, const struct trace_step *step)
{
	char mac[MAC_STRLEN], ip_text[IP_STRLEN], device[DEVICE_NAME_SIZE];
	struct ip ip = ip_from_addr(&step->addr);
	g_autofree char *network = network_text(step->a);
	struct mac m;

	memcpy(m.b, step->mac, sizeof(m.b));
	mac_format(&m, mac);
	ip_format(&ip, ip_text);
	switch (step->code) {
	case STEP_FROM_GUEST:
		return from_guest_text(dp, step);
	case STEP_FROM_UNDERLAY:
		return g_strdup_printf(
			"from the host at %s by %s, VNI %u", ip_text, encap_name(step->b), step->a);
	case STEP_FLOW:
		return g_strdup(
			step->a ? "a current flow entry exists; the pipeline explains its verdict"
				: "no current flow entry: the pipeline decides");
	case STEP_SOURCE_ALLOWED:
		return g_strdup_printf("port security allows the source %s with %s", mac, ip_text);
	case STEP_NO_SECURITY:
		return g_strdup("port security is off: any source is allowed");
	case STEP_ENDPOINT:
		return g_strdup_printf("the directory of %s has %s", network, mac);
	case STEP_TO_PORT:
		return to_port_text(dp, step);
	case STEP_TO_TUNNEL:
		return g_strdup_printf("encapsulated by %s with VNI %u for the host at %s",
			encap_name(step->b), step->a, ip_text);
	case STEP_VIA:
		return g_strdup_printf("sent from device %s to the next hop %s",
			device_name(step->a, device), mac);
	case STEP_VIA_KERNEL:
		return g_strdup_printf("sent from device %s; the kernel finds the next hop",
			device_name(step->a, device));
	case STEP_TO_KERNEL_VXLAN:
		return g_strdup("the receiver is a tap: the kernel's vxlan device decapsulates");
	case STEP_ANSWERED:
		return g_strdup_printf("answered here: %s is at %s on %s", ip_text, mac, network);
	case STEP_PUNT:
		return g_strdup_printf("given to the agent: %s",
			step->a < G_N_ELEMENTS(punt_names) ? punt_names[step->a] : "?");
	case STEP_FLOOD:
		return g_strdup_printf("copied to %u ports of %s on this host", step->b, network);
	case STEP_FLOOD_HOSTS:
		return g_strdup_printf("copied to %u hosts that have VNI %u", step->b, step->a);
	case STEP_TOO_BIG:
		return g_strdup_printf("too big: the sender is told that the MTU is %u", step->a);
	case STEP_ROUTE:
		return g_strdup_printf("routed to %s, there to %s (%s)", network, ip_text,
			step->b == EDGE_ROUTE_VIA ? "the next hop" : "the destination itself");
	case STEP_ROUTER_ECHO:
		return g_strdup_printf("the router answers for its address %s", ip_text);
	case STEP_ICMP_ERROR:
		return g_strdup_printf(
			"the sender is told: ICMP type %u, code %u", step->a, step->b);
	case STEP_GUARD:
		return guard_text(dp, step);
	case STEP_RULE:
	case STEP_NO_RULE:
	case STEP_CONNECTION:
	case STEP_RELATED:
	case STEP_NO_POLICY_NEEDED:
		return firewall_text(dp, step);
	case STEP_FROM_WIRE:
	case STEP_TO_WIRE:
		return wire_text(step);
	case STEP_FORWARDED:
		return forwarded_text(step, ip_text);
	case STEP_TRANSLATED:
		return translated_text(step, ip_text);
	case STEP_BALANCED:
		return g_strdup_printf(
			"the load balancer gives the connection to its member %s port %u, %s",
			ip_text, step->b, step->a ? "on this host" : "on another host");
	case STEP_HELPED:
		return g_strdup_printf(
			"given to the router's conntrack helper for %s, which gives it back",
			step->a < G_N_ELEMENTS(helper_names) ? helper_names[step->a] : "?");
	case STEP_TO_GATEWAY:
		return g_strdup("handed to the host that has the router's gateway");
	case STEP_TO_OWNER:
		return g_strdup_printf(
			"the port of the router's address is another host's: sent on to its MAC %s",
			mac);
	case STEP_LIMIT:
		return limit_text(dp, step);
	case STEP_GUARANTEED:
		return g_strdup_printf("%u kbit/s are guaranteed to it on the uplink",
			guarantee_kbps(dp, step->a));
	case STEP_MARK:
		return g_strdup_printf(
			"marked with DSCP %u, as the port's QoS policy says", step->a);
	case STEP_RESET:
		return g_strdup_printf(
			"no host knows the TCP connection: its sender gets a reset when that has been so for %u seconds while it sends (%u so far)",
			step->b, step->a);
	case STEP_DROP:
		return drop_text(dp, step);
	default:
		return g_strdup_printf("step %u", step->code);
	}
}

static int on_step(void *data, void *record, size_t size)
{
	struct dp *dp = data;

	if (size >= sizeof(struct trace_step) && dp->trace_steps)
		g_ptr_array_add(dp->trace_steps, step_text(dp, record));
	return 0;
}

bool trace_open(struct dp *dp, GError **error)
{
	dp->steps = ring_buffer__new(bpf_map__fd(dp->edge->maps.steps), on_step, dp, NULL);
	return dp->steps || weft_fail_errno(error, errno, "Can't read the steps of traces");
}

/* The program that @frame would meet there: a wire's, unless the device is an uplink too. */
static struct bpf_program *program_at(struct dp *dp, u32 ifindex, bool is_port)
{
	if (is_port)
		return ifindex & EDGE_SUBPORT ? dp->edge->progs.trace_tagged
					      : dp->edge->progs.from_guest;
	return attach_has(dp, ifindex, ATTACH_WIRE) && !attach_has(dp, ifindex, ATTACH_UPLINK)
		       ? dp->edge->progs.from_wire
		       : dp->edge->progs.from_underlay;
}

bool dp_trace(struct dp *dp, u32 ifindex, const u8 *frame, size_t len, GPtrArray **ret_steps,
	GError **error)
{
	g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
	struct __sk_buff skb = { .mark = EDGE_TRACE_MARK, .ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (u32)len,
		.ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);
	bool is_port = table_get(dp, TABLE_PORTS, &ifindex, &(struct port){ 0 });
	struct bpf_program *program = program_at(dp, ifindex, is_port);
	int rc;

	if (is_port && ifindex & EDGE_SUBPORT) {
		skb.ifindex = SUBPORT_IFINDEX(ifindex);
		skb.cb[0] = SUBPORT_VLAN(ifindex);
	}
	if (len < 14)
		return weft_fail(error, INVALID_INPUT,
			"Can't trace %zu bytes: a frame has at least 14.", len);
	ring_buffer__consume(dp->steps); /* left over from a process that ended in the middle */
	rc = bpf_prog_test_run_opts(program_fd(dp, program), &opts);
	if (rc)
		return weft_fail_errno(
			error, -rc, "Can't trace a frame of %zu bytes at device %u", len, ifindex);
	dp->trace_steps = steps;
	ring_buffer__consume(dp->steps);
	dp->trace_steps = NULL;
	if (!is_port && opts.retval == (u32)-1)
		g_ptr_array_add(steps,
			g_strdup("no tunnel packet for this host: left to the host's own stack"));
	*ret_steps = g_steal_pointer(&steps);
	return true;
}
