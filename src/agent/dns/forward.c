/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/forward.h"

#include <sys/random.h>

#include "agent/dns/exchange.h"
#include "agent/dns/upstreams.h"

struct dns_forwarder {
	struct dns_forwarder_options options;
	struct dns_upstreams *upstreams;
	GHashTable *askers; /* port id → struct asker, while it has pending questions */
	guint n_pending;
};

struct asker {
	char *port_id;
	GPtrArray *questions; /* struct question, owned */
};

struct question {
	struct dns_forwarder *forwarder;
	struct asker *asker; /* NULL once it is concluded */
	struct dns_query query;
	struct frame_flow flow; /* of the guest's query */
	size_t size_max;
	guint attempt; /* 0 for the first */
	struct dns_exchange *exchange;
	GSource *timer;
};

static void stop(struct question *q)
{
	g_clear_pointer(&q->exchange, dns_exchange_free);
	if (q->timer) {
		g_source_destroy(q->timer);
		g_clear_pointer(&q->timer, g_source_unref);
	}
}

static void question_free(void *data)
{
	struct question *q = data;

	q->forwarder->n_pending--;
	stop(q);
	g_free(q);
}

static void asker_free(void *data)
{
	struct asker *asker = data;

	g_ptr_array_unref(asker->questions);
	g_free(asker->port_id);
	g_free(asker);
}

struct dns_forwarder *dns_forwarder_new(const struct dns_forwarder_options *options)
{
	struct dns_forwarder *f = g_new0(struct dns_forwarder, 1);
	struct dns_forwarder_options *o = &f->options;

	*o = *options;
	f->upstreams = options->resolv_conf
			       ? dns_upstreams_of_file(options->resolv_conf)
			       : dns_upstreams_of_list(options->upstreams, options->n_upstreams);
	o->upstream_port = o->upstream_port ? o->upstream_port : 53;
	o->timeout_ms = o->timeout_ms ? o->timeout_ms : 1500;
	o->attempts = o->attempts ? o->attempts : 3;
	o->pending_max = o->pending_max ? o->pending_max : 1024;
	o->per_port_max = o->per_port_max ? o->per_port_max : 64;
	f->askers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, asker_free);
	return f;
}

void dns_forwarder_free(struct dns_forwarder *f)
{
	if (!f)
		return;
	g_hash_table_unref(f->askers);
	dns_upstreams_free(f->upstreams);
	g_free(f);
}

/* Gives the guest its answer and forgets the question, and the asker with its last one. @message is
 * not the question's own. */
static void conclude(
	struct question *q, const u8 *message, size_t len, enum service_outcome outcome)
{
	struct dns_forwarder *f = q->forwarder;
	struct asker *asker = g_steal_pointer(&q->asker);
	struct frame_flow back = frame_flow_reverse(&q->flow);
	g_autofree char *port_id = g_strdup(asker->port_id);
	guint index;

	/* Off the table first: the callback may say that the port has gone. */
	if (g_ptr_array_find(asker->questions, q, &index))
		g_ptr_array_steal_index_fast(asker->questions, index);
	if (asker->questions->len == 0)
		g_hash_table_remove(f->askers, port_id);
	question_free(q);
	f->options.done(port_id, &back, message, len, outcome, f->options.data);
}

static void give_up(struct question *q)
{
	u8 room[DNS_UDP_MIN];
	struct dns_reply reply;

	dns_reply_begin(&reply, &q->query, room, sizeof(room));
	reply.rcode = DNS_SERVFAIL;
	conclude(q, room, dns_reply_end(&reply), SERVICE_DNS_FORWARD_TIMEOUT);
}

static void attempt(struct question *q);

static void next_attempt(struct question *q)
{
	stop(q);
	q->attempt++;
	attempt(q);
}

static gboolean on_timeout(gpointer data)
{
	next_attempt(data);
	return G_SOURCE_REMOVE;
}

static void on_reply(const u8 *reply, size_t len, void *data)
{
	struct question *q = data;
	u8 room[FRAME_MAX];
	u8 rcode = reply ? reply[3] & DNS_RCODE : DNS_SERVFAIL;
	bool is_refusal = rcode == DNS_SERVFAIL || rcode == DNS_REFUSED || rcode == DNS_FORMERR ||
			  rcode == DNS_NOTIMP;
	size_t relayed = is_refusal ? 0 : dns_relay(reply, len, &q->query, room, q->size_max);

	if (relayed)
		conclude(q, room, relayed, SERVICE_DNS_FORWARD_REPLY);
	else
		next_attempt(q);
}

/* Asks the resolver whose turn it is. Who can't even be sent to is skipped. */
static void attempt(struct question *q)
{
	struct dns_forwarder *f = q->forwarder;
	u8 room[DNS_HEADER_BYTES + DNS_QUESTION_MAX + DNS_OPT_BYTES];
	struct writer w = writer_of(room, sizeof(room));
	u16 id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		g_error("getrandom gives no two bytes");
	dns_write_query(&w, &q->query, id);
	for (; q->attempt < f->options.attempts; q->attempt++) {
		const struct ip *server = dns_upstreams_get(f->upstreams, q->attempt);

		q->exchange = dns_exchange_new(server, f->options.upstream_port, room, w.len,
			q->query.question_len, on_reply, q);
		if (q->exchange)
			break;
	}
	if (!q->exchange) {
		give_up(q);
		return;
	}
	q->timer = g_timeout_source_new(f->options.timeout_ms);
	g_source_set_callback(q->timer, on_timeout, q, NULL);
	g_source_attach(q->timer, g_main_context_get_thread_default());
}

static bool is_pending(const struct asker *asker, const struct frame_flow *flow, u16 id)
{
	for (guint i = 0; i < asker->questions->len; i++) {
		const struct question *q = g_ptr_array_index(asker->questions, i);

		if (q->query.id == id && q->flow.src_port == flow->src_port &&
			ip_compare(&q->flow.src, &flow->src) == 0)
			return true;
	}
	return false;
}

static struct asker *asker_get(struct dns_forwarder *f, const char *port_id)
{
	struct asker *asker = g_hash_table_lookup(f->askers, port_id);

	if (asker)
		return asker;
	asker = g_new0(struct asker, 1);
	asker->port_id = g_strdup(port_id);
	asker->questions = g_ptr_array_new_with_free_func(question_free);
	g_hash_table_insert(f->askers, asker->port_id, asker);
	return asker;
}

enum service_outcome dns_forwarder_ask(struct dns_forwarder *f, const char *port_id,
	const struct frame_flow *flow, const struct dns_query *query, size_t size_max)
{
	struct asker *asker = g_hash_table_lookup(f->askers, port_id);

	dns_upstreams_refresh(f->upstreams);
	if (!dns_upstreams_get(f->upstreams, 0))
		return SERVICE_DNS_NO_UPSTREAM;
	if (asker && is_pending(asker, flow, query->id))
		return SERVICE_DNS_DUPLICATE;
	if (f->n_pending >= f->options.pending_max ||
		(asker && asker->questions->len >= f->options.per_port_max))
		return SERVICE_DNS_FORWARD_LIMIT;
	struct question *q = g_new0(struct question, 1);
	q->forwarder = f;
	q->asker = asker_get(f, port_id);
	q->query = *query;
	q->flow = *flow;
	q->size_max = size_max;
	g_ptr_array_add(q->asker->questions, q);
	f->n_pending++;
	attempt(q);
	return SERVICE_DNS_FORWARDED;
}

void dns_forwarder_port_gone(struct dns_forwarder *f, const char *port_id)
{
	g_hash_table_remove(f->askers, port_id);
}
