/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/load.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "controller/provider/message.h"

static bool check_owner(const char *path, mode_t type, const char *what, GError **error)
{
	struct stat status;

	if (lstat(path, &status))
		return weft_fail(error, INVALID_INPUT, "%s: %s", path, g_strerror(errno));
	if ((status.st_mode & S_IFMT) != type)
		return weft_fail(error, INVALID_INPUT, "%s is no %s", path, what);
	if (status.st_uid != 0)
		return weft_fail(error, INVALID_INPUT,
			"%s belongs to user %u; it must be root's: chown root %s", path,
			status.st_uid, path);
	return !(status.st_mode & (S_IWGRP | S_IWOTH)) ||
	       weft_fail(error, INVALID_INPUT,
		       "%s can be written by others than root: chmod go-w %s", path, path);
}

bool provider_file_check(const char *path, GError **error)
{
	return check_owner(path, S_IFREG, "ordinary file", error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **provider_folder_list(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (!check_owner(folder, S_IFDIR, "folder", error))
		return NULL;
	dir = g_dir_open(folder, 0, error);
	if (!dir)
		return NULL;
	while ((name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".so"))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

bool provider_descriptor_check(const struct weft_provider *provider, GError **error)
{
	if (provider->abi != WEFT_PROVIDER_ABI)
		return weft_fail(error, INVALID_INPUT,
			"it was made for version %u of the interface; this weftd has version %u: compile it with this version's weft/provider.h",
			provider->abi, WEFT_PROVIDER_ABI);
	if (provider->size < offsetof(struct weft_provider, remove))
		return weft_fail(error, INVALID_INPUT,
			"its descriptor has %zu bytes and lacks what every provider has: `size` is sizeof(struct weft_provider)",
			provider->size);
	return true;
}

static bool check_content(const struct weft_provider *provider, GError **error)
{
	if (!provider_name_check(provider->name, error))
		return false;
	if (!provider->services || !provider->services[0])
		return weft_fail(error, INVALID_INPUT, "`services` of its descriptor is empty");
	if (!provider->apply)
		return weft_fail(error, INVALID_INPUT, "its descriptor has no `apply`");
	return (!provider->flags && !provider->in_tree) ||
	       weft_fail(error, INVALID_INPUT,
		       "`flags` and `in_tree` of its descriptor must be zero");
}

bool provider_load(const char *path, struct weft_provider *ret, GError **error)
{
	const struct weft_provider *found;
	struct weft_provider copy = { 0 };
	void *handle;

	if (!provider_file_check(path, error))
		return false;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return weft_fail(error, INVALID_INPUT, "%s", dlerror());
	found = dlsym(handle, WEFT_PROVIDER_SYMBOL);
	if (!found)
		return weft_fail(error, INVALID_INPUT,
			"it does not export '" WEFT_PROVIDER_SYMBOL
			"', as weft/provider.h asks for");
	if (!provider_descriptor_check(found, error))
		return false;
	memcpy(&copy, found, MIN(found->size, sizeof(copy)));
	if (!check_content(&copy, error))
		return false;
	*ret = copy;
	return true;
}
