/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/document_balancer.h"

#include <string.h>

#define CERTIFICATES_MAX 100
#define PEM_MAX 65536
#define LIMIT_MAX 1000000
#define TIMEOUT_MAX_MS 31536000000ull /* 365 days */
#define TIMEOUT_DEFAULT_MS 50000
#define CONNECT_DEFAULT_MS 5000

static bool is_text(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isprint(*text) && *text != '\n')
			return false;
	return true;
}

/* Whether key and certificates are whole, and of each other, haproxy -c says. */
static bool is_pem(const char *text)
{
	return strlen(text) <= PEM_MAX && is_text(text) &&
	       strstr(text, "-----BEGIN CERTIFICATE-----") && strstr(text, " PRIVATE KEY-----") &&
	       !strstr(text, "ENCRYPTED");
}

static bool read_certificates(
	const json_t *value, struct balancer_listener *listener, GError **error)
{
	const json_t *list = json_object_get(value, "certificates"), *one;
	size_t i;

	if (list && (!json_is_array(list) || json_array_size(list) > CERTIFICATES_MAX))
		return weft_fail(error, INVALID_INPUT,
			"certificates: must be a list of at most %d PEM texts", CERTIFICATES_MAX);
	json_array_foreach(list, i, one) {
		const char *text = json_string_value(one);

		if (!text || !is_pem(text))
			return weft_fail(error, INVALID_INPUT,
				"certificates[%zu]: must be the PEM text of a certificate, its chain and its private key, which is not encrypted, of at most %d characters",
				i, PEM_MAX);
		g_ptr_array_add(listener->certificates, g_strdup(text));
	}
	return (listener->protocol == BALANCER_TERMINATED_HTTPS) == !!listener->certificates->len ||
	       weft_fail(error, INVALID_INPUT,
		       "certificates: must be there for TERMINATED_HTTPS, and for nothing else");
}

static bool read_headers(const json_t *value, void *data, GError **error)
{
	static const char *const known[] = { "X-Forwarded-For", "X-Forwarded-Port",
		"X-Forwarded-Proto", NULL };
	struct balancer_listener *listener = data;

	return field_check(value, known, error) &&
	       field_bool(value, known[0], &listener->forwarded_for, error) &&
	       field_bool(value, known[1], &listener->forwarded_port, error) &&
	       field_bool(value, known[2], &listener->forwarded_proto, error);
}

/* HAProxy's numbers of milliseconds are of 31 bits. */
static bool read_timeout(const json_t *value, const char *key, u32 *ret, GError **error)
{
	u64 timeout_ms = *ret;

	if (!field_number(value, key, 0, TIMEOUT_MAX_MS, &timeout_ms, error))
		return false;
	*ret = (u32)MIN(timeout_ms, G_MAXINT32);
	return true;
}

static bool read_timeouts(const json_t *value, struct balancer_listener *listener, GError **error)
{
	listener->client_ms = listener->member_ms = TIMEOUT_DEFAULT_MS;
	listener->connect_ms = CONNECT_DEFAULT_MS;
	return read_timeout(value, "timeout_client_data", &listener->client_ms, error) &&
	       read_timeout(value, "timeout_member_connect", &listener->connect_ms, error) &&
	       read_timeout(value, "timeout_member_data", &listener->member_ms, error) &&
	       read_timeout(value, "timeout_tcp_inspect", &listener->inspect_ms, error);
}

static bool read_cidr(const json_t *value, GArray *array, GError **error)
{
	const char *text = json_string_value(value);
	struct prefix prefix;

	if (!text || !prefix_parse(text, &prefix))
		return weft_fail(error, INVALID_INPUT, "cidr: must be such as 10.0.0.0/24");
	prefix.ip = prefix_network(&prefix);
	g_array_append_val(array, prefix);
	return true;
}

static bool check_http(
	const json_t *value, const struct balancer_listener *listener, GError **error)
{
	static const char *const own[] = { "insert_headers", "l7_policies" };

	for (size_t i = 0; !balancer_speaks_http(listener) && i < G_N_ELEMENTS(own); i++)
		if (json_object_get(value, own[i]))
			return weft_fail(error, INVALID_INPUT,
				"%s: is for listeners of HTTP and TERMINATED_HTTPS", own[i]);
	return true;
}

static bool read_head(const json_t *value, struct balancer_listener *ret, GError **error)
{
	static const char *const known[] = { "id", "protocol", "protocol_port", "connection_limit",
		"allowed_cidrs", "insert_headers", "timeout_client_data", "timeout_member_connect",
		"timeout_member_data", "timeout_tcp_inspect", "default_pool_id", "certificates",
		"l7_policies", NULL };
	static const char *const protocols[] = { "TCP", "HTTP", "HTTPS", "TERMINATED_HTTPS", NULL };
	unsigned protocol = 0;
	u64 port = 0, limit = 0;

	if (!field_check(value, known, error) || !field_need(value, "id", error) ||
		!field_need(value, "protocol", error) ||
		!field_need(value, "protocol_port", error) ||
		!field_uuid(value, "id", ret->id, error) ||
		!field_choice(value, "protocol", protocols, &protocol, error) ||
		!field_number(value, "protocol_port", 1, UINT16_MAX, &port, error) ||
		!field_number(value, "connection_limit", 1, LIMIT_MAX, &limit, error) ||
		!field_uuid(value, "default_pool_id", ret->pool, error))
		return false;
	ret->protocol = (enum balancer_protocol)protocol;
	ret->port = (u16)port;
	ret->connection_limit = (u32)limit;
	return true;
}

static bool fill(const json_t *value, struct balancer_listener *ret, GError **error)
{
	bool there;

	return read_head(value, ret, error) && check_http(value, ret, error) &&
	       field_list(value, "allowed_cidrs", SMALL_LIST_MAX, read_cidr, ret->allowed, error) &&
	       field_object(value, "insert_headers", read_headers, ret, &there, error) &&
	       read_timeouts(value, ret, error) && read_certificates(value, ret, error) &&
	       field_list(value, "l7_policies", SMALL_LIST_MAX, balancer_read_policy, ret->policies,
		       error);
}

void balancer_clear_listener(gpointer data)
{
	struct balancer_listener *listener = data;

	g_array_unref(listener->allowed);
	g_ptr_array_unref(listener->certificates);
	g_array_unref(listener->policies);
}

bool balancer_read_listener(const json_t *value, GArray *array, GError **error)
{
	struct balancer_listener listener = {
		.allowed = balancer_array(sizeof(struct prefix), NULL),
		.certificates = g_ptr_array_new_with_free_func(g_free),
		.policies = balancer_array(sizeof(struct balancer_policy), balancer_clear_policy),
	};

	if (!fill(value, &listener, error)) {
		balancer_clear_listener(&listener);
		return false;
	}
	g_array_append_val(array, listener);
	return true;
}
