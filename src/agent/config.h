/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's configuration file (docs/agent.md, "Configuration").
 */
#pragma once

#include "base/addr.h"
#include "base/error.h"

/* Which device of this host carries a physical network. */
struct config_mapping {
	char *physical_network, *device;
};

struct config {
	char *host;
	char **controllers; /* URLs without the last slash; may be empty */
	char *credential;   /* read from credential-file; NULL: none */
	char *ca_file;
	char **uplinks;
	u32 uplink_kbps;		  /* what each carries; 0: not given */
	GArray *bridge_mappings;	  /* struct config_mapping */
	bool bfd;			  /* watch the other hosts */
	struct ip tunnel_ip4, tunnel_ip6; /* family 0: not given */
	char *state_dir, *run_dir, *bpf_dir;
	char *bgpd, *bgp_dir;	     /* FRR's program, and where its files are */
	char *appliance;	     /* weft-appliance-netns; NULL: where it is installed */
	char *appliance_images;	     /* folder of the images of virtual machines */
	char *appliance_accelerator; /* "kvm", "tcg"; NULL: KVM where there is one */
	char *qemu;		     /* the emulator */
	char *resolv_conf;	     /* names the resolvers that guests' questions go to */
	u16 metrics_port;
	/* [network_log], as Neutron's agents have it */
	u32 log_rate, log_burst; /* events of a port: a second, at once */
	char *log_file;		 /* NULL: none */
	bool log_to_journal;
	/* How many connections are tracked; 0: as datapath.h says. */
	u32 connections_per_port, half_open_per_port, connections_per_project,
		translations_per_project;
};

#define CONFIG_DEFAULT_PATH "/etc/weft/agent.conf"

bool config_load(const char *path, struct config **ret, GError **error);
void config_free(struct config *config);
