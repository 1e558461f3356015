/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/ipsec_site_connection.h"

#include <string.h>

#include "model/provider/appliance.h"
#include "model/vpn/vpn_parts.h"
#include "model/vpn/vpnservice.h"

#define PSK_MAX 256
#define IDENTITY_MAX 127
#define TIME_MAX 31536000
#define MTU_MAX 9000

static const char *const initiators[] = { "bi-directional", "response-only", NULL };
static const char *const actions[] = { "hold", "clear", "restart", "restart-by-peer", "disabled",
	NULL };

static const struct attr dpd_fields[] = {
	{ .name = "action", .type = TYPE_ENUM, .choices = actions },
	{ .name = "interval", .type = TYPE_INT, .min = 1, .max = TIME_MAX },
	{ .name = "timeout", .type = TYPE_INT, .min = 1, .max = TIME_MAX },
	{ 0 },
};

static const struct attr cidr_attr = { .name = "peer_cidr", .type = TYPE_CIDR };

/* One that no daemon reads as something else: no DN, no "%any", no white space. */
static bool check_identity(const struct attr *attr, const char *value, GError **error)
{
	unsigned at = 0;
	struct ip ip;

	if (ip_parse(value, &ip))
		return true;
	for (const char *c = value; *c; c++) {
		at += *c == '@';
		if (!g_ascii_isalnum(*c) && !strchr(".-_@", *c))
			at = 2;
	}
	return (at < 2 && (*value || !(attr->flags & ATTR_REQUIRED))) ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for %s: give an address, a DNS name, or user@domain.",
		       attr->name);
}

static bool check_psk(const struct attr *attr, const char *value, GError **error)
{
	bool good = *value && strlen(value) <= PSK_MAX;

	for (const char *c = value; *c; c++)
		good = good && !g_ascii_iscntrl(*c);
	return good ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for %s: give 1 to %d bytes without control characters.",
		       attr->name, PSK_MAX);
}

#define REFERENCE(key, kind, index, more, text)                                                    \
	{                                                                                          \
		.name = (key), .type = TYPE_UUID, .refers = (kind), .on_delete = ON_DELETE_REFUSE, \
		.referrer_index = (index), .flags = ATTR_CREATE | (more), .doc = (text)            \
	}

static const struct attr attrs[N_IPSEC_SITE_CONNECTION_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[IPSEC_SITE_CONNECTION_SERVICE_ID] = REFERENCE("vpnservice_id", KIND_VPNSERVICE,
		IPSEC_SITE_CONNECTION_BY_SERVICE, ATTR_REQUIRED, "The VPN service that it is of."),
	[IPSEC_SITE_CONNECTION_IKE_POLICY_ID] =
		REFERENCE("ikepolicy_id", KIND_IKE_POLICY, IPSEC_SITE_CONNECTION_BY_IKE_POLICY,
			ATTR_REQUIRED, "What its first phase agrees on."),
	[IPSEC_SITE_CONNECTION_IPSEC_POLICY_ID] = REFERENCE("ipsecpolicy_id", KIND_IPSEC_POLICY,
		IPSEC_SITE_CONNECTION_BY_IPSEC_POLICY, ATTR_REQUIRED,
		"What its second phase agrees on."),
	[IPSEC_SITE_CONNECTION_LOCAL_ID] = { .name = "local_id",
		.type = TYPE_STRING,
		.max = IDENTITY_MAX,
		.flags = VPN_GIVEN,
		.fallback = "\"\"",
		.check = check_identity,
		.doc = "What this end calls itself; empty: its address." },
	[IPSEC_SITE_CONNECTION_PEER_ADDRESS] = { .name = "peer_address",
		.type = TYPE_IP,
		.flags = VPN_GIVEN | ATTR_REQUIRED,
		.doc = "Where the peer is: an address." },
	[IPSEC_SITE_CONNECTION_PEER_ID] = { .name = "peer_id",
		.type = TYPE_STRING,
		.max = IDENTITY_MAX,
		.flags = VPN_GIVEN | ATTR_REQUIRED,
		.check = check_identity,
		.doc = "What the peer calls itself: usually its address." },
	[IPSEC_SITE_CONNECTION_PEER_CIDRS] = { .name = "peer_cidrs",
		.type = TYPE_LIST,
		.item = &cidr_attr,
		.max = IPSEC_CIDRS_MAX,
		.flags = VPN_GIVEN | ATTR_UNIQUE_ITEMS | ATTR_NULL_IS_DEFAULT | ATTR_ONE_IS_LIST,
		.fallback = "[]",
		.doc = "Prefixes behind the peer, of a service that has a subnet." },
	[IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID] =
		REFERENCE("local_ep_group_id", KIND_VPN_ENDPOINT_GROUP,
			IPSEC_SITE_CONNECTION_BY_LOCAL_GROUP, ATTR_UPDATE | ATTR_NULLABLE,
			"The subnets that the peer reaches: a group of the type subnet."),
	[IPSEC_SITE_CONNECTION_PEER_GROUP_ID] =
		REFERENCE("peer_ep_group_id", KIND_VPN_ENDPOINT_GROUP,
			IPSEC_SITE_CONNECTION_BY_PEER_GROUP, ATTR_UPDATE | ATTR_NULLABLE,
			"The prefixes behind the peer: a group of the type cidr."),
	[IPSEC_SITE_CONNECTION_ROUTE_MODE] = { .name = "route_mode",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "static: what is reached is said here." },
	[IPSEC_SITE_CONNECTION_MTU] = { .name = "mtu",
		.type = TYPE_INT,
		.min = 68,
		.max = MTU_MAX,
		.flags = VPN_GIVEN,
		.fallback = "1500",
		.doc = "Of the way between the ends." },
	[IPSEC_SITE_CONNECTION_INITIATOR] = { .name = "initiator",
		.type = TYPE_ENUM,
		.choices = initiators,
		.flags = VPN_GIVEN,
		.fallback = "\"bi-directional\"",
		.doc = "response-only: the peer begins." },
	[IPSEC_SITE_CONNECTION_AUTH_MODE] = { .name = "auth_mode",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "psk: both ends have the same secret." },
	[IPSEC_SITE_CONNECTION_PSK] = { .name = "psk",
		.type = TYPE_STRING,
		.max = PSK_MAX,
		.flags = VPN_GIVEN | ATTR_REQUIRED,
		.check = check_psk,
		.doc = "The secret that both ends have." },
	[IPSEC_SITE_CONNECTION_DPD] = { .name = "dpd",
		.type = TYPE_OBJECT,
		.fields = dpd_fields,
		.flags = VPN_GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "{\"action\":\"hold\",\"interval\":30,\"timeout\":120}",
		.doc = "Whether and when a silent peer is given up; what is not given stays as it is." },
	[IPSEC_SITE_CONNECTION_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = VPN_GIVEN,
		.fallback = "true",
		.doc = "While it is down it is not there." },
	[IPSEC_SITE_CONNECTION_STATUS] = { .name = "status",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "ACTIVE: the tunnel is established, as the router's appliance has said last; ERROR: its host can't do it; else DOWN." },
	[IPSEC_SITE_CONNECTION_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "Why it is not." },
};

#define BY(index, words, slot) [index] = { .name = (words), .slots = { slot } }

static const struct index indexes[N_IPSEC_SITE_CONNECTION_INDEXES] = {
	BY(IPSEC_SITE_CONNECTION_BY_NAME, "name", SLOT_NAME),
	BY(IPSEC_SITE_CONNECTION_BY_PROJECT, "project", SLOT_PROJECT_ID),
	BY(IPSEC_SITE_CONNECTION_BY_SERVICE, "VPN service", IPSEC_SITE_CONNECTION_SERVICE_ID),
	BY(IPSEC_SITE_CONNECTION_BY_IKE_POLICY, "IKE policy", IPSEC_SITE_CONNECTION_IKE_POLICY_ID),
	BY(IPSEC_SITE_CONNECTION_BY_IPSEC_POLICY, "IPsec policy",
		IPSEC_SITE_CONNECTION_IPSEC_POLICY_ID),
	BY(IPSEC_SITE_CONNECTION_BY_LOCAL_GROUP, "local endpoint group",
		IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID),
	BY(IPSEC_SITE_CONNECTION_BY_PEER_GROUP, "peer endpoint group",
		IPSEC_SITE_CONNECTION_PEER_GROUP_ID),
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	vpn_fill(NULL, draft, IPSEC_SITE_CONNECTION_DPD);
	return ipsec_site_check(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	vpn_fill(old, draft, IPSEC_SITE_CONNECTION_DPD);
	return ipsec_site_check(txn, draft, error);
}

bool ipsec_site_is_wanted(const struct model *model, const struct object *connection)
{
	const struct object *service = model_get_text(
		model, KIND_VPNSERVICE, object_str(connection, IPSEC_SITE_CONNECTION_SERVICE_ID));

	return service && object_bool(service, VPNSERVICE_ADMIN_STATE_UP) &&
	       object_bool(connection, IPSEC_SITE_CONNECTION_ADMIN_STATE_UP);
}

enum tunnel_status ipsec_site_status(
	const struct model *model, const struct object *connection, char **ret_reason)
{
	const struct object *service = model_get_text(
		model, KIND_VPNSERVICE, object_str(connection, IPSEC_SITE_CONNECTION_SERVICE_ID));
	char id[UUID_STRLEN];

	if (ipsec_site_is_wanted(model, connection)) {
		const struct tunnel_question question = { object_str(service, VPNSERVICE_ROUTER_ID),
			"ipsec", uuid_format(object_id(connection), id), object_id(connection) };

		return tunnel_status(model, &question, ret_reason);
	}
	*ret_reason = g_strdup("it, or its VPN service, is switched off by admin_state_up");
	return TUNNEL_DOWN;
}

static void compute(const struct model *model, const struct object *connection, unsigned slot,
	struct json_writer *w)
{
	g_autofree char *reason = NULL;

	switch (slot) {
	case IPSEC_SITE_CONNECTION_STATUS:
		jw_string(w, tunnel_statuses[ipsec_site_status(model, connection, &reason)]);
		break;
	case IPSEC_SITE_CONNECTION_STATUS_REASON:
		ipsec_site_status(model, connection, &reason);
		jw_string(w, reason);
		break;
	default:
		jw_string(w, slot == IPSEC_SITE_CONNECTION_AUTH_MODE ? "psk" : "static");
	}
}

const struct kind ipsec_site_connection_kind = {
	.id = KIND_IPSEC_SITE_CONNECTION,
	.singular = "ipsec_site_connection",
	.collection = "ipsec_site_connections",
	.command = "vpn ipsec site connection",
	.path = "/v2.0/vpn/ipsec-site-connections",
	.doc = "A tunnel of a router to another site.",
	.quota = { "ipsec_site_connection", QUOTA_UNLIMITED },
	.attrs = attrs,
	.n_slots = N_IPSEC_SITE_CONNECTION_SLOTS,
	.indexes = indexes,
	.n_indexes = N_IPSEC_SITE_CONNECTION_INDEXES,
	.not_found = WEFT_ERROR_IPSEC_SITE_CONNECTION_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};
