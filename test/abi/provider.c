/* SPDX-License-Identifier: Apache-2.0 */
/* All that weft/provider.h promises, as symbols, for abidiff against the baseline of each version.
 */
#include <weft/provider.h>

extern const struct weft_provider weft_provider;
extern const struct weft_provider_request weft_request;
extern const enum weft_provider_result weft_result;

const struct weft_provider weft_provider = { .abi = WEFT_PROVIDER_ABI };
const struct weft_provider_request weft_request = { 0 };
const enum weft_provider_result weft_result = WEFT_PROVIDER_OK;
