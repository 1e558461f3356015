/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as the server's handler sees it, and its answer. The handler answers now or later, but
 * exactly once: http_request_answer() or http_request_stream(). Until then the request is the
 * handler's to use; after it the pointer is dead. A client that went away makes no difference.
 */
#pragma once

#include "http/target.h"

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OTHER };

struct http_request;

/* What is wrong with the request itself (target, size of the body), to be answered before anything
 * else; NULL: nothing. The target is empty and the body incomplete then. */
const GError *http_request_error(const struct http_request *request);

enum http_method http_request_method(const struct http_request *request);
const char *http_request_method_name(const struct http_request *request);
const struct http_target *http_request_target(const struct http_request *request);
const char *http_request_header(const struct http_request *request, const char *name); /* or NULL */
const char *http_request_body(const struct http_request *request, size_t *ret_len);
/* "scheme://authority" as the client addressed the server, for links; g_free. */
char *http_request_base_url(const struct http_request *request);

/* "192.0.2.1:4711" or "[2001:db8::1]:4711". */
#define HTTP_PEER_STRLEN 64
const char *http_request_peer(
	const struct http_request *request, char buf[static HTTP_PEER_STRLEN]);

/* The certificate that the client has shown, DER; borrowed. NULL: none, or there is no TLS. That it
 * has the key is sure, nothing else is. */
const u8 *http_request_certificate(const struct http_request *request, size_t *ret_len);

/* Anything of the handler's, for the server's `answered` callback. */
void http_request_set_tag(struct http_request *request, const void *tag);
const void *http_request_tag(const struct http_request *request);

/* Goes on with a request that http_server_config.admit holds. */
void http_request_admit(struct http_request *request);

/* Something of the handler's that is kept, and freed, with the request; NULL at first. */
void http_request_keep(struct http_request *request, void *kept, GDestroyNotify free_kept);
void *http_request_kept(const struct http_request *request);

/* A header of the answer to come. @name is static; a @value that can't be one is left out. */
#define HTTP_MAX_ANSWER_HEADERS 4
void http_request_add_header(struct http_request *request, const char *name, const char *value);

/* @body is taken over; NULL: none. @content_type is static. */
void http_request_answer(
	struct http_request *request, unsigned status, const char *content_type, GString *body);
