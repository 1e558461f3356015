/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bgp/bgp_speaker.h"
#include "model/testing.h"

static int setup(void **state)
{
	*state = model_new();
	return 0;
}

static int teardown(void **state)
{
	model_free(*state);
	return 0;
}

/* NULL: it was refused, with @error. */
static const struct object *make(
	struct model *model, enum kind_id kind, const char *text, GError **error)
{
	return test_create_as(model, &test_admin, kind, test_json("%s", text), error);
}

static bool act(struct model *model, const char *verb, const char *member,
	const struct object *what, GError **error)
{
	const struct object *speaker = model_first(model, KIND_BGP_SPEAKER, 0, "s", NULL);
	struct txn *txn = txn_new(model, &test_admin);
	json_t *body = test_json("{'%s':'%s'}", member, test_id(what)), *answer = NULL;
	bool ok = txn_act(txn, KIND_BGP_SPEAKER, test_id(speaker),
		kind_action(&bgp_speaker_kind, verb), body, &answer, error);

	if (ok)
		assert_string_equal(
			json_string_value(json_object_get(answer, member)), test_id(what));
	json_decref(body);
	json_decref(answer);
	if (ok)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return ok;
}

#define REFUSED(call, code)                \
	do {                               \
		GError *error = NULL;      \
		assert_false(call);        \
		assert_error(error, code); \
	} while (0)

static void passwords_go_with_md5(void **state)
{
	struct model *model = *state;
	const struct object *peer;
	static const char *const bad[] = { "", "a b", "a\\nrouter bgp 1", "a|b", "a!", "\xc3\xa4" };

	REFUSED(make(model, KIND_BGP_PEER,
			"{'peer_ip':'192.0.2.1','remote_as':1,'auth_type':'md5'}", &error),
		BGP_PEER_PASSWORD);
	REFUSED(make(model, KIND_BGP_PEER,
			"{'peer_ip':'192.0.2.1','remote_as':1,'auth_type':'none','password':'x'}",
			&error),
		BGP_PEER_NOT_AUTHENTICATED);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *text = g_strdup_printf(
			"{'peer_ip':'192.0.2.1','remote_as':1,'auth_type':'md5','password':'%s'}",
			bad[i]);

		REFUSED(make(model, KIND_BGP_PEER, text, &error), INVALID_INPUT);
	}
	peer = make(model, KIND_BGP_PEER,
		"{'peer_ip':'192.0.2.1','remote_as':4294967295,'auth_type':'md5','password':'x'}",
		NULL);
	assert_non_null(peer);
	/* as clients send it who change the name alone */
	test_update(model, peer, test_json("{'name':'p','password':null}"), NULL);
	assert_int_equal(model_count(model, KIND_BGP_PEER, 0, "p", NULL), 1);
}

static void peers_are_routers(void **state)
{
	struct model *model = *state;
	static const char *const bad[] = { "0.0.0.0", "127.0.0.1", "224.0.0.5", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::ffff:192.0.2.1", "fe80::1", "ff02::5" };

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *text = g_strdup_printf(
			"{'peer_ip':'%s','remote_as':1,'auth_type':'none'}", bad[i]);

		REFUSED(make(model, KIND_BGP_PEER, text, &error), INVALID_INPUT);
	}
	assert_non_null(make(model, KIND_BGP_PEER,
		"{'peer_ip':'169.254.7.1','remote_as':1,'auth_type':'none'}", NULL));
}

static void lists_of_a_speaker(void **state)
{
	struct model *model = *state;
	const struct object *peer, *same, *six, *public, *inner;

	peer = make(model, KIND_BGP_PEER,
		"{'peer_ip':'192.0.2.1','remote_as':1,'auth_type':'none'}", NULL);
	same = make(model, KIND_BGP_PEER,
		"{'peer_ip':'192.0.2.1','remote_as':2,'auth_type':'none'}", NULL);
	six = make(model, KIND_BGP_PEER,
		"{'peer_ip':'2001:db8::1','remote_as':1,'auth_type':'none'}", NULL);
	public = make(model, KIND_NETWORK, "{'router:external':true}", NULL);
	inner = make(model, KIND_NETWORK, "{}", NULL);
	assert_non_null(make(
		model, KIND_BGP_SPEAKER, "{'name':'s','local_as':65001,'ip_version':4}", NULL));
	assert_true(act(model, "add_bgp_peer", "bgp_peer_id", peer, NULL));
	REFUSED(act(model, "add_bgp_peer", "bgp_peer_id", peer, &error), BGP_PEER_EXISTS);
	REFUSED(act(model, "add_bgp_peer", "bgp_peer_id", same, &error), BGP_PEER_EXISTS);
	REFUSED(act(model, "add_bgp_peer", "bgp_peer_id", six, &error), BAD_REQUEST);
	REFUSED(act(model, "remove_bgp_peer", "bgp_peer_id", same, &error),
		BGP_PEER_NOT_ASSOCIATED);
	assert_true(act(model, "add_gateway_network", "network_id", public, NULL));
	REFUSED(act(model, "add_gateway_network", "network_id", public, &error),
		BGP_NETWORK_EXISTS);
	REFUSED(act(model, "add_gateway_network", "network_id", inner, &error), BAD_REQUEST);
	REFUSED(act(model, "remove_gateway_network", "network_id", inner, &error),
		BGP_NETWORK_NOT_ASSOCIATED);
}

/* What is deleted is in no list any more. */
static void deleted_ones_leave(void **state)
{
	struct model *model = *state;
	const struct object *peer, *public, *speaker;

	peer = make(model, KIND_BGP_PEER,
		"{'peer_ip':'192.0.2.1','remote_as':1,'auth_type':'none'}", NULL);
	public = make(model, KIND_NETWORK, "{'router:external':true}", NULL);
	make(model, KIND_BGP_SPEAKER, "{'name':'s','local_as':65001,'ip_version':4}", NULL);
	assert_true(act(model, "add_bgp_peer", "bgp_peer_id", peer, NULL));
	assert_true(act(model, "add_gateway_network", "network_id", public, NULL));
	assert_true(test_delete(model, peer, NULL));
	assert_true(test_delete(model, public, NULL));
	speaker = model_first(model, KIND_BGP_SPEAKER, 0, "s", NULL);
	assert_string_equal(object_str(speaker, BGP_SPEAKER_PEERS), "[]");
	assert_string_equal(object_str(speaker, BGP_SPEAKER_NETWORKS), "[]");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(passwords_go_with_md5),
		TEST(peers_are_routers),
		TEST(lists_of_a_speaker),
		TEST(deleted_ones_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
