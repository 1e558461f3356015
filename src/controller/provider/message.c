/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/message.h"

#include <string.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/uuid.h"
#include "model/provider/appliance.h"
#include "model/provider/service_map.h"

#define REASON_MAX 1000
#define APPLIANCES_MAX 16
#define NICS_MAX 32
#define NIC_NAME_MAX 15 /* of a device */
#define LIST_MAX 100
#define IMAGE_NAME_MAX 100
#define TUNNELS_MAX 1000

static bool is_ip(const json_t *value)
{
	struct ip ip;

	return json_is_string(value) && ip_parse(json_string_value(value), &ip);
}

static bool is_prefix(const json_t *value)
{
	struct prefix prefix;

	return json_is_string(value) && prefix_parse(json_string_value(value), &prefix);
}

static bool are_ips(const json_t *value)
{
	const json_t *item;
	size_t i;

	json_array_foreach(value, i, item)
		if (!is_ip(item))
			return false;
	return json_is_array(value) && json_array_size(value) <= LIST_MAX;
}

static bool are_routes(const json_t *value)
{
	const json_t *item;
	size_t i;

	json_array_foreach(value, i, item)
		if (json_object_size(item) != 2 ||
			!is_prefix(json_object_get(item, "destination")) ||
			!is_ip(json_object_get(item, "nexthop")))
			return false;
	return json_is_array(value) && json_array_size(value) <= LIST_MAX;
}

static bool is_bool(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_ip_or_null(const json_t *value)
{
	return json_is_null(value) || is_ip(value);
}

static const struct {
	const char *name, *wanted;
	bool (*check)(const json_t *value);
} subnet_members[] = {
	{ "enable_dhcp", "true or false", is_bool },
	{ "dns_nameservers", "a list of up to 100 addresses", are_ips },
	{ "host_routes", "a list of up to 100 {destination, nexthop}", are_routes },
	{ "gateway_ip", "an address or null", is_ip_or_null },
};

static bool check_member(const char *subnet, const char *key, const json_t *value, GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(subnet_members); i++)
		if (!strcmp(subnet_members[i].name, key))
			return subnet_members[i].check(value) ||
			       weft_fail(error, INVALID_INPUT,
				       "edge.subnets.%s.%s of the answer is not %s", subnet, key,
				       subnet_members[i].wanted);
	return weft_fail(error, INVALID_INPUT,
		"edge.subnets.%s of the answer has '%.64s'; it may have enable_dhcp, dns_nameservers, host_routes and gateway_ip",
		subnet, key);
}

static bool check_subnet(const char *id, const json_t *subnet, GError **error)
{
	struct uuid uuid;
	json_t *value;
	const char *key;

	if (!uuid_parse(id, &uuid) || !json_is_object(subnet))
		return weft_fail(error, INVALID_INPUT,
			"edge.subnets of the answer must be {SUBNET: {…}}, not have %.64s", id);
	json_object_foreach((json_t *)subnet, key, value)
		if (!check_member(id, key, value, error))
			return false;
	return true;
}

static bool check_edge(const json_t *edge, GError **error)
{
	json_t *subnets = json_object_get(edge, "subnets"), *subnet;
	const char *id;

	if (!edge)
		return true;
	if (!json_is_object(edge) || json_object_size(edge) != !!subnets ||
		(subnets && !json_is_object(subnets)))
		return weft_fail(error, INVALID_INPUT,
			"edge of the answer must be {\"subnets\": {…}} or {}");
	json_object_foreach(subnets, id, subnet)
		if (!check_subnet(id, subnet, error))
			return false;
	return true;
}

static bool is_name(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) &&
	       json_string_length(value) <= 255;
}

static bool is_texts(const json_t *list)
{
	const json_t *text;
	size_t i;

	json_array_foreach(list, i, text)
		if (!is_name(text))
			return false;
	return !list || json_is_array(list);
}

static bool is_number(const json_t *value)
{
	return !value || (json_is_integer(value) && json_integer_value(value) >= 0 &&
				 json_integer_value(value) <= G_MAXINT32);
}

static bool check_nics(const json_t *nics, const char *name, GError **error)
{
	const json_t *nic;
	size_t i;

	json_array_foreach(nics, i, nic) {
		const json_t *device = json_object_get(nic, "name"),
			     *shared = json_object_get(nic, "shared");
		bool network = json_is_string(json_object_get(nic, "network_id"));

		if (!is_name(device) || json_string_length(device) > NIC_NAME_MAX ||
			network == json_is_string(json_object_get(nic, "port_id")))
			return weft_fail(error, INVALID_INPUT,
				"nics[%zu] of appliance %s needs a name of 1 to %d bytes, and either network_id or port_id",
				i, name, NIC_NAME_MAX);
		if (shared && (!json_is_boolean(shared) || !network))
			return weft_fail(error, INVALID_INPUT,
				"nics[%zu] of appliance %s: shared must be a boolean, of a NIC with a network_id",
				i, name);
	}
	return (json_is_array(nics) && json_array_size(nics) <= NICS_MAX) ||
	       weft_fail(error, INVALID_INPUT, "nics of appliance %s must be a list of at most %d",
		       name, NICS_MAX);
}

static bool is_file_name(const char *text)
{
	return *text && *text != '.' && strlen(text) <= IMAGE_NAME_MAX &&
	       !text[strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-")];
}

/* What is a virtual machine's is nothing for one of namespaces. */
static bool check_machine(const json_t *appliance, const char *name, GError **error)
{
	const json_t *runtime = json_object_get(appliance, "runtime"),
		     *image = json_object_get(appliance, "machine_image"),
		     *vcpus = json_object_get(appliance, "vcpus");
	bool virtual = !g_strcmp0(json_string_value(runtime), "qemu");

	if (runtime && !virtual && g_strcmp0(json_string_value(runtime), "netns"))
		return weft_fail(error, INVALID_INPUT,
			"runtime of appliance %s must be netns or qemu", name);
	if (!virtual && (image || vcpus))
		return weft_fail(error, INVALID_INPUT,
			"machine_image and vcpus of appliance %s are of a virtual machine: of the runtime qemu",
			name);
	if (image && !(json_is_string(image) && is_file_name(json_string_value(image))))
		return weft_fail(error, INVALID_INPUT,
			"machine_image of appliance %s must be the name of an image on its host: at most %d letters, digits, '.', '_' and '-', no '.' first",
			name, IMAGE_NAME_MAX);
	return (is_number(vcpus) && json_integer_value(vcpus) <= APPLIANCE_VCPUS_MAX) ||
	       weft_fail(error, INVALID_INPUT, "vcpus of appliance %s must be a number, at most %d",
		       name, APPLIANCE_VCPUS_MAX);
}

/* NICs are shared in a pair alone. */
static bool check_pair(const json_t *appliance, const char *name, GError **error)
{
	const json_t *group = json_object_get(appliance, "ha_group"), *nic;
	size_t i;

	if (group)
		return is_name(group) ||
		       weft_fail(error, INVALID_INPUT,
			       "ha_group of appliance %s must be a text of 1 to 255 bytes", name);
	json_array_foreach(json_object_get(appliance, "nics"), i, nic)
		if (json_is_true(json_object_get(nic, "shared")))
			return weft_fail(error, INVALID_INPUT,
				"nics[%zu] of appliance %s is shared: its ha_group must say with whom",
				i, name);
	return true;
}

/* Of one that weftd runs. */
static bool check_own(const json_t *appliance, GError **error)
{
	const char *name = json_string_value(json_object_get(appliance, "name"));
	const json_t *config = json_object_get(appliance, "config"),
		     *dedicated = json_object_get(appliance, "dedicated_host");

	if (!check_nics(json_object_get(appliance, "nics"), name, error) ||
		!check_pair(appliance, name, error))
		return false;
	if (!is_number(json_object_get(appliance, "cpu_percent")) ||
		!is_number(json_object_get(appliance, "memory_mib")))
		return weft_fail(error, INVALID_INPUT,
			"cpu_percent and memory_mib of appliance %s must be numbers, not negative",
			name);
	if (!check_machine(appliance, name, error))
		return false;
	if (!is_texts(json_object_get(appliance, "host_tags")))
		return weft_fail(error, INVALID_INPUT,
			"host_tags of appliance %s must be a list of texts", name);
	if ((dedicated && !json_is_boolean(dedicated)) || (config && !json_is_object(config)))
		return weft_fail(error, INVALID_INPUT,
			"of appliance %s dedicated_host must be a boolean, and config an object",
			name);
	return true;
}

static bool check_appliances(const json_t *appliances, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const json_t *appliance;
	size_t i;

	if (appliances &&
		(!json_is_array(appliances) || json_array_size(appliances) > APPLIANCES_MAX))
		return weft_fail(error, INVALID_INPUT,
			"appliances of the answer must be a list of at most %d", APPLIANCES_MAX);
	json_array_foreach(appliances, i, appliance) {
		const json_t *name = json_object_get(appliance, "name");

		if (!is_name(name) || !is_name(json_object_get(appliance, "image")))
			return weft_fail(error, INVALID_INPUT,
				"appliance %zu of the answer needs a name and an image, each a text of 1 to 255 bytes",
				i + 1);
		if (!g_hash_table_add(seen, (gpointer)json_string_value(name)))
			return weft_fail(error, INVALID_INPUT,
				"two appliances of the answer are named %s",
				json_string_value(name));
		if (!g_strcmp0(json_string_value(json_object_get(appliance, "image")),
			    APPLIANCE_IMAGE_OWN) &&
			!check_own(appliance, error))
			return false;
	}
	return true;
}

/* What is said of tunnels. */
static bool check_tunnels(const json_t *tunnels, GError **error)
{
	static const char *const statuses[] = { "ACTIVE", "DOWN", NULL };
	const json_t *tunnel;
	size_t i;

	if (tunnels && (!json_is_array(tunnels) || json_array_size(tunnels) > TUNNELS_MAX))
		return weft_fail(error, INVALID_INPUT,
			"tunnels of the answer must be a list of at most %d", TUNNELS_MAX);
	json_array_foreach(tunnels, i, tunnel) {
		const json_t *reason = json_object_get(tunnel, "status_reason");
		const char *id = json_string_value(json_object_get(tunnel, "id"));
		const char *status = json_string_value(json_object_get(tunnel, "status"));
		struct uuid uuid;

		if (!id || !uuid_parse(id, &uuid) || !status || !g_strv_contains(statuses, status))
			return weft_fail(error, INVALID_INPUT,
				"tunnel %zu of the answer needs an id, a UUID, and a status, ACTIVE or DOWN",
				i + 1);
		if (reason && !json_is_null(reason) && !is_name(reason))
			return weft_fail(error, INVALID_INPUT,
				"status_reason of tunnel %s must be a text of 1 to 255 bytes", id);
	}
	return true;
}

bool provider_answer_check(const json_t *answer, GError **error)
{
	json_t *value;
	const char *key;

	if (!answer)
		return true;
	if (!json_is_object(answer))
		return weft_fail(error, INVALID_INPUT, "the answer is no JSON object");
	json_object_foreach((json_t *)answer, key, value)
		if (strcmp(key, "edge") && strcmp(key, "appliances") && strcmp(key, "tunnels"))
			return weft_fail(error, INVALID_INPUT,
				"the answer has '%.64s'; it may have edge and appliances, or tunnels",
				key);
	return check_edge(json_object_get(answer, "edge"), error) &&
	       check_appliances(json_object_get(answer, "appliances"), error) &&
	       check_tunnels(json_object_get(answer, "tunnels"), error);
}

bool provider_name_check(const char *name, GError **error)
{
	size_t len = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") : 0;

	return (len && !name[len] && len <= PROVIDER_NAME_MAX && g_ascii_isalpha(name[0])) ||
	       weft_fail(error, INVALID_INPUT,
		       "'%.64s' is no name of a provider: give 1 to %d of a-z, 0-9, - and _, a letter first",
		       name ?: "", PROVIDER_NAME_MAX);
}

bool provider_services_parse(const json_t *list, unsigned *ret, GError **error)
{
	unsigned services = 0, all = NETWORK_SERVICES | ROUTER_SERVICES;
	enum network_service service;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *name = json_string_value(item);

		if (!name || !service_parse(name, &service) || !(all & SERVICE_BIT(service))) {
			g_autofree char *known = service_list(all);

			return weft_fail(error, INVALID_INPUT,
				"'%.64s' is no service that a provider can be chosen for; there are %s",
				name ?: "", known);
		}
		services |= SERVICE_BIT(service);
	}
	if (!services)
		return weft_fail(error, INVALID_INPUT, "it names no service");
	*ret = services;
	return true;
}

/* A text for people: bounded, and without what would disturb a terminal. */
static const char *text_of(json_t *json, const char *key)
{
	json_t *value = json_object_get(json, key);
	const char *text = json_string_value(value);
	char *clean;

	if (!text)
		return NULL;
	clean = g_strndup(text, REASON_MAX);
	for (char *at = clean; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	if (!g_utf8_validate(clean, -1, NULL)) {
		char *valid = g_utf8_make_valid(clean, -1);

		g_free(clean);
		clean = valid;
	}
	json_object_set_new(json, key, json_string(clean));
	g_free(clean);
	return json_string_value(json_object_get(json, key));
}

/* An answer that is none is a failure of the call, not of the process. */
static void check_result(struct message *message)
{
	g_autoptr(GError) error = NULL;

	if (provider_answer_check(message->result.answer, &error))
		return;
	json_object_set_new(message->json, "reason", json_string(error->message));
	message->result = (struct provider_result){ .result = WEFT_PROVIDER_FAILED,
		.reason = json_string_value(json_object_get(message->json, "reason")) };
}

static bool parse_result(struct message *message, GError **error)
{
	const json_t *id = json_object_get(message->json, "id");
	json_int_t result = json_integer_value(json_object_get(message->json, "result"));
	const char *reason = text_of(message->json, "reason");

	if (!json_is_integer(id) || json_integer_value(id) < 0 ||
		!json_is_integer(json_object_get(message->json, "result")))
		return weft_fail(error, INVALID_INPUT,
			"the plug-in's process said something that is no message");
	message->kind = MESSAGE_RESULT;
	message->id = (u64)json_integer_value(id);
	message->result = (struct provider_result){
		.result = result == WEFT_PROVIDER_OK || result == WEFT_PROVIDER_REFUSED
				  ? (enum weft_provider_result)result
				  : WEFT_PROVIDER_FAILED,
		.reason = reason && *reason ? reason : "the provider gave no reason",
		.answer = json_object_get(message->json, "answer"),
	};
	if (result == WEFT_PROVIDER_OK)
		check_result(message);
	return true;
}

static bool parse_hello(struct message *message, GError **error)
{
	const json_t *abi = json_object_get(message->json, "abi");

	message->kind = MESSAGE_HELLO;
	message->name = json_string_value(json_object_get(message->json, "hello"));
	message->tells_status = json_is_true(json_object_get(message->json, "status"));
	if (json_integer_value(abi) != WEFT_PROVIDER_ABI)
		return weft_fail(error, INVALID_INPUT,
			"it was made for version %" JSON_INTEGER_FORMAT
			" of the interface; this weftd has version %u",
			json_integer_value(abi), WEFT_PROVIDER_ABI);
	return provider_name_check(message->name, error) &&
	       provider_services_parse(
		       json_object_get(message->json, "services"), &message->services, error);
}

static bool parse(struct message *message, GError **error)
{
	if (json_object_get(message->json, "hello"))
		return parse_hello(message, error);
	if ((message->text = text_of(message->json, "refused"))) {
		message->kind = MESSAGE_REFUSED;
		return true;
	}
	if ((message->text = text_of(message->json, "log"))) {
		message->kind = MESSAGE_LOG;
		return true;
	}
	return parse_result(message, error);
}

bool message_parse(const char *line, size_t len, struct message *ret, GError **error)
{
	struct message message = { 0 };
	json_error_t reason;

	message.json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &reason);
	if (!json_is_object(message.json)) {
		json_decref(message.json);
		return weft_fail(error, INVALID_INPUT,
			"the plug-in's process said something that is no message");
	}
	if (!parse(&message, error)) {
		message_clear(&message);
		return false;
	}
	*ret = message;
	return true;
}

void message_clear(struct message *message)
{
	json_decref(message->json);
	message->json = NULL;
}
