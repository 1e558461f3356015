/* SPDX-License-Identifier: Apache-2.0 */
/* What a host says of virtual machines: the images that it could run, or why there are none. */
#include "agent/machine/virtual.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/runtime/images.h"

static char *folder, *image;

static int set_up(void **state)
{
	(void)state;
	folder = g_dir_make_tmp("images-XXXXXX", NULL);
	image = g_build_filename(folder, "i.raw", NULL);
	return !g_file_set_contents(image, "", -1, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	g_unlink(image);
	g_rmdir(folder);
	g_free(image);
	g_free(folder);
	return 0;
}

/* The image's name or "" of what it says, then the accelerator or the problem; g_free. */
static char *said(const char *qemu, const char *images, const char *accelerator)
{
	const struct config config = { .qemu = (char *)qemu,
		.appliance_images = (char *)images,
		.appliance_accelerator = (char *)accelerator };
	struct virtual_host *host = virtual_host_new(&config);
	json_t *json = virtual_host_describe(host), *list = json_object_get(json, "images");
	const char *name = json_string_value(json_array_get(list, 0)),
		   *with = json_string_value(json_object_get(json, "accelerator")),
		   *problem = json_string_value(json_object_get(json, "problem"));
	char *text = g_strdup_printf("%s: %s", name ?: "", with ?: problem);

	assert_true(json_is_array(list) && !with != !problem);
	json_decref(json);
	virtual_host_free(host);
	return text;
}

static void assert_says(char *text, const char *start)
{
	if (!g_str_has_prefix(text, start))
		fail_msg("\"%s\" does not begin with \"%s\"", text, start);
	g_free(text);
}

static void emulated(void **state)
{
	(void)state;
	assert_says(said("/bin/true", folder, "tcg"), "i.raw: tcg");
}

static void without_a_program(void **state)
{
	(void)state;
	assert_says(said("/no/qemu", folder, NULL), ": there is no program /no/qemu");
}

static void without_an_image(void **state)
{
	(void)state;
	assert_says(said("/bin/true", "/no/images", NULL), ": there is no image in /no/images");
}

/* KVM that is demanded is not made up for by emulation; where it is, there is no problem. */
static void kvm_is_demanded(void **state)
{
	g_autofree char *cpuinfo = NULL;

	(void)state;
	assert_true(g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL));
	assert_says(said("/bin/true", folder, "kvm"),
		kvm_is_here(cpuinfo, KVM_DEVICE)
			? "i.raw: kvm"
			: ": appliance-accelerator is kvm, and there is no KVM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emulated),
		cmocka_unit_test(without_a_program),
		cmocka_unit_test(without_an_image),
		cmocka_unit_test(kvm_is_demanded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
