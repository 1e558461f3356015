/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider is told of a network or router: weft/provider.h, "One call". */
#pragma once

#include "model/service_attachment.h"

/* Of the attachment as the model has it: of what it is an attachment to, or, when that is gone or
 * the attachment is to be deleted, of itself alone. g_free. */
char *provider_document(const struct model *model, const struct object *attachment);
