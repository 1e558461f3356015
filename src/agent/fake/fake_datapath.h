/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datapath for unit tests: it writes down what it is told, as lines of text, and keeps what that
 * amounts to.
 */
#pragma once

#include <glib.h>

#include "datapath/datapath.h"

/* The calls since the last fake_take(), one a line; the caller's. */
char *fake_take(void);
/* How many calls there were since then. */
unsigned fake_calls(void);
/* What the datapath holds now, sorted lines; the caller's. */
char *fake_content(void);
/* The next call whose line begins with @prefix fails; NULL: none. Static. */
void fake_fail(const char *prefix);
void fake_reset(void);
void fake_forget_connections(void);

/* Inside of the fake: " limits 0a", by the first byte of the name; empty: it has none. */
#define FAKE_LIMITS 16
const char *fake_limits(const u8 name[16], char buf[static FAKE_LIMITS]);
/* Inside of the fake: writes a call down and keeps what it says; both texts are taken over. */
bool fake_put(char *key, char *value, GError **error);
bool fake_delete(char *key, GError **error);
