/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider behind a vendor's URL. Each call is one POST of JSON:
 *
 *	X-Weft-Event      apply, remove or reconcile
 *	X-Weft-Delivery   a UUID, another one for each attempt
 *	X-Weft-Timestamp  seconds since the epoch
 *	X-Weft-Signature  sign.h
 *	X-Weft-Digest     SHA-256 of the document, of apply
 *
 * The body of apply and remove is the document of weft/provider.h; that of reconcile names all
 * attachments with their digests. docs/providers.md says what may be answered.
 */
#pragma once

#include "controller/config.h"
#include "controller/provider/driver.h"

struct provider_driver *webhook_new(const struct config_webhook *config);
