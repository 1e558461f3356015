/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structured logging: one sentence plus fields, through GLib's structured log (journald fields
 * under systemd, "LEVEL message key=value …" on standard error elsewhere). Never log a secret. What
 * a packet or an unauthenticated client can trigger uses log_limited().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Call once at the start of main(); @program is static ("weftd"). Level from
 * WEFT_LOG=debug|info|warning, default info. */
void log_init(const char *program);

void log_debug(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_info(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_warning(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* For a static rate limiter at a call site: at most @burst messages per @interval_us, then one that
 * counts the rest. */
struct log_limit {
	gint64 window_start_us;
	guint sent, suppressed;
};
#define LOG_LIMIT_BURST 5
#define LOG_LIMIT_INTERVAL_US (5 * G_USEC_PER_SEC)
bool log_allow(struct log_limit *limit, guint *ret_suppressed);

#define log_limited(level, format, ...)                                                            \
	do {                                                                                       \
		static struct log_limit limit_;                                                    \
		guint suppressed_ = 0;                                                             \
		if (log_allow(&limit_, &suppressed_))                                              \
			log_##level(suppressed_ ? format " (and %u more like it)" : format "%.0u", \
				##__VA_ARGS__, suppressed_);                                       \
	} while (0)
