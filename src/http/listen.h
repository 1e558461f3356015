/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/addr.h"
#include "base/error.h"

/*
 * A listening TCP socket, non-blocking and close-on-exec, for
 *	"192.0.2.1:9696", "[2001:db8::1]:9696"	that address; port 0: any free one
 *	":9696"					every address of both families
 *	"fd:3"					inherited (socket activation)
 * or -1.
 */
int http_listen(const char *text, GError **error);

/* Is it a loopback address, or an inherited socket (whose giver decided)? */
bool http_listen_is_local(const char *text);
