/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies by the table alone: what is taken, in which canonical form, and what a refusal says. */
#include "model/parse.h"
#include "model/testing.h"
#include "model/value.h"

static const struct caller member = { CALLER_MEMBER, "p" };

static void assert_refused(const struct kind *kind, const char *text, const char *says)
{
	json_t *body = test_json("%s", text);
	GError *error = NULL;

	assert_null(parse_create(kind, NULL, body, &member, &error));
	if (!strstr(error->message, says))
		fail_msg("%s: %s", text, error->message);
	g_clear_error(&error);
	json_decref(body);
}

/* A refusal names the attribute by its path, shows the value, and says what would be right. */
static void refusals_explain(void **state)
{
	(void)state;
	assert_refused(
		&network_kind, "{'mtu':'big'}", "mtu: \"big\" is not a whole number from 68");
	assert_refused(&network_kind, "{'mtu':70000}", "from 68 to 65535");
	assert_refused(&network_kind, "{'colour':1}", "'colour': a network may be given name,");
	assert_refused(&network_kind, "{'id':'x'}", "'id' of a network can't be given");
	assert_refused(&network_kind, "{'tags':['a','a']}", "\"a\" is in the list twice");
	assert_refused(&network_kind, "{'name':{}}", "name: {} is not a string");
	assert_refused(&network_kind, "{'name':'a\\u0001'}", "free of control characters");
	assert_refused(&network_kind, "[]", "{\"network\": {…}}");
	assert_refused(&subnet_kind, "{'network_id':'x','cidr':'1.2.3.0/24'}",
		"network_id: \"x\" is not a UUID");
	assert_refused(&subnet_kind, "{'cidr':'1.2.3.0/24'}", "'network_id' is missing");
	assert_refused(&subnet_kind, "{'allocation_pools':[{'start':'10.0.0.1','end':7}]}",
		"allocation_pools[0].end: 7 is not");
	assert_refused(
		&subnet_kind, "{'allocation_pools':[{'start':'10.0.0.1'}]}", "'end' is missing");
	assert_refused(&subnet_kind, "{'allocation_pools':[{'begin':'10.0.0.1'}]}",
		"it has no 'begin'; what it may have is start, end");
	assert_refused(
		&subnet_kind, "{'ipv6_ra_mode':'magic'}", "one of \"slaac\", \"dhcpv6-stateful\"");
	assert_refused(&port_kind, "{'fixed_ips':'none'}", "fixed_ips: give a list");
}

static void too_long(void **state)
{
	g_autofree char *name = g_strnfill(256, 'x');
	g_autofree char *body = g_strdup_printf("{'name':'%s'}", name);
	g_autofree char *many = g_strnfill(255, 'y');
	g_autofree char *fits = g_strdup_printf("{'name':'%s'}", many);
	json_t *json = test_json("%s", fits);
	g_autoptr(object) draft = parse_create(&network_kind, NULL, json, &member, NULL);

	(void)state;
	assert_refused(&network_kind, body, "at most 255 characters long");
	assert_non_null(draft);
	json_decref(json);
}

static void canonical_forms(void **state)
{
	json_t *body =
		test_json("{'network_id':'01234567-89AB-cdef-0123-456789abcdef',"
			  "'cidr':'FD00:0:0::1/64','gateway_ip':'FD00::0:1','tenant_id':'p',"
			  "'enable_dhcp':'False','dns_nameservers':['FD00::2'],"
			  "'host_routes':[{'nexthop':'fd00::3','destination':'fd01::1/48'}]}");
	GError *error = NULL;
	g_autoptr(object) draft = parse_create(&subnet_kind, NULL, body, &member, &error);

	(void)state;
	if (!draft)
		fail_msg("%s", error->message);
	json_decref(body);
	assert_string_equal(
		object_str(draft, SUBNET_NETWORK_ID), "01234567-89ab-cdef-0123-456789abcdef");
	assert_string_equal(object_str(draft, SUBNET_CIDR), "fd00::/64");
	assert_string_equal(object_str(draft, SUBNET_GATEWAY_IP), "fd00::1");
	assert_string_equal(object_str(draft, SUBNET_DNS_NAMESERVERS), "[\"fd00::2\"]");
	assert_string_equal(object_str(draft, SUBNET_HOST_ROUTES),
		"[{\"destination\":\"fd01::/48\",\"nexthop\":\"fd00::3\"}]");
	assert_false(object_bool(draft, SUBNET_ENABLE_DHCP));
	assert_true(object_given(draft) & SLOT_BIT(SUBNET_GATEWAY_IP));
	assert_false(object_given(draft) & SLOT_BIT(SUBNET_ALLOCATION_POOLS));
}

/* Every kind's table is whole: defaults of their types, references to indexes that exist. */
static void tables_are_whole(void **state)
{
	(void)state;
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id(id);
		g_autoptr(object) draft = object_new(kind, NULL);

		assert_int_equal(kind->id, id);
		assert_ptr_equal(kind_by_name(kind_name(kind)), kind);
		if (!(kind->flags & (KIND_ELSEWHERE | KIND_COMPUTED)) &&
			kind_attr(kind, SLOT_NAME)->name)
			assert_string_equal(kind->indexes[0].name, "name");
		for (unsigned slot = 0; slot < kind->n_slots; slot++) {
			const struct attr *attr = kind_attr(kind, slot);

			if (!attr->name)
				continue;
			assert_int_equal(kind_slot(kind, attr->name), slot);
			if (attr->type == TYPE_ENUM)
				assert_non_null(attr->choices);
			if (attr->refers) {
				assert_true(
					attr->refers <= id || attr->on_delete == ON_DELETE_REFUSE);
				assert_int_equal(
					kind->indexes[attr->referrer_index].slots[0], slot);
			}
			if (slot &&
				!(attr->flags & (ATTR_NULLABLE | ATTR_COMPUTED | ATTR_SECRET |
							ATTR_REQUIRED)) &&
				attr->flags & ATTR_CREATE && !attr->fallback)
				assert_true(slot == PORT_MAC_ADDRESS || slot == SUBNET_IP_VERSION);
		}
	}
}

static void times(void **state)
{
	static const s64 seconds[] = { 0, -1, 951782399, 951782400, 951868800, 1709164800,
		1735689599, 4102444800, 253402300799 };
	char text[TIME_STRLEN];
	s64 back;

	(void)state;
	assert_string_equal(time_format(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(time_format(951782400, text), "2000-02-29T00:00:00Z");
	assert_string_equal(time_format(1735689599, text), "2024-12-31T23:59:59Z");
	for (size_t i = 0; i < G_N_ELEMENTS(seconds); i++) {
		assert_true(time_parse(time_format(seconds[i], text), &back));
		assert_int_equal(back, seconds[i]);
	}
}

static void store_refuses_the_unknown(void **state)
{
	struct uuid id = uuid_random();
	GError *error = NULL;

	(void)state;
	assert_null(object_load(&network_kind, &id, 1, "{\"colour\":\"red\"}", &error));
	assert_error(error, STORE_CORRUPT);
	assert_null(object_load(&network_kind, &id, 1, "{\"mtu\":\"big\"}", &error));
	assert_error(error, STORE_CORRUPT);
	assert_null(object_load(&network_kind, &id, 1, "{\"mtu\":", &error));
	assert_error(error, STORE_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_explain),
		cmocka_unit_test(too_long),
		cmocka_unit_test(canonical_forms),
		cmocka_unit_test(tables_are_whole),
		cmocka_unit_test(times),
		cmocka_unit_test(store_refuses_the_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
