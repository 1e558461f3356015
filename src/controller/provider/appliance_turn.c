/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two of a pair are made anew one after the other. Who serves waits until the other one is what
 * both are to be, and could take over; then it ends, and the other one takes over, with all
 * connections. Nothing waits for one whose host is dead: that one could not serve either.
 */
#include "controller/provider/appliance.h"

#include <string.h>

#include "base/json_list.h"
#include "model/host/host.h"

static const unsigned size_slots[] = { APPLIANCE_CPU_PERCENT, APPLIANCE_MEMORY_MIB,
	APPLIANCE_RUNTIME, APPLIANCE_VCPUS, APPLIANCE_MACHINE_IMAGE };

static bool same_size(const struct object *a, const struct object *b)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(size_slots); i++)
		if (!object_equal(a, b, size_slots[i]))
			return false;
	return true;
}

static bool all_among(const json_t *some, const json_t *others)
{
	const json_t *nic;
	size_t i;

	json_array_foreach(some, i, nic)
		if (!json_list_named(others, nic))
			return false;
	return true;
}

/* One of namespaces gets and loses NICs while it runs (src/agent/machine/machine_text.h). */
static bool same_nics(const struct object *a, const struct object *b)
{
	bool may_plug = object_choice(b, APPLIANCE_RUNTIME) == APPLIANCE_NETNS;
	json_t *its = object_json(a, APPLIANCE_NICS), *own = object_json(b, APPLIANCE_NICS);
	bool same = may_plug || (all_among(its, own) && all_among(own, its));

	json_decref(its);
	json_decref(own);
	return same;
}

/* Is what is said of their hosts the same? One of which something else is said may have to move. */
static bool same_demands(const struct object *a, const struct object *b)
{
	return object_equal(a, b, APPLIANCE_HOST_TAGS) &&
	       object_equal(a, b, APPLIANCE_DEDICATED_HOST);
}

static bool are_alike(const struct object *a, const struct object *b)
{
	return same_size(a, b) && same_nics(a, b) && same_demands(a, b);
}

static const struct object *peer_of(const struct txn *txn, const struct object *appliance)
{
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_APPLIANCE, APPLIANCE_BY_ATTACHMENT,
		object_str(appliance, APPLIANCE_ATTACHMENT_ID), NULL);
	while ((other = txn_iter_next(&iter)))
		if (appliance_is_peer(appliance, other))
			return other;
	return NULL;
}

static bool is_in_state(const struct object *appliance, const char *state)
{
	return !strcmp(object_str(appliance, APPLIANCE_HA_STATE), state);
}

static bool has_host(const struct txn *txn, const struct object *appliance)
{
	const char *name = object_str(appliance, APPLIANCE_HOST);
	const struct object *host = *name ? host_find(txn_model(txn), name) : NULL;

	return host && host_is_alive(txn_model(txn), host);
}

static bool must_wait(const struct txn *txn, const struct object *old, const struct object *draft)
{
	const struct object *peer = peer_of(txn, draft);
	enum appliance_status status;

	if (!peer || !has_host(txn, peer) || !has_host(txn, old))
		return false;
	status = (enum appliance_status)object_choice(peer, APPLIANCE_STATUS);
	if (is_in_state(old, APPLIANCE_HA_ACTIVE))
		return !are_alike(peer, draft) || status != APPLIANCE_ACTIVE ||
		       !(is_in_state(peer, APPLIANCE_HA_STANDBY) ||
			       is_in_state(peer, APPLIANCE_HA_ACTIVE));
	return are_alike(peer, draft) && status == APPLIANCE_BUILD &&
	       !is_in_state(peer, APPLIANCE_HA_ACTIVE);
}

/* What it has told is the former machine's. */
static void begin_anew(const struct object *old, struct object *draft)
{
	s64 revision = object_int(old, APPLIANCE_REVISION);

	if (object_int(draft, APPLIANCE_REVISION) == revision)
		object_set_int(draft, APPLIANCE_REVISION, revision + 1);
	object_set_choice(draft, APPLIANCE_STATUS, APPLIANCE_BUILD);
	object_set_str(draft, APPLIANCE_STATUS_REASON, "it is made anew");
	object_set_str(draft, APPLIANCE_HA_STATE, APPLIANCE_HA_UNKNOWN);
}

enum appliance_turn appliance_take_turn(
	const struct txn *txn, const struct object *old, struct object *draft)
{
	bool same_host = object_equal(old, draft, APPLIANCE_HOST);
	bool other_nics = !same_nics(old, draft);

	if (!*object_str(draft, APPLIANCE_HA_GROUP) ||
		!object_equal(old, draft, APPLIANCE_HA_GROUP) ||
		(!other_nics && same_host && same_size(old, draft)))
		return TURN_NOW;
	if (!must_wait(txn, old, draft)) {
		begin_anew(old, draft);
		return TURN_NOW;
	}
	if (other_nics)
		return TURN_ALL_LATER;
	for (unsigned i = 0; i < G_N_ELEMENTS(size_slots); i++)
		object_copy(draft, old, size_slots[i]);
	object_copy(draft, old, APPLIANCE_HOST);
	object_copy(draft, old, APPLIANCE_HOST_TAGS);
	object_copy(draft, old, APPLIANCE_DEDICATED_HOST);
	return TURN_SIZE_LATER;
}
