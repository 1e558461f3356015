/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of VPN share. Inside of src/model. */
#pragma once

#include "model/standard.h"
#include "model/txn_impl.h"

#define VPN_GIVEN (ATTR_CREATE | ATTR_UPDATE)

extern const char *const vpn_hashes[], *const vpn_encryptions[], *const vpn_groups[];
extern const struct attr vpn_lifetime_fields[];

/* Attributes of both policies, which differ in what they are called alone. */
#define VPN_HASH_ATTR                                                               \
	{                                                                           \
		.name = "auth_algorithm", .type = TYPE_ENUM, .choices = vpn_hashes, \
		.flags = VPN_GIVEN, .fallback = "\"sha1\"",                         \
		.doc = "What messages are authenticated by."                        \
	}
#define VPN_ENCRYPTION_ATTR                                                                    \
	{                                                                                      \
		.name = "encryption_algorithm", .type = TYPE_ENUM, .choices = vpn_encryptions, \
		.flags = VPN_GIVEN, .fallback = "\"aes-128\"",                                 \
		.doc = "What messages are encrypted by."                                       \
	}
#define VPN_GROUP_ATTR                                                                       \
	{                                                                                    \
		.name = "pfs", .type = TYPE_ENUM, .choices = vpn_groups, .flags = VPN_GIVEN, \
		.fallback = "\"group5\"",                                                    \
		.doc = "The Diffie-Hellman group, also of perfect forward secrecy."          \
	}
#define VPN_LIFETIME_ATTR                                                                     \
	{                                                                                     \
		.name = "lifetime", .type = TYPE_OBJECT, .fields = vpn_lifetime_fields,       \
		.flags = VPN_GIVEN | ATTR_NULL_IS_DEFAULT,                                    \
		.fallback = "{\"units\":\"seconds\",\"value\":3600}",                         \
		.doc = "How long what was agreed on holds; what is not given stays as it is." \
	}

/* Members of the object at @slot that were not given: as they are in @old, or by default. */
void vpn_fill(const struct object *old, struct object *draft, unsigned slot);
/* A policy that a connection uses is not changed: the peer would not know. */
bool vpn_check_unused(struct txn *txn, const struct object *policy, unsigned index, GError **error);
