/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of IPsec, as charon has them.
 *
 *	        ┌──────────── charon has ended ───────────┐
 *	        ▼                                         │
 *	  no charon ──► connected, connections loaded ──► looks once a second
 *	                                                  │   ▲
 *	                                 a connection is  ▼   │ or the peer begins
 *	                                 down: it is begun, and again after RETRY_S
 *
 * Of two ends that may both begin, the one with the lower address does so first. Why a connection
 * is down is what charon has last said of it.
 */
#pragma once

#include "appliance/document/document.h"
#include "base/json_writer.h"

struct ipsec;

/* @folder, where charon's socket and the files are, is borrowed. */
struct ipsec *ipsec_new(const char *folder);
void ipsec_free(struct ipsec *ipsec);

/* From now on these are the connections; @document, NULL for none, is borrowed until the next call.
 */
void ipsec_follow(struct ipsec *ipsec, const struct document *document);
/* The files are others: charon is to be told, and to begin what is down. */
void ipsec_reload(struct ipsec *ipsec);
/* Another appliance had the connections, as peers may still believe: they are to be begun at once.
 */
void ipsec_take_over(struct ipsec *ipsec);
/* Do what is due; true: charon has the connections of the document. */
bool ipsec_step(struct ipsec *ipsec, GError **error);

/* An array of the connections. */
void ipsec_append(const struct ipsec *ipsec, struct json_writer *w);
