/* SPDX-License-Identifier: Apache-2.0 */
/* What this host can run as virtual machines: who places appliances must know it. */
#pragma once

#include <jansson.h>

#include "agent/config.h"

struct virtual_host;

/* The programs and the processor are looked at now. @config is borrowed. */
struct virtual_host *virtual_host_new(const struct config *config);
void virtual_host_free(struct virtual_host *host);

/* {"images": [name], "accelerator": "kvm" or "tcg"}, without images with {"problem"} instead: why
 * there are none. json_decref(); the images are looked for each time. */
json_t *virtual_host_describe(const struct virtual_host *host);
