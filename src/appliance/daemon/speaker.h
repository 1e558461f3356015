/* SPDX-License-Identifier: Apache-2.0 */
/* What bgpd announces: told to it while it runs, within a second of any change, so that no session
 * ends for a route. And what it says of its sessions. */
#pragma once

#include "appliance/document/document.h"
#include "base/json_writer.h"

struct speaker;

struct speaker *speaker_new(const char *folder); /* borrowed; bgpd's socket is there */
void speaker_free(struct speaker *speaker);
/* From now on; NULL, or one that is not enabled: it does not speak. */
void speaker_set(struct speaker *speaker, const struct document_bgp *bgp);
/* Waits until bgpd, which has just been started, knows what it is to announce: before its first
 * session, or neighbors would take it that nothing is (RFC 4724, 4.2). */
void speaker_await(struct speaker *speaker);
/* Appends its sessions, {"name", "status", "status_reason"}; the name is the neighbor's address. */
void speaker_append(const struct speaker *speaker, struct json_writer *w);
