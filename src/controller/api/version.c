/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/api/version.h"

void version_write_self(struct json_writer *w, const char *url)
{
	jw_key(w, "links");
	jw_begin_array(w);
	jw_begin_object(w);
	jw_member_string(w, "rel", "self");
	jw_member_string(w, "href", url);
	jw_end_object(w);
	jw_end_array(w);
}

void version_write(struct json_writer *w, const struct version *version)
{
	jw_begin_object(w);
	jw_member_string(w, "id", version->id);
	jw_member_string(w, "status", version->status);
	if (version->updated)
		jw_member_string(w, "updated", version->updated);
	if (version->media_types)
		jw_member_raw(w, "media-types", version->media_types);
	version_write_self(w, version->url);
	jw_end_object(w);
}
