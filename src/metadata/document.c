/* SPDX-License-Identifier: Apache-2.0 */
#include "metadata/document.h"

#include <jansson.h>
#include <string.h>

#include "metadata/network_data.h"

#define JSON_TYPE "application/json"
#define TEXT_TYPE "text/plain; charset=utf-8"
#define BYTES_TYPE "application/octet-stream"

static const char *const openstack_versions[] = { "2012-08-10", "2013-10-17", "2015-10-15",
	"2016-06-30", "2016-10-06", "2017-02-22", "2018-08-27", "latest", NULL };
static const char *const ec2_versions[] = { "1.0", "2007-01-19", "2007-03-01", "2007-08-29",
	"2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04", "latest", NULL };

static GString *text_answer(const char *text)
{
	return text && *text ? g_string_new(text) : NULL;
}

static GString *list_answer(const char *const *items)
{
	g_autofree char *text = g_strjoinv("\n", (char **)items);

	return g_string_new(text);
}

/* What is listed must be there: cloud-init walks the whole of an index, and gives all of it up when
 * one is not. */
static void list_item(GString *list, const char *item)
{
	g_string_append_printf(list, "%s%s", list->len ? "\n" : "", item);
}

static GString *json_answer(json_t *json, const char **ret_type)
{
	char *text = json_dumps(json, JSON_COMPACT);
	GString *answer = g_string_new(text);

	free(text);
	json_decref(json);
	*ret_type = JSON_TYPE;
	return answer;
}

static const json_t *given(const struct metadata_guest *guest, const char *key)
{
	return json_object_get(guest->given, key);
}

static const char *given_text(const struct metadata_guest *guest, const char *key)
{
	return json_string_value(given(guest, key));
}

/* The guest's id is its device's; a port without one is its own. */
static const char *instance_id(const struct metadata_guest *guest)
{
	return guest->device_id && *guest->device_id ? guest->device_id : guest->port->id;
}

/* What was given, else what DHCP gives. */
static const char *hostname(const struct metadata_guest *guest, char buf[static SERVICE_NAME_SIZE])
{
	const char *text = given_text(guest, "hostname");

	if (text && *text)
		return text;
	if (guest->port->dns_name && *guest->port->dns_name)
		return guest->port->dns_name;
	if (!guest->port->n_addresses)
		return "guest";
	service_host_name(guest->port, &guest->port->addresses[0].ip, buf);
	return buf;
}

static json_t *public_keys(const struct metadata_guest *guest)
{
	json_t *by_name = json_object();
	const json_t *key;
	size_t i;

	json_array_foreach(given(guest, "public_keys"), i, key)
		json_object_set(by_name, json_string_value(json_object_get(key, "name")),
			json_object_get(key, "public_key"));
	return by_name;
}

static json_t *meta_data(const struct metadata_guest *guest)
{
	char buf[SERVICE_NAME_SIZE];
	const char *host = hostname(guest, buf);
	json_t *json = json_pack("{s:s, s:s, s:s, s:i, s:s, s:[], s:o}", "uuid", instance_id(guest),
		"hostname", host, "name", guest->name && *guest->name ? guest->name : host,
		"launch_index", 0, "availability_zone", guest->zone, "devices", "public_keys",
		public_keys(guest));
	const json_t *meta = given(guest, "meta");

	if (guest->project_id && *guest->project_id)
		json_object_set_new(json, "project_id", json_string(guest->project_id));
	json_object_set_new(json, "meta", meta ? json_incref((json_t *)meta) : json_object());
	return json;
}

/* NULL: none was given. What is no text comes in base64. */
static GString *user_data(const struct metadata_guest *guest, const char **ret_type)
{
	const char *text = given_text(guest, "user_data");
	const char *encoded = given_text(guest, "user_data_base64");
	g_autofree guchar *bytes = NULL;
	gsize size = 0;

	if (text && *text)
		return g_string_new(text);
	if (!encoded || !*encoded)
		return NULL;
	bytes = g_base64_decode(encoded, &size);
	*ret_type = BYTES_TYPE;
	return g_string_new_len((const char *)bytes, (gssize)size);
}

static bool has_user_data(const struct metadata_guest *guest)
{
	const char *type;
	GString *data = user_data(guest, &type);

	if (data)
		g_string_free(data, TRUE);
	return data;
}

static GString *vendor_data(const struct metadata_guest *guest, const char **ret_type)
{
	const json_t *vendor = given(guest, "vendor_data");

	return json_answer(
		json_is_object(vendor) ? json_incref((json_t *)vendor) : json_object(), ret_type);
}

static GString *openstack_files(const struct metadata_guest *guest)
{
	GString *list = g_string_new("meta_data.json\nnetwork_data.json");

	if (has_user_data(guest))
		list_item(list, "user_data");
	list_item(list, "vendor_data.json");
	list_item(list, "vendor_data2.json");
	return list;
}

/* /openstack/VERSION/FILE */
static GString *openstack(const struct metadata_guest *guest, char *const *segments, unsigned n,
	const char **ret_type)
{
	if (!n)
		return list_answer(openstack_versions);
	if (!g_strv_contains(openstack_versions, segments[0]) || n > 2)
		return NULL;
	if (n == 1)
		return openstack_files(guest);
	if (!strcmp(segments[1], "meta_data.json"))
		return json_answer(meta_data(guest), ret_type);
	if (!strcmp(segments[1], "network_data.json"))
		return json_answer(metadata_network_data(guest->port), ret_type);
	if (!strcmp(segments[1], "user_data"))
		return user_data(guest, ret_type);
	if (!strcmp(segments[1], "vendor_data.json"))
		return vendor_data(guest, ret_type);
	return strcmp(segments[1], "vendor_data2.json") ? NULL
							: json_answer(json_object(), ret_type);
}

/* EC2's ids are short: "i-" and the first eight hex digits of the instance's. */
static char *ec2_id(const char *prefix, const char *id)
{
	return g_strdup_printf("%s-%.8s", prefix, id);
}

static char *first_address(const struct metadata_guest *guest, u8 family)
{
	char text[IP_STRLEN];

	for (size_t i = 0; i < guest->port->n_addresses; i++)
		if (guest->port->addresses[i].ip.family == family)
			return g_strdup(ip_format(&guest->port->addresses[i].ip, text));
	return NULL;
}

static char *ec2_leaf(const struct metadata_guest *guest, const char *name)
{
	char buf[SERVICE_NAME_SIZE], mac[MAC_STRLEN];

	if (!strcmp(name, "instance-id"))
		return ec2_id("i", instance_id(guest));
	if (!strcmp(name, "reservation-id"))
		return ec2_id("r", instance_id(guest));
	if (!strcmp(name, "ami-id"))
		return g_strdup("ami-00000000");
	if (!strcmp(name, "ami-launch-index"))
		return g_strdup("0");
	if (!strcmp(name, "instance-type"))
		return g_strdup("guest");
	if (!strcmp(name, "hostname") || !strcmp(name, "local-hostname") ||
		!strcmp(name, "public-hostname"))
		return g_strdup(hostname(guest, buf));
	if (!strcmp(name, "local-ipv4"))
		return first_address(guest, 4);
	return strcmp(name, "mac") ? NULL : g_strdup(mac_format(&guest->port->mac, mac));
}

/* public-keys/, public-keys/N/, public-keys/N/openssh-key */
static GString *ec2_keys(const struct metadata_guest *guest, char *const *segments, unsigned n)
{
	const json_t *keys = given(guest, "public_keys"), *key;
	GString *list = g_string_new(NULL);
	guint64 number;
	size_t i;

	json_array_foreach(keys, i, key)
		g_string_append_printf(list, "%s%zu=%s", i ? "\n" : "", i,
			json_string_value(json_object_get(key, "name")));
	if (!n && list->len)
		return list;
	g_string_free(list, TRUE);
	if (!n || n > 2 || !g_ascii_string_to_unsigned(segments[0], 10, 0, 1000, &number, NULL))
		return NULL;
	key = json_array_get(keys, (size_t)number);
	if (!key || n == 1)
		return key ? g_string_new("openssh-key") : NULL;
	return strcmp(segments[1], "openssh-key")
		       ? NULL
		       : text_answer(json_string_value(json_object_get(key, "public_key")));
}

static GString *ec2_names(const struct metadata_guest *guest)
{
	static const char *const leaves[] = { "ami-id", "ami-launch-index", "hostname",
		"instance-id", "instance-type", "local-hostname", "local-ipv4", "mac",
		"public-hostname", "reservation-id", NULL };
	GString *list = g_string_new(NULL);

	for (const char *const *leaf = leaves; *leaf; leaf++) {
		g_autofree char *value = ec2_leaf(guest, *leaf);

		if (value)
			list_item(list, *leaf);
	}
	if (guest->zone && *guest->zone)
		list_item(list, "placement/");
	if (json_array_size(given(guest, "public_keys")))
		list_item(list, "public-keys/");
	return list;
}

static GString *ec2_meta_data(const struct metadata_guest *guest, char *const *segments, unsigned n)
{
	g_autofree char *leaf = NULL;

	if (!n)
		return ec2_names(guest);
	if (!strcmp(segments[0], "public-keys"))
		return ec2_keys(guest, segments + 1, n - 1);
	if (!strcmp(segments[0], "placement"))
		return n == 1 ? g_string_new("availability-zone")
		       : n == 2 && !strcmp(segments[1], "availability-zone")
			       ? text_answer(guest->zone)
			       : NULL;
	leaf = n == 1 ? ec2_leaf(guest, segments[0]) : NULL;
	return text_answer(leaf);
}

/* /VERSION/meta-data/…, /VERSION/user-data */
static GString *ec2(const struct metadata_guest *guest, char *const *segments, unsigned n,
	const char **ret_type)
{
	if (n == 1)
		return g_string_new(has_user_data(guest) ? "meta-data/\nuser-data" : "meta-data/");
	if (!strcmp(segments[1], "meta-data"))
		return ec2_meta_data(guest, segments + 2, n - 2);
	return n == 2 && !strcmp(segments[1], "user-data") ? user_data(guest, ret_type) : NULL;
}

GString *metadata_answer(const struct metadata_guest *guest, char *const *segments,
	unsigned n_segments, const char **ret_type)
{
	*ret_type = TEXT_TYPE;
	if (!n_segments) {
		GString *list = list_answer(ec2_versions);

		return g_string_append(list, "\nopenstack");
	}
	if (!strcmp(segments[0], "openstack"))
		return openstack(guest, segments + 1, n_segments - 1, ret_type);
	return g_strv_contains(ec2_versions, segments[0])
		       ? ec2(guest, segments, n_segments, ret_type)
		       : NULL;
}
