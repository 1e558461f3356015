/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/intact.h"

#include <jansson.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/program.h"
#include "appliance/render/render.h"
#include "appliance/render/render_nftables.h"
#include "base/log.h"

#define CHARONS_PRIORITY 220

struct intact {
	GHashTable *routes, *rules; /* texts of what was there before; sets */
};

static const char *const families[] = { "-4", "-6" };

const char *intact_name(enum intact_part part)
{
	static const char *const names[] = { "NICs", "addresses", "routes", "policy rules",
		"sysctls" };

	return names[part];
}

/* What ip(8) says, with numbers in place of names; json_decref(). NULL: nothing. */
static json_t *ask(const char *family, const char *what, GError **error)
{
	const char *const rules[] = { "ip", "-N", "-j", family, "rule", "show", NULL };
	const char *const routes[] = { "ip", "-N", "-j", family, "route", "show", "table", "254",
		NULL };
	const char *const addresses[] = { "ip", "-N", "-j", "address", "show", NULL };
	g_autofree char *output = NULL;
	json_t *said;

	if (!program_run(!strcmp(what, "rule")	  ? rules
			 : !strcmp(what, "route") ? routes
						  : addresses,
		    &output, error))
		return NULL;
	said = json_loads(output, 0, NULL);
	if (!said)
		said = json_array();
	return said;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static unsigned protocol_of(const json_t *route)
{
	const char *text = text_of(route, "protocol");

	return text ? (unsigned)strtoul(text, NULL, 10) : RTPROT_UNSPEC;
}

/* Of somebody who knows what he does. */
static bool is_daemons(unsigned protocol)
{
	static const u8 theirs[] = { RTPROT_REDIRECT, RTPROT_KERNEL, RTPROT_RA, RTPROT_BGP,
		RTPROT_KEEPALIVED, RENDER_TUNNEL_PROTOCOL };

	return memchr(theirs, (int)protocol, sizeof(theirs)) != NULL;
}

static bool destination_of(const json_t *route, const char *family, struct prefix *ret)
{
	const char *text = text_of(route, "dst");
	bool is6 = !strcmp(family, "-6");

	if (!text)
		return false;
	if (!strcmp(text, "default"))
		return prefix_parse(is6 ? "::/0" : "0.0.0.0/0", ret);
	if (strchr(text, '/'))
		return prefix_parse(text, ret);
	ret->len = is6 ? 128 : 32;
	return ip_parse(text, &ret->ip);
}

/* The same for the same one, however often it is asked about. */
static char *key_of(const char *family, const json_t *object)
{
	char *dump = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	char *key = g_strconcat(family, " ", dump, NULL);

	free(dump);
	return key;
}

static json_int_t priority_of(const json_t *rule)
{
	return json_integer_value(json_object_get(rule, "priority"));
}

/* charon's go with it, or stay as it is killed. */
static void remember(GHashTable *set, const char *what)
{
	for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
		json_t *said = ask(families[i], what, NULL);
		const json_t *one;
		size_t n;

		json_array_foreach(said, n, one)
			if (strcmp(what, "rule") || priority_of(one) != CHARONS_PRIORITY)
				g_hash_table_add(set, key_of(families[i], one));
		json_decref(said);
	}
}

struct intact *intact_new(void)
{
	struct intact *intact = g_new0(struct intact, 1);

	intact->routes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	intact->rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	remember(intact->routes, "route");
	remember(intact->rules, "rule");
	return intact;
}

void intact_free(struct intact *intact)
{
	g_hash_table_unref(intact->routes);
	g_hash_table_unref(intact->rules);
	g_free(intact);
}

/* --- NICs and addresses */

static const json_t *device_named(const json_t *devices, const char *name)
{
	const json_t *device;
	size_t i;

	json_array_foreach(devices, i, device)
		if (!g_strcmp0(text_of(device, "ifname"), name))
			return device;
	return NULL;
}

static bool nic_is_intact(const json_t *device, const struct document_interface *interface)
{
	const json_t *flag, *flags = json_object_get(device, "flags");
	const char *text = text_of(device, "address");
	struct mac mac;
	bool up = false;
	size_t i;

	json_array_foreach(flags, i, flag)
		up |= !g_strcmp0(json_string_value(flag), "UP");
	return up && text && mac_parse(text, &mac) &&
	       (!memcmp(&mac, &interface->mac, sizeof(mac)) ||
		       !memcmp(&mac, &interface->virtual_mac, sizeof(mac))) &&
	       (!interface->mtu ||
		       json_integer_value(json_object_get(device, "mtu")) == interface->mtu);
}

static bool address_of(const json_t *info, struct prefix *ret)
{
	const char *text = text_of(info, "local");

	ret->len = (u8)json_integer_value(json_object_get(info, "prefixlen"));
	return text && ip_parse(text, &ret->ip);
}

static bool has(const GArray *prefixes, const struct prefix *prefix)
{
	for (guint i = 0; i < prefixes->len; i++) {
		const struct prefix *one = &g_array_index(prefixes, struct prefix, i);

		if (!ip_compare(&one->ip, &prefix->ip) && one->len == prefix->len)
			return true;
	}
	return false;
}

/* Where keepalived gives and takes addresses, more than the document's is no wonder. */
static bool addresses_are_intact(const json_t *device, const struct document_interface *interface)
{
	const json_t *info, *infos = json_object_get(device, "addr_info");
	guint found = 0;
	size_t i;

	json_array_foreach(infos, i, info) {
		struct prefix prefix;

		if (!address_of(info, &prefix) || ip_is_link_local(&prefix.ip))
			continue;
		if (has(interface->addresses, &prefix))
			found++;
		else if (!interface->virtual_addresses->len)
			return false;
	}
	for (guint n = 0; n < interface->addresses->len; n++)
		found +=
			ip_is_link_local(&g_array_index(interface->addresses, struct prefix, n).ip);
	return found >= interface->addresses->len;
}

static bool look_at_nics(const struct document *document, unsigned *ret, GError **error)
{
	json_t *devices = ask(NULL, "address", error);

	for (guint i = 0; devices && i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);
		const json_t *device = device_named(devices, interface->name);

		if (!nic_is_intact(device, interface))
			*ret |= 1u << INTACT_NICS;
		else if (!addresses_are_intact(device, interface))
			*ret |= 1u << INTACT_ADDRESSES;
	}
	json_decref(devices);
	return devices != NULL;
}

/* --- routes */

static bool is_wanted(const struct document *document, const char *family, const json_t *entry)
{
	const char *via = text_of(entry, "gateway");
	struct prefix destination;
	struct ip nexthop;

	if (!destination_of(entry, family, &destination) || !via || !ip_parse(via, &nexthop))
		return false;
	for (guint i = 0; i < document->routes->len; i++) {
		const struct document_route *route =
			&g_array_index(document->routes, struct document_route, i);

		if (render_route_is_everybodys(document, route) &&
			!ip_compare(&route->destination.ip, &destination.ip) &&
			route->destination.len == destination.len &&
			!ip_compare(&route->nexthop, &nexthop))
			return true;
	}
	return false;
}

static guint count_wanted(const struct document *document)
{
	guint n = 0;

	for (guint i = 0; i < document->routes->len; i++)
		n += render_route_is_everybodys(
			document, &g_array_index(document->routes, struct document_route, i));
	return n;
}

/* Nobody has a right to it. */
static bool is_foreign_route(const struct intact *intact, const char *family, const json_t *route)
{
	g_autofree char *key = key_of(family, route);
	unsigned protocol = protocol_of(route);

	return protocol != RENDER_ROUTE_PROTOCOL && !is_daemons(protocol) &&
	       !g_hash_table_contains(intact->routes, key);
}

static bool look_at_routes(
	const struct intact *intact, const struct document *document, unsigned *ret, GError **error)
{
	guint found = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
		json_t *routes = ask(families[i], "route", error);
		const json_t *route;
		size_t n;

		if (!routes)
			return false;
		json_array_foreach(routes, n, route) {
			bool ours = protocol_of(route) == RENDER_ROUTE_PROTOCOL;

			if (ours && is_wanted(document, families[i], route))
				found++;
			else if (ours || is_foreign_route(intact, families[i], route))
				*ret |= 1u << INTACT_ROUTES;
		}
		json_decref(routes);
	}
	if (found < count_wanted(document))
		*ret |= 1u << INTACT_ROUTES;
	return true;
}

/* ip(8) writes a number that it does not read. NULL: it leads somewhere. */
static const char *type_name(const json_t *route)
{
	static const char *const names[] = { [RTN_BLACKHOLE] = "blackhole",
		[RTN_UNREACHABLE] = "unreachable",
		[RTN_PROHIBIT] = "prohibit",
		[RTN_THROW] = "throw" };
	const char *text = text_of(route, "type");
	unsigned long type = text ? strtoul(text, NULL, 10) : RTN_UNICAST;

	return type < G_N_ELEMENTS(names) ? names[type] : NULL;
}

static bool remove_route(const char *family, const json_t *route, GError **error)
{
	static const char *const words[][2] = { { "gateway", "via" }, { "dev", "dev" },
		{ "protocol", "proto" } };
	const char *argv[16] = { "ip", family, "route", "delete" }, *type = type_name(route);
	const json_t *metric = json_object_get(route, "metric");
	g_autofree char *number =
		g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(metric));
	unsigned n = 4;

	if (type)
		argv[n++] = type;
	argv[n++] = text_of(route, "dst") ?: "default";
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		const char *text = text_of(route, words[i][0]);

		if (!text)
			continue;
		argv[n++] = words[i][1];
		argv[n++] = text;
	}
	if (metric) {
		argv[n++] = "metric";
		argv[n++] = number;
	}
	return program_run(argv, NULL, error);
}

static bool repair_routes(const struct intact *intact, const char *family, GError **error)
{
	json_t *routes = ask(family, "route", error);
	const json_t *route;
	bool ok = routes != NULL;
	size_t i;

	json_array_foreach(routes, i, route)
		if (ok && is_foreign_route(intact, family, route))
			ok = remove_route(family, route, error);
	json_decref(routes);
	return ok;
}

/* --- policy rules */

static bool is_foreign_rule(const struct intact *intact, const char *family, const json_t *rule)
{
	g_autofree char *key = key_of(family, rule);

	return priority_of(rule) != CHARONS_PRIORITY && !g_hash_table_contains(intact->rules, key);
}

/* How many of those that were there are still there, and is there one more? */
static bool count_rules(
	const struct intact *intact, guint *ret_kept, bool *ret_more, GError **error)
{
	*ret_kept = 0;
	*ret_more = false;
	for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
		json_t *rules = ask(families[i], "rule", error);
		const json_t *rule;
		size_t n;

		if (!rules)
			return false;
		json_array_foreach(rules, n, rule) {
			bool foreign = is_foreign_rule(intact, families[i], rule);

			*ret_more |= foreign;
			*ret_kept += !foreign && priority_of(rule) != CHARONS_PRIORITY;
		}
		json_decref(rules);
	}
	return true;
}

static bool look_at_rules(const struct intact *intact, unsigned *ret, GError **error)
{
	guint kept;
	bool more;

	if (!count_rules(intact, &kept, &more, error))
		return false;
	if (more || kept != g_hash_table_size(intact->rules))
		*ret |= 1u << INTACT_RULES;
	return true;
}

static bool change_rule(const char *family, const char *verb, const json_t *rule, GError **error)
{
	g_autofree char *priority = g_strdup_printf("%" JSON_INTEGER_FORMAT, priority_of(rule));
	bool add = !strcmp(verb, "add");
	const char *const argv[] = { "ip", family, "rule", verb, "priority", priority,
		add ? "table" : NULL, text_of(rule, "table") ?: "254", NULL };

	return program_run(argv, NULL, error);
}

/* First what is missing, as without the main table nothing goes anywhere. */
static bool give_back_rules(const struct intact *intact, GError **error)
{
	g_autoptr(GHashTable) here = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const char *key;
	GHashTableIter i;
	bool ok = true;

	remember(here, "rule");
	g_hash_table_iter_init(&i, intact->rules);
	while (ok && g_hash_table_iter_next(&i, (gpointer *)&key, NULL)) {
		g_autofree char *family = g_strndup(key, strlen("-4"));
		json_t *rule = json_loads(key + strlen("-4 "), 0, NULL);

		if (!g_hash_table_contains(here, key))
			ok = change_rule(family, "add", rule, error);
		json_decref(rule);
	}
	return ok;
}

static bool repair_rules(const struct intact *intact, const char *family, GError **error)
{
	json_t *rules = ask(family, "rule", error);
	const json_t *rule;
	bool ok = rules != NULL;
	size_t i;

	json_array_foreach(rules, i, rule)
		if (ok && is_foreign_rule(intact, family, rule))
			ok = change_rule(family, "delete", rule, error);
	json_decref(rules);
	return ok;
}

/* --- all of it */

bool intact_sysctls(void)
{
	static const char *const paths[] = { "/proc/sys/net/ipv4/conf/all/promote_secondaries",
		"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding" };
	bool intact = true;

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *text = NULL;

		if (g_file_get_contents(paths[i], &text, NULL, NULL))
			intact &= *text == '1';
	}
	return intact;
}

bool intact_look(
	const struct intact *intact, const struct document *document, unsigned *ret, GError **error)
{
	*ret = intact_sysctls() ? 0 : 1u << INTACT_SYSCTLS;
	return look_at_nics(document, ret, error) && look_at_routes(intact, document, ret, error) &&
	       look_at_rules(intact, ret, error);
}

bool intact_repair(const struct intact *intact, GError **error)
{
	if (!give_back_rules(intact, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
		if (!repair_rules(intact, families[i], error) ||
			!repair_routes(intact, families[i], error))
			return false;
	return true;
}
