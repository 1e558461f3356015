/* SPDX-License-Identifier: Apache-2.0 */
/* Which ports of a router's address hosts have, and what moves when hosts come and go. */
#include "model/router/snat_ranges.h"

#include "model/router/gateway_hosts.h"
#include "model/testing_l3.h"

static void make_host(struct l3 *f, const char *name, const char *mappings)
{
	test_create(f->model, KIND_HOST,
		test_json("{'name':'%s','bridge_mappings':%s}", name, mappings));
}

static const struct object *host(struct l3 *f, const char *name)
{
	return model_first(f->model, KIND_HOST, HOST_BY_NAME, name, NULL);
}

static const struct object *router(struct l3 *f)
{
	return model_first(f->model, KIND_ROUTER, ROUTER_BY_NAME, "r", NULL);
}

/* A host's range as "32768-36863", "" without one; the caller's. */
static char *range_of(struct l3 *f, const char *name)
{
	json_t *list = object_json(router(f), ROUTER_SNAT_RANGES), *item;
	char *text = g_strdup("");
	size_t i;

	json_array_foreach(list, i, item) {
		if (strcmp(json_string_value(json_object_get(item, "host_id")),
			    test_id(host(f, name))))
			continue;
		g_free(text);
		text = g_strdup_printf("%d-%d",
			(int)json_integer_value(json_object_get(item, "port_range_min")),
			(int)json_integer_value(json_object_get(item, "port_range_max")));
	}
	json_decref(list);
	return text;
}

static void expect(struct l3 *f, const char *name, const char *range)
{
	g_autofree char *text = range_of(f, name);

	if (strcmp(text, range))
		fail_msg("%s has '%s' and not '%s'", name, text, range);
}

/* A router between the inside and a physical network, which hosts g1, g2 … may have the gateway of.
 */
static void make_public(struct l3 *f, int n_hosts, const char *more)
{
	const struct object *subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/16'"), *public;
	char name[8];

	for (int i = 1; i <= n_hosts; i++) {
		g_snprintf(name, sizeof(name), "g%d", i);
		make_host(f, name, "{'public':'eth1'}");
	}
	public = test_create(f->model, KIND_NETWORK,
		test_json("{'router:external':true,'provider:network_type':'flat',"
			  "'provider:physical_network':'public'}"));
	l3_subnet(f, public, "'cidr':'198.51.100.0/24'");
	l3_router(f, "'name':'r','external_gateway_info':{'network_id':'%s'}%s", test_id(public),
		more);
	l3_connect(f, router(f), subnet);
}

static void make_router(struct l3 *f, const char *more)
{
	make_public(f, GATEWAY_HOSTS_MAX, more);
}

static const struct object *make_port(struct l3 *f, const char *host)
{
	g_autofree char *more = g_strdup_printf("'binding:host_id':'%s'", host);

	return l3_port(f, f->inside, more);
}

static void delete_port(struct l3 *f, const struct object *port)
{
	GError *error = NULL;

	assert_true(test_delete(f->model, port, &error));
}

static void update(struct l3 *f, const struct object *object, const char *body)
{
	GError *error = NULL;

	if (!test_update(f->model, object, test_json("%s", body), &error))
		fail_msg("%s", error->message);
}

static void hosts_with_ports_get_ranges(void **state)
{
	struct l3 *f = *state;

	make_router(f, "");
	make_host(f, "h1", "{'public':'eth1'}");
	make_host(f, "h2", "{'other':'eth1'}");
	expect(f, "h1", "");
	make_port(f, "h1");
	make_port(f, "h2");
	expect(f, "h1", "57344-65535"); /* behind those of g1 to g3 */
	expect(f, "h2", "");		/* it is not connected */
	update(f, host(f, "h2"), "{'bridge_mappings':{'public':'eth1'}}");
	expect(f, "h2", "16384-20479"); /* the upper half is full */
	make_host(f, "h3", "{'public':'eth1'}");
	expect(f, "h3", "");
	update(f, make_port(f, ""), "{'binding:host_id':'h3'}");
	expect(f, "h3", "20480-24575");
	/* What is kept is not moved by what goes. */
	update(f, host(f, "h1"), "{'bridge_mappings':{}}");
	expect(f, "h1", "");
	expect(f, "h3", "20480-24575");
	update(f, host(f, "h1"), "{'bridge_mappings':{'public':'eth1'}}");
	expect(f, "h1", "57344-61439"); /* six hosts by now */
}

/* Few hosts share more ports: how many is said when a range is given, and holds. */
static void few_hosts_have_long_ranges(void **state)
{
	static const char *const ranges[] = { "32768-65535", "16384-20479", "20480-24575",
		"24576-28671", "28672-32767", "1024-2047", "2048-3071" };
	struct l3 *f = *state;
	char name[8];

	make_public(f, 1, "");
	for (guint i = 1; i <= G_N_ELEMENTS(ranges); i++) {
		g_snprintf(name, sizeof(name), "g%u", i);
		if (i > 1)
			make_host(f, name, "{'public':'eth1'}");
		make_port(f, name);
		expect(f, name, ranges[i - 1]);
		expect(f, "g1", ranges[0]);
	}
}

static void two_hosts_have_a_half_each(void **state)
{
	struct l3 *f = *state;

	make_public(f, 2, "");
	g_autofree char *one = range_of(f, "g1"), *other = range_of(f, "g2");
	if (strcmp(one, "32768-49151") > 0) /* whichever the gateway is on */
		assert_true(!strcmp(one, "49152-65535") && !strcmp(other, "32768-49151"));
	else
		assert_true(!strcmp(one, "32768-49151") && !strcmp(other, "49152-65535"));
}

/* Ports that were there before the interface, and before the gateway. */
static void what_was_there_gets_ranges(void **state)
{
	struct l3 *f = *state;
	const struct object *other =
		test_create(f->model, KIND_NETWORK, test_json("{'name':'other'}"));
	const struct object *subnet = l3_subnet(f, other, "'cidr':'10.99.0.0/24'");
	g_autofree char *info = NULL;

	make_router(f, "");
	make_host(f, "h1", "{'public':'eth1'}");
	l3_port(f, other, "'binding:host_id':'h1'");
	expect(f, "h1", "");
	l3_connect(f, router(f), subnet);
	expect(f, "h1", "57344-65535");
	info = g_strdup_printf("{'external_gateway_info':{'network_id':'%s'}}",
		object_str(router(f), ROUTER_GATEWAY_NETWORK_ID));
	update(f, router(f), "{'external_gateway_info':null}");
	expect(f, "h1", "");
	expect(f, "g1", "");
	update(f, router(f), info);
	g_autofree char *again = range_of(f, "h1");
	assert_string_not_equal(again, "");
}

/* 4 ranges in the upper half, as three hosts had it at first, 4 long ones below, 15 short ones. */
static void ranges_run_out_and_are_taken_back(void **state)
{
	struct l3 *f = *state;
	const struct object *ports[30];
	char name[8];
	GError *error = NULL;

	make_router(f, "");
	for (int i = 0; i < 30; i++) {
		g_snprintf(name, sizeof(name), "h%d", i);
		make_host(f, name, "{'public':'eth1'}");
		ports[i] = object_ref(make_port(f, name));
	}
	expect(f, "h0", "57344-65535");
	expect(f, "h4", "28672-32767");
	expect(f, "h5", "1024-2047");
	expect(f, "h19", "15360-16383");
	expect(f, "h20", "");
	/* A host that has no port any more keeps its range until somebody needs it. */
	delete_port(f, ports[7]);
	expect(f, "h7", "3072-4095");
	delete_port(f, make_port(f, "h20"));
	expect(f, "h20", "3072-4095");
	expect(f, "h7", "");
	assert_true(test_delete(f->model, host(f, "g1"), &error));
	expect(f, "h19", "15360-16383");
	for (int i = 0; i < 30; i++)
		object_unref((struct object *)ports[i]);
}

/* Where many hosts are connected: 8 long ranges and 31 short ones; the last are for hosts that may
 * have the gateway. */
static void many_hosts_have_short_ranges(void **state)
{
	struct l3 *f = *state;
	char name[8];

	make_public(f, 39, "");
	for (int i = 1; i <= 39; i++) {
		g_autofree char *range = NULL;

		g_snprintf(name, sizeof(name), "g%d", i);
		make_port(f, name);
		range = range_of(f, name);
		assert_string_not_equal(range, "");
	}
	make_host(f, "late", "{'public':'eth1'}");
	make_port(f, "late");
	expect(f, "late", "");
}

#define CROWD 64

/* Hosts that come and go, some of which have a port on the router's network. */
struct crowd {
	struct l3 *f;
	GRand *random;
	struct uuid ports[CROWD]; /* zero: none */
	char *ranges[CROWD];	  /* that each had, "" without one */
	bool there[CROWD];
	unsigned most, n_waited, n_served;
};

static const char *crowd_name(unsigned i)
{
	static char name[8];

	g_snprintf(name, sizeof(name), "c%u", i);
	return name;
}

static bool crowd_has_port(const struct crowd *crowd, unsigned i)
{
	static const struct uuid none;

	return !uuid_equal(&crowd->ports[i], &none);
}

static void crowd_take_port(struct crowd *crowd, unsigned i)
{
	if (crowd_has_port(crowd, i))
		delete_port(crowd->f, model_get(crowd->f->model, KIND_PORT, &crowd->ports[i]));
	crowd->ports[i] = (struct uuid){ 0 };
}

/* A host comes, gets a port, loses it, or goes. */
static void crowd_step(struct crowd *crowd)
{
	unsigned i = (unsigned)g_rand_int_range(crowd->random, 0, CROWD);
	bool more = g_rand_int_range(crowd->random, 0, 3);
	GError *error = NULL;

	if (!crowd->there[i]) {
		make_host(crowd->f, crowd_name(i), "{'public':'eth1'}");
		crowd->there[i] = true;
	} else if (!crowd_has_port(crowd, i) && more) {
		crowd->ports[i] = *object_id(make_port(crowd->f, crowd_name(i)));
	} else if (g_rand_int_range(crowd->random, 0, 4) == 0) {
		crowd_take_port(crowd, i);
		if (more)
			return;
		if (!test_delete(crowd->f->model, host(crowd->f, crowd_name(i)), &error))
			fail_msg("%s", error->message);
		crowd->there[i] = false;
	}
}

/* Marks the blocks of a range, which nobody else may have. */
static void crowd_claim(const char *range, bool used[static 64])
{
	unsigned first = 0, last = 0;

	if (!*range)
		return;
	assert_int_equal(sscanf(range, "%u-%u", &first, &last), 2);
	assert_true(first >= 1024 && last > first && last < 65536);
	assert_true(first % 1024 == 0 && last % 1024 == 1023);
	for (unsigned block = first / 1024; block <= last / 1024; block++) {
		assert_false(used[block]);
		used[block] = true;
	}
}

/* Free ranges: the shortest that are given in either half. */
static unsigned crowd_free(const bool used[static 64])
{
	unsigned n = 0;

	for (unsigned block = 1; block < 32; block++)
		n += !used[block];
	for (unsigned block = 32; block < 64; block += 4)
		n += !used[block] && !used[block + 1] && !used[block + 2] && !used[block + 3];
	return n;
}

static void crowd_check(struct crowd *crowd)
{
	bool used[64] = { true };
	unsigned n = 0, waiting = 0;

	for (unsigned i = 0; i < CROWD; i++) {
		char *range = crowd->there[i] ? range_of(crowd->f, crowd_name(i)) : g_strdup("");

		crowd_claim(range, used);
		n += *range != 0;
		/* Who has ports keeps its range, whoever comes and goes. */
		if (*crowd->ranges[i] && crowd_has_port(crowd, i))
			assert_string_equal(range, crowd->ranges[i]);
		crowd->n_served += crowd_has_port(crowd, i) && *range && !*crowd->ranges[i];
		waiting += crowd_has_port(crowd, i) && !*range;
		g_free(crowd->ranges[i]);
		crowd->ranges[i] = range;
	}
	crowd->most = MAX(crowd->most, n);
	crowd->n_waited += waiting;
	if (waiting) /* nobody waits while there is one, but those for gateways */
		assert_true(crowd_free(used) <= GATEWAY_HOSTS_MAX);
}

static void a_crowd_comes_and_goes(void **state)
{
	struct crowd crowd = { .f = *state, .random = g_rand_new_with_seed(1) };

	for (unsigned i = 0; i < CROWD; i++)
		crowd.ranges[i] = g_strdup("");
	make_public(crowd.f, 0, "");
	for (unsigned step = 0; step < 600; step++) {
		crowd_step(&crowd);
		crowd_check(&crowd);
	}
	print_message("%u ranges at most, %u waited for one, %u were given one\n", crowd.most,
		crowd.n_waited, crowd.n_served);
	assert_true(crowd.most > 20 && crowd.most <= 39);
	assert_true(crowd.n_waited > 100);
	for (unsigned i = 0; i < CROWD; i++)
		g_free(crowd.ranges[i]);
	g_rand_free(crowd.random);
}

static void centralized_is_without_ranges(void **state)
{
	struct l3 *f = *state;
	struct txn *txn;

	snat_set_centralized(f->model, true);
	make_router(f, "");
	make_host(f, "h1", "{'public':'eth1'}");
	make_port(f, "h1");
	expect(f, "h1", "");
	expect(f, "g1", "");
	update(f, router(f), "{'admin_state_up':false}");
	update(f, router(f), "{'distributed':true}"); /* as its owner wants it */
	g_autofree char *own = range_of(f, "h1");
	assert_string_not_equal(own, "");
	update(f, router(f), "{'distributed':false}");
	expect(f, "h1", "");
	/* Another configuration, at the next start. */
	snat_set_centralized(f->model, false);
	txn = txn_new(f->model, &test_admin);
	assert_true(gateway_hosts_complete(txn, NULL));
	assert_false(txn_is_empty(txn));
	changeset_free(test_apply(txn));
	g_autofree char *now = range_of(f, "h1");
	assert_string_not_equal(now, "");
	txn = txn_new(f->model, &test_admin);
	assert_true(gateway_hosts_complete(txn, NULL));
	assert_true(txn_is_empty(txn));
	txn_free(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(hosts_with_ports_get_ranges),
		l3_test(few_hosts_have_long_ranges),
		l3_test(two_hosts_have_a_half_each),
		l3_test(what_was_there_gets_ranges),
		l3_test(ranges_run_out_and_are_taken_back),
		l3_test(many_hosts_have_short_ranges),
		l3_test(a_crowd_comes_and_goes),
		l3_test(centralized_is_without_ranges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
