/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the appliance of a machine's folder by the socket there. With certificates there it is by
 * TLS: it must show its own, which is looked at as closely as that of somebody whom one does not
 * trust, and is shown ours. */
#pragma once

#include <libsoup/soup.h>

/* @folder is borrowed. */
SoupSession *peer_session(const char *folder, unsigned timeout_s);
/* With our credential, for the session of that folder. */
SoupMessage *peer_message(
	SoupSession *session, const char *folder, const char *method, const char *path);
/* What was wrong with the certificate that it has shown; NULL: nothing. Borrowed from @message. */
const char *peer_problem(SoupMessage *message);
