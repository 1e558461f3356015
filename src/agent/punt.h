/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the datapath and the responders: finds the port that a punted frame came in at, tells the
 * responder what it must know of that port, and sends the answer back; and sends router
 * advertisements unasked.
 */
#pragma once

#include "agent/desired/desired.h"
#include "agent/dispatch/dispatch.h"
#include "datapath/datapath.h"

struct healths;
struct holders;
struct outside;
struct punt;

/* All borrowed. @holders: who is told what guests announce. @resolv_conf: the file that names the
 * resolvers. Watches dp_punt_fd() in the thread-default main context. */
struct punt *punt_new(struct dp *dp, const struct desired *desired, struct outside *outside,
	struct holders *holders, const char *resolv_conf);
void punt_free(struct punt *punt);
/* Who is told what answers health checks; borrowed. */
void punt_to_health(struct punt *punt, struct healths *healths);

/* To a guest that has just been wired: it need not ask for routers, or wait for the next round. */
void punt_port_wired(struct punt *punt, const struct port *port);
/* Other routers are on the network, or with other addresses: its guests hear of it at once, of
 * those that are gone (network->gone_routers) too. */
void punt_routers_changed(struct punt *punt, const struct network *network);
void punt_port_gone(struct punt *punt, const struct uuid *port);
u64 punt_count(const struct punt *punt, enum service_outcome outcome);

struct helpers;
const struct helpers *punt_helpers(const struct punt *punt);

/* Calls @answered with what a resolver has answered, before the guest gets it. */
typedef void (*punt_answer_fn)(const u8 *message, size_t len, void *data);
void punt_on_answer(struct punt *punt, punt_answer_fn answered, void *data);
