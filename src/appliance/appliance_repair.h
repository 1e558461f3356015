/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody else has changed in the kernel becomes again what the document says, within a
 * second or two: at once where the kernel tells of it (watch.h), every second where it does not. It
 * is counted, by what it was. Inside of appliance*.c.
 */
#pragma once

#include "base/error.h"
#include "base/json_writer.h"

struct appliance;
struct repair;

struct repair *repair_new(struct appliance *appliance);
void repair_free(struct repair *repair);
/* Before and after a document is applied: what changes in between is ours. */
void repair_begin(struct repair *repair);
void repair_settled(struct repair *repair);
/* Why it can't be done; NULL: nothing is left to do. */
const char *repair_reason(const struct repair *repair);
/* Members: what was repaired → {"count": how often}. */
void repair_append(const struct repair *repair, struct json_writer *w);

/* What appliance.c does for it. */
bool appliance_set_sysctls(GError **error);
bool appliance_apply_network(struct appliance *appliance, GError **error);
/* The filter has been taken away by @commands, which are done in the same transaction. */
bool appliance_apply_filter_anew(struct appliance *appliance, const char *commands, GError **error);
