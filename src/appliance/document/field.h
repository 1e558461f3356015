/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a JSON object, read into values. An error names the member; who reads a list or a
 * nested object puts its place before it: "dhcp.hosts[3].ip_address: …". A member that is not there
 * leaves *ret as it is unless its reader is a need_…().
 */
#pragma once

#include <jansson.h>

#include "appliance/document/document.h"

/* Refuses what is not an object, and members that are not in @known (ended by NULL). */
bool field_check(const json_t *object, const char *const *known, GError **error);

bool field_number(
	const json_t *object, const char *key, u64 low, u64 high, u64 *ret, GError **error);
bool field_bool(const json_t *object, const char *key, bool *ret, GError **error);
/* A DNS name of one label, or of any number of them; at most @size - 1 characters. */
bool field_label(const json_t *object, const char *key, char *ret, size_t size, GError **error);
bool field_domain(const json_t *object, const char *key, char *ret, size_t size, GError **error);
/* The index in @choices (ended by NULL). */
bool field_choice(const json_t *object, const char *key, const char *const *choices, unsigned *ret,
	GError **error);
/* @family: 4, 6, or 0: either. */
bool field_ip(const json_t *object, const char *key, u8 family, struct ip *ret, GError **error);
bool field_prefix(
	const json_t *object, const char *key, u8 family, struct prefix *ret, GError **error);
bool field_mac(const json_t *object, const char *key, struct mac *ret, GError **error);
/* Canonical text; UUID_STRLEN. */
bool field_uuid(const json_t *object, const char *key, char *ret, GError **error);
/* At most @size - 1 characters, of each of which @allowed says so; @form says what they are. */
bool field_text(const json_t *object, const char *key, const char *form, bool (*allowed)(char),
	char *ret, size_t size, GError **error);
/* Of a shape that nothing else has: @is_one says whether it is one, @form what would be. */
bool field_like(const json_t *object, const char *key, bool (*is_one)(const char *text),
	const char *form, char *ret, size_t size, GError **error);
/* The same of what must not be seen: the error does not show it. */
bool field_secret(const json_t *object, const char *key, bool (*is_one)(const char *text),
	const char *form, char *ret, size_t size, GError **error);
/* "80" or "8000:8010". */
bool field_ports(
	const json_t *object, const char *key, u16 *ret_first, u16 *ret_last, GError **error);

bool field_need(const json_t *object, const char *key, GError **error);

/* Appends what @read makes of each element of a list to @array. */
typedef bool (*field_reader)(const json_t *value, GArray *array, GError **error);
bool field_list(const json_t *object, const char *key, size_t max, field_reader read, GArray *array,
	GError **error);
/* Elements that are texts. */
bool field_read_ip(const json_t *value, GArray *array, GError **error);
bool field_read_network(const json_t *value, GArray *array, GError **error); /* no host bits */
bool field_read_prefix(const json_t *value, GArray *array, GError **error);

/* Reads @key, an object; without it *ret_there is false. Errors get "key." before them. */
bool field_object(const json_t *object, const char *key,
	bool (*read)(const json_t *, void *, GError **), void *data, bool *ret_there,
	GError **error);
