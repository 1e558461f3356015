/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of a machine: its own, by which it is known to us, and ours, by which we are
 * known to it. Each is known by itself, not by who has signed it. */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"
#include "base/types.h"

#define CERTIFICATE_NAME "appliance" /* of the host in URLs */
/* Files in the machine's folder, for root alone; while the machine is being told others, these are
 * there too, with CERTIFICATE_NEXT behind their names. */
#define CERTIFICATE_FILE "cert.pem"	/* its own */
#define CERTIFICATE_CLIENT "client.pem" /* ours, and its key */
#define CERTIFICATE_NEXT ".next"

/* PEM texts. */
struct certificates {
	char *own, *own_key;
	char *client, *client_key;
	s64 end_s; /* of both, since 1970 */
};

/* For the appliance @id, valid from a while ago (its clock may be behind) to @end_s. */
struct certificates *certificates_make(const char *id, s64 end_s, GError **error);
void certificates_free(struct certificates *certificates);
DEFINE_AUTOPTR(certificates, certificates_free)

/* Writes the files; @suffix: "" or CERTIFICATE_NEXT. */
bool certificates_save(const struct certificates *certificates, const char *folder,
	const char *suffix, GError **error);
/* The next ones take the others' place. */
bool certificates_turn(const char *folder, GError **error);
/* There are none any more. */
void certificates_remove(const char *folder);
