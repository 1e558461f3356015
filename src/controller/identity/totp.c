/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/totp.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

#define STEP_S 30
#define EARLIER_STEPS 1
#define DIGITS 6
#define SECRET_MAX 128 /* bytes */
#define SHA1_LEN 20

/* Returns the length; 0: it is not base32. */
static size_t decode(const char *text, u8 secret[static SECRET_MAX])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t len = 0;
	unsigned bits = 0, n_bits = 0;

	for (; *text && *text != '='; text++) {
		const char *at = strchr(alphabet, g_ascii_toupper(*text));

		if (!at || len == SECRET_MAX)
			return 0;
		bits = bits << 5 | (unsigned)(at - alphabet);
		n_bits += 5;
		if (n_bits >= 8) {
			n_bits -= 8;
			secret[len++] = (u8)(bits >> n_bits);
			bits &= (1u << n_bits) - 1;
		}
	}
	return strspn(text, "=") == strlen(text) ? len : 0;
}

/* RFC 4226 section 5.3. */
static void make_passcode(const u8 *secret, size_t len, s64 step, char passcode[static DIGITS + 1])
{
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, secret, len);
	guint64 counter = GUINT64_TO_BE((guint64)step);
	u8 digest[SHA1_LEN];
	gsize digest_len = sizeof digest;
	unsigned at;
	u32 number;

	g_hmac_update(hmac, (const guchar *)&counter, sizeof counter);
	g_hmac_get_digest(hmac, digest, &digest_len);
	g_hmac_unref(hmac);
	at = digest[SHA1_LEN - 1] & 0xf;
	number = (digest[at] & 0x7fu) << 24 | (u32)digest[at + 1] << 16 | (u32)digest[at + 2] << 8 |
		 digest[at + 3];
	g_snprintf(passcode, DIGITS + 1, "%06u", number % 1000000);
}

bool totp_fits(const char *secret, const char *passcode, s64 now_s, s64 *ret_step)
{
	u8 key[SECRET_MAX];
	size_t len = decode(secret, key);
	char wanted[DIGITS + 1];
	bool fits = false;

	if (!len || strlen(passcode) != DIGITS)
		return false;
	for (s64 step = now_s / STEP_S - EARLIER_STEPS; step <= now_s / STEP_S; step++) {
		make_passcode(key, len, step, wanted);
		if (!sodium_memcmp(wanted, passcode, DIGITS)) {
			*ret_step = step;
			fits = true;
		}
	}
	sodium_memzero(key, sizeof key);
	return fits;
}
