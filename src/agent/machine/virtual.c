/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/virtual.h"

#include "appliance/runtime/images.h"
#include "base/log.h"

struct virtual_host {
	const struct config *config;
	bool kvm;
	char *problem; /* NULL: none */
};

static bool has_kvm(void)
{
	g_autofree char *cpuinfo = NULL;

	return g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL) &&
	       kvm_is_here(cpuinfo, KVM_DEVICE);
}

static char *find_problem(const struct virtual_host *host)
{
	g_autofree char *qemu = g_find_program_in_path(host->config->qemu);

	if (!qemu)
		return g_strdup_printf("there is no program %s (setting qemu)", host->config->qemu);
	if (!host->kvm && !g_strcmp0(host->config->appliance_accelerator, "kvm"))
		return g_strdup(
			"appliance-accelerator is kvm, and there is no KVM: no processor with vmx or svm, or no " KVM_DEVICE);
	return NULL;
}

struct virtual_host *virtual_host_new(const struct config *config)
{
	struct virtual_host *host = g_new0(struct virtual_host, 1);

	host->config = config;
	host->kvm = g_strcmp0(config->appliance_accelerator, "tcg") && has_kvm();
	host->problem = find_problem(host);
	if (host->problem && config->appliance_accelerator)
		log_warning("no appliance can be a virtual machine here: %s", host->problem);
	return host;
}

void virtual_host_free(struct virtual_host *host)
{
	g_free(host->problem);
	g_free(host);
}

static json_t *without(const char *problem)
{
	return json_pack("{s:[], s:s}", "images", "problem", problem);
}

json_t *virtual_host_describe(const struct virtual_host *host)
{
	g_auto(GStrv) names = host->problem ? NULL : images_list(host->config->appliance_images);
	g_autofree char *none = NULL;
	json_t *list;

	if (host->problem)
		return without(host->problem);
	if (!*names) {
		none = g_strdup_printf(
			"there is no image in %s (setting appliance-images); tools/build-appliance makes one",
			host->config->appliance_images);
		return without(none);
	}
	list = json_array();
	for (char **name = names; *name; name++)
		json_array_append_new(list, json_string(*name));
	return json_pack("{s:o, s:s}", "images", list, "accelerator", host->kvm ? "kvm" : "tcg");
}
