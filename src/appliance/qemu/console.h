/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtual machine and QEMU say: the last of it is kept, for when it ends. */
#pragma once

struct console;

/* @fd is the end of a pipe, taken over. */
struct console *console_new(int fd);
void console_free(struct console *console);
/* The last lines, in one; g_free(). NULL: it has said nothing. */
char *console_last(struct console *console);
