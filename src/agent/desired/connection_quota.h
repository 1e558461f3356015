/* SPDX-License-Identifier: Apache-2.0 */
/* How many tracked connections all ports of a project may have on this host: a part of `desired`.
 */
#pragma once

#include "agent/desired/desired.h"

void connection_quota_put(
	struct desired *desired, const struct uuid *id, struct record_connection_quota *record);
void connection_quota_delete(struct desired *desired, const struct uuid *id);
void connection_quota_free(gpointer quota);

/* The project's, or NULL: it has none. */
const struct record_connection_quota *connection_quota_of(
	const struct desired *desired, const char *project_id);
