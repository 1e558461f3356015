/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of load balancers in the packet filter: who may reach them, and what goes through. Its
 * counters count on whatever haproxy(1) does. */
#include "appliance/render/render.h"

#define TABLE "inet weft"

/* Calls @each for each port that is listened at. */
static void for_each(const struct document *document,
	void (*each)(
		const struct ip *address, const struct balancer_listener *listener, GString *text),
	GString *text)
{
	for (guint n = 0; n < document->load_balancers->len; n++) {
		const struct balancer *balancer =
			&g_array_index(document->load_balancers, struct balancer, n);

		for (guint i = 0; i < balancer->listeners->len; i++)
			for (guint j = 0; j < balancer->addresses->len; j++)
				each(&g_array_index(balancer->addresses, struct ip, j),
					&g_array_index(
						balancer->listeners, struct balancer_listener, i),
					text);
	}
}

static const char *version_of(const struct ip *address)
{
	return address->family == 6 ? "ip6" : "ip";
}

static void append_counters(
	const struct ip *address, const struct balancer_listener *listener, GString *text)
{
	static const char *const names[] = { "connections", "in", "out" };

	(void)address;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_string_append_printf(text, "add counter " TABLE " " RENDER_LISTENER_COUNTER "\n",
			listener->id, names[i]);
}

void render_balancer_counters(const struct document *document, GString *text)
{
	for_each(document, append_counters, text);
}

static void append_input(
	const struct ip *address, const struct balancer_listener *listener, GString *text)
{
	char ip[IP_STRLEN];

	g_string_append_printf(text,
		"\t\t%s daddr %s tcp dport %u counter name " RENDER_LISTENER_COUNTER "\n",
		version_of(address), ip_format(address, ip), listener->port, listener->id, "in");
}

void render_balancer_input(const struct document *document, GString *text)
{
	for_each(document, append_input, text);
}

static void append_opening(
	const struct ip *address, const struct balancer_listener *listener, GString *text)
{
	const char *version = version_of(address);
	char ip[IP_STRLEN], cidr[PREFIX_STRLEN];
	const struct prefix *allowed = (const struct prefix *)listener->allowed->data;

	ip_format(address, ip);
	for (guint i = 0; i < listener->allowed->len; i++)
		if (allowed[i].ip.family == address->family)
			g_string_append_printf(text,
				"\t\t%s saddr %s %s daddr %s tcp dport %u counter name " RENDER_LISTENER_COUNTER
				" accept\n",
				version, prefix_format(&allowed[i], cidr), version, ip,
				listener->port, listener->id, "connections");
	if (!listener->allowed->len)
		g_string_append_printf(text,
			"\t\t%s daddr %s tcp dport %u counter name " RENDER_LISTENER_COUNTER
			" accept\n",
			version, ip, listener->port, listener->id, "connections");
}

void render_balancer_openings(const struct document *document, GString *text)
{
	for_each(document, append_opening, text);
}

static void append_output(
	const struct ip *address, const struct balancer_listener *listener, GString *text)
{
	char ip[IP_STRLEN];

	g_string_append_printf(text,
		"\t\t%s saddr %s tcp sport %u counter name " RENDER_LISTENER_COUNTER "\n",
		version_of(address), ip_format(address, ip), listener->port, listener->id, "out");
}

void render_balancer_output(const struct document *document, GString *text)
{
	g_string_append(text, "\tchain output {\n");
	for_each(document, append_output, text);
	g_string_append(text, "\t}\n");
}
