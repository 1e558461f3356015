/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers whose network has lost its virtual router. */
#include "base/log.h"
#include "compile/vip_holder.h"
#include "controller/provider/providers_impl.h"
#include "model/balancer/lb_status.h"

static bool has_virtual_router(const struct model *model, const char *network)
{
	g_autoptr(GPtrArray) ports = vip_holders(model, network);

	return ports->len > 0;
}

static void idle(struct txn *txn, const struct object *balancer)
{
	g_autoptr(GError) error = NULL;
	struct object *draft = object_edit(balancer);

	object_set_choice(draft, LOAD_BALANCER_STATE, LOAD_BALANCER_IDLE);
	if (!txn_put(txn, draft, &error))
		log_limited(warning, "provider: %s", error->message);
}

void attach_idle_balancers(struct txn *txn, const struct model *model, const char *network)
{
	const struct object *balancer;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_LOAD_BALANCER, LOAD_BALANCER_BY_NETWORK, network, NULL);
	while ((balancer = model_iter_next(&iter))) {
		if (lb_is_at_edge(balancer) ||
			object_choice(balancer, LOAD_BALANCER_STATE) == LOAD_BALANCER_IDLE)
			continue;
		if (has_virtual_router(model, network))
			return;
		idle(txn, balancer);
	}
}
