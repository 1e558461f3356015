/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/ipsec_charon.h"

#include <stdlib.h>
#include <string.h>

void connection_set_reason(struct connection *connection, const char *reason)
{
	g_free(connection->reason);
	connection->reason = g_strdup(reason);
}

static void install(struct connection *connection, const char *child)
{
	const char *dash = strrchr(child, '-');
	unsigned long n = dash ? strtoul(dash + 1, NULL, 10) : CHILDREN_MAX;

	if (n >= connection->wanted || n >= CHILDREN_MAX || connection->children[n])
		return;
	connection->children[n] = true;
	connection->installed++;
}

/* NAME { … child-sas { X { name=NAME-0 … state=INSTALLED … bytes-in=… } } } */
void charon_read_list(GHashTable *connections, struct vici_reader *reader)
{
	struct connection *connection = NULL;
	char child[VICI_TEXT_MAX] = "";
	enum vici_element element;

	while ((element = vici_next(reader)) != VICI_END && element != VICI_WRONG) {
		if (element == VICI_SECTION_START && reader->depth == 1)
			connection = g_hash_table_lookup(connections, reader->name);
		if (element != VICI_VALUE || reader->depth != 3 || !connection)
			continue;
		if (!strcmp(reader->name, "name"))
			g_strlcpy(child, reader->value, sizeof(child));
		else if (!strcmp(reader->name, "state") && !strcmp(reader->value, "INSTALLED"))
			install(connection, child);
		else if (!strcmp(reader->name, "bytes-in"))
			connection->listed_in += strtoull(reader->value, NULL, 10);
		else if (!strcmp(reader->name, "bytes-out"))
			connection->listed_out += strtoull(reader->value, NULL, 10);
	}
}

static bool is_telling(const char *message)
{
	static const char *const words[] = { "AUTHENTICATION_FAILED", "mismatched",
		"NO_PROPOSAL_CHOSEN", "TS_UNACCEPTABLE", "no acceptable", "giving up after",
		"not responding", "no shared key", "no matching", "INVALID_", "failed",
		"not acceptable", "no alternative", "unable to" };

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (strstr(message, words[i]))
			return true;
	return false;
}

void charon_read_log(GHashTable *connections, struct vici_reader *reader)
{
	char message[VICI_TEXT_MAX] = "";
	struct connection *connection = NULL;
	enum vici_element element;

	while ((element = vici_next(reader)) != VICI_END && element != VICI_WRONG) {
		if (element == VICI_VALUE && !strcmp(reader->name, "ikesa-name"))
			connection = g_hash_table_lookup(connections, reader->value);
		if (element == VICI_VALUE && !strcmp(reader->name, "msg"))
			g_strlcpy(message, reader->value, sizeof(message));
	}
	if (connection && !connection->up && is_telling(message))
		connection_set_reason(connection, message);
}
