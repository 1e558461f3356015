/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in a virtual machine, by its second serial port (guest/vm-init.sh is the other end). */
#pragma once

#include <stdio.h>

#include "cli/lab/state.h"

/* Runs a shell command there and writes what it prints to @out as it comes (NULL: nowhere).
 * *@ret_status is its exit status. One at a time: what an earlier caller left running is ended. */
bool vm_exec(const struct lab *lab, const struct guest *guest, const char *command, FILE *out,
	int *ret_status, GError **error);

/*
 * Finds in a stream of bytes what is between the lines "WEFT-BEGIN NONCE" and "WEFT-END NONCE
 * STATUS". Feed it with vm_output_feed() until done; what came between is appended to @text,
 * markers and their newlines excluded.
 */
struct vm_output {
	char *begin, *end; /* what to look for */
	GString *pending;
	bool begun, done;
	int status;
};
void vm_output_init(struct vm_output *output, const char *nonce);
void vm_output_feed(struct vm_output *output, const char *bytes, size_t len, GString *text);
void vm_output_clear(struct vm_output *output);
