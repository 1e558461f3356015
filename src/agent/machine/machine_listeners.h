/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the listeners of load balancers in an appliance have done, as it counts. Its counters begin
 * with its life; they are kept in a file, so that the next agent knows of the same ones what it
 * has been told. A listener that is gone for a while keeps what it had.
 */
#pragma once

#include <jansson.h>

#include "agent/report/listener_stats.h"

struct machine_listeners;

/* @path: of the file. */
struct machine_listeners *machine_listeners_new(const char *path);
void machine_listeners_free(struct machine_listeners *listeners);

/* @answer: to /v1/counters. What is no such answer changes nothing. */
void machine_listeners_note(struct machine_listeners *listeners, const json_t *answer);
void machine_listeners_each(
	const struct machine_listeners *listeners, listener_stats_fn each, void *data);
