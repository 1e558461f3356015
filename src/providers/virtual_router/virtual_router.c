/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/virtual_router/virtual_router.h"

#include <stdlib.h>
#include <string.h>

#include "providers/virtual_router/nics.h"
#include "providers/virtual_router/sections.h"

#define IMAGE "weft-appliance"

static const char *const services[] = { "dhcp", "dns", "firewall", "floating-ip", "gre", "metadata",
	"port-forwarding", "router", "snat", "vpn", NULL };

static void set_machine(json_t *appliance, const struct offering *offering)
{
	if (offering->runtime)
		json_object_set_new(appliance, "runtime", json_string(offering->runtime));
	if (offering->machine_image)
		json_object_set_new(
			appliance, "machine_image", json_string(offering->machine_image));
	if (offering->vcpus)
		json_object_set_new(appliance, "vcpus", json_integer(offering->vcpus));
}

static void set_offering(json_t *appliance, const struct offering *offering)
{
	if (offering->cpu_percent)
		json_object_set_new(appliance, "cpu_percent", json_integer(offering->cpu_percent));
	if (offering->memory_mib)
		json_object_set_new(appliance, "memory_mib", json_integer(offering->memory_mib));
	set_machine(appliance, offering);
	if (offering->host_tags)
		json_object_set(appliance, "host_tags", (json_t *)offering->host_tags);
	if (offering->dedicated_host)
		json_object_set_new(appliance, "dedicated_host", json_true());
}

/* Its NICs' ports are made first; when they are in the document, it is told what to do. */
static json_t *appliance_of(const struct facts *facts, char **ret_reason)
{
	bool told = nics_are_made(facts);
	json_t *nics, *appliance;

	if (told && facts->is_pair && !redundancy_check(facts, ret_reason))
		return NULL;
	nics = nics_of(facts, ret_reason);
	if (!nics)
		return NULL;
	appliance = json_pack("{s:s, s:s, s:o}", "name", member_name(facts->member), "image", IMAGE,
		"nics", nics);
	set_offering(appliance, &facts->offering);
	if (facts->is_pair)
		json_object_set_new(appliance, "ha_group", json_string(facts->id));
	if (told)
		json_object_set_new(appliance, "config", sections_document(facts));
	return appliance;
}

static bool add_appliances(struct facts *facts, json_t *list, char **ret_reason)
{
	for (unsigned member = 0; member < (facts->is_pair ? PAIR : 1); member++) {
		json_t *appliance;

		facts_choose(facts, member);
		appliance = appliance_of(facts, ret_reason);
		if (!appliance)
			return false;
		json_array_append_new(list, appliance);
	}
	return true;
}

/* The answer, or NULL with a reason. Nothing runs before there is a guest; what runs goes on. */
static json_t *answer_of(const json_t *document, char **ret_reason)
{
	json_t *list = json_array();
	struct facts facts;
	bool ok = facts_read(document, &facts, ret_reason);

	if (ok && facts.is_wanted &&
		(facts.is_made || facts_has_guest(&facts) || facts_has_balancer(&facts)))
		ok = add_appliances(&facts, list, ret_reason);
	facts_clear(&facts);
	if (ok)
		return json_pack("{s:o}", "appliances", list);
	json_decref(list);
	return NULL;
}

static int give(const struct weft_provider_request *request, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
	int failed = request->answer(request->context, text, strlen(text));
	g_autofree char *reason = g_strdup_printf(
		"what it would be told has %zu bytes, which is too much for one appliance: have fewer guests on a network, or less user_data",
		strlen(text));

	free(text);
	if (failed)
		request->explain(request->context, reason);
	return failed ? WEFT_PROVIDER_FAILED : WEFT_PROVIDER_OK;
}

static int apply(const struct weft_provider_request *request)
{
	json_t *document = json_loadb(request->document, request->document_size, 0, NULL);
	g_autofree char *reason = NULL;
	json_t *answer = answer_of(document, &reason);
	int result = WEFT_PROVIDER_REFUSED;

	if (answer)
		result = give(request, answer);
	else
		request->explain(request->context, reason);
	json_decref(answer);
	json_decref(document);
	return result;
}

const struct weft_provider virtual_router_provider = {
	.size = sizeof(struct weft_provider),
	.abi = WEFT_PROVIDER_ABI,
	.name = "virtual-router",
	.description = "In an appliance of each network or router.",
	.services = services,
	.apply = apply,
};
