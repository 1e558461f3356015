/* SPDX-License-Identifier: Apache-2.0 */
/* GRE and WireGuard of routers: what is refused, and what a router with them keeps. */
#include <string.h>

#include "model/vpn/gre_tunnel.h"
#include "model/provider/service_provider.h"
#include "model/testing_l3.h"
#include "model/vpn/wireguard_interface.h"
#include "model/vpn/wireguard_peer.h"

/* Of RFC 7748, 6.1: a private key and its public one. */
#define PRIVATE "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define PUBLIC "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="

static const struct object *router_with(struct l3 *f, const char *services)
{
	service_provider_register(
		f->model, "acme", false, SERVICE_BIT(SERVICE_VPN) | SERVICE_BIT(SERVICE_GRE), NULL);
	return l3_router(f, "'external_gateway_info':{'network_id':'%s'},'service_providers':{%s}",
		test_id(f->external), services);
}

static const struct object *make(struct l3 *f, enum kind_id kind, json_t *body)
{
	GError *error = NULL;
	const struct object *made = test_create_as(f->model, &test_admin, kind, body, &error);

	if (!made)
		fail_msg("%s", error->message);
	return made;
}

static void refuse(struct l3 *f, enum kind_id kind, enum weft_error expected, json_t *body)
{
	g_autoptr(GError) error = NULL;

	if (test_create_as(f->model, &test_admin, kind, body, &error))
		fail_msg("taken, not refused as %d", (int)expected);
	if (error->code != (int)expected)
		fail_msg("%d, not %d: %s", error->code, (int)expected, error->message);
}

static char *shown(struct l3 *f, const struct object *object, unsigned slot)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	object_write_json(object, f->model, &test_admin, SLOT_BIT(slot), &w);
	return g_string_free(text, FALSE);
}

/* Z2, Z35 */
static void test_gre(void **state)
{
	struct l3 *f = *state;
	const struct object *plain = router_with(f, ""), *router = router_with(f, "'gre':'acme'"),
			    *made;
	const char *id = test_id(router);
	g_autofree char *device = NULL;

	l3_connect(f, router, l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'"));
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_SERVICE_NOT_PROVIDED,
		test_json("{'router_id':'%s','peer_address':'198.51.100.9'}", test_id(plain)));
#define GRE(more) test_json("{'router_id':'%s','peer_address':'198.51.100.9'," more "}", id)
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_INVALID_INPUT,
		test_json("{'router_id':'%s','peer_address':'2001:db8::1'}", id));
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_INVALID_INPUT, GRE("'destinations':['0.0.0.0/0']"));
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_INVALID_INPUT,
		GRE("'destinations':['198.51.100.0/24']"));
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_INVALID_INPUT, GRE("'destinations':['10.0.0.0/25']"));
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_INVALID_INPUT, GRE("'tunnel_address':'10.9.0.1'"));
	made = make(f, KIND_GRE_TUNNEL, GRE("'destinations':['10.1.0.0/24'],'key':7"));
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_CONFLICT, GRE("'key':7"));
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_CONFLICT, GRE("'key':null"));
	refuse(f, KIND_GRE_TUNNEL, WEFT_ERROR_CONFLICT,
		GRE("'destinations':['10.1.0.0/24'],'key':8"));
	device = shown(f, made, GRE_TUNNEL_DEVICE);
	assert_int_equal(strlen(device), strlen("{\"device\":\"gre012345678901\"}"));
}

/* Z34 */
static void test_wireguard(void **state)
{
	struct l3 *f = *state;
	const struct object *router = router_with(f, "'vpn':'acme'"), *interface;
	struct txn *txn = txn_new(f->model, &test_admin);
	g_autoptr(GError) error = NULL;
	g_autofree char *key = NULL;
	json_t *body;

	refuse(f, KIND_WIREGUARD_INTERFACE, WEFT_ERROR_INVALID_INPUT,
		test_json("{'router_id':'%s','private_key':'" PRIVATE "='}", test_id(router)));
	refuse(f, KIND_WIREGUARD_INTERFACE, WEFT_ERROR_INVALID_INPUT,
		test_json("{'router_id':'%s','listen_port':4500}", test_id(router)));
	interface = make(f, KIND_WIREGUARD_INTERFACE,
		test_json("{'router_id':'%s','private_key':'" PRIVATE "'}", test_id(router)));
	key = shown(f, interface, WIREGUARD_INTERFACE_PUBLIC_KEY);
	assert_string_equal(key, "{\"public_key\":\"" PUBLIC "\"}");
	refuse(f, KIND_WIREGUARD_INTERFACE, WEFT_ERROR_CONFLICT,
		test_json("{'router_id':'%s'}", test_id(router)));
#define PEER(key, more)                                                              \
	test_json("{'wireguard_interface_id':'%s','public_key':'" key "'," more "}", \
		test_id(interface))
	refuse(f, KIND_WIREGUARD_PEER, WEFT_ERROR_INVALID_INPUT,
		PEER("x", "'allowed_ips':['10.1.0.0/24']"));
	refuse(f, KIND_WIREGUARD_PEER, WEFT_ERROR_INVALID_INPUT,
		PEER(PUBLIC, "'allowed_ips':['203.0.113.0/25']"));
	make(f, KIND_WIREGUARD_PEER, PEER(PUBLIC, "'allowed_ips':['10.1.0.0/24']"));
	refuse(f, KIND_WIREGUARD_PEER, WEFT_ERROR_CONFLICT,
		PEER(PUBLIC, "'allowed_ips':['10.2.0.0/24']"));
	refuse(f, KIND_WIREGUARD_PEER, WEFT_ERROR_CONFLICT,
		PEER(PRIVATE, "'allowed_ips':['10.1.0.0/24']"));
	body = test_json("{'external_gateway_info':null}");
	assert_null(txn_update(txn, KIND_ROUTER, test_id(router), body, &error));
	assert_int_equal(error->code, WEFT_ERROR_ROUTER_HAS_VPN);
	json_decref(body);
	txn_free(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(test_gre),
		l3_test(test_wireguard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
