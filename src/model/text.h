/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference-counted immutable strings with an 8-byte head, main thread only. What occurs in very
 * many objects (a project's id, a network's) is interned: kept once, and equal pointers are equal
 * texts. The length is known, and so is whether the text needs escaping in JSON.
 */
#pragma once

#include "base/json_writer.h"

char *text_new(const char *value, size_t len);
char *text_intern(const char *value);
char *text_ref(char *text);
void text_unref(char *text); /* NULL is fine */
size_t text_len(const char *text);
void text_write_json(const char *text, struct json_writer *w); /* quoted */
