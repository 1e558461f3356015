/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resource kind is one const descriptor: its attributes, its indexes and what a table can't say
 * as hooks. Parsing of request bodies, defaults, checks, filters, sorting, field selection and the
 * OpenAPI document all come from it, so a new resource is one file and one line in kinds.c.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/error.h"
#include "base/json_writer.h"
#include "base/types.h"

struct caller;
struct model;
struct object;
struct query;
struct txn;

/* In the order of dependence: a kind refers only to itself and kinds before it, or to any with
 * ON_DELETE_REFUSE. */
enum kind_id {
	KIND_NONE,
	KIND_HOST,
	KIND_AGENT,
	KIND_AVAILABILITY_ZONE,
	KIND_SERVICE_PROVIDER,
	KIND_ADDRESS_SCOPE,
	KIND_SUBNETPOOL,
	KIND_ADDRESS_GROUP,
	KIND_SECURITY_GROUP,
	KIND_SECURITY_GROUP_RULE,
	KIND_DEFAULT_SECURITY_GROUP_RULE,
	KIND_SECURITY_TIER,
	KIND_SECURITY_POLICY,
	KIND_SECURITY_POLICY_RULE,
	KIND_QOS_POLICY,
	KIND_QOS_BANDWIDTH_LIMIT_RULE,
	KIND_QOS_DSCP_MARKING_RULE,
	KIND_QOS_MINIMUM_BANDWIDTH_RULE,
	KIND_QOS_PACKET_RATE_LIMIT_RULE,
	KIND_QOS_MINIMUM_PACKET_RATE_RULE,
	KIND_NETWORK_SEGMENT_RANGE,
	KIND_NETWORK,
	KIND_SEGMENT,
	KIND_SUBNET,
	KIND_DHCP_BINDING,
	KIND_PORT,
	KIND_PORT_BINDING,
	KIND_TRUNK,
	KIND_SUBPORT,
	KIND_SERVICE_PROFILE,
	KIND_FLAVOR,
	KIND_ROUTER,
	KIND_AUTO_ALLOCATED_TOPOLOGY,
	KIND_FLOATING_IP,
	KIND_PORT_FORWARDING,
	KIND_SERVICE_ATTACHMENT,
	KIND_APPLIANCE,
	KIND_CONNTRACK_HELPER,
	KIND_METERING_LABEL,
	KIND_METERING_LABEL_RULE,
	KIND_NETWORK_LOG,
	KIND_LOGGABLE_RESOURCE,
	KIND_FLOATINGIP_POOL,
	KIND_BGP_PEER,
	KIND_BGP_SPEAKER,
	KIND_LOCAL_IP,
	KIND_LOCAL_IP_ASSOCIATION,
	KIND_IP_AVAILABILITY,
	KIND_NDP_PROXY,
	KIND_LOAD_BALANCER,
	KIND_LB_CERTIFICATE,
	KIND_LB_POOL,
	KIND_LB_LISTENER,
	KIND_LB_L7POLICY,
	KIND_LB_L7RULE,
	KIND_LB_MEMBER,
	KIND_LB_HEALTH_MONITOR,
	KIND_FIREWALL_RULE,
	KIND_FIREWALL_POLICY,
	KIND_FIREWALL_GROUP,
	KIND_IKE_POLICY,
	KIND_IPSEC_POLICY,
	KIND_VPN_ENDPOINT_GROUP,
	KIND_VPNSERVICE,
	KIND_IPSEC_SITE_CONNECTION,
	KIND_GRE_TUNNEL,
	KIND_WIREGUARD_INTERFACE,
	KIND_WIREGUARD_PEER,
	KIND_RBAC_POLICY,
	KIND_QUOTA,
	KIND_DOMAIN,
	KIND_PROJECT,
	KIND_USER,
	KIND_GROUP,
	KIND_GROUP_MEMBER,
	KIND_ROLE,
	KIND_IMPLIED_ROLE,
	KIND_ASSIGNMENT,
	KIND_TRUST,
	KIND_ACCESS_RULE,
	KIND_APP_CREDENTIAL,
	KIND_CREDENTIAL,
	KIND_REGION,
	KIND_SERVICE,
	KIND_ENDPOINT,
	KIND_REGISTERED_LIMIT,
	KIND_LIMIT,
	KIND_TOKEN_KEY,
	KIND_TOKEN_REVOCATION,
	KIND_NOTIFICATION,
	N_KINDS
};

enum attr_type {
	TYPE_BOOL,
	TYPE_INT,     /* min…max, both included */
	TYPE_TIME,    /* seconds since the epoch; text is RFC 3339 in UTC */
	TYPE_ENUM,    /* one of `choices` */
	TYPE_MAC,     /* a unicast MAC address */
	TYPE_UUID,    /* interned text */
	TYPE_STRING,  /* at most `max` bytes of UTF-8, no control characters but \t \n \r */
	TYPE_IP,      /* canonical text */
	TYPE_CIDR,    /* network form: host bits zero */
	TYPE_ADDRESS, /* an IP address or a CIDR */
	TYPE_LIST,    /* of `item`s, at most `max` (0: 1000) */
	TYPE_OBJECT,  /* with `fields`; without: any JSON object of at most 16 KiB */
};

enum attr_flags {
	ATTR_CREATE = 1 << 0,	  /* may be given when created */
	ATTR_UPDATE = 1 << 1,	  /* may be given in an update */
	ATTR_REQUIRED = 1 << 2,	  /* must be given when created */
	ATTR_NULLABLE = 1 << 3,	  /* null is a value */
	ATTR_ADMIN_SET = 1 << 4,  /* only an administrator may give it */
	ATTR_ADMIN_READ = 1 << 5, /* only an administrator sees it or filters by it */
	ATTR_COMPUTED = 1 << 6,	  /* not stored: the kind's `compute` writes it when read */
	/* stored, never shown, never a filter, never logged; may be given if it says so */
	ATTR_SECRET = 1 << 7,
	ATTR_INTERN = 1 << 8,	    /* few distinct values: kept once */
	ATTR_UNIQUE_ITEMS = 1 << 9, /* a list without duplicates */
	ATTR_ANY_CASE = 1 << 10,    /* of TYPE_ENUM: "ipv4" is taken for "IPv4" */
	/* Says how to make the object: neither stored nor shown. Of KIND_COMPUTED, whose objects
	 * are made when listed, it is given as a filter, and hooks.all does what it says. */
	ATTR_REQUEST = 1 << 11,
	ATTR_NULL_IS_DEFAULT = 1 << 12, /* null in a request says the default */
	/* With `refers`: this is shown as a part of what it refers to, so each change of this
	 * counts as one of that. */
	ATTR_REVISES = 1 << 13,
	/* Who gives it decides it, whatever the value: needs the right to, also for the fallback.
	 */
	ATTR_NO_DEFAULT = 1 << 14,
	ATTR_ONE_IS_LIST = 1 << 15, /* of TYPE_LIST: what is no list is taken for a list of it */
	/* Of TYPE_ENUM: its choices are numbers, with one decimal, and shown as such. */
	ATTR_DECIMALS = 1 << 16,
};

enum on_delete {
	ON_DELETE_REFUSE,  /* the referred object can't be deleted while this refers to it */
	ON_DELETE_CASCADE, /* this goes with it */
	ON_DELETE_CLEAR,   /* the reference becomes null */
};

/* One attribute; also, recursively, an item of a list or a field of a nested object (of whose flags
 * only REQUIRED and NULLABLE matter). An entry without a name is a hole: the kind lacks it. */
struct attr {
	const char *name;
	const char *alias;    /* a second name, read and written: "tenant_id" */
	const char *doc;      /* one sentence, for the OpenAPI document */
	const char *fallback; /* JSON text of the default; NULL: null. Part of the stored format. */
	enum attr_type type;
	unsigned flags;
	s64 min, max;
	const char *const *choices; /* NULL-terminated */
	enum weft_error wrong;	    /* of what these refuse; 0: InvalidInput */
	const struct attr *item;    /* of a list */
	const struct attr *fields;  /* of an object, ended by a nameless one */
	enum kind_id refers;	    /* a UUID attribute: the kind it refers to */
	enum on_delete on_delete;
	enum weft_error in_use;	 /* with ON_DELETE_REFUSE: the error; 0: of the referred kind */
	unsigned referrer_index; /* with `refers`: the index of this kind by this attribute */
	/* Where it is null, items of the list in this slot may have it, by the same name, and
	 * filters find them there; 0: nowhere else. */
	unsigned listed_in;
	/* For what type and limits can't say; @value is canonical text. NULL: nothing to say. */
	bool (*check)(const struct attr *attr, const char *value, GError **error);
	/* Of a type that is kept as text, instead of the type's own reading of a request's value:
	 * writes the canonical text, g_free(), or NULL for null, to *@ret. */
	bool (*convert)(const struct attr *attr, json_t *value, const char *path, char **ret,
		GError **error);
};

/* Slots of attributes that every kind has at the same place. */
enum standard_slot {
	SLOT_ID, /* in the object's head, not in a value slot */
	SLOT_NAME,
	SLOT_DESCRIPTION,
	SLOT_PROJECT_ID,
	SLOT_TAGS,
	SLOT_REVISION_NUMBER, /* OpenStack's: counts the changes of this object */
	SLOT_CREATED_AT,
	SLOT_UPDATED_AT,
	N_STANDARD_SLOTS
};
#define MAX_SLOTS 64 /* sets of slots are 64-bit masks */
#define SLOT_BIT(slot) (1ull << (slot))

enum index_flags {
	INDEX_UNIQUE = 1 << 0, /* no two objects share a key */
};

/* Keys of an object in an index; index_add() each. */
struct key_sink;

struct index {
	const char *name;
	u8 slots[4]; /* the key: values of these, ended by 0; unset or empty ones have no key */
	unsigned flags;
	enum weft_error error; /* of a unique one, for the second object */
	/* For keys inside nested values: adds each key. Instead of `slots`, or with the one
	 * attribute whose filters it answers, which is listed_in another. */
	void (*keys)(const struct object *object, struct key_sink *sink);
	/* With `keys`: the only attribute whose change can change them; 0: any. */
	unsigned depends_on;
	const char *field; /* with `keys`: they are this field of its items ("": they are its
			      items), alone */
};

/* For index.keys: adds the key of a tuple of texts. */
void index_add(struct key_sink *sink, const char *const *texts, unsigned n);

enum observe_phase { OBSERVE_RELEASE, OBSERVE_CLAIM };

/* What a table can't say. Every hook may be NULL. Hooks run on the main thread, do no I/O, and
 * see the transaction's own writes (txn_get(), txn_iter). */
struct kind_hooks {
	/* A draft that is parsed and has its defaults: check relations, fill in what the user left
	 * to us. object_given() tells what the caller gave. */
	bool (*on_create)(struct txn *txn, struct object *draft, GError **error);
	/* It is staged: what must follow from it in other objects. */
	bool (*on_created)(struct txn *txn, const struct object *object, GError **error);
	/* One request creates both, @object behind @first: may it? NULL: always. */
	bool (*on_bulk)(const struct object *first, const struct object *object, GError **error);
	bool (*on_update)(
		struct txn *txn, const struct object *old, struct object *draft, GError **error);
	/* Before @old is staged as deleted; generic reference rules have been applied. */
	bool (*on_delete)(struct txn *txn, const struct object *old, GError **error);
	/* Of an object that refers to @old by ON_DELETE_REFUSE: does it go with @old all the same?
	 * NULL: none does. */
	bool (*goes_with)(const struct object *referrer, const struct object *old);
	/* A request deletes @old and asks for what is part of it to go too (?cascade=true), which
	 * its references refuse otherwise: deletes that. NULL: there is no such way. */
	bool (*on_cascade)(struct txn *txn, const struct object *old, GError **error);
	/* An attribute of @draft that referred to what is being deleted has become null
	 * (ON_DELETE_CLEAR): what else of it changes with that. */
	void (*on_clear)(struct object *draft, unsigned slot);
	/* Keeps derived state, such as which addresses are free. Called at every change of the
	 * model (apply, undo, load), twice: for all changes of a transaction with OBSERVE_RELEASE,
	 * then for all with OBSERVE_CLAIM; tables and indexes are already the new ones. @old or
	 * @new is NULL. The state must depend on what the model holds alone, not on the way there.
	 */
	void (*observe)(struct model *model, const struct object *old, const struct object *new,
		enum observe_phase phase);
	/* Writes the value of a computed attribute. */
	void (*compute)(const struct model *model, const struct object *object, unsigned slot,
		struct json_writer *w);
	/* Of KIND_COMPUTED: all objects that there are now, of which those that the query does not
	 * ask for (query_asks()) may be left out; g_ptr_array_unref. */
	GPtrArray *(*all)(const struct model *model, const struct query *query);
	/* Of KIND_COMPUTED: the one of that id, a reference; NULL: there is none. Without this
	 * hook they are listed, and none is shown alone. */
	struct object *(*one)(const struct model *model, const char *id);
	/* Before objects of it are listed for @project: makes what has to be there without having
	 * been asked for, such as the project's default security group. */
	bool (*on_list)(struct txn *txn, const char *project, GError **error);
	/* May @caller see it, given that it is neither its project's, nor shared to it by an RBAC
	 * policy, nor the caller admin? */
	bool (*visible)(const struct model *model, const struct object *object,
		const struct caller *caller);
	/* Private state in the model, found by model_state(). */
	void *(*state_new)(void);
	void (*state_free)(void *state);
};

/*
 * A verb beside create, show, update and delete: PUT (or, with `read`, GET) of PATH/ID/NAME, such
 * as /v2.0/routers/ID/add_router_interface.
 */
struct kind_action {
	const char *name;
	bool read; /* changes nothing; for whoever may see the object */
	/* Stages what it does. @object is the one that the path names, which the caller may change
	 * (or, with `read`, see); @body the whole body of the request, NULL when it has none.
	 * *@ret_answer, json_decref(), is the answer's body; left NULL: the object as it is then,
	 * as {"router": {…}}. */
	bool (*run)(struct txn *txn, const struct object *object, json_t *body, json_t **ret_answer,
		GError **error);
	const char *doc;
	/* Of one with `read` whose answer is a collection: what one of it is called, in the rules
	 * of the policy ("dhcp-network" of "dhcp-networks": get_dhcp-networks,
	 * create_dhcp-network, delete_dhcp-network), all the administrator's. */
	const char *item;
	/* With `item`, or both NULL: POST of PATH/ID/NAME adds what the body names, DELETE of
	 * PATH/ID/NAME/ITEM takes it out. */
	bool (*add)(struct txn *txn, const struct object *object, json_t *body, GError **error);
	bool (*remove)(
		struct txn *txn, const struct object *object, const char *item, GError **error);
};

enum kind_flags {
	KIND_ADMIN_ONLY = 1 << 0,  /* only an administrator sees or changes objects of it */
	KIND_IDENTITY = 1 << 1,	   /* served by the Identity API, not by Networking's */
	KIND_ADMIN_WRITE = 1 << 2, /* only an administrator changes objects of it */
	KIND_OWN_PATHS = 1 << 3,   /* served by handlers of its own, not by those of the table */
	KIND_COMPUTED = 1 << 4,	   /* made by hooks.all when asked for, never changed */
	KIND_FIXED = 1 << 5,	/* comes and goes with others: no request creates or deletes one */
	KIND_INTERNAL = 1 << 6, /* weftd's own: no API serves it, no policy names it */
	KIND_COMMANDS = 1 << 7, /* with KIND_IDENTITY: has the verbs of other resources */
	KIND_BY_LIST = 1 << 8,	/* made by a POST of {"COLLECTION": [{…}, …]} alone */
	KIND_ID_IS_NAME = 1 << 9, /* whoever makes one chooses its id, which is kept as its name */
};
#define KIND_NOT_NETWORKING (KIND_IDENTITY | KIND_INTERNAL)
#define KIND_ELSEWHERE (KIND_NOT_NETWORKING | KIND_OWN_PATHS)

/* A rule of the policy (policy.h) that has another default than the table gives it. */
struct kind_rule {
	const char *name; /* "create_port:mac_address", or of a field of its items:
			     "…:fixed_ips:ip_address" */
	const char *text;
	const char *doc; /* one sentence */
};

/* What an RBAC policy lets a project do with an object: the action, as a bit. */
enum rbac_action {
	RBAC_SHARED = 1 << 0,	/* access_as_shared: see and use it */
	RBAC_EXTERNAL = 1 << 1, /* access_as_external: the same, as an external network */
};

/* How many objects of a kind a project may have. */
#define QUOTA_UNLIMITED (-1)
struct kind_quota {
	const char *name; /* "network"; NULL: as many as it likes */
	s64 limit;	  /* unless the configuration or the project's quota says otherwise */
};

struct kind {
	enum kind_id id;
	const char *singular, *collection; /* "network", "networks": also the JSON keys */
	/* In the store. NULL: as `singular`, which need not be unique. */
	const char *name;
	/* On the command line, as `openstack` says it: "network qos policy". NULL: the words of its
	 * name. */
	const char *command;
	/* Where its collection is: "/v2.0/networks". "{parent}" stands for the id of the object
	 * that it is part of: "/v2.0/qos/policies/{parent}/dscp_marking_rules". */
	const char *path;
	const char *doc;
	/* Of what is part of another object, and seen and changed by whoever may see and change
	 * that: the attribute that is the parent's id and `refers` to its kind. With "{parent}" in
	 * the path it needs no flag: the path gives it. */
	unsigned parent_slot;
	/* With "{parent}" in the path: another path, without it, where an object is shown, updated
	 * and deleted, and its name there: "/v2.0/qos/alias_dscp_marking_rules". NULL: none. */
	const char *alias_path, *alias_singular;
	/* Of what is not part of another object, but is seen by whoever sees (a subnet: its
	 * network), or whose project is that of (a port: its network), what this attribute refers
	 * to. */
	unsigned seen_with, seen_by_owner;
	/* Instead of the id an object is found below its parent by the second attribute of this
	 * unique index, whose first one is parent_slot. 0: by id. */
	unsigned segment_index;
	/* PUT of the collection below a parent replaces all of it, or with ?additive_only=true adds
	 * and updates: which object is meant is found by this unique index, whose first slot is
	 * parent_slot. 0: there is no such way. */
	unsigned replace_index;
	const struct kind_action *actions; /* ended by one without a name; NULL: none */
	unsigned flags;
	const struct attr *attrs; /* by slot */
	unsigned n_slots;
	const struct index *indexes;
	unsigned n_indexes;
	enum weft_error not_found, in_use;
	const struct kind_rule *rules; /* ended by a nameless one; NULL: as the flags say */
	struct kind_quota quota;       /* needs an index by SLOT_PROJECT_ID alone */
	/* Its objects can be shared by RBAC policies: a mask of enum rbac_action, 0: they can't.
	 * With RBAC_SHARED, @shared_slot is the attribute "shared", a stored boolean that is shown
	 * to each caller as it is for him; @external_slot likewise with RBAC_EXTERNAL. Who sets
	 * them makes, or removes, the policy for everybody. */
	unsigned rbac;
	unsigned shared_slot, external_slot;
	struct kind_hooks hooks;
};

/* The table of kinds. kind_by_id() of KIND_NONE is NULL. */
const struct kind *kind_by_id(enum kind_id id);
const struct kind *kind_by_name(const char *name);
const char *kind_name(const struct kind *kind);
/* What a message calls an object of it: "security group". Static. */
const char *kind_words(const struct kind *kind);

/* The kind that objects of @kind are part of; KIND_NONE: none. */
static inline enum kind_id kind_parent(const struct kind *kind)
{
	return kind->parent_slot ? kind->attrs[kind->parent_slot].refers : KIND_NONE;
}

/* Is its collection below an object, "{parent}" in its path? */
bool kind_is_nested(const struct kind *kind);

const struct kind_action *kind_action(const struct kind *kind, const char *name); /* or NULL */

/* Slot of the attribute of that name or alias, or -1. */
int kind_slot(const struct kind *kind, const char *name);

static inline const struct attr *kind_attr(const struct kind *kind, unsigned slot)
{
	return &kind->attrs[slot];
}

/* May @caller see the attribute at all? */
bool attr_readable(const struct kind *kind, unsigned slot, const struct caller *caller);

/* Sets the kind's not-found error: "Network x could not be found." Returns false. */
bool kind_fail_not_found(enum kind_id kind, const char *id, GError **error);
