/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers, their policies and rules: what is refused, and what goes with what. */
#include "model/firewall/security_policy.h"

#include "model/firewall/security_policy_rule.h"
#include "model/firewall/security_tier.h"
#include "model/testing.h"

static const struct caller admin = { .role = CALLER_ADMIN, .project_id = "p" };
static const struct caller member = { .role = CALLER_MEMBER, .project_id = "p" };

/* A new object's id (static, of the last few), or NULL; *ret_error: its code. */
static const char *create(struct model *model, const struct caller *caller, enum kind_id kind,
	json_t *body, int *ret_error)
{
	static char ids[8][UUID_STRLEN];
	static unsigned n;
	g_autoptr(txn) txn = txn_new(model, caller);
	g_autoptr(GError) error = NULL;
	const struct object *made = txn_create(txn, kind, body, &error);
	const char *id = NULL;

	json_decref(body);
	*ret_error = error ? error->code : 0;
	if (!made)
		return NULL;
	id = uuid_format(object_id(made), ids[n++ % 8]);
	changeset_free(txn_apply(g_steal_pointer(&txn), model_revision(model) + 1));
	return id;
}

static void refuse(struct model *model, enum kind_id kind, enum weft_error expected, json_t *body)
{
	int error;

	assert_null(create(model, &admin, kind, body, &error));
	assert_int_equal(error, expected);
}

static const char *make(struct model *model, enum kind_id kind, json_t *body)
{
	int error;
	const char *id = create(model, &admin, kind, body, &error);

	assert_non_null(id);
	return id;
}

static void test_tiers(void **state)
{
	g_autoptr(model) model = model_new();
	char name[8];
	int error;

	(void)state;
	make(model, KIND_SECURITY_TIER, test_json("{'name':'t','priority':1}"));
	refuse(model, KIND_SECURITY_TIER, WEFT_ERROR_SECURITY_TIER_EXISTS,
		test_json("{'name':'t','priority':2}"));
	refuse(model, KIND_SECURITY_TIER, WEFT_ERROR_SECURITY_TIER_EXISTS,
		test_json("{'name':'u','priority':1}"));
	refuse(model, KIND_SECURITY_TIER, WEFT_ERROR_INVALID_INPUT,
		test_json("{'name':'','priority':3}"));
	assert_null(create(model, &member, KIND_SECURITY_TIER,
		test_json("{'name':'m','priority':9}"), &error));
	for (unsigned i = 0; i <= SECURITY_TIERS_MAX; i++) {
		g_snprintf(name, sizeof(name), "x%u", i);
		const char *tier = make(model, KIND_SECURITY_TIER,
			test_json("{'name':'%s','priority':%u}", name, 10 + i));
		json_t *policy = test_json("{'security_tier_id':'%s','priority':1}", tier);

		if (i < SECURITY_TIERS_MAX)
			make(model, KIND_SECURITY_POLICY, policy);
		else
			refuse(model, KIND_SECURITY_POLICY, WEFT_ERROR_SECURITY_TIER_LIMIT, policy);
	}
}

static void test_policies(void **state)
{
	g_autoptr(model) model = model_new();
	const char *tier;

	(void)state;
	tier = make(model, KIND_SECURITY_TIER, test_json("{'name':'t','priority':1}"));
	make(model, KIND_SECURITY_POLICY,
		test_json("{'security_tier_id':'%s','priority':1}", tier));
	refuse(model, KIND_SECURITY_POLICY, WEFT_ERROR_SECURITY_POLICY_EXISTS,
		test_json("{'security_tier_id':'%s','priority':1}", tier));
	refuse(model, KIND_SECURITY_POLICY, WEFT_ERROR_NETWORK_NOT_FOUND,
		test_json("{'security_tier_id':'%s','priority':2,'networks':['%s']}", tier, tier));
	refuse(model, KIND_SECURITY_POLICY, WEFT_ERROR_PORT_NOT_FOUND,
		test_json("{'security_tier_id':'%s','priority':2,'ports':['%s']}", tier, tier));
	refuse(model, KIND_SECURITY_POLICY, WEFT_ERROR_GROUP_NOT_FOUND,
		test_json("{'security_tier_id':'%s','priority':2,'security_groups':['%s']}", tier,
			tier));
}

static const struct object *policy_now(const struct model *model, const char *id)
{
	return model_get_text(model, KIND_SECURITY_POLICY, id);
}

static void delete_one(struct model *model, enum kind_id kind, const char *id)
{
	g_autoptr(txn) txn = txn_new(model, &member);

	assert_true(txn_delete(txn, kind, id, NULL));
	changeset_free(txn_apply(g_steal_pointer(&txn), model_revision(model) + 1));
}

/* What is deleted is named by no policy any more; one that named nothing else is not applied to
 * everybody, but to nobody. Its project need not be an administrator's. */
static void test_deleted_targets(void **state)
{
	g_autoptr(model) model = model_new();
	const char *tier, *network, *port, *group, *all, *one;
	const struct object *policy;

	(void)state;
	tier = make(model, KIND_SECURITY_TIER, test_json("{'name':'t','priority':1}"));
	network = make(model, KIND_NETWORK, test_json("{'name':'n','project_id':'p'}"));
	port = make(model, KIND_PORT, test_json("{'network_id':'%s','project_id':'p'}", network));
	group = make(model, KIND_SECURITY_GROUP, test_json("{'name':'g','project_id':'p'}"));
	all = make(model, KIND_SECURITY_POLICY,
		test_json("{'security_tier_id':'%s','priority':1,'networks':['%s'],'ports':['%s'],"
			  "'security_groups':['%s'],'port_tags':['web']}",
			tier, network, port, group));
	one = make(model, KIND_SECURITY_POLICY,
		test_json("{'security_tier_id':'%s','priority':2,'ports':['%s']}", tier, port));
	delete_one(model, KIND_PORT, port);
	delete_one(model, KIND_SECURITY_GROUP, group);
	delete_one(model, KIND_NETWORK, network);
	policy = policy_now(model, all);
	assert_string_equal(object_str(policy, SECURITY_POLICY_NETWORKS), "[]");
	assert_string_equal(object_str(policy, SECURITY_POLICY_PORTS), "[]");
	assert_string_equal(object_str(policy, SECURITY_POLICY_SECURITY_GROUPS), "[]");
	assert_true(object_bool(policy, SECURITY_POLICY_ENABLED));
	policy = policy_now(model, one);
	assert_string_equal(object_str(policy, SECURITY_POLICY_PORTS), "[]");
	assert_false(object_bool(policy, SECURITY_POLICY_ENABLED));
}

static json_t *rule(const char *policy, unsigned priority, const char *more)
{
	return test_json("{'security_policy_id':'%s','priority':%u,'action':'deny',%s}", policy,
		priority, more);
}

static void test_rules(void **state)
{
	static const struct {
		enum weft_error error;
		const char *more;
	} wrong[] = {
		{ WEFT_ERROR_SECURITY_POLICY_RULE_EXISTS, "'direction':'ingress'" },
		{ WEFT_ERROR_RULE_NO_PROTOCOL, "'direction':'ingress','port_range_min':1" },
		{ WEFT_ERROR_RULE_PORT_RANGE,
			"'direction':'ingress','protocol':'tcp','port_range_min':9,'port_range_max':8" },
		{ WEFT_ERROR_RULE_PROTOCOL,
			"'direction':'ingress','ethertype':'IPv6','protocol':'ipv6-route'" },
		{ WEFT_ERROR_RULE_PROTOCOL,
			"'direction':'egress','ethertype':'IPv6','protocol':60" },
		{ WEFT_ERROR_RULE_PORT_VALUE,
			"'direction':'ingress','protocol':'tcp','port_range_min':-1" },
		{ WEFT_ERROR_RULE_ETHERTYPE_UNKNOWN, "'direction':'ingress','ethertype':'IPv5'" },
		{ WEFT_ERROR_RULE_PREFIX_FAMILY,
			"'direction':'ingress','remote_ip_prefix':'fd00::/8'" },
		{ WEFT_ERROR_INVALID_INPUT, "'direction':'ingress','remote_domain':'example.com'" },
		{ WEFT_ERROR_INVALID_INPUT, "'direction':'egress','remote_domain':'*'" },
		{ WEFT_ERROR_INVALID_INPUT, "'direction':'egress','remote_domain':'a.*.com'" },
		{ WEFT_ERROR_INVALID_INPUT, "'direction':'egress','remote_domain':'-x.com'" },
		{ WEFT_ERROR_RULE_REMOTES,
			"'direction':'egress','remote_domain':'x.com','remote_ip_prefix':'10.0.0.0/8'" },
	};
	g_autoptr(model) model = model_new();
	const char *tier, *policy, *id;
	const struct object *made;

	(void)state;
	tier = make(model, KIND_SECURITY_TIER, test_json("{'name':'t','priority':1}"));
	policy = make(model, KIND_SECURITY_POLICY,
		test_json("{'security_tier_id':'%s','priority':1}", tier));
	make(model, KIND_SECURITY_POLICY_RULE, rule(policy, 1, "'direction':'ingress'"));
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		refuse(model, KIND_SECURITY_POLICY_RULE, wrong[i].error,
			rule(policy, i ? 2 : 1, wrong[i].more));
	make(model, KIND_SECURITY_POLICY_RULE,
		rule(policy, 3, "'direction':'ingress','ethertype':'IPv6','protocol':'ah'"));
	id = make(model, KIND_SECURITY_POLICY_RULE,
		rule(policy, 2, "'direction':'egress','remote_domain':'*.Example.COM.'"));
	made = model_get_text(model, KIND_SECURITY_POLICY_RULE, id);
	assert_string_equal(object_str(made, SECURITY_POLICY_RULE_DOMAIN), "*.example.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tiers),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_deleted_targets),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
