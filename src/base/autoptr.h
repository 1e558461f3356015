/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g_autoptr(tag) for `struct tag`. GLib's own macro wants a typedef, whose name would then be
 * shadowed by every variable that is called like its type.
 */
#pragma once

#include <glib.h>

#define DEFINE_AUTOPTR(tag, free_function)                                    \
	typedef struct tag *tag##_autoptr;                                    \
	static inline void glib_autoptr_cleanup_##tag(tag##_autoptr *pointer) \
	{                                                                     \
		if (*pointer)                                                 \
			free_function(*pointer);                              \
	}
