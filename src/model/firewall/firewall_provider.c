/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/firewall_provider.h"

#include "model/firewall/firewall_group.h"
#include "model/port/port.h"
#include "model/provider/service_attachment.h"
#include "model/provider/service_provider.h"

const char *firewall_provider(const struct object *router, char buf[static PROVIDER_NAME_MAX + 1])
{
	if (service_is_edges(router, SERVICE_ROUTER))
		return NULL;
	return service_other_provider(router, SERVICE_FIREWALL, buf)
		       ?: service_other_provider(router, SERVICE_ROUTER, buf);
}

bool firewall_check_provider(const struct txn *txn, const struct object *router, GError **error)
{
	char buf[PROVIDER_NAME_MAX + 1], id[UUID_STRLEN];
	const char *name = firewall_provider(router, buf);
	const struct service_provider *provider =
		name ? service_provider_find(txn_model(txn), name) : NULL;
	g_autofree char *names = NULL;

	if (!name || (provider && provider->services & SERVICE_BIT(SERVICE_FIREWALL)))
		return true;
	names = service_provider_names_with(txn_model(txn), SERVICE_FIREWALL);
	return weft_fail(error, SERVICE_NOT_PROVIDED,
		"Router %s is routed by %s, which lacks the service firewall, so its ports can be in no firewall group; these have it: %s.",
		uuid_format(object_id(router), id), name, names);
}

bool firewall_may_change_map(const struct txn *txn, const struct object *router, GError **error)
{
	const struct object *port;
	struct txn_iter iter, groups;
	char id[UUID_STRLEN];

	txn_iter_init(
		&iter, txn, KIND_PORT, PORT_BY_DEVICE, uuid_format(object_id(router), id), NULL);
	while ((port = txn_iter_next(&iter))) {
		txn_iter_init(&groups, txn, KIND_FIREWALL_GROUP, FIREWALL_GROUP_BY_PORT,
			uuid_format(object_id(port), id), NULL);
		if (txn_iter_next(&groups))
			return firewall_check_provider(txn, router, error);
	}
	return true;
}

bool firewall_is_done(const struct model *model, const struct object *router)
{
	char buf[PROVIDER_NAME_MAX + 1], id[UUID_STRLEN];
	const char *name = firewall_provider(router, buf);
	const struct object *attachment;

	if (!name)
		return true;
	attachment = model_first(model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_OBJECT_PROVIDER,
		uuid_format(object_id(router), id), name, NULL);
	return attachment && object_choice(attachment, ATTACHMENT_STATUS) == ATTACHMENT_ACTIVE;
}
