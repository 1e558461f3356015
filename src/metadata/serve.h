/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP side of it, the same at the edge and in an appliance; who asks its caller has found out.
 */
#pragma once

#include "http/request.h"
#include "metadata/document.h"

#define METADATA_ZONE "nova"

/* Answers; @guest NULL: nobody knows who asks. */
void metadata_serve(struct http_request *request, const struct metadata_guest *guest);
/* The address alone of the request's peer; false: there is none. */
bool metadata_peer(const struct http_request *request, struct ip *ret);
