/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a lab is, and its files below /run/weft/lab/NAME (or $WEFT_LAB_DIR/NAME):
 *
 *	lab		this structure, a key file
 *	weftd/		configuration, store, log and pid record of the controller
 *	h1/, h2/ …	of each host: agent.conf, credential, state/, run/agent.sock, bpf/ (a
 *bpffs), log, pid guest-NAME/	of each guest: guest (a key file), and what its DHCP client or QEMU
 *needs
 *
 * The folder is the lab: `up` makes it first and `down` removes it last, so what a `weft` that was
 * killed half way has left is found and removed by `down`.
 */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"
#include "base/types.h"

#define LAB_NAME_MAX 16
#define GUEST_NAME_MAX 12 /* "v-" and it are a device's name */
#define LAB_HOSTS_MAX 64

struct lab {
	char *name;
	char *dir;
	unsigned id; /* of the bridge wl<id> and of the addresses */
	unsigned n_hosts;
	unsigned underlay; /* 4 or 6 */
	unsigned mtu;	   /* of the underlay, bytes */
	char *encapsulation;
	char *token; /* the administrator's */
};

struct guest {
	char *name;
	unsigned host;
	char *port_id;
	char *port_name;
	char *device; /* on the host's side */
	char *mac;
	bool vm, own_port; /* a virtual machine; the port was made with the guest */
};

/* Makes the folder of a new lab; an error when there is one of that name. */
struct lab *lab_new(const char *name, GError **error);
struct lab *lab_open(const char *name, GError **error);
bool lab_save(const struct lab *lab, GError **error);
void lab_free(struct lab *lab);
DEFINE_AUTOPTR(lab, lab_free)

/* Names of all labs, sorted, NULL-terminated; to be freed (g_strfreev). */
char **lab_names(void);

/* Removes the folder and what is in it. */
bool lab_forget(const struct lab *lab, GError **error);

/* A path below the lab's folder, printf-like; to be freed. */
char *lab_path(const struct lab *lab, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Makes a folder below the lab's. */
bool lab_mkdir(const struct lab *lab, const char *name, GError **error);

/* Namespaces: "weft-<lab>-<node>"; to be freed. */
char *lab_netns(const struct lab *lab, const char *node);
char *lab_host_netns(const struct lab *lab, unsigned host);

/* Addresses; to be freed. Host 0 is the controller's side. */
char *lab_management_address(const struct lab *lab, unsigned host);
char *lab_tunnel_address(const struct lab *lab, unsigned host);
char *lab_url(const struct lab *lab);

/* "h2", "2" → 2; 0 and an error when the lab has no such host. */
unsigned lab_host(const struct lab *lab, const char *text, GError **error);

/* Tokens of projects, in the order in which they came; a new one is made at the first use. */
char *lab_project_token(const struct lab *lab, const char *project, bool *ret_new, GError **error);
char **lab_projects(const struct lab *lab);

/* 128 random bits as text; to be freed. */
char *lab_new_secret(void);
/* Of the user admin in the lab's Identity; to be freed. */
char *lab_admin_password(const struct lab *lab, GError **error);

/* Guests. */
struct guest *guest_load(const struct lab *lab, const char *name, GError **error);
bool guest_save(const struct lab *lab, const struct guest *guest, GError **error);
void guest_free(struct guest *guest);
DEFINE_AUTOPTR(guest, guest_free)
char **guest_names(const struct lab *lab);
bool guest_check_name(const char *name, GError **error);
