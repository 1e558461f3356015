/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: one JSON object per line in, one per line out (docs/agent.md, "Control
 * socket"). A request may be answered at once or later; the next line of its connection is read
 * when it was answered.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"

struct control;
struct control_request;

/* Handles a request; must lead to exactly one control_answer() or control_fail(), now or later. */
typedef void (*control_handler)(struct control_request *request, const json_t *body, void *data);

bool control_new(const char *path, control_handler handler, void *data, struct control **ret,
	GError **error);
void control_free(struct control *control);

/* Takes over @result (an object; NULL: an empty one) or @error. */
void control_answer(struct control_request *request, json_t *result);
void control_fail(struct control_request *request, GError *error);

/* Answers with @result, and makes a stream of the connection: what control_stream_write() says
 * follows, and no further request is read. @closed is called once, when the other side has gone;
 * the request is void then. */
typedef void (*control_closed)(struct control_request *request, void *data);
void control_stream(
	struct control_request *request, json_t *result, control_closed closed, void *data);
/* False: the other side does not read fast enough, and @text is left out. */
bool control_stream_write(struct control_request *request, const char *text);
