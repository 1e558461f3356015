/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts have routers' gateways, and what moves when hosts come and go. */
#include "model/router/gateway_hosts.h"
#include "model/testing_l3.h"

#define PUBLIC \
	"'router:external':true,'provider:network_type':'flat','provider:physical_network':'public'"

static void make_host(struct l3 *f, const char *name, const char *mappings)
{
	test_create(f->model, KIND_HOST,
		test_json("{'name':'%s','bridge_mappings':%s}", name, mappings));
}

static void set_mappings(struct l3 *f, const char *name, const char *mappings)
{
	GError *error = NULL;

	test_update(f->model, model_first(f->model, KIND_HOST, HOST_BY_NAME, name, NULL),
		test_json("{'bridge_mappings':%s}", mappings), &error);
}

/* Names of the hosts, "h1 h2"; the caller's. The gateway's port is bound to the first. */
static char *hosts_of(struct l3 *f, const char *router_name)
{
	const struct object *router =
		model_first(f->model, KIND_ROUTER, ROUTER_BY_NAME, router_name, NULL);
	g_autoptr(GArray) hosts = gateway_hosts(router);
	GString *names = g_string_new(NULL);

	for (guint i = 0; i < hosts->len; i++) {
		const struct object *host =
			model_get(f->model, KIND_HOST, &g_array_index(hosts, struct uuid, i));

		g_string_append_printf(names, "%s%s", i ? " " : "", object_str(host, SLOT_NAME));
		if (!i)
			assert_string_equal(object_str(l3_gateway(f, router), PORT_HOST_ID),
				object_str(host, SLOT_NAME));
	}
	if (!hosts->len)
		assert_string_equal(object_str(l3_gateway(f, router), PORT_HOST_ID), "");
	return g_string_free(names, FALSE);
}

static const struct object *make_public(struct l3 *f)
{
	const struct object *network =
		test_create(f->model, KIND_NETWORK, test_json("{" PUBLIC "}"));

	l3_subnet(f, network, "'cidr':'198.51.100.0/24'");
	return network;
}

static void make_routers(struct l3 *f, const struct object *network, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		l3_router(f,
			"'name':'r%u','project_id':'p%u','external_gateway_info':{'network_id':'%s'}",
			i, i / 10, test_id(network));
}

static void only_connected_hosts_are_chosen(void **state)
{
	struct l3 *f = *state;
	const struct object *port;

	make_routers(f, make_public(f), 1);
	port = l3_gateway(f, model_first(f->model, KIND_ROUTER, ROUTER_BY_NAME, "r0", NULL));
	assert_non_null(
		strstr(object_str(port, PORT_STATUS_REASON), "bridge-mappings = public:DEVICE"));
	make_host(f, "h1", "{'other':'eth1'}");
	g_autofree char *none = hosts_of(f, "r0");
	assert_string_equal(none, "");
	make_host(f, "h2", "{'public':'eth1'}");
	g_autofree char *one = hosts_of(f, "r0");
	assert_string_equal(one, "h2");
	port = l3_gateway(f, model_first(f->model, KIND_ROUTER, ROUTER_BY_NAME, "r0", NULL));
	assert_string_equal(object_str(port, PORT_STATUS_REASON), "");
	/* An overlay leads nowhere. */
	l3_router(
		f, "'name':'o','external_gateway_info':{'network_id':'%s'}", test_id(f->external));
	g_autofree char *overlay = hosts_of(f, "o");
	assert_string_equal(overlay, "");
	port = l3_gateway(f, model_first(f->model, KIND_ROUTER, ROUTER_BY_NAME, "o", NULL));
	assert_non_null(strstr(object_str(port, PORT_STATUS_REASON), "of type geneve"));
}

/* Each router has three hosts; a fifth host moves nothing, and one that goes only its own. */
static void what_works_is_not_moved(void **state)
{
	struct l3 *f = *state;
	enum { N = 40 };
	char *before[N], name[8];
	unsigned first_h2 = 0, moved = 0;

	for (unsigned i = 1; i <= 4; i++) {
		g_snprintf(name, sizeof(name), "h%u", i);
		make_host(f, name, "{'public':'eth1'}");
	}
	make_routers(f, make_public(f), N);
	make_host(f, "h5", "{'public':'eth1'}");
	for (unsigned i = 0; i < N; i++) {
		g_auto(GStrv) names = NULL;

		g_snprintf(name, sizeof(name), "r%u", i);
		before[i] = hosts_of(f, name);
		names = g_strsplit(before[i], " ", -1);
		assert_int_equal(g_strv_length(names), GATEWAY_HOSTS_MAX);
		assert_null(strstr(before[i], "h5"));
		first_h2 += g_str_has_prefix(before[i], "h2");
	}
	assert_in_range(first_h2, 3, 20); /* of 40 by 4: spread */
	set_mappings(f, "h2", "{}");
	for (unsigned i = 0; i < N; i++) {
		g_snprintf(name, sizeof(name), "r%u", i);
		g_autofree char *after = hosts_of(f, name);

		assert_null(strstr(after, "h2"));
		if (strcmp(before[i], after)) {
			assert_non_null(strstr(before[i], "h2"));
			assert_int_equal(strlen(after), strlen(before[i]));
			moved++;
		}
		g_free(before[i]);
	}
	assert_in_range(moved, 1, N - 1);
}

static void a_host_that_goes_leaves_its_gateways(void **state)
{
	struct l3 *f = *state;
	const struct object *network = make_public(f);
	GError *error = NULL;

	make_host(f, "h1", "{'public':'eth1'}");
	make_routers(f, network, 1);
	g_autofree char *before = hosts_of(f, "r0");
	assert_string_equal(before, "h1");
	make_host(f, "h2", "{'public':'eth1'}");
	g_autofree char *both = hosts_of(f, "r0");
	assert_string_equal(both, "h1 h2");
	assert_true(test_delete(
		f->model, model_first(f->model, KIND_HOST, HOST_BY_NAME, "h1", NULL), &error));
	g_autofree char *after = hosts_of(f, "r0");
	assert_string_equal(after, "h2");
	assert_true(test_delete(
		f->model, model_first(f->model, KIND_HOST, HOST_BY_NAME, "h2", NULL), &error));
	g_autofree char *none = hosts_of(f, "r0");
	assert_string_equal(none, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(only_connected_hosts_are_chosen),
		l3_test(what_works_is_not_moved),
		l3_test(a_host_that_goes_leaves_its_gateways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
