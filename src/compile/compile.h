/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model → records of the hosts' views (ARCHITECTURE.md, "Views and scopes"). Pure functions of the
 * model: no state of its own, so there is nothing to undo and nothing to persist. The cost of a
 * change does not depend on the number of ports, hosts or networks; that of a router's interface,
 * and of a host's first or last port on a network, is that of what routers join there. A rule that
 * begins or ceases to name a group costs as much as there are hosts that have it.
 */
#pragma once

#include "base/autoptr.h"
#include "model/txn.h"

/* A scope by value: "host/<id>", "network/<id>" … in text. */
enum scope_type {
	SCOPE_HOST,
	SCOPE_NETWORK,
	SCOPE_ROUTER,
	SCOPE_SECURITY_GROUP,
	SCOPE_GROUP_MEMBERS,
	SCOPE_ADDRESS_GROUP,
	SCOPE_CLOUD, /* what every host has; its id is scope_cloud_id, zero */
	N_SCOPE_TYPES
};
struct scope {
	struct uuid id;
	enum scope_type type;
};
extern const struct uuid scope_cloud_id;
#define SCOPE_STRLEN 56
const char *scope_format(const struct scope *scope, char buf[static SCOPE_STRLEN]);
bool scope_parse(const char *text, struct scope *ret);
guint scope_hash(gconstpointer scope); /* for GHashTable */
gboolean scope_equal(gconstpointer a, gconstpointer b);

/* Record ids are UUID texts, or two of them: "<network id>/<host id>" of a member, "<group
 * id>/<port id>" of a group-member. */
#define RECORD_ID_STRLEN 80

enum delta_op { DELTA_PUT, DELTA_DELETE };

struct delta {
	struct scope scope;
	enum delta_op op;
	const char *kind; /* of ARCHITECTURE.md, "Records"; static */
	char id[RECORD_ID_STRLEN];
	char *data; /* JSON text of a put */
};

/* A managed or unmanaged host starts or ceases to be interested in a scope. */
enum interest_op { INTEREST_GAIN, INTEREST_LOSE };
struct interest {
	enum interest_op op;
	struct uuid host;
	struct scope scope;
};

/*
 * What a change means for the hosts. Apply the losses, then the deltas to every host that has the
 * scope and did not just gain it, then for each gain send all of the scope (compile_scope(), called
 * while the model is at this revision: it contains the deltas already).
 */
struct compiled {
	u64 revision;
	GArray *deltas;	   /* struct delta */
	GArray *interests; /* struct interest */
};

/* @model is at changes->revision. The result is the caller's. */
struct compiled *compile_change(const struct model *model, const struct changeset *changes);
void compiled_free(struct compiled *compiled);
DEFINE_AUTOPTR(compiled, compiled_free)

/* All records of a scope now; strings are borrowed for the call. */
typedef void (*compile_record_fn)(const char *kind, const char *id, const char *data, void *user);
void compile_scope(
	const struct model *model, const struct scope *scope, compile_record_fn record, void *user);

/* All scopes of a host now: its own, one per network and router that a port bound to it, or a
 * gateway that it may have, is on or reaches, one per security group that such a port has, and what
 * the rules of these are about. struct scope; g_array_unref. Empty when there is no such host. */
GArray *compile_host_scopes(const struct model *model, const struct uuid *host);

/* Whether the host has the network, by a port of its own, over routers or for a gateway. */
bool compile_host_has(
	const struct model *model, const struct uuid *host, const struct uuid *network);
