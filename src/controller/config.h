/* SPDX-License-Identifier: Apache-2.0 */
/* weftd's configuration file; docs/configuration.md is its reference. */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"
#include "base/types.h"
#include "model/access/caller.h"
#include "model/kind.h"
#include "model/provider/service_map.h"

struct config_token {
	char *token, *project_id;
	enum caller_role role;
};

/* [keystone]: how weftd asks Keystone about tokens. */
struct config_keystone {
	char *url; /* ends in "/v3" */
	char *www_authenticate_uri;
	char *username, *password, *user_domain, *project, *project_domain; /* domains by name */
	char *ca_file;							    /* NULL: the system's */
	unsigned cache_s, timeout_s;
	const struct policy *policy; /* NULL: the built-in one */
};

/* [security_compliance]: what is asked of the passwords of Identity's users. */
struct config_compliance {
	unsigned expires_days;	   /* 0: never */
	unsigned minimum_age_days; /* of one that its user has chosen */
	unsigned unique_last;	   /* how many in a row differ; 0: any */
	unsigned lockout_attempts; /* 0: nobody is locked out */
	unsigned lockout_s;
	bool change_at_first_use;
	GRegex *regex;		 /* NULL: anything */
	char *regex_description; /* for people; NULL: none */
};

/* A provider behind a URL: a group [provider NAME] with type = webhook. */
struct config_webhook {
	char *name, *url, *secret;
	unsigned services; /* SERVICE_BIT() */
	unsigned timeout_s;
};

struct config_providers {
	char *folder; /* of plug-ins; NULL: none */
	unsigned call_timeout_s, reconcile_s;
	unsigned takeover_s;	    /* after which appliances of a silent host go to another */
	char *defaults[N_SERVICES]; /* names; NULL: who has it in the tree */
	GPtrArray *webhooks;	    /* struct config_webhook */
};

struct config {
	char **listen;
	char *store;
	char *tls_cert, *tls_key; /* NULL: no TLS */
	unsigned underlay_mtu;
	bool snat_centralized;
	unsigned connections_max;
	GArray *tokens;					      /* struct config_token */
	bool identity;					      /* there is a group [identity] */
	char *identity_region, *identity_admin_password_file; /* the file: NULL: none */
	unsigned identity_token_lifetime;		      /* seconds */
	unsigned identity_key_lifetime;			      /* of what seals tokens; seconds */
	struct config_compliance compliance;
	struct config_keystone *keystone; /* NULL: auth is not keystone */
	char *notify_url, *notify_token;  /* url NULL: nobody is notified */
	struct config_providers providers;
	s64 quotas[N_KINDS];   /* limits of kinds that have a quota */
	struct policy *policy; /* NULL: the built-in one */
};

/* Fails with the file, the key, and what would be right. */
struct config *config_load(const char *path, GError **error);
void config_free(struct config *config);
DEFINE_AUTOPTR(config, config_free)
