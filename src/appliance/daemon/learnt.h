/* SPDX-License-Identifier: Apache-2.0 */
/* The routes that bgpd has learnt, in the kernel: every second those that came and went. They have
 * a protocol and a metric of their own, so what the document says comes first. */
#pragma once

#include "appliance/document/document.h"

struct learnt;

struct learnt *learnt_new(const char *folder); /* borrowed; bgpd's socket is there */
void learnt_free(struct learnt *learnt);
/* From now on, or (false) nothing is learnt, and what was goes. */
void learnt_set(struct learnt *learnt, bool wanted);
