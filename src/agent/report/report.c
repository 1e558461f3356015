/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report/report.h"

#include <stdlib.h>

#include "base/json_writer.h"
#include "base/log.h"

#define COALESCE_MS 50
#define SILENCE_MS 8000
#define RETRY_MS 1000
#define ANSWER_MS 15000

struct report {
	const struct desired *desired;
	char *instance;
	const GArray *bridge_mappings;
	struct report_io io;
	s64 started_us, due_us; /* due 0: no timer */
	bool connected, in_flight, full, soon;
	u64 revision, sent_revision;
	GHashTable *changed; /* set of ids of ports, floating IPs, load balancers and members */
	GHashTable *masters; /* id of a port → enum master_says */
	GHashTable *members; /* id → why it is dead, "" of one that lives; of what is known */
};

struct report *report_new(const struct desired *desired, const char *instance,
	const GArray *bridge_mappings, const struct report_io *io)
{
	struct report *report = g_new0(struct report, 1);

	report->desired = desired;
	report->instance = g_strdup(instance);
	report->bridge_mappings = bridge_mappings;
	report->io = *io;
	report->started_us = io->now_us(io->data);
	report->members = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, g_free);
	report->masters = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	report->changed = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	return report;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	g_hash_table_unref(report->changed);
	g_hash_table_unref(report->members);
	g_hash_table_unref(report->masters);
	g_free(report->instance);
	g_free(report);
}

static void write_state(
	struct json_writer *w, const struct uuid *port, enum port_state state, const char *reason)
{
	char id[UUID_STRLEN];

	if (state == PORT_UNREPORTED)
		return;
	jw_key(w, uuid_format(port, id));
	jw_begin_object(w);
	jw_member_bool(w, "wired", state == PORT_WIRED);
	if (state == PORT_NOT_WIRED)
		jw_member_string(w, "reason", reason);
	jw_end_object(w);
}

static void write_port(struct json_writer *w, const struct port *port)
{
	if (port->known)
		write_state(w, &port->id, port->state, port->reason);
}

static void write_interface(struct json_writer *w, const struct interface *interface)
{
	write_state(w, &interface->id, interface->state, interface->reason);
}

/* Who has it no more says that too: else it would be taken for its host until another one speaks.
 */
static void write_gateway(struct json_writer *w, const struct gateway *gateway)
{
	char id[UUID_STRLEN];

	write_state(w, &gateway->id, gateway->state, gateway->reason);
	if (gateway->state != PORT_UNREPORTED)
		return;
	jw_key(w, uuid_format(&gateway->id, id));
	jw_begin_object(w);
	jw_member_bool(w, "wired", false);
	jw_member_bool(w, "elsewhere", true);
	jw_end_object(w);
}

static void write_floating_ip(struct json_writer *w, const struct floating_ip *floating_ip)
{
	if (floating_ip->known)
		write_state(w, &floating_ip->id, floating_ip->state, floating_ip->reason);
}

static void write_forwarded_ip(struct json_writer *w, const struct forwarded_ip *ip)
{
	if (forwarded_ip_is_known(ip))
		write_state(w, &ip->id, ip->state, ip->reason);
}

static void write_floating_ips(const struct report *report, struct json_writer *w)
{
	const struct forwarded_ip *forwarded;
	const struct floating_ip *floating_ip;
	const struct uuid *id;
	GHashTableIter i;

	jw_begin_object(w);
	if (report->full) {
		g_hash_table_iter_init(&i, report->desired->floating_ips);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&floating_ip))
			write_floating_ip(w, floating_ip);
		g_hash_table_iter_init(&i, report->desired->forwarded_ips);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&forwarded))
			write_forwarded_ip(w, forwarded);
	} else {
		g_hash_table_iter_init(&i, report->changed);
		while (g_hash_table_iter_next(&i, (gpointer *)&id, NULL)) {
			floating_ip = desired_floating_ip(report->desired, id);
			forwarded = desired_forwarded_ip(report->desired, id);
			if (floating_ip && floating_ip->known)
				write_floating_ip(w, floating_ip);
			else if (forwarded)
				write_forwarded_ip(w, forwarded);
		}
	}
	jw_end_object(w);
}

static void write_load_balancer(struct json_writer *w, const struct load_balancer *balancer)
{
	if (balancer->known)
		write_state(w, &balancer->id, balancer->state, balancer->reason);
}

static void write_load_balancers(const struct report *report, struct json_writer *w)
{
	const struct load_balancer *balancer;
	const struct uuid *id;
	GHashTableIter i;

	jw_begin_object(w);
	if (report->full) {
		g_hash_table_iter_init(&i, report->desired->load_balancers);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&balancer))
			write_load_balancer(w, balancer);
	} else {
		g_hash_table_iter_init(&i, report->changed);
		while (g_hash_table_iter_next(&i, (gpointer *)&id, NULL)) {
			balancer = desired_load_balancer(report->desired, id);
			if (balancer)
				write_load_balancer(w, balancer);
		}
	}
	jw_end_object(w);
}

static void write_members(const struct report *report, struct json_writer *w)
{
	const struct uuid *id;
	const char *why;
	GHashTableIter i;
	char text[UUID_STRLEN];

	jw_begin_object(w);
	g_hash_table_iter_init(&i, report->members);
	while (g_hash_table_iter_next(&i, (gpointer *)&id, (gpointer *)&why)) {
		if (!report->full && !g_hash_table_contains(report->changed, id))
			continue;
		jw_key(w, uuid_format(id, text));
		jw_begin_object(w);
		jw_member_bool(w, "alive", !*why);
		if (*why)
			jw_member_string(w, "reason", why);
		jw_end_object(w);
	}
	jw_end_object(w);
}

static void write_masters(const struct report *report, struct json_writer *w)
{
	const struct uuid *id;
	GHashTableIter i;
	gpointer says;
	char text[UUID_STRLEN];

	if (!g_hash_table_size(report->masters))
		return;
	jw_key(w, "masters");
	jw_begin_object(w);
	g_hash_table_iter_init(&i, report->masters);
	while (g_hash_table_iter_next(&i, (gpointer *)&id, &says)) {
		if (!report->full && !g_hash_table_contains(report->changed, id))
			continue;
		jw_key(w, uuid_format(id, text));
		jw_begin_object(w);
		jw_member_bool(w, "master", GPOINTER_TO_UINT(says) & MASTER_CLAIMED);
		jw_member_bool(w, "others_dead", GPOINTER_TO_UINT(says) & MASTER_OTHERS_DEAD);
		jw_end_object(w);
	}
	jw_end_object(w);
}

static void write_changed(
	struct json_writer *w, const struct desired *desired, const struct uuid *id)
{
	const struct port *port = desired_port(desired, id);
	const struct interface *interface = desired_interface(desired, id);
	const struct gateway *gateway = desired_gateway(desired, id);

	if (port)
		write_port(w, port);
	else if (interface)
		write_interface(w, interface);
	else if (gateway)
		write_gateway(w, gateway);
}

static void write_ports(const struct report *report, struct json_writer *w)
{
	const struct uuid *id;
	const struct port *port;
	const struct interface *interface;
	const struct gateway *gateway;
	GHashTableIter i;

	jw_begin_object(w);
	if (report->full) {
		g_hash_table_iter_init(&i, report->desired->ports);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
			write_port(w, port);
		g_hash_table_iter_init(&i, report->desired->interfaces);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&interface))
			if (!desired_port(report->desired, &interface->id)) /* an appliance's NIC */
				write_interface(w, interface);
		g_hash_table_iter_init(&i, report->desired->gateways);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&gateway))
			write_gateway(w, gateway);
	} else {
		g_hash_table_iter_init(&i, report->changed);
		while (g_hash_table_iter_next(&i, (gpointer *)&id, NULL))
			write_changed(w, report->desired, id);
	}
	jw_end_object(w);
}

/* A member that a part of the agent says; takes @said over, NULL: it says nothing. */
static void write_said(struct json_writer *w, const char *key, json_t *said)
{
	char *text = said ? json_dumps(said, JSON_COMPACT) : NULL;

	if (text)
		jw_member_raw(w, key, text);
	free(text);
	json_decref(said);
}

static void write_agent(const struct report *report, struct json_writer *w)
{
	s64 now = report->io.now_us(report->io.data);

	jw_begin_object(w);
	jw_member_string(w, "version", WEFT_VERSION);
	jw_member_int(w, "uptime_s", (now - report->started_us) / G_USEC_PER_SEC);
	jw_member_int(w, "ports", (s64)g_hash_table_size(report->desired->ports));
	jw_key(w, "bridge_mappings");
	jw_begin_object(w);
	for (guint i = 0; i < report->bridge_mappings->len; i++) {
		const struct config_mapping *mapping =
			&g_array_index(report->bridge_mappings, struct config_mapping, i);

		jw_member_string(w, mapping->physical_network, mapping->device);
	}
	jw_end_object(w);
	write_said(w, "bgp", report->io.bgp ? report->io.bgp(report->io.data) : NULL);
	write_said(w, "virtual_machines",
		report->io.virtual_machines ? report->io.virtual_machines(report->io.data) : NULL);
	jw_end_object(w);
}

static void send_now(struct report *report)
{
	g_autoptr(GString) body = g_string_new(NULL);
	struct json_writer w = json_writer_on(body);

	jw_begin_object(&w);
	jw_member_string(&w, "instance", report->instance);
	jw_member_int(&w, "revision", (s64)report->revision);
	jw_member_bool(&w, "full", report->full);
	jw_key(&w, "ports");
	write_ports(report, &w);
	jw_key(&w, "floating_ips");
	write_floating_ips(report, &w);
	jw_key(&w, "load_balancers");
	write_load_balancers(report, &w);
	jw_key(&w, "members");
	write_members(report, &w);
	write_masters(report, &w);
	write_said(&w, "listeners",
		report->io.listeners ? report->io.listeners(report->full, report->io.data) : NULL);
	write_said(&w, "appliances",
		report->io.appliances ? report->io.appliances(report->io.data) : NULL);
	write_said(&w, "missed", report->io.missed ? report->io.missed(report->io.data) : NULL);
	write_said(&w, "announced",
		report->io.announced ? report->io.announced(report->io.data) : NULL);
	jw_key(&w, "agent");
	write_agent(report, &w);
	jw_end_object(&w);
	report->full = report->soon = false;
	report->in_flight = true;
	report->sent_revision = report->revision;
	report->due_us = 0;
	report->io.set_timer(ANSWER_MS, report->io.data);
	g_hash_table_remove_all(report->changed);
	report->io.send(body->str, body->len, report->io.data);
}

/* At the latest in @ms. */
static void schedule(struct report *report, unsigned ms)
{
	s64 due = report->io.now_us(report->io.data) + ms * 1000LL;

	if (!report->connected || report->in_flight || (report->due_us && report->due_us <= due))
		return;
	report->due_us = due;
	report->io.set_timer(ms, report->io.data);
}

void report_connected(struct report *report)
{
	report->connected = true;
	report->full = true; /* sent when the view is complete: with report_synced() */
	schedule(report, SILENCE_MS);
}

void report_disconnected(struct report *report)
{
	report->connected = false;
	report->due_us = 0;
	report->io.set_timer(0, report->io.data);
	if (report->in_flight)
		report->io.abandon(report->io.data);
	report->in_flight = false;
}

void report_soon(struct report *report)
{
	report->soon = true;
	schedule(report, COALESCE_MS);
}

void report_port(struct report *report, const struct uuid *id)
{
	g_hash_table_add(report->changed, g_memdup2(id, sizeof(*id)));
}

void report_master(struct report *report, const struct uuid *port, enum master_says says)
{
	g_hash_table_replace(
		report->masters, g_memdup2(port, sizeof(*port)), GUINT_TO_POINTER(says));
	report_port(report, port);
	schedule(report, 1);
}

void report_member(
	struct report *report, const struct uuid *id, enum health health, const char *why)
{
	if (health == HEALTH_UNKNOWN) {
		g_hash_table_remove(report->members, id);
		return;
	}
	g_hash_table_replace(report->members, g_memdup2(id, sizeof(*id)), g_strdup(why));
	report_port(report, id);
	schedule(report, COALESCE_MS);
}

void report_synced(struct report *report, u64 revision)
{
	bool urgent = report->full || g_hash_table_size(report->changed) > 0;

	report->revision = revision;
	if (!report->connected || report->in_flight)
		return;
	if (urgent)
		send_now(report);
	else
		schedule(report, COALESCE_MS);
}

void report_done(struct report *report, const char *why)
{
	report->in_flight = false;
	report->io.set_timer(0, report->io.data);
	if (why) {
		log_limited(warning, "report to the controller: %s; it is sent again", why);
		report->full = true;
		schedule(report, RETRY_MS);
		return;
	}
	if (report->io.listeners_told)
		report->io.listeners_told(report->io.data);
	if (report->io.announced_told)
		report->io.announced_told(report->io.data);
	if (report->full || g_hash_table_size(report->changed) > 0) {
		send_now(report);
	} else if (report->soon || report->revision != report->sent_revision) {
		schedule(report, COALESCE_MS);
	} else {
		schedule(report, SILENCE_MS);
	}
}

void report_timer(struct report *report)
{
	report->due_us = 0;
	if (report->in_flight) {
		report->io.abandon(report->io.data);
		report_done(report, "no answer within 15 s");
	} else if (report->connected) {
		send_now(report);
	}
}
