/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests only: an external network, an inner one, and routers between them. */
#pragma once

#include "model/router/floating_ip.h"
#include "model/router/router.h"
#include "model/testing.h"

struct l3 {
	struct model *model;
	const struct object *external, *inside;
};

#define l3_test(test) cmocka_unit_test_setup_teardown(test, l3_setup, l3_teardown)

G_GNUC_UNUSED static const struct object *l3_subnet(
	struct l3 *f, const struct object *network, const char *more)
{
	return test_create(
		f->model, KIND_SUBNET, test_json("{'network_id':'%s',%s}", test_id(network), more));
}

static int l3_setup(void **state)
{
	struct l3 *f = g_new0(struct l3, 1);

	f->model = model_new();
	f->external = object_ref(
		test_create(f->model, KIND_NETWORK, test_json("{'router:external':true}")));
	f->inside = object_ref(test_create(f->model, KIND_NETWORK, test_json("{'name':'in'}")));
	l3_subnet(f, f->external, "'cidr':'203.0.113.0/24'");
	*state = f;
	return 0;
}

static int l3_teardown(void **state)
{
	struct l3 *f = *state;

	object_unref((struct object *)f->external);
	object_unref((struct object *)f->inside);
	model_free(f->model);
	g_free(f);
	return 0;
}

G_GNUC_PRINTF(4, 5)
G_GNUC_UNUSED static const struct object *l3_try_router(
	struct l3 *f, const struct caller *caller, GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *more = g_strdup_vprintf(format, args);
	va_end(args);
	return test_create_as(f->model, caller, KIND_ROUTER, test_json("{%s}", more), error);
}

#define l3_router(f, ...) l3_must(l3_try_router(f, &test_admin, &l3_error, __VA_ARGS__))

static GError *l3_error;

G_GNUC_UNUSED static const struct object *l3_must(const struct object *object)
{
	if (!object)
		fail_msg("%s", l3_error->message);
	return object;
}

G_GNUC_UNUSED static const struct object *l3_port(
	struct l3 *f, const struct object *network, const char *more)
{
	return test_create(
		f->model, KIND_PORT, test_json("{'network_id':'%s',%s}", test_id(network), more));
}

/* An action of an object by an administrator, in a transaction of its own; takes the body. */
G_GNUC_UNUSED static bool l3_act(
	struct l3 *f, const struct object *object, const char *name, json_t *body, GError **error)
{
	const struct kind *kind = object_kind(object);
	struct txn *txn = txn_new(f->model, &test_admin);
	json_t *answer = NULL;
	bool ok = txn_act(
		txn, kind->id, test_id(object), kind_action(kind, name), body, &answer, error);

	json_decref(body);
	json_decref(answer);
	if (ok)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return ok;
}

G_GNUC_UNUSED static void l3_connect(
	struct l3 *f, const struct object *router, const struct object *subnet)
{
	GError *error = NULL;

	if (!l3_act(f, router, "add_router_interface",
		    test_json("{'subnet_id':'%s'}", test_id(subnet)), &error))
		fail_msg("%s", error->message);
}

G_GNUC_UNUSED static const struct object *l3_gateway(struct l3 *f, const struct object *router)
{
	return model_get_text(f->model, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));
}

G_GNUC_UNUSED static void l3_assert_ips(const struct object *port, const char *expected)
{
	g_autoptr(GString) all = g_string_new(NULL);
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		g_string_append_printf(all, "%s%s", all->len ? " " : "", ips.ip_text);
	assert_string_equal(all->str, expected);
}
