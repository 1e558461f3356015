/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates by which a controller is known: those that it was given, no others, whoever has
 * signed them, and as long as they are valid. */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"
#include "base/types.h"

struct controllers;

/* @pem: the first of them. */
struct controllers *controllers_new(const char *pem, GError **error);
void controllers_free(struct controllers *controllers);
DEFINE_AUTOPTR(controllers, controllers_free)

/* Another one; the one before it goes on being known, until there is one more. */
bool controllers_add(struct controllers *controllers, const char *pem, GError **error);

/* Is @der (NULL: nothing was shown) one that is known, at @now_s since 1970? */
bool controllers_check(const struct controllers *controllers, const u8 *der, size_t len, s64 now_s,
	GError **error);
