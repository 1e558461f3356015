/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses in the commands and answers of FTP (RFC 959, RFC 2428): which one a segment names, and
 * how another one is written in its place. A pure parser: no state.
 */
#pragma once

#include "base/types.h"

enum ftp_form {
	FTP_PORT, /* PORT 192,0,2,1,4,0 */
	FTP_EPRT, /* EPRT |1|192.0.2.1|1024| */
	FTP_PASV, /* 227 … (192,0,2,1,4,0) */
	FTP_EPSV, /* 229 … (|||1024|): no address */
};
struct ftp_name {
	enum ftp_form form;
	size_t at, len; /* of the text that is to be another */
	be32 addr;
	u16 port;
	char delimiter; /* of FTP_EPRT and FTP_EPSV */
};

/* Finds the first line of @text, which begins with a line, that names an address; @from_client: of
 * commands, else of answers. False: there is none that is whole and right. */
bool ftp_find(const char *text, size_t len, bool from_client, struct ftp_name *ret);

#define FTP_TEXT_MAX 40
/* What stands there for another address; the length. */
size_t ftp_write(const struct ftp_name *name, be32 addr, u16 port, char ret[static FTP_TEXT_MAX]);
