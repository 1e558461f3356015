/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/appliance_impl.h"
#include "appliance/packet/counted.h"
#include "appliance/files.h"
#include "appliance/link.h"
#include "appliance/program.h"
#include "appliance/packet/stale.h"
#include "base/log.h"

#define EVERYTHING (~0u)

static char *path_of(const struct appliance *appliance, enum render_file file)
{
	return g_build_filename(appliance->folder, render_kinds[file].name, NULL);
}

static bool apply_services(struct appliance *appliance, unsigned changed, GError **error)
{
	bool standby = appliance->document->redundancy.enabled &&
		       redundancy_state(appliance->redundancy) != REDUNDANCY_MASTER;

	services_set_standby(appliance->services, standby);
	learnt_set(appliance->learnt,
		appliance->document->bgp.enabled && appliance->document->bgp.import && !standby);
	speaker_set(appliance->speaker, standby ? NULL : &appliance->document->bgp);
	if (!services_apply(appliance->services, appliance->document, changed, error))
		return false;
	if (appliance->document->redundancy.enabled && !standby)
		speaker_await(appliance->speaker);
	if (!standby)
		return tunnels_apply(appliance->tunnels, appliance->document, changed, error);
	tunnels_stop(appliance->tunnels);
	return true;
}

static void on_redundancy(void *data)
{
	struct appliance *appliance = data;
	g_autoptr(GError) error = NULL;

	if (apply_services(appliance, 0, &error))
		return;
	log_warning("services of the %s: %s", redundancy_state_name(appliance->redundancy),
		error->message);
	if (!appliance->reason)
		appliance->reason = g_strdup(error->message);
}

struct appliance *appliance_new(const char *folder, u16 api_port)
{
	struct appliance *appliance = g_new0(struct appliance, 1);

	appliance->folder = folder;
	appliance->api_port = api_port;
	appliance->started_us = g_get_monotonic_time();
	appliance->life = (u32)g_random_int_range(1, G_MAXINT32);
	appliance->services = services_new(folder);
	appliance->redundancy = redundancy_new(folder, on_redundancy, appliance);
	appliance->learnt = learnt_new(folder);
	appliance->speaker = speaker_new(folder);
	appliance->tunnels = tunnels_new(folder);
	appliance->announcer = announcer_new();
	appliance->events = events_new();
	appliance->repair = repair_new(appliance);
	return appliance;
}

void appliance_free(struct appliance *appliance)
{
	repair_free(appliance->repair);
	announcer_free(appliance->announcer);
	events_free(appliance->events);
	tunnels_free(appliance->tunnels);
	services_free(appliance->services);
	redundancy_free(appliance->redundancy);
	learnt_free(appliance->learnt);
	speaker_free(appliance->speaker);
	rendered_clear(&appliance->rendered);
	if (appliance->document)
		document_free(appliance->document);
	g_free(appliance->reason);
	g_free(appliance);
}

/* Who made the machine may have set it, and let nobody else. */
static bool set_sysctl(const char *name, const char *value, GError **error)
{
	g_autofree char *path = g_strconcat("/proc/sys/net/", name, NULL);
	g_autofree char *now = NULL;
	FILE *file;
	bool ok;

	if (g_file_get_contents(path, &now, NULL, NULL) && !strcmp(g_strchomp(now), value))
		return true;
	file = fopen(path, "we");
	ok = file && fputs(value, file) >= 0;
	if (file && fclose(file))
		ok = false;
	return ok || weft_fail_errno(error, errno, "write %s to %s", value, path);
}

static bool has_ipv6(void)
{
	return g_file_test("/proc/sys/net/ipv6", G_FILE_TEST_EXISTS);
}

/* Without promotion an address that goes would take the others of its prefix with it. */
bool appliance_set_sysctls(GError **error)
{
	return set_sysctl("ipv4/conf/all/promote_secondaries", "1", error) &&
	       set_sysctl("ipv4/ip_forward", "1", error) &&
	       (!has_ipv6() || set_sysctl("ipv6/conf/all/forwarding", "1", error));
}

static bool run_on(const struct appliance *appliance, enum render_file file, const char *program,
	const char *option, GError **error)
{
	g_autofree char *path = path_of(appliance, file);
	const char *const argv[] = { program, option, path, NULL };

	return program_run(argv, NULL, error);
}

static bool is_in(unsigned changed, enum render_file file)
{
	return changed & 1u << file;
}

static bool apply_network(struct appliance *appliance, GError **error)
{
	static const char *const flush[] = { "ip", "-6", "route", "flush", "proto",
		G_STRINGIFY(RENDER_ROUTE_PROTOCOL), NULL };

	if ((has_ipv6() && !program_run(flush, NULL, error)) ||
		!run_on(appliance, RENDER_NETWORK, "ip", "-batch", error))
		return false;
	announcer_set(appliance->announcer, appliance->document);
	return true;
}

/* Only one that has, or had, rules of NICs has counters of them. */
static void forget_rules(struct appliance *appliance)
{
	bool has = appliance->document->guards->len > 0;

	if (has || appliance->had_guards)
		counted_forget(appliance->document);
	appliance->had_guards = has;
}

bool appliance_apply_network(struct appliance *appliance, GError **error)
{
	return link_prepare(appliance->document, error) && apply_network(appliance, error);
}

bool appliance_apply_filter_anew(struct appliance *appliance, const char *commands, GError **error)
{
	g_autofree char *path = path_of(appliance, RENDER_NFTABLES);
	g_autofree char *text = g_strdup_printf("%sinclude \"%s\"", commands, path);
	const char *const argv[] = { "nft", text, NULL };

	appliance->life = (u32)g_random_int_range(1, G_MAXINT32);
	return program_run(argv, NULL, error);
}

/* What the kernel translates it asks the filter about once for each connection. */
static bool apply_filter(struct appliance *appliance, GError **error)
{
	if (!run_on(appliance, RENDER_NFTABLES, "nft", "-f", error) ||
		(appliance->translates_otherwise && !stale_forget(appliance->document, error)))
		return false;
	appliance->translates_otherwise = false;
	forget_rules(appliance);
	return true;
}

/* The filter is there before addresses are, and before anything is forwarded. */
static bool apply(struct appliance *appliance, unsigned changed, GError **error)
{
	services_end_unwanted(appliance->services, appliance->document);
	return (!is_in(changed, RENDER_NFTABLES) || apply_filter(appliance, error)) &&
	       events_set(appliance->events, appliance->document, error) &&
	       appliance_set_sysctls(error) && link_prepare(appliance->document, error) &&
	       (!is_in(changed, RENDER_NETWORK) || apply_network(appliance, error)) &&
	       redundancy_set(
		       appliance->redundancy, appliance->document->redundancy.enabled, error) &&
	       apply_services(appliance, changed, error);
}

static bool is_newer(
	const struct appliance *appliance, const struct document *document, GError **error)
{
	const struct document *now = appliance->document;

	if (now && strcmp(now->id, document->id))
		return weft_fail(
			error, CONFLICT, "This is appliance %s, not %s.", now->id, document->id);
	return !now || document->revision >= now->revision ||
	       weft_fail(error, CONFLICT,
		       "Revision %" G_GUINT64_FORMAT " is older than %" G_GUINT64_FORMAT
		       ", which is here.",
		       (guint64)document->revision, (guint64)now->revision);
}

/* Takes it over: from now on this is what is wanted, whether it can be done or not. Returns what of
 * it may be left as it is: nothing, if it is the same revision again or the last one has failed. */
static unsigned adopt(struct appliance *appliance, struct document *document)
{
	const struct render_place place = { appliance->folder, appliance->api_port };
	bool anew = !appliance->document || appliance->reason ||
		    appliance->document->revision == document->revision;

	appliance->translates_otherwise |= stale_may_be(appliance->document, document);
	tunnels_pause(appliance->tunnels);
	if (appliance->document)
		document_free(appliance->document);
	appliance->document = document;
	rendered_clear(&appliance->rendered);
	render(document, &place, &appliance->rendered);
	return anew ? EVERYTHING : 0;
}

bool appliance_configure(struct appliance *appliance, const char *text, size_t len, GError **error)
{
	g_autoptr(document) document = document_parse(text, len, error);
	GError *failed = NULL;
	unsigned changed, anew;
	bool ok;

	if (!document || !is_newer(appliance, document, error))
		return false;
	anew = adopt(appliance, g_steal_pointer(&document));
	g_clear_pointer(&appliance->reason, g_free);
	repair_begin(appliance->repair);
	ok = files_write(appliance->folder, &appliance->rendered, &changed, &failed) &&
	     apply(appliance, changed | anew, &failed);
	repair_settled(appliance->repair);
	if (ok) {
		log_info("revision %" G_GUINT64_FORMAT " is applied",
			(guint64)appliance->document->revision);
		return true;
	}
	appliance->reason = g_strdup(failed->message);
	g_propagate_error(error, failed);
	return false;
}
