/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main() of a fuzz target in an ordinary build: gives it every file of the folders (or the files)
 * named on the command line, once. A find of the fuzzer, kept in the corpus, is so a regression
 * test of every build, sanitised or not. An empty corpus is a failure: it would prove nothing.
 */
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replay_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = NULL;
	gsize size;

	if (!g_file_get_contents(path, &bytes, &size, &error))
		g_error("%s", error->message);
	/* A copy of exactly that size, so that a sanitizer sees a read behind its end. */
	g_autofree char *exact = g_memdup2(bytes, size);
	if (LLVMFuzzerTestOneInput((const uint8_t *)exact, size) != 0)
		g_error("%s: the target refused it", path);
	return 1;
}

static unsigned replay(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	unsigned n = 0;

	if (!dir)
		return replay_file(path);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		n += replay_file(file);
	}
	return n;
}

int main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++)
		n += replay(argv[i]);
	g_print("%u inputs\n", n);
	return n ? 0 : 1;
}
