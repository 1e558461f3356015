/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations (conversation.h) with the Identity service: everything below /v3, with passwords
 * hashed as cheaply as can be; test/fuzz/identity_seeds.py makes inputs that use every collection.
 */
#include <sodium.h>

#include "controller/identity/hasher.h"
#include "conversation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *load_config(void)
{
	g_autofree char *password = conversation_file("correct horse");
	g_autofree char *settings = g_strdup_printf(
		"[weftd]\nlisten = 127.0.0.1:0\nstore = memory:\n[quotas]\ndefault = -1\n"
		"[tokens]\nadmin-token = p:admin\nmember-token = p:member\n"
		"[identity]\nregion = here\nadmin-password-file = %s\n"
		"[security_compliance]\nlockout-failure-attempts = 3\n"
		"unique-last-password-count = 2\npassword-expires-days = 90\n"
		"password-regex = ^.{2,}$\n",
		password);

	return conversation_config(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config *config;

	if (!config) {
		config = load_config();
		hasher_set_cost(crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN);
	}
	conversation_run(config, (const char *)data, size);
	return 0;
}
