/* SPDX-License-Identifier: Apache-2.0 */
/* Which host an appliance is on. */
#include <string.h>

#include "model/provider/appliance.h"
#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/port.h"

/* Why hosts were passed over, for the message when all were. */
struct search {
	const struct txn *txn;
	const struct object *draft;
	json_t *host_tags;
	GPtrArray *physical; /* names of the physical networks of its NICs, borrowed */
	unsigned dead, untagged, unconnected, without_image, paired, taken;
};

static bool has_tags(const json_t *tags, const struct object *host)
{
	json_t *has = object_json(host, SLOT_TAGS), *tag, *one;
	size_t i, j, found = 0;

	json_array_foreach(tags, i, tag)
		json_array_foreach(has, j, one)
			found += json_equal(tag, one);
	json_decref(has);
	return found == json_array_size(tags);
}

static bool is_connected(const struct search *search, const struct object *host)
{
	for (guint i = 0; i < search->physical->len; i++)
		if (!host_has_physical(host, search->physical->pdata[i]))
			return false;
	return true;
}

static bool has_image(const struct search *search, const struct object *host)
{
	return object_choice(search->draft, APPLIANCE_RUNTIME) != APPLIANCE_QEMU ||
	       host_has_image(host, object_str(search->draft, APPLIANCE_MACHINE_IMAGE));
}

/* Is there another appliance that it can't share the host with? */
static bool is_taken(const struct search *search, const struct object *host)
{
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, search->txn, KIND_APPLIANCE, APPLIANCE_BY_HOST,
		object_str(host, SLOT_NAME), NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(search->draft)) &&
			(object_bool(other, APPLIANCE_DEDICATED_HOST) ||
				object_bool(search->draft, APPLIANCE_DEDICATED_HOST)))
			return true;
	return false;
}

static bool fits(struct search *search, const struct object *host)
{
	if (!has_tags(search->host_tags, host))
		return search->untagged++, false;
	if (!is_connected(search, host))
		return search->unconnected++, false;
	if (!has_image(search, host))
		return search->without_image++, false;
	if (appliance_has_peer(search->txn, search->draft, object_str(host, SLOT_NAME)))
		return search->paired++, false; /* one host's death must not take both */
	if (is_taken(search, host))
		return search->taken++, false;
	return true;
}

static void begin(struct search *search, const struct txn *txn, const struct object *draft)
{
	json_t *nics = object_json(draft, APPLIANCE_NICS), *nic;
	size_t i;

	*search = (struct search){ .txn = txn,
		.draft = draft,
		.host_tags = object_json(draft, APPLIANCE_HOST_TAGS),
		.physical = g_ptr_array_new() };
	json_array_foreach(nics, i, nic) {
		const struct object *network = txn_get_text(
			txn, KIND_NETWORK, json_string_value(json_object_get(nic, "network_id")));

		if (network && network_physical(network))
			g_ptr_array_add(search->physical, (gpointer)network_physical(network));
	}
	json_decref(nics);
}

static void end(struct search *search)
{
	json_decref(search->host_tags);
	g_ptr_array_unref(search->physical);
}

static unsigned appliances_on(const struct search *search, const struct object *host)
{
	struct txn_iter iter;
	unsigned n = 0;

	txn_iter_init(&iter, search->txn, KIND_APPLIANCE, APPLIANCE_BY_HOST,
		object_str(host, SLOT_NAME), NULL);
	while (txn_iter_next(&iter))
		n++;
	return n;
}

static unsigned ports_on(const struct search *search, const struct object *host)
{
	return model_count(
		txn_model(search->txn), KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
}

/* The fewest appliances, then the fewest ports, then the order of the hosts. */
static const struct object *choose(struct search *search, const char *but)
{
	const struct model *model = txn_model(search->txn);
	const struct object *host, *best = NULL;
	unsigned best_appliances = 0, best_ports = 0;
	struct model_iter iter;

	model_iter_all(&iter, model, KIND_HOST, NULL);
	while ((host = model_iter_next(&iter))) {
		unsigned appliances, ports;

		if (!object_bool(host, HOST_MANAGED) ||
			!g_strcmp0(object_str(host, SLOT_NAME), but))
			continue;
		if (!host_is_alive(model, host)) {
			search->dead++;
			continue;
		}
		if (!fits(search, host))
			continue;
		appliances = appliances_on(search, host);
		ports = ports_on(search, host);
		if (!best || appliances < best_appliances ||
			(appliances == best_appliances && ports < best_ports)) {
			best = host;
			best_appliances = appliances;
			best_ports = ports;
		}
	}
	return best;
}

static void refuse(const struct search *search, GError **error)
{
	const char *image = object_str(search->draft, APPLIANCE_MACHINE_IMAGE);
	g_autofree char *without =
		*image ? g_strdup_printf(
				 "%u the machine image %s or what runs it (their virtual_machines say which), ",
				 search->without_image, image)
		       : g_strdup("");

	weft_fail(error, UNAVAILABLE,
		"no host may run appliance %s: %u lack one of its host_tags %s, %u a physical network of its NICs, %s%u have the other one of its pair, %u are dedicated to another or have others, %u are not heard of",
		object_str(search->draft, SLOT_NAME), search->untagged,
		object_str(search->draft, APPLIANCE_HOST_TAGS), search->unconnected, without,
		search->paired, search->taken, search->dead);
}

const struct object *appliance_place(
	const struct txn *txn, const struct object *draft, const char *but, GError **error)
{
	const struct object *host;
	struct search search;

	begin(&search, txn, draft);
	host = choose(&search, but);
	end(&search);
	if (!host)
		refuse(&search, error);
	return host;
}

bool appliance_may_stay(const struct txn *txn, const struct object *draft)
{
	const struct object *host = host_find(txn_model(txn), object_str(draft, APPLIANCE_HOST));
	struct search search;
	bool may;

	if (!host)
		return false;
	begin(&search, txn, draft);
	may = fits(&search, host);
	end(&search);
	return may;
}
