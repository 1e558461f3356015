/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/spelling.h"

#include <string.h>

#include "model/router/floating_ip.h"

/* Where the openstack command says it otherwise than the attribute's name would. */
static const struct {
	const char *attribute, *option;
} spellings[] = {
	{ "cidr", "subnet-range" },
	{ "gateway_ip", "gateway" },
	{ "enable_dhcp", "dhcp" },
	{ "shared", "share" },
	{ "is_default", "default" },
	{ "port_security_enabled", "port-security" },
	{ "region_id", "region" },
	{ "parent_region_id", "parent-region" },
	{ "provider:network_type", "provider-network-type" },
	{ "provider:physical_network", "provider-physical-network" },
	{ "provider:segmentation_id", "provider-segment" },
	{ "binding:host_id", "host" },
	{ "binding:profile", "binding-profile" },
	{ "device_id", "device" },
	{ "project_id", "project" },
	{ "subnetpool_id", "subnet-pool" },
	{ "segmentation_id", "segment" },
	{ "segment_id", "network-segment" },
	{ "qos_policy_id", "qos-policy" },
	{ "external_port", "external-protocol-port" },
	{ "internal_port", "internal-protocol-port" },
	{ "internal_port_id", "port" }, /* "internal-port" would be both */
	{ "tags", "tag" },
	{ "url", "endpoint-url" }, /* --url is the controller's */
	{ "allowed_address_pairs", "allowed-address" },
	{ "extra_dhcp_opts", "extra-dhcp-option" },
};

static const struct {
	const char *attribute, *on, *off;
} switches[] = {
	{ "admin_state_up", "enable", "disable" },
	{ "port_security_enabled", "enable-port-security", "disable-port-security" },
	{ "router:external", NULL, "internal" },
};

static const struct {
	const char *key, *field;
} fields_by_key[] = {
	{ "gateway", "nexthop" },
};

char *spelling_of(const struct attr *attr)
{
	const char *colon = strrchr(attr->name, ':');

	for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++)
		if (!strcmp(spellings[i].attribute, attr->name))
			return g_strdup(spellings[i].option);
	char *name = g_strdelimit(g_strdup(colon ? colon + 1 : attr->name), "_", '-');

	if (attr->type == TYPE_LIST &&
		(g_str_has_suffix(name, "sses") || g_str_has_suffix(name, "xes")))
		name[strlen(name) - 2] = '\0';
	else if (attr->type == TYPE_LIST && g_str_has_suffix(name, "s"))
		name[strlen(name) - 1] = '\0';
	if (attr->refers && g_str_has_suffix(name, "-id"))
		name[strlen(name) - 3] = '\0';
	return name;
}

const char *spelling_of_kind(const struct kind *kind)
{
	return kind->command ?: kind_words(kind);
}

const char *spelling_metavar(const struct kind *kind)
{
	g_autofree char *word = g_ascii_strup(kind_name(kind), -1);

	return g_intern_string(g_strdelimit(word, "_", '-'));
}

const struct kind *spelling_kind_of(const char *metavar)
{
	g_autofree char *word = g_ascii_strdown(metavar, -1);

	g_strdelimit(word, "[]", ' ');
	g_strdelimit(word, "-", '_');
	return kind_by_name(g_strstrip(word));
}

const struct attr *spelling_name(const struct kind *kind)
{
	const struct attr *name = &kind->attrs[SLOT_NAME];

	if (!name->name && kind->id == KIND_FLOATING_IP)
		name = &kind->attrs[FLOATING_IP_ADDRESS];
	/* What nobody can give a name is shown by Identity without one. */
	if (kind->flags & KIND_ID_IS_NAME ||
		(kind->flags & KIND_IDENTITY && !(name->flags & ATTR_CREATE)))
		return NULL;
	return name->name ? name : NULL;
}

const char *spelling_of_kinds(const struct kind *kind)
{
	g_autofree char *plural = g_strconcat(kind_words(kind), "s", NULL);
	size_t len = strlen(plural);

	if (!g_str_has_suffix(plural, "ys"))
		return g_intern_string(plural);
	plural[len - 2] = '\0';

	g_autofree char *ies = g_strconcat(plural, "ies", NULL);

	return g_intern_string(ies);
}

void spelling_others(const struct attr *attr, const char **ret_on, const char **ret_off)
{
	*ret_on = *ret_off = NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(switches); i++)
		if (!strcmp(switches[i].attribute, attr->name)) {
			*ret_on = switches[i].on;
			*ret_off = switches[i].off;
		}
}

const struct attr *spelling_field(const struct attr *fields, const char *key)
{
	g_autofree char *name = g_strdelimit(g_strdup(key), "-", '_');
	g_autofree char *as_id = g_strconcat(name, "_id", NULL),
			*as_last = g_strconcat("_", name, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(fields_by_key); i++)
		if (!strcmp(fields_by_key[i].key, key))
			key = fields_by_key[i].field;
	for (const struct attr *f = fields; f->name; f++)
		if (!strcmp(f->name, name) || !strcmp(f->name, key) || !strcmp(f->name, as_id))
			return f;
	for (const struct attr *f = fields; f->name; f++)
		if (g_str_has_suffix(f->name, as_last)) /* "value" for "opt_value" */
			return f;
	return NULL;
}

const struct kind *spelling_kind(const struct attr *attr)
{
	if (attr->refers)
		return kind_by_id(attr->refers);
	if (attr->type != TYPE_UUID || !g_str_has_suffix(attr->name, "_id"))
		return NULL;
	g_autofree char *name = g_strndup(attr->name, strlen(attr->name) - strlen("_id"));

	return kind_by_name(name);
}
