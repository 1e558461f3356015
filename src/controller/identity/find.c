/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/identity/identity_impl.h"

/* Clients are configured with the id "default", which Keystone gives to its first domain. */
const struct uuid default_domain_id = { { 0x64, 0x65, 0x66, 0x61, 0x75, 0x6c, 0x44, 0x74, 0x80, 0,
	0, 0, 0, 0, 0, 1 } };

const struct object *find_domain(const struct model *model, const struct domain_ref *ref)
{
	if (ref->id && !strcmp(ref->id, "default"))
		return model_get(model, KIND_DOMAIN, &default_domain_id);
	if (ref->id)
		return model_get_text(model, KIND_DOMAIN, ref->id);
	return ref->name ? model_first(model, KIND_DOMAIN, DOMAIN_BY_NAME, ref->name, NULL) : NULL;
}

static const struct object *find_named(const struct model *model, enum kind_id kind,
	unsigned by_domain_name, const struct named_ref *ref)
{
	const struct object *domain;
	char id[UUID_STRLEN];

	if (ref->id)
		return model_get_text(model, kind, ref->id);
	domain = find_domain(model, &ref->domain);
	if (!domain || !ref->name)
		return NULL;
	return model_first(
		model, kind, by_domain_name, uuid_format(object_id(domain), id), ref->name, NULL);
}

const struct object *find_project(const struct model *model, const struct named_ref *ref)
{
	return find_named(model, KIND_PROJECT, PROJECT_BY_DOMAIN_NAME, ref);
}

const struct object *find_user(const struct model *model, const struct named_ref *ref)
{
	return find_named(model, KIND_USER, USER_BY_DOMAIN_NAME, ref);
}
