/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of QEMU (runtime.h). QEMU gets all that it needs of us as descriptors: its NICs'
 *taps, a disk with the machine's configuration, the channel to weft-appliance; and is nobody, in a
 *sandbox of its own.
 *
 *	our API clients ── api.sock ── relay ── socket pair ── QEMU ── virtio-serial ──
 *weft-appliance
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/qemu/bundle.h"
#include "appliance/qemu/command.h"
#include "appliance/qemu/console.h"
#include "appliance/qemu/relay.h"
#include "appliance/qemu/tap.h"
#include "appliance/runtime/images.h"
#include "appliance/runtime/machine_impl.h"
#include "appliance/runtime/pci.h"
#include "base/log.h"

#define USER "nobody"
#define FIRST_FD 10 /* in QEMU */
#define MEMORY_MIN_MIB 128

struct own {
	struct relay *relay;
	struct console *console;
};

/* What QEMU gets, in its order; what is not closed yet is closed at the end. */
struct handles {
	GArray *fds;	      /* ours */
	GArray *taps, *vhost; /* numbers in QEMU */
	int config, channel;  /* numbers in QEMU */
	int relay;	      /* our end */
	bool kvm;
};

static bool check(const struct description *description, GError **error)
{
	if (!description->image)
		return weft_fail(error, INVALID_INPUT,
			"image: must be the folder or the disk that tools/build-appliance has made");
	return !description->memory_mib || description->memory_mib >= MEMORY_MIN_MIB ||
	       weft_fail(error, INVALID_INPUT,
		       "memory_mib: a virtual machine needs %d at least, as its system is in memory",
		       MEMORY_MIN_MIB);
}

static int give(struct handles *handles, int fd)
{
	g_array_append_val(handles->fds, fd);
	return FIRST_FD + (int)handles->fds->len - 1;
}

static void give_nic(struct handles *handles, int tap)
{
	int number = tap < 0 ? -1 : give(handles, tap), none = -1;
	int vhost = tap >= 0 && handles->kvm ? open("/dev/vhost-net", O_RDWR | O_CLOEXEC) : -1;

	g_array_append_val(handles->taps, number);
	if (vhost >= 0)
		none = give(handles, vhost);
	g_array_append_val(handles->vhost, none);
}

/* vfio-pci's file of the group is QEMU's, which can't take it by itself. */
static bool lend_function(const struct description_nic *nic, GError **error)
{
	const struct passwd *user = getpwnam(USER);
	g_autofree char *path = NULL;
	unsigned group = 0;

	if (!pci_set_mac(PCI_SYSFS, nic->pci, &nic->mac, error) ||
		!pci_take(PCI_SYSFS, nic->pci, &group, error))
		return false;
	path = g_strdup_printf("/dev/vfio/%u", group);
	return (user && !chown(path, user->pw_uid, 0)) ||
	       weft_fail_errno(error, errno, "give %s to QEMU", path);
}

static bool give_nics(
	struct handles *handles, const struct description *description, GError **error)
{
	for (guint i = 0; i < description->nics->len; i++) {
		const struct description_nic *nic =
			&g_array_index(description->nics, struct description_nic, i);
		int tap = *nic->pci ? -1 : tap_open(nic, error);

		if (*nic->pci ? !lend_function(nic, error) : tap < 0) {
			g_prefix_error(error, "nics[%u]: ", i);
			return false;
		}
		give_nic(handles, tap);
	}
	return true;
}

static bool give_channel(struct handles *handles, GError **error)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return weft_fail_errno(error, errno, "make a channel");
	handles->relay = pair[0];
	handles->channel = give(handles, pair[1]);
	return true;
}

static bool give_all(struct handles *handles, const struct machine *machine, GError **error)
{
	int config = bundle_open(machine->credential, machine->certificates, error);

	if (config < 0)
		return false;
	handles->config = give(handles, config);
	return give_channel(handles, error) && give_nics(handles, machine->description, error);
}

static void clear(struct handles *handles)
{
	for (guint i = 0; i < handles->fds->len; i++)
		close(g_array_index(handles->fds, int, i));
	if (handles->relay >= 0)
		close(handles->relay);
	g_array_unref(handles->fds);
	g_array_unref(handles->taps);
	g_array_unref(handles->vhost);
}

/* What the child needs to know, found out before there is one. */
struct child {
	const char *cgroup; /* its file of processes */
	uid_t uid;
	gid_t gid, kvm_gid;
	bool kvm, locks_memory;
};

static bool join(const char *cgroup)
{
	int fd = cgroup ? open(cgroup, O_WRONLY | O_CLOEXEC) : -1;
	bool ok = !cgroup || (fd >= 0 && write(fd, "0", 1) == 1);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Nothing of ours is left to it; last, as a change of who it is clears it, it ends with us. */
static void become_nobody(gpointer data)
{
	const struct child *child = data;
	const struct rlimit locked = { RLIM_INFINITY, RLIM_INFINITY };

	if (!join(child->cgroup) || (child->locks_memory && setrlimit(RLIMIT_MEMLOCK, &locked)) ||
		setgroups(child->kvm ? 1 : 0, &child->kvm_gid) ||
		setresgid(child->gid, child->gid, child->gid) ||
		setresuid(child->uid, child->uid, child->uid) || prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(126);
}

static bool prepare_child(struct child *child, const struct handles *handles,
	const struct description *description, GError **error)
{
	const struct passwd *user = getpwnam(USER);
	struct stat kvm = { 0 };

	if (!user)
		return weft_fail(error, NOT_FOUND, "there is no user " USER " for QEMU to be");
	child->uid = user->pw_uid;
	child->gid = user->pw_gid;
	child->kvm = handles->kvm && !stat(KVM_DEVICE, &kvm);
	child->kvm_gid = kvm.st_gid;
	for (guint i = 0; i < description->nics->len; i++)
		child->locks_memory |=
			*g_array_index(description->nics, struct description_nic, i).pci != 0;
	return true;
}

static bool choose_accelerator(
	struct handles *handles, const struct description *description, GError **error)
{
	g_autofree char *cpuinfo = NULL;

	if (!g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, error))
		return false;
	handles->kvm =
		description->accelerator != ACCELERATOR_TCG && kvm_is_here(cpuinfo, KVM_DEVICE);
	return handles->kvm || description->accelerator != ACCELERATOR_KVM ||
	       weft_fail(error, UNAVAILABLE,
		       "accelerator: this machine has no KVM (a processor with vmx or svm, and " KVM_DEVICE
		       "); without accelerator, or with tcg, it is emulated in software");
}

/* Both of its outputs go to the pipe whose other end is in *ret_console. */
static bool spawn(struct machine *machine, const struct handles *handles, char **argv,
	int *ret_console, GError **error)
{
	g_autofree char *procs =
		machine->cgroup ? g_build_filename(machine->cgroup, "cgroup.procs", NULL) : NULL;
	g_autofree int *sources = g_new(int, handles->fds->len + 2);
	g_autofree int *targets = g_new(int, handles->fds->len + 2);
	struct child child = { .cgroup = procs };
	guint n = handles->fds->len;
	int out[2];
	bool ok;

	if (!prepare_child(&child, handles, machine->description, error))
		return false;
	if (!g_unix_open_pipe(out, FD_CLOEXEC, error))
		return false;
	for (guint i = 0; i < n; i++) {
		sources[i] = g_array_index(handles->fds, int, i);
		targets[i] = FIRST_FD + (int)i;
	}
	for (int i = 0; i < 2; i++) {
		sources[n + (guint)i] = out[1];
		targets[n + (guint)i] = STDOUT_FILENO + i;
	}
	ok = g_spawn_async_with_pipes_and_fds(NULL, (const char *const *)argv, NULL,
		G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, become_nobody, &child, -1, -1, -1,
		sources, targets, n + 2, &machine->pid, NULL, NULL, NULL, error);
	close(out[1]);
	if (ok)
		*ret_console = out[0];
	else
		close(out[0]);
	return ok;
}

static bool launch(struct machine *machine, struct handles *handles, GError **error)
{
	const struct qemu_files files = { .program = machine->program,
		.kvm = handles->kvm,
		.config = handles->config,
		.channel = handles->channel,
		.taps = (const int *)(void *)handles->taps->data,
		.vhost = (const int *)(void *)handles->vhost->data };
	g_auto(GStrv) argv = qemu_command(machine->description, &files);
	struct own *own;
	int console = -1;

	if (!spawn(machine, handles, argv, &console, error))
		return false;
	own = g_new0(struct own, 1);
	own->console = console_new(console);
	own->relay = relay_new(machine->listening, handles->relay);
	handles->relay = -1;
	machine->own = own;
	log_info("the virtual machine runs by %s", handles->kvm ? "KVM" : "TCG, in software");
	return true;
}

static void give_back(const struct description *description)
{
	for (guint i = 0; i < description->nics->len; i++) {
		const struct description_nic *nic =
			&g_array_index(description->nics, struct description_nic, i);

		if (*nic->pci)
			pci_give_back(PCI_SYSFS, nic->pci);
	}
}

static bool start(struct machine *machine, GError **error)
{
	struct handles handles = { .fds = g_array_new(FALSE, FALSE, sizeof(int)),
		.taps = g_array_new(FALSE, FALSE, sizeof(int)),
		.vhost = g_array_new(FALSE, FALSE, sizeof(int)),
		.relay = -1 };
	bool ok = image_check(machine->description->image, error) &&
		  choose_accelerator(&handles, machine->description, error) &&
		  give_all(&handles, machine, error) && launch(machine, &handles, error);

	clear(&handles);
	if (!ok)
		give_back(machine->description);
	return ok;
}

static void ended(struct machine *machine)
{
	struct own *own = machine->own;

	relay_free(own->relay);
	console_free(own->console);
	g_free(own);
	machine->own = NULL;
	give_back(machine->description);
}

static char *last_words(const struct machine *machine)
{
	return console_last(((struct own *)machine->own)->console);
}

const struct runtime qemu_runtime = {
	.program = "weft-appliance-qemu",
	.start_s = 180,
	.uses_tls = true,
	.check = check,
	.start = start,
	.ended = ended,
	.last_words = last_words,
};
