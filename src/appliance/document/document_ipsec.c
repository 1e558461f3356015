/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "appliance/document/document_parts.h"

#define CIDRS_MAX 16
#define LIFETIME_MIN_S 60
#define DPD_MAX_S 31536000
#define MTU_MIN 576
#define MTU_MAX 9000

/* One that no daemon reads as something else: no DN, no "%any", no white space. */
static bool is_identity(const char *text)
{
	size_t at = 0;
	struct ip ip;

	if (ip_parse(text, &ip))
		return true;
	for (const char *c = text; *c; c++) {
		at += *c == '@';
		if (!g_ascii_isalnum(*c) && !strchr(".-_@", *c))
			return false;
	}
	return *text && at <= 1;
}

static bool is_psk(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return false;
	for (const char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c))
			return false;
	return *text;
}

static bool read_proposal(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "encryption_algorithm", "auth_algorithm", "pfs",
		"lifetime_s", "version", NULL };
	static const char *const encryptions[] = { "3des", "aes-128", "aes-192", "aes-256", NULL };
	static const char *const hashes[] = { "sha1", "sha256", "sha384", "sha512", NULL };
	static const char *const groups[] = { "group2", "group5", "group14", NULL };
	struct document_proposal *proposal = data;
	u64 lifetime_s = proposal->lifetime_s;

	if (!field_check(object, known, error) ||
		!field_choice(object, known[0], encryptions, &proposal->encryption, error) ||
		!field_choice(object, known[1], hashes, &proposal->hash, error) ||
		!field_choice(object, known[2], groups, &proposal->pfs, error) ||
		!field_number(object, known[3], LIFETIME_MIN_S, INT32_MAX, &lifetime_s, error))
		return false;
	proposal->lifetime_s = (u32)lifetime_s;
	return true;
}

static bool read_phases(const json_t *value, struct document_ipsec *ret, GError **error)
{
	static const char *const versions[] = { "v1", "v2", NULL };
	const json_t *ike = json_object_get(value, "ike"), *esp = json_object_get(value, "esp");
	unsigned version = 1;
	bool there;

	if (!field_object(value, "ike", read_proposal, &ret->ike, &there, error) ||
		!field_object(value, "esp", read_proposal, &ret->esp, &there, error))
		return false;
	if (json_object_get(esp, "version"))
		return weft_fail(
			error, INVALID_INPUT, "esp.version: only ike has one, \"v1\" or \"v2\"");
	if (ike && !field_choice(ike, "version", versions, &version, error)) {
		g_prefix_error(error, "ike.");
		return false;
	}
	ret->ike_version = (u8)(version + 1);
	return true;
}

static bool read_dpd(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "action", "interval_s", "timeout_s", NULL };
	static const char *const actions[] = { "hold", "clear", "restart", "restart-by-peer",
		"disabled", NULL };
	struct document_ipsec *ret = data;
	u64 interval_s = ret->dpd_interval_s, timeout_s = ret->dpd_timeout_s;

	if (!field_check(object, known, error) ||
		!field_choice(object, "action", actions, &ret->dpd, error) ||
		!field_number(object, "interval_s", 1, DPD_MAX_S, &interval_s, error) ||
		!field_number(object, "timeout_s", 1, DPD_MAX_S, &timeout_s, error))
		return false;
	ret->dpd_interval_s = (u32)interval_s;
	ret->dpd_timeout_s = (u32)timeout_s;
	return true;
}

static bool read_identities(const json_t *value, struct document_ipsec *ret, GError **error)
{
	static const char form[] = "an address, a DNS name, or user@domain";

	ip_format(&ret->local, ret->local_id);
	ip_format(&ret->peer, ret->peer_id);
	return field_like(value, "local_id", is_identity, form, ret->local_id, IDENTITY_STRLEN,
		       error) &&
	       field_like(
		       value, "peer_id", is_identity, form, ret->peer_id, IDENTITY_STRLEN, error) &&
	       field_secret(value, "psk", is_psk,
		       "a text of 1 to 256 bytes without control characters", ret->psk, PSK_STRLEN,
		       error);
}

static bool read_cidrs(const json_t *value, const char *key, GArray *cidrs, GError **error)
{
	if (!field_need(value, key, error) ||
		!field_list(value, key, CIDRS_MAX, field_read_network, cidrs, error))
		return false;
	return cidrs->len ||
	       weft_fail(error, INVALID_INPUT, "%s: must have one prefix at least", key);
}

/* A packet has one family at both ends, that of the addresses outside being another matter. */
static bool check_families(const struct document_ipsec *one, GError **error)
{
	u8 family = g_array_index(one->local_cidrs, struct prefix, 0).ip.family;

	if (one->local.family != one->peer.family)
		return weft_fail(error, INVALID_INPUT,
			"peer_address: must be an IPv%u address, as local_address is",
			one->local.family);
	for (guint i = 0; i < one->local_cidrs->len; i++)
		if (g_array_index(one->local_cidrs, struct prefix, i).ip.family != family)
			return weft_fail(error, INVALID_INPUT,
				"local_cidrs[%u]: must be an IPv%u prefix, as the first one is", i,
				family);
	for (guint i = 0; i < one->peer_cidrs->len; i++)
		if (g_array_index(one->peer_cidrs, struct prefix, i).ip.family != family)
			return weft_fail(error, INVALID_INPUT,
				"peer_cidrs[%u]: must be an IPv%u prefix, as local_cidrs are", i,
				family);
	return true;
}

static bool read_form(const json_t *value, struct document_ipsec *ret, GError **error)
{
	static const char *const protocols[] = { "esp", "ah", NULL };
	static const char *const modes[] = { "tunnel", "transport", NULL };
	unsigned protocol = 0, mode = 0;

	if (!field_choice(value, "transform_protocol", protocols, &protocol, error) ||
		!field_choice(value, "encapsulation_mode", modes, &mode, error))
		return false;
	ret->ah = protocol == 1;
	ret->transport = mode == 1;
	return !(ret->ah || ret->transport) || ret->peer.family == 4 ||
	       weft_fail(error, INVALID_INPUT,
		       "peer_address: must be an IPv4 address, as transform_protocol \"ah\" and encapsulation_mode \"transport\" are by IPv4 alone");
}

static bool is_alone(const GArray *cidrs, const struct ip *ip)
{
	const struct prefix *first = &g_array_index(cidrs, struct prefix, 0);

	return cidrs->len == 1 && first->len == 32 && !ip_compare(&first->ip, ip);
}

/* Transport mode carries what the two addresses themselves send. */
static bool check_transport(const struct document_ipsec *one, GError **error)
{
	char ip[IP_STRLEN];

	if (!one->transport)
		return true;
	if (!is_alone(one->local_cidrs, &one->local))
		return weft_fail(error, INVALID_INPUT,
			"local_cidrs: must be local_address alone, \"%s/32\", in transport mode",
			ip_format(&one->local, ip));
	return is_alone(one->peer_cidrs, &one->peer) ||
	       weft_fail(error, INVALID_INPUT,
		       "peer_cidrs: must be peer_address alone, \"%s/32\", in transport mode",
		       ip_format(&one->peer, ip));
}

static bool fill(const json_t *value, struct document_ipsec *ret, GError **error)
{
	static const char *const known[] = { "name", "local_address", "peer_address", "psk",
		"local_cidrs", "peer_cidrs", "local_id", "peer_id", "initiator", "mtu", "dpd",
		"ike", "esp", "transform_protocol", "encapsulation_mode", NULL };
	static const char *const initiators[] = { "bi-directional", "response-only", NULL };
	u64 mtu = 1500;
	unsigned initiator = 0;
	bool there;

	if (!field_check(value, known, error))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (!field_need(value, known[i], error))
			return false;
	if (!field_label(value, "name", ret->name, sizeof(ret->name), error) ||
		!field_ip(value, "local_address", 0, &ret->local, error) ||
		!field_ip(value, "peer_address", 0, &ret->peer, error) ||
		!read_identities(value, ret, error) ||
		!read_cidrs(value, "local_cidrs", ret->local_cidrs, error) ||
		!read_cidrs(value, "peer_cidrs", ret->peer_cidrs, error) ||
		!check_families(ret, error) || !read_form(value, ret, error) ||
		!check_transport(ret, error) ||
		!field_choice(value, "initiator", initiators, &initiator, error) ||
		!field_number(value, "mtu", MTU_MIN, MTU_MAX, &mtu, error) ||
		!field_object(value, "dpd", read_dpd, ret, &there, error))
		return false;
	ret->mtu = (u32)mtu;
	ret->response_only = initiator == 1;
	return (*ret->name || weft_fail(error, INVALID_INPUT, "name: must not be empty")) &&
	       read_phases(value, ret, error);
}

static void clear(gpointer data)
{
	struct document_ipsec *one = data;

	g_array_unref(one->local_cidrs);
	g_array_unref(one->peer_cidrs);
	memset(one->psk, 0, sizeof(one->psk));
}

GArray *document_ipsec_new(void)
{
	GArray *array = g_array_new(FALSE, FALSE, sizeof(struct document_ipsec));

	g_array_set_clear_func(array, clear);
	return array;
}

bool document_read_ipsec(const json_t *value, GArray *array, GError **error)
{
	const struct document_proposal proposal = { ENCRYPT_AES_256, HASH_SHA256, PFS_GROUP14,
		3600 };
	struct document_ipsec one = {
		.local_cidrs = g_array_new(FALSE, FALSE, sizeof(struct prefix)),
		.peer_cidrs = g_array_new(FALSE, FALSE, sizeof(struct prefix)),
		.dpd_interval_s = 30,
		.dpd_timeout_s = 120,
		.ike = proposal,
		.esp = proposal,
	};

	if (!fill(value, &one, error)) {
		clear(&one);
		return false;
	}
	g_array_append_val(array, one);
	return true;
}

/* The tunnel's own packets would go into it. */
static bool check_one(
	const struct document *document, const struct document_ipsec *one, guint i, GError **error)
{
	char ip[IP_STRLEN], cidr[PREFIX_STRLEN];

	if (!document_is_public(document, &one->local))
		return weft_fail(error, INVALID_INPUT,
			"ipsec[%u].local_address: %s must be among the addresses of the public NIC",
			i, ip_format(&one->local, ip));
	for (guint j = 0; !one->transport && j < one->peer_cidrs->len; j++) {
		const struct prefix *prefix = &g_array_index(one->peer_cidrs, struct prefix, j);

		if (prefix_contains(prefix, &one->peer))
			return weft_fail(error, INVALID_INPUT,
				"ipsec[%u].peer_cidrs[%u]: %s must be without peer_address %s, to which the tunnel itself goes",
				i, j, prefix_format(prefix, cidr), ip_format(&one->peer, ip));
	}
	return true;
}

static bool any_overlap(const GArray *a, const GArray *b)
{
	for (guint i = 0; i < a->len; i++)
		for (guint j = 0; j < b->len; j++)
			if (prefix_overlaps(&g_array_index(a, struct prefix, i),
				    &g_array_index(b, struct prefix, j)))
				return true;
	return false;
}

/* A packet belongs to one of them, and a secret to one pair of identities. */
static bool check_two(
	const struct document_ipsec *a, const struct document_ipsec *b, GError **error)
{
	if (!strcmp(a->name, b->name))
		return weft_fail(error, INVALID_INPUT, "ipsec: two have the name %s", a->name);
	if (!strcmp(a->local_id, b->local_id) && !strcmp(a->peer_id, b->peer_id) &&
		strcmp(a->psk, b->psk))
		return weft_fail(error, INVALID_INPUT,
			"ipsec: %s and %s are between %s and %s, and have not the same psk",
			a->name, b->name, a->local_id, a->peer_id);
	return !any_overlap(a->peer_cidrs, b->peer_cidrs) ||
	       !any_overlap(a->local_cidrs, b->local_cidrs) ||
	       weft_fail(error, INVALID_INPUT,
		       "ipsec: the local_cidrs and peer_cidrs of %s and %s overlap", a->name,
		       b->name);
}

bool document_check_ipsec(const struct document *document, GError **error)
{
	const struct document_ipsec *all = (const void *)document->ipsec->data;

	for (guint i = 0; i < document->ipsec->len; i++) {
		if (!check_one(document, &all[i], i, error))
			return false;
		for (guint j = 0; j < i; j++)
			if (!check_two(&all[j], &all[i], error))
				return false;
	}
	return true;
}
