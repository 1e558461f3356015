/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plug-in's process says to weftd: lines of JSON on a socket. It is not trusted.
 *
 *	{"hello": NAME, "abi": 1, "services": ["dhcp", …], "description": TEXT, "status": true: it
 *	 has that callback}                                                     once, at first
 *	{"refused": TEXT}                             instead of hello: why the file can't be used
 *	{"id": 7, "result": 0, "answer": {…}}                              of the call with that id
 *	{"id": 7, "result": 1 or 2, "reason": TEXT}
 *	{"log": TEXT}
 *
 * weftd says {"id": 7, "call": "apply", "remove" or "status", "document": {…}}, one at a time.
 */
#pragma once

#include <stdbool.h>

#include "controller/provider/driver.h"

enum message_kind { MESSAGE_HELLO, MESSAGE_REFUSED, MESSAGE_RESULT, MESSAGE_LOG };

struct message {
	enum message_kind kind;
	const char *name;  /* of hello */
	unsigned services; /* of hello */
	bool tells_status; /* of hello */
	u64 id;		   /* of a result */
	struct provider_result result;
	const char *text; /* of log and refused */
	json_t *json;	  /* what the rest is borrowed from */
};
#define MESSAGE_MAX (WEFT_PROVIDER_ANSWER_MAX + 65536)

/* @line without its newline. message_clear() what it gives. */
bool message_parse(const char *line, size_t len, struct message *ret, GError **error);
void message_clear(struct message *message);

/* Is it a desired state, as weft/provider.h describes it? @answer NULL is an empty one. */
bool provider_answer_check(const json_t *answer, GError **error);
/* A name, and the services of a list, that a provider may have. */
bool provider_name_check(const char *name, GError **error);
bool provider_services_parse(const json_t *list, unsigned *ret, GError **error);
