/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define FILE_NAME "state.json"

void state_write(const char *folder, enum state state, const char *reason)
{
	static const char *const names[] = { "BUILD", "ACTIVE", "ERROR" };
	g_autofree char *path = g_build_filename(folder, FILE_NAME, NULL);
	g_autofree char *valid = reason ? g_utf8_make_valid(reason, -1) : NULL;
	g_autofree char *now = NULL;
	g_autoptr(GError) error = NULL;
	json_t *root = json_pack("{s:s,s:s?}", "status", names[state], "status_reason", valid);
	char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	if ((!g_file_get_contents(path, &now, NULL, NULL) || strcmp(now, text)) &&
		!g_file_set_contents_full(
			path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
		log_warning("how the machine is can't be written down: %s", error->message);
	free(text);
}

void state_remove(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, FILE_NAME, NULL);

	unlink(path);
}
