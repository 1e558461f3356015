/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users who are kept out because somebody has given wrong passwords for them too often; switched on
 * by [security_compliance]. In memory: a restart lets everybody in again.
 */
#pragma once

#include "base/autoptr.h"
#include "base/types.h"
#include "base/uuid.h"

struct lockout;

/* After @attempts failures in a row (0: never), for @duration_us since the last one. */
struct lockout *lockout_new(unsigned attempts, u64 duration_us);
void lockout_free(struct lockout *lockout);
DEFINE_AUTOPTR(lockout, lockout_free)

/* @now_us is monotonic. */
bool lockout_holds(struct lockout *lockout, const struct uuid *user, u64 now_us);
void lockout_failed(struct lockout *lockout, const struct uuid *user, u64 now_us);
/* The password was right, or an administrator says so. */
void lockout_end(struct lockout *lockout, const struct uuid *user);
