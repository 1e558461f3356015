/* SPDX-License-Identifier: Apache-2.0 */
/* Appliances that run on this host. */
#include "agent/parts.h"

void appliance_free(gpointer data)
{
	struct appliance *appliance = data;
	struct record record = { .kind = RECORD_APPLIANCE, .appliance = appliance->record };

	record_clear(&record);
	g_free(appliance);
}

void appliance_put(struct desired *desired, const struct uuid *id, struct record_appliance *record)
{
	struct appliance *appliance = g_new0(struct appliance, 1);

	appliance->id = *id;
	appliance->record = *record;
	*record = (struct record_appliance){ 0 }; /* taken over */
	g_hash_table_replace(desired->appliances, &appliance->id, appliance);
}
