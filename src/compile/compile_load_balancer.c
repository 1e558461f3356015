/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load balancer is in the scope of its VIP's network: whoever may send there chooses the member
 * by himself. The record is the whole of it, so that hosts never have half a change.
 *
 * What it was before is not made again: any change of its parts gives the record anew.
 */
#include "compile/compilation.h"
#include "compile/records.h"
#include "compile/standby.h"
#include "compile/touched.h"
#include "compile/vip_holder.h"

#include <string.h>

#include "model/host/host.h"
#include "model/balancer/lb_health_monitor.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_member.h"
#include "model/balancer/lb_pool.h"
#include "model/balancer/lb_vips.h"
#include "model/port/service_port.h"

#define WAS "-" /* in the place of the record before */

/* Who gets new connections: members in service, or, when there is none, the backups. */
static bool is_in_service(const struct model *model, const struct object *member)
{
	const struct object *monitor;

	if (!object_bool(member, LB_MEMBER_ADMIN_STATE_UP))
		return false;
	if (object_choice(member, LB_MEMBER_HEALTH) != LB_MEMBER_DEAD)
		return true;
	monitor = model_first(model, KIND_LB_HEALTH_MONITOR, LB_MONITOR_BY_POOL,
		object_str(member, LB_MEMBER_POOL_ID), NULL);
	return !monitor || !object_bool(monitor, LB_MONITOR_ADMIN_STATE_UP);
}

static bool uses_backups(const struct model *model, const char *pool)
{
	const struct object *member;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_LB_MEMBER, LB_MEMBER_BY_POOL, pool, NULL);
	while ((member = model_iter_next(&iter)))
		if (is_in_service(model, member) && !object_bool(member, LB_MEMBER_BACKUP) &&
			object_int(member, LB_MEMBER_WEIGHT))
			return false;
	return true;
}

static void write_member(
	struct json_writer *w, const struct model *model, const struct object *member, bool backups)
{
	bool gets = backups == object_bool(member, LB_MEMBER_BACKUP);
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(object_id(member), id));
	jw_member_string(w, "network_id", object_str(member, LB_MEMBER_NETWORK_ID));
	jw_member_string(w, "address", object_str(member, LB_MEMBER_ADDRESS));
	jw_member_int(w, "port", object_int(member, LB_MEMBER_PORT));
	jw_member_int(w, "weight", gets ? object_int(member, LB_MEMBER_WEIGHT) : 0);
	if (object_bool(member, LB_MEMBER_BACKUP)) /* for hosts that find out by themselves */
		jw_member_int(w, "backup_weight", object_int(member, LB_MEMBER_WEIGHT));
	if (!object_is_null(member, LB_MEMBER_MONITOR_PORT))
		jw_member_int(w, "monitor_port", object_int(member, LB_MEMBER_MONITOR_PORT));
	if (!is_in_service(model, member))
		jw_member_bool(w, "dead", true);
	jw_end_object(w);
}

static void write_members(struct json_writer *w, const struct model *model, const char *pool)
{
	bool backups = uses_backups(model, pool);
	const struct object *member;
	struct model_iter iter;

	jw_key(w, "members");
	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_LB_MEMBER, LB_MEMBER_BY_POOL, pool, NULL);
	while ((member = model_iter_next(&iter)))
		if (object_bool(member, LB_MEMBER_ADMIN_STATE_UP))
			write_member(w, model, member, backups);
	jw_end_array(w);
}

static void write_monitor(struct json_writer *w, const struct model *model, const char *pool)
{
	const struct object *monitor =
		model_first(model, KIND_LB_HEALTH_MONITOR, LB_MONITOR_BY_POOL, pool, NULL);
	char version[VALUE_TEXT];

	if (!monitor || !object_bool(monitor, LB_MONITOR_ADMIN_STATE_UP))
		return;
	jw_key(w, "monitor");
	jw_begin_object(w);
	jw_member_string(w, "type", object_str(monitor, LB_MONITOR_TYPE));
	jw_member_int(w, "delay", object_int(monitor, LB_MONITOR_DELAY));
	jw_member_int(w, "timeout", object_int(monitor, LB_MONITOR_TIMEOUT));
	jw_member_int(w, "max_retries", object_int(monitor, LB_MONITOR_MAX_RETRIES));
	jw_member_int(w, "max_retries_down", object_int(monitor, LB_MONITOR_MAX_RETRIES_DOWN));
	if (!object_is_null(monitor, LB_MONITOR_HTTP_METHOD)) {
		jw_member_string(w, "http_method", object_str(monitor, LB_MONITOR_HTTP_METHOD));
		jw_member_string(w, "url_path", object_str(monitor, LB_MONITOR_URL_PATH));
		jw_member_string(
			w, "expected_codes", object_str(monitor, LB_MONITOR_EXPECTED_CODES));
	}
	if (!object_is_null(monitor, LB_MONITOR_HTTP_VERSION))
		jw_member_string(
			w, "http_version", object_text(monitor, LB_MONITOR_HTTP_VERSION, version));
	if (!object_is_null(monitor, LB_MONITOR_DOMAIN_NAME))
		jw_member_string(w, "domain_name", object_str(monitor, LB_MONITOR_DOMAIN_NAME));
	jw_end_object(w);
}

static void write_pools(struct json_writer *w, const struct model *model, const char *balancer)
{
	const struct object *pool;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_key(w, "pools");
	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_LB_POOL, LB_POOL_BY_LOAD_BALANCER, balancer, NULL);
	while ((pool = model_iter_next(&iter))) {
		if (!object_bool(pool, LB_POOL_ADMIN_STATE_UP))
			continue;
		jw_begin_object(w);
		jw_member_string(w, "id", uuid_format(object_id(pool), id));
		jw_member_bool(w, "by_source", lb_pool_by_source(pool));
		write_members(w, model, id);
		write_monitor(w, model, id);
		jw_end_object(w);
	}
	jw_end_array(w);
}

static void write_listeners(struct json_writer *w, const struct model *model, const char *balancer)
{
	const struct object *listener;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_key(w, "listeners");
	jw_begin_array(w);
	model_iter_init(
		&iter, model, KIND_LB_LISTENER, LB_LISTENER_BY_LOAD_BALANCER, balancer, NULL);
	while ((listener = model_iter_next(&iter))) {
		if (!object_bool(listener, LB_LISTENER_ADMIN_STATE_UP))
			continue;
		jw_begin_object(w);
		jw_member_string(w, "id", uuid_format(object_id(listener), id));
		jw_member_string(w, "protocol", object_str(listener, LB_LISTENER_PROTOCOL));
		jw_member_int(w, "port", object_int(listener, LB_LISTENER_PORT));
		jw_member_string(w, "pool_id", object_str(listener, LB_LISTENER_POOL_ID));
		if (!object_is_null(listener, LB_LISTENER_ALLOWED_CIDRS))
			jw_member_raw(w, "allowed_cidrs",
				object_str(listener, LB_LISTENER_ALLOWED_CIDRS));
		jw_end_object(w);
	}
	jw_end_array(w);
}

static void write_vips(struct json_writer *w, const struct object *balancer)
{
	struct lb_vips vips = { .balancer = balancer };
	char ip[IP_STRLEN];

	jw_key(w, "additional_vips");
	jw_begin_array(w);
	while (lb_vips_next(&vips))
		if (vips.n > 1)
			jw_string(w, ip_format(&vips.ip, ip));
	jw_end_array(w);
}

void load_balancer_record(const struct model *model, const struct object *balancer, GString *text)
{
	const struct object *port =
		model_get_text(model, KIND_PORT, object_str(balancer, LOAD_BALANCER_VIP_PORT_ID));
	struct json_writer w = json_writer_on(text);
	char id[UUID_STRLEN], mac_text[MAC_STRLEN];
	struct mac mac;

	if (!port || !lb_is_at_edge(balancer))
		return;
	mac = object_mac(port, PORT_MAC_ADDRESS);
	uuid_format(object_id(balancer), id);
	jw_begin_object(&w);
	jw_member_string(&w, "network_id", object_str(balancer, LOAD_BALANCER_VIP_NETWORK_ID));
	jw_member_string(&w, "vip_address", object_str(balancer, LOAD_BALANCER_VIP_ADDRESS));
	write_vips(&w, balancer);
	jw_member_string(&w, "mac_address", mac_format(&mac, mac_text));
	jw_member_bool(&w, "admin_state_up",
		object_bool(balancer, LOAD_BALANCER_ADMIN_STATE_UP) &&
			object_bool(port, PORT_ADMIN_STATE_UP));
	write_listeners(&w, model, id);
	write_pools(&w, model, id);
	jw_end_object(&w);
}

static void add_of_pool(const struct compilation *c, const char *id, GHashTable *all)
{
	const struct object *pool = model_get_text(c->model, KIND_LB_POOL, id);
	struct uuid uuid;

	if (!pool && uuid_parse(id, &uuid))
		pool = compile_old(c, KIND_LB_POOL, &uuid);
	if (pool)
		touch_text(all, object_str(pool, LB_POOL_LOAD_BALANCER_ID));
}

/* What hosts report of it is in no record. */
static bool is_report(const struct change *change)
{
	return change->old &&
	       change->new &&object_equal(change->old, change->new, LOAD_BALANCER_ADMIN_STATE_UP);
}

/* A dead member fails in another way. */
static bool is_reason(const struct change *change)
{
	return change->old && change->new &&
	       !object_equal(change->old, change->new, LB_MEMBER_WHY) &&
	       object_equal(change->old, change->new, LB_MEMBER_HEALTH);
}

static void add_by_change(const struct compilation *c, const struct change *change, GHashTable *all)
{
	const struct object *any = change->new ? change->new : change->old;

	switch (change->kind) {
	case KIND_LOAD_BALANCER:
		if (!is_report(change))
			touch(all, &change->id);
		break;
	case KIND_LB_LISTENER:
		if (change->old && change->new &&
			!object_equal(change->old, change->new, LB_LISTENER_PAST))
			break; /* nor is that */
		touch_text(all, object_str(any, LB_LISTENER_LOAD_BALANCER_ID));
		break;
	case KIND_LB_POOL:
		touch_text(all, object_str(any, LB_POOL_LOAD_BALANCER_ID));
		break;
	case KIND_LB_MEMBER:
		if (is_reason(change))
			break; /* nor is that */
		add_of_pool(c, object_str(any, LB_MEMBER_POOL_ID), all);
		break;
	case KIND_LB_HEALTH_MONITOR:
		add_of_pool(c, object_str(any, LB_MONITOR_POOL_ID), all);
		break;
	case KIND_PORT:
		if (port_has_owner(any, OWNER_LOAD_BALANCER))
			touch_text(all, object_str(any, PORT_DEVICE_ID));
		break;
	default:
		break;
	}
}

/* What it was before is not made again either. */
static void compile_holder(
	struct compilation *c, const struct uuid *network, const struct object *port)
{
	char text[UUID_STRLEN];
	const struct object *host = model_first(
		c->model, KIND_HOST, HOST_BY_NAME, object_str(port, PORT_HOST_ID), NULL);
	g_autoptr(GPtrArray) standby = host ? standby_hosts(c->model, port) : NULL;

	if (!host)
		return;
	g_string_assign(c->before, WAS);
	record_endpoint(c->model, port, host, standby, c->after);
	compile_difference(
		c, SCOPE_NETWORK, network, "endpoint", uuid_format(object_id(port), text));
}

static void compile_holders(struct compilation *c, const struct uuid *network)
{
	char text[UUID_STRLEN];
	g_autoptr(GPtrArray) ports = vip_holders(c->model, uuid_format(network, text));

	for (guint i = 0; i < ports->len; i++)
		compile_holder(c, network, ports->pdata[i]);
}

static void compile_one(struct compilation *c, const struct uuid *id)
{
	const struct object *old = compile_old(c, KIND_LOAD_BALANCER, id);
	const struct object *new = model_get(c->model, KIND_LOAD_BALANCER, id);
	struct uuid network;
	char text[UUID_STRLEN];

	if ((!old && !new) || !object_uuid(new ? new : old, LOAD_BALANCER_VIP_NETWORK_ID, &network))
		return;
	if (!lb_is_at_edge(new ? new : old)) {
		if (!old || !new)
			compile_holders(c, &network);
		return;
	}
	if (old)
		g_string_assign(c->before, WAS);
	if (new)
		load_balancer_record(c->model, new, c->after);
	compile_difference(c, SCOPE_NETWORK, &network, "load_balancer", uuid_format(id, text));
}

void compile_load_balancers(struct compilation *c)
{
	compile_touched(c, add_by_change, compile_one);
}
