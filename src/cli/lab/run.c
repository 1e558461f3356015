/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab/run.h"

#include <gio/gio.h>

#include "base/log.h"

static GPtrArray *words_of(const char *program, va_list args)
{
	GPtrArray *words = g_ptr_array_new();

	g_ptr_array_add(words, (gpointer)program);
	for (const char *word; (word = va_arg(args, const char *));)
		g_ptr_array_add(words, (gpointer)word);
	g_ptr_array_add(words, NULL);
	return words;
}

/* Runs @words with @input; what they print, or NULL with their complaint as error. */
static char *run_words(const char *const *words, const char *input, GError **error)
{
	g_autofree char *line = g_strjoinv(" ", (char **)words);
	g_autofree char *out = NULL, *problem = NULL;
	GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE |
				 (input ? G_SUBPROCESS_FLAGS_STDIN_PIPE : G_SUBPROCESS_FLAGS_NONE);

	log_debug("run: %s%s%s", line, input ? "\n" : "", input ? input : "");
	g_autoptr(GSubprocess) process = g_subprocess_newv(words, flags, error);

	if (!process ||
		!g_subprocess_communicate_utf8(process, input, NULL, &out, &problem, error)) {
		g_prefix_error(error, "'%s': ", line);
		return NULL;
	}
	if (!g_subprocess_get_successful(process)) {
		weft_fail(error, KERNEL, "'%s' failed: %s", line,
			problem && *problem ? g_strchomp(problem) : "no message");
		return NULL;
	}
	return g_steal_pointer(&out);
}

char *run_output(GError **error, const char *program, ...)
{
	va_list args;

	va_start(args, program);
	g_autoptr(GPtrArray) words = words_of(program, args);
	va_end(args);
	return run_words((const char *const *)words->pdata, NULL, error);
}

bool run(GError **error, const char *program, ...)
{
	va_list args;

	va_start(args, program);
	g_autoptr(GPtrArray) words = words_of(program, args);
	va_end(args);
	g_autofree char *out = run_words((const char *const *)words->pdata, NULL, error);

	return out != NULL;
}

bool run_ip(GError **error, const char *netns, const char *format, ...)
{
	const char *here[] = { "ip", "-batch", "-", NULL };
	const char *there[] = { "ip", "-n", netns, "-batch", "-", NULL };
	va_list args;

	va_start(args, format);
	g_autofree char *lines = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *out = run_words(netns ? there : here, lines, error);

	return out != NULL;
}
