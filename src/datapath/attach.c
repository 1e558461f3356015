/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs on devices, in one of two ways:
 *   link    tcx, where the kernel has it (6.6): pinned below links/ as "<ifindex>-<role>", updated
 * in place. filter  clsact and cls_bpf: the program itself is pinned under that name to remember
 * it. Either way the replacement is atomic, and the attachment outlives this process.
 *
 * Guests get filters on every kernel: making a tcx link waits for a grace period of RCU, 15 to 25
 * ms in which nothing else is wired, and a filter is there in 1 ms. Uplinks, attached once, get
 * links.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "datapath/internal.h"
#include "edge.skel.h"

#define TCX_INGRESS 46	 /* BPF_TCX_INGRESS; Debian 12's headers are older */
#define LINK_TYPE_TCX 11 /* BPF_LINK_TYPE_TCX */
#define FILTER_HANDLE 1
#define FILTER_PRIORITY 0xc0de
#define FILTER_PRIORITY_WIRE 0xc0df /* a device may be an uplink too, whose program comes first */

static const char *const role_names[N_ATTACH_ROLES] = {
	[ATTACH_GUEST] = "guest",
	[ATTACH_UPLINK] = "uplink",
	[ATTACH_VXLAN] = "vxlan",
	[ATTACH_WIRE] = "wire",
	[ATTACH_SHAPER] = "shaper",
};

static struct bpf_program *program_of(struct dp *dp, enum attach_role role)
{
	switch (role) {
	case ATTACH_UPLINK:
		return dp->edge->progs.from_underlay;
	case ATTACH_VXLAN:
		return dp->edge->progs.from_vxlan;
	case ATTACH_WIRE:
		return dp->edge->progs.from_wire;
	case ATTACH_SHAPER:
		return dp->edge->progs.from_shaper;
	default:
		return dp->edge->progs.from_guest;
	}
}

static u32 priority_of(enum attach_role role)
{
	return role == ATTACH_WIRE ? FILTER_PRIORITY_WIRE : FILTER_PRIORITY;
}

static char *link_path(const char *pin_dir, u32 ifindex, enum attach_role role)
{
	return g_strdup_printf("%s/links/%u-%s", pin_dir, ifindex, role_names[role]);
}

/* Whether the pin is a tcx link that still hangs on @ifindex: the kernel empties it when the device
 * goes. */
static bool is_live_link(int fd, u32 ifindex)
{
	struct bpf_link_info info = { 0 };
	u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.type != LINK_TYPE_TCX)
		return false;
	/* info.tcx.ifindex, which has the place of info.netns.netns_ino */
	return info.netns.netns_ino == ifindex;
}

/* Whether the filter that the pin speaks of is still there. */
static bool is_live_filter(u32 ifindex, enum attach_role role)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = priority_of(role));

	return bpf_tc_query(&hook, &opts) == 0;
}

static bool is_live(int fd, u32 ifindex, enum attach_role role)
{
	return is_live_link(fd, ifindex) || (role == ATTACH_GUEST && is_live_filter(ifindex, role));
}

static bool attach_filter(
	struct dp *dp, u32 ifindex, enum attach_role role, const char *path, GError **error)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program_fd(dp, program_of(dp, role)),
		.handle = FILTER_HANDLE, .priority = priority_of(role), .flags = BPF_TC_F_REPLACE);
	int rc;

	if (!hook_make(dp->pin_dir, ifindex, error))
		return false;
	rc = bpf_tc_attach(&hook, &opts);
	if (rc)
		return weft_fail_errno(
			error, -rc, "Can't attach the edge switch to device %u", ifindex);
	unlink(path);
	if (bpf_obj_pin(opts.prog_fd, path))
		return weft_fail_errno(error, errno, "Can't pin %s", path);
	return true;
}

static bool attach_new(
	struct dp *dp, u32 ifindex, enum attach_role role, const char *path, GError **error)
{
	int program = program_fd(dp, program_of(dp, role)), fd;
	bool ok;

	if (role == ATTACH_GUEST)
		return attach_filter(dp, ifindex, role, path, error);
	fd = bpf_link_create(program, (int)ifindex, (enum bpf_attach_type)TCX_INGRESS, NULL);
	if (fd < 0 && errno == EINVAL) /* no tcx in this kernel */
		return attach_filter(dp, ifindex, role, path, error);
	if (fd < 0)
		return weft_fail_errno(
			error, errno, "Can't attach the edge switch to device %u", ifindex);
	unlink(path);
	ok = !bpf_obj_pin(fd, path);
	close(fd);
	return ok || weft_fail_errno(error, errno, "Can't pin %s", path);
}

static bool link_replace(struct dp *dp, int fd, enum attach_role role, GError **error)
{
	if (bpf_link_update(fd, program_fd(dp, program_of(dp, role)), NULL))
		return weft_fail_errno(
			error, errno, "Can't replace the program of an attached device");
	return true;
}

bool attach_put(struct dp *dp, u32 ifindex, enum attach_role role, GError **error)
{
	g_autofree char *path = link_path(dp->pin_dir, ifindex, role);
	char name[IF_NAMESIZE];
	int fd;
	bool ok;

	if (!if_indextoname(ifindex, name))
		return weft_fail(error, DEVICE_NOT_FOUND,
			"Can't attach the edge switch to device %u: it is gone.", ifindex);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return attach_new(dp, ifindex, role, path, error);
	/* what is live has this program already: pins_switch() saw to that, or will */
	ok = is_live(fd, ifindex, role) || attach_new(dp, ifindex, role, path, error);
	close(fd);
	return ok;
}

bool attach_has(struct dp *dp, u32 ifindex, enum attach_role role)
{
	g_autofree char *path = link_path(dp->pin_dir, ifindex, role);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

bool attach_delete(const char *pin_dir, u32 ifindex, enum attach_role role, GError **error)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = priority_of(role));
	g_autofree char *path = link_path(pin_dir, ifindex, role);
	int fd = bpf_obj_get(path);
	char name[IF_NAMESIZE];

	if (fd < 0)
		return true;
	if (role == ATTACH_UPLINK && !guarantees_remove(ifindex, error)) {
		close(fd);
		return false;
	}
	if (!bpf_link_detach(fd) || errno == ENOLINK || errno == EOPNOTSUPP) {
		/* a link: gone with its device, or now */
	} else if (if_indextoname(ifindex, name)) {
		int rc = bpf_tc_detach(&hook, &opts);

		if (rc && rc != -ENOENT && rc != -EINVAL) {
			close(fd);
			return weft_fail_errno(error, -rc, "Can't detach from device %u", ifindex);
		}
	}
	close(fd);
	hook_release(pin_dir, ifindex);
	if (unlink(path) && errno != ENOENT)
		return weft_fail_errno(error, errno, "Can't remove %s", path);
	return true;
}

/* "<ifindex>-<role>"; false for names that are not ours. */
static bool parse_name(const char *name, u32 *ret_ifindex, enum attach_role *ret_role)
{
	const char *dash = strchr(name, '-');
	g_autofree char *number = dash ? g_strndup(name, (gsize)(dash - name)) : NULL;
	guint64 ifindex;

	if (!dash || !g_ascii_string_to_unsigned(number, 10, 1, UINT32_MAX, &ifindex, NULL))
		return false;
	for (int role = 0; role < N_ATTACH_ROLES; role++) {
		if (strcmp(dash + 1, role_names[role]))
			continue;
		*ret_ifindex = (u32)ifindex;
		*ret_role = (enum attach_role)role;
		return true;
	}
	return false;
}

static GPtrArray *link_names(const char *pin_dir)
{
	g_autofree char *path = g_build_filename(pin_dir, "links", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	return names;
}

bool attach_foreach(struct dp *dp, attach_fn fn, void *data, GError **error)
{
	g_autoptr(GPtrArray) names = link_names(dp->pin_dir);
	enum attach_role role;
	u32 ifindex;

	for (guint i = 0; i < names->len; i++)
		if (parse_name(names->pdata[i], &ifindex, &role) &&
			!fn(dp, ifindex, role, data, error))
			return false;
	return true;
}

bool attach_delete_all(const char *pin_dir, GError **error)
{
	g_autoptr(GPtrArray) names = link_names(pin_dir);
	enum attach_role role;
	u32 ifindex;

	for (guint i = 0; i < names->len; i++)
		if (parse_name(names->pdata[i], &ifindex, &role) &&
			!attach_delete(pin_dir, ifindex, role, error))
			return false;
	return true;
}

static bool replace_one(
	struct dp *dp, u32 ifindex, enum attach_role role, void *data, GError **error)
{
	g_autofree char *path = link_path(dp->pin_dir, ifindex, role);
	int fd = bpf_obj_get(path);
	char name[IF_NAMESIZE];
	bool ok = true;

	(void)data;
	if (fd < 0)
		return true;
	if (!if_indextoname(ifindex, name))
		attach_delete(dp->pin_dir, ifindex, role, NULL); /* it went while nobody looked */
	else if (is_live_link(fd, ifindex))
		ok = link_replace(dp, fd, role, error);
	else
		ok = attach_new(dp, ifindex, role, path, error);
	close(fd);
	return ok;
}

bool attach_replace_all(struct dp *dp, GError **error)
{
	return attach_foreach(dp, replace_one, NULL, error);
}
