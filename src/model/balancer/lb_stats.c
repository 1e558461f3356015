/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_stats.h"

#include <inttypes.h>
#include <stdio.h>

#include "model/balancer/lb_listener.h"
#include "model/balancer/load_balancer.h"

struct state {
	lb_stats_fn add;
	void *data;
};

void *lb_stats_state_new(void)
{
	return g_new0(struct state, 1);
}

void lb_stats_set_source(struct model *model, lb_stats_fn add, void *data)
{
	struct state *state = model_state(model, KIND_LB_LISTENER);

	*state = (struct state){ add, data };
}

static struct lb_stats past_of(const struct object *listener)
{
	struct lb_stats past = { 0 };

	sscanf(object_str(listener, LB_LISTENER_PAST),
		"%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &past.total, &past.bytes_in,
		&past.bytes_out, &past.errors);
	return past;
}

bool lb_stats_bury(
	struct txn *txn, const struct uuid *listener, const struct lb_stats *gone, GError **error)
{
	const struct object *old = txn_get(txn, KIND_LB_LISTENER, listener);
	struct lb_stats past;
	struct object *draft;
	char text[4 * 21];

	if (!old || !(gone->total | gone->bytes_in | gone->bytes_out | gone->errors))
		return true;
	past = past_of(old);
	snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
		past.total + gone->total, past.bytes_in + gone->bytes_in,
		past.bytes_out + gone->bytes_out, past.errors + gone->errors);
	draft = object_edit(old);
	object_set_str(draft, LB_LISTENER_PAST, text);
	return txn_put(txn, draft, error);
}

static void add_listener(
	const struct model *model, const struct object *listener, struct lb_stats *sum)
{
	const struct state *state = model_state(model, KIND_LB_LISTENER);
	struct lb_stats past = past_of(listener);

	sum->total += past.total;
	sum->bytes_in += past.bytes_in;
	sum->bytes_out += past.bytes_out;
	sum->errors += past.errors;
	if (state->add)
		state->add(object_id(listener), sum, state->data);
}

bool lb_stats_show(struct txn *txn, const struct object *object, json_t *body, json_t **ret_answer,
	GError **error)
{
	const struct model *model = txn_model(txn);
	const struct object *listener;
	struct lb_stats sum = { 0 };
	struct model_iter iter;
	char id[UUID_STRLEN];

	(void)body;
	(void)error;
	if (object_kind(object)->id == KIND_LB_LISTENER) {
		add_listener(model, object, &sum);
	} else {
		model_iter_init(&iter, model, KIND_LB_LISTENER, LB_LISTENER_BY_LOAD_BALANCER,
			uuid_format(object_id(object), id), NULL);
		while ((listener = model_iter_next(&iter)))
			add_listener(model, listener, &sum);
	}
	*ret_answer = json_pack("{s:{s:I, s:I, s:I, s:I, s:I}}", "stats", "active_connections",
		(json_int_t)sum.active, "total_connections", (json_int_t)sum.total, "bytes_in",
		(json_int_t)sum.bytes_in, "bytes_out", (json_int_t)sum.bytes_out, "request_errors",
		(json_int_t)sum.errors);
	return true;
}
