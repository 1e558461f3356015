/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sync/fields.h"

#define NAME_MAX_LEN 15 /* of a device */

/* What is in `config` is for the appliance to judge. */
static bool check_nics(const json_t *nics, GError **error)
{
	const json_t *nic;
	struct uuid port;
	size_t i;

	if (!json_is_array(nics))
		return weft_fail(error, BAD_REQUEST, "nics must be a list");
	json_array_foreach(nics, i, nic) {
		size_t len = json_string_length(json_object_get(nic, "name"));

		if (!len || len > NAME_MAX_LEN)
			return weft_fail(error, BAD_REQUEST,
				"nics[%zu].name must be a text of 1 to %d bytes", i, NAME_MAX_LEN);
		if (!field_uuid(nic, "port_id", &port, error))
			return false;
	}
	return true;
}

/* It becomes a part of a path, and of a command line. */
static bool check_image(const char *name, GError **error)
{
	return !name || (*name && *name != '.' && !strpbrk(name, "/,\n")) ||
	       weft_fail(
		       error, BAD_REQUEST, "machine_image \"%s\" must be the name of a file", name);
}

bool decode_appliance(const json_t *data, struct record *ret, GError **error)
{
	struct record_appliance *appliance = &ret->appliance;

	if (!field_uint(data, "generation", 0, G_MAXUINT32, &appliance->generation, error) ||
		!field_uint(data, "revision", 1, G_MAXUINT32, &appliance->revision, error) ||
		!field_uint(data, "cpu_percent", 0, G_MAXUINT32, &appliance->cpu_percent, error) ||
		!field_uint(data, "memory_mib", 0, G_MAXUINT32, &appliance->memory_mib, error) ||
		!check_nics(json_object_get(data, "nics"), error))
		return false;
	if (!json_is_object(json_object_get(data, "config")))
		return weft_fail(error, BAD_REQUEST, "config must be an object");
	if (!field_optional_uint(data, "vcpus", 0, G_MAXINT32, &appliance->vcpus, error) ||
		!field_optional_string(data, "machine_image", &appliance->machine_image, error))
		return false;
	if (!check_image(appliance->machine_image, error)) {
		g_clear_pointer(&appliance->machine_image, g_free);
		return false;
	}
	appliance->nics = json_incref(json_object_get(data, "nics"));
	appliance->config = json_incref(json_object_get(data, "config"));
	return true;
}

void clear_appliance(struct record *record)
{
	g_clear_pointer(&record->appliance.machine_image, g_free);
	g_clear_pointer(&record->appliance.nics, json_decref);
	g_clear_pointer(&record->appliance.config, json_decref);
}
