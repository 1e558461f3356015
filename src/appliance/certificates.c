/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/certificates.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "appliance/render/render.h"

static int compare(gconstpointer a, gconstpointer b, gpointer data)
{
	(void)data;
	return strcmp(a, b);
}

GTree *certificates_read(const char *folder)
{
	GTree *tree = g_tree_new_full(compare, NULL, g_free, g_free);
	g_autofree char *path = g_build_filename(folder, RENDER_CERTIFICATES_FOLDER, NULL);
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		char *text = NULL;

		g_file_get_contents(file, &text, NULL, NULL);
		g_tree_insert(tree, g_strdup(name), text ?: g_strdup(""));
	}
	if (dir)
		g_dir_close(dir);
	return tree;
}

struct pass {
	GTree *other;
	const char *folder;
	bool failed; /* stops it */
	GError **error;
};

static gboolean is_other_than(gpointer name, gpointer text, gpointer data)
{
	struct pass *pass = data;

	pass->failed = g_strcmp0(g_tree_lookup(pass->other, name), text) != 0;
	return pass->failed;
}

bool certificates_match(const char *folder, GTree *wanted)
{
	g_autoptr(GTree) here = certificates_read(folder);
	struct pass pass = { .other = wanted };

	if (g_tree_nnodes(here) != g_tree_nnodes(wanted))
		return false;
	g_tree_foreach(here, is_other_than, &pass);
	return !pass.failed;
}

static gboolean write_one(gpointer name, gpointer text, gpointer data)
{
	struct pass *pass = data;
	g_autofree char *path = g_build_filename(pass->folder, name, NULL);

	pass->failed = g_strcmp0(g_tree_lookup(pass->other, name), text) &&
		       !g_file_set_contents_full(
			       path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, pass->error);
	return pass->failed;
}

static gboolean remove_other(gpointer name, gpointer text, gpointer data)
{
	struct pass *pass = data;
	g_autofree char *path = g_build_filename(pass->folder, name, NULL);

	(void)text;
	pass->failed = !g_tree_lookup(pass->other, name) && g_unlink(path) &&
		       !weft_fail_errno(pass->error, errno, "remove %s", path);
	return pass->failed;
}

bool certificates_write(const char *folder, GTree *wanted, GError **error)
{
	g_autoptr(GTree) here = certificates_read(folder);
	g_autofree char *path = g_build_filename(folder, RENDER_CERTIFICATES_FOLDER, NULL);
	struct pass pass = { .other = here, .folder = path, .error = error };

	if (g_tree_nnodes(wanted) && g_mkdir_with_parents(path, 0700))
		return weft_fail_errno(error, errno, "make the folder %s", path);
	g_tree_foreach(wanted, write_one, &pass);
	if (pass.failed)
		return false;
	pass.other = wanted;
	g_tree_foreach(here, remove_other, &pass);
	if (!pass.failed && !g_tree_nnodes(wanted))
		g_rmdir(path);
	return !pass.failed;
}
