/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as the configuration of the daemons that do it: text in, text out, no I/O. The same
 * document gives the same bytes, on whatever machine.
 */
#pragma once

#include "appliance/document/document.h"

/* Where things are on the machine. */
struct render_place {
	const char *folder; /* of the files */
	u16 api_port; /* weft-appliance's own, reachable by the management NIC; 0: it is not there
		       */
};

enum render_file {
	RENDER_NETWORK,	   /* what ip -batch reads: addresses and routes */
	RENDER_NFTABLES,   /* what nft -f reads */
	RENDER_DNSMASQ,	   /* dnsmasq.conf: another one needs a new dnsmasq */
	RENDER_DHCP_HOSTS, /* of dnsmasq; read again on SIGHUP, as is the next */
	RENDER_DNS_HOSTS,
	RENDER_METADATA, /* what weft-appliance --metadata tells guests */
	RENDER_HAPROXY,
	RENDER_KEEPALIVED,
	RENDER_CONNTRACKD,
	RENDER_BGPD,
	RENDER_BGP_NETWORKS,	/* what bgpd is told while it runs */
	RENDER_STRONGSWAN,	/* charon's settings where the kernel does ESP */
	RENDER_STRONGSWAN_USER, /* and where charon does */
	RENDER_SWANCTL,		/* what swanctl loads */
	RENDER_IPSEC_ROUTES,	/* of charon's device, for ip -batch */
	RENDER_WIREGUARD,	/* what wg setconf reads */
	RENDER_WIREGUARD_DEVICE,
	RENDER_GRE, /* what weft-appliance --gre reads */
	RENDER_GRE_DEVICES,
	RENDER_FILES,
	RENDER_CERTIFICATES =
		RENDER_FILES, /* not one file, but all below RENDER_CERTIFICATES_FOLDER */
	RENDER_THINGS
};

/* A file that is rendered. A new one is a line in render.c, and in services.c if a daemon reads it.
 */
struct render_kind {
	const char *name;    /* in the folder */
	unsigned mode;	     /* 0600: it has secrets; 0644: its daemon has not root's rights */
	const char *comment; /* how a line begins that means nothing to who reads the file */
	void (*render)(
		const struct document *document, const struct render_place *place, GString *text);
};

/* Of routes: rtnetlink(7), "user assigned". */
#define RENDER_ROUTE_PROTOCOL 157
#define RENDER_TUNNEL_PROTOCOL 158 /* into tunnels */

extern const struct render_kind render_kinds[RENDER_FILES];

#define RENDER_CERTIFICATES_FOLDER "certificates"

#define RENDER_REDUNDANCY_FIFO "keepalived.fifo" /* where keepalived says what it is */
#define RENDER_SYNC_PORT 3780			 /* conntrackd's, UDP */

struct rendered {
	char *texts[RENDER_FILES];
	/* Names (render_certificate_name()) and PEM texts, with private keys; as many as the
	 * document has. */
	GTree *certificates;
};

/* By its content, so that another one has another name; g_free(). */
char *render_certificate_name(const char *pem);
/* Of a file or, for RENDER_CERTIFICATES, of their folder. */
const char *render_name(enum render_file file);

void render(
	const struct document *document, const struct render_place *place, struct rendered *ret);
void rendered_clear(struct rendered *rendered);

void render_network(
	const struct document *document, const struct render_place *place, GString *text);
void render_nftables(
	const struct document *document, const struct render_place *place, GString *text);
void render_dnsmasq(
	const struct document *document, const struct render_place *place, GString *text);
void render_dhcp_hosts(
	const struct document *document, const struct render_place *place, GString *text);
void render_dns_hosts(
	const struct document *document, const struct render_place *place, GString *text);
void render_metadata(
	const struct document *document, const struct render_place *place, GString *text);
/* Where it is told, for ip -batch. */
void render_metadata_address(const struct document *document, GString *text);
void render_haproxy(
	const struct document *document, const struct render_place *place, GString *text);

/* Begins the line that says which configuration it is, by a sum over it. */
#define RENDER_HAPROXY_MARK "\tdescription "

/* Parts of nftables.conf, for the ports of load balancers: the counters; what counts all that
 * comes; who may begin a connection; the chain of what is answered. */
void render_balancer_counters(const struct document *document, GString *text);
void render_balancer_input(const struct document *document, GString *text);
void render_balancer_openings(const struct document *document, GString *text);
void render_balancer_output(const struct document *document, GString *text);
/* The counter of a listener: "connections", "in" or "out". */
#define RENDER_LISTENER_COUNTER "listener_%s_%s"

/* What the rules of NICs count, and what of them is written down: nftables' log group, with as many
 * bytes of each packet. The words before it are "ACCEPT" or "DROP", "ingress" or "egress", the NIC
 * and the rule's id, or "-". */
#define RENDER_LOG_GROUP 7
#define RENDER_LOG_BYTES 128
/* Names of counters; g_free. @rule NULL: of what none matches. @n: its place, if it has no id. */
char *render_guard_counter(const char *interface, const char *direction,
	const struct document_guard_rule *rule, guint n);
/* Of what was above the NIC's limit. */
char *render_guard_suppressed(const char *interface);

void render_keepalived(
	const struct document *document, const struct render_place *place, GString *text);
void render_bgpd(const struct document *document, const struct render_place *place, GString *text);
void render_bgp_networks(
	const struct document *document, const struct render_place *place, GString *text);
/* bgpd's list of what may be announced. */
#define RENDER_BGP_OWN "weft-own"
void render_conntrackd(
	const struct document *document, const struct render_place *place, GString *text);

/* False: keepalived gives it to the master. */
bool render_route_is_everybodys(
	const struct document *document, const struct document_route *route);
void render_strongswan(
	const struct document *document, const struct render_place *place, GString *text);
void render_strongswan_user(
	const struct document *document, const struct render_place *place, GString *text);
void render_swanctl(
	const struct document *document, const struct render_place *place, GString *text);
void render_ipsec_routes(
	const struct document *document, const struct render_place *place, GString *text);
void render_wireguard(
	const struct document *document, const struct render_place *place, GString *text);
void render_wireguard_device(
	const struct document *document, const struct render_place *place, GString *text);
void render_gre(const struct document *document, const struct render_place *place, GString *text);
void render_gre_devices(
	const struct document *document, const struct render_place *place, GString *text);

/* Of all that charon is told of a connection; g_free(). */
char *render_ipsec_digest(const struct document_ipsec *one);
