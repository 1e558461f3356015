/* SPDX-License-Identifier: Apache-2.0 */
/* How attributes are called on the command line. */
#pragma once

#include "model/kind.h"

/* The option of an attribute, without dashes; to be freed. "fixed_ips" → "fixed-ip",
 * "binding:host_id" → "host". */
char *spelling_of(const struct attr *attr);

/* The words for a kind: "security group". Static. */
const char *spelling_of_kind(const struct kind *kind);

/* What stands for an object of it in a usage line: "SECURITY-GROUP"; and back (NULL: none). */
const char *spelling_metavar(const struct kind *kind);
const struct kind *spelling_kind_of(const char *metavar);

/* The attribute that an object of it is called by instead of its id; NULL: none. */
const struct attr *spelling_name(const struct kind *kind);

/* What several of a kind are called in a sentence: "security groups". Static. */
const char *spelling_of_kinds(const struct kind *kind);

/* Other spellings of a boolean one, or NULL: --enable and --disable for admin_state_up. */
void spelling_others(const struct attr *attr, const char **ret_on, const char **ret_off);

/* The field of a nested object that "subnet" or "ip-address" means, or NULL. */
const struct attr *spelling_field(const struct attr *fields, const char *key);

/* The kind that a UUID attribute names an object of, or NULL. */
const struct kind *spelling_kind(const struct attr *attr);
