/* SPDX-License-Identifier: Apache-2.0 */
/* The host's own facts, the uplinks, and the epoch of the configuration. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/log.h"
#include "datapath/internal.h"
#include "edge.skel.h"

bool host_write(struct dp *dp, GError **error)
{
	u32 zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(dp->edge->maps.host), &zero, &dp->host, BPF_ANY))
		return weft_fail_errno(
			error, errno, "Can't write the host's facts into the edge switch");
	return true;
}

bool host_raise_epoch(struct dp *dp, GError **error)
{
	dp->host.epoch++;
	return host_write(dp, error);
}

struct uplinks {
	const u32 *wanted;
	guint n;
};

static bool detach_unwanted(
	struct dp *dp, u32 ifindex, enum attach_role role, void *data, GError **error)
{
	const struct uplinks *uplinks = data;

	if (role != ATTACH_UPLINK)
		return true;
	for (guint i = 0; i < uplinks->n; i++)
		if (uplinks->wanted[i] == ifindex)
			return true;
	return attach_delete(dp->pin_dir, ifindex, role, error);
}

/* Without the device, taps get what a plain decapsulation gives: slower, not wrong. */
static void prepare_vxlan_device(struct dp *dp, struct host *host)
{
	g_autoptr(GError) error = NULL;

	if (vxlan_device_ensure(dp, &host->vxlan_ifindex, &error) &&
		attach_put(dp, host->vxlan_ifindex, ATTACH_VXLAN, &error))
		return;
	host->vxlan_ifindex = 0;
	log_warning("tunnel traffic for taps will be slow: %s", error->message);
}

bool dp_set_uplinks(struct dp *dp, const char *const *devices, const struct ip *vtep4,
	const struct ip *vtep6, GError **error)
{
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(u32));
	struct host host = { .epoch = dp->host.epoch,
		.shaper_ifindex = dp->host.shaper_ifindex,
		.helped = dp->host.helped,
		.connections_max = dp->host.connections_max,
		.half_open_max = dp->host.half_open_max,
		.translations_max = dp->host.translations_max };

	memcpy(host.wire_mac, dp->host.wire_mac, sizeof(host.wire_mac));
	for (; *devices; devices++) {
		u32 ifindex = if_nametoindex(*devices);

		if (!ifindex)
			return weft_fail(error, DEVICE_NOT_FOUND,
				"Can't use %s as an uplink: this host has no device of that name.",
				*devices);
		g_array_append_val(wanted, ifindex);
	}
	if (vtep4 && vtep4->family == 4) {
		host.has_vtep4 = 1;
		memcpy(&host.vtep4, vtep4->b, 4);
	}
	if (vtep6 && vtep6->family == 6) {
		host.has_vtep6 = 1;
		host.vtep6 = addr_from_ip(vtep6);
	}
	if (wanted->len)
		host.uplink_ifindex = g_array_index(wanted, u32, 0);
	prepare_vxlan_device(dp, &host);
	if (memcmp(&host, &dp->host, sizeof(host))) {
		dp->host = host;
		if (!host_raise_epoch(dp, error))
			return false;
	}
	for (guint i = 0; i < wanted->len; i++)
		if (!attach_put(dp, g_array_index(wanted, u32, i), ATTACH_UPLINK, error))
			return false;
	return attach_foreach(dp, detach_unwanted,
		&(struct uplinks){ (const u32 *)(void *)wanted->data, wanted->len }, error);
}
