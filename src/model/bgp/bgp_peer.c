/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bgp/bgp_peer.h"

#include <string.h>

#include "base/json_writer.h"
#include "model/bgp/bgp_speaker.h"
#include "model/standard.h"
#include "model/txn_impl.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define PASSWORD_MAX 80 /* TCP_MD5SIG_MAXKEYLEN of linux/tcp.h */

static const char *const auth_types[] = { "none", "md5", NULL };

/* It becomes a line of a configuration file, where some characters mean something. */
static bool check_password(const struct attr *attr, const char *value, GError **error)
{
	bool ok = *value;

	for (const char *c = value; *c; c++)
		ok = ok && g_ascii_isgraph(*c) && !strchr("!#\"'\\|?", *c);
	return ok ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for %s: give 1 to %d characters of ASCII without white space and without ! # \" ' \\ | ?.",
		       attr->name, PASSWORD_MAX);
}

static const struct attr attrs[N_BGP_PEER_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	NAME_ATTR(NAME_ATTR_FLAGS),
	BOOKKEEPING_ATTRS,
	PROJECT_ATTR,
	[BGP_PEER_IP] = { .name = "peer_ip",
		.type = TYPE_IP,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "Its address." },
	[BGP_PEER_AS] = { .name = "remote_as",
		.type = TYPE_INT,
		.min = 1,
		.max = AS_NUMBER_MAX,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The number of its autonomous system." },
	[BGP_PEER_AUTH_TYPE] = { .name = "auth_type",
		.type = TYPE_ENUM,
		.choices = auth_types,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "How sessions with it are authenticated: none, or md5 (RFC 2385)." },
	[BGP_PEER_PASSWORD] = { .name = "password",
		.type = TYPE_STRING,
		.max = PASSWORD_MAX,
		.flags = GIVEN | ATTR_NULLABLE | ATTR_SECRET,
		.check = check_password,
		.doc = "Of md5." },
};

static const struct index indexes[N_BGP_PEER_INDEXES] = {
	[BGP_PEER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[BGP_PEER_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
};

/* What no router answers at (RFC 6890, RFC 4291), or at no interface in particular. */
static const char *const nobodys[] = { "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/96",
	"::ffff:0:0/96", "fe80::/10", "ff00::/8" };

static bool check_ip(const struct object *draft, GError **error)
{
	struct ip ip = object_ip(draft, BGP_PEER_IP);
	char text[IP_STRLEN];

	for (size_t i = 0; i < G_N_ELEMENTS(nobodys); i++) {
		struct prefix prefix;

		if (!prefix_parse(nobodys[i], &prefix) || !prefix_contains(&prefix, &ip))
			continue;
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for peer_ip: %s is in %s, where no router can be reached from other hosts; give the address that it has sessions at.",
			ip_format(&ip, text), nobodys[i]);
	}
	return true;
}

static bool check(const struct object *draft, GError **error)
{
	bool md5 = object_choice(draft, BGP_PEER_AUTH_TYPE) == BGP_AUTH_MD5;
	char id[UUID_STRLEN];

	if (md5 && object_is_null(draft, BGP_PEER_PASSWORD))
		return weft_fail(error, BGP_PEER_PASSWORD,
			"A password must be supplied when using auth_type md5.");
	if (!md5 && !object_is_null(draft, BGP_PEER_PASSWORD))
		return weft_fail(error, BGP_PEER_NOT_AUTHENTICATED,
			"BGP peer %s does not use a password: its auth_type is none; leave the password out, or make a peer with auth_type md5.",
			uuid_format(object_id(draft), id));
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	return check_ip(draft, error) && check(draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	/* null says nothing of it: clients that change the name alone send it */
	if (object_is_null(draft, BGP_PEER_PASSWORD))
		object_copy(draft, old, BGP_PEER_PASSWORD);
	return check(draft, error);
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	return bgp_speakers_leave(txn, BGP_SPEAKER_PEERS, BGP_SPEAKER_BY_PEER, old, error);
}

void bgp_peer_write(const struct object *peer, struct json_writer *w)
{
	jw_begin_object(w);
	jw_member_string(w, "peer_ip", object_str(peer, BGP_PEER_IP));
	jw_member_int(w, "remote_as", object_int(peer, BGP_PEER_AS));
	if (!object_is_null(peer, BGP_PEER_PASSWORD))
		jw_member_string(w, "password", object_str(peer, BGP_PEER_PASSWORD));
	jw_end_object(w);
}

const struct kind bgp_peer_kind = {
	.id = KIND_BGP_PEER,
	.singular = "bgp_peer",
	.collection = "bgp_peers",
	.path = "/v2.0/bgp-peers",
	.doc = "A router outside that hosts speak BGP with.",
	.flags = KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_BGP_PEER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_BGP_PEER_INDEXES,
	.not_found = WEFT_ERROR_BGP_PEER_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .on_delete = on_delete },
};
