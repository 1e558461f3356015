/* SPDX-License-Identifier: Apache-2.0 */
/* Tells weft-appliance its configuration, again and again until it has done it. */
#pragma once

#include "base/error.h"

struct push;

enum push_result {
	PUSH_DONE,	 /* it does what it was told */
	PUSH_REFUSED,	 /* it has answered something else */
	PUSH_UNANSWERED, /* nobody has, or somebody who is not it */
};
/* @problem: a sentence, NULL with PUSH_DONE. After any but PUSH_DONE it is told again. */
typedef void (*push_told)(enum push_result result, const char *problem, void *user);

/* By the socket in @folder, with what is there of certificates; borrowed. */
struct push *push_new(const char *folder, push_told told, void *user);
void push_free(struct push *push);
/* This is what it is to do now; copied. The next one takes its place. */
void push_config(struct push *push, const char *config);
/* There is nobody to be told. */
void push_stop(struct push *push);
