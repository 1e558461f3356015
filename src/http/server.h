/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 server in the main loop of the thread that makes it: no threads, no locks. */
#pragma once

#include "base/autoptr.h"
#include "http/request.h"

struct http_server;

struct http_server_config {
	const char *listen;		/* see listen.h */
	const char *tls_cert, *tls_key; /* PEM files; both NULL: no TLS */
	/* With TLS, clients are asked for a certificate: http_request_certificate(). A PEM file of
	 * whom they may name as its issuer; nothing is checked with it. NULL: they are not. */
	const char *tls_client_cert;
	size_t body_max;	    /* bytes; 0: 1 MiB */
	unsigned connections_max;   /* 0: 16384 */
	unsigned connection_memory; /* bytes for a request line and its headers; 0: 24 KiB */
	unsigned idle_s;	    /* a connection without progress is closed; 0: 60 */
	/* A request's head is there, its body has not been asked for. False: it is held until
	 * http_request_admit(), for what takes time to find out about it. NULL: none is. */
	bool (*admit)(struct http_request *request, void *user);
	/* Instead of body_max, by what the request's head says; may be NULL. */
	size_t (*body_max_of)(const struct http_request *request, void *user);
	void (*handler)(struct http_request *request, void *user);
	/* Every answered request once more, for metrics; may be NULL. Of a stream: at its start. */
	void (*answered)(
		const struct http_request *request, unsigned status, u64 elapsed_us, void *user);
	void *user;
};

struct http_server *http_server_new(const struct http_server_config *config, GError **error);

/* Stops accepting. What is open goes on. */
void http_server_quiesce(struct http_server *server);

/* Sends what has been answered as far as that needs no waiting, then closes everything. Requests
 * not yet answered are dropped: their owner must not answer them any more. */
void http_server_free(struct http_server *server);
DEFINE_AUTOPTR(http_server, http_server_free)

/* Another certificate for connections from now on, PEM texts; of one that has TLS. */
bool http_server_set_certificate(
	struct http_server *server, const char *certificate, const char *key, GError **error);

/* The TCP port that it listens on, for when port 0 was asked for. */
u16 http_server_port(const struct http_server *server);
unsigned http_server_connections(const struct http_server *server);
