/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs. To load them takes the kernel's verifier longer than all else that a start does, so
 * they are adopted from the process before if they are the very same: made of the same object, and
 * on the maps that are pinned. Beside the maps there are, for this layout,
 *
 *   program-<name>   each program
 *   stages-<id>      the tail-call table of one load of them: the kernel empties such a table when
 *                    its last user-space reference goes, so it is pinned too, and the table of the
 *                    programs in use stays
 *   build-<digest>   of the object and its constants, and of the kernel's ids of all programs and
 *                    maps, which it gives away once. It is there while these are what all devices
 * run: made when the last has been given them, and removed before others are loaded.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define PROGRAM "program-"
#define STAGES "stages-"
#define BUILD "build-"

static void close_fd(gpointer fd)
{
	close(GPOINTER_TO_INT(fd));
}

int program_fd(const struct dp *dp, const struct bpf_program *program)
{
	gpointer fd;

	if (!dp->programs ||
		!g_hash_table_lookup_extended(dp->programs, bpf_program__name(program), NULL, &fd))
		return -1;
	return GPOINTER_TO_INT(fd);
}

static char *program_path(const char *dir, const struct bpf_program *program)
{
	return g_strdup_printf("%s/" PROGRAM "%s", dir, bpf_program__name(program));
}

static u32 id_of(int fd, bool is_program)
{
	union {
		struct bpf_prog_info program;
		struct bpf_map_info map;
	} info = { 0 };
	u32 size = is_program ? sizeof(info.program) : sizeof(info.map);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return 0;
	return is_program ? info.program.id : info.map.id;
}

/* The kernel's id of what is pinned there, which is unique for as long as the kernel runs; 0: there
 * is nothing. */
static u32 pinned_id(const char *path, bool is_program)
{
	int fd = bpf_obj_get(path);
	u32 id = fd < 0 ? 0 : id_of(fd, is_program);

	if (fd >= 0)
		close(fd);
	return id;
}

static u32 pinned_program_id(const char *dir, const struct bpf_program *program)
{
	g_autofree char *path = program_path(dir, program);

	return pinned_id(path, true);
}

/* Named for one program of the load. */
static char *stages_path(const struct dp *dp, const char *dir)
{
	return g_strdup_printf(
		"%s/" STAGES "%u", dir, pinned_program_id(dir, dp->edge->progs.from_guest));
}

static char *map_path(const struct dp *dp, const char *dir, const struct bpf_map *map)
{
	if (map == dp->edge->maps.stages)
		return stages_path(dp, dir);
	return g_build_filename(dir, bpf_map__name(map), NULL);
}

static bool add_id(GChecksum *sum, u32 id)
{
	g_checksum_update(sum, (const guchar *)&id, sizeof(id));
	return id;
}

/* A map of constants by what is in it, others by what is pinned. */
static bool add_map(GChecksum *sum, const struct dp *dp, const char *dir, struct bpf_map *map)
{
	g_autofree char *path = map_path(dp, dir, map);
	size_t size = 0;
	const void *constants;

	if (!bpf_map__is_internal(map))
		return add_id(sum, pinned_id(path, false));
	constants = bpf_map__initial_value(map, &size);
	if (constants)
		g_checksum_update(sum, constants, (gssize)size);
	return true;
}

char *programs_digest(const struct dp *dp, const char *dir, const void *object, size_t size)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	struct bpf_program *program;
	struct bpf_map *map;

	g_checksum_update(sum, object, (gssize)size);
	bpf_object__for_each_program(program,
		dp->edge->obj) if (!add_id(sum, pinned_program_id(dir, program))) return NULL;
	bpf_object__for_each_map(map, dp->edge->obj) if (!add_map(sum, dp, dir, map)) return NULL;
	return g_strdup(g_checksum_get_string(sum));
}

static char *build_path(const struct dp *dp, const char *dir)
{
	const struct bpf_object_skeleton *skeleton = dp->edge->skeleton;
	g_autofree char *digest = programs_digest(dp, dir, skeleton->data, skeleton->data_sz);

	return digest ? g_strdup_printf("%s/" BUILD "%s", dir, digest) : NULL;
}

/* Removes the pins of @prefix but @except. */
static void remove_pins(const char *dir, const char *prefix, const char *except)
{
	g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);

		if (g_str_has_prefix(name, prefix) && g_strcmp0(path, except))
			unlink(path);
	}
}

static bool take_programs(struct dp *dp, const char *dir)
{
	struct bpf_program *program;

	dp->programs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, close_fd);
	bpf_object__for_each_program(program, dp->edge->obj)
	{
		g_autofree char *path = program_path(dir, program);
		int fd = bpf_obj_get(path);

		if (fd < 0)
			return false;
		g_hash_table_insert(
			dp->programs, (gpointer)bpf_program__name(program), GINT_TO_POINTER(fd));
	}
	return true;
}

/* Instead of loading the object: from now on its maps are the pinned ones. */
static bool take_maps(struct dp *dp, const char *dir)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, dp->edge->obj)
	{
		g_autofree char *path = map_path(dp, dir, map);
		int fd = bpf_map__is_internal(map) ? -1 : bpf_obj_get(path);
		bool failed = fd < 0 || bpf_map__reuse_fd(map, fd);

		if (fd >= 0)
			close(fd);
		if (failed && !bpf_map__is_internal(map))
			return false;
	}
	return true;
}

bool programs_are_pinned(const struct dp *dp, const char *dir)
{
	g_autofree char *build = build_path(dp, dir);

	return build && !access(build, F_OK);
}

bool programs_adopt(struct dp *dp, const char *dir, GError **error)
{
	if (!take_programs(dp, dir) || !take_maps(dp, dir))
		return weft_fail_errno(error, errno, "Can't adopt the edge switch at %s", dir);
	log_debug("the programs of the edge switch are those of this build");
	return true;
}

static bool pin(int fd, const char *path, GError **error)
{
	unlink(path);
	return !bpf_obj_pin(fd, path) || weft_fail_errno(error, errno, "Can't pin %s", path);
}

bool programs_load(struct dp *dp, const char *dir, GError **error)
{
	g_autofree char *stages = NULL;
	struct bpf_program *program;
	int rc;

	remove_pins(dir, BUILD, NULL);
	rc = edge__load(dp->edge);
	if (rc)
		return weft_fail_errno(error, -rc, "Can't load the edge switch into the kernel");
	bpf_object__for_each_program(program, dp->edge->obj)
	{
		g_autofree char *path = program_path(dir, program);

		if (!pin(bpf_program__fd(program), path, error))
			return false;
	}
	stages = stages_path(dp, dir);
	if (!pin(bpf_map__fd(dp->edge->maps.stages), stages, error))
		return false;
	return take_programs(dp, dir) ||
	       weft_fail_errno(error, errno, "Can't read the programs at %s", dir);
}

bool programs_settle(struct dp *dp, const char *dir, GError **error)
{
	g_autofree char *stages = stages_path(dp, dir), *build = build_path(dp, dir);

	remove_pins(dir, STAGES, stages);
	if (!build)
		return weft_fail(error, INTERNAL, "Can't find what was pinned at %s", dir);
	return !access(build, F_OK) ||
	       pin(program_fd(dp, dp->edge->progs.from_guest), build, error);
}

void programs_close(struct dp *dp)
{
	g_clear_pointer(&dp->programs, g_hash_table_destroy);
}
