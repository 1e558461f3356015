/* SPDX-License-Identifier: Apache-2.0 */
/* What guests are told of themselves, as the document has it. */
#pragma once

#include <jansson.h>

#include "agent/service/port.h"
#include "appliance/document/document.h"

struct document_metadata_subnet {
	struct service_subnet subnet; /* its lists are of the next two */
	GArray *nameservers, *routes;
};

struct document_metadata_port {
	struct mac mac;
	char id[UUID_STRLEN];
	GArray *addresses;  /* struct ip */
	const json_t *json; /* the rest of it */
};

struct document_metadata_network {
	char id[UUID_STRLEN];
	u32 mtu;
	GArray *subnets; /* struct document_metadata_subnet */
	GArray *ports;	 /* struct document_metadata_port */
};

/* Guests ask by it from their NIC, at port 80. */
#define METADATA_ADDRESS "169.254.169.254"

/* *@ret is of that section of a document; document_metadata_clear() in any case. */
void document_metadata_init(struct document_metadata *ret);
void document_metadata_clear(struct document_metadata *metadata);
bool document_read_metadata(const json_t *object, void *document_metadata, GError **error);
