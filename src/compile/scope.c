/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "compile/compile.h"

static const char *const prefixes[N_SCOPE_TYPES] = {
	[SCOPE_HOST] = "host/",
	[SCOPE_NETWORK] = "network/",
	[SCOPE_ROUTER] = "router/",
	[SCOPE_SECURITY_GROUP] = "security-group/",
	[SCOPE_GROUP_MEMBERS] = "group-members/",
	[SCOPE_ADDRESS_GROUP] = "address-group/",
	[SCOPE_CLOUD] = "cloud/",
};

const char *scope_format(const struct scope *scope, char buf[static SCOPE_STRLEN])
{
	char id[UUID_STRLEN];

	g_strlcpy(buf, prefixes[scope->type], SCOPE_STRLEN);
	g_strlcat(buf, uuid_format(&scope->id, id), SCOPE_STRLEN);
	return buf;
}

bool scope_parse(const char *text, struct scope *ret)
{
	struct scope scope = { 0 };

	for (unsigned type = 0; type < G_N_ELEMENTS(prefixes); type++)
		if (g_str_has_prefix(text, prefixes[type]) &&
			uuid_parse(text + strlen(prefixes[type]), &scope.id)) {
			scope.type = type;
			*ret = scope;
			return true;
		}
	return false;
}

guint scope_hash(gconstpointer data)
{
	const struct scope *scope = data;

	return uuid_hash(&scope->id) ^ (guint)scope->type;
}

gboolean scope_equal(gconstpointer a, gconstpointer b)
{
	const struct scope *x = a, *y = b;

	return x->type == y->type && uuid_equal(&x->id, &y->id);
}
