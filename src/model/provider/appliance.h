/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that a provider asked for (weft/provider.h, "appliances"): made, changed and deleted by
 * weftd with the attachment that it is of. The host is chosen once, and kept until that is gone or
 * dead; the agent there runs it and says how it does.
 */
#pragma once

#include "model/txn.h"

enum appliance_slot {
	APPLIANCE_ATTACHMENT_ID = N_STANDARD_SLOTS,
	APPLIANCE_PROVIDER,
	APPLIANCE_OBJECT_TYPE,
	APPLIANCE_OBJECT_ID,
	APPLIANCE_HOST,	    /* its name; "": there is none for it */
	APPLIANCE_HA_GROUP, /* of a pair, the same in both; "": it is alone */
	APPLIANCE_IMAGE,
	APPLIANCE_CPU_PERCENT,
	APPLIANCE_MEMORY_MIB,
	APPLIANCE_RUNTIME,
	APPLIANCE_VCPUS,	 /* of a virtual machine; 0: as many as cpu_percent needs */
	APPLIANCE_MACHINE_IMAGE, /* of a virtual machine: its name on hosts; "": it is none */
	APPLIANCE_HOST_TAGS,
	APPLIANCE_DEDICATED_HOST,
	APPLIANCE_NICS,	      /* [{"name", "network_id", "port_id"}] */
	APPLIANCE_CONFIG,     /* secret: what it is told, without its revision; "": nothing yet */
	APPLIANCE_REVISION,   /* of what it is told */
	APPLIANCE_GENERATION, /* another one is another machine */
	APPLIANCE_STATUS,
	APPLIANCE_STATUS_REASON,
	APPLIANCE_HA_STATE, /* "": it is alone */
	APPLIANCE_APPLIED,  /* the revision that it has */
	APPLIANCE_DIGEST,
	APPLIANCE_DRIFT,
	APPLIANCE_TUNNELS, /* [{"type", "name", "status", "status_reason"}], as it has said */
	N_APPLIANCE_SLOTS
};

enum appliance_index {
	APPLIANCE_BY_NAME,
	APPLIANCE_BY_PROJECT,
	APPLIANCE_BY_ATTACHMENT,
	APPLIANCE_BY_ATTACHMENT_NAME, /* unique */
	APPLIANCE_BY_OBJECT,
	APPLIANCE_BY_HOST,
	N_APPLIANCE_INDEXES
};

enum appliance_status { APPLIANCE_BUILD, APPLIANCE_ACTIVE, APPLIANCE_ERROR };

enum appliance_runtime { APPLIANCE_NETNS, APPLIANCE_QEMU };
/* Of a pair, what the machine says that it is. */
#define APPLIANCE_HA_ACTIVE "active"
#define APPLIANCE_HA_STANDBY "standby"
#define APPLIANCE_HA_FAULT "fault"
#define APPLIANCE_HA_UNKNOWN "unknown"

/* What the host's agent can run. */
#define APPLIANCE_IMAGE_OWN "weft-appliance"

/* The image of a virtual machine whose offering names none. */
#define APPLIANCE_MACHINE_IMAGE_OWN "weft-appliance"
#define APPLIANCE_VCPUS_MAX 64

extern const struct kind appliance_kind;

/* Which host @draft would best be on, now: alive, with its tags, connected to the physical networks
 * of its NICs, with its machine image, not another's alone, without the other one of its pair; of
 * these the one with fewest appliances. NULL: none is, and @error says what was missing. @but: not
 * that one, or NULL. */
const struct object *appliance_place(
	const struct txn *txn, const struct object *draft, const char *but, GError **error);
/* May it stay on the host that it has? Whether that is alive is not asked. */
bool appliance_may_stay(const struct txn *txn, const struct object *draft);

/* TUNNEL_ERROR: it will not be established while it is asked for like that where it is. */
enum tunnel_status { TUNNEL_DOWN, TUNNEL_ERROR, TUNNEL_ACTIVE };
extern const char *const tunnel_statuses[];

/* How is that tunnel of the network or router @object_id, by what its appliances have said last? If
 * it is not established, *@ret_reason (g_free) says why. @type: "ipsec" … */
enum tunnel_status appliance_tunnel(const struct model *model, const char *object_id,
	const char *type, const char *name, char **ret_reason);

/* How is the tunnel @id of the API's, which appliances know by @type and @name? What the provider
 * says that has it, or the appliance. *ret_reason as above. */
struct tunnel_question {
	const char *router_id, *type, *name;
	const struct uuid *id;
};
enum tunnel_status tunnel_status(
	const struct model *model, const struct tunnel_question *question, char **ret_reason);

/* Are they of one pair? */
bool appliance_is_peer(const struct object *a, const struct object *b);
/* Is another one of its pair on @host (NULL: on any)? */
bool appliance_has_peer(const struct txn *txn, const struct object *appliance, const char *host);

/* Stages @draft (taken over) with its NICs' ports bound to its host: those of a pair to the hosts
 * of both, one of which is active. */
const struct object *appliance_put(struct txn *txn, struct object *draft, GError **error);
/* A port of the appliance goes with it; one that is somebody else's, such as a router's interface,
 * is no longer bound. One that the other one of a pair has stays that one's. */
bool appliance_release_port(
	struct txn *txn, const struct object *appliance, const char *port, GError **error);

/* What appliances say together, ACTIVE when they say nothing else: of a pair one is enough, and the
 * reason says why it is not redundant. @ret_reason: g_free. */
enum appliance_status appliances_sum(const GPtrArray *appliances, char **ret_reason);
