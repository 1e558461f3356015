/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "appliance/document/document_parts.h"

#define KEEPALIVE_DEFAULT_S 3
#define NEIGHBORS_MAX 256
#define NETWORKS_MAX 16384

GArray *document_bgp_neighbors_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(struct document_bgp_neighbor));
}

/* What bgpd takes for one word, and not for a comment. */
static bool is_word(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!g_ascii_isgraph(*c) || strchr("!#\"'\\|?", *c))
			return false;
	return true;
}

static bool read_password(const json_t *value, char *ret, GError **error)
{
	const char *form =
		"1 to 80 characters of ASCII without white space and without ! # \" ' \\ | ?, as bgpd's configuration has no quotes";
	const json_t *member = json_object_get(value, "password");
	const char *text = json_string_value(member);

	if (!member)
		return true;
	if (!text || !*text || strlen(text) >= BGP_PASSWORD_STRLEN || !is_word(text))
		return weft_fail(error, INVALID_INPUT, "password: must be %s", form);
	g_strlcpy(ret, text, BGP_PASSWORD_STRLEN);
	return true;
}

static bool read_neighbor(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "address", "remote_as", "password", "keepalive_s",
		"hold_s", NULL };
	struct document_bgp_neighbor one = { 0 };
	u64 as = 0, keepalive_s = KEEPALIVE_DEFAULT_S, hold_s;

	if (!field_check(value, known, error) || !field_need(value, "address", error) ||
		!field_need(value, "remote_as", error) ||
		!field_ip(value, "address", 0, &one.ip, error) ||
		!field_number(value, "remote_as", 1, G_MAXUINT32, &as, error) ||
		!read_password(value, one.password, error) ||
		!field_number(value, "keepalive_s", 1, 21845, &keepalive_s, error))
		return false;
	hold_s = 3 * keepalive_s;
	if (!field_number(value, "hold_s", 3 * keepalive_s, 65535, &hold_s, error))
		return false;
	one.as = (u32)as;
	one.keepalive_s = (u32)keepalive_s;
	one.hold_s = (u32)hold_s;
	g_array_append_val(array, one);
	return true;
}

bool document_read_bgp(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "local_as", "neighbors", "networks", "import", NULL };
	struct document_bgp *bgp = data;
	u64 as = 0;

	if (!field_check(object, known, error) || !field_need(object, "local_as", error) ||
		!field_number(object, "local_as", 1, G_MAXUINT32, &as, error) ||
		!field_list(
			object, "neighbors", NEIGHBORS_MAX, read_neighbor, bgp->neighbors, error) ||
		!field_list(object, "networks", NETWORKS_MAX, field_read_prefix, bgp->networks,
			error) ||
		!field_bool(object, "import", &bgp->import, error))
		return false;
	bgp->as = (u32)as;
	return true;
}

static const struct ip *first_of(const GArray *addresses, u8 family)
{
	for (guint i = 0; i < addresses->len; i++) {
		const struct ip *ip = &g_array_index(addresses, struct prefix, i).ip;

		if (ip->family == family)
			return ip;
	}
	return NULL;
}

static const struct ip *first_on(const struct document_interface *interface, u8 family)
{
	const struct ip *own = first_of(interface->addresses, family);

	return own ? own : first_of(interface->virtual_addresses, family);
}

static bool check_networks(const struct document_bgp *bgp, GError **error)
{
	char text[PREFIX_STRLEN];

	for (guint i = 0; i < bgp->networks->len; i++) {
		const struct prefix *prefix = &g_array_index(bgp->networks, struct prefix, i);
		struct ip network = prefix_network(prefix);

		if (ip_compare(&network, &prefix->ip))
			return weft_fail(error, INVALID_INPUT,
				"bgp.networks[%u]: %s must be a prefix without bits beyond its length",
				i, prefix_format(prefix, text));
	}
	return true;
}

static const struct document_bgp_neighbor *neighbor_at(const struct document_bgp *bgp, guint i)
{
	return &g_array_index(bgp->neighbors, struct document_bgp_neighbor, i);
}

/* A session goes from an address of the neighbor's family, which is the next hop. */
static bool check_neighbors(const struct document_bgp *bgp, const char *public, GError **error)
{
	char text[IP_STRLEN];

	for (guint i = 0; i < bgp->neighbors->len; i++) {
		const struct ip *ip = &neighbor_at(bgp, i)->ip;

		if (!(ip->family == 6 ? bgp->source6 : bgp->source).family)
			return weft_fail(error, INVALID_INPUT,
				"bgp.neighbors[%u].address: %s must have an IPv%u address, from which a session with %s goes",
				i, public, ip->family, ip_format(ip, text));
		for (guint j = 0; j < i; j++)
			if (!ip_compare(ip, &neighbor_at(bgp, j)->ip))
				return weft_fail(error, INVALID_INPUT,
					"bgp.neighbors[%u]: its address is another's too", i);
	}
	return true;
}

/* The first IPv4 address outside, else of whatever NIC: it is a number, and need not be reached. */
static const struct ip *router_id_of(const struct document *document)
{
	const struct ip *id = first_on(document_public(document), 4);

	for (guint i = 0; !id && i < document->interfaces->len; i++)
		id = first_on(
			&g_array_index(document->interfaces, struct document_interface, i), 4);
	return id;
}

bool document_check_bgp(struct document *document, GError **error)
{
	const struct document_interface *public = document_public(document);
	const struct ip *id = router_id_of(document), *source = first_on(public, 4),
			*source6 = first_on(public, 6);

	if (!document->bgp.enabled)
		return true;
	if (!id)
		return weft_fail(error, INVALID_INPUT,
			"bgp: a NIC must have an IPv4 address, which is the router's id");
	document->bgp.router_id = *id;
	if (source)
		document->bgp.source = *source;
	if (source6)
		document->bgp.source6 = *source6;
	return check_networks(&document->bgp, error) &&
	       check_neighbors(&document->bgp, public->name, error);
}
