/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of a machine that runs are renewed before they end:
 *
 *	valid ── a third of their life is left ──► told the next ones ──► it shows them: turned
 *	                                            │  ▲
 *	                                            └──┘ it does not answer, refuses: again
 *	                                            │
 *	                                            └─ they have ended ──► given up
 *
 * While it is told, the next ones are in the folder beside the present ones, and each side takes
 * both, so nobody who asks meanwhile is refused. The clock is looked at now and then, as it may be
 * set, or the host may have slept.
 */
#pragma once

#include "appliance/runtime/certificate.h"

struct renewal;

/* @folder and @id are borrowed. @given_up: they have ended, as @why says. */
struct renewal *renewal_new(const char *folder, const char *id,
	void (*given_up)(const char *why, void *user), void *user);
void renewal_free(struct renewal *renewal);
/* From now on, for certificates that end then; of another machine than before. */
void renewal_begin(struct renewal *renewal, s64 end_s, u32 lifetime_s);
void renewal_stop(struct renewal *renewal);
