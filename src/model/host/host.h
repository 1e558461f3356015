/* SPDX-License-Identifier: Apache-2.0 */
/* A machine that has ports: one that runs weft-agent, or (`managed` false) a third party's VTEP. */
#pragma once

#include "model/txn.h"

enum host_slot {
	HOST_TUNNEL_IPS = N_STANDARD_SLOTS,
	HOST_ENCAPSULATIONS,
	HOST_MANAGED,
	HOST_CREDENTIAL_HASH, /* secret: crypto_generichash of the credential, hex */
	HOST_ALIVE,	      /* computed */
	HOST_LAST_SEEN,	      /* computed */
	HOST_LOST,	      /* computed */
	HOST_AGENT,	      /* computed: what the agent says of itself */
	HOST_N_PORTS,	      /* computed: ports bound to it */
	HOST_ZONE,	      /* its availability zone */
	HOST_BRIDGE_MAPPINGS, /* {physical network: device} */
	HOST_MACHINE_IMAGES,  /* [name]: what it can run as virtual machines */
	N_HOST_SLOTS
};

enum host_index {
	HOST_BY_NAME,
	HOST_BY_ZONE,
	HOST_BY_PHYSICAL, /* text: a physical network */
	N_HOST_INDEXES
};

/* One that has not been heard of for so long is not alive: agents report at least every 10 s. */
#define HOST_DEAD_AFTER_S 20

extern const struct kind host_kind;

/* By id or name, or NULL. */
const struct object *host_find(const struct model *model, const char *name_or_id);

/* Has it a device on that physical network? */
bool host_has_physical(const struct object *host, const char *physical);

/* Can it run virtual machines of that image? */
bool host_has_image(const struct object *host, const char *image);

/*
 * What only the running controller knows about a host; never stored. The callback writes the value
 * of HOST_ALIVE, HOST_LAST_SEEN, HOST_LOST or HOST_AGENT; without one they are false, null, false
 * and {}.
 */
typedef void (*host_liveness_fn)(
	const struct object *host, unsigned slot, struct json_writer *w, void *data);
bool host_is_alive(const struct model *model, const struct object *host);
/* It was there, and neither the controller nor the hosts that watch it hear of it any more. One
 * that the controller alone does not hear of is not, until it has been silent for
 * HOST_DEAD_AFTER_S. */
bool host_is_lost(const struct model *model, const struct object *host);
/* Since the controller was started. */
bool host_was_heard(const struct model *model, const struct object *host);
void host_set_liveness(struct model *model, host_liveness_fn liveness, void *data);
