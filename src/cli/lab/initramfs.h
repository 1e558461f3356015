/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the small system of a lab's virtual machines: busybox, the modules of the virtio network
 * card, /init. */
#pragma once

#include "base/error.h"

/* The newest kernel in /boot whose modules are installed; *@ret_release is its release. Both to be
 * freed. */
char *kernel_find(char **ret_release, GError **error);

/* Writes the archive to @path. */
bool initramfs_build(const char *path, const char *release, GError **error);
