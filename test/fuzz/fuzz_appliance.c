/* SPDX-License-Identifier: Apache-2.0 */
/* An appliance's configuration: any text. What is taken gives files without a character that could
 * mean something else to who reads them, and with as many lines as there are things in it. */
#include <stdlib.h>
#include <string.h>

#include "appliance/render/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_characters(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isprint(*text) && *text != '\n' && *text != '\t')
			abort();
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static size_t count_names(const struct document *document)
{
	size_t n = 0;

	for (guint i = 0; i < document->dns.names->len; i++)
		n += g_array_index(document->dns.names, struct document_name, i).addresses->len;
	return n;
}

/* Reads a line as HAProxy does: outside of quotes nothing begins that is not ours, and no quote is
 * left open. */
static void check_quotes(const char *line)
{
	bool quoted = false;

	for (; *line; line++) {
		if (*line == '\'')
			quoted = !quoted;
		else if (!quoted && *line == '\\' && *++line != '\'')
			abort();
		else if (!quoted && strchr("\"#$", *line))
			abort();
	}
	if (quoted)
		abort();
}

/* Of haproxy.cfg: each line is one of those that are made. */
static void check_haproxy(const char *text)
{
	static const char *const words[] = { "#", "global", "defaults", "frontend", "backend",
		"\tuser", "\tgroup", "\tno", "\thard-stop-after", "\tssl-default-bind-options",
		"\tfd-hard-limit", "\tdescription", "\tstats", "\tserver-state-file",
		"\tload-server-state-from-file", "\toption", "\tretries", "\tmode", "\ttimeout",
		"\tbind", "\tmaxconn", "\ttcp-request", "\thttp-request", "\tacl", "\tuse_backend",
		"\tdefault_backend", "\tbalance", "\thash-type", "\tcookie", "\thttp-check",
		"\tserver", NULL };
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_autofree char *word = g_strndup(*line, strcspn(*line, " "));

		if (**line && !g_strv_contains(words, word))
			abort();
		if (**line != '#')
			check_quotes(*line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct render_place place = { "/run/a", 9797 };
	g_autoptr(document) document = document_parse((const char *)data, size, NULL);
	struct rendered rendered;

	if (!document)
		return 0;
	render(document, &place, &rendered);
	for (unsigned i = 0; i < RENDER_FILES; i++)
		check_characters(rendered.texts[i]);
	if (count_lines(rendered.texts[RENDER_GRE]) != 1 + document->gre->len)
		abort();
	if (count_lines(rendered.texts[RENDER_DHCP_HOSTS]) != 1 + document->dhcp.hosts->len ||
		count_lines(rendered.texts[RENDER_DNS_HOSTS]) != 1 + count_names(document))
		abort();
	check_haproxy(rendered.texts[RENDER_HAPROXY]);
	rendered_clear(&rendered);
	return 0;
}
