/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of JSON objects that have names. */
#pragma once

#include <jansson.h>

/* The object of @list whose "name" is that of @like, borrowed; NULL: none is. */
const json_t *json_list_named(const json_t *list, const json_t *like);
