/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write's way after it is staged. It is answered when the store has it, so what the answer needs
 * is kept until then; the objects are immutable, so the answer is what was written, whatever has
 * been changed since.
 */
#include <inttypes.h>

#include "controller/api/call.h"

#define REVISION_HEADER "X-Weft-Revision"

struct write *write_new(
	const struct call *call, GPtrArray *objects, void (*respond)(struct write *write))
{
	struct write *write = g_new0(struct write, 1);

	write->call = *call;
	write->objects = objects;
	write->respond = respond;
	return write;
}

void write_free(struct write *write)
{
	if (write->objects)
		g_ptr_array_unref(write->objects);
	g_free(write->credential);
	json_decref(write->answer);
	g_free(write);
}

static void on_done(const struct changeset *changes, const GError *error, void *user)
{
	struct write *write = user;
	char text[24];

	if (error) {
		api_fail(write->call.api, write->call.request, error);
	} else {
		u64 revision = changes && changes->n
				       ? changes->revision
				       : commit_durable_revision(write->call.api->commit);

		g_snprintf(text, sizeof text, "%" PRIu64, revision);
		http_request_add_header(write->call.request, REVISION_HEADER, text);
		write->respond(write);
	}
	write_free(write);
}

void write_submit_full(struct write *write, struct txn *txn)
{
	commit_submit(write->call.api->commit, txn, on_done, write);
}

void write_submit(const struct call *call, struct txn *txn, GPtrArray *objects,
	void (*respond)(struct write *write))
{
	write_submit_full(write_new(call, objects, respond), txn);
}

void write_respond_updated(struct write *write)
{
	call_answer(&write->call, 200, call_render(&write->call, write->objects->pdata[0], 0));
}

void write_respond_deleted(struct write *write)
{
	http_request_answer(write->call.request, 204, NULL, NULL);
}
