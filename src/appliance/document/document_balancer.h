/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of the parts of a load balancer. Inside of document_balancer*.c. */
#pragma once

#include "appliance/document/balancer.h"
#include "appliance/document/document_parts.h"

#define BALANCER_LISTENERS_MAX 64
#define BALANCER_MEMBERS_MAX 4096

/* A new array whose elements @clear releases; NULL: there is nothing to release. */
GArray *balancer_array(size_t size, GDestroyNotify clear);

/* Names of headers and cookies: nothing that means something in HAProxy's expressions. */
#define BALANCER_NAME_FORM "a name of letters, digits, '-', '_' and '.'"
bool balancer_is_name(char c);
bool balancer_is_printable(char c);
#define BALANCER_WORD_FORM "of printable ASCII characters without blanks"
bool balancer_is_word(char c);

/* Readers for field_list(), and what releases what they append. */
bool balancer_read_listener(const json_t *value, GArray *array, GError **error);
void balancer_clear_listener(gpointer listener);
bool balancer_read_pool(const json_t *value, GArray *array, GError **error);
void balancer_clear_pool(gpointer pool);
bool balancer_read_policy(const json_t *value, GArray *array, GError **error);
void balancer_clear_policy(gpointer policy);
