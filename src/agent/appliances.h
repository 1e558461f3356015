/* SPDX-License-Identifier: Apache-2.0 */
/* The appliances of this host: a machine for each that the view has (machine/machine.h). */
#pragma once

#include <jansson.h>

#include "agent/config.h"
#include "agent/desired/desired.h"
#include "agent/report/listener_stats.h"

struct appliances;

/* @config and @desired are borrowed; @changed: appliances_describe() may say something else. */
struct appliances *appliances_new(const struct config *config, const struct desired *desired,
	void (*changed)(void *data), void *data);
/* @told is called with what firewall groups in an appliance have decided (machine_events_fn). */
void appliances_watch(struct appliances *appliances,
	void (*told)(const struct appliance *appliance, const json_t *answer, void *data),
	void *data);
/* They go on running. */
void appliances_free(struct appliances *appliances);

/* After a reconcile. @complete: the controller has told all, so those that are not known are to
 * end. */
void appliances_update(struct appliances *appliances, bool complete);

/* Calls @each for the NICs' ports of those that have said, since this was asked last, that they are
 * master no more. @appliances may be NULL. */
void appliances_each_stepped_down(struct appliances *appliances,
	void (*each)(const struct uuid *port, void *data), void *data);

/* {"<appliance id>": as machine_describe()}; json_decref(); NULL: there is none. @appliances may
 * be NULL. */
json_t *appliances_describe(const struct appliances *appliances);

/* What this host can run as virtual machines (machine/virtual.h), or NULL. @appliances may be
 * NULL. */
json_t *appliances_describe_host(const struct appliances *appliances);

struct machine;

/* Calls @each for each machine that is to run (machine/machine.h). */
void appliances_each_machine(const struct appliances *appliances,
	void (*each)(const struct uuid *id, const struct machine *machine, void *data), void *data);

/* Calls @each for the counters of the listeners of their load balancers. */
void appliances_each_listener(
	const struct appliances *appliances, listener_stats_fn each, void *data);

/* Asks one of this host, of which nothing need be known: @answer is NULL if it has none, borrowed
 * otherwise. Called later, once, unless @appliances is freed before. */
typedef void (*appliances_answer_fn)(const json_t *answer, void *data);
void appliances_ask(struct appliances *appliances, const struct uuid *id, const char *path,
	appliances_answer_fn done, void *data);

/* Ends all that an agent of that configuration has left. */
void appliances_end_all(const struct config *config);
