/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections there are, by port and by project, and how many there may be. The data path
 * counts what it makes, this half what it removes (bpf/connection.h); a port that goes takes what
 * it has out of its project's count.
 *
 * A project gets a number while it has ports here. The number is in the map that counts for it, and
 * in that of its ports, so both outlive the process.
 */
#include <errno.h>
#include <string.h>

#include "base/uuid.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define CONNECTIONS_MIN 1

/* What a port may have unless the configuration says it: a quarter of the table, and of these as
 * many half open as a busy server's backlog. */
#define PORTS_PER_TABLE 4
#define HALF_OPEN_DEFAULT 4096

static struct connections made_of(struct dp *dp, u32 port_id)
{
	struct connections made = { 0 };

	bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.connections), &port_id, &made);
	return made;
}

static struct connections_gone gone_of(struct dp *dp, u32 port_id)
{
	struct connections_gone gone = { 0 };

	bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.connections_gone), &port_id, &gone);
	return gone;
}

static struct project_connections_gone project_of(struct dp *dp, u32 number)
{
	struct project_connections_gone project = { 0 };

	bpf_map_lookup_elem(
		bpf_map__fd(dp->edge->maps.project_connections_gone), &number, &project);
	return project;
}

static void put_gone(struct dp *dp, u32 port_id, const struct connections_gone *gone)
{
	bpf_map_update_elem(bpf_map__fd(dp->edge->maps.connections_gone), &port_id, gone, BPF_ANY);
}

static void put_project(struct dp *dp, u32 number, const struct project_connections_gone *project)
{
	bpf_map_update_elem(
		bpf_map__fd(dp->edge->maps.project_connections_gone), &number, project, BPF_ANY);
}

static void project_count_gone(struct dp *dp, u32 number, s64 n)
{
	struct project_connections_gone project;

	if (!number)
		return;
	project = project_of(dp, number);
	project.gone += (u64)n;
	put_project(dp, number, &project);
}

void connections_count_gone(struct dp *dp, u32 port_id, s64 n, s64 n_half_open)
{
	struct connections_gone gone = gone_of(dp, port_id);

	gone.gone += (u64)n;
	gone.half_open += (u64)n_half_open;
	put_gone(dp, port_id, &gone);
	project_count_gone(dp, gone.project, n);
}

s64 connections_of_port(struct dp *dp, u32 port_id, s64 *ret_half_open)
{
	struct connections made = made_of(dp, port_id);
	struct connections_gone gone = gone_of(dp, port_id);

	if (ret_half_open)
		*ret_half_open = (s64)(made.half_open - made.settled - gone.half_open);
	return (s64)(made.made - gone.gone);
}

/* --- numbers of projects --- */

static u32 project_number(struct dp *dp, const u8 project[16])
{
	u32 number = GPOINTER_TO_UINT(g_hash_table_lookup(dp->project_numbers, project));

	for (u32 tries = 1; !number && tries < EDGE_PROJECTS_MAX; tries++) {
		dp->last_project = dp->last_project % (EDGE_PROJECTS_MAX - 1) + 1;
		if (!dp->projects[dp->last_project].n_ports)
			number = dp->last_project;
	}
	return number;
}

static void project_name(struct dp *dp, u32 number, const u8 project[16])
{
	memcpy(&dp->projects[number].id, project, 16);
	g_hash_table_insert(
		dp->project_numbers, &dp->projects[number].id, GUINT_TO_POINTER(number));
}

static bool is_named(const u8 project[16])
{
	static const u8 none[16];

	return memcmp(project, none, sizeof(none)) != 0;
}

/* Of the port's project: its own, within what holds for all. */
static u32 limit_of(const struct dp *dp, const struct dp_port *port)
{
	return port->project_is_limited ? MIN(port->project_limit, dp->connections_per_project)
					: dp->connections_per_project;
}

static u32 project_enter(struct dp *dp, const struct dp_port *port)
{
	struct project_connections_gone fresh = { .max = limit_of(dp, port) };
	const u8 *project = port->project;
	u32 number = is_named(project) ? project_number(dp, project) : 0;
	u64 zero = 0;

	if (!number || dp->projects[number].n_ports++)
		return number;
	project_name(dp, number, project);
	memcpy(fresh.project, project, 16);
	bpf_map_update_elem(
		bpf_map__fd(dp->edge->maps.project_connections), &number, &zero, BPF_ANY);
	put_project(dp, number, &fresh);
	return number;
}

static void project_leave(struct dp *dp, u32 number)
{
	if (number && number < EDGE_PROJECTS_MAX && dp->projects[number].n_ports &&
		!--dp->projects[number].n_ports)
		g_hash_table_remove(dp->project_numbers, &dp->projects[number].id);
}

/* --- ports that come and go --- */

void connections_begin(struct dp *dp, u32 port_id, const struct dp_port *port)
{
	struct connections_gone gone = { .project = project_enter(dp, port) };

	bpf_map_update_elem(bpf_map__fd(dp->edge->maps.connections), &port_id,
		&(struct connections){ 0 }, BPF_ANY);
	put_gone(dp, port_id, &gone);
}

void connections_limit(struct dp *dp, u32 port_id, const struct dp_port *port)
{
	u32 number = gone_of(dp, port_id).project;
	struct project_connections_gone project;

	if (!number)
		return;
	project = project_of(dp, number);
	if (project.max == limit_of(dp, port))
		return;
	project.max = limit_of(dp, port);
	put_project(dp, number, &project);
}

/* Its ring, as far as it was ever filled: the number is another port's soon. */
static void remove_embryos(struct dp *dp, u32 port_id, u64 line)
{
	int fd = bpf_map__fd(dp->edge->maps.embryos);
	const struct embryo none = { 0 };
	u32 n = (u32)MIN(line, (u64)dp->host.half_open_max);
	struct embryo embryo;

	for (u32 place = 0; place < n; place++) {
		u32 index = EMBRYO_INDEX(port_id, place);

		if (!bpf_map_lookup_elem(fd, &index, &embryo) && embryo.port_id == port_id)
			bpf_map_update_elem(fd, &index, &none, BPF_ANY);
	}
}

void connections_end(struct dp *dp, u32 port_id)
{
	struct connections_gone gone = gone_of(dp, port_id);

	project_count_gone(dp, gone.project, connections_of_port(dp, port_id, NULL));
	project_leave(dp, gone.project);
	remove_embryos(dp, port_id, made_of(dp, port_id).line);
	gone.project = 0;
	put_gone(dp, port_id, &gone);
}

void connections_learn(struct dp *dp, u32 port_id)
{
	u32 number = gone_of(dp, port_id).project;
	struct project_connections_gone project;

	if (!number || number >= EDGE_PROJECTS_MAX || dp->projects[number].n_ports++)
		return;
	project = project_of(dp, number);
	project_name(dp, number, project.project);
}

void connections_open(struct dp *dp, const struct dp_options *options)
{
	u32 table = bpf_map__max_entries(dp->edge->maps.flows4);
	struct host *host = &dp->host;

	dp->project_numbers = g_hash_table_new(uuid_hash, uuid_equal);
	host->connections_max =
		options->connections_per_port ?: MAX(table / PORTS_PER_TABLE, CONNECTIONS_MIN);
	host->half_open_max = options->half_open_per_port
				      ?: MIN(HALF_OPEN_DEFAULT, MAX(host->connections_max / 4, 1));
	host->half_open_max = MIN(host->half_open_max, host->connections_max);
	dp->connections_per_project = options->connections_per_project ?: table - table / 4;
}

void connections_close(struct dp *dp)
{
	g_clear_pointer(&dp->project_numbers, g_hash_table_unref);
}

bool dp_port_connections(
	struct dp *dp, u32 ifindex, struct dp_port_connections *ret, GError **error)
{
	struct port port;
	s64 all, half_open;

	if (!table_get(dp, TABLE_PORTS, &ifindex, &port))
		return weft_fail(
			error, NOT_FOUND, "Device %u is no port of the edge switch.", ifindex);
	all = connections_of_port(dp, port.id, &half_open);
	*ret = (struct dp_port_connections){ .connections = (u64)MAX(all, 0),
		.half_open = (u64)MAX(half_open, 0),
		.evicted = made_of(dp, port.id).evicted };
	return true;
}
