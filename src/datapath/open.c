/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "datapath/internal.h"
#include "edge.skel.h"
#include "host/rtnl.h"

/* libbpf's own words: why the verifier refused a program is worth a log line, the rest is said by
 * our errors. */
static int libbpf_says(enum libbpf_print_level level, const char *format, va_list args)
{
	g_autofree char *text = NULL;

	if (level != LIBBPF_WARN)
		return 0;
	text = g_strdup_vprintf(format, args);
	g_strchomp(text);
	if (!strstr(text, "Exclusivity flag on")) /* clsact is there already: said by the kernel of
						     no error */
		log_debug("libbpf: %s", text);
	return 0;
}

/* State that user space needs and the maps have. */
static void learn(struct dp *dp, const struct dp_options *options)
{
	u32 zero = 0;

	bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.host), &zero, &dp->host);
	connections_open(dp, options);
	dp->host.translations_max =
		options->translations_per_project ?: bpf_map__max_entries(dp->edge->maps.nats) / 8;
	guarantees_open(dp);
	tables_open(dp);
	vteps_open(dp);
	ports_open(dp);
	flood_open(dp);
	flows_open(dp);
	nats_open(dp);
	firewall_open(dp);
}

bool dp_open(const struct dp_options *options, struct dp **ret, GError **error)
{
	struct dp *dp = g_new0(struct dp, 1);

	dp->helped_fd = -1;
	libbpf_set_print(libbpf_says);
	dp->pin_dir = g_strdup(options->pin_dir);
	dp_set_log_rate(dp, DP_LOG_RATE, DP_LOG_BURST);
	dp->edge = edge__open();
	if (!dp->edge) {
		weft_fail_errno(error, errno, "Can't take the edge switch out of this binary");
		goto fail;
	}
	if (!rtnl_open(&dp->rtnl, error) || !pins_open(dp, options, error))
		goto fail;
	learn(dp, options);
	if (!punt_open(dp, error) || !trace_open(dp, error) || !logs_open(dp, error))
		goto fail;
	/* the programs' behaviour may have changed with them: decide anew */
	if (!host_raise_epoch(dp, error))
		goto fail;
	*ret = dp;
	return true;
fail:
	dp_close(dp);
	return false;
}

void dp_close(struct dp *dp)
{
	if (!dp)
		return;
	ring_buffer__free(dp->punts);
	ring_buffer__free(dp->steps);
	ring_buffer__free(dp->log_events);
	firewall_close(dp);
	tables_close(dp);
	g_clear_pointer(&dp->allowed_of, g_hash_table_unref);
	flows_close(dp);
	nats_close(dp);
	ports_close(dp);
	connections_close(dp);
	vteps_close(dp);
	guarantees_close(dp);
	g_clear_pointer(&dp->rtnl, rtnl_close);
	programs_close(dp);
	edge__destroy(dp->edge);
	if (dp->helped_fd >= 0)
		close(dp->helped_fd);
	g_free(dp->pin_dir);
	g_free(dp);
}
