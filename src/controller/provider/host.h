/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a plug-in: `weftd --provider-host FILE`, with the socket to weftd as descriptor 3.
 */
#pragma once

#define PROVIDER_HOST_FD 3

/* Loads the file and answers calls until weftd closes the socket; the exit code. */
int provider_host_run(const char *path);
