/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of render_haproxy*.c. */
#pragma once

#include "appliance/render/render.h"

/* As one word that nothing is read in. */
void haproxy_append_word(const char *word, GString *text);

/* "BACKEND", "BACKEND:LISTENER": a pool's members, as this listener reaches them. */
void haproxy_append_backend_name(
	const char *pool, const struct balancer_listener *listener, GString *text);

/* The rules of a listener's policies: render_haproxy_policy.c. */
void haproxy_append_policies(const struct balancer_listener *listener, GString *text);

/* A backend: render_haproxy_pool.c. @checked_by: a listener whose backend of the same pool asks the
 * members whether they are alive; NULL: this one does. */
void haproxy_append_pool(const struct balancer_pool *pool, const struct balancer_listener *listener,
	const struct balancer_listener *checked_by, GString *text);
