/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_provider.h"

#include <string.h>

#include "model/balancer/load_balancer.h"

#define LIST(...)                 \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static const struct lb_provider edge = {
	.name = LB_EDGE,
	.serves = true,
	.description = "TCP and UDP, by the edge switch of the host where a connection enters.",
	.options = { LIST("TCP", "UDP"), LIST("TCP", "UDP"), LIST("SOURCE_IP_PORT", "SOURCE_IP"),
		LIST("SOURCE_IP"), LIST("PING", "TCP", "UDP-CONNECT", "HTTP") },
};

static const struct lb_provider virtual_router = {
	.name = LB_VIRTUAL_ROUTER,
	.serves = true,
	.description = "HTTP, TLS and TCP, by HAProxy in an appliance of its own.",
	.options = { LIST("TCP", "HTTP", "HTTPS", "TERMINATED_HTTPS"),
		LIST("TCP", "HTTP", "HTTPS", "PROXY", "PROXYV2"),
		LIST("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"),
		LIST("SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE"),
		LIST("TCP", "HTTP", "HTTPS", "TLS-HELLO") },
	.speaks_http = true,
};

/* What the API knows and nobody does. */
static const char *const *const nobodys[N_LB_OPTIONS] = { LIST("PROMETHEUS", "SCTP"), LIST("SCTP"),
	LIST(NULL), LIST(NULL), LIST("SCTP") };

const struct lb_provider *const lb_providers[] = { &edge, &virtual_router, NULL };

const struct lb_provider *lb_provider_named(const char *name)
{
	for (size_t i = 0; lb_providers[i]; i++)
		if (!strcmp(lb_providers[i]->name, name))
			return lb_providers[i];
	return NULL;
}

bool lb_check_provider(const struct attr *attr, const char *value, GError **error)
{
	(void)attr;
	return lb_provider_named(value) ||
	       weft_fail(error, NOT_IMPLEMENTED,
		       "Provider '%.64s' is not enabled: there is " LB_EDGE
		       ", which does TCP and UDP with hashing by source and ports, and " LB_VIRTUAL_ROUTER
		       ", which does HTTP and TLS too.",
		       value);
}

/* Who could do it, instead of @but; NULL: nobody. */
static const struct lb_provider *who_can(
	enum lb_option option, const char *value, const struct lb_provider *but)
{
	for (size_t i = 0; lb_providers[i]; i++)
		if (lb_providers[i] != but &&
			g_strv_contains(lb_providers[i]->options[option], value))
			return lb_providers[i];
	return NULL;
}

bool lb_check_known(
	const struct attr *attr, enum lb_option option, const char *value, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (who_can(option, value, NULL))
		return true;
	for (size_t i = 0; lb_providers[i]; i++) {
		g_autofree char *all = g_strjoinv(", ", (char **)lb_providers[i]->options[option]);

		g_string_append_printf(
			text, "%s '%s' has %s", i ? ";" : "", lb_providers[i]->name, all);
	}
	if (g_strv_contains(nobodys[option], value))
		return weft_fail(error, NOT_IMPLEMENTED,
			"No provider supports a requested option: %s %s;%s.", attr->name, value,
			text->str);
	return weft_fail(error, BAD_REQUEST, "Invalid input for %s: '%.64s' is none;%s.",
		attr->name, value, text->str);
}

static const struct lb_provider *provider_of(const struct object *balancer)
{
	return lb_provider_named(object_str(balancer, LOAD_BALANCER_PROVIDER)) ?: &edge;
}

bool lb_check_option(const struct object *balancer, enum lb_option option, const char *attribute,
	const char *value, GError **error)
{
	const struct lb_provider *provider = provider_of(balancer), *other;
	g_autofree char *all = g_strjoinv(", ", (char **)provider->options[option]);
	g_autofree char *possible = NULL;

	if (g_strv_contains(provider->options[option], value))
		return true;
	other = who_can(option, value, provider);
	possible = other ? g_strdup_printf("it has %s, and the provider '%s' has what is asked for",
				   all, other->name)
			 : g_strdup_printf("it has %s", all);
	return lb_fail_option(balancer, attribute, value, possible, error);
}

const struct attr lb_no_item = {
	.name = "item", .type = TYPE_STRING, .max = 255, .check = lb_check_none
};

bool lb_check_none(const struct attr *attr, const char *value, GError **error)
{
	return weft_fail(error, NOT_IMPLEMENTED,
		"No provider supports a requested option: %s %.64s; TLS is ended by listeners of TERMINATED_HTTPS, for any client and by HAProxy's defaults, and not spoken to members.",
		attr == &lb_no_item ? "a list of TLS with" : attr->name, value);
}

bool lb_check_http(const struct object *balancer, const char *attribute, GError **error)
{
	return provider_of(balancer)->speaks_http ||
	       lb_fail_option(balancer, attribute, "of HTTP",
		       "it balances connections, whatever is in them; the provider '" LB_VIRTUAL_ROUTER
		       "' speaks HTTP",
		       error);
}

bool lb_fail_option(const struct object *balancer, const char *attribute, const char *value,
	const char *possible, GError **error)
{
	return weft_fail(error, NOT_IMPLEMENTED,
		"Provider '%s' does not support a requested option: %s %s; %s.",
		provider_of(balancer)->name, attribute, value, possible);
}

bool lb_speaks_http(const char *listener_protocol)
{
	return !strcmp(listener_protocol, "HTTP") || !strcmp(listener_protocol, "TERMINATED_HTTPS");
}

bool lb_check_protocols(const char *listener, const char *pool, GError **error)
{
	static const struct {
		const char *listener;
		const char *pools[6];
	} fits[] = {
		{ "TCP", { "TCP", "HTTP", "HTTPS", "PROXY", "PROXYV2", NULL } },
		{ "UDP", { "UDP", NULL } },
		{ "HTTP", { "HTTP", "PROXY", "PROXYV2", NULL } },
		{ "HTTPS", { "HTTPS", "TCP", "PROXY", "PROXYV2", NULL } },
		{ "TERMINATED_HTTPS", { "HTTP", "PROXY", "PROXYV2", NULL } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(fits); i++) {
		g_autofree char *all = g_strjoinv(", ", (char **)fits[i].pools);

		if (strcmp(fits[i].listener, listener))
			continue;
		return g_strv_contains(fits[i].pools, pool) ||
		       weft_fail(error, BAD_REQUEST,
			       "Listener protocol '%s' and pool protocol '%s' are not compatible: pools of such a listener have %s.",
			       listener, pool, all);
	}
	return weft_fail(error, BAD_REQUEST, "Listener protocol '%s' has no pools.", listener);
}
