/* SPDX-License-Identifier: Apache-2.0 */
/* What an appliance is to be: its size, its NICs, and what it is told (docs/appliances.md). */
#pragma once

#include "appliance/document/document.h"

#define PCI_STRLEN 16

/* By what a virtual machine is emulated. */
enum accelerator { ACCELERATOR_ANY, ACCELERATOR_KVM, ACCELERATOR_TCG };

struct description_nic {
	char name[DEVICE_STRLEN];   /* inside: of an interface of the configuration */
	char device[DEVICE_STRLEN]; /* here; "": it is a function of a PCI card */
	char pci[PCI_STRLEN];	    /* its address, "0000:3b:02.1"; "": it is none */
	char port[UUID_STRLEN];	    /* "": of none of weft's ports */
	struct mac mac;
	u32 mtu; /* bytes; 0: the kernel's default */
};

struct description {
	u32 cpu_percent;	    /* of one CPU; 0: no limit */
	u32 memory_mib;		    /* 0: no limit */
	u32 vcpus;		    /* of a virtual machine; 0: as many as cpu_percent needs */
	u32 start_timeout_s;	    /* in which its agent must answer; 0: the runtime's own */
	u32 certificate_lifetime_s; /* of a virtual machine */
	enum accelerator accelerator;
	char *image;	      /* of a virtual machine: a folder or a disk; NULL: none */
	GArray *nics;	      /* struct description_nic */
	char *config;	      /* the document, JSON */
	char id[UUID_STRLEN]; /* its */
};

struct description *description_load(const char *path, GError **error);
struct description *description_parse(const char *text, size_t len, GError **error);
void description_free(struct description *description);
DEFINE_AUTOPTR(description, description_free)

/* Could one become the other without a new machine, NICs apart? */
bool description_same_machine(const struct description *a, const struct description *b);
/* In whatever order. */
bool description_same_nics(const struct description *a, const struct description *b);
/* NULL: there is none. */
struct description_nic *description_nic_named(
	const struct description *description, const char *name);
