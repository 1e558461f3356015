/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An offering: `metainfo` of a service profile whose driver is virtual-router, a JSON object
 * (docs/virtual-router.md).
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

struct offering {
	json_t *json; /* what the rest is borrowed from */
	const char *management_network;
	const char *public_network;	    /* NULL: none */
	json_int_t cpu_percent, memory_mib; /* 0: no limit */
	const char *runtime;		    /* NULL: namespaces */
	const char *machine_image;	    /* of a virtual machine; NULL: weft's own */
	json_int_t vcpus;		    /* of a virtual machine; 0: as many as it needs */
	const json_t *host_tags;	    /* NULL: any host */
	bool dedicated_host;
	bool ha;		      /* a redundant pair; a router says so itself */
	const json_t *dns_forwarders; /* NULL: none */
};

/* False: *@ret_reason (g_free) says what is wrong with the text, and what would be right. */
bool offering_parse(const char *text, struct offering *ret, char **ret_reason);
void offering_clear(struct offering *offering);
