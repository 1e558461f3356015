/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share, and nobody else sees. */
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/edge.h"
#include "datapath/datapath.h"

struct edge;
struct rtnl;

/* Maps whose entries are the caller's statements: what it does not repeat in a sweep goes. */
enum table {
	TABLE_NAMES,
	TABLE_RULES,
	TABLE_POLICIES,
	TABLE_TIERS,
	TABLE_IDENTITIES,
	TABLE_GUARDS,
	TABLE_GUARD_SETS,
	TABLE_GUARD_RULES,
	TABLE_NETWORKS,
	TABLE_SERVICES,
	TABLE_NEIGHBOURS,
	TABLE_ROUTES,
	TABLE_INTERFACES,
	TABLE_ENDPOINTS,
	TABLE_EXTERNALS,
	TABLE_GATEWAYS,
	TABLE_SNAT_OWNERS,
	TABLE_FLOATING_IPS,
	TABLE_FORWARDS,
	TABLE_PREFIXES,
	TABLE_LB_MEMBERS,
	TABLE_MAGLEV,
	TABLE_LB_ARRIVALS,
	TABLE_LB_ALLOWED,
	TABLE_LISTENERS,
	TABLE_HELPERS,
	TABLE_MEMBERS,
	TABLE_PORTS,
	N_TABLES
};

/* firewall.h */
struct firewall {
	GHashTable *policies;			  /* struct fw_policy by name */
	GHashTable *domains;			  /* struct fw_domain by name */
	GHashTable *tiers;			  /* struct tiers by port id */
	GHashTable *guard_policies, *guard_ports; /* guards.c */
};
struct names;

struct dp {
	char *pin_dir;
	struct edge *edge;    /* the skeleton; not loaded if programs of its build were there */
	GHashTable *programs; /* by name: descriptor */
	struct rtnl *rtnl;
	struct ring_buffer *punts, *steps, *log_events;
	dp_punt_cb punt_cb; /* during dp_punt_dispatch() */
	void *punt_data;
	dp_log_cb log_cb; /* during dp_log_dispatch() */
	void *log_data;
	u64 log_interval_ns, log_burst_ns;
	GPtrArray *trace_steps; /* during dp_trace(), borrowed */
	struct dp_names trace_names;

	struct host host; /* as the map has it */
	bool switching;	  /* new maps beside old ones: programs are switched at the end of the first
			     sweep */
	int table_fd[N_TABLES];
	GHashTable *kept[N_TABLES];   /* during a sweep: keys that were put, as GBytes */
	GHashTable *copies[N_TABLES]; /* see tables.c: GBytes → value */
	u32 last_listener;	      /* number that was given last: balance.c */
	GHashTable *allowed_of; /* its number → GArray of struct allowed_key: balance_allowed.c */
	u32 n_entries[N_TABLES];
	u64 n_writes; /* of entries of tables, removals among them */

	GHashTable *vteps;		  /* struct vtep_ref, by address and encapsulation */
	GHashTable *vteps_by_id;	  /* the same, borrowed */
	GHashTable *sources;		  /* ifindex → GArray of struct source_key */
	u32 port_ifindex[EDGE_PORTS_MAX]; /* by port id; 0: free */
	u32 port_policy[EDGE_PORTS_MAX];  /* by port id; 0: none */
	u32 last_port_id;
	struct {
		u8 id[16];
		u32 n_ports;	       /* 0: the number is free */
	} projects[EDGE_PROJECTS_MAX]; /* by number, see connections.c */
	GHashTable *project_numbers;   /* by id, in the former */
	u32 connections_per_project;   /* of each, at most */
	u32 last_project;
	struct firewall firewall;
	struct {
		u64 capacity_kbps; /* of each uplink; 0: not known */
		GArray *uplinks;   /* u32: ifindex */
		GHashTable *ports; /* port id → struct guarantee */
	} guarantees;
	struct names *names;	 /* by kind */
	struct flow_walk *walks; /* see flows.c */
	GHashTable *watched;	 /* the same: struct watched by addr */
	struct nat_walk *nat_walk;
	int helped_fd;	  /* what dp_helped_send() sends by; -1: not open */
	u32 pair_ifindex; /* of shaper_pair(), 0: not looked for yet */
};

/* tables.c: maps by descriptor */
enum table_change { TABLE_UNCHANGED, TABLE_ADDED, TABLE_CHANGED };
bool table_put(struct dp *dp, enum table table, const void *key, const void *value,
	enum table_change *ret, GError **error);
bool table_get(const struct dp *dp, enum table table, const void *key, void *ret_value);
bool table_delete(struct dp *dp, enum table table, const void *key,
	GError **error); /* fine if it is not there */
void table_keep(struct dp *dp, enum table table, const void *key);
void tables_open(struct dp *dp);
void tables_close(struct dp *dp);
size_t table_key_size(enum table table);
u32 table_max(enum table table, const struct dp *dp);
void tables_usage(struct dp *dp, dp_table_fn fn, void *data);
typedef void (*table_entry_fn)(struct dp *dp, const void *key, const void *value, void *data);
void table_foreach(struct dp *dp, enum table table, table_entry_fn fn, void *data);

struct addr addr_from_ip(const struct ip *ip);
struct ip ip_from_addr(const struct addr *addr);

/* pins.c: what of it outlives the process */
bool pins_open(struct dp *dp, const struct dp_options *options, GError **error);
bool pins_switch(struct dp *dp,
	GError **error); /* old programs and maps give way to new ones, if that was due */

/* programs.c: in the kernel, in the directory @dir of their maps' pins */
bool programs_are_pinned(
	const struct dp *dp, const char *dir); /* what the devices run is made of our object */
bool programs_adopt(struct dp *dp, const char *dir, GError **error); /* if they are */
bool programs_load(struct dp *dp, const char *dir, GError **error);
bool programs_settle(struct dp *dp, const char *dir, GError **error); /* all devices run them now */
void programs_close(struct dp *dp);
struct bpf_program;
int program_fd(const struct dp *dp, const struct bpf_program *program);
/* Of the object and of what is pinned; NULL: not all is. */
char *programs_digest(const struct dp *dp, const char *dir, const void *object, size_t size);

/* host.c: the one entry of facts about the host */
bool host_write(struct dp *dp, GError **error);
bool host_raise_epoch(struct dp *dp, GError **error); /* every flow entry is evaluated again */

/* hook.c: the clsact qdisc that a filter needs; made when it is not there, and then taken away with
 * the last filter */
bool hook_make(const char *pin_dir, u32 ifindex, GError **error);
void hook_release(const char *pin_dir, u32 ifindex);

/* attach.c: programs on devices; the pins below links/ say what is attached */
enum attach_role {
	ATTACH_GUEST,
	ATTACH_UPLINK,
	ATTACH_VXLAN,
	ATTACH_WIRE,
	ATTACH_SHAPER,
	N_ATTACH_ROLES
};
bool attach_put(struct dp *dp, u32 ifindex, enum attach_role role, GError **error);
bool attach_has(struct dp *dp, u32 ifindex, enum attach_role role);
bool attach_delete(const char *pin_dir, u32 ifindex, enum attach_role role, GError **error);
typedef bool (*attach_fn)(
	struct dp *dp, u32 ifindex, enum attach_role role, void *data, GError **error);
bool attach_foreach(struct dp *dp, attach_fn fn, void *data, GError **error);
bool attach_delete_all(const char *pin_dir, GError **error);
bool attach_replace_all(
	struct dp *dp, GError **error); /* this process's programs on every device */

/* vteps.c: ids of (address, encapsulation), counted by their users */
bool vtep_acquire(
	struct dp *dp, const struct ip *ip, enum dp_encap encap, u32 *ret_id, GError **error);
void vtep_ref(struct dp *dp, u32 id);
void vtep_release(struct dp *dp, u32 id);
bool vtep_address(const struct dp *dp, u32 id, struct addr *ret);
void vteps_open(struct dp *dp);
void vteps_close(struct dp *dp);

/* neigh.c: the MACs of the next hops to the peers */
void neigh_resolve(struct dp *dp, const struct ip *ip);
void neigh_resolve_missing(struct dp *dp);

/* flood.c: lists of the receivers of broadcast */
void flood_open(struct dp *dp); /* mends what a process left half done */
bool flood_add(
	struct dp *dp, u32 vni, enum flood_class class, u32 id, u32 *ret_index, GError **error);
bool flood_replace(
	struct dp *dp, u32 vni, enum flood_class class, u32 index, u32 id, GError **error);
bool flood_remove(struct dp *dp, u32 vni, enum flood_class class, u32 index, GError **error);

/* deletion by key, for the sweep */
bool route_drop(struct dp *dp, const void *key, GError **error);
bool interface_drop(struct dp *dp, const void *key, GError **error);
bool network_drop(struct dp *dp, const void *key, GError **error);
bool service_drop(struct dp *dp, const void *key, GError **error);
bool neighbour_drop(struct dp *dp, const void *key, GError **error);
bool endpoint_drop(struct dp *dp, const void *key, GError **error);
bool member_drop(struct dp *dp, const void *key, GError **error);
bool port_drop(struct dp *dp, const void *key, GError **error);
bool name_drop(struct dp *dp, const void *key, GError **error);
bool rule_drop(struct dp *dp, const void *key, GError **error);
bool policy_drop(struct dp *dp, const void *key, GError **error);
bool tiers_drop(struct dp *dp, const void *key, GError **error);
bool guard_drop(struct dp *dp, const void *key, GError **error);
bool guard_set_drop(struct dp *dp, const void *key, GError **error);
bool guard_rule_drop(struct dp *dp, const void *key, GError **error);
bool identity_drop(struct dp *dp, const void *key, GError **error);
bool external_drop(struct dp *dp, const void *key, GError **error);
bool gateway_drop(struct dp *dp, const void *key, GError **error);
bool listener_drop(struct dp *dp, const void *key, GError **error);
bool maglev_drop(struct dp *dp, const void *key, GError **error);
bool lb_member_drop(struct dp *dp, const void *key, GError **error);
bool lb_arrival_drop(struct dp *dp, const void *key, GError **error);
bool lb_allowed_drop(struct dp *dp, const void *key, GError **error);
/* balance_allowed.c: who may use the listener with the number @id, or may no more. */
bool allowed_put(struct dp *dp, const struct dp_listener *listener, u32 id, GError **error);
bool allowed_is_there(struct dp *dp, const struct dp_listener *listener, u32 id);
bool allowed_remove(struct dp *dp, u32 id, GError **error);
/* balance_stats.c: counters for a new listener: their number, or 0 with @error. */
u32 listener_stats_make(struct dp *dp, GError **error);
void listener_stats_remove(struct dp *dp, u32 number);
/* What a connection of a member had beside its flow entry has gone. */
void listener_stats_bury(struct dp *dp, const struct rewrite *rewrite);
bool floating_ip_drop(struct dp *dp, const void *key, GError **error);
bool snat_owners_drop(struct dp *dp, const void *key, GError **error);
bool forward_drop(struct dp *dp, const void *key, GError **error);
bool prefix_drop(struct dp *dp, const void *key, GError **error); /* prefixes.c */
bool helper_drop(struct dp *dp, const void *key, GError **error);

/* outside.c: an address that packets from the wire are for; fills in the router and MAC of @value.
 */
bool external_write(struct dp *dp, u64 router, u32 vni, const struct ip *ip, const struct mac *mac,
	struct external *value, GError **error);

/* firewall.c */
void firewall_open(struct dp *dp);
void firewall_close(struct dp *dp);
void firewall_sweep_begin(struct dp *dp);
bool firewall_sweep_end(struct dp *dp, GError **error);
bool firewall_policy_number(struct dp *dp, const u8 *id /* NULL: none */, u32 *ret, GError **error);

/* guards.c */
void guards_open(struct dp *dp);
void guards_close(struct dp *dp);

/* tiers.c */
bool tiers_put(struct dp *dp, u32 port_id, const struct dp_tiers *wanted, u32 own /* policy */,
	bool *ret_changed, GError **error);

/* ports.c */
void ports_open(struct dp *dp);
void ports_close(struct dp *dp);

/* counters.c */
void counters_zero(struct dp *dp, u32 port_id);
void rule_hits_zero(struct dp *dp, u32 slot);
/* The drops counted for a port, when it goes; those of ports that went amid that, at the start. So
 * a new port, which is in a hurry, finds none. */
void drops_forget(struct dp *dp, u32 port_id);
void drops_forget_unused(struct dp *dp);
u64 counters_event(struct dp *dp, enum edge_event event);

/* flows.c */
void flows_open(struct dp *dp);
void flows_close(struct dp *dp);
u32 ticks_now(void); /* the data path's clock: CLOCK_MONOTONIC in ticks */

/* connections.c: their counts, of a port and of its project */
void connections_open(struct dp *dp, const struct dp_options *options);
void connections_close(struct dp *dp);
void connections_learn(struct dp *dp, u32 port_id); /* of a port that was there before */
void connections_begin(struct dp *dp, u32 port_id, const struct dp_port *port);
void connections_limit(struct dp *dp, u32 port_id, const struct dp_port *port); /* as it is now */
void connections_end(struct dp *dp, u32 port_id);
void connections_count_gone(struct dp *dp, u32 port_id, s64 n, s64 n_half_open);
s64 connections_of_port(struct dp *dp, u32 port_id, s64 *ret_half_open /* or NULL */);

/* nats.c: the key of the other direction, from an entry of one */
struct nat_key nats_way_out(const struct nat_key *in, const struct nat *nat);
struct nat_key nats_way_in(u32 vni, const struct nat_key *out, const struct nat *nat);
void nats_open(struct dp *dp);
void nats_close(struct dp *dp);
void nats_expire(struct dp *dp, u32 now);
u32 nats_idle_limit(u8 proto, u8 flags); /* in ticks */
/* Counts one more translated connection that user space makes, if the router's owner may have it.
 */
bool nats_take(struct dp *dp, const u32 router[static 2], u32 ret_owner[static 2]);
void nats_release(struct dp *dp, const u32 owner[static 2]);
u32 nats_entries(const struct dp *dp); /* of the last round; two for each connection */

/* punt.c, trace.c, logs.c */
bool punt_open(struct dp *dp, GError **error);
bool logs_open(struct dp *dp, GError **error);
bool trace_open(struct dp *dp, GError **error);

/* logs.c: the limit of what is told of a port, if its flags say that it has a log */
bool logs_put(struct dp *dp, u32 port_id, u32 flags, GError **error);
/* The same of a router's port, by its key of guards; @flags: enum guard_flags. */
bool guard_log_put(struct dp *dp, const void *key, u32 flags, GError **error);
u64 guard_log_suppressed(struct dp *dp, const void *key);

/* vxlan_device.c: the kernel's vxlan device in collect-metadata mode */
#define VXLAN_DEVICE "weft-vxlan"
bool vxlan_device_ensure(struct dp *dp, u32 *ret_ifindex, GError **error);
bool vxlan_device_delete(GError **error);
bool device_delete(const char *name, GError **error); /* fine if it is not there */

/* qos.c */
bool qos_put(struct dp *dp, u32 port_id, const struct dp_qos *qos, GError **error);
u32 qos_flags(
	const struct dp *dp, const struct dp_qos *qos); /* of a port: EDGE_PORT_LIMIT_EGRESS … */
bool qos_limit_put(struct dp *dp, u32 id, const struct dp_rate *rate, GError **error);
char *qos_limit_text(struct dp *dp, u32 id); /* "10000 kbit/s and 5 kpackets/s"; the caller's */

/* limits.c: of floating IPs and gateways, by number */
bool limits_clear(struct dp *dp, u32 number, GError **error);
void limit_counts_zero(struct dp *dp, u32 number);
/* @id: 16 zeroes: 0, none. False: they have not been put. */
bool limits_number(struct dp *dp, const u8 id[16], u16 *ret, GError **error);

/* guarantee.c */
void guarantees_open(struct dp *dp);
void guarantees_close(struct dp *dp);
bool guarantee_put(struct dp *dp, u32 port_id, u32 min_kbps /* 0: none */,
	u32 max_kbps /* 0: no limit */, GError **error);
bool guarantee_holds(const struct dp *dp, u32 min_kbps); /* and is not merely wished */
u32 guarantee_kbps(const struct dp *dp, u32 port_id);
bool guarantees_remove(u32 ifindex, GError **error); /* of a device that is no uplink any more */

/* shaper.c: a class for each limit of bandwidth */
/* The devices of the shaper alone; *ret_ifindex: where packets enter. */
bool shaper_pair(struct dp *dp, u32 *ret_ifindex, GError **error);
bool shaper_put(struct dp *dp, u32 limit, u64 rate_bps, u64 burst_bytes, GError **error);
bool shaper_remove(struct dp *dp, u32 limit, GError **error);
bool shaper_delete(GError **error); /* all of it */
