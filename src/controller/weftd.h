/* SPDX-License-Identifier: Apache-2.0 */
/* All parts of weftd put together. */
#pragma once

#include "controller/config.h"

struct weftd;

/* Opens the store, loads the model, listens. @config is borrowed. */
struct weftd *weftd_new(const struct config *config, GError **error);

/* Stops listening, makes durable what has been accepted, answers who still waits. */
void weftd_free(struct weftd *weftd);
typedef struct weftd weftd_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(weftd_auto, weftd_free)
