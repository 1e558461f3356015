/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider is told of a network or router: weft/provider.h, "One call". */
#pragma once

#include "model/provider/service_attachment.h"

/* Of the attachment as the model has it: of what it is an attachment to, or, when that is gone or
 * the attachment is to be deleted, of itself alone. g_free. */
char *provider_document(const struct model *model, const struct object *attachment);

/* An object as the API shows it to an administrator, without what changes by itself. */
void provider_write_object(
	const struct model *model, const struct object *object, struct json_writer *w);
/* The member "load_balancers": those of the network that are not the edge's. */
void provider_write_balancers(
	const struct model *model, const char *network, struct json_writer *w);
/* The members "vpnservices", with their connections, and "wireguard_interfaces", with their peers.
 */
void provider_write_vpn(const struct model *model, const char *router, struct json_writer *w);
/* The member "firewalls": the firewall groups of the router's ports. */
void provider_write_firewalls(
	const struct model *model, const struct object *router, struct json_writer *w);
/* The member "bgp_speaker", for the appliance of a router that speaks for itself, with the peers'
 * passwords. */
void provider_write_bgp(
	const struct model *model, const struct object *router, struct json_writer *w);
/* The member "gre_tunnels". */
void provider_write_gre(const struct model *model, const char *router, struct json_writer *w);
