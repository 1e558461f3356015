/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab/initramfs.h"

#include <gio/gio.h>
#include <string.h>

#include "cli/lab/cpio.h"
#include "cli/lab/guest.h"
#include "cli/lab/run.h"

#define BOOT "/boot"

char *kernel_find(char **ret_release, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(BOOT, 0, NULL);
	g_autofree char *best = NULL;

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		if (!g_str_has_prefix(name, "vmlinuz-"))
			continue;
		const char *release = name + strlen("vmlinuz-");
		g_autofree char *modules =
			g_build_filename("/lib/modules", release, "modules.dep", NULL);

		if (g_file_test(modules, G_FILE_TEST_EXISTS) &&
			(!best || strcmp(release, best) > 0)) {
			g_free(best);
			best = g_strdup(release);
		}
	}
	if (!best) {
		weft_fail(error, NOT_FOUND,
			"there is no kernel for a virtual machine in " BOOT
			"; 'apt-get install linux-image-amd64' brings one");
		return NULL;
	}
	char *path = g_strdup_printf(BOOT "/vmlinuz-%s", best);

	*ret_release = g_steal_pointer(&best);
	return path;
}

/* A module's file, decompressed as its name asks. */
static GBytes *read_module(const char *path, GError **error)
{
	const char *tool = g_str_has_suffix(path, ".xz")    ? "xz"
			   : g_str_has_suffix(path, ".zst") ? "zstd"
			   : g_str_has_suffix(path, ".gz")  ? "gzip"
							    : NULL;
	GBytes *bytes = NULL;
	char *data;
	gsize len;

	if (!tool)
		return g_file_get_contents(path, &data, &len, error) ? g_bytes_new_take(data, len)
								     : NULL;
	g_autoptr(GSubprocess) process =
		g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, error, tool, "-dc", path, NULL);

	if (!process || !g_subprocess_communicate(process, NULL, NULL, &bytes, NULL, error))
		return NULL;
	if (!g_subprocess_get_successful(process)) {
		weft_fail(error, KERNEL, "%s can't decompress %s", tool, path);
		g_clear_pointer(&bytes, g_bytes_unref);
	}
	return bytes;
}

/* Adds the modules of the network card with all that they need, and their order. */
static bool add_modules(struct cpio *cpio, const char *release, GError **error)
{
	g_autofree char *list = run_output(error, "modprobe", "--set-version", release,
		"--show-depends", "--all", "virtio_pci", "virtio_net", NULL);
	g_autoptr(GString) order = g_string_new(NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	if (!list)
		return false;
	g_auto(GStrv) lines = g_strsplit(list, "\n", 0); /* "insmod PATH" or "builtin NAME" */

	for (char **line = lines; *line; line++) {
		char *path = g_strstrip(*line);

		if (!g_str_has_prefix(path, "insmod "))
			continue;
		path = g_strstrip(path + strlen("insmod "));
		if (!g_hash_table_add(seen, path))
			continue;
		g_autofree char *base = g_path_get_basename(path);
		g_autofree char *name =
			g_strdup_printf("modules/%.*s.ko", (int)strcspn(base, "."), base);
		g_autoptr(GBytes) module = read_module(path, error);

		if (!module)
			return false;
		cpio_file(
			cpio, name, 0644, g_bytes_get_data(module, NULL), g_bytes_get_size(module));
		g_string_append_printf(order, "/%s\n", name);
	}
	cpio_file(cpio, "modules.order", 0644, order->str, order->len);
	return true;
}

static void add_kit(struct cpio *cpio, const char *path, const char *name)
{
	g_autoptr(GBytes) bytes = guest_kit(name);

	cpio_file(cpio, path, 0755, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

bool initramfs_build(const char *path, const char *release, GError **error)
{
	static const char *const dirs[] = { "bin", "dev", "etc", "modules", "proc", "sys", "tmp" };
	g_autofree char *busybox = g_find_program_in_path("busybox");
	g_autofree char *program = NULL;
	gsize len;

	if (!busybox)
		return weft_fail(error, NOT_FOUND,
			"a virtual machine needs busybox; 'apt-get install busybox-static' brings it");
	if (!g_file_get_contents(busybox, &program, &len, error))
		return false;
	struct cpio cpio = cpio_new();

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
		cpio_dir(&cpio, dirs[i]);
	cpio_file(&cpio, "bin/busybox", 0755, program, len);
	add_kit(&cpio, "init", "vm-init.sh");
	add_kit(&cpio, "udhcpc.sh", "udhcpc.sh");
	bool added = add_modules(&cpio, release, error);
	g_autoptr(GByteArray) archive = cpio_finish(&cpio);

	return added &&
	       g_file_set_contents(path, (const char *)archive->data, (gssize)archive->len, error);
}
