/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report/health.h"

#include <stdio.h>
#include <string.h>

#include "agent/report/probe_frame.h"

/* In PHASE_MUTE there was no device to ask by. */
enum phase { PHASE_IDLE, PHASE_ASKED, PHASE_REQUESTED, PHASE_MUTE };

#define WHY_BYTES 160

struct probe {
	struct uuid member;		      /* first: the key */
	const struct load_balancer *balancer; /* of this second, with what follows */
	const struct record_lb_pool *pool;
	const struct record_lb_member *record;
	const struct port *port;
	struct ip vip;			  /* that it is asked from */
	bool wanted;			  /* is there still, in this second */
	struct record_lb_monitor monitor; /* the numbers alone: what it was judged by */
	enum health health;
	enum phase phase;
	u16 number; /* source port, or identifier */
	u32 seq;
	u32 wait_s;		  /* until the next question */
	u32 silence_s;		  /* of the last one */
	u32 good, bad;		  /* in a row */
	char why[WHY_BYTES];	  /* the last question failed */
	char told_why[WHY_BYTES]; /* it is dead, as was said */
};

/* An address that answers come to. */
struct listening {
	u32 vni; /* first, with the address: the key */
	struct ip vip;
	bool wanted;
};

struct healths {
	const struct desired *desired;
	struct health_io io;
	GHashTable *probes;    /* by member */
	GHashTable *listening; /* set */
	u32 last_number;
};

static guint listening_hash(gconstpointer data)
{
	const struct listening *key = data;

	return key->vni * 31 + ip_hash(&key->vip);
}

static gboolean listening_equal(gconstpointer a, gconstpointer b)
{
	const struct listening *x = a, *y = b;

	return x->vni == y->vni && !ip_compare(&x->vip, &y->vip);
}

struct healths *healths_new(const struct desired *desired, const struct health_io *io)
{
	struct healths *healths = g_new0(struct healths, 1);

	healths->desired = desired;
	healths->io = *io;
	healths->probes = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, g_free);
	healths->listening = g_hash_table_new_full(listening_hash, listening_equal, g_free, NULL);
	return healths;
}

void healths_free(struct healths *healths)
{
	if (!healths)
		return;
	g_hash_table_unref(healths->probes);
	g_hash_table_unref(healths->listening);
	g_free(healths);
}

static void listen_to(struct healths *healths, u32 vni, const struct ip *vip)
{
	struct listening key = { vni, *vip, true }, *known;

	known = g_hash_table_lookup(healths->listening, &key);
	if (known) {
		known->wanted = true;
		return;
	}
	g_hash_table_add(healths->listening, g_memdup2(&key, sizeof(key)));
	healths->io.listen(vni, vip, true, healths->io.data);
}

/* The port that is bound here and has the address, with a device or without; NULL: none. */
static const struct port *local_port(
	const struct desired *desired, const struct record_lb_member *record)
{
	const struct network *network = desired_network(desired, &record->network_id);
	struct address address = address_of_ip(&record->ip);
	const struct claim *claim =
		network && network_is_here(network) ? network_claims(network, &address) : NULL;
	const struct port *port;

	while (claim && claim->origin != CLAIM_OWN)
		claim = claim->next;
	port = claim ? desired_port(desired, &claim->endpoint->id) : NULL;
	return port && port->known && port->record.active ? port : NULL;
}

/* How it is judged; another way begins anew. */
static bool is_same_monitor(const struct record_lb_monitor *a, const struct record_lb_monitor *b)
{
	return a->type == b->type && a->delay == b->delay && a->timeout == b->timeout;
}

static void want(struct healths *healths, const struct load_balancer *balancer,
	const struct record_lb_pool *pool, const struct record_lb_member *record)
{
	const struct port *port = local_port(healths->desired, record);
	const struct ip *vip = load_balancer_vip(balancer, record->ip.family);
	struct probe *probe = g_hash_table_lookup(healths->probes, &record->id);

	if (!port || !vip)
		return;
	if (!probe) {
		probe = g_new0(struct probe, 1);
		probe->member = record->id;
		probe->monitor = pool->monitor;
		g_hash_table_insert(healths->probes, &probe->member, probe);
	}
	if (!is_same_monitor(&probe->monitor, &pool->monitor)) {
		probe->phase = PHASE_IDLE;
		probe->wait_s = probe->good = probe->bad = 0;
	}
	probe->monitor = pool->monitor;
	probe->balancer = balancer;
	probe->pool = pool;
	probe->record = record;
	probe->port = port;
	probe->wanted = true;
	probe->vip = *vip;
	listen_to(healths, port->network->vni, vip);
}

static void look(struct healths *healths)
{
	const struct load_balancer *balancer;
	GHashTableIter i;

	g_hash_table_iter_init(&i, healths->desired->load_balancers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&balancer)) {
		const GArray *pools = balancer->applied_vni ? balancer->record.pools : NULL;

		for (guint p = 0; pools && p < pools->len; p++) {
			const struct record_lb_pool *pool =
				&g_array_index(pools, struct record_lb_pool, p);

			for (guint m = 0; pool->monitor.type && m < pool->members->len; m++)
				want(healths, balancer, pool,
					&g_array_index(pool->members, struct record_lb_member, m));
		}
	}
}

static gboolean is_unwanted_probe(gpointer key, gpointer value, gpointer data)
{
	const struct probe *probe = value;
	const struct healths *healths = data;

	(void)key;
	if (!probe->wanted)
		healths->io.changed(&probe->member, HEALTH_UNKNOWN, "", healths->io.data);
	return !probe->wanted;
}

static gboolean is_unwanted_listening(gpointer key, gpointer value, gpointer data)
{
	const struct listening *listening = key;
	const struct healths *healths = data;

	(void)value;
	if (!listening->wanted)
		healths->io.listen(listening->vni, &listening->vip, false, healths->io.data);
	return !listening->wanted;
}

static void judge_good(struct healths *healths, struct probe *probe)
{
	enum health before = probe->health;

	probe->phase = PHASE_IDLE;
	probe->good++;
	probe->bad = 0;
	*probe->why = *probe->told_why = '\0';
	if (before == HEALTH_UNKNOWN || probe->good >= probe->monitor.max_retries)
		probe->health = HEALTH_ALIVE;
	if (probe->health != before)
		healths->io.changed(&probe->member, probe->health, "", healths->io.data);
}

/* Another reason is told once it was one twice: each costs the controller a write. */
static void judge_bad(struct healths *healths, struct probe *probe, const char *why)
{
	bool again = !strcmp(probe->why, why);
	enum health before = probe->health;

	probe->phase = PHASE_IDLE;
	probe->good = 0;
	probe->bad++;
	g_strlcpy(probe->why, why, sizeof(probe->why));
	if (probe->bad >= probe->monitor.max_retries_down)
		probe->health = HEALTH_DEAD;
	if (probe->health != HEALTH_DEAD ||
		(before == HEALTH_DEAD && (!again || !strcmp(probe->told_why, why))))
		return;
	g_strlcpy(probe->told_why, why, sizeof(probe->told_why));
	healths->io.changed(&probe->member, probe->health, probe->why, healths->io.data);
}

static struct frame_flow flow_of(const struct probe *probe)
{
	const struct record_lb_member *record = probe->record;

	return (struct frame_flow){ .src_mac = probe->balancer->record.mac,
		.dst_mac = probe->port->record.mac,
		.src = probe->vip,
		.dst = record->ip,
		.src_port = probe->number,
		.dst_port = (u16)(record->monitor_port ? record->monitor_port : record->port) };
}

static void give(struct healths *healths, const struct probe *probe, const struct frame *frame)
{
	healths->io.send(probe->port, frame, healths->io.data);
}

static void ask(struct healths *healths, struct probe *probe)
{
	static const u8 datagram[1];
	struct frame frame = { .len = 0 };
	struct frame_flow flow;

	probe->number = (u16)(PROBE_PORT_FIRST + healths->last_number++ % PROBE_PORTS);
	probe->seq = g_random_int();
	probe->phase = PHASE_ASKED;
	probe->silence_s = 0;
	probe->wait_s = probe->monitor.delay;
	if (!probe->port->applied_ifindex) {
		probe->phase = PHASE_MUTE;
		return;
	}
	flow = flow_of(probe);
	switch (probe->monitor.type) {
	case LB_MONITOR_PING:
		probe_ping(&frame, &flow, probe->number);
		break;
	case LB_MONITOR_UDP:
		frame_build_udp(&frame, &flow, datagram, sizeof(datagram));
		break;
	default:
		probe_tcp(&frame, &flow, PROBE_SYN, probe->seq, 0, NULL);
		break;
	}
	give(healths, probe, &frame);
}

/* Nothing has come for as long as the monitor waits. */
static void time_out(struct healths *healths, struct probe *probe)
{
	bool ping = probe->monitor.type == LB_MONITOR_PING;
	g_autofree char *port = g_strdup_printf("from TCP port %u", flow_of(probe).dst_port);
	g_autofree char *why = NULL;

	if (probe->phase == PHASE_MUTE)
		why = g_strdup(probe->port->has_device ? "its port is not wired"
						       : "no guest is plugged into its port");
	else if (probe->phase == PHASE_REQUESTED)
		why = g_strdup_printf("timed out: no answer by HTTP %s within %u s", port,
			probe->monitor.timeout);
	else if (probe->monitor.type != LB_MONITOR_UDP)
		why = g_strdup_printf("timed out: no answer %s within %u s",
			ping ? "to an echo request" : port, probe->monitor.timeout);
	if (why)
		judge_bad(healths, probe, why);
	else
		judge_good(healths, probe);
}

static void second(struct healths *healths, struct probe *probe)
{
	if (probe->phase == PHASE_MUTE && probe->port->applied_ifindex) {
		probe->phase = PHASE_IDLE; /* it has just come: it is asked at once */
		probe->wait_s = 0;
	}
	if (probe->phase != PHASE_IDLE && ++probe->silence_s >= probe->monitor.timeout)
		time_out(healths, probe);
	if (probe->wait_s)
		probe->wait_s--;
	if (!probe->wait_s && probe->phase == PHASE_IDLE)
		ask(healths, probe);
}

/* What is wanted now; records and ports may be others than a moment ago. */
static void look_again(struct healths *healths)
{
	struct listening *listening;
	struct probe *probe;
	GHashTableIter i;

	g_hash_table_iter_init(&i, healths->probes);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&probe))
		probe->wanted = false;
	g_hash_table_iter_init(&i, healths->listening);
	while (g_hash_table_iter_next(&i, (gpointer *)&listening, NULL))
		listening->wanted = false;
	look(healths);
}

void healths_second(struct healths *healths)
{
	struct probe *probe;
	GHashTableIter i;

	look_again(healths);
	g_hash_table_foreach_remove(healths->probes, is_unwanted_probe, healths);
	g_hash_table_foreach_remove(healths->listening, is_unwanted_listening, healths);
	g_hash_table_iter_init(&i, healths->probes);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&probe))
		second(healths, probe);
}

/* "200", "200,202" or "200-299". */
static bool is_expected(const char *codes, unsigned code)
{
	unsigned first, last;
	g_auto(GStrv) words = NULL;

	if (sscanf(codes, "%3u-%3u", &first, &last) == 2)
		return code >= first && code <= last;
	words = g_strsplit(codes, ",", -1);
	for (char **word = words; *word; word++)
		if (g_ascii_strtoull(*word, NULL, 10) == code)
			return true;
	return false;
}

/* The name, or the address and port that are asked (RFC 9110 section 7.2). */
static void append_host(const struct probe *probe, GString *text)
{
	struct frame_flow flow = flow_of(probe);
	char address[IP_STRLEN];

	ip_format(&flow.dst, address);
	if (*probe->pool->monitor.domain_name)
		g_string_append(text, probe->pool->monitor.domain_name);
	else
		g_string_append_printf(
			text, flow.dst.family == 6 ? "[%s]:%u" : "%s:%u", address, flow.dst_port);
}

/* With HTTP/1.1 a request needs a Host (RFC 9112 section 3.2), and one that could have content says
 * that it has none (RFC 9110 section 8.6); the caller's. */
static char *request_text(const struct probe *probe)
{
	static const char *const with_content[] = { "POST", "PUT", "PATCH", NULL };
	const struct record_lb_monitor *monitor = &probe->pool->monitor;
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%s %s HTTP/%s\r\n", monitor->http_method, monitor->url_path,
		monitor->http_version);
	if (strcmp(monitor->http_version, "1.0") != 0) {
		g_string_append(text, "Host: ");
		append_host(probe, text);
		g_string_append(text, "\r\nConnection: close\r\n");
	}
	if (g_strv_contains(with_content, monitor->http_method))
		g_string_append(text, "Content-Length: 0\r\n");
	g_string_append(text, "User-Agent: weft\r\n\r\n");
	return g_string_free(text, FALSE);
}

static void request(struct healths *healths, struct probe *probe, const struct probe_reply *reply)
{
	g_autofree char *text = request_text(probe);
	struct frame_flow flow = flow_of(probe);
	struct frame frame;

	probe_tcp(&frame, &flow, PROBE_ACK | PROBE_PSH, probe->seq + 1, reply->seq + 1, text);
	probe->phase = PHASE_REQUESTED;
	give(healths, probe, &frame);
}

static void judge_status(
	struct healths *healths, struct probe *probe, const struct probe_reply *reply)
{
	g_autofree char *line = g_strndup((const char *)reply->payload, MIN(reply->len, 64));
	const char *expected = probe->pool->monitor.expected_codes;
	g_autofree char *why = NULL;
	unsigned code;

	if (sscanf(line, "HTTP/%*u.%*u %3u", &code) != 1)
		why = g_strdup_printf(
			"what TCP port %u answers is not HTTP", flow_of(probe).dst_port);
	else if (!is_expected(expected, code))
		why = g_strdup_printf("HTTP status %u, expected is %s", code, expected);
	if (why)
		judge_bad(healths, probe, why);
	else
		judge_good(healths, probe);
}

static void refused(struct healths *healths, struct probe *probe)
{
	g_autofree char *why = NULL;

	if (probe->monitor.type == LB_MONITOR_UDP)
		why = g_strdup_printf(
			"refused: nobody listens on UDP port %u", flow_of(probe).dst_port);
	else if (probe->phase == PHASE_REQUESTED)
		why = g_strdup_printf("TCP port %u reset the connection after the HTTP request",
			flow_of(probe).dst_port);
	else
		why = g_strdup_printf(
			"refused: nobody listens on TCP port %u", flow_of(probe).dst_port);
	judge_bad(healths, probe, why);
}

/* Ends the connection: nobody waits for what comes. */
static void reset(
	struct healths *healths, const struct probe *probe, const struct probe_reply *reply)
{
	struct frame_flow flow = flow_of(probe);
	struct frame frame;

	probe_tcp(&frame, &flow, PROBE_RST | PROBE_ACK, reply->ack,
		reply->seq + (u32)reply->len + !!(reply->flags & PROBE_SYN), NULL);
	give(healths, probe, &frame);
}

static void tcp_answered(
	struct healths *healths, struct probe *probe, const struct probe_reply *reply)
{
	bool http = probe->monitor.type == LB_MONITOR_HTTP;

	if (reply->flags & PROBE_RST) {
		refused(healths, probe);
	} else if (probe->phase == PHASE_ASKED && reply->flags & PROBE_SYN) {
		if (reply->ack != probe->seq + 1)
			return;
		if (http) {
			request(healths, probe, reply);
			return;
		}
		reset(healths, probe, reply);
		judge_good(healths, probe);
	} else if (probe->phase == PHASE_REQUESTED && reply->len) {
		reset(healths, probe, reply);
		judge_status(healths, probe, reply);
	}
}

static void answered(struct healths *healths, struct probe *probe, const struct probe_reply *reply)
{
	switch (probe->monitor.type) {
	case LB_MONITOR_PING:
		if (reply->type == PROBE_PONG)
			judge_good(healths, probe);
		break;
	case LB_MONITOR_UDP:
		if (reply->type == PROBE_UNREACHABLE)
			refused(healths, probe);
		break;
	default:
		if (reply->type == PROBE_TCP)
			tcp_answered(healths, probe, reply);
		break;
	}
}

void healths_answer(struct healths *healths, const struct port *port, const u8 *frame, size_t len)
{
	struct probe_reply reply = probe_parse(frame, len);
	struct probe *probe;
	GHashTableIter i;

	if (reply.type == PROBE_NOTHING)
		return;
	look_again(healths);
	g_hash_table_iter_init(&i, healths->probes);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&probe))
		if (probe->wanted && probe->port == port && probe->number == reply.probe &&
			probe->phase != PHASE_IDLE && probe->phase != PHASE_MUTE) {
			answered(healths, probe, &reply);
			return;
		}
}
