/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A route netlink socket (rtnetlink(7)) with blocking requests: the kernel answers these at once,
 * so waiting for it is no slower than any other system call.
 */
#pragma once

#include <libmnl/libmnl.h>

#include "base/error.h"
#include "base/types.h"

struct rtnl;

bool rtnl_open(struct rtnl **ret, GError **error);
void rtnl_close(struct rtnl *rtnl);

/* Room for a request with its attributes. */
#define RTNL_BUFFER 8192
struct rtnl_request {
	char bytes[RTNL_BUFFER] __attribute__((aligned(8)));
};

/* Starts a request: @extra bytes of zeroed family header follow, returned. */
void *rtnl_request_init(struct rtnl_request *request, u16 type, u16 flags, size_t extra);
static inline struct nlmsghdr *rtnl_header(struct rtnl_request *request)
{
	return (struct nlmsghdr *)request->bytes;
}

/* Sends the request and reads until its acknowledgement or, for a dump, until its end; @cb (may be
 * NULL) sees each message. False with the kernel's errno in *ret_errno (0 when it was not the
 * kernel's word) and
 * @error set. */
bool rtnl_talk(struct rtnl *rtnl, struct rtnl_request *request, mnl_cb_t cb, void *data,
	int *ret_errno, GError **error);
