/* SPDX-License-Identifier: Apache-2.0 */
/*
 * It reads a line, calls the plug-in, writes a line. Whatever the plug-in does to this process is
 * seen by weftd as its end or as silence. It ends with weftd.
 */
#include "controller/provider/host.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "controller/provider/load.h"
#include "controller/provider/message.h"
#include "controller/provider/reply.h"

#define MEMORY_MAX (1ul << 30)
#define FILES_MAX 256
#define LOG_MAX 1000

struct host {
	struct weft_provider provider;
	FILE *in, *out;
};

/* Of the call that runs. */
struct reply {
	struct provider_reply said; /* first: what the callbacks fill in */
	struct host *host;
};

static void restrict_self(void)
{
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX }, files = { FILES_MAX, FILES_MAX },
			    none = { 0, 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
	setrlimit(RLIMIT_AS, &memory);
#else
	(void)memory;
#endif
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &none);
}

/* Takes @message over. */
static void say(struct host *host, json_t *message)
{
	json_dumpf(message, host->out, JSON_COMPACT);
	fputc('\n', host->out);
	fflush(host->out);
	json_decref(message);
}

static void take_line(void *context, const char *line)
{
	struct reply *reply = context;
	g_autofree char *head = g_strndup(line, LOG_MAX);
	g_autofree char *valid = g_utf8_make_valid(head, -1);

	say(reply->host, json_pack("{s:s}", "log", valid));
}

static int run(struct host *host, json_t *message, struct reply *reply)
{
	const char *call = json_string_value(json_object_get(message, "call"));
	g_autofree char *document = json_dumps(json_object_get(message, "document"), JSON_COMPACT);
	const struct weft_provider_request request = {
		.size = sizeof(request),
		.document = document,
		.document_size = document ? strlen(document) : 0,
		.context = reply,
		.answer = provider_reply_answer,
		.explain = provider_reply_explain,
		.log = take_line,
	};

	if (!document)
		return WEFT_PROVIDER_FAILED;
	if (!g_strcmp0(call, "status"))
		return host->provider.status ? host->provider.status(&request)
					     : WEFT_PROVIDER_REFUSED;
	if (!g_strcmp0(call, "remove"))
		return host->provider.remove ? host->provider.remove(&request) : WEFT_PROVIDER_OK;
	return host->provider.apply(&request);
}

static void handle(struct host *host, json_t *message)
{
	struct reply reply = { .host = host };
	int result = run(host, message, &reply);
	json_t *line =
		json_pack("{s:O, s:i}", "id", json_object_get(message, "id"), "result", result);

	if (result == WEFT_PROVIDER_OK && reply.said.answer)
		json_object_set(line, "answer", reply.said.answer);
	if (result != WEFT_PROVIDER_OK && reply.said.reason)
		json_object_set_new(line, "reason", json_string(reply.said.reason));
	say(host, line);
	provider_reply_clear(&reply.said);
}

static void greet(struct host *host)
{
	json_t *services = json_array();

	for (const char *const *name = host->provider.services; *name; name++)
		json_array_append_new(services, json_string(*name));
	say(host,
		json_pack("{s:s, s:i, s:o, s:s, s:b}", "hello", host->provider.name, "abi",
			(int)host->provider.abi, "services", services, "description",
			host->provider.description ?: "", "status", host->provider.status != NULL));
}

static void serve(struct host *host)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, host->in)) > 0) {
		json_t *message = json_loadb(line, (size_t)len, 0, NULL);

		if (message)
			handle(host, message);
		json_decref(message);
	}
	free(line);
}

int provider_host_run(const char *path)
{
	struct host host = { .in = fdopen(PROVIDER_HOST_FD, "r"),
		.out = fdopen(dup(PROVIDER_HOST_FD), "w") };
	g_autoptr(GError) error = NULL;

	if (!host.in || !host.out) {
		fputs("weftd: --provider-host is for weftd itself: there is no socket\n", stderr);
		return 2;
	}
	restrict_self();
	if (!provider_load(path, &host.provider, &error)) {
		say(&host, json_pack("{s:s}", "refused", error->message));
		return 1;
	}
	greet(&host);
	serve(&host);
	return 0;
}
