/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of reconcile: a host whose view is fed by lines and whose datapath is the fake one.
 */
#pragma once

#include "agent/fake/fake_datapath.h"
#include "agent/reconcile/reconcile.h"
#include "agent/desired/view.h"

#define NET "11111111-0000-4000-8000-000000000001"
#define SUBNET "22222222-0000-4000-8000-000000000001"
#define ME "33333333-0000-4000-8000-000000000001"
#define PEER "33333333-0000-4000-8000-000000000002"
#define PORT "44444444-0000-4000-8000-000000000001"
#define FAR "44444444-0000-4000-8000-000000000002"
#define FAR2 "44444444-0000-4000-8000-000000000003"
#define N_SCOPE "network/" NET
#define SERVICES                                        \
	"service 7 169.254.169.253 fa:16:3f:00:00:01\n" \
	"service 7 169.254.169.254 fa:16:3f:00:00:01\n" \
	"service 7 fe80::a9fe:a9fe fa:16:3f:00:00:01\n" \
	"service 7 fe80::f816:3fff:fe00:1 fa:16:3f:00:00:01\n"
#define PORT_LINE "port 12 vni 7 secure dhcp4 dns 10.0.0.5/32 fe80::f816:3eff:fe00:5/128\n"
#define WHOLE                                                      \
	"endpoint 7 fa:16:3e:00:00:05 if 12\n"                     \
	"endpoint 7 fa:16:3e:00:00:06 geneve 192.0.2.2\n"          \
	"member 7 192.0.2.2 geneve\n"                              \
	"neighbour 7 10.0.0.5 fa:16:3e:00:00:05\n"                 \
	"neighbour 7 10.0.0.6 fa:16:3e:00:00:06\n"                 \
	"network 7 mtu 1442 gateway 10.0.0.1\n" PORT_LINE SERVICES \
	"uplinks eth0 192.0.2.1 2001:db8::1\n"

extern char *folder;
extern struct desired *desired;
extern struct view *view;
extern struct reconcile reconcile;
extern struct port *last_changed;
extern struct interface *last_interface;
extern struct gateway *last_gateway;
extern struct floating_ip *last_floating_ip;
extern struct forwarded_ip *last_forwarded_ip;
extern GString *outside_said;	 /* "placed 20.100 203.0.113.5\n" … */
extern const char *dead_host;	 /* tunnel address of one that does not answer */
extern const char *cut_off_host; /* of one that says that it is cut off, or "self" */
extern unsigned n_deleted, n_rerouted;
extern u64 revision;

void open_view(void);
void close_view(void);
int set_up(void **state);
int tear_down(void **state);
void line(const char *text);
void put(const char *kind, const char *id, const char *scope, const char *data);
void hello(const char *mode);
void sync_now(void);
void put_host(void);
void put_endpoint(const char *id, const char *host, unsigned n, const char *pairs);
void put_port(const char *more); /* attributes of the record, each with its comma */
void plug(u32 ifindex);
void snapshot(void);
void expect_content(const char *expected);
