/* SPDX-License-Identifier: Apache-2.0 */
/* What virtual machines of a host are made of: images, and what runs them. */
#pragma once

#include "base/error.h"

/* NOT_FOUND, with what the image, a folder with a kernel or a disk, lacks. */
bool image_check(const char *image, GError **error);

/* Names of what is whole in the folder, in their order; g_strfreev(). */
char **images_list(const char *folder);

/* Is there KVM? @cpuinfo is the text of /proc/cpuinfo: without the processor's own support what
 * calls itself KVM is none that guests run on. */
bool kvm_is_here(const char *cpuinfo, const char *device);

#define KVM_DEVICE "/dev/kvm"
