/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider that is not in the tree does for a network or router: made, changed and deleted
 * by weftd as the service maps say, and kept until the provider has been told of its end. */
#pragma once

#include "model/txn.h"

enum service_attachment_slot {
	ATTACHMENT_PROVIDER = N_STANDARD_SLOTS,
	ATTACHMENT_SERVICES, /* names, in the order of enum network_service */
	ATTACHMENT_OBJECT_TYPE,
	ATTACHMENT_OBJECT_ID,
	ATTACHMENT_STATUS,
	ATTACHMENT_STATUS_REASON,
	ATTACHMENT_EDGE,
	ATTACHMENT_APPLIANCES,
	ATTACHMENT_DRIFT,
	ATTACHMENT_DIGEST, /* of the document that the provider answered last */
	ATTACHMENT_TUNNELS,
	N_ATTACHMENT_SLOTS
};

enum service_attachment_index {
	ATTACHMENT_BY_PROJECT,
	ATTACHMENT_BY_OBJECT,	       /* text: id of a network or router */
	ATTACHMENT_BY_OBJECT_PROVIDER, /* texts: the same, name of the provider */
	ATTACHMENT_BY_PROVIDER,
	N_ATTACHMENT_INDEXES
};

enum attachment_status {
	ATTACHMENT_BUILD,
	ATTACHMENT_ACTIVE,
	ATTACHMENT_ERROR,
	ATTACHMENT_PENDING_DELETE,
};

extern const struct kind service_attachment_kind;
