/* SPDX-License-Identifier: Apache-2.0 */
/* Asking an appliance over the socket of its folder, without waiting; by TLS where it has a
 * certificate there. */
#pragma once

#include <jansson.h>

#include "base/error.h"

struct ask;

/* What it said, borrowed; NULL: nothing of use. */
typedef void (*ask_fn)(const json_t *answer, void *data);

/* @folder is copied. */
struct ask *ask_new(const char *folder);
void ask_free(struct ask *ask);

/* GET of @path; @done is called later, once, unless there is another question or none any more
 * before. */
void ask_get(struct ask *ask, const char *path, ask_fn done, void *data);
void ask_cancel(struct ask *ask);
/* Why the last question was not answered; NULL: it was. Borrowed. */
const char *ask_problem(const struct ask *ask);
