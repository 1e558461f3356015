/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate of a machine, by which it is known to us. */
#pragma once

#include "base/error.h"

#define CERTIFICATE_NAME "appliance" /* of the host in URLs */

/* Makes a key and a certificate of its own, PEM files for root alone. */
bool certificate_make(const char *certificate, const char *key, GError **error);
