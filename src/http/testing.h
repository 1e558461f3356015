/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of src/http: a client on a thread of its own, while the test runs the main loop. */
#pragma once

#include <gio/gio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "http/server.h"

/* A connection to the server, for the client's thread. */
GSocketConnection *client_connect(u16 port);
void client_send(GSocketConnection *connection, const char *text);
/* Reads until @text has come, or to the end when it is NULL. All that was read; g_free. */
char *client_read_until(GSocketConnection *connection, const char *text);

/* Runs @client(port) on a thread, and the main loop until it is done. */
void with_client(const struct http_server *server, void (*client)(u16 port));

/* Runs the main loop until *@flag. Fails the test after 10 s. */
void loop_until(const bool *flag);

struct http_server *test_server(struct http_server_config config);
