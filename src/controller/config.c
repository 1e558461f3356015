/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/config_impl.h"

#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "controller/policy/policy_file.h"
#include "http/listen.h"
#include "model/access/quota.h"

#define DEFAULT_LISTEN "127.0.0.1:9696"
#define DEFAULT_STORE "sqlite:/var/lib/weft/weft.db"
#define DEFAULT_CONNECTIONS 16384
#define TOKEN_MIN 8 /* characters */
#define LIFETIME_MAX (30 * 86400)
#define KEY_DAYS_MAX 3650

static const char *const known_keys[] = { "auth", "listen", "store", "tls-cert", "tls-key",
	"allow-plain-http", "underlay-mtu", "max-connections", "snat", NULL };

static const char *const identity_keys[] = { "admin-password-file", "key-days", "region",
	"token-lifetime", NULL };

static const char *const policy_keys[] = { "file", NULL };

static const char *const notify_keys[] = { "token-file", "url", NULL };

char *config_text(const struct config_reader *reader, const char *group, const char *key,
	const char *fallback)
{
	g_autofree char *text = g_key_file_get_string(reader->file, group, key, NULL);

	if (text && *g_strstrip(text))
		return g_steal_pointer(&text);
	return g_strdup(fallback);
}

static char *read_text(const struct config_reader *reader, const char *key, const char *fallback)
{
	return config_text(reader, "weftd", key, fallback);
}

bool config_number(const struct config_reader *reader, const char *group, const char *key,
	unsigned fallback, unsigned min, unsigned max, unsigned *ret, GError **error)
{
	g_autofree char *text = config_text(reader, group, key, NULL);
	guint64 value = fallback;

	if (text && !g_ascii_string_to_unsigned(text, 10, min, max, &value, NULL))
		return weft_fail(error, INVALID_INPUT, "%s: %s = %s: give a number from %u to %u",
			reader->path, key, text, min, max);
	*ret = (unsigned)value;
	return true;
}

static bool read_number(const struct config_reader *reader, const char *key, unsigned fallback,
	unsigned min, unsigned max, unsigned *ret, GError **error)
{
	return config_number(reader, "weftd", key, fallback, min, max, ret, error);
}

bool config_bool(const struct config_reader *reader, const char *group, const char *key, bool *ret,
	GError **error)
{
	g_autofree char *text = config_text(reader, group, key, "false");

	if (strcmp(text, "true") && strcmp(text, "false"))
		return weft_fail(error, INVALID_INPUT, "%s: %s = %s: give true or false",
			reader->path, key, text);
	*ret = !strcmp(text, "true");
	return true;
}

static bool read_bool(
	const struct config_reader *reader, const char *key, bool *ret, GError **error)
{
	return config_bool(reader, "weftd", key, ret, error);
}

bool config_check_keys(const struct config_reader *reader, const char *group,
	const char *const *known, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(reader->file, group, NULL, NULL);

	for (char **key = keys; key && *key; key++)
		if (!g_strv_contains(known, *key)) {
			g_autofree char *list = g_strjoinv(", ", (char **)known);

			return weft_fail(error, INVALID_INPUT,
				"%s: [%s] has no key '%s'; it has %s", reader->path, group, *key,
				list);
		}
	return true;
}

static const struct {
	const char *name;
	const char *const *keys; /* NULL: any */
} groups[] = {
	{ "weftd", known_keys },
	{ "tokens", NULL },
	{ "identity", identity_keys },
	{ "security_compliance", config_compliance_keys },
	{ "keystone", config_keystone_keys },
	{ "notify", notify_keys },
	{ "providers", NULL },
	{ "quotas", NULL },
	{ "policy", policy_keys },
};

static bool check_group(const struct config_reader *reader, const char *group, GError **error)
{
	g_autoptr(GString) list = g_string_new(NULL);

	if (g_str_has_prefix(group, CONFIG_PROVIDER_GROUP))
		return config_check_keys(reader, group, config_webhook_keys, error);
	for (unsigned i = 0; i < G_N_ELEMENTS(groups); i++) {
		if (!strcmp(groups[i].name, group))
			return !groups[i].keys ||
			       config_check_keys(reader, group, groups[i].keys, error);
		g_string_append_printf(list, "%s[%s]", i ? ", " : "", groups[i].name);
	}
	return weft_fail(error, INVALID_INPUT, "%s: there is no group [%s]; there are %s",
		reader->path, group, list->str);
}

static bool check_known(const struct config_reader *reader, GError **error)
{
	g_auto(GStrv) names = g_key_file_get_groups(reader->file, NULL);

	for (char **name = names; *name; name++)
		if (!check_group(reader, *name, error))
			return false;
	return true;
}

static bool parse_role(const char *text, enum caller_role *ret)
{
	static const char *const names[] = {
		[CALLER_READER] = "reader", [CALLER_MEMBER] = "member", [CALLER_ADMIN] = "admin"
	};

	for (unsigned i = CALLER_READER; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(text, names[i])) {
			*ret = (enum caller_role)i;
			return true;
		}
	return false;
}

/* Messages name a token by its place: it is a secret. */
static bool read_token(const struct config_reader *reader, unsigned number, const char *token,
	struct config *config, GError **error)
{
	g_autofree char *value = g_key_file_get_string(reader->file, "tokens", token, NULL);
	char *colon = value ? strrchr(value, ':') : NULL;
	struct config_token entry;

	if (strlen(token) < TOKEN_MIN)
		return weft_fail(error, INVALID_INPUT,
			"%s: token %u of [tokens] is shorter than %d characters", reader->path,
			number, TOKEN_MIN);
	if (!colon || colon == value || !parse_role(g_strstrip(colon + 1), &entry.role))
		return weft_fail(error, INVALID_INPUT,
			"%s: token %u of [tokens] = %s: give PROJECT:ROLE, with the role admin, "
			"member or reader",
			reader->path, number, value ?: "");
	*colon = '\0';
	entry.token = g_strdup(token);
	entry.project_id = g_strdup(g_strstrip(value));
	g_array_append_val(config->tokens, entry);
	return true;
}

static bool read_tokens(const struct config_reader *reader, struct config *config, GError **error)
{
	g_auto(GStrv) tokens = g_key_file_get_keys(reader->file, "tokens", NULL, NULL);

	for (unsigned i = 0; tokens && tokens[i]; i++)
		if (!read_token(reader, i + 1, tokens[i], config, error))
			return false;
	if (!config->tokens->len && !config->identity && !config->keystone)
		return weft_fail(error, INVALID_INPUT,
			"%s: [tokens] has no token, so nobody could use the API; add "
			"'A-LONG-RANDOM-STRING = admin:admin', or a group [identity], or auth = keystone",
			reader->path);
	return true;
}

/* Tokens and credentials travel in clear without TLS. */
static bool check_listen(
	const struct config_reader *reader, const struct config *config, GError **error)
{
	bool allow_plain = false;

	if (!read_bool(reader, "allow-plain-http", &allow_plain, error))
		return false;
	if (!config->tls_cert != !config->tls_key)
		return weft_fail(error, INVALID_INPUT,
			"%s: TLS needs both tls-cert and tls-key; only %s is given", reader->path,
			config->tls_cert ? "tls-cert" : "tls-key");
	for (char **listen = config->listen; *listen; listen++)
		if (!config->tls_cert && !allow_plain && !http_listen_is_local(*listen))
			return weft_fail(error, INVALID_INPUT,
				"%s: listen = %s: beyond loopback, tokens would travel in clear; give "
				"tls-cert and tls-key, or allow-plain-http = true",
				reader->path, *listen);
	return true;
}

static bool read_listen(const struct config_reader *reader, struct config *config)
{
	g_autofree char *text = read_text(reader, "listen", DEFAULT_LISTEN);
	g_auto(GStrv) items = g_strsplit_set(text, "; ,", -1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (char **item = items; *item; item++)
		if (**item)
			g_strv_builder_add(builder, *item);
	config->listen = g_strv_builder_end(builder);
	return *config->listen != NULL;
}

static bool read_identity(const struct config_reader *reader, struct config *config, GError **error)
{
	g_autofree char *lifetime = config_text(reader, "identity", "token-lifetime", "3600");
	g_autofree char *key_days = config_text(reader, "identity", "key-days", "30");
	guint64 seconds, days;

	config->identity = g_key_file_has_group(reader->file, "identity");
	config->identity_region = config_text(reader, "identity", "region", "RegionOne");
	config->identity_admin_password_file =
		config_text(reader, "identity", "admin-password-file", NULL);
	if (!g_ascii_string_to_unsigned(lifetime, 10, 1, LIFETIME_MAX, &seconds, NULL))
		return weft_fail(error, INVALID_INPUT,
			"%s: token-lifetime = %s: give seconds, from 1 to %d", reader->path,
			lifetime, LIFETIME_MAX);
	if (!g_ascii_string_to_unsigned(key_days, 10, 1, KEY_DAYS_MAX, &days, NULL))
		return weft_fail(error, INVALID_INPUT, "%s: key-days = %s: give days, from 1 to %d",
			reader->path, key_days, KEY_DAYS_MAX);
	config->identity_token_lifetime = (unsigned)seconds;
	config->identity_key_lifetime = (unsigned)days * 86400;
	return true;
}

static bool read_quota(
	const struct config_reader *reader, const char *key, s64 *ret, GError **error)
{
	g_autofree char *text = config_text(reader, "quotas", key, NULL);
	gint64 limit = *ret;

	if (text &&
		!g_ascii_string_to_signed(text, 10, QUOTA_UNLIMITED, QUOTA_LIMIT_MAX, &limit, NULL))
		return weft_fail(error, INVALID_INPUT,
			"%s: [quotas] %s = %s: give a number from 0 to %d, or -1 for no limit",
			reader->path, key, text, QUOTA_LIMIT_MAX);
	*ret = limit;
	return true;
}

static bool check_quota_names(const struct config_reader *reader, GError **error)
{
	const char *names[N_KINDS + 1] = { "default" };
	unsigned n = 1;

	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		if (kind_by_id((enum kind_id)id)->quota.name)
			names[n++] = kind_by_id((enum kind_id)id)->quota.name;
	return config_check_keys(reader, "quotas", names, error);
}

/* `default` stands for every kind that is not named. */
static bool read_quotas(const struct config_reader *reader, struct config *config, GError **error)
{
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind_quota *quota = &kind_by_id((enum kind_id)id)->quota;

		config->quotas[id] = quota->limit;
		if (quota->name &&
			(!read_quota(reader, "default", &config->quotas[id], error) ||
				!read_quota(reader, quota->name, &config->quotas[id], error)))
			return false;
	}
	return check_quota_names(reader, error);
}

/* Who says what a token is good for, besides [tokens]: told by `auth`, or by the groups there are.
 */
static bool read_auth(const struct config_reader *reader, struct config *config, GError **error)
{
	bool identity = g_key_file_has_group(reader->file, "identity");
	bool keystone = g_key_file_has_group(reader->file, "keystone");
	g_autofree char *auth = read_text(reader, "auth", identity ? "identity" : "tokens");
	bool plain_allowed = false;

	if (strcmp(auth, "tokens") && strcmp(auth, "identity") && strcmp(auth, "keystone"))
		return weft_fail(error, INVALID_INPUT,
			"%s: auth = %s: give tokens, identity or keystone", reader->path, auth);
	if (identity != !strcmp(auth, "identity") || keystone != !strcmp(auth, "keystone"))
		return weft_fail(error, INVALID_INPUT,
			"%s: auth = %s, but there is %s group [identity] and %s group [keystone]: have the one that auth names, or for tokens none",
			reader->path, auth, identity ? "a" : "no", keystone ? "a" : "no");
	if (!keystone)
		return true;
	if (!read_bool(reader, "allow-plain-http", &plain_allowed, error))
		return false;
	config->keystone = config_keystone_read(reader, plain_allowed, error);
	if (config->keystone)
		config->keystone->policy = config->policy;
	return config->keystone != NULL;
}

static bool read_policy(const struct config_reader *reader, struct config *config, GError **error)
{
	g_autofree char *path = config_text(reader, "policy", "file", NULL);

	if (path)
		config->policy = policy_file_load(path, error);
	else if (g_key_file_has_group(reader->file, "policy"))
		return weft_fail(error, INVALID_INPUT,
			"%s: [policy] has no file; name the one with the rules", reader->path);
	return !path || config->policy;
}

static bool read_notify(const struct config_reader *reader, struct config *config, GError **error)
{
	g_autofree char *path = config_text(reader, "notify", "token-file", NULL);
	g_autoptr(GError) reason = NULL;

	config->notify_url = config_text(reader, "notify", "url", NULL);
	if (g_key_file_has_group(reader->file, "notify") && !config->notify_url)
		return weft_fail(error, INVALID_INPUT,
			"%s: [notify] has no url, so nobody could be notified", reader->path);
	if (!path)
		return true;
	if (!g_file_get_contents(path, &config->notify_token, NULL, &reason))
		return weft_fail(error, INVALID_INPUT, "%s: token-file = %s: %s", reader->path,
			path, reason->message);
	g_strstrip(config->notify_token);
	return true;
}

static bool read_snat(const struct config_reader *reader, struct config *config, GError **error)
{
	g_autofree char *snat = read_text(reader, "snat", "distributed");

	config->snat_centralized = !strcmp(snat, "centralized");
	return config->snat_centralized || !strcmp(snat, "distributed") ||
	       weft_fail(error, INVALID_INPUT,
		       "%s: snat = %s: give distributed (every host translates for its own guests) or centralized (the host of a router's gateway does)",
		       reader->path, snat);
}

static bool read_providers(
	const struct config_reader *reader, struct config *config, GError **error)
{
	bool plain_allowed = false;

	return read_bool(reader, "allow-plain-http", &plain_allowed, error) &&
	       config_providers_read(reader, plain_allowed, &config->providers, error);
}

static bool fill(const struct config_reader *reader, struct config *config, GError **error)
{
	config->store = read_text(reader, "store", DEFAULT_STORE);
	config->tls_cert = read_text(reader, "tls-cert", NULL);
	config->tls_key = read_text(reader, "tls-key", NULL);
	if (!read_listen(reader, config))
		return weft_fail(error, INVALID_INPUT, "%s: listen names no address", reader->path);
	return check_known(reader, error) && check_listen(reader, config, error) &&
	       read_number(
		       reader, "underlay-mtu", 1500, 1280, 65535, &config->underlay_mtu, error) &&
	       read_number(reader, "max-connections", DEFAULT_CONNECTIONS, 16, 1000000,
		       &config->connections_max, error) &&
	       read_snat(reader, config, error) && read_notify(reader, config, error) &&
	       read_identity(reader, config, error) &&
	       config_compliance_read(reader, &config->compliance, error) &&
	       read_quotas(reader, config, error) && read_policy(reader, config, error) &&
	       read_providers(reader, config, error) && read_auth(reader, config, error) &&
	       read_tokens(reader, config, error);
}

static void warn_if_readable(const char *path)
{
	struct stat status;

	if (!stat(path, &status) && status.st_mode & S_IROTH)
		log_warning("%s holds tokens and is readable by everybody: chmod 0600", path);
}

static void token_clear(gpointer token)
{
	struct config_token *entry = token;

	g_free(entry->token);
	g_free(entry->project_id);
}

struct config *config_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(config) config = g_new0(struct config, 1);
	g_autoptr(GError) reason = NULL;
	struct config_reader reader = { path, file };

	config->tokens = g_array_new(FALSE, FALSE, sizeof(struct config_token));
	g_array_set_clear_func(config->tokens, token_clear);
	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &reason)) {
		weft_fail(error, INVALID_INPUT, "can't read the configuration %s: %s", path,
			reason->message);
		return NULL;
	}
	if (!fill(&reader, config, error))
		return NULL;
	warn_if_readable(path);
	return g_steal_pointer(&config);
}

void config_free(struct config *config)
{
	g_strfreev(config->listen);
	g_free(config->store);
	g_free(config->tls_cert);
	g_free(config->tls_key);
	g_free(config->notify_url);
	g_free(config->notify_token);
	g_free(config->identity_region);
	g_free(config->identity_admin_password_file);
	config_compliance_clear(&config->compliance);
	config_keystone_free(config->keystone);
	config_providers_clear(&config->providers);
	g_array_unref(config->tokens);
	g_clear_pointer(&config->policy, policy_free);
	g_free(config);
}
