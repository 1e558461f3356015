/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection may be: of the two ways to say what is reached at both ends exactly one, and
 * only what a router can be the end of. */
#include <string.h>

#include "model/vpn/ike_policy.h"
#include "model/vpn/ipsec_policy.h"
#include "model/vpn/ipsec_site_connection.h"
#include "model/vpn/vpn_endpoint_group.h"
#include "model/vpn/vpn_parts.h"
#include "model/vpn/vpnservice.h"

#define MTU_MIN 576	  /* of ESP in UDP */
#define MTU_MIN_IPV6 1280 /* RFC 8200, 5 */

static bool refuse_value(const struct object *policy, unsigned slot, const char *why,
	const char *good, GError **error)
{
	return weft_fail(error, IPSEC_NOT_SERVED, "No router can do %s '%s', %s: give '%s'.",
		kind_attr(object_kind(policy), slot)->name, object_str(policy, slot), why, good);
}

/* Of the kernel's alone, and tried by IPv4 alone. */
static bool check_form(const struct object *draft, const struct object *policy, GError **error)
{
	bool ah = object_choice(policy, IPSEC_POLICY_PROTOCOL) == IPSEC_AH;
	bool transport = object_choice(policy, IPSEC_POLICY_ENCAPSULATION) == IPSEC_TRANSPORT;

	if (!(ah || transport) || object_ip(draft, IPSEC_SITE_CONNECTION_PEER_ADDRESS).family == 4)
		return true;
	if (ah)
		return refuse_value(
			policy, IPSEC_POLICY_PROTOCOL, "with an IPv6 peer_address", "esp", error);
	return refuse_value(
		policy, IPSEC_POLICY_ENCAPSULATION, "with an IPv6 peer_address", "tunnel", error);
}

static bool check_policies(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *ike = txn_need(txn, KIND_IKE_POLICY,
		object_str(draft, IPSEC_SITE_CONNECTION_IKE_POLICY_ID), error);
	const struct object *ipsec =
		ike ? txn_need(txn, KIND_IPSEC_POLICY,
			      object_str(draft, IPSEC_SITE_CONNECTION_IPSEC_POLICY_ID), error)
		    : NULL;

	if (!ipsec)
		return false;
	if (object_choice(ike, IKE_POLICY_MODE) != IKE_MAIN)
		return refuse_value(ike, IKE_POLICY_MODE,
			"by which whoever asks is told what the psk can be guessed by (CVE-2002-1623)",
			"main", error);
	if (object_choice(ipsec, IPSEC_POLICY_PROTOCOL) == IPSEC_AH_ESP)
		return refuse_value(ipsec, IPSEC_POLICY_PROTOCOL,
			"as bundles of both are no part of IPsec any more (RFC 4301, 13)",
			"esp', which authenticates too, or 'ah", error);
	return check_form(draft, ipsec, error);
}

static bool check_values(const struct object *draft, GError **error)
{
	json_t *dpd = object_json(draft, IPSEC_SITE_CONNECTION_DPD);
	json_int_t interval = json_integer_value(json_object_get(dpd, "interval"));
	json_int_t timeout = json_integer_value(json_object_get(dpd, "timeout"));

	json_decref(dpd);
	return timeout > interval ||
	       weft_fail(error, IPSEC_DPD,
		       "ipsec_site_connection dpd_timeout %d is equal to or less than dpd_interval %d: give more.",
		       (int)timeout, (int)interval);
}

/* The router speaks with the peer by an address of its version. */
static bool check_outside(
	const struct txn *txn, const struct object *draft, const char *router, GError **error)
{
	u8 version = object_ip(draft, IPSEC_SITE_CONNECTION_PEER_ADDRESS).family;
	char ip[IP_STRLEN];

	return vpn_outside(txn_model(txn), router, version, ip) ||
	       weft_fail(error, IPSEC_NOT_SERVED,
		       "Router %s has no IPv%d address outside, from which it could reach the peer_address '%s': give its gateway one, or another peer_address.",
		       router, version, object_str(draft, IPSEC_SITE_CONNECTION_PEER_ADDRESS));
}

/* In transport mode the peer alone is at the other end, and this one is the router. */
static bool check_peer_alone(const struct object *draft, const char *list, GError **error)
{
	const char *peer = object_str(draft, IPSEC_SITE_CONNECTION_PEER_ADDRESS);
	g_autofree char *alone = g_strdup_printf("[\"%s/32\"]", peer);

	return !strcmp(list, alone) ||
	       weft_fail(error, IPSEC_NOT_SERVED,
		       "In encapsulation_mode 'transport' a connection carries what the router and its peer say to each other (RFC 4301, 4.1): give '%s/32' alone as what is behind the peer, or use 'tunnel'.",
		       peer);
}

/* The peer's own address among them: the tunnel would go into itself. */
static bool check_prefixes(
	const struct txn *txn, const struct object *draft, const char *list, GError **error)
{
	struct ip peer = object_ip(draft, IPSEC_SITE_CONNECTION_PEER_ADDRESS);
	json_t *cidrs = json_loads(list, 0, NULL), *cidr;
	bool ok = true;
	size_t i;

	if (ipsec_site_is_transport(txn_model(txn), draft)) {
		json_decref(cidrs);
		return check_peer_alone(draft, list, error);
	}
	if (json_array_size(cidrs) > IPSEC_CIDRS_MAX)
		ok = weft_fail(error, IPSEC_NOT_SERVED,
			"No connection can have more than %d prefixes at an end.", IPSEC_CIDRS_MAX);
	json_array_foreach(cidrs, i, cidr) {
		const char *text = json_string_value(cidr);
		struct prefix prefix;

		if (!ok)
			break;
		if (prefix_parse(text, &prefix) && prefix_contains(&prefix, &peer))
			ok = weft_fail(error, IPSEC_NOT_SERVED,
				"The prefix '%s' is with the peer's own address, to which the tunnel itself goes: give one without.",
				text);
	}
	json_decref(cidrs);
	return ok;
}

static const struct object *need_group(struct txn *txn, const struct object *draft, unsigned slot,
	enum vpn_endpoint_type type, GError **error)
{
	const char *which = slot == IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID ? "local" : "peer";
	const char *expected = type == VPN_ENDPOINT_SUBNET ? "subnet" : "cidr";
	const char *id = object_str(draft, slot);
	const struct object *group;

	if (!id) {
		weft_fail(error, ENDPOINT_GROUP_REQUIRED,
			"Missing required endpoint group %s: the VPN service has no subnet, so give local_ep_group_id and peer_ep_group_id.",
			which);
		return NULL;
	}
	group = txn_need(txn, KIND_VPN_ENDPOINT_GROUP, id, error);
	if (!group || object_choice(group, VPN_ENDPOINT_GROUP_TYPE) == (int)type)
		return group;
	weft_fail(error, ENDPOINT_GROUP_TYPE, "Endpoint group %s type is '%s' and should be '%s'.",
		which, object_str(group, VPN_ENDPOINT_GROUP_TYPE), expected);
	return NULL;
}

static bool check_local_subnets(
	struct txn *txn, const struct object *service, const struct object *group, GError **error)
{
	const char *router = object_str(service, VPNSERVICE_ROUTER_ID);
	json_t *subnets = object_json(group, VPN_ENDPOINT_GROUP_ENDPOINTS), *id;
	bool ok = true;
	size_t i;

	json_array_foreach(subnets, i, id)
		ok = ok &&
		     (vpn_router_has_subnet(txn, router, json_string_value(id)) ||
			     weft_fail(error, SUBNET_NOT_CONNECTED,
				     "Subnet %s of the local endpoint group is not connected to Router %s.",
				     json_string_value(id), router));
	json_decref(subnets);
	return ok;
}

static bool check_groups(
	struct txn *txn, const struct object *draft, const struct object *service, GError **error)
{
	const struct object *local, *peer;

	if (strcmp(object_str(draft, IPSEC_SITE_CONNECTION_PEER_CIDRS), "[]") != 0)
		return weft_fail(error, PEER_CIDRS_INVALID,
			"Peer CIDRs cannot be used, as the VPN service has no subnet: give endpoint groups.");
	local = need_group(
		txn, draft, IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID, VPN_ENDPOINT_SUBNET, error);
	peer = local ? need_group(txn, draft, IPSEC_SITE_CONNECTION_PEER_GROUP_ID,
			       VPN_ENDPOINT_CIDR, error)
		     : NULL;
	return peer && check_local_subnets(txn, service, local, error) &&
	       check_prefixes(txn, draft, object_str(peer, VPN_ENDPOINT_GROUP_ENDPOINTS), error);
}

static bool check_cidrs(const struct txn *txn, const struct object *draft, GError **error)
{
	if (!object_is_null(draft, IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID) ||
		!object_is_null(draft, IPSEC_SITE_CONNECTION_PEER_GROUP_ID))
		return weft_fail(error, ENDPOINT_GROUP_INVALID,
			"Endpoint groups cannot be used, as the VPN service has a subnet: give peer_cidrs.");
	if (!strcmp(object_str(draft, IPSEC_SITE_CONNECTION_PEER_CIDRS), "[]"))
		return weft_fail(error, PEER_CIDRS_MISSING,
			"Missing peer CIDRs for IPsec site-to-site connection: give peer_cidrs, the prefixes behind the peer.");
	return check_prefixes(
		txn, draft, object_str(draft, IPSEC_SITE_CONNECTION_PEER_CIDRS), error);
}

/* The IP version of all of them; 0: they have not the same. */
static u8 version_of(json_t *cidrs)
{
	u8 version = 0;
	json_t *cidr;
	size_t i;

	json_array_foreach(cidrs, i, cidr) {
		u8 one = strchr(json_string_value(cidr), ':') ? 6 : 4;

		if (i && one != version)
			return 0;
		version = one;
	}
	return version;
}

static bool refuse_mixed(const struct object *draft, unsigned group, GError **error)
{
	const char *id = object_str(draft, group);

	if (id)
		return weft_fail(error, IPSEC_MIXED_ENDPOINTS,
			"Endpoints in group %s do not have the same IP version, as required for IPsec site-to-site connection.",
			id);
	return weft_fail(error, IPSEC_MIXED_CIDRS,
		"Peer CIDRs do not have the same IP version, as required for IPsec site-to-site connection.");
}

/* A packet is of one version at both ends; what carries it may be of another. */
static bool check_versions(const struct object *draft, u8 local, u8 peer, GError **error)
{
	u8 outer = object_ip(draft, IPSEC_SITE_CONNECTION_PEER_ADDRESS).family;
	s64 mtu = object_int(draft, IPSEC_SITE_CONNECTION_MTU);
	bool ipv6 = local == 6 || outer == 6;

	if (!local)
		return refuse_mixed(draft, IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID, error);
	if (!peer)
		return refuse_mixed(draft, IPSEC_SITE_CONNECTION_PEER_GROUP_ID, error);
	if (local != peer)
		return weft_fail(error, IPSEC_MIXED_ENDS,
			"IP versions are not compatible between peer and local endpoints: give prefixes of IPv%d behind the peer.",
			local);
	return mtu >= (ipv6 ? MTU_MIN_IPV6 : MTU_MIN) ||
	       weft_fail(error, IPSEC_MTU,
		       "ipsec_site_connection MTU %d is too small for ipv%d: give %d at least.",
		       (int)mtu, ipv6 ? 6 : 4, ipv6 ? MTU_MIN_IPV6 : MTU_MIN);
}

/* Both ends at once; its own has as many subnets as one connection can have. */
static bool check_both(struct txn *txn, const struct object *draft, GError **error)
{
	json_t *local = ipsec_site_local_cidrs(txn_model(txn), draft);
	json_t *peer = ipsec_site_peer_cidrs(txn_model(txn), draft);
	bool ok = json_array_size(local) <= IPSEC_CIDRS_MAX
			  ? check_versions(draft, version_of(local), version_of(peer), error)
			  : weft_fail(error, IPSEC_NOT_SERVED,
				    "No connection can have more than %d subnets at an end.",
				    IPSEC_CIDRS_MAX);

	json_decref(local);
	json_decref(peer);
	return ok;
}

bool ipsec_site_check(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *service = txn_need(
		txn, KIND_VPNSERVICE, object_str(draft, IPSEC_SITE_CONNECTION_SERVICE_ID), error);

	if (!service || !check_policies(txn, draft, error) || !check_values(draft, error))
		return false;
	if (!check_outside(txn, draft, object_str(service, VPNSERVICE_ROUTER_ID), error))
		return false;
	if (!(object_is_null(service, VPNSERVICE_SUBNET_ID)
			    ? check_groups(txn, draft, service, error)
			    : check_cidrs(txn, draft, error)))
		return false;
	return check_both(txn, draft, error) && ipsec_site_check_others(txn, draft, error);
}
