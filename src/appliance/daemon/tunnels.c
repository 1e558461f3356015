/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/tunnels.h"

#include <net/if.h>
#include <string.h>

#include "appliance/daemon/ipsec.h"
#include "appliance/kernel.h"
#include "appliance/program.h"
#include "appliance/render/render.h"
#include "appliance/daemon/wireguard.h"
#include "base/log.h"

#define WAIT_US (5 * G_USEC_PER_SEC)
#define POLL_US 20000

struct tunnels {
	const char *folder;
	const struct document *document; /* NULL: none yet */
	struct ipsec *ipsec;
	/* Of the devices that are set up; 0: they are to be. Another one is another device. */
	unsigned ipsec_device, wireguard_device, gre_devices;
	bool stopped;
	bool made_wireguard; /* by us, in the kernel */
	GPtrArray *made_gre; /* names */
	guint timer;
	char *reason;
};

struct tunnels *tunnels_new(const char *folder)
{
	struct tunnels *tunnels = g_new0(struct tunnels, 1);

	tunnels->folder = folder;
	tunnels->ipsec = ipsec_new(folder);
	tunnels->made_gre = g_ptr_array_new_with_free_func(g_free);
	return tunnels;
}

void tunnels_free(struct tunnels *tunnels)
{
	g_clear_handle_id(&tunnels->timer, g_source_remove);
	ipsec_free(tunnels->ipsec);
	g_ptr_array_unref(tunnels->made_gre);
	g_free(tunnels->reason);
	g_free(tunnels);
}

static bool run_batch(const struct tunnels *tunnels, enum render_file file, GError **error)
{
	g_autofree char *path = g_build_filename(tunnels->folder, render_kinds[file].name, NULL);
	const char *const argv[] = { "ip", "-batch", path, NULL };

	return program_run(argv, NULL, error);
}

static void delete_device(const char *name)
{
	const char *const argv[] = { "ip", "link", "delete", "dev", name, NULL };

	if (if_nametoindex(name))
		program_run(argv, NULL, NULL);
}

/* "ip -batch" is of IPv4 wherever a command does not say an address. */
static bool set_up_ipsec(const struct tunnels *tunnels, GError **error)
{
	static const char *const up[] = { "ip", "link", "set", "dev", IPSEC_DEVICE, "up", NULL };
	static const char *const flush6[] = { "ip", "-6", "route", "flush", "dev", IPSEC_DEVICE,
		"proto", G_STRINGIFY(RENDER_TUNNEL_PROTOCOL), NULL };

	program_run(flush6, NULL, NULL); /* there may be no IPv6 */
	return program_run(up, NULL, error) && run_batch(tunnels, RENDER_IPSEC_ROUTES, error);
}

/* Where charon does ESP, by a device. */
static bool step_ipsec(struct tunnels *tunnels, GError **error)
{
	unsigned device;

	if (!tunnels->document->ipsec->len)
		return true;
	if (!kernel_has_esp()) {
		device = if_nametoindex(IPSEC_DEVICE);
		if (!device)
			return weft_fail(
				error, UNAVAILABLE, "charon has not made the device " IPSEC_DEVICE);
		if (device != tunnels->ipsec_device && !set_up_ipsec(tunnels, error))
			return false;
		tunnels->ipsec_device = device;
	}
	return ipsec_step(tunnels->ipsec, error);
}

static bool step_wireguard(struct tunnels *tunnels, GError **error)
{
	static const char *const make[] = { "ip", "link", "add", "dev", WIREGUARD_DEVICE, "type",
		"wireguard", NULL };
	g_autofree char *path =
		g_build_filename(tunnels->folder, render_kinds[RENDER_WIREGUARD].name, NULL);
	const char *const set[] = { "wg", "setconf", WIREGUARD_DEVICE, path, NULL };
	unsigned device = if_nametoindex(WIREGUARD_DEVICE);

	if (!tunnels->document->wireguard.enabled)
		return true;
	if (!device && kernel_has_wireguard()) {
		if (!program_run(make, NULL, error))
			return false;
		tunnels->made_wireguard = true;
		device = if_nametoindex(WIREGUARD_DEVICE);
	}
	if (!device)
		return weft_fail(error, UNAVAILABLE,
			"wireguard-go has not made the device " WIREGUARD_DEVICE);
	if (device != tunnels->wireguard_device &&
		(!program_run(set, NULL, error) ||
			!run_batch(tunnels, RENDER_WIREGUARD_DEVICE, error)))
		return false;
	tunnels->wireguard_device = device;
	return true;
}

static bool make_gre(struct tunnels *tunnels, const struct document_gre *one, GError **error)
{
	char local[IP_STRLEN], peer[IP_STRLEN], key[16];
	const char *const argv[] = { "ip", "link", "add", "dev", one->name, "type", "gre", "local",
		ip_format(&one->local, local), "remote", ip_format(&one->peer, peer), "ttl", "64",
		one->has_key ? "key" : NULL, key, NULL };

	g_snprintf(key, sizeof(key), "%u", one->key);
	delete_device(one->name);
	if (!program_run(argv, NULL, error))
		return false;
	g_ptr_array_add(tunnels->made_gre, g_strdup(one->name));
	return true;
}

/* All devices as one number, which is another one when one of them is another. */
static bool sum_devices(const struct tunnels *tunnels, unsigned *ret, GError **error)
{
	const struct document_gre *all = (const void *)tunnels->document->gre->data;
	unsigned sum = 1;

	for (guint i = 0; i < tunnels->document->gre->len; i++) {
		unsigned device = if_nametoindex(all[i].name);

		if (!device)
			return weft_fail(error, UNAVAILABLE,
				"there is no device of the GRE tunnel %s", all[i].name);
		sum = sum * 31 + device;
	}
	*ret = sum;
	return true;
}

static bool step_gre(struct tunnels *tunnels, GError **error)
{
	const struct document_gre *all = (const void *)tunnels->document->gre->data;
	unsigned sum = 0;

	if (!tunnels->document->gre->len)
		return true;
	for (guint i = 0; kernel_has_gre() && i < tunnels->document->gre->len; i++)
		if (!if_nametoindex(all[i].name) && !make_gre(tunnels, &all[i], error))
			return false;
	if (!sum_devices(tunnels, &sum, error))
		return false;
	if (sum != tunnels->gre_devices && !run_batch(tunnels, RENDER_GRE_DEVICES, error))
		return false;
	tunnels->gre_devices = sum;
	return true;
}

/* None waits for another: charon takes longest to answer. */
static bool step(struct tunnels *tunnels, GError **error)
{
	bool ok = step_gre(tunnels, error);

	ok = step_wireguard(tunnels, ok ? error : NULL) && ok;
	return step_ipsec(tunnels, ok ? error : NULL) && ok;
}

static gboolean on_second(gpointer data)
{
	struct tunnels *tunnels = data;
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&tunnels->reason, g_free);
	if (!step(tunnels, &error)) {
		tunnels->reason = g_strdup(error->message);
		log_limited(warning, "tunnels: %s", error->message);
	}
	return G_SOURCE_CONTINUE;
}

/* The kernel keeps what it has made. */
static void delete_wireguard(struct tunnels *tunnels)
{
	if (tunnels->made_wireguard)
		delete_device(WIREGUARD_DEVICE);
	tunnels->made_wireguard = false;
}

static void delete_gre(struct tunnels *tunnels)
{
	for (guint i = 0; i < tunnels->made_gre->len; i++)
		delete_device(g_ptr_array_index(tunnels->made_gre, i));
	g_ptr_array_set_size(tunnels->made_gre, 0);
}

/* What is to be made anew, or is not wanted any more. */
static void forget(struct tunnels *tunnels, unsigned changed)
{
	const struct document *document = tunnels->document;

	if (changed & (1u << RENDER_IPSEC_ROUTES | 1u << RENDER_STRONGSWAN_USER))
		tunnels->ipsec_device = 0;
	ipsec_follow(tunnels->ipsec, document);
	if (changed & (1u << RENDER_SWANCTL | 1u << RENDER_STRONGSWAN))
		ipsec_reload(tunnels->ipsec);
	if (tunnels->stopped)
		ipsec_take_over(tunnels->ipsec);
	if (changed & (1u << RENDER_WIREGUARD | 1u << RENDER_WIREGUARD_DEVICE))
		tunnels->wireguard_device = 0;
	if (!document->wireguard.enabled)
		delete_wireguard(tunnels);
	if (changed & (1u << RENDER_GRE | 1u << RENDER_GRE_DEVICES))
		tunnels->gre_devices = 0;
	if (changed & 1u << RENDER_GRE)
		delete_gre(tunnels);
}

void tunnels_pause(struct tunnels *tunnels)
{
	g_clear_handle_id(&tunnels->timer, g_source_remove);
	g_clear_pointer(&tunnels->reason, g_free);
	tunnels->document = NULL;
	ipsec_follow(tunnels->ipsec, NULL);
}

void tunnels_stop(struct tunnels *tunnels)
{
	tunnels_pause(tunnels);
	delete_wireguard(tunnels);
	delete_gre(tunnels);
	tunnels->stopped = true;
}

bool tunnels_apply(
	struct tunnels *tunnels, const struct document *document, unsigned changed, GError **error)
{
	s64 end_us = g_get_monotonic_time() + WAIT_US;
	bool any = document->ipsec->len || document->wireguard.enabled || document->gre->len;
	g_autoptr(GError) failed = NULL;

	tunnels_pause(tunnels);
	tunnels->document = document;
	forget(tunnels, tunnels->stopped ? ~0u : changed);
	tunnels->stopped = false;
	if (any)
		tunnels->timer = g_timeout_add_seconds(1, on_second, tunnels);
	while (!step(tunnels, &failed)) {
		if (g_get_monotonic_time() > end_us) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return false;
		}
		g_clear_error(&failed);
		g_usleep(POLL_US);
	}
	return true;
}

const char *tunnels_reason(const struct tunnels *tunnels)
{
	return tunnels->reason;
}

static void append_gre(const struct document *document, struct json_writer *w)
{
	jw_begin_array(w);
	for (guint i = 0; i < document->gre->len; i++) {
		const char *name = g_array_index(document->gre, struct document_gre, i).name;

		jw_begin_object(w);
		jw_member_string(w, "name", name);
		jw_member_string(w, "status", if_nametoindex(name) ? "ACTIVE" : "DOWN");
		jw_member_string(w, "data_path", kernel_has_gre() ? "kernel" : "user space");
		jw_end_object(w);
	}
	jw_end_array(w);
}

void tunnels_append(const struct tunnels *tunnels, struct json_writer *w)
{
	if (!tunnels->document)
		return;
	jw_key(w, "ipsec");
	ipsec_append(tunnels->ipsec, w);
	jw_key(w, "wireguard");
	wireguard_append(tunnels->document, w);
	jw_key(w, "gre");
	append_gre(tunnels->document, w);
}
