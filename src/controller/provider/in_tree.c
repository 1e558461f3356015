/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/in_tree.h"

#include <string.h>

#include "base/log.h"
#include "controller/provider/message.h"
#include "controller/provider/reply.h"

/* Two appliances of a pair, each with what it is told of all guests of a network. */
#define ANSWER_MAX (32 * 1024 * 1024)

struct in_tree {
	struct provider_driver driver;
	const struct weft_provider *provider;
	GQueue calls; /* struct call */
	guint source;
};

struct call {
	enum provider_call what;
	char *document;
	provider_done_fn done;
	void *user;
};

static void take_line(void *context, const char *line)
{
	(void)context;
	log_info("provider: %s", line);
}

static enum weft_provider_result ask(
	const struct weft_provider *provider, const struct call *call, struct provider_reply *reply)
{
	const struct weft_provider_request request = {
		.size = sizeof(request),
		.document = call->document,
		.document_size = strlen(call->document),
		.context = reply,
		.answer = provider_reply_answer,
		.explain = provider_reply_explain,
		.log = take_line,
	};

	if (call->what == PROVIDER_REMOVE)
		return provider->remove ? provider->remove(&request) : WEFT_PROVIDER_OK;
	return provider->apply(&request);
}

static void run(struct in_tree *in_tree, const struct call *call)
{
	struct provider_reply reply = { .max = ANSWER_MAX };
	g_autoptr(GError) error = NULL;
	struct provider_result result = { .result = ask(in_tree->provider, call, &reply) };

	in_tree->driver.calls++;
	if (result.result == WEFT_PROVIDER_OK && !provider_answer_check(reply.answer, &error))
		result.result = WEFT_PROVIDER_FAILED;
	if (result.result == WEFT_PROVIDER_OK)
		result.answer = reply.answer;
	else
		in_tree->driver.failures++;
	result.reason = error ? error->message : reply.reason ?: "the provider gave no reason";
	call->done(&result, call->user);
	provider_reply_clear(&reply);
}

static void free_call(gpointer data)
{
	struct call *call = data;

	g_free(call->document);
	g_free(call);
}

static gboolean run_next(gpointer data)
{
	struct in_tree *in_tree = data;
	struct call *call = g_queue_pop_head(&in_tree->calls);

	run(in_tree, call);
	free_call(call);
	if (!g_queue_is_empty(&in_tree->calls))
		return G_SOURCE_CONTINUE;
	in_tree->source = 0;
	return G_SOURCE_REMOVE;
}

/* Later, as the other drivers do. */
static void call_in_tree(struct provider_driver *driver, const struct provider_request *request,
	provider_done_fn done, void *user)
{
	struct in_tree *in_tree = (struct in_tree *)driver;
	struct call *call = g_new(struct call, 1);

	*call = (struct call){ request->call, g_strdup(request->document), done, user };
	g_queue_push_tail(&in_tree->calls, call);
	if (!in_tree->source)
		in_tree->source = g_idle_add(run_next, in_tree);
}

static void free_in_tree(struct provider_driver *driver)
{
	struct in_tree *in_tree = (struct in_tree *)driver;

	g_clear_handle_id(&in_tree->source, g_source_remove);
	g_queue_clear_full(&in_tree->calls, free_call);
	g_free(driver->name);
	g_free(driver->source);
	g_free(in_tree);
}

static const struct provider_driver_ops ops = { .call = call_in_tree, .free = free_in_tree };

static unsigned services_of(const struct weft_provider *provider)
{
	enum network_service service;
	unsigned services = 0;

	for (const char *const *name = provider->services; *name; name++)
		if (service_parse(*name, &service))
			services |= SERVICE_BIT(service);
	return services;
}

struct provider_driver *in_tree_new(const struct weft_provider *provider)
{
	struct in_tree *in_tree = g_new0(struct in_tree, 1);

	in_tree->driver = (struct provider_driver){
		.ops = &ops,
		.name = g_strdup(provider->name),
		.type = "in-tree",
		.source = g_strdup("weftd"),
		.services = services_of(provider),
	};
	in_tree->provider = provider;
	g_queue_init(&in_tree->calls);
	return &in_tree->driver;
}
