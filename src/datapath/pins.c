/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outlives the process, below the pin directory:
 *
 *   maps-<layout>/<map>      the state; adopted by the next process if its layout is the same
 *   maps-<layout>/…          the programs on these maps (programs.c)
 *   links/<ifindex>-<role>   what is attached (attach.c)
 *
 * (No dots: a BPF file system reserves them.)
 *
 *           same layout                                other layout
 *   open:   adopt maps, adopt or load programs,        make new maps beside the old, load programs;
 *           replace them on every device               the old programs keep forwarding on the old
 * maps sweep:  differences                                everything is put anew; at the end the
 * programs are replaced on every device, then the old maps removed
 *
 * A replacement is one atomic pointer exchange per device; no packet meets a state in between.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "datapath/internal.h"
#include "edge.skel.h"

static char *maps_dir(const char *pin_dir)
{
	return g_strdup_printf("%s/maps-%d", pin_dir, EDGE_LAYOUT);
}

static bool make_directory(const char *path, GError **error)
{
	if (g_mkdir_with_parents(path, 0700))
		return weft_fail_errno(
			error, errno, "Can't make the directory %s for the edge switch", path);
	return true;
}

static bool ensure_bpffs(const char *pin_dir, GError **error)
{
	g_autofree char *links = g_build_filename(pin_dir, "links", NULL);
	struct statfs fs;

	if (!make_directory(pin_dir, error))
		return false;
	if (statfs(pin_dir, &fs))
		return weft_fail_errno(error, errno, "Can't look at %s", pin_dir);
	if ((unsigned long)fs.f_type != BPF_FS_MAGIC &&
		mount("weft", pin_dir, "bpf", 0, "mode=0700"))
		return weft_fail_errno(
			error, errno, "Can't mount a BPF file system on %s", pin_dir);
	return make_directory(links, error);
}

/* Pinned maps keep the size they were made with; a new one takes the size asked for. */
static bool prepare_map(struct bpf_map *map, const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, bpf_map__name(map), NULL);
	struct bpf_map_info info = { 0 };
	u32 size = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd >= 0) {
		if (!bpf_obj_get_info_by_fd(fd, &info, &size))
			bpf_map__set_max_entries(map, info.max_entries);
		close(fd);
	}
	if (bpf_map__set_pin_path(map, path))
		return weft_fail_errno(error, errno, "Can't pin the map %s", path);
	return true;
}

static bool prepare_maps(
	struct dp *dp, const struct dp_options *options, const char *dir, GError **error)
{
	struct bpf_map *map;

	if (options->flow_entries) {
		bpf_map__set_max_entries(dp->edge->maps.flows4, options->flow_entries);
		bpf_map__set_max_entries(dp->edge->maps.flows6, options->flow_entries);
	}
	if (options->endpoint_entries) {
		bpf_map__set_max_entries(dp->edge->maps.endpoints, options->endpoint_entries);
		bpf_map__set_max_entries(dp->edge->maps.neighbours, options->endpoint_entries * 2);
	}
	bpf_object__for_each_map(map, dp->edge->obj)
	{
		if (map == dp->edge->maps.stages || bpf_map__is_internal(map))
			continue;
		if (!prepare_map(map, dir, error))
			return false;
	}
	return true;
}

static bool remove_directory(const char *path, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		if (unlink(file))
			return weft_fail_errno(error, errno, "Can't remove %s", file);
	}
	if (rmdir(path) && errno != ENOENT)
		return weft_fail_errno(error, errno, "Can't remove %s", path);
	return true;
}

/* Calls for each "maps-<n>" but @except. */
static bool remove_maps(const char *pin_dir, const char *except, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(pin_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(pin_dir, name, NULL);

		if (g_str_has_prefix(name, "maps-") && g_strcmp0(path, except) &&
			!remove_directory(path, error))
			return false;
	}
	return true;
}

static bool has_other_layout(const char *pin_dir, const char *own)
{
	g_autoptr(GDir) dir = g_dir_open(pin_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(pin_dir, name, NULL);

		if (g_str_has_prefix(name, "maps-") && strcmp(path, own))
			return true;
	}
	return false;
}

bool pins_switch(struct dp *dp, GError **error)
{
	g_autofree char *maps = maps_dir(dp->pin_dir);

	if (!dp->switching)
		return true;
	if (!attach_replace_all(dp, error) || !programs_settle(dp, maps, error))
		return false;
	dp->switching = false;
	return remove_maps(dp->pin_dir, maps, error);
}

bool pins_open(struct dp *dp, const struct dp_options *options, GError **error)
{
	g_autofree char *maps = maps_dir(dp->pin_dir);
	bool other;

	if (!ensure_bpffs(dp->pin_dir, error))
		return false;
	other = has_other_layout(dp->pin_dir, maps);
	if (!make_directory(maps, error))
		return false;
	if (programs_are_pinned(dp, maps)) {
		if (!programs_adopt(dp, maps, error))
			return false;
	} else if (!prepare_maps(dp, options, maps, error) || !programs_load(dp, maps, error)) {
		return false;
	}
	dp->switching = true;
	return other || pins_switch(dp, error);
}

bool dp_destroy(const char *pin_dir, GError **error)
{
	g_autofree char *links = g_build_filename(pin_dir, "links", NULL);
	struct statfs above, fs;
	g_autofree char *parent = g_path_get_dirname(pin_dir);

	if (!g_file_test(pin_dir, G_FILE_TEST_IS_DIR))
		return true;
	if (!attach_delete_all(pin_dir, error) || !vxlan_device_delete(error) ||
		!shaper_delete(error) || !remove_directory(links, error) ||
		!remove_maps(pin_dir, NULL, error))
		return false;
	if (!statfs(pin_dir, &fs) && !statfs(parent, &above) &&
		(unsigned long)fs.f_type == BPF_FS_MAGIC &&
		(unsigned long)above.f_type != BPF_FS_MAGIC && umount(pin_dir))
		log_warning("left %s mounted: %s", pin_dir, g_strerror(errno));
	if (rmdir(pin_dir) && errno != ENOENT && errno != EBUSY)
		return weft_fail_errno(error, errno, "Can't remove %s", pin_dir);
	return true;
}
