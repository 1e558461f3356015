/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/files.h"

#include <errno.h>
#include <string.h>

#include "appliance/certificates.h"

/* NULL: there is none, or it can't be read. */
static char *read_file(const char *folder, unsigned i, size_t *ret_len)
{
	g_autofree char *path = g_build_filename(folder, render_kinds[i].name, NULL);
	char *text = NULL;

	*ret_len = 0;
	return g_file_get_contents(path, &text, ret_len, NULL) ? text : NULL;
}

static bool is_on_disk(const char *folder, unsigned i, const char *wanted)
{
	size_t len;
	g_autofree char *text = read_file(folder, i, &len);

	return text && len == strlen(wanted) && !memcmp(text, wanted, len);
}

unsigned files_drift(const char *folder, const struct rendered *rendered)
{
	unsigned drift = 0;

	for (unsigned i = 0; i < RENDER_FILES; i++)
		if (!is_on_disk(folder, i, rendered->texts[i]))
			drift |= 1u << i;
	if (!certificates_match(folder, rendered->certificates))
		drift |= 1u << RENDER_CERTIFICATES;
	return drift;
}

bool files_write(
	const char *folder, const struct rendered *rendered, unsigned *ret_changed, GError **error)
{
	unsigned changed = files_drift(folder, rendered);

	if (g_mkdir_with_parents(folder, 0755))
		return weft_fail_errno(error, errno, "make the folder %s", folder);
	if (!certificates_write(folder, rendered->certificates, error))
		return false;
	for (unsigned i = 0; i < RENDER_FILES; i++) {
		g_autofree char *path = g_build_filename(folder, render_kinds[i].name, NULL);

		if ((changed & 1u << i) &&
			!g_file_set_contents_full(path, rendered->texts[i], -1,
				G_FILE_SET_CONTENTS_CONSISTENT, (int)render_kinds[i].mode, error))
			return false;
	}
	*ret_changed = changed;
	return true;
}

/* Names and lengths are in it, so no content can look like two files. */
static void add(GChecksum *sum, const char *name, const char *text, size_t len)
{
	g_autofree char *head = text ? g_strdup_printf("%s %zu\n", name, len)
				     : g_strdup_printf("%s is not there\n", name);

	g_checksum_update(sum, (const guchar *)head, -1);
	if (text)
		g_checksum_update(sum, (const guchar *)text, (gssize)len);
}

static gboolean add_certificate(gpointer name, gpointer pem, gpointer sum)
{
	add(sum, name, pem, strlen(pem));
	return FALSE;
}

char *files_digest_on_disk(const char *folder)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autoptr(GTree) on_disk = NULL;

	for (unsigned i = 0; i < RENDER_FILES; i++) {
		size_t len;
		g_autofree char *text = read_file(folder, i, &len);

		add(sum, render_kinds[i].name, text, len);
	}
	on_disk = certificates_read(folder);
	g_tree_foreach(on_disk, add_certificate, sum);
	return g_strconcat("sha256:", g_checksum_get_string(sum), NULL);
}

char *files_digest(const struct rendered *rendered)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	for (unsigned i = 0; i < RENDER_FILES; i++)
		add(sum, render_kinds[i].name, rendered->texts[i], strlen(rendered->texts[i]));
	g_tree_foreach(rendered->certificates, add_certificate, sum);
	return g_strconcat("sha256:", g_checksum_get_string(sum), NULL);
}
