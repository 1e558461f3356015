/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a port costs in weftd: memory, a transaction, its JSON, loading, a durable commit.
 *
 *	bench_model [PORTS]        default 100000
 *
 * Prints one line per figure, "NAME VALUE UNIT".
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "commit/commit.h"
#include "compile/compile.h"
#include "model/host/host.h"
#include "model/network/network.h"
#include "model/parse.h"
#include "model/port/port.h"
#include "model/query.h"
#include "model/access/quota.h"
#include "model/network/subnet.h"

#define HOSTS 100
#define PORTS_PER_NETWORK 5000

static const struct caller admin = { CALLER_ADMIN, "0123456789abcdef0123456789abcdef" };

static size_t heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static double seconds(void)
{
	return (double)g_get_monotonic_time() / G_USEC_PER_SEC;
}

static void figure(const char *name, double value, const char *unit)
{
	printf("%-36s %12.2f %s\n", name, value, unit);
	fflush(stdout);
}

G_GNUC_PRINTF(3, 4)
static const struct object *create(struct txn *txn, enum kind_id kind, const char *format, ...)
{
	g_autoptr(GError) error = NULL;
	const struct object *created;
	va_list args;

	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	json_t *body = json_loads(text, 0, NULL);

	created = txn_create(txn, kind, body, &error);
	json_decref(body);
	if (!created)
		g_error("%s: %s", text, error->message);
	return created;
}

static void apply(struct model *model, struct txn *txn)
{
	changeset_free(txn_apply(txn, model_revision(model) + 1));
}

static void make_hosts(struct model *model)
{
	struct txn *txn = txn_new(model, &admin);

	for (int i = 0; i < HOSTS; i++)
		create(txn, KIND_HOST, "{\"name\":\"host-%d\",\"tunnel_ips\":[\"192.0.2.%d\"]}", i,
			i + 1);
	apply(model, txn);
}

/* A network with a subnet that has room for its ports; its id as text. */
static void make_network(struct model *model, unsigned n, char id[static UUID_STRLEN])
{
	struct txn *txn = txn_new(model, &admin);
	const struct object *network = create(txn, KIND_NETWORK, "{\"name\":\"net-%u\"}", n);

	uuid_format(object_id(network), id);
	apply(model, txn);
	txn = txn_new(model, &admin);
	create(txn, KIND_SUBNET, "{\"network_id\":\"%s\",\"cidr\":\"10.0.0.0/16\"}", id);
	apply(model, txn);
}

static struct txn *port_txn(struct model *model, const char *network, unsigned n)
{
	struct txn *txn = txn_new(model, &admin);
	struct uuid device = uuid_random();
	char text[UUID_STRLEN];

	create(txn, KIND_PORT,
		"{\"network_id\":\"%s\",\"name\":\"port-%u\",\"device_id\":\"%s\","
		"\"device_owner\":\"compute:nova\",\"binding:host_id\":\"host-%u\"}",
		network, n, uuid_format(&device, text), n % HOSTS);
	return txn;
}

static struct model *unlimited_model(void)
{
	struct model *model = model_new();

	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		quota_set_default(model, (enum kind_id)id, QUOTA_UNLIMITED);
	return model;
}

static void bench_create(struct model *model, unsigned n_ports)
{
	char network[UUID_STRLEN];
	size_t before;
	double start, compiling = 0, last = 0;

	make_hosts(model);
	before = heap();
	start = seconds();
	for (unsigned n = 0; n < n_ports; n++) {
		double now;

		if (n % PORTS_PER_NETWORK == 0)
			make_network(model, n, network);
		if (n == n_ports - 1000)
			last = seconds();

		struct txn *txn = port_txn(model, network, n);
		struct changeset *changes = txn_apply(txn, model_revision(model) + 1);

		now = seconds();
		compiled_free(compile_change(model, changes));
		compiling += seconds() - now;
		changeset_free(changes);
	}
	figure("create, us per port", (seconds() - start - compiling) * 1e6 / n_ports, "us");
	figure("create of the last 1000, with compile", (seconds() - last) * 1e6 / 1000, "us");
	figure("compile, us per port", compiling * 1e6 / n_ports, "us");
	malloc_trim(0);
	figure("memory per port", (double)(heap() - before) / n_ports, "bytes");
}

static void bench_list(struct model *model)
{
	g_autoptr(query) query = query_new(&port_kind, &admin);
	double start = seconds();

	query_add(query, "limit", "1000", NULL);
	for (int i = 0; i < 20; i++) {
		g_autoptr(GString) text = g_string_sized_new(2 << 20);
		struct json_writer w = json_writer_on(text);
		bool more;
		g_autoptr(GPtrArray) page = query_run(query, model, &more, NULL);

		jw_begin_array(&w);
		for (guint p = 0; p < page->len; p++)
			object_write_json(page->pdata[p], model, &admin, 0, &w);
		jw_end_array(&w);
		if (i == 0)
			figure("JSON of a port", (double)text->len / page->len, "bytes");
	}
	figure("list of 1000 ports", (seconds() - start) * 1e3 / 20, "ms");
}

static void bench_update(struct model *model)
{
	const struct object *port;
	struct model_iter iter;
	double start = seconds();
	unsigned n = 0;

	for (; n < 20000; n++) {
		struct txn *txn = txn_new(model, &admin);

		if (n % 1000 == 0)
			model_iter_all(&iter, model, KIND_PORT, NULL);
		port = model_iter_next(&iter);
		struct object *draft = object_edit(port);

		object_set_choice(draft, PORT_STATUS,
			object_choice(port, PORT_STATUS) == PORT_ACTIVE ? PORT_DOWN : PORT_ACTIVE);
		txn_put(txn, draft, NULL);
		apply(model, txn);
	}
	figure("change of status", (seconds() - start) * 1e6 / n, "us");
}

struct progress {
	GMainLoop *loop;
	unsigned left;
	struct commit *commit;
	struct model *model;
	const char *network;
	GArray *latencies;
};

struct one {
	struct progress *progress;
	gint64 start;
};

static void next(struct progress *progress);

static void on_done(const struct changeset *changes, const GError *error, void *user)
{
	struct one *one = user;
	struct progress *progress = one->progress;
	double took = (double)(g_get_monotonic_time() - one->start) / 1000;

	(void)changes;
	if (error)
		g_error("%s", error->message);
	g_array_append_val(progress->latencies, took);
	g_free(one);
	next(progress);
	if (!progress->left && !commit_pending(progress->commit))
		g_main_loop_quit(progress->loop);
}

static void next(struct progress *progress)
{
	struct one *one;

	if (!progress->left)
		return;
	one = g_new(struct one, 1);
	*one = (struct one){ progress, g_get_monotonic_time() };
	progress->left--;
	commit_submit(progress->commit,
		port_txn(progress->model, progress->network, progress->left), on_done, one);
}

static gint compare_doubles(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Durable creates with @clients waiting for their answers all the time. */
static void bench_commit(struct commit *commit, struct model *model, const char *network,
	unsigned clients, unsigned n)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GArray) latencies = g_array_new(FALSE, FALSE, sizeof(double));
	struct progress progress = { loop, n, commit, model, network, latencies };
	char name[64];
	double start = seconds();

	for (unsigned i = 0; i < clients; i++)
		next(&progress);
	g_main_loop_run(loop);
	g_array_sort(latencies, compare_doubles);
	g_snprintf(name, sizeof(name), "durable creates, %u at a time", clients);
	figure(name, n / (seconds() - start), "per s");
	figure("  p50", g_array_index(latencies, double, n / 2), "ms");
	figure("  p99", g_array_index(latencies, double, n * 99 / 100), "ms");
}

static void copy_to_store(struct model *model, struct store *store)
{
	u64 revision = store_revision(store);

	for (unsigned kind = KIND_NONE + 1; kind < N_KINDS; kind++) {
		const struct object *object;
		struct model_iter iter;

		model_iter_all(&iter, model, kind, NULL);
		while ((object = model_iter_next(&iter))) {
			struct store_change *change = g_new(struct store_change, 1);
			GString *text = g_string_new(NULL);
			struct json_writer w = json_writer_on(text);

			object_store_json(object, &w);
			*change = (struct store_change){ kind_by_id(kind)->singular,
				*object_id(object), g_string_free(text, FALSE) };
			store_submit(store, ++revision, change, 1);
		}
	}
	store_close(store);
}

static void bench_store(const char *url, struct model *from)
{
	struct model *model = unlimited_model();
	g_autoptr(GError) error = NULL;
	struct store *store = store_open(url, &error);
	char network[UUID_STRLEN];
	struct commit *commit;
	double start;

	if (!store)
		g_error("%s", error->message);
	copy_to_store(from, store);
	model_free(from);
	start = seconds();
	store = store_open(url, &error);
	commit = commit_new(model, store, NULL, NULL, &error);
	if (!commit)
		g_error("%s", error->message);
	figure("start-up with all ports", seconds() - start, "s");
	uuid_format(object_id(model_first(model, KIND_NETWORK, NETWORK_BY_NAME, "net-0", NULL)),
		network);
	bench_commit(commit, model, network, 1, 300);
	bench_commit(commit, model, network, 32, 4000);
	commit_free(commit);
	store_close(store);
	model_free(model);
}

int main(int argc, char **argv)
{
	unsigned n_ports = argc > 1 ? (unsigned)atoi(argv[1]) : 100000;
	g_autofree char *dir = g_dir_make_tmp("weft-bench-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "db", NULL);
	g_autofree char *url = g_strconcat("sqlite:", path, NULL);
	struct model *model = unlimited_model();

	bench_create(model, n_ports);
	bench_list(model);
	bench_update(model);
	bench_store(url, model);
	remove(path);
	rmdir(dir);
	return 0;
}
