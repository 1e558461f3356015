/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate with its private key, for listeners that end TLS. The key is never shown. */
#pragma once

#include "model/balancer/load_balancer.h"

enum lb_certificate_slot {
	LB_CERTIFICATE_CHAIN = N_STANDARD_SLOTS, /* PEM: its own first */
	LB_CERTIFICATE_KEY,			 /* PEM; secret */
	LB_CERTIFICATE_NAMES,			 /* computed */
	LB_CERTIFICATE_NOT_AFTER,		 /* computed */
	N_LB_CERTIFICATE_SLOTS
};

enum lb_certificate_index {
	LB_CERTIFICATE_BY_NAME,
	LB_CERTIFICATE_BY_PROJECT,
	N_LB_CERTIFICATE_INDEXES
};

extern const struct kind lb_certificate_kind;

/* attr.convert of a reference to one: its id, or a URL that ends with it. */
bool lb_convert_ref(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error);
