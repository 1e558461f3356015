/* SPDX-License-Identifier: Apache-2.0 */
/* The group [security_compliance], by the names that Keystone has for it. */
#include <string.h>

#include "controller/config_impl.h"

#define GROUP "security_compliance"
#define DAYS_MAX 3650
#define HISTORY_MAX 24 /* each costs a hash when a password is changed */
#define ATTEMPTS_MAX 1000
#define LOCKOUT_DEFAULT_S 1800
#define LOCKOUT_MAX_S (30 * 86400)

const char *const config_compliance_keys[] = { "change-password-upon-first-use", "lockout-duration",
	"lockout-failure-attempts", "minimum-password-age", "password-expires-days",
	"password-regex", "password-regex-description", "unique-last-password-count", NULL };

static bool number(const struct config_reader *reader, const char *key, unsigned fallback,
	unsigned min, unsigned max, unsigned *ret, GError **error)
{
	return config_number(reader, GROUP, key, fallback, min, max, ret, error);
}

static bool read_numbers(
	const struct config_reader *reader, struct config_compliance *compliance, GError **error)
{
	return number(reader, "password-expires-days", 0, 0, DAYS_MAX, &compliance->expires_days,
		       error) &&
	       number(reader, "minimum-password-age", 0, 0, DAYS_MAX, &compliance->minimum_age_days,
		       error) &&
	       number(reader, "unique-last-password-count", 0, 0, HISTORY_MAX,
		       &compliance->unique_last, error) &&
	       number(reader, "lockout-failure-attempts", 0, 0, ATTEMPTS_MAX,
		       &compliance->lockout_attempts, error) &&
	       number(reader, "lockout-duration", LOCKOUT_DEFAULT_S, 1, LOCKOUT_MAX_S,
		       &compliance->lockout_s, error);
}

/* As it is in the file: backslashes are the pattern's own. */
static bool read_regex(
	const struct config_reader *reader, struct config_compliance *compliance, GError **error)
{
	g_autofree char *text = g_key_file_get_value(reader->file, GROUP, "password-regex", NULL);
	g_autoptr(GError) reason = NULL;

	compliance->regex_description =
		config_text(reader, GROUP, "password-regex-description", NULL);
	if (!text || !*g_strstrip(text))
		return true;
	compliance->regex = g_regex_new(text, G_REGEX_OPTIMIZE, G_REGEX_MATCH_ANCHORED, &reason);
	return compliance->regex ||
	       weft_fail(error, INVALID_INPUT,
		       "%s: password-regex = %s: %s; give a Perl-compatible pattern like ^(?=.*\\d)(?=.*[a-zA-Z]).{7,}$",
		       reader->path, text, reason->message);
}

bool config_compliance_read(
	const struct config_reader *reader, struct config_compliance *compliance, GError **error)
{
	if (g_key_file_has_group(reader->file, GROUP) &&
		!g_key_file_has_group(reader->file, "identity"))
		return weft_fail(error, INVALID_INPUT,
			"%s: [" GROUP
			"] is about the passwords of [identity], and there is no such group",
			reader->path);
	if (!read_numbers(reader, compliance, error) || !read_regex(reader, compliance, error) ||
		!config_bool(reader, GROUP, "change-password-upon-first-use",
			&compliance->change_at_first_use, error))
		return false;
	return !compliance->expires_days ||
	       compliance->minimum_age_days < compliance->expires_days ||
	       weft_fail(error, INVALID_INPUT,
		       "%s: minimum-password-age = %u: give less days than password-expires-days = %u, else a password expires before it may be changed",
		       reader->path, compliance->minimum_age_days, compliance->expires_days);
}

void config_compliance_clear(struct config_compliance *compliance)
{
	g_clear_pointer(&compliance->regex, g_regex_unref);
	g_free(compliance->regex_description);
}
