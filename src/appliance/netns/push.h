/* SPDX-License-Identifier: Apache-2.0 */
/* Tells weft-appliance its configuration, again and again until it has done it. */
#pragma once

#include "base/error.h"

struct push;

/* @socket: the path of the appliance's socket; both texts are borrowed. */
struct push *push_new(const char *socket, const char *credential);
void push_free(struct push *push);
/* This is what it is to do now; copied. The next one takes its place. */
void push_config(struct push *push, const char *config);
/* There is nobody to be told. */
void push_stop(struct push *push);
