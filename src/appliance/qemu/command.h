/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of QEMU for a machine. */
#pragma once

#include "appliance/runtime/description.h"

#define QEMU_MEMORY_MIB 256  /* of a machine whose description says nothing */
#define QEMU_PORT "weft.api" /* what the channel is called in the machine */

struct qemu_files {
	const char *program; /* QEMU */
	bool kvm;
	int config;	  /* of the disk with the configuration */
	int channel;	  /* a connected socket */
	const int *taps;  /* by NIC; -1: it is the function of a card */
	const int *vhost; /* by NIC; -1: QEMU copies its packets by itself */
};

/* Descriptors are numbers in QEMU's process. g_strfreev() */
char **qemu_command(const struct description *description, const struct qemu_files *files);
