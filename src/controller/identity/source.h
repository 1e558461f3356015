/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request comes from, for the throttles and the log. */
#pragma once

#include "base/types.h"

struct http_request;

/* The address of the request's sender, without the port; g_free. */
char *source_of(const struct http_request *request);

/* What somebody who guesses has only one of: an IPv4 address as it is (mapped into IPv6 too), of an
 * IPv6 address the /64, in which a host picks addresses as it likes. Other text is left as it is.
 * g_free. */
char *source_network(const char *address);
