/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper/sip.h"

#include <string.h>

#include "agent/helper/sip_body.h"

#define DEFAULT_PORT 5060
#define EXPIRES_DEFAULT 3600 /* RFC 3261 section 10.2.1.1 */

struct message {
	const char *body; /* behind the empty line */
	size_t body_len;
	bool described; /* the body is a session description */
};

/* Headers with addresses; the short forms of RFC 3261 section 7.3.3 and RFC 3515, 3892. */
static const struct {
	const char *name;
	bool reaches; /* without a port, the default one is meant */
} headers[] = {
	{ "Via", true },
	{ "v", true },
	{ "Contact", true },
	{ "m", true },
	{ "Route", true },
	{ "Record-Route", true },
	{ "From", false },
	{ "f", false },
	{ "To", false },
	{ "t", false },
	{ "Reply-To", false },
	{ "Refer-To", false },
	{ "r", false },
	{ "Referred-By", false },
	{ "b", false },
	{ "P-Asserted-Identity", false },
	{ "P-Preferred-Identity", false },
};

bool sip_line(const char *text, size_t len, size_t *at, struct sip_text *ret)
{
	const char *end;

	if (*at >= len)
		return false;
	end = memchr(text + *at, '\n', len - *at);
	ret->text = text + *at;
	ret->len = end ? (size_t)(end - ret->text) + 1 : len - *at;
	*at += ret->len;
	return true;
}

static bool is_empty(const struct sip_text *line)
{
	return line->len <= 2 && (line->text[0] == '\n' || line->text[0] == '\r');
}

static bool is_start(const struct sip_text *line)
{
	static const char version[] = "SIP/2.0";
	size_t n = strlen(version), len = line->len;

	while (len && (line->text[len - 1] == '\n' || line->text[len - 1] == '\r'))
		len--;
	if (len <= n || !g_ascii_isupper(line->text[0]))
		return false;
	return (!memcmp(line->text, version, n) && line->text[n] == ' ') ||
	       (!memcmp(line->text + len - n, version, n) && line->text[len - n - 1] == ' ');
}

/* Whether the line is of that header; *ret_at: where its value begins. */
static bool is_header(const struct sip_text *line, const char *name, size_t *ret_at)
{
	size_t at = strlen(name);

	if (line->len <= at || g_ascii_strncasecmp(line->text, name, at))
		return false;
	while (at < line->len && (line->text[at] == ' ' || line->text[at] == '\t'))
		at++;
	*ret_at = at + 1;
	return at < line->len && line->text[at] == ':';
}

/* The number that the header's value is; -1: it is another header, or no number. */
static long header_number(const struct sip_text *line, const char *name, const char *brief)
{
	size_t at;

	if (!is_header(line, name, &at) && !(brief && is_header(line, brief, &at)))
		return -1;
	while (at < line->len && (line->text[at] == ' ' || line->text[at] == '\t'))
		at++;
	return sip_number(line->text, line->len, &at, 99999999);
}

long sip_number(const char *text, size_t len, size_t *at, long max)
{
	size_t begin = *at;
	long value = 0;

	while (*at < len && *at - begin < 8 && g_ascii_isdigit(text[*at]))
		value = value * 10 + (text[(*at)++] - '0');
	return *at == begin || value > max ? -1 : value;
}

static bool find(const struct sip_text *in, size_t from, const char *what, size_t n, size_t *ret)
{
	const char *found =
		from < in->len ? memmem(in->text + from, in->len - from, what, n) : NULL;

	if (found)
		*ret = (size_t)(found - in->text);
	return found != NULL;
}

static bool continues(char c)
{
	return g_ascii_isalnum(c) || c == '-' || c == '_';
}

/* Whether the text at @at, of @n, is an address by itself and no part of another. */
static bool stands_alone(const struct sip_text *line, size_t at, size_t n)
{
	char before = at ? line->text[at - 1] : ' ';
	char behind = at + n < line->len ? line->text[at + n] : ' ';
	char next = at + n + 1 < line->len ? line->text[at + n + 1] : ' ';

	return !continues(before) && before != '.' && !continues(behind) &&
	       !(behind == '.' && continues(next));
}

/* The port behind the address at *@at, which moves behind it. */
static void write_port(const struct sip_text *line, size_t *at, const struct sip_change *change,
	bool reaches, GString *out)
{
	size_t i = *at + 1;
	long port = -1;

	if (*at < line->len && line->text[*at] == ':')
		port = sip_number(line->text, line->len, &i, 65535);
	if (port >= 0)
		*at = i;
	if (port < 0 &&
		!(reaches && change->from_port == DEFAULT_PORT && change->to_port != DEFAULT_PORT))
		return;
	if (port < 0 || port == change->from_port)
		port = change->to_port;
	g_string_append_printf(out, ":%ld", port);
}

void sip_write_addresses(const struct sip_text *line, const struct sip_change *change,
	bool with_ports, bool reaches, GString *out)
{
	char from[SIP_ADDRESS_MAX], to[SIP_ADDRESS_MAX];
	size_t n = sip_address(change->from, from), at = 0, found;

	sip_address(change->to, to);
	while (find(line, at, from, n, &found)) {
		bool alone = stands_alone(line, found, n);

		g_string_append_len(out, line->text + at, (gssize)(found - at));
		g_string_append(out, alone ? to : from);
		at = found + n;
		if (alone && with_ports)
			write_port(line, &at, change, reaches, out);
	}
	g_string_append_len(out, line->text + at, (gssize)(line->len - at));
}

size_t sip_address(be32 address, char ret[static SIP_ADDRESS_MAX])
{
	u8 b[4];

	memcpy(b, &address, sizeof(b));
	return (size_t)g_snprintf(ret, SIP_ADDRESS_MAX, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

/* Where the other side saw the request come from (RFC 3581), as this one knows itself. */
static void restore_rport(const struct sip_change *change, GString *out, size_t line)
{
	static const char name[] = ";rport=";
	char *found = strstr(out->str + line, name);
	g_autofree char *port = NULL;
	size_t at, end;

	if (!found || !change->arriving)
		return;
	at = end = (size_t)(found - out->str) + strlen(name);
	if (sip_number(out->str, out->len, &end, 65535) != change->from_port)
		return;
	port = g_strdup_printf("%u", change->to_port);
	g_string_erase(out, (gssize)at, (gssize)(end - at));
	g_string_insert(out, (gssize)at, port);
}

static void write_header(const struct sip_text *line, const struct sip_change *change, GString *out)
{
	size_t value, begin = out->len;

	for (size_t i = 0; i < G_N_ELEMENTS(headers); i++)
		if (is_header(line, headers[i].name, &value)) {
			sip_write_addresses(line, change, true, headers[i].reaches, out);
			if (i < 2) /* Via */
				restore_rport(change, out, begin);
			return;
		}
	g_string_append_len(out, line->text, (gssize)line->len);
}

/* False: it is no whole message. */
static bool take_apart(const char *text, size_t len, struct message *ret)
{
	struct sip_text line;
	size_t at = 0, value, type;

	*ret = (struct message){ 0 };
	if (memchr(text, '\0', len) || !sip_line(text, len, &at, &line) || !is_start(&line))
		return false;
	while (sip_line(text, len, &at, &line)) {
		if (is_empty(&line)) {
			ret->body = text + at;
			ret->body_len = len - at;
			return true;
		}
		if (is_header(&line, "Content-Type", &value) || is_header(&line, "c", &value))
			ret->described = find(&line, value, "application/sdp", 15, &type);
	}
	return false;
}

#define START_MAX 512

bool sip_begins(const char *text, size_t len)
{
	struct sip_text line;
	size_t at = 0;

	if (!sip_line(text, len, &at, &line))
		return false;
	return line.text[line.len - 1] == '\n'
		       ? is_start(&line)
		       : g_ascii_isupper(line.text[0]) && line.len < START_MAX;
}

size_t sip_length(const char *text, size_t len)
{
	struct message message;
	struct sip_text line;
	size_t at = 0;
	long body = 0;

	if (!take_apart(text, len, &message))
		return 0;
	while (sip_line(text, len, &at, &line) && !is_empty(&line)) {
		long given = header_number(&line, "Content-Length", "l");

		body = given >= 0 ? given : body;
	}
	return (size_t)body > len - at ? 0 : at + (size_t)body;
}

GString *sip_translate(const char *text, size_t len, const struct sip_change *change)
{
	g_autoptr(GString) body = NULL;
	struct message message;
	struct sip_text line;
	size_t at = 0;
	GString *out;

	if (!take_apart(text, len, &message))
		return NULL;
	body = message.described ? sip_translate_body(message.body, message.body_len, change)
				 : g_string_new_len(message.body, (gssize)message.body_len);
	out = g_string_sized_new(len + 64);
	sip_line(text, len, &at, &line);
	sip_write_addresses(&line, change, true, false, out);
	while (sip_line(text, len, &at, &line) && !is_empty(&line))
		if (header_number(&line, "Content-Length", "l") == (long)message.body_len)
			g_string_append_printf(out, "Content-Length: %zu\r\n", body->len);
		else
			write_header(&line, change, out);
	g_string_append_len(out, line.text, (gssize)line.len);
	g_string_append_len(out, body->str, (gssize)body->len);
	if (out->len != len || memcmp(out->str, text, len))
		return out;
	g_string_free(out, TRUE);
	return NULL;
}

unsigned sip_registers(const char *text, size_t len)
{
	static const char parameter[] = ";expires=";
	long seconds = EXPIRES_DEFAULT;
	struct message message;
	struct sip_text line;
	size_t at = 0, value;

	if (!take_apart(text, len, &message) || len < 9 || memcmp(text, "REGISTER ", 9))
		return 0;
	while (sip_line(text, len, &at, &line) && !is_empty(&line)) {
		long given = header_number(&line, "Expires", NULL);

		if ((is_header(&line, "Contact", &value) || is_header(&line, "m", &value)) &&
			find(&line, value, parameter, strlen(parameter), &value)) {
			value += strlen(parameter);
			given = sip_number(line.text, line.len, &value, 99999999);
		}
		if (given >= 0)
			seconds = given;
	}
	return (unsigned)seconds;
}
