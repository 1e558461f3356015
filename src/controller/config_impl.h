/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of config*.c: the file that is being read. */
#pragma once

#include "controller/config.h"

struct config_reader {
	const char *path;
	GKeyFile *file;
};

/* Stripped; @fallback when there is none or it is empty; g_free. */
char *config_text(const struct config_reader *reader, const char *group, const char *key,
	const char *fallback);
bool config_number(const struct config_reader *reader, const char *group, const char *key,
	unsigned fallback, unsigned min, unsigned max, unsigned *ret, GError **error);

/* false when there is none. */
bool config_bool(const struct config_reader *reader, const char *group, const char *key, bool *ret,
	GError **error);

/* config_compliance.c */
extern const char *const config_compliance_keys[]; /* ended by NULL */
bool config_compliance_read(
	const struct config_reader *reader, struct config_compliance *compliance, GError **error);
void config_compliance_clear(struct config_compliance *compliance);

/* config_providers.c */
extern const char *const config_webhook_keys[]; /* of [provider NAME]; ended by NULL */
#define CONFIG_PROVIDER_GROUP "provider "	/* its name follows */
bool config_providers_read(const struct config_reader *reader, bool plain_allowed,
	struct config_providers *providers, GError **error);
void config_providers_clear(struct config_providers *providers);
/* Fails when the group has a key that is not of @known. */
bool config_check_keys(const struct config_reader *reader, const char *group,
	const char *const *known, GError **error);

/* config_keystone.c */
extern const char *const config_keystone_keys[]; /* ended by NULL */
/* @plain_allowed: [weftd] allow-plain-http. NULL on error. */
struct config_keystone *config_keystone_read(
	const struct config_reader *reader, bool plain_allowed, GError **error);
void config_keystone_free(struct config_keystone *keystone);
