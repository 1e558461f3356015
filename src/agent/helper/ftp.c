/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper/ftp.h"

#include <glib.h>
#include <string.h>

/* A decimal number of at most @max at *@at, which moves behind it; -1: there is none. */
static long number(const char *text, size_t len, size_t *at, long max)
{
	size_t begin = *at;
	long value = 0;

	while (*at < len && g_ascii_isdigit(text[*at]) && *at - begin < 5)
		value = value * 10 + (text[(*at)++] - '0');
	if (*at == begin || value > max || (*at < len && g_ascii_isdigit(text[*at])))
		return -1;
	return value;
}

/* h1,h2,h3,h4,p1,p2 */
static bool parse_six(const char *text, size_t len, size_t at, struct ftp_name *ret)
{
	u8 bytes[6];
	size_t i = at;

	for (unsigned n = 0; n < 6; n++) {
		long value;

		if (n && (i >= len || text[i++] != ','))
			return false;
		value = number(text, len, &i, 255);
		if (value < 0)
			return false;
		bytes[n] = (u8)value;
	}
	memcpy(&ret->addr, bytes, 4);
	ret->port = (u16)(bytes[4] << 8 | bytes[5]);
	ret->at = at;
	ret->len = i - at;
	return true;
}

/* Anywhere behind the code: RFC 1123 section 4.1.2.6 has it searched for. */
static bool parse_pasv(const char *line, size_t len, struct ftp_name *ret)
{
	ret->form = FTP_PASV;
	for (size_t i = 4; i < len; i++)
		if (g_ascii_isdigit(line[i]) && !g_ascii_isdigit(line[i - 1]) &&
			parse_six(line, len, i, ret))
			return true;
	return false;
}

/* a.b.c.d at *@at */
static bool parse_dotted(const char *text, size_t len, size_t *at, be32 *ret)
{
	u8 bytes[4];

	for (unsigned n = 0; n < 4; n++) {
		long value;

		if (n && (*at >= len || text[(*at)++] != '.'))
			return false;
		value = number(text, len, at, 255);
		if (value < 0)
			return false;
		bytes[n] = (u8)value;
	}
	memcpy(ret, bytes, 4);
	return true;
}

/* @c at *@at, which moves behind it. */
static bool take(const char *text, size_t len, size_t *at, char c)
{
	return *at < len && text[(*at)++] == c;
}

/* |1|a.b.c.d|port|, with any delimiter that is no digit; of IPv6 (2) nothing is translated. */
static bool parse_eprt(const char *line, size_t len, struct ftp_name *ret)
{
	size_t at = 5;
	long port;

	ret->form = FTP_EPRT;
	ret->at = at;
	if (at >= len || !g_ascii_isgraph(line[at]) || g_ascii_isdigit(line[at]))
		return false;
	ret->delimiter = line[at++];
	if (!take(line, len, &at, '1') || !take(line, len, &at, ret->delimiter) ||
		!parse_dotted(line, len, &at, &ret->addr) ||
		!take(line, len, &at, ret->delimiter) ||
		(port = number(line, len, &at, 65535)) < 0 || !take(line, len, &at, ret->delimiter))
		return false;
	ret->port = (u16)port;
	ret->len = at - ret->at;
	return true;
}

/* … (|||port|) */
static bool parse_epsv(const char *line, size_t len, struct ftp_name *ret)
{
	const char *open = memchr(line, '(', len);
	size_t at = open ? (size_t)(open - line) + 1 : len;
	long port;

	ret->form = FTP_EPSV;
	ret->at = at;
	if (at >= len || !g_ascii_isgraph(line[at]) || g_ascii_isdigit(line[at]))
		return false;
	ret->delimiter = line[at++];
	if (!take(line, len, &at, ret->delimiter) || !take(line, len, &at, ret->delimiter) ||
		(port = number(line, len, &at, 65535)) < 0 || !take(line, len, &at, ret->delimiter))
		return false;
	ret->port = (u16)port;
	ret->len = at - ret->at;
	return true;
}

static bool parse_line(const char *line, size_t len, bool from_client, struct ftp_name *ret)
{
	*ret = (struct ftp_name){ 0 };
	if (len < 5)
		return false;
	if (from_client && !g_ascii_strncasecmp(line, "PORT ", 5)) {
		ret->form = FTP_PORT;
		return parse_six(line, len, 5, ret);
	}
	if (from_client)
		return !g_ascii_strncasecmp(line, "EPRT ", 5) && parse_eprt(line, len, ret);
	if (!strncmp(line, "227 ", 4))
		return parse_pasv(line, len, ret);
	return !strncmp(line, "229 ", 4) && parse_epsv(line, len, ret);
}

bool ftp_find(const char *text, size_t len, bool from_client, struct ftp_name *ret)
{
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line = end ? (size_t)(end - text) - at : 0;

		if (!end)
			return false;
		if (parse_line(text + at, line, from_client, ret)) {
			ret->at += at;
			return true;
		}
		at += line + 1;
	}
	return false;
}

size_t ftp_write(const struct ftp_name *name, be32 addr, u16 port, char ret[static FTP_TEXT_MAX])
{
	const char d = name->delimiter;
	u8 a[4];

	memcpy(a, &addr, sizeof(a));
	if (name->form == FTP_EPSV)
		return (size_t)g_snprintf(ret, FTP_TEXT_MAX, "%c%c%c%u%c", d, d, d, port, d);
	if (name->form == FTP_EPRT)
		return (size_t)g_snprintf(ret, FTP_TEXT_MAX, "%c1%c%u.%u.%u.%u%c%u%c", d, d, a[0],
			a[1], a[2], a[3], d, port, d);
	return (size_t)g_snprintf(ret, FTP_TEXT_MAX, "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2], a[3],
		port >> 8, port & 255);
}
