/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING };

static const char *program_name = "weft";
static enum level threshold = LEVEL_INFO;

void log_init(const char *program)
{
	const char *wanted = g_getenv("WEFT_LOG");

	program_name = program;
	if (g_strcmp0(wanted, "debug") == 0)
		threshold = LEVEL_DEBUG;
	else if (g_strcmp0(wanted, "warning") == 0)
		threshold = LEVEL_WARNING;
}

/* What somebody else chose must not look like a line of ours. */
static void escape_controls(GString *text)
{
	for (gsize i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->str[i];
		char escaped[8];

		if (c >= 0x20 && c != 0x7f)
			continue;
		snprintf(escaped, sizeof(escaped), "\\x%02x", c);
		g_string_erase(text, (gssize)i, 1);
		g_string_insert(text, (gssize)i, escaped);
		i += strlen(escaped) - 1;
	}
}

static void emit(enum level level, const char *format, va_list args)
{
	/* syslog(3) priorities, which journald reads from the "<N>" prefix of a line (sd-daemon(3))
	 */
	static const char *const prefix[] = { "<7>", "<6>", "<4>" };
	static const char *const name[] = { "debug", "info", "warning" };
	struct timespec now;
	struct tm tm;
	char when[32];

	if (level < threshold)
		return;
	g_autoptr(GString) text = g_string_new(NULL);
	const char *message;

	g_string_vprintf(text, format, args);
	escape_controls(text);
	message = text->str;
	if (g_getenv("JOURNAL_STREAM")) {
		fprintf(stderr, "%s%s\n", prefix[level], message);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	fprintf(stderr, "%s.%03ld %s[%d] %s: %s\n", when, now.tv_nsec / 1000000, program_name,
		(int)getpid(), name[level], message);
}

#define DEFINE_LEVEL(function, level)          \
	void function(const char *format, ...) \
	{                                      \
		va_list args;                  \
		va_start(args, format);        \
		emit(level, format, args);     \
		va_end(args);                  \
	}

DEFINE_LEVEL(log_debug, LEVEL_DEBUG)
DEFINE_LEVEL(log_info, LEVEL_INFO)
DEFINE_LEVEL(log_warning, LEVEL_WARNING)

bool log_allow(struct log_limit *limit, guint *ret_suppressed)
{
	gint64 now = g_get_monotonic_time();

	if (now - limit->window_start_us > LOG_LIMIT_INTERVAL_US) {
		*ret_suppressed = limit->suppressed;
		*limit = (struct log_limit){ .window_start_us = now };
	}
	if (limit->sent >= LOG_LIMIT_BURST) {
		limit->suppressed++;
		return false;
	}
	limit->sent++;
	return true;
}
