/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/providers_impl.h"
#include "model/provider/flavor.h"
#include "model/provider/offering.h"

char *provider_options(
	const struct model *model, const struct object *attachment, const struct object *subject)
{
	const struct object *profile =
		subject ? offering_of(model, object_str(attachment, ATTACHMENT_PROVIDER), subject)
			: NULL;

	return g_strdup(profile ? object_str(profile, SERVICE_PROFILE_METAINFO) : "");
}
