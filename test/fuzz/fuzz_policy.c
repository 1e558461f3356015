/* SPDX-License-Identifier: Apache-2.0 */
/* Policy files. What is accepted can be asked, and does not change what weftd itself may. */
#include "controller/policy/policy_file.h"
#include "model/network/network.h"
#include "model/port/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct policy *policy, const struct object *object)
{
	static const enum caller_role roles[] = { CALLER_NONE, CALLER_READER, CALLER_MEMBER,
		CALLER_ADMIN, CALLER_SYSTEM };
	const struct policy_target target = { .object = object };

	for (unsigned i = 0; i < G_N_ELEMENTS(roles); i++)
		for (unsigned operation = 0; operation < N_POLICY_OPERATIONS; operation++) {
			struct caller caller = { .role = roles[i],
				.project_id = "p",
				.roles = policy_role(policy, "other"),
				.policy = policy };
			bool allowed =
				policy_allows(&caller, object_kind(object), operation, &target);

			policy_readable(&caller, NULL, object);
			g_assert_true(allowed || caller.role != CALLER_SYSTEM);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(policy) policy = policy_file_parse("fuzz", (const char *)data, size, NULL);
	g_autoptr(object) network = object_new(&network_kind, NULL);
	g_autoptr(object) port = object_new(&port_kind, NULL);

	if (!policy)
		return 0;
	object_set_str(network, SLOT_PROJECT_ID, "p");
	ask(policy, network);
	ask(policy, port);
	return 0;
}
