/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenAPI 3.0 document of all that is served, from the kinds' tables and that of routes. */
#include "controller/api/openapi.h"

#include <string.h>

#include "controller/api/route.h"

/* What is the same for every kind. */
static const char parameters[] =
	"{\"fields\":{\"name\":\"fields\",\"in\":\"query\",\"description\":\"Only these attributes.\","
	"\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
	"\"sort_key\":{\"name\":\"sort_key\",\"in\":\"query\",\"description\":\"Attributes to sort by.\","
	"\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
	"\"sort_dir\":{\"name\":\"sort_dir\",\"in\":\"query\",\"description\":\"One for each sort_key.\","
	"\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"asc\",\"desc\"]}}},"
	"\"limit\":{\"name\":\"limit\",\"in\":\"query\",\"description\":\"At most so many.\","
	"\"schema\":{\"type\":\"integer\",\"minimum\":0}},"
	"\"marker\":{\"name\":\"marker\",\"in\":\"query\",\"description\":\"The id behind which the page begins.\","
	"\"schema\":{\"type\":\"string\"}},"
	"\"page_reverse\":{\"name\":\"page_reverse\",\"in\":\"query\",\"description\":\"The page ends before the marker.\","
	"\"schema\":{\"type\":\"boolean\"}},"
	"\"if_match\":{\"name\":\"If-Match\",\"in\":\"header\",\"description\":\"revision_number=N: only if it still has this one.\","
	"\"schema\":{\"type\":\"string\"}}}";

static const char shared_schemas[] =
	"\"links\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"rel\",\"href\"],"
	"\"properties\":{\"rel\":{\"type\":\"string\",\"enum\":[\"next\",\"previous\"]},"
	"\"href\":{\"type\":\"string\",\"format\":\"uri\"}}}},"
	"\"tags\":{\"type\":\"object\",\"required\":[\"tags\"],\"additionalProperties\":false,"
	"\"properties\":{\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}},"
	"\"error\":{\"type\":\"object\",\"required\":[\"NeutronError\"],\"additionalProperties\":false,"
	"\"properties\":{\"NeutronError\":{\"type\":\"object\",\"required\":[\"type\",\"message\",\"detail\"],"
	"\"additionalProperties\":false,\"properties\":{\"type\":{\"type\":\"string\"},"
	"\"message\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"}}}}},"
	"\"fault\":{\"type\":\"object\",\"required\":[\"faultcode\",\"faultstring\",\"debuginfo\"],"
	"\"additionalProperties\":false,\"properties\":{\"faultcode\":{\"type\":\"string\"},"
	"\"faultstring\":{\"type\":\"string\"},\"debuginfo\":{\"type\":\"string\"}}},"
	"\"unauthorized\":{\"type\":\"object\",\"required\":[\"error\"],\"additionalProperties\":false,"
	"\"properties\":{\"error\":{\"type\":\"object\",\"required\":[\"code\",\"title\",\"message\"],"
	"\"properties\":{\"code\":{\"type\":\"integer\"},\"title\":{\"type\":\"string\"},"
	"\"message\":{\"type\":\"string\"}}}}}";

static const char responses[] =
	"{\"error\":{\"description\":\"What is wrong, and what would be right.\",\"content\":"
	"{\"application/json\":{\"schema\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/error\"},"
	"{\"$ref\":\"#/components/schemas/fault\"}]}}}},"
	"\"unauthorized\":{\"description\":\"There is no valid token.\",\"content\":"
	"{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/unauthorized\"}}}}}";

static const char security_schemes[] =
	"{\"token\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Auth-Token\"},"
	"\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}";

static const struct kind *served_kind(unsigned id)
{
	const struct kind *kind = kind_by_id((enum kind_id)id);

	return kind->flags & KIND_ELSEWHERE ? NULL : kind;
}

/* "{id}" of a path as parameters. */
static void write_path_parameters(struct json_writer *w, const char *path)
{
	jw_key(w, "parameters");
	jw_begin_array(w);
	for (const char *at = path; (at = strchr(at, '{')); at++) {
		g_autofree char *name = g_strndup(at + 1, strcspn(at + 1, "}"));

		jw_begin_object(w);
		jw_member_string(w, "name", name);
		jw_member_string(w, "in", "path");
		jw_member_bool(w, "required", true);
		jw_member_raw(w, "schema", "{\"type\":\"string\"}");
		jw_end_object(w);
	}
	jw_end_array(w);
}

/* A path that is not of the kinds' table. */
static void write_route(struct json_writer *w, unsigned number)
{
	static const struct {
		enum http_method method;
		const char *name;
	} methods[] = { { HTTP_GET, "get" }, { HTTP_POST, "post" }, { HTTP_PUT, "put" },
		{ HTTP_PATCH, "patch" }, { HTTP_DELETE, "delete" } };
	const char *path = route_name(number);

	jw_key(w, path);
	jw_begin_object(w);
	write_path_parameters(w, path);
	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
		if (!route_has(number, methods[i].method))
			continue;
		jw_key(w, methods[i].name);
		jw_begin_object(w);
		jw_member_raw(w, "responses",
			"{\"default\":{\"description\":\"As docs/api.md describes it.\"}}");
		jw_end_object(w);
	}
	jw_end_object(w);
}

static void write_paths(struct json_writer *w)
{
	jw_key(w, "paths");
	jw_begin_object(w);
	for (unsigned i = 0; i < route_count(); i++)
		if (!strstr(route_name(i), "{collection}") && !strstr(route_name(i), "…"))
			write_route(w, i);
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		if (served_kind(id))
			openapi_write_paths(w, served_kind(id));
	jw_end_object(w);
}

static void write_components(struct json_writer *w)
{
	jw_key(w, "components");
	jw_begin_object(w);
	jw_member_raw(w, "parameters", parameters);
	jw_member_raw(w, "responses", responses);
	jw_member_raw(w, "securitySchemes", security_schemes);
	jw_key(w, "schemas");
	jw_begin_object(w);
	jw_raw(w, shared_schemas, strlen(shared_schemas));
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		if (served_kind(id))
			openapi_write_schemas(w, served_kind(id));
	jw_end_object(w);
	jw_end_object(w);
}

static GString *write_document(void)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_string(&w, "openapi", "3.0.3");
	jw_member_raw(&w, "info",
		"{\"title\":\"weft\",\"version\":\"" WEFT_VERSION
		"\",\"description\":\"OpenStack Networking v2.0 and what weft has besides.\"}");
	jw_member_raw(&w, "security", "[{\"token\":[]},{\"bearer\":[]}]");
	write_paths(&w);
	write_components(&w);
	jw_end_object(&w);
	return text;
}

void openapi_get(struct call *call)
{
	static GString *document; /* the same for all, as long as the program runs */

	if (!document)
		document = write_document();
	call_answer(call, 200, g_string_new_len(document->str, (gssize)document->len));
}
