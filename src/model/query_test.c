/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: filters by index and without, sorting, pages, what a caller may see. */
#include "model/query.h"
#include "model/query_impl.h"
#include "model/testing.h"

static struct model *make_model(void)
{
	struct model *model = model_new();
	const struct object *network;

	test_create(model, KIND_HOST, test_json("{'name':'h1'}"));
	network = test_create(model, KIND_NETWORK, test_json("{'name':'n','project_id':'alice'}"));
	test_create(model, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'10.0.0.0/24'}", test_id(network)));
	for (int i = 0; i < 6; i++)
		test_create(model, KIND_PORT,
			test_json(
				"{'network_id':'%s','name':'p%d','device_id':'d%d','admin_state_up':%s,"
				"'project_id':'%s','tags':['%s','all'],'binding:host_id':'%s'}",
				test_id(network), 5 - i, i / 2, i % 2 ? "true" : "false",
				i < 4 ? "bob" : "carol", i % 3 ? "odd" : "even", i ? "" : "h1"));
	return model;
}

/* Runs "name=value&name=value" over ports and compares the names, in order; "+" when more follow.
 */
static void assert_list_as(struct model *model, const struct caller *caller, const char *parameters,
	const char *expected)
{
	g_autoptr(query) query = query_new(&port_kind, caller);
	g_auto(GStrv) pairs = g_strsplit(parameters, "&", -1);
	g_autoptr(GString) names = g_string_new(NULL);
	g_autoptr(GPtrArray) page = NULL;
	GError *error = NULL;
	bool more;

	for (unsigned i = 0; pairs[i] && *pairs[i]; i++) {
		char *value = strchr(pairs[i], '=');

		*value++ = '\0';
		if (!query_add(query, pairs[i], value, &error))
			fail_msg("%s: %s", parameters, error->message);
	}
	page = query_run(query, model, &more, &error);
	if (!page)
		fail_msg("%s: %s", parameters, error->message);
	for (guint i = 0; i < page->len; i++)
		g_string_append_printf(
			names, "%s%s", i ? " " : "", object_str(page->pdata[i], SLOT_NAME));
	if (more)
		g_string_append(names, " +");
	if (strcmp(names->str, expected))
		fail_msg("%s: '%s' instead of '%s'", parameters, names->str, expected);
}

static void assert_list(struct model *model, const char *parameters, const char *expected)
{
	assert_list_as(model, &test_admin, parameters, expected);
}

static void filters(void **state)
{
	struct model *model = make_model();
	const struct object *port = model_first(model, KIND_PORT, PORT_BY_NAME, "p3", NULL);
	g_autofree char *by_id = g_strdup_printf("id=%s", test_id(port));

	(void)state;
	assert_list(model, "", "p5 p4 p3 p2 p1 p0");
	assert_list(model, "name=p3", "p3");
	assert_list(model, "name=p1&name=p5", "p5 p1");
	assert_list(model, "device_id=d1", "p3 p2");
	assert_list(model, "device_id=d1&admin_state_up=True", "p2");
	assert_list(model, "tenant_id=carol", "p1 p0");
	assert_list(model, "binding:host_id=h1", "p5");
	assert_list(model, "binding:host_id=&name=p4", "p4");
	assert_list(model, "fixed_ips=ip_address=10.0.0.4", "p3");
	assert_list(model, "fixed_ips=ip_address=10.0.0.4&fixed_ips=ip_address=10.0.0.2", "p5 p3");
	assert_list(model, "fixed_ips=ip_address_substr=.0.0.4", "p3");
	assert_list(model, "fixed_ips=ip_address_substr=10.0&name=p4&name=p2", "p4 p2");
	assert_list(model, "fixed_ips=ip_address_substr=9.9", "");
	assert_list(model, "admin_state_up=yes&device_id=d1", "p2");
	assert_list(model, "tags=even", "p5 p2");
	assert_list(model, "not-tags=even,odd", "p5 p4 p3 p2 p1 p0");
	assert_list(model, "not-tags=even", "p4 p3 p1 p0");
	assert_list(model, "tags=even,odd", "");
	assert_list(model, "tags-any=even,odd&name=p1", "p1");
	assert_list(model, "not-tags-any=even", "p4 p3 p1 p0");
	assert_list(model, "status=ACTIVE", "");
	assert_list(model, "binding:vif_type=tap", "p5");
	assert_list(model, by_id, "p3");
	assert_list(model, "network_id=nonsense", "");
	model_free(model);
}

/* Times are seconds; what was changed in the very second counts. */
static void changed_since(void **state)
{
	struct model *model = make_model();
	const struct object *port = model_first(model, KIND_PORT, PORT_BY_NAME, "p3", NULL);
	char at[VALUE_TEXT], query[VALUE_TEXT + 64];

	(void)state;
	g_snprintf(query, sizeof(query), "changed_since=%s&name=p3",
		object_text(port, SLOT_UPDATED_AT, at));
	assert_list(model, query, "p3");
	assert_list(model, "changed_since=2001-01-31T00:00:00", "p5 p4 p3 p2 p1 p0");
	assert_list(model, "changed_since=2999-01-31T00:00:00Z", "");
	assert_list(model,
		"changed_since=2999-01-31T00:00:00Z&changed_since=2001-01-31T00:00:00Z&name=p1",
		"p1");
	model_free(model);
}

static void times_are_compared(void **state)
{
	static const struct {
		const char *word;
		bool same, later;
	} words[] = { { "lt", false, false }, { "lte", true, false }, { "gt", false, true },
		{ "gte", true, true }, { "eq", true, false }, { "neq", false, true } };
	struct model *model = make_model();
	const struct object *port = model_first(model, KIND_PORT, PORT_BY_NAME, "p3", NULL);
	char at[VALUE_TEXT], query[VALUE_TEXT + 64];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		g_snprintf(query, sizeof(query), "name=p3&updated_at=%s:%s", words[i].word,
			object_text(port, SLOT_UPDATED_AT, at));
		assert_list(model, query, words[i].same ? "p3" : "");
		g_snprintf(query, sizeof(query), "name=p3&updated_at=%s:2001-01-31T00:00:00Z",
			words[i].word);
		assert_list(model, query, words[i].later ? "p3" : "");
	}
	assert_list(model,
		"name=p3&updated_at=gt:2001-01-31T00:00:00Z&updated_at=lt:2001-02-01T00:00:00Z",
		"");
	model_free(model);
}

static void pages_and_order(void **state)
{
	struct model *model = make_model();
	char next[200];

	(void)state;
	assert_list(model, "limit=2", "p5 p4 +");
	g_snprintf(next, sizeof(next), "limit=3&marker=%s",
		test_id(model_first(model, KIND_PORT, PORT_BY_NAME, "p4", NULL)));
	assert_list(model, next, "p3 p2 p1 +");
	g_strlcat(next, "&tenant_id=bob", sizeof(next));
	assert_list(model, next, "p3 p2");
	g_snprintf(next, sizeof(next), "limit=2&page_reverse=true&marker=%s",
		test_id(model_first(model, KIND_PORT, PORT_BY_NAME, "p2", NULL)));
	assert_list(model, next, "p4 p3 +");
	assert_list(model, "sort_key=name", "p0 p1 p2 p3 p4 p5");
	assert_list(model, "sort_key=admin_state_up&sort_key=name&sort_dir=asc&sort_dir=desc",
		"p5 p3 p1 p4 p2 p0");
	g_snprintf(next, sizeof(next), "sort_key=name&limit=2&marker=%s",
		test_id(model_first(model, KIND_PORT, PORT_BY_NAME, "p1", NULL)));
	assert_list(model, next, "p2 p3 +");
	model_free(model);
}

static void who_sees_what(void **state)
{
	static const struct caller bob = { CALLER_MEMBER, "bob" },
				   alice = { CALLER_READER, "alice" },
				   eve = { CALLER_MEMBER, "eve" };
	struct model *model = make_model();

	(void)state;
	assert_list_as(model, &bob, "", "p5 p4 p3 p2");
	assert_list_as(model, &alice, "", "p5 p4 p3 p2 p1 p0"); /* the network is hers */
	assert_list_as(model, &eve, "", "");
	model_free(model);
}

static void bad_parameters(void **state)
{
	static const char *const bad[][2] = { { "colour", "red" }, { "sort_key", "colour" },
		{ "sort_dir", "up" }, { "limit", "-1" }, { "limit", "many" },
		{ "admin_state_up", "perhaps" }, { "fixed_ips", "10.0.0.1" },
		{ "fixed_ips", "colour=red" }, { "binding:host_id", "h1" },
		{ "changed_since", "yesterday" }, { "updated_at", "lt:yesterday" } };
	static const struct caller bob = { CALLER_MEMBER, "bob" };
	g_autoptr(query) query = query_new(&port_kind, &bob);
	struct model *model = make_model();
	GError *error = NULL;
	bool more;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_false(query_add(query, bad[i][0], bad[i][1], &error));
		assert_int_equal(weft_error_status(error), 400);
		g_clear_error(&error);
	}
	assert_true(query_add(query, "sort_dir", "asc", &error));
	assert_null(query_run(query, model, &more, &error));
	assert_error(error, INVALID_INPUT);
	assert_true(query_add(query, "sort_key", "name", &error));
	assert_true(query_add(query, "marker", "nobody", &error));
	assert_null(query_run(query, model, &more, &error));
	assert_error(error, INVALID_INPUT);
	model_free(model);
}

static void fields_and_secrets(void **state)
{
	g_autoptr(query) query = query_new(&host_kind, &test_admin);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	struct model *model = make_model();
	const struct object *host = host_find(model, "h1");
	struct object *draft = object_edit(host);
	struct txn *txn = txn_new(model, &test_admin);
	GError *error = NULL;

	(void)state;
	object_set_str(draft, HOST_CREDENTIAL_HASH, "abcdef");
	host = txn_put(txn, draft, NULL);
	object_write_json(host, model, &test_admin, 0, &w);
	assert_null(strstr(text->str, "abcdef"));
	assert_null(strstr(text->str, "credential"));
	assert_false(query_add(query, "credential_hash", "abcdef", &error));
	assert_error(error, INVALID_INPUT);
	assert_true(query_add(query, "fields", "", NULL));
	assert_int_equal(query_fields(query), 0);
	assert_true(query_add(query, "fields", "name", NULL));
	assert_true(query_add(query, "fields", "ports", NULL));
	g_string_truncate(text, 0);
	w = json_writer_on(text);
	object_write_json(host, model, &test_admin, query_fields(query), &w);
	assert_string_equal(text->str, "{\"name\":\"h1\",\"ports\":1}");
	txn_free(txn);
	model_free(model);
}

static struct caller caller_of(const char *project)
{
	return (struct caller){ .role = CALLER_MEMBER, .project_id = project };
}

/* Projects with networks, ports on each other's, and policies of every form. */
static struct model *mixed_model(void)
{
	static const char *const projects[] = { "a", "b", "c", "d" };
	struct model *model = model_new();
	GRand *random = g_rand_new_with_seed(7);
	char networks[24][UUID_STRLEN];

	for (unsigned i = 0; i < G_N_ELEMENTS(networks); i++) {
		const char *project = projects[g_rand_int_range(random, 0, 4)];

		strcpy(networks[i],
			test_id(test_create(model, KIND_NETWORK,
				test_json("{'project_id':'%s','shared':%s,'router:external':%s}",
					project, i % 7 == 0 ? "true" : "false",
					i % 8 == 3 ? "true" : "false"))));
		test_create(model, KIND_SUBNET,
			test_json(
				"{'network_id':'%s','project_id':'%s','cidr':'10.0.0.0/24','ip_version':4}",
				networks[i], projects[i % 4]));
	}
	for (unsigned i = 0; i < 150; i++)
		test_create(model, KIND_PORT,
			test_json("{'network_id':'%s','project_id':'%s','name':'p%u'}",
				networks[g_rand_int_range(random, 0, 24)],
				projects[g_rand_int_range(random, 0, 4)], i % 5));
	for (unsigned i = 0; i < 8; i++)
		test_create(model, KIND_RBAC_POLICY,
			test_json(
				"{'object_type':'network','object_id':'%s','action':'access_as_%s','target_tenant':'%s'}",
				networks[3 * i + 1], i % 2 ? "shared" : "external",
				projects[i % 4]));
	g_rand_free(random);
	return model;
}

/* The same, in pages. */
static void check_pages(const struct model *model, enum kind_id kind, const struct caller *caller,
	const GPtrArray *all)
{
	char marker[UUID_STRLEN] = "";
	guint n = 0;
	bool more = true;

	while (more) {
		g_autoptr(query) query = query_new(kind_by_id(kind), caller);
		g_autoptr(GPtrArray) page = NULL;

		assert_true(query_add(query, "limit", "3", NULL));
		if (*marker)
			assert_true(query_add(query, "marker", marker, NULL));
		page = query_run(query, model, &more, NULL);
		for (guint i = 0; i < page->len; i++) {
			assert_true(n < all->len);
			assert_ptr_equal(page->pdata[i], all->pdata[n++]);
			uuid_format(object_id(page->pdata[i]), marker);
		}
	}
	assert_int_equal(n, all->len);
}

/* The list of a kind is all of it that the caller may see, in order, however it is found. */
static void check_list(struct model *model, enum kind_id kind, const struct caller *caller)
{
	g_autoptr(query) query = query_new(kind_by_id(kind), caller);
	g_autoptr(GPtrArray) page = NULL;
	const struct object *object;
	struct model_iter iter;
	guint n = 0;
	bool more;

	page = query_run(query, model, &more, NULL);
	model_iter_all(&iter, model, kind, NULL);
	while ((object = model_iter_next(&iter)))
		if (model_visible(model, object, caller)) {
			assert_true(n < page->len);
			assert_ptr_equal(page->pdata[n++], object);
		}
	assert_int_equal(n, page->len);
	check_pages(model, kind, caller, page);
}

static void lists_are_what_is_visible(void **state)
{
	static const char *const projects[] = { "a", "b", "c", "d", "nobody", "" };
	struct model *model = mixed_model();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(projects); i++) {
		struct caller caller = caller_of(projects[i]);

		for (unsigned kind = KIND_NONE + 1; kind < N_KINDS; kind++)
			if (!(kind_by_id(kind)->flags & KIND_COMPUTED))
				check_list(model, kind, &caller);
	}
	model_free(model);
}

/* What a member lists does not depend on how much others have. */
static void sight_leaves_others_out(void **state)
{
	struct model *model = mixed_model();
	struct caller stranger = caller_of("nobody"), member = caller_of("a");
	g_autoptr(GPtrArray) none = sight_gather(model, &port_kind, &stranger, NULL);
	g_autoptr(GPtrArray) some = sight_gather(model, &port_kind, &member, NULL);
	g_autoptr(GPtrArray) hosts = sight_gather(model, &host_kind, &member, NULL);

	(void)state;
	assert_int_equal(none->len, 0);
	assert_true(some->len && some->len < model_count_all(model, KIND_PORT));
	assert_null(hosts);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_what_is_visible),
		cmocka_unit_test(sight_leaves_others_out),
		cmocka_unit_test(filters),
		cmocka_unit_test(changed_since),
		cmocka_unit_test(times_are_compared),
		cmocka_unit_test(pages_and_order),
		cmocka_unit_test(who_sees_what),
		cmocka_unit_test(bad_parameters),
		cmocka_unit_test(fields_and_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
