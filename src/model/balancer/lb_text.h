/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of load balancers that become words of HAProxy's configuration: for attr.check. What is
 * refused here an appliance would refuse with all that it is told (appliance/document/document.h).
 */
#pragma once

#include "model/object.h"

/* Of a header or cookie: letters, digits, '-', '_', '.'. */
bool lb_check_name(const struct attr *attr, const char *value, GError **error);
/* A DNS name. */
bool lb_check_domain(const struct attr *attr, const char *value, GError **error);
/* Printable ASCII. */
bool lb_check_printable(const struct attr *attr, const char *value, GError **error);
/* The same without blanks: an URL. */
bool lb_check_url(const struct attr *attr, const char *value, GError **error);
