/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab/state.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cli/lab/run.h"

#define LAB_PORT 9696

static const char *root_dir(void)
{
	const char *dir = g_getenv("WEFT_LAB_DIR");

	return dir && *dir ? dir : "/run/weft/lab";
}

/* Names become parts of device names, namespaces and paths. */
static bool name_is_good(const char *name, size_t max)
{
	size_t n = strlen(name);

	return n > 0 && n <= max && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
	       name[0] != '-';
}

char *lab_path(const struct lab *lab, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *rest = g_strdup_vprintf(format, args);
	va_end(args);
	return g_build_filename(lab->dir, rest, NULL);
}

bool lab_mkdir(const struct lab *lab, const char *name, GError **error)
{
	g_autofree char *path = lab_path(lab, "%s", name);

	return g_mkdir_with_parents(path, 0700) == 0 ||
	       weft_fail_errno(error, errno, "make %s", path);
}

static bool check_lab_name(const char *name, GError **error)
{
	return name_is_good(name, LAB_NAME_MAX) ||
	       weft_fail(error, INVALID_INPUT,
		       "'%s' is no name for a lab: up to %d small letters, digits and '-'", name,
		       LAB_NAME_MAX);
}

bool guest_check_name(const char *name, GError **error)
{
	bool host = name[0] == 'h' && name[1] && strspn(name + 1, "0123456789") == strlen(name + 1);

	if (host || !strcmp(name, "net") || !strcmp(name, "weftd"))
		return weft_fail(error, INVALID_INPUT,
			"a guest can't be called '%s': the lab has that already", name);
	return name_is_good(name, GUEST_NAME_MAX) ||
	       weft_fail(error, INVALID_INPUT,
		       "'%s' is no name for a guest: up to %d small letters, digits and '-'", name,
		       GUEST_NAME_MAX);
}

static struct lab *lab_alloc(const char *name)
{
	struct lab *lab = g_new0(struct lab, 1);

	lab->name = g_strdup(name);
	lab->dir = g_build_filename(root_dir(), name, NULL);
	return lab;
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	g_free(lab->name);
	g_free(lab->dir);
	g_free(lab->encapsulation);
	g_free(lab->token);
	g_free(lab);
}

char *lab_new_secret(void)
{
	u8 bytes[16];
	GString *text = g_string_new(NULL);

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		g_error("getrandom() gives nothing"); /* can't happen once the kernel has booted */
	for (size_t i = 0; i < sizeof(bytes); i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

struct lab *lab_new(const char *name, GError **error)
{
	g_autoptr(lab) lab = NULL;

	if (!check_lab_name(name, error))
		return NULL;
	lab = lab_alloc(name);
	if (g_mkdir_with_parents(root_dir(), 0755) < 0 || g_mkdir(lab->dir, 0700) < 0) {
		if (errno == EEXIST)
			weft_fail(error, CONFLICT,
				"there is a lab '%s' already; 'weft lab down --name %s' removes it",
				name, name);
		else
			weft_fail_errno(error, errno, "make %s", lab->dir);
		return NULL;
	}
	lab->token = lab_new_secret();
	return g_steal_pointer(&lab);
}

struct lab *lab_open(const char *name, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(lab) lab = NULL;

	if (!check_lab_name(name, error))
		return NULL;
	lab = lab_alloc(name);
	if (!g_file_test(lab->dir, G_FILE_TEST_IS_DIR)) {
		weft_fail(error, NOT_FOUND,
			"there is no lab '%s'; 'weft lab up' makes one, 'weft lab status' lists them",
			name);
		return NULL;
	}
	g_autofree char *path = lab_path(lab, "lab");

	/* Without the file `up` has not come far: an empty lab, which can be taken down. */
	if (g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL)) {
		lab->id = (unsigned)g_key_file_get_integer(file, "lab", "id", NULL);
		lab->n_hosts = (unsigned)g_key_file_get_integer(file, "lab", "hosts", NULL);
		lab->underlay = (unsigned)g_key_file_get_integer(file, "lab", "underlay", NULL);
		lab->mtu = (unsigned)g_key_file_get_integer(file, "lab", "mtu", NULL);
		lab->encapsulation = g_key_file_get_string(file, "lab", "encapsulation", NULL);
		lab->token = g_key_file_get_string(file, "lab", "token", NULL);
	}
	return g_steal_pointer(&lab);
}

bool lab_save(const struct lab *lab, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = lab_path(lab, "lab");

	g_key_file_set_integer(file, "lab", "id", (int)lab->id);
	g_key_file_set_integer(file, "lab", "hosts", (int)lab->n_hosts);
	g_key_file_set_integer(file, "lab", "underlay", (int)lab->underlay);
	g_key_file_set_integer(file, "lab", "mtu", (int)lab->mtu);
	g_key_file_set_string(file, "lab", "encapsulation", lab->encapsulation);
	g_key_file_set_string(file, "lab", "token", lab->token);
	return g_key_file_save_to_file(file, path, error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in @dir that begin with @prefix, without it, sorted. */
static char **names_in(const char *dir, const char *prefix)
{
	GPtrArray *names = g_ptr_array_new();
	g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);

	for (const char *name; entries && (name = g_dir_read_name(entries));)
		if (g_str_has_prefix(name, prefix))
			g_ptr_array_add(names, g_strdup(name + strlen(prefix)));
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

char **lab_names(void)
{
	return names_in(root_dir(), "");
}

bool lab_forget(const struct lab *lab, GError **error)
{
	/* --one-file-system: should something still be mounted below it, that is left alone. */
	if (!run(error, "rm", "-rf", "--one-file-system", lab->dir, NULL))
		return false;
	g_rmdir("/etc/netns"); /* only if nobody else has something there */
	return true;
}

char *lab_netns(const struct lab *lab, const char *node)
{
	return g_strdup_printf("weft-%s-%s", lab->name, node);
}

char *lab_host_netns(const struct lab *lab, unsigned host)
{
	return g_strdup_printf("weft-%s-h%u", lab->name, host);
}

/* 100.64.0.0/10 is for carriers between their customers and themselves (RFC 6598): private networks
 * don't use it. */
char *lab_management_address(const struct lab *lab, unsigned host)
{
	return g_strdup_printf("100.%u.%u.%u", 64 + (lab->id >> 8), lab->id & 0xff, host + 1);
}

/* Every lab's underlay is a world of its own, so all use the same addresses (RFC 5737, RFC 4193).
 */
char *lab_tunnel_address(const struct lab *lab, unsigned host)
{
	return lab->underlay == 6 ? g_strdup_printf("fd77::%x", host)
				  : g_strdup_printf("192.0.2.%u", host);
}

char *lab_url(const struct lab *lab)
{
	g_autofree char *address = lab_management_address(lab, 0);

	return g_strdup_printf("http://%s:%d", address, LAB_PORT);
}

unsigned lab_host(const struct lab *lab, const char *text, GError **error)
{
	const char *digits = text[0] == 'h' ? text + 1 : text;
	guint64 host = 0;

	if (!g_ascii_string_to_unsigned(digits, 10, 1, lab->n_hosts, &host, NULL))
		weft_fail(error, NOT_FOUND, "lab '%s' has no host '%s'; it has h1 to h%u",
			lab->name, text, lab->n_hosts);
	return (unsigned)host;
}

char *lab_project_token(const struct lab *lab, const char *project, bool *ret_new, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = lab_path(lab, "tokens");

	*ret_new = false;
	g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL); /* none yet: empty */
	g_autofree char *token = g_key_file_get_string(file, "tokens", project, NULL);

	if (token)
		return g_steal_pointer(&token);
	if (!name_is_good(project, 64)) {
		weft_fail(error, INVALID_INPUT,
			"'%s' is no name for a project: small letters, digits and '-'", project);
		return NULL;
	}
	token = lab_new_secret();
	g_key_file_set_string(file, "tokens", project, token);
	if (!g_key_file_save_to_file(file, path, error))
		return NULL;
	*ret_new = true;
	return g_steal_pointer(&token);
}

char *lab_admin_password(const struct lab *lab, GError **error)
{
	g_autofree char *path = lab_path(lab, "weftd/admin-password");
	char *password = NULL;

	return g_file_get_contents(path, &password, NULL, error) ? g_strchomp(password) : NULL;
}

char **lab_projects(const struct lab *lab)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = lab_path(lab, "tokens");
	char **projects = NULL;

	if (g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
		projects = g_key_file_get_keys(file, "tokens", NULL, NULL);
	return projects ? projects : g_new0(char *, 1);
}

void guest_free(struct guest *guest)
{
	if (!guest)
		return;
	g_free(guest->name);
	g_free(guest->port_id);
	g_free(guest->port_name);
	g_free(guest->device);
	g_free(guest->mac);
	g_free(guest);
}

struct guest *guest_load(const struct lab *lab, const char *name, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = lab_path(lab, "guest-%s/guest", name);

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL)) {
		weft_fail(error, NOT_FOUND,
			"lab '%s' has no guest '%s'; 'weft lab status' lists them", lab->name,
			name);
		return NULL;
	}
	struct guest *guest = g_new0(struct guest, 1);

	guest->name = g_strdup(name);
	guest->host = (unsigned)g_key_file_get_integer(file, "guest", "host", NULL);
	guest->port_id = g_key_file_get_string(file, "guest", "port-id", NULL);
	guest->port_name = g_key_file_get_string(file, "guest", "port-name", NULL);
	guest->device = g_key_file_get_string(file, "guest", "device", NULL);
	guest->mac = g_key_file_get_string(file, "guest", "mac", NULL);
	guest->vm = g_key_file_get_boolean(file, "guest", "vm", NULL);
	guest->own_port = g_key_file_get_boolean(file, "guest", "own-port", NULL);
	return guest;
}

bool guest_save(const struct lab *lab, const struct guest *guest, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = lab_path(lab, "guest-%s/guest", guest->name);

	g_key_file_set_integer(file, "guest", "host", (int)guest->host);
	g_key_file_set_string(file, "guest", "port-id", guest->port_id);
	g_key_file_set_string(file, "guest", "port-name", guest->port_name);
	g_key_file_set_string(file, "guest", "device", guest->device);
	g_key_file_set_string(file, "guest", "mac", guest->mac);
	g_key_file_set_boolean(file, "guest", "vm", guest->vm);
	g_key_file_set_boolean(file, "guest", "own-port", guest->own_port);
	return g_key_file_save_to_file(file, path, error);
}

char **guest_names(const struct lab *lab)
{
	return names_in(lab->dir, "guest-");
}
