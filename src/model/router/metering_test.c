/* SPDX-License-Identifier: Apache-2.0 */
/* Metering labels with their rules, and logs: what goes together, and what goes with what. */
#include "model/router/metering_label.h"
#include "model/firewall/network_log.h"
#include "model/firewall/security_group.h"
#include "model/testing.h"

static const struct object *try_rule(
	struct model *model, const struct object *label, const char *more, GError **error)
{
	return test_create_as(model, &test_admin, KIND_METERING_LABEL_RULE,
		test_json("{'metering_label_id':'%s','direction':'ingress',%s}", test_id(label),
			more),
		error);
}

/* Only the older attribute's prefixes must be disjoint, and only where both would count. */
static void overlaps(void **state)
{
	g_autoptr(model) model = model_new();
	const struct object *label = test_create(model, KIND_METERING_LABEL, test_json("{}"));
	const struct object *other = test_create(model, KIND_METERING_LABEL, test_json("{}"));
	GError *error = NULL;

	(void)state;
	assert_non_null(try_rule(model, label, "'remote_ip_prefix':'10.0.0.5/24'", &error));
	assert_null(try_rule(model, label, "'remote_ip_prefix':'10.0.0.77'", &error));
	assert_non_null(strstr(error->message, "10.0.0.5/24"));
	assert_error(error, METERING_RULE_OVERLAPS);
	assert_non_null(try_rule(model, label, "'remote_ip_prefix':'10.0.1.0/24'", &error));
	assert_non_null(try_rule(model, label, "'remote_ip_prefix':'::/0'", &error));
	assert_non_null(
		try_rule(model, label, "'remote_ip_prefix':'10.0.0.0/24','excluded':true", &error));
	assert_non_null(try_rule(model, label, "'source_ip_prefix':'10.0.0.0/24'", &error));
	assert_non_null(try_rule(model, label, "'source_ip_prefix':'10.0.0.0/24'", &error));
	assert_non_null(try_rule(model, other, "'remote_ip_prefix':'10.0.0.0/24'", &error));
	assert_null(try_rule(model, other, "'excluded':false", &error));
	assert_error(error, INVALID_INPUT);
	assert_null(try_rule(model, other,
		"'remote_ip_prefix':'10.9.0.0/24','destination_ip_prefix':'10.0.0.0/24'", &error));
	assert_error(error, INVALID_INPUT);
	assert_true(test_delete(model, label, &error));
	assert_int_equal(model_count_all(model, KIND_METERING_LABEL_RULE), 1);
}

static const struct object *try_log(struct model *model, const char *more, GError **error)
{
	return test_create_as(model, &test_admin, KIND_NETWORK_LOG,
		test_json("{'resource_type':'security_group'%s}", more), error);
}

static void logs_go_with_their_subject(void **state)
{
	g_autoptr(model) model = model_new();
	const struct object *network = test_create(model, KIND_NETWORK, test_json("{}"));
	const struct object *first = test_create(model, KIND_SECURITY_GROUP, test_json("{}"));
	const struct object *second = test_create(model, KIND_SECURITY_GROUP, test_json("{}"));
	const struct object *port = test_create(model, KIND_PORT,
		test_json("{'network_id':'%s','security_groups':['%s']}", test_id(network),
			test_id(first)));
	g_autofree char *both = g_strdup_printf(
		",'resource_id':'%s','target_id':'%s'", test_id(first), test_id(port));
	g_autofree char *strange = g_strdup_printf(
		",'resource_id':'%s','target_id':'%s'", test_id(second), test_id(port));
	g_autofree char *group = g_strdup_printf(",'resource_id':'%s'", test_id(second));
	GError *error = NULL;

	(void)state;
	assert_non_null(try_log(model, both, &error));
	assert_non_null(try_log(model, group, &error));
	assert_null(try_log(model, strange, &error));
	assert_error(error, LOG_CONSTRAINT);
	assert_true(test_delete(model, port, &error));
	assert_int_equal(model_count_all(model, KIND_NETWORK_LOG), 1);
	assert_true(test_delete(model, second, &error));
	assert_int_equal(model_count_all(model, KIND_NETWORK_LOG), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlaps),
		cmocka_unit_test(logs_go_with_their_subject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
