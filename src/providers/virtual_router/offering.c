/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/virtual_router/offering.h"

#include <string.h>

#include "base/addr.h"
#include "base/uuid.h"

#define NUMBER_MAX 1000000
#define VCPUS_MAX 64
#define VIRTUAL_MEMORY_MIN_MIB 128 /* its system is in memory */

static bool refuse(char **ret_reason, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool refuse(char **ret_reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*ret_reason = g_strdup_vprintf(format, args);
	va_end(args);
	return false;
}

static bool check_keys(const json_t *json, char **ret_reason)
{
	static const char *const known[] = { "management_network", "public_network", "cpu_percent",
		"memory_mib", "runtime", "vcpus", "machine_image", "host_tags", "dedicated_host",
		"dns_forwarders", "ha", "default", "tags", NULL };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json, key, value)
		if (!g_strv_contains(known, key)) {
			g_autofree char *all = g_strjoinv(", ", (char **)known);

			return refuse(ret_reason,
				"its offering has '%.64s'; an offering may have %s", key, all);
		}
	return true;
}

static bool read_network(const json_t *json, const char *key, const char **ret, char **ret_reason)
{
	const json_t *value = json_object_get(json, key);
	struct uuid id;

	*ret = json_string_value(value);
	if (!value || json_is_null(value) || (*ret && uuid_parse(*ret, &id)))
		return true;
	return refuse(ret_reason, "%s of its offering must be the id of a network", key);
}

static bool read_number(
	const json_t *json, const char *key, int max, json_int_t *ret, char **ret_reason)
{
	const json_t *value = json_object_get(json, key);

	*ret = json_integer_value(value);
	if (!value || (json_is_integer(value) && *ret > 0 && *ret <= max))
		return true;
	return refuse(ret_reason, "%s of its offering must be a number from 1 to %d", key, max);
}

static bool read_text(const json_t *json, const char *key, const char **ret, char **ret_reason)
{
	const json_t *value = json_object_get(json, key);

	*ret = json_string_value(value);
	return !value || *ret || refuse(ret_reason, "%s of its offering must be a text", key);
}

static bool read_machine(const json_t *json, struct offering *ret, char **ret_reason)
{
	bool virtual;

	if (!read_text(json, "runtime", &ret->runtime, ret_reason) ||
		!read_text(json, "machine_image", &ret->machine_image, ret_reason) ||
		!read_number(json, "vcpus", VCPUS_MAX, &ret->vcpus, ret_reason))
		return false;
	virtual = !g_strcmp0(ret->runtime, "qemu");
	if (ret->runtime && !virtual && strcmp(ret->runtime, "netns"))
		return refuse(ret_reason,
			"runtime of its offering is '%.64s'; it may be netns or qemu",
			ret->runtime);
	if (!virtual && (ret->machine_image || ret->vcpus))
		return refuse(ret_reason,
			"its offering has vcpus or machine_image, which are of a virtual machine: they need \"runtime\": \"qemu\"");
	return !virtual || !ret->memory_mib || ret->memory_mib >= VIRTUAL_MEMORY_MIN_MIB ||
	       refuse(ret_reason,
		       "memory_mib of its offering must be %d at least for a virtual machine, whose system is in its memory",
		       VIRTUAL_MEMORY_MIN_MIB);
}

static bool read_bool(const json_t *json, const char *key, bool *ret, char **ret_reason)
{
	const json_t *value = json_object_get(json, key);

	*ret = json_is_true(value);
	return !value || json_is_boolean(value) ||
	       refuse(ret_reason, "%s of its offering must be true or false", key);
}

static bool is_word(const char *text)
{
	return text && *text;
}

static bool is_ip(const char *text)
{
	struct ip ip;

	return text && ip_parse(text, &ip);
}

static bool read_list(const json_t *json, const char *key, bool (*good)(const char *text),
	const json_t **ret, char **ret_reason)
{
	const json_t *value = json_object_get(json, key), *item;
	bool ok = !value || json_is_array(value);
	size_t i;

	json_array_foreach(value, i, item)
		ok = ok && good(json_string_value(item));
	*ret = value;
	return ok || refuse(ret_reason, "%s of its offering must be a list of %s", key,
			     good == is_ip ? "IP addresses" : "tags");
}

bool offering_parse(const char *text, struct offering *ret, char **ret_reason)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const json_t *tags; /* of model/provider/offering.c */
	bool is_default;

	*ret = (struct offering){ .json = json };
	if (!*text)
		return refuse(ret_reason,
			"there is no offering for it: make a service profile with the driver virtual-router and metainfo {\"management_network\": ID, \"default\": true}, or name one by the network's tag guestL3Network::ID or the router's flavor");
	if (!json_is_object(json))
		return refuse(ret_reason, "metainfo of its service profile is no JSON object");
	if (!check_keys(json, ret_reason) ||
		!read_network(json, "management_network", &ret->management_network, ret_reason) ||
		!read_network(json, "public_network", &ret->public_network, ret_reason) ||
		!read_number(json, "cpu_percent", NUMBER_MAX, &ret->cpu_percent, ret_reason) ||
		!read_number(json, "memory_mib", NUMBER_MAX, &ret->memory_mib, ret_reason) ||
		!read_machine(json, ret, ret_reason) ||
		!read_list(json, "host_tags", is_word, &ret->host_tags, ret_reason) ||
		!read_list(json, "dns_forwarders", is_ip, &ret->dns_forwarders, ret_reason) ||
		!read_list(json, "tags", is_word, &tags, ret_reason) ||
		!read_bool(json, "dedicated_host", &ret->dedicated_host, ret_reason) ||
		!read_bool(json, "ha", &ret->ha, ret_reason) ||
		!read_bool(json, "default", &is_default, ret_reason))
		return false;
	return ret->management_network ||
	       refuse(ret_reason, "its offering has no management_network: the id of a network");
}

void offering_clear(struct offering *offering)
{
	json_decref(offering->json);
}
