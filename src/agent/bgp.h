/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host says to BGP peers: a bgpd for each speaker. It announces what is here, floating
 * IPs and what is behind gateways, as soon as it is wired, and withdraws it when it goes.
 */
#pragma once

#include <jansson.h>

#include "agent/config.h"
#include "agent/desired/desired.h"

struct bgp;

/* @config and @desired are borrowed; @changed: bgp_describe() may say something else. */
struct bgp *bgp_new(const struct config *config, const struct desired *desired,
	void (*changed)(void *data), void *data);
/* They go on speaking. */
void bgp_free(struct bgp *bgp);

/* After a reconcile. @complete: the controller has told all, so speakers that are not known are to
 * be silent. */
void bgp_update(struct bgp *bgp, bool complete);

/* {"<speaker id>": {"reason": text, if it does not run, "peers": {…}, as bgp_daemon_peers()}};
 * json_decref(); NULL: there is no speaker. @bgp may be NULL. */
json_t *bgp_describe(const struct bgp *bgp);

/* Ends all that an agent of that configuration has left. */
void bgp_end_all(const struct config *config);
