/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer without an end, written piece by piece. What the client has not read yet is kept in a
 * bounded buffer; a client that lets it overflow is disconnected. A client's going away is noticed
 * at once, also when nothing is being written.
 */
#pragma once

#include "http/request.h"

struct http_stream;

struct http_stream_config {
	unsigned status;
	const char *content_type;
	size_t buffer_max; /* bytes unread */
	/* The client is gone, for whatever reason but http_stream_end(); the stream is dead. */
	void (*closed)(void *user);
	void *user;
};

/* Answers @request. */
struct http_stream *http_request_stream(
	struct http_request *request, const struct http_stream_config *config);

/* Buffers; http_stream_flush() sends. */
void http_stream_write(struct http_stream *stream, const char *bytes, size_t len);
/* The same for what may be larger than the buffer by nature (a snapshot), and is taken over: until
 * all is read, the limit is higher by its length. */
void http_stream_write_bulk(struct http_stream *stream, GString *bytes);
void http_stream_flush(struct http_stream *stream);

/* Sends what is buffered, then ends the answer; the stream is dead, `closed` is not called. */
void http_stream_end(struct http_stream *stream);
