/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/images.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool image_check(const char *image, GError **error)
{
	static const char *const parts[] = { "vmlinuz", "initramfs" };

	if (access(image, R_OK))
		return weft_fail(error, NOT_FOUND,
			"image: %s is not there; tools/build-appliance makes one", image);
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(image, parts[i], NULL);

		if (g_file_test(image, G_FILE_TEST_IS_DIR) && access(path, R_OK))
			return weft_fail(error, NOT_FOUND,
				"image: %s lacks %s; tools/build-appliance makes both", image,
				parts[i]);
	}
	return true;
}

static bool is_image(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return (g_file_test(path, G_FILE_TEST_IS_DIR) || g_str_has_suffix(name, ".qcow2") ||
		       g_str_has_suffix(name, ".raw")) &&
	       image_check(path, NULL);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **images_list(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	GPtrArray *names = g_ptr_array_new();
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		if (*name != '.' && is_image(folder, name))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

bool kvm_is_here(const char *cpuinfo, const char *device)
{
	return !access(device, R_OK | W_OK) &&
	       g_regex_match_simple("^flags\\s*:.* (vmx|svm)\\b", cpuinfo, G_REGEX_MULTILINE, 0);
}
