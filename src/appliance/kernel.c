/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/kernel.h"

#include "appliance/program.h"

#define PROBE "weft-probe"

enum answer { UNKNOWN, NO, YES };

/* Whether @make works; @unmake takes it away again. */
static bool try_once(enum answer *answer, const char *const *make, const char *const *unmake)
{
	if (*answer == UNKNOWN) {
		*answer = program_run(make, NULL, NULL) ? YES : NO;
		if (*answer == YES)
			program_run(unmake, NULL, NULL);
	}
	return *answer == YES;
}

#define STATE "ip", "xfrm", "state"
#define ENDS "src", "127.0.0.1", "dst", "127.0.0.2"
#define NAMED "spi", "0x57656674"
#define HASH "auth", "hmac(sha256)", "0x00112233445566778899aabbccddeeff"

bool kernel_has_esp(void)
{
	static const char *const make[] = { STATE, "add", ENDS, "proto", "esp", NAMED, "mode",
		"tunnel", "enc", "cbc(aes)", "0x00112233445566778899aabbccddeeff", HASH, NULL };
	static const char *const unmake[] = { STATE, "delete", ENDS, "proto", "esp", NAMED, NULL };
	static enum answer answer;

	return try_once(&answer, make, unmake);
}

bool kernel_has_ah(void)
{
	static const char *const make[] = { STATE, "add", ENDS, "proto", "ah", NAMED, "mode",
		"tunnel", HASH, NULL };
	static const char *const unmake[] = { STATE, "delete", ENDS, "proto", "ah", NAMED, NULL };
	static enum answer answer;

	return try_once(&answer, make, unmake);
}

static const char *const unmake_link[] = { "ip", "link", "delete", "dev", PROBE, NULL };

bool kernel_has_wireguard(void)
{
	static const char *const make[] = { "ip", "link", "add", "dev", PROBE, "type", "wireguard",
		NULL };
	static enum answer answer;

	return try_once(&answer, make, unmake_link);
}

bool kernel_has_gre(void)
{
	static const char *const make[] = { "ip", "link", "add", "dev", PROBE, "type", "gre",
		"local", "127.0.0.1", "remote", "127.0.0.2", "key", "4294967295", NULL };
	static enum answer answer;

	return try_once(&answer, make, unmake_link);
}
