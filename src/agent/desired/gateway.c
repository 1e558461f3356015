/* SPDX-License-Identifier: Apache-2.0 */
/* Routers' gateways. */
#include "agent/desired/parts.h"

void gateway_free(gpointer data)
{
	struct gateway *gateway = data;
	struct record record = { .kind = RECORD_GATEWAY, .gateway = gateway->record };

	record_clear(&record);
	g_free(gateway->reason);
	g_free(gateway);
}

void gateway_put(struct desired *desired, const struct uuid *id, struct record_gateway *record)
{
	struct gateway *gateway = g_new0(struct gateway, 1);

	gateway_delete(desired, id);
	gateway->id = *id;
	gateway->router = router_need(desired, &record->router_id);
	gateway->record = *record;
	*record = (struct record_gateway){ 0 }; /* taken over */
	gateway->router->gateway = gateway;
	g_hash_table_insert(desired->gateways, &gateway->id, gateway);
	router_mark(desired, gateway->router);
}

void gateway_delete(struct desired *desired, const struct uuid *id)
{
	struct gateway *gateway = desired_gateway(desired, id);

	if (!gateway)
		return;
	router_mark(desired, gateway->router);
	if (gateway->router->gateway == gateway)
		gateway->router->gateway = NULL;
	g_hash_table_remove(desired->gateways, id);
}
