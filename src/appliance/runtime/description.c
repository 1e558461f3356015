/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/description.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/document/field.h"

#define CPU_PERCENT_MAX 100000
#define MEMORY_MIN_MIB 32
#define MEMORY_MAX_MIB (1024 * 1024)
#define NICS_MAX 32
#define START_MAX_S 3600
#define CERTIFICATE_S (30 * 86400)
#define CERTIFICATE_MIN_S 10
#define CERTIFICATE_MAX_S (3650 * 86400)
#define VCPUS_MAX 64

/* "0000:3b:02.1": domain, bus, device, function. */
static bool is_pci_address(const char *text)
{
	return g_regex_match_simple("^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$", text, 0, 0);
}

/* The NIC is a function of a card, instead of a device that is made for it. */
static bool read_pci(const json_t *value, struct description_nic *nic, GError **error)
{
	const char *text = json_string_value(json_object_get(value, "pci_address"));

	if (json_object_get(value, "device") || json_object_get(value, "port_id"))
		return weft_fail(error, INVALID_INPUT,
			"pci_address: with it there is no device here, nor a port that weft would plug");
	if (!text || !is_pci_address(text))
		return weft_fail(error, INVALID_INPUT,
			"pci_address: must be one like \"0000:3b:02.1\", as lspci -D says it");
	g_strlcpy(nic->pci, text, sizeof(nic->pci));
	return true;
}

static bool read_device(const json_t *value, char *ret, GError **error)
{
	return field_need(value, "device", error) &&
	       field_label(value, "device", ret, DEVICE_STRLEN, error) &&
	       ((g_ascii_isalpha(*ret) && strcmp(ret, "lo")) ||
		       weft_fail(error, INVALID_INPUT,
			       "device: \"%s\" must be the name of a device to make, a letter first",
			       ret));
}

static bool read_port(const json_t *value, char *ret, GError **error)
{
	const json_t *given = json_object_get(value, "port_id");
	struct uuid port;

	if (!given)
		return true;
	if (!json_is_string(given) || !uuid_parse(json_string_value(given), &port))
		return weft_fail(error, INVALID_INPUT, "port_id: must be the UUID of a port");
	uuid_format(&port, ret);
	return true;
}

static bool read_nic(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "name", "device", "port_id", "pci_address", NULL };
	struct description_nic nic = { 0 };

	if (!field_check(value, known, error) || !field_need(value, "name", error) ||
		!field_label(value, "name", nic.name, sizeof(nic.name), error))
		return false;
	if (json_object_get(value, "pci_address") ? !read_pci(value, &nic, error)
						  : !read_device(value, nic.device, error) ||
							    !read_port(value, nic.port, error))
		return false;
	g_array_append_val(array, nic);
	return true;
}

struct description_nic *description_nic_named(
	const struct description *description, const char *name)
{
	for (guint i = 0; i < description->nics->len; i++) {
		struct description_nic *nic =
			&g_array_index(description->nics, struct description_nic, i);

		if (!strcmp(nic->name, name))
			return nic;
	}
	return NULL;
}

static bool take_interface(const struct description *description,
	const struct document_interface *interface, GError **error)
{
	struct description_nic *nic = description_nic_named(description, interface->name);

	if (!nic)
		return weft_fail(error, INVALID_INPUT,
			"nics: %s of the configuration's interfaces is missing", interface->name);
	nic->mac = interface->mac;
	nic->mtu = interface->mtu;
	return true;
}

/* Each interface has one NIC, and each NIC an interface and a device of its own. */
static bool match_nics(
	const struct description *description, const struct document *document, GError **error)
{
	g_autoptr(GHashTable) devices = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < document->interfaces->len; i++)
		if (!take_interface(description,
			    &g_array_index(document->interfaces, struct document_interface, i),
			    error))
			return false;
	for (guint i = 0; i < description->nics->len; i++) {
		struct description_nic *nic =
			&g_array_index(description->nics, struct description_nic, i);

		if (mac_is_zero(&nic->mac) || nic != description_nic_named(description, nic->name))
			return weft_fail(error, INVALID_INPUT,
				"nics[%u].name: \"%s\" is no interface of the configuration, or given twice",
				i, nic->name);
		if (!g_hash_table_add(devices, *nic->pci ? nic->pci : nic->device))
			return weft_fail(error, INVALID_INPUT, "nics[%u].%s: %s is given twice", i,
				*nic->pci ? "pci_address" : "device",
				*nic->pci ? nic->pci : nic->device);
	}
	return true;
}

static bool read_config(const json_t *root, struct description *description, GError **error)
{
	const json_t *config = json_object_get(root, "config");
	g_autoptr(document) document = NULL;

	if (!json_is_object(config))
		return weft_fail(error, INVALID_INPUT,
			"config: must be the appliance's configuration, an object");
	description->config = json_dumps(config, JSON_COMPACT);
	document = document_parse(description->config, strlen(description->config), error);
	if (!document)
		return false;
	g_strlcpy(description->id, document->id, sizeof(description->id));
	return match_nics(description, document, error);
}

static bool read_accelerator(const json_t *root, enum accelerator *ret, GError **error)
{
	static const char *const names[] = { NULL, "kvm", "tcg" };
	const json_t *given = json_object_get(root, "accelerator");

	for (unsigned i = 1; given && i < G_N_ELEMENTS(names); i++)
		if (!g_strcmp0(json_string_value(given), names[i]))
			*ret = (enum accelerator)i;
	return !given || *ret != ACCELERATOR_ANY ||
	       weft_fail(error, INVALID_INPUT,
		       "accelerator: must be \"kvm\" or \"tcg\"; without it KVM is taken where there is one");
}

static bool read_image(const json_t *root, char **ret, GError **error)
{
	const json_t *given = json_object_get(root, "image");
	const char *path = json_string_value(given);

	if (given && (!path || !g_path_is_absolute(path) || strpbrk(path, ",\n")))
		return weft_fail(error, INVALID_INPUT,
			"image: must be the absolute path of a folder with vmlinuz and initramfs, or of a disk, without commas");
	*ret = g_strdup(path);
	return true;
}

static bool read_all(const json_t *root, struct description *description, GError **error)
{
	static const char *const known[] = { "cpu_percent", "memory_mib", "vcpus",
		"start_timeout_s", "certificate_lifetime_s", "accelerator", "image", "nics",
		"config", NULL };
	u64 cpu_percent = 0, memory_mib = 0, vcpus = 0, start_s = 0, certificate_s = CERTIFICATE_S;

	if (!field_check(root, known, error) ||
		!field_number(root, "cpu_percent", 1, CPU_PERCENT_MAX, &cpu_percent, error) ||
		!field_number(
			root, "memory_mib", MEMORY_MIN_MIB, MEMORY_MAX_MIB, &memory_mib, error) ||
		!field_number(root, "vcpus", 1, VCPUS_MAX, &vcpus, error) ||
		!field_number(root, "start_timeout_s", 1, START_MAX_S, &start_s, error) ||
		!field_number(root, "certificate_lifetime_s", CERTIFICATE_MIN_S, CERTIFICATE_MAX_S,
			&certificate_s, error) ||
		!read_accelerator(root, &description->accelerator, error) ||
		!read_image(root, &description->image, error) || !field_need(root, "nics", error) ||
		!field_list(root, "nics", NICS_MAX, read_nic, description->nics, error))
		return false;
	description->cpu_percent = (u32)cpu_percent;
	description->memory_mib = (u32)memory_mib;
	description->vcpus = (u32)vcpus;
	description->start_timeout_s = (u32)start_s;
	description->certificate_lifetime_s = (u32)certificate_s;
	return read_config(root, description, error);
}

struct description *description_parse(const char *text, size_t len, GError **error)
{
	g_autoptr(description) description = g_new0(struct description, 1);
	json_error_t where;
	json_t *root;
	bool ok;

	description->nics = g_array_new(FALSE, FALSE, sizeof(struct description_nic));
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	if (!root) {
		weft_fail(error, INVALID_INPUT, "no JSON: line %d: %s", where.line, where.text);
		return NULL;
	}
	ok = read_all(root, description, error);
	json_decref(root);
	return ok ? g_steal_pointer(&description) : NULL;
}

struct description *description_load(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	struct description *description;
	size_t len;

	if (!g_file_get_contents(path, &text, &len, error))
		return NULL;
	description = description_parse(text, len, error);
	if (!description)
		g_prefix_error(error, "%s: ", path);
	return description;
}

void description_free(struct description *description)
{
	g_array_unref(description->nics);
	free(description->config); /* jansson's */
	g_free(description->image);
	g_free(description);
}

bool description_same_machine(const struct description *a, const struct description *b)
{
	return a->cpu_percent == b->cpu_percent && a->memory_mib == b->memory_mib &&
	       a->vcpus == b->vcpus && a->accelerator == b->accelerator &&
	       !g_strcmp0(a->image, b->image);
}

static bool has_nic(const struct description *description, const struct description_nic *nic)
{
	const struct description_nic *own = description_nic_named(description, nic->name);

	return own && !memcmp(own, nic, sizeof(*own));
}

bool description_same_nics(const struct description *a, const struct description *b)
{
	bool same = a->nics->len == b->nics->len;

	for (guint i = 0; same && i < a->nics->len; i++)
		same = has_nic(b, &g_array_index(a->nics, struct description_nic, i));
	return same;
}
