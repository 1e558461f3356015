/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/services.h"

#include <signal.h>
#include <string.h>

#include "appliance/daemon/haproxy.h"
#include "appliance/kernel.h"
#include "appliance/program.h"

#define FOLDER "{folder}" /* of the rendered files, in arguments */
#define FILE_BIT(file) (1u << (file))

struct service {
	const char *name; /* of the status */
	bool (*is_wanted)(const struct document *document);
	const char *const *argv;  /* stays in the foreground, and writes FOLDER "/NAME.pid" */
	const char *const *check; /* fails if the files are wrong; NULL: nothing can tell */
	void (*before_reload)(const char *folder); /* NULL: nothing is to be saved for it */
	const char *const *reload;		   /* tells the daemon, NULL: reload_signal does */
	int reload_signal;
	unsigned restart_on, reload_on; /* files */
	bool master_only;		/* who is not master has not the addresses that it needs */
	const char *lock;		/* a killed one leaves it, and the next would not start */
};

struct services {
	const char *folder;
	struct daemon **daemons; /* one of each service */
	bool standby;
};

static bool wants_dnsmasq(const struct document *document)
{
	return document->dhcp.enabled || document->dns.enabled;
}

static bool wants_metadata(const struct document *document)
{
	return document->metadata.enabled;
}

static const char *const metadata[] = { "/proc/self/exe", "--metadata", FOLDER "/metadata.json",
	NULL };

static const char *const dnsmasq[] = { "dnsmasq", "--keep-in-foreground", "--log-facility=-",
	"--conf-file=" FOLDER "/dnsmasq.conf", "--pid-file=" FOLDER "/dnsmasq.pid", NULL };
static const char *const dnsmasq_check[] = { "dnsmasq", "--test",
	"--conf-file=" FOLDER "/dnsmasq.conf", NULL };

static bool wants_haproxy(const struct document *document)
{
	for (guint i = 0; i < document->load_balancers->len; i++)
		if (g_array_index(document->load_balancers, struct balancer, i).listeners->len)
			return true;
	return false; /* it would not run */
}

/* -W: a master, which stays, and a worker, which a reload replaces without a gap. */
static const char *const haproxy[] = { "haproxy", "-W", "-f", FOLDER "/haproxy.cfg", "-p",
	FOLDER "/haproxy.pid", NULL };
static const char *const haproxy_check[] = { "haproxy", "-c", "-q", "-f", FOLDER "/haproxy.cfg",
	NULL };

static bool wants_redundancy(const struct document *document)
{
	return document->redundancy.enabled;
}

static bool wants_bgpd(const struct document *document)
{
	return document->bgp.enabled;
}

/* --skip_runas: there is no other user to be. */
#define BGPD "/usr/lib/frr/bgpd", "--skip_runas", "--no_zebra", "--config_file", FOLDER "/bgpd.conf"
static const char *const bgpd[] = { BGPD, "--pid_file", FOLDER "/bgpd.pid", "--vty_socket", FOLDER,
	"--vty_port", "0", NULL };
static const char *const bgpd_check[] = { BGPD, "--dryrun", NULL };

static const char *const keepalived[] = { "keepalived", "--vrrp", "--dont-fork", "--log-console",
	"--use-file=" FOLDER "/keepalived.conf", "--pid=" FOLDER "/keepalived.pid",
	"--vrrp_pid=" FOLDER "/keepalived-vrrp.pid", NULL };
static const char *const keepalived_check[] = { "keepalived", "--vrrp", "--config-test",
	"--use-file=" FOLDER "/keepalived.conf", NULL };
static const char *const conntrackd[] = { "conntrackd", "-C", FOLDER "/conntrackd.conf", NULL };

static bool wants_charon(const struct document *document)
{
	return document->ipsec->len && kernel_has_esp();
}

static bool wants_charon_user(const struct document *document)
{
	return document->ipsec->len && !kernel_has_esp();
}

static bool wants_wireguard_go(const struct document *document)
{
	return document->wireguard.enabled && !kernel_has_wireguard();
}

static bool wants_gre(const struct document *document)
{
	return document->gre->len && !kernel_has_gre();
}

static const char *const charon[] = { "env", "STRONGSWAN_CONF=" FOLDER "/strongswan.conf",
	"charon-systemd", NULL };
static const char *const charon_user[] = { "env", "STRONGSWAN_CONF=" FOLDER "/strongswan-user.conf",
	"charon-systemd", NULL };
static const char *const wireguard_go[] = { "wireguard-go", "--foreground", WIREGUARD_DEVICE,
	NULL };
static const char *const gre[] = { "/proc/self/exe", "--gre", FOLDER "/gre.conf", NULL };

/* In the order in which they start. */
static const struct service services[] = {
	{ .name = "dnsmasq",
		.is_wanted = wants_dnsmasq,
		.argv = dnsmasq,
		.check = dnsmasq_check,
		.reload_signal = SIGHUP,
		.restart_on = FILE_BIT(RENDER_DNSMASQ),
		.reload_on = FILE_BIT(RENDER_DHCP_HOSTS) | FILE_BIT(RENDER_DNS_HOSTS),
		.master_only = true },
	{ .name = "metadata",
		.is_wanted = wants_metadata,
		.argv = metadata }, /* it looks at its file by itself */
	{ .name = "charon",
		.is_wanted = wants_charon,
		.argv = charon,
		.restart_on = FILE_BIT(RENDER_STRONGSWAN),
		.master_only = true },
	{ .name = "charon-libipsec",
		.is_wanted = wants_charon_user,
		.argv = charon_user,
		.restart_on = FILE_BIT(RENDER_STRONGSWAN_USER),
		.master_only = true },
	{ .name = "wireguard-go",
		.is_wanted = wants_wireguard_go,
		.argv = wireguard_go,
		.master_only = true },
	{ .name = "gre",
		.is_wanted = wants_gre,
		.argv = gre,
		.restart_on = FILE_BIT(RENDER_GRE),
		.master_only = true },
	{ .name = "haproxy",
		.is_wanted = wants_haproxy,
		.argv = haproxy,
		.check = haproxy_check,
		.before_reload = haproxy_save_state,
		.reload_signal = SIGUSR2,
		.reload_on = FILE_BIT(RENDER_HAPROXY) | FILE_BIT(RENDER_CERTIFICATES) },
	{ .name = "bgpd",
		.is_wanted = wants_bgpd,
		.argv = bgpd,
		.check = bgpd_check,
		.restart_on = FILE_BIT(RENDER_BGPD),
		.master_only = true },
	{ .name = "conntrackd",
		.is_wanted = wants_redundancy,
		.argv = conntrackd,
		.restart_on = FILE_BIT(RENDER_CONNTRACKD),
		.lock = "conntrackd.lock" },
	{ .name = "keepalived", /* the last: who is master must be able to serve */
		.is_wanted = wants_redundancy,
		.argv = keepalived,
		.check = keepalived_check,
		.reload_signal = SIGHUP,
		.reload_on = FILE_BIT(RENDER_KEEPALIVED) },
};

static char **expand(const char *const *argv, const char *folder)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (; *argv; argv++) {
		g_auto(GStrv) parts = g_strsplit(*argv, FOLDER, -1);
		g_autofree char *argument = g_strjoinv(folder, parts);

		g_strv_builder_add(builder, argument);
	}
	return g_strv_builder_end(builder);
}

static bool run(const struct services *all, const char *const *argv, GError **error)
{
	g_auto(GStrv) expanded = expand(argv, all->folder);

	return program_run((const char *const *)expanded, NULL, error);
}

struct services *services_new(const char *folder)
{
	struct services *all = g_new0(struct services, 1);

	all->folder = folder;
	all->daemons = g_new0(struct daemon *, G_N_ELEMENTS(services));
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
		g_auto(GStrv) argv = expand(services[i].argv, folder);
		g_autofree char *pid_file = g_strdup_printf("%s/%s.pid", folder, services[i].name);

		all->daemons[i] = daemon_new((const char *const *)argv, pid_file);
		if (services[i].lock)
			daemon_set_lock(all->daemons[i], folder, services[i].lock);
	}
	return all;
}

void services_free(struct services *all)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++)
		daemon_free(all->daemons[i]);
	g_free(all->daemons);
	g_free(all);
}

/* One that does not run reads its files when it starts. */
static bool reload(const struct services *all, unsigned i, GError **error)
{
	if (!daemon_pid(all->daemons[i]))
		return true;
	if (services[i].before_reload)
		services[i].before_reload(all->folder);
	if (services[i].reload)
		return run(all, services[i].reload, error);
	daemon_signal(all->daemons[i], services[i].reload_signal);
	return true;
}

static bool apply_one(const struct services *all, unsigned i, unsigned changed, GError **error)
{
	const struct service *service = &services[i];

	if (changed & (service->restart_on | service->reload_on) && service->check &&
		!run(all, service->check, error))
		return false;
	if (changed & service->restart_on)
		daemon_stop(all->daemons[i]);
	else if (changed & service->reload_on && !reload(all, i, error))
		return false;
	daemon_start(all->daemons[i]);
	return true;
}

void services_end_unwanted(struct services *all, const struct document *document)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++)
		if (!services[i].is_wanted(document))
			daemon_stop(all->daemons[i]);
}

bool services_apply(
	struct services *all, const struct document *document, unsigned changed, GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++)
		if (!services[i].is_wanted(document) || (services[i].master_only && all->standby))
			daemon_stop(all->daemons[i]);
		else if (!apply_one(all, i, changed, error))
			return false;
	return true;
}

void services_set_standby(struct services *all, bool standby)
{
	all->standby = standby;
}

const char *services_reason(const struct services *all)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++)
		if (daemon_reason(all->daemons[i]))
			return daemon_reason(all->daemons[i]);
	return NULL;
}

void services_append(const struct services *all, struct json_writer *w)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
		const struct daemon *daemon = all->daemons[i];

		jw_key(w, services[i].name);
		jw_begin_object(w);
		jw_member_bool(w, "wanted", daemon_wanted(daemon));
		jw_member_bool(w, "running", daemon_pid(daemon) != 0);
		jw_member_int(w, "pid", daemon_pid(daemon));
		jw_member_int(w, "restarts", daemon_restarts(daemon));
		jw_member_string(w, "reason", daemon_reason(daemon));
		jw_member_string(w, "last_end", daemon_last_end(daemon));
		jw_end_object(w);
	}
}

void services_append_repairs(const struct services *all, struct json_writer *w)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
		g_autofree char *name = g_strconcat("daemon ", services[i].name, NULL);
		unsigned restarts = daemon_restarts(all->daemons[i]);

		if (!restarts)
			continue;
		jw_key(w, name);
		jw_begin_object(w);
		jw_member_int(w, "count", restarts);
		jw_member_string(w, "reason", daemon_last_end(all->daemons[i]));
		jw_end_object(w);
	}
}
