/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider.h"

#include "model/network.h"
#include "model/number_set.h"
#include "model/txn_impl.h"

#define NUMBER_STRLEN 16

const char *const provider_types[] = { "geneve", "vxlan", "vlan", "flat", NULL };

static const char *format_number(const struct object *network, char buf[static NUMBER_STRLEN])
{
	g_snprintf(buf, NUMBER_STRLEN, "%" G_GINT64_FORMAT,
		object_int(network, NETWORK_PROVIDER_SEGMENT));
	return buf;
}

void provider_vni_keys(const struct object *network, struct key_sink *sink)
{
	char number[NUMBER_STRLEN];

	if (provider_is_overlay(object_choice(network, NETWORK_PROVIDER_TYPE)) &&
		!object_is_null(network, NETWORK_PROVIDER_SEGMENT))
		index_add(sink, (const char *const[]){ format_number(network, number) }, 1);
}

void provider_vlan_keys(const struct object *network, struct key_sink *sink)
{
	char number[NUMBER_STRLEN];

	if (object_choice(network, NETWORK_PROVIDER_TYPE) == PROVIDER_VLAN)
		index_add(sink,
			(const char *const[]){ object_str(network, NETWORK_PROVIDER_PHYSICAL),
				format_number(network, number) },
			2);
}

void provider_flat_keys(const struct object *network, struct key_sink *sink)
{
	if (object_choice(network, NETWORK_PROVIDER_TYPE) == PROVIDER_FLAT)
		index_add(sink,
			(const char *const[]){ object_str(network, NETWORK_PROVIDER_PHYSICAL) }, 1);
}

static bool check_vlan(const struct object *draft, GError **error)
{
	s64 id = object_int(draft, NETWORK_PROVIDER_SEGMENT);

	return (id >= VLAN_FIRST && id <= VLAN_LAST) ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for provider:segmentation_id: %" G_GINT64_FORMAT
		       " is no VLAN; one of %u to %u is.",
		       id, VLAN_FIRST, VLAN_LAST);
}

static bool settle_vni(struct txn *txn, struct object *draft, GError **error)
{
	struct number_set *vnis = model_state(txn_model(txn), KIND_NETWORK);
	u128 vni;

	if (!object_is_null(draft, NETWORK_PROVIDER_PHYSICAL))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for provider:physical_network: a %s network is an overlay and has none; leave it out.",
			object_str(draft, NETWORK_PROVIDER_TYPE));
	if (!object_is_null(draft, NETWORK_PROVIDER_SEGMENT))
		return true;
	if (!txn_reserve_next(txn, vnis, &vni))
		return weft_fail(error, VNI_EXHAUSTED,
			"No VNI is left: all of %u to %u are in use; delete a network, or name one outside of that range as provider:segmentation_id.",
			NETWORK_VNI_FIRST, NETWORK_VNI_LAST);
	object_set_int(draft, NETWORK_PROVIDER_SEGMENT, (s64)vni);
	return true;
}

/* There are few VLANs: each is looked up. */
static bool find_vlan(struct txn *txn, struct object *draft, GError **error)
{
	const char *physical = object_str(draft, NETWORK_PROVIDER_PHYSICAL);
	struct txn_iter iter;
	char number[NUMBER_STRLEN];

	for (unsigned id = VLAN_FIRST; id <= VLAN_LAST; id++) {
		object_set_int(draft, NETWORK_PROVIDER_SEGMENT, id);
		txn_iter_init(&iter, txn, KIND_NETWORK, NETWORK_BY_VLAN, physical,
			format_number(draft, number), NULL);
		if (!txn_iter_next(&iter))
			return true;
	}
	return weft_fail(error, VNI_EXHAUSTED,
		"No VLAN of physical network %s is left: networks have all %u of them.", physical,
		VLAN_LAST);
}

static bool settle_physical(struct txn *txn, struct object *draft, GError **error)
{
	const char *physical = object_str(draft, NETWORK_PROVIDER_PHYSICAL);

	if (!physical || !*physical)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for provider:physical_network: a %s network is one of a physical network; name it.",
			object_str(draft, NETWORK_PROVIDER_TYPE));
	if (object_choice(draft, NETWORK_PROVIDER_TYPE) == PROVIDER_FLAT)
		return object_is_null(draft, NETWORK_PROVIDER_SEGMENT) ||
		       weft_fail(error, INVALID_INPUT,
			       "Invalid input for provider:segmentation_id: a flat network has none; leave it out.");
	return object_is_null(draft, NETWORK_PROVIDER_SEGMENT) ? find_vlan(txn, draft, error)
							       : check_vlan(draft, error);
}

bool provider_settle(struct txn *txn, struct object *draft, GError **error)
{
	static const unsigned details[] = { NETWORK_PROVIDER_PHYSICAL, NETWORK_PROVIDER_SEGMENT };
	u64 given = object_given(draft);

	for (size_t i = 0; i < G_N_ELEMENTS(details); i++)
		if (given & SLOT_BIT(details[i]) && !object_is_null(draft, details[i]) &&
			!(given & SLOT_BIT(NETWORK_PROVIDER_TYPE)))
			return weft_fail(error, INVALID_INPUT,
				"Invalid input for %s: network_type required; give provider:network_type, too.",
				network_kind.attrs[details[i]].name);
	if (provider_is_overlay(object_choice(draft, NETWORK_PROVIDER_TYPE)))
		return settle_vni(txn, draft, error);
	return settle_physical(txn, draft, error);
}

bool provider_check_update(const struct object *old, const struct object *draft, GError **error)
{
	if (object_equal(old, draft, NETWORK_PROVIDER_SEGMENT))
		return true;
	if (object_choice(old, NETWORK_PROVIDER_TYPE) != PROVIDER_VLAN)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for provider:segmentation_id: Only VLAN type networks can be updated; this one is of type %s.",
			object_str(old, NETWORK_PROVIDER_TYPE));
	return check_vlan(draft, error);
}
