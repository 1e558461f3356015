/* SPDX-License-Identifier: Apache-2.0 */
/* All parts of weftd put together. */
#pragma once

#include "base/autoptr.h"
#include "controller/config.h"

struct weftd;

/* Opens the store, loads the model, listens. @config is borrowed. */
struct weftd *weftd_new(const struct config *config, GError **error);

/* Is something on its way to the store, about which somebody has not been answered yet? */
bool weftd_pending(const struct weftd *weftd);

/* Stops listening, makes durable what has been accepted, answers who still waits. */
void weftd_free(struct weftd *weftd);
DEFINE_AUTOPTR(weftd, weftd_free)
