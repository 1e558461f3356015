/* SPDX-License-Identifier: Apache-2.0 */
#include "metadata/serve.h"

#include <string.h>

#define TEXT "text/plain; charset=utf-8"

bool metadata_peer(const struct http_request *request, struct ip *ret)
{
	char text[HTTP_PEER_STRLEN];
	char *end, *begin = text;

	http_request_peer(request, text);
	end = strrchr(text, ':');
	if (!end)
		return false;
	if (*begin == '[') {
		begin++;
		end--;
	}
	*end = '\0';
	return ip_parse(begin, ret);
}

void metadata_serve(struct http_request *request, const struct metadata_guest *guest)
{
	const struct http_target *target = http_request_target(request);
	enum http_method method = http_request_method(request);
	const char *type = TEXT;
	GString *answer = NULL;

	if (!guest)
		return http_request_answer(request, 404, TEXT,
			g_string_new("no port with that address is known here\n"));
	if (method != HTTP_GET && method != HTTP_HEAD)
		return http_request_answer(
			request, 405, TEXT, g_string_new("only GET is served here\n"));
	if (!http_request_error(request))
		answer = metadata_answer(
			guest, (char *const *)target->segments, target->n_segments, &type);
	http_request_answer(request, answer ? 200 : 404, answer ? type : TEXT,
		answer ?: g_string_new("there is nothing of that name\n"));
}
