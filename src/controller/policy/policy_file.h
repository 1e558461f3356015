/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy files: one rule a line, as `name: "rule"` (YAML's simple subset: comments, and names and
 * rules plain, in "double" or in 'single' quotes), or one JSON object of names and rules.
 */
#pragma once

#include "model/access/policy.h"

/* The built-in rules with those of the file. Fails with the file, the line, what is wrong, and what
 * would be right. The policy is the caller's. */
struct policy *policy_file_load(const char *path, GError **error);

/* The same of a text that is called @path in errors; it need not end with a NUL. */
struct policy *policy_file_parse(const char *path, const char *text, size_t len, GError **error);

/* All rules with their defaults, as a file that changes nothing. */
char *policy_file_print(void); /* g_free */
