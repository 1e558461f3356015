/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The providers of a weftd, and the attachments of those that are not in the tree
 * (model/provider/service_attachment.h): weftd keeps one for each of them and each network or
 * router whose service map names it.
 *
 * Everything that is to be done follows from the store. What changes is made into attachments;
 * an attachment whose document is not the one that was answered last is taken to its provider,
 * again and again until that has answered. So a restart of weftd, or an hour without the vendor,
 * loses nothing.
 */
#pragma once

#include "base/autoptr.h"
#include "base/json_writer.h"
#include "commit/commit.h"
#include "controller/config.h"

struct providers;

/* Registers all providers with the model, starts the plug-ins, and waits a moment for what they say
 * of themselves. @config is borrowed. */
struct providers *providers_new(const struct config_providers *config, struct model *model,
	struct commit *commit, GError **error);
void providers_free(struct providers *providers);
DEFINE_AUTOPTR(providers, providers_free)

/* What GET /weft/v1/providers lists: one JSON object for each provider. */
void providers_write(const struct providers *providers, struct json_writer *w);
