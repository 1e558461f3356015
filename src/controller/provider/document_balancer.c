/* SPDX-License-Identifier: Apache-2.0 */
/* The load balancers whose VIP is on a network, for the provider that does them: with the private
 * keys of their certificates, so it is for one in the tree alone. */
#include "controller/provider/document.h"

#include "model/balancer/lb_certificate.h"
#include "model/balancer/lb_health_monitor.h"
#include "model/balancer/lb_l7policy.h"
#include "model/balancer/lb_l7rule.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_member.h"
#include "model/balancer/lb_pool.h"

struct place {
	const struct model *model;
	struct json_writer *w;
};

/* Calls @each for all objects of @kind with that key, as a list. */
static void write_list(const struct place *place, const char *name, enum kind_id kind,
	unsigned index, const char *key,
	void (*each)(const struct place *place, const struct object *object))
{
	const struct object *object;
	struct model_iter iter;

	jw_key(place->w, name);
	jw_begin_array(place->w);
	model_iter_init(&iter, place->model, kind, index, key, NULL);
	while ((object = model_iter_next(&iter)))
		each(place, object);
	jw_end_array(place->w);
}

static void write_plain(const struct place *place, const struct object *object)
{
	provider_write_object(place->model, object, place->w);
}

static void begin(
	const struct place *place, const char *name, const struct object *object, char *id)
{
	uuid_format(object_id(object), id);
	jw_begin_object(place->w);
	jw_key(place->w, name);
	write_plain(place, object);
}

static void write_policy(const struct place *place, const struct object *policy)
{
	char id[UUID_STRLEN];

	begin(place, "l7policy", policy, id);
	write_list(place, "rules", KIND_LB_L7RULE, LB_L7RULE_BY_POLICY, id, write_plain);
	jw_end_object(place->w);
}

static void write_certificate(const struct place *place, const char *id)
{
	const struct object *certificate = model_get_text(place->model, KIND_LB_CERTIFICATE, id);
	g_autofree char *pem = NULL;

	if (!certificate)
		return;
	pem = g_strconcat(object_str(certificate, LB_CERTIFICATE_CHAIN),
		object_str(certificate, LB_CERTIFICATE_KEY), NULL);
	jw_string(place->w, pem);
}

static void write_certificates(const struct place *place, const struct object *listener)
{
	json_auto_t *more = object_json(listener, LB_LISTENER_SNI);
	const char *first = object_str(listener, LB_LISTENER_TLS);
	json_t *id;
	size_t i;

	if (!first)
		return;
	jw_key(place->w, "certificates");
	jw_begin_array(place->w);
	write_certificate(place, first);
	json_array_foreach(more, i, id)
		write_certificate(place, json_string_value(id));
	jw_end_array(place->w);
}

static void write_listener(const struct place *place, const struct object *listener)
{
	char id[UUID_STRLEN];

	begin(place, "listener", listener, id);
	write_list(
		place, "l7policies", KIND_LB_L7POLICY, LB_L7POLICY_BY_LISTENER, id, write_policy);
	write_certificates(place, listener);
	jw_end_object(place->w);
}

static void write_pool(const struct place *place, const struct object *pool)
{
	char id[UUID_STRLEN];

	begin(place, "pool", pool, id);
	write_list(place, "members", KIND_LB_MEMBER, LB_MEMBER_BY_POOL, id, write_plain);
	write_list(place, "health_monitors", KIND_LB_HEALTH_MONITOR, LB_MONITOR_BY_POOL, id,
		write_plain);
	jw_end_object(place->w);
}

static void write_balancer(const struct place *place, const struct object *balancer)
{
	char id[UUID_STRLEN];

	if (lb_is_at_edge(balancer))
		return;
	begin(place, "loadbalancer", balancer, id);
	write_list(place, "listeners", KIND_LB_LISTENER, LB_LISTENER_BY_LOAD_BALANCER, id,
		write_listener);
	write_list(place, "pools", KIND_LB_POOL, LB_POOL_BY_LOAD_BALANCER, id, write_pool);
	jw_end_object(place->w);
}

void provider_write_balancers(const struct model *model, const char *network, struct json_writer *w)
{
	const struct place place = { model, w };

	write_list(&place, "load_balancers", KIND_LOAD_BALANCER, LOAD_BALANCER_BY_NETWORK, network,
		write_balancer);
}
