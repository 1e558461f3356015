/* SPDX-License-Identifier: Apache-2.0 */
/* VPN: what is refused, what is filled in, what can't be taken away. */
#include <string.h>

#include "model/provider/appliance.h"
#include "model/host/host.h"
#include "model/vpn/ike_policy.h"
#include "model/vpn/ipsec_site_connection.h"
#include "model/port/port.h"
#include "model/provider/service_provider.h"
#include "model/testing_l3.h"
#include "model/vpn/vpnservice.h"

struct vpn {
	const struct object *subnet, *router, *ike, *ipsec, *service, *groups;
};

static void refuse(struct l3 *f, enum kind_id kind, enum weft_error expected, json_t *body)
{
	g_autoptr(GError) error = NULL;

	if (test_create_as(f->model, &test_admin, kind, body, &error))
		fail_msg("taken, not refused as %d", (int)expected);
	if (error->code != (int)expected)
		fail_msg("%d, not %d: %s", error->code, (int)expected, error->message);
}

static const struct object *make(struct l3 *f, enum kind_id kind, json_t *body)
{
	GError *error = NULL;
	const struct object *made = test_create_as(f->model, &test_admin, kind, body, &error);

	if (!made)
		fail_msg("%s", error->message);
	return made;
}

static void vpn_new(struct l3 *f, struct vpn *v)
{
	v->subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'");
	service_provider_register(f->model, "acme", false, SERVICE_BIT(SERVICE_VPN), NULL);
	v->router = l3_router(f,
		"'external_gateway_info':{'network_id':'%s'},'service_providers':{'vpn':'acme'}",
		test_id(f->external));
	v->ike = make(f, KIND_IKE_POLICY, test_json("{'lifetime':{'value':600}}"));
	v->ipsec = make(f, KIND_IPSEC_POLICY, test_json("{}"));
	refuse(f, KIND_VPNSERVICE, WEFT_ERROR_SUBNET_NOT_CONNECTED,
		test_json("{'router_id':'%s','subnet_id':'%s'}", test_id(v->router),
			test_id(v->subnet)));
	l3_connect(f, v->router, v->subnet);
	v->service = make(f, KIND_VPNSERVICE,
		test_json("{'router_id':'%s','subnet_id':'%s'}", test_id(v->router),
			test_id(v->subnet)));
	v->groups = make(f, KIND_VPNSERVICE, test_json("{'router_id':'%s'}", test_id(v->router)));
}

static json_t *connection(const struct vpn *v, const struct object *service, const char *more)
{
	return test_json(
		"{'vpnservice_id':'%s','ikepolicy_id':'%s','ipsecpolicy_id':'%s','peer_id':'b.example.org','psk':'x'%s}",
		test_id(service), test_id(v->ike), test_id(v->ipsec), more);
}

#define PEER ",'peer_address':'198.51.100.9'"

static void test_policies(void **state)
{
	struct l3 *f = *state;
	const struct object *policy =
		make(f, KIND_IKE_POLICY, test_json("{'lifetime':{'value':600}}"));

	assert_string_equal(
		object_str(policy, IKE_POLICY_LIFETIME), "{\"units\":\"seconds\",\"value\":600}");
	assert_string_equal(object_str(policy, IKE_POLICY_PFS), "group5");
	refuse(f, KIND_IKE_POLICY, WEFT_ERROR_INVALID_INPUT, test_json("{'pfs':'group1'}"));
	refuse(f, KIND_IKE_POLICY, WEFT_ERROR_INVALID_INPUT,
		test_json("{'lifetime':{'value':59}}"));
	refuse(f, KIND_IPSEC_POLICY, WEFT_ERROR_INVALID_INPUT,
		test_json("{'encapsulation_mode':'beet'}"));
}

static void test_connections(void **state)
{
	static const struct {
		enum weft_error error;
		const char *more;
	} refused[] = {
		{ WEFT_ERROR_BAD_REQUEST, "" },
		{ WEFT_ERROR_PEER_CIDRS_MISSING, PEER },
		{ WEFT_ERROR_IPSEC_NOT_SERVED, PEER ",'peer_cidrs':['0.0.0.0/0']" },
		{ WEFT_ERROR_IPSEC_MIXED_ENDS, PEER ",'peer_cidrs':['2001:db8::/64']" },
		{ WEFT_ERROR_IPSEC_MIXED_CIDRS,
			PEER ",'peer_cidrs':['10.1.0.0/24','2001:db8::/64']" },
		{ WEFT_ERROR_IPSEC_NOT_SERVED, /* the router has no such address outside */
			",'peer_address':'2001:db8::1','peer_cidrs':['10.1.0.0/24']" },
		{ WEFT_ERROR_IPSEC_DPD, PEER ",'peer_cidrs':['10.1.0.0/24'],'dpd':{'timeout':30}" },
		{ WEFT_ERROR_IPSEC_MTU, PEER ",'peer_cidrs':['10.1.0.0/24'],'mtu':500" },
		{ WEFT_ERROR_INVALID_INPUT,
			PEER ",'peer_cidrs':['10.1.0.0/24'],'local_id':'%any'" },
	};
	struct l3 *f = *state;
	const struct object *made;
	struct vpn v;

	vpn_new(f, &v);
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
		refuse(f, KIND_IPSEC_SITE_CONNECTION, refused[i].error,
			connection(&v, v.service, refused[i].more));
	made = make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(
			&v, v.service, PEER ",'peer_cidrs':['10.1.0.0/24'],'dpd':{'interval':5}"));
	assert_string_equal(object_str(made, IPSEC_SITE_CONNECTION_DPD),
		"{\"action\":\"hold\",\"interval\":5,\"timeout\":120}");
}

#define PEER6 ",'peer_address':'2001:db8:e::9','peer_cidrs':['2001:db8:1::/64']"

/* IPv6 by IPv6, and by IPv4; subnets of both versions at one end are not one connection's. */
static void test_ipv6(void **state)
{
	struct l3 *f = *state;
	const struct object *service, *subnet, *local, *peer;
	struct vpn v;

	l3_subnet(f, f->external, "'ip_version':6,'cidr':'2001:db8:f::/64'");
	subnet = l3_subnet(f, f->inside, "'ip_version':6,'cidr':'2001:db8::/64'");
	vpn_new(f, &v);
	l3_connect(f, v.router, subnet);
	service = make(f, KIND_VPNSERVICE,
		test_json(
			"{'router_id':'%s','subnet_id':'%s'}", test_id(v.router), test_id(subnet)));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_MTU,
		connection(&v, service, PEER6 ",'mtu':1279"));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_MIXED_ENDS,
		connection(&v, service, PEER ",'peer_cidrs':['10.1.0.0/24']"));
	make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(&v, service, PEER6 ",'mtu':1280,'local_id':'2001:db8:f::5'"));
	make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(&v, service, PEER ",'peer_cidrs':['2001:db8:2::/64']"));
	make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(&v, v.service,
			",'peer_address':'2001:db8:e::9','peer_cidrs':['10.1.0.0/24']"));
	local = make(f, KIND_VPN_ENDPOINT_GROUP,
		test_json("{'type':'subnet','endpoints':['%s','%s']}", test_id(v.subnet),
			test_id(subnet)));
	peer = make(f, KIND_VPN_ENDPOINT_GROUP,
		test_json("{'type':'cidr','endpoints':['10.3.0.0/24']}"));
	g_autofree char *groups =
		g_strdup_printf(PEER ",'local_ep_group_id':'%s','peer_ep_group_id':'%s'",
			test_id(local), test_id(peer));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_MIXED_ENDPOINTS,
		connection(&v, v.groups, groups));
}

static const struct object *formed(struct l3 *f, struct vpn *v, const char *form)
{
	v->ipsec = make(f, KIND_IPSEC_POLICY, test_json("{%s}", form));
	return v->ipsec;
}

#define TRANSPORT "'encapsulation_mode':'transport'"
#define ALONE PEER ",'peer_cidrs':['198.51.100.9/32']"

/* Z34: AH as it is asked for; in transport mode the two ends alone; what nothing can do is refused.
 */
static void test_forms(void **state)
{
	struct l3 *f = *state;
	const struct object *made;
	json_t *local;
	struct vpn v;

	vpn_new(f, &v);
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_NOT_SERVED,
		connection(&v, v.service, ALONE));
	formed(f, &v, "'transform_protocol':'ah-esp'");
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_NOT_SERVED,
		connection(&v, v.service, PEER ",'peer_cidrs':['10.1.0.0/24']"));
	formed(f, &v, "'transform_protocol':'ah'");
	make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(&v, v.service, PEER ",'peer_cidrs':['10.1.0.0/24']"));
	formed(f, &v, TRANSPORT);
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_NOT_SERVED,
		connection(&v, v.service, PEER ",'peer_cidrs':['10.2.0.0/24']"));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_NOT_SERVED,
		connection(&v, v.service, PEER ",'peer_cidrs':['198.51.100.9/32','10.2.0.0/24']"));
	made = make(f, KIND_IPSEC_SITE_CONNECTION, connection(&v, v.service, ALONE));
	local = ipsec_site_local_cidrs(f->model, made);
	assert_int_equal(json_array_size(local), 1);
	assert_non_null(strstr(json_string_value(json_array_get(local, 0)), "/32"));
	json_decref(local);
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_NOT_SERVED,
		connection(&v, v.service, ALONE)); /* another one has these packets */
	v.ike = make(f, KIND_IKE_POLICY, test_json("{'phase1_negotiation_mode':'aggressive'}"));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_NOT_SERVED,
		connection(&v, v.service, PEER ",'peer_cidrs':['10.3.0.0/24']"));
}

/* What the router would refuse as a whole, of several connections, is refused of each. */
static void test_two_connections(void **state)
{
	struct l3 *f = *state;
	struct vpn v;

	vpn_new(f, &v);
	make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(&v, v.service, PEER ",'peer_cidrs':['10.1.0.0/24']"));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_NOT_SERVED,
		connection(&v, v.service, PEER ",'peer_cidrs':['10.1.0.0/16']"));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_IPSEC_NOT_SERVED,
		test_json(
			"{'vpnservice_id':'%s','ikepolicy_id':'%s','ipsecpolicy_id':'%s','peer_id':'b.example.org','psk':'y','peer_address':'198.51.100.9','peer_cidrs':['10.2.0.0/24']}",
			test_id(v.service), test_id(v.ike), test_id(v.ipsec)));
	make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(&v, v.service, PEER ",'peer_cidrs':['10.2.0.0/24']"));
}

static void refuse_action(struct l3 *f, const struct object *router, const char *name,
	enum weft_error expected, json_t *body)
{
	g_autoptr(GError) error = NULL;

	assert_false(l3_act(f, router, name, body, &error));
	assert_int_equal(error->code, (int)expected);
}

static void refuse_update(
	struct l3 *f, const struct object *object, enum weft_error expected, json_t *body)
{
	struct txn *txn = txn_new(f->model, &test_admin);
	g_autoptr(GError) error = NULL;

	assert_null(txn_update(txn, object_kind(object)->id, test_id(object), body, &error));
	assert_int_equal(error->code, (int)expected);
	json_decref(body);
	txn_free(txn);
}

/* Z2, Z34: a router without a provider of VPN has none, and one with VPN keeps what that needs. */
static void test_router(void **state)
{
	struct l3 *f = *state;
	const struct object *plain =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));
	g_autoptr(GError) error = NULL;
	struct vpn v;

	vpn_new(f, &v);
	assert_null(test_create_as(f->model, &test_admin, KIND_VPNSERVICE,
		test_json("{'router_id':'%s'}", test_id(plain)), &error));
	assert_int_equal(error->code, WEFT_ERROR_SERVICE_NOT_PROVIDED);
	assert_non_null(strstr(error->message, "there is acme"));
	refuse_action(f, v.router, "remove_router_interface", WEFT_ERROR_SUBNET_HAS_VPN,
		test_json("{'subnet_id':'%s'}", test_id(v.subnet)));
	refuse_update(f, v.router, WEFT_ERROR_ROUTER_HAS_VPN,
		test_json("{'external_gateway_info':null}"));
	refuse_update(f, v.router, WEFT_ERROR_ROUTER_HAS_VPN,
		test_json("{'service_providers':{'vpn':null}}"));
}

static bool alive;

static void liveness(const struct object *host, unsigned slot, struct json_writer *w, void *data)
{
	(void)host;
	(void)data;
	if (slot == HOST_ALIVE)
		jw_bool(w, alive);
	else
		jw_null(w);
}

/* An appliance of the router says that of the connection. */
static void say(struct l3 *f, const struct vpn *v, const char *connection, const char *status)
{
	struct txn *txn = txn_new(f->model, &test_admin);
	struct object *draft = object_new(&appliance_kind, NULL);
	g_autofree char *tunnels = g_strdup_printf(
		"[{\"type\":\"ipsec\",\"name\":\"%s\",\"status\":\"%s\",\"status_reason\":\"so\"}]",
		connection, status);

	object_set_str(draft, SLOT_NAME, status);
	object_set_str(draft, APPLIANCE_HOST, "h1");
	object_set_str(draft, APPLIANCE_OBJECT_ID, test_id(v->router));
	object_set_str(draft, APPLIANCE_TUNNELS, tunnels);
	assert_non_null(appliance_put(txn, draft, NULL));
	changeset_free(test_apply(txn));
}

static void assert_down(struct l3 *f, const struct object *connection, const char *expected)
{
	g_autofree char *reason = NULL;

	assert_int_not_equal(ipsec_site_status(f->model, connection, &reason), TUNNEL_ACTIVE);
	if (!strstr(reason, expected))
		fail_msg("%s, not %s", reason, expected);
}

/* ACTIVE is what an appliance of its router says now, on a host that is heard of. */
static void test_status(void **state)
{
	struct l3 *f = *state;
	g_autofree char *reason = NULL;
	const struct object *made, *off;
	struct vpn v;

	vpn_new(f, &v);
	alive = true;
	host_set_liveness(f->model, liveness, NULL);
	test_create(f->model, KIND_HOST, test_json("{'name':'h1'}"));
	made = make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(&v, v.service, PEER ",'peer_cidrs':['10.1.0.0/24']"));
	off = make(f, KIND_IPSEC_SITE_CONNECTION,
		connection(&v, v.service,
			PEER ",'peer_cidrs':['10.2.0.0/24'],'admin_state_up':false"));
	assert_down(f, made, "there is no appliance");
	say(f, &v, "another", "ACTIVE");
	assert_down(f, made, "has not made it yet");
	say(f, &v, test_id(made), "DOWN");
	assert_down(f, made, "so");
	say(f, &v, test_id(made), "ERROR");
	assert_int_equal(ipsec_site_status(f->model, made, &reason), TUNNEL_ERROR);
	assert_string_equal(reason, "so");
	g_clear_pointer(&reason, g_free);
	say(f, &v, test_id(made), "ACTIVE");
	assert_int_equal(ipsec_site_status(f->model, made, &reason), TUNNEL_ACTIVE);
	say(f, &v, test_id(off), "ACTIVE");
	assert_down(f, off, "switched off");
	alive = false;
	assert_down(f, made, "not heard of");
}

static void test_groups(void **state)
{
	struct l3 *f = *state;
	g_autofree char *both = NULL, *swapped = NULL;
	const struct object *local, *peer;
	struct vpn v;

	vpn_new(f, &v);
	refuse(f, KIND_VPN_ENDPOINT_GROUP, WEFT_ERROR_ENDPOINTS_MISSING,
		test_json("{'type':'cidr'}"));
	refuse(f, KIND_VPN_ENDPOINT_GROUP, WEFT_ERROR_ENDPOINT_INVALID,
		test_json("{'type':'cidr','endpoints':['10.0.0.1/24']}"));
	refuse(f, KIND_VPN_ENDPOINT_GROUP, WEFT_ERROR_ENDPOINT_INVALID,
		test_json("{'type':'subnet','endpoints':['10.0.0.0/24']}"));
	refuse(f, KIND_VPN_ENDPOINT_GROUP, WEFT_ERROR_ENDPOINT_INVALID,
		test_json("{'type':'vlan','endpoints':['4095']}"));
	local = make(f, KIND_VPN_ENDPOINT_GROUP,
		test_json("{'type':'subnet','endpoints':['%s']}", test_id(v.subnet)));
	peer = make(f, KIND_VPN_ENDPOINT_GROUP,
		test_json("{'type':'cidr','endpoints':['10.1.0.0/24']}"));
	both = g_strdup_printf(PEER ",'local_ep_group_id':'%s','peer_ep_group_id':'%s'",
		test_id(local), test_id(peer));
	swapped = g_strdup_printf(PEER ",'local_ep_group_id':'%s','peer_ep_group_id':'%s'",
		test_id(peer), test_id(local));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_ENDPOINT_GROUP_REQUIRED,
		connection(&v, v.groups, PEER));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_PEER_CIDRS_INVALID,
		connection(&v, v.groups, PEER ",'peer_cidrs':['10.1.0.0/24']"));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_ENDPOINT_GROUP_TYPE,
		connection(&v, v.groups, swapped));
	refuse(f, KIND_IPSEC_SITE_CONNECTION, WEFT_ERROR_ENDPOINT_GROUP_INVALID,
		connection(&v, v.service, both));
	make(f, KIND_IPSEC_SITE_CONNECTION, connection(&v, v.groups, both));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(test_policies),
		l3_test(test_connections),
		l3_test(test_ipv6),
		l3_test(test_forms),
		l3_test(test_two_connections),
		l3_test(test_groups),
		l3_test(test_router),
		l3_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
