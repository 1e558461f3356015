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

bool kernel_has_esp(void)
{
	static const char *const make[] = { "ip", "xfrm", "state", "add", "src", "127.0.0.1", "dst",
		"127.0.0.2", "proto", "esp", "spi", "0x57656674", "mode", "tunnel", "enc",
		"cbc(aes)", "0x00112233445566778899aabbccddeeff", "auth", "hmac(sha256)",
		"0x00112233445566778899aabbccddeeff", NULL };
	static const char *const unmake[] = { "ip", "xfrm", "state", "delete", "src", "127.0.0.1",
		"dst", "127.0.0.2", "proto", "esp", "spi", "0x57656674", NULL };
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
