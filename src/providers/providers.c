/* SPDX-License-Identifier: Apache-2.0 */
/* The table of weftd's own providers. A new one is a folder and a line here. */
#include <weft/provider.h>

#include "compile/in_tree.h"
#include "providers/edge/edge.h"
#include "providers/security_group/security_group.h"
#include "providers/virtual_router/virtual_router.h"

const struct weft_provider *const providers_in_tree[] = {
	&edge_provider,
	&security_group_provider,
	NULL,
};

/* Those that are asked as plug-ins are. */
const struct weft_provider *const providers_called[] = {
	&virtual_router_provider,
	NULL,
};
