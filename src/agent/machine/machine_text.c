/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_list.h"

/* Characters of ids in a device's name, of which there are 15. */
#define APPLIANCE_ID_LEN 5
#define PORT_ID_LEN 8
#define FLAGS (JSON_COMPACT | JSON_SORT_KEYS)

/* jansson's text as g_free() takes it; takes @json over. */
static char *take_text(json_t *json)
{
	char *text = json_dumps(json, FLAGS), *copy = g_strdup(text);

	free(text);
	json_decref(json);
	return copy;
}

static void set_limits(json_t *object, const struct record_appliance *record)
{
	if (record->cpu_percent)
		json_object_set_new(object, "cpu_percent", json_integer(record->cpu_percent));
	if (record->memory_mib)
		json_object_set_new(object, "memory_mib", json_integer(record->memory_mib));
}

/* "a1b2c3-0f1e2d3c": of the host's devices, no other appliance has it. It says nothing of the
 * other NICs, so they may come and go. */
static json_t *nics_of(const struct uuid *id, const struct record_appliance *record)
{
	char text[UUID_STRLEN];
	json_t *nics = json_array();
	const json_t *nic;
	size_t i;

	uuid_format(id, text);
	json_array_foreach(record->nics, i, nic) {
		const char *port = json_string_value(json_object_get(nic, "port_id")) ?: "";
		g_autofree char *device =
			g_strdup_printf("a%.*s-%.*s", APPLIANCE_ID_LEN, text, PORT_ID_LEN, port);

		json_array_append_new(nics,
			json_pack("{s:O, s:s, s:O}", "name", json_object_get(nic, "name"), "device",
				device, "port_id", json_object_get(nic, "port_id")));
	}
	return nics;
}

/* The image is one of this host. */
static void set_machine(
	json_t *description, const struct config *config, const struct record_appliance *record)
{
	g_autofree char *image = NULL;

	if (!record->machine_image)
		return;
	image = g_build_filename(config->appliance_images, record->machine_image, NULL);
	json_object_set_new(description, "image", json_string(image));
	if (record->vcpus)
		json_object_set_new(description, "vcpus", json_integer(record->vcpus));
	if (config->appliance_accelerator)
		json_object_set_new(
			description, "accelerator", json_string(config->appliance_accelerator));
}

/* How much is written down is for the host to say. */
static void set_log_limits(json_t *document, const struct config *config)
{
	const json_t *firewall;
	size_t i;

	json_array_foreach(json_object_get(document, "interface_firewalls"), i, firewall)
		if (json_object_get(firewall, "log"))
			json_object_set_new(document, "log_limits",
				json_pack("{s:I, s:I}", "rate", (json_int_t)config->log_rate,
					"burst", (json_int_t)config->log_burst));
}

char *machine_description(
	const struct config *config, const struct uuid *id, const struct record_appliance *record)
{
	json_t *document = json_copy(record->config);
	json_t *description =
		json_pack("{s:o, s:o}", "nics", nics_of(id, record), "config", document);

	json_object_set_new(document, "revision", json_integer(record->revision));
	set_log_limits(document, config);
	set_limits(description, record);
	set_machine(description, config, record);
	return take_text(description);
}

/* An MTU is set while it runs where the NIC is a cable of ours. */
static json_t *link_of(const json_t *interface, bool is_virtual)
{
	return json_pack("{s:O?, s:O?, s:O*}", "name", json_object_get(interface, "name"),
		"mac_address", json_object_get(interface, "mac_address"), "mtu",
		is_virtual ? json_object_get(interface, "mtu") : NULL);
}

char *machine_shape(const struct record_appliance *record)
{
	const json_t *interfaces = json_object_get(record->config, "interfaces"), *interface;
	json_t *shape = json_pack(
		       "{s:O, s:i}", "nics", record->nics, "generation", (int)record->generation),
	       *links = json_array();
	size_t i;

	set_limits(shape, record);
	if (record->machine_image)
		json_object_set_new(shape, "machine",
			json_pack("[s, i]", record->machine_image, (int)record->vcpus));
	json_array_foreach(interfaces, i, interface)
		json_array_append_new(links, link_of(interface, record->machine_image != NULL));
	json_object_set_new(shape, "links", links);
	return take_text(shape);
}

/* What has a name in both is the same in both? Takes both out of the shapes. */
static bool list_fits(json_t *running, json_t *wanted, const char *key)
{
	const json_t *had = json_object_get(running, key), *nic, *same;
	bool fits = json_is_object(json_array_get(had, 0));
	size_t i;

	json_array_foreach(json_object_get(wanted, key), i, nic) {
		same = json_list_named(had, nic);
		fits = fits && (!same || json_equal(same, nic));
	}
	json_object_del(running, key);
	json_object_del(wanted, key);
	return fits;
}

bool machine_shape_fits(const char *running, const char *wanted)
{
	json_t *was = json_loads(running, 0, NULL), *is = json_loads(wanted, 0, NULL);
	bool fits = !strcmp(running, wanted) ||
		    (!json_object_get(is, "machine") && list_fits(was, is, "nics") &&
			    list_fits(was, is, "links") && json_equal(was, is));

	json_decref(was);
	json_decref(is);
	return fits;
}

char *machine_names(const json_t *list)
{
	GString *text = g_string_new(NULL);
	const json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
		g_string_append_printf(
			text, "%s%s", text->len ? ", " : "", json_string_value(name) ?: "?");
	return g_string_free(text, FALSE);
}
