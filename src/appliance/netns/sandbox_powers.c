/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/netns/sandbox_parts.h"

/* To set up its own network; dnsmasq becomes another user, and is told so by signals. */
static const unsigned kept[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_SETUID,
	CAP_SETGID, CAP_KILL };

static bool is_kept(unsigned capability)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		if (kept[i] == capability)
			return true;
	return false;
}

static bool set_capabilities(GError **error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
		data[CAP_TO_INDEX(kept[i])].permitted |= CAP_TO_MASK(kept[i]);
		data[CAP_TO_INDEX(kept[i])].effective |= CAP_TO_MASK(kept[i]);
	}
	return !syscall(SYS_capset, &header, data) ||
	       weft_fail_errno(error, errno, "drop capabilities");
}

/* The bounding set is what programs that root starts get at most. */
bool sandbox_drop_powers(GError **error)
{
	for (unsigned i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (!is_kept(i) && prctl(PR_CAPBSET_DROP, i))
			return weft_fail_errno(error, errno, "drop capability %u", i);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return weft_fail_errno(error, errno, "give up new privileges");
	return set_capabilities(error);
}

/* About the machine, its kernel, other processes, and new namespaces: nothing that a daemon of an
 * appliance does, and much that ways out were made of. */
static const int refused[] = { SCMP_SYS(acct), SCMP_SYS(add_key), SCMP_SYS(adjtimex), SCMP_SYS(bpf),
	SCMP_SYS(chroot), SCMP_SYS(clock_adjtime), SCMP_SYS(clock_settime), SCMP_SYS(delete_module),
	SCMP_SYS(fanotify_init), SCMP_SYS(finit_module), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
	SCMP_SYS(fsopen), SCMP_SYS(fspick), SCMP_SYS(init_module), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(io_uring_setup), SCMP_SYS(ioperm), SCMP_SYS(iopl),
	SCMP_SYS(kcmp), SCMP_SYS(kexec_file_load), SCMP_SYS(kexec_load), SCMP_SYS(keyctl),
	SCMP_SYS(lookup_dcookie), SCMP_SYS(mount), SCMP_SYS(mount_setattr), SCMP_SYS(move_mount),
	SCMP_SYS(move_pages), SCMP_SYS(name_to_handle_at), SCMP_SYS(nfsservctl),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(open_tree), SCMP_SYS(perf_event_open),
	SCMP_SYS(personality), SCMP_SYS(pivot_root), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(ptrace), SCMP_SYS(quotactl), SCMP_SYS(reboot),
	SCMP_SYS(request_key), SCMP_SYS(setdomainname), SCMP_SYS(sethostname), SCMP_SYS(setns),
	SCMP_SYS(settimeofday), SCMP_SYS(swapoff), SCMP_SYS(swapon), SCMP_SYS(syslog),
	SCMP_SYS(umount2), SCMP_SYS(unshare), SCMP_SYS(userfaultfd), SCMP_SYS(vhangup) };

static const scmp_datum_t namespaces[] = { CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS,
	CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS };

/* Devices; a FIFO is made by the same call. */
static const scmp_datum_t devices[] = { S_IFBLK, S_IFCHR };

static int add_device_rules(scmp_filter_ctx filter)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < G_N_ELEMENTS(devices); i++) {
		failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mknod), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, S_IFMT, devices[i]));
		if (!failed)
			failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mknodat),
				1, SCMP_A2(SCMP_CMP_MASKED_EQ, S_IFMT, devices[i]));
	}
	return failed;
}

/* Flags of clone3() can't be looked at: without it clone() is used. */
static int add_rules(scmp_filter_ctx filter)
{
	int failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (size_t i = 0; !failed && i < G_N_ELEMENTS(refused); i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	for (size_t i = 0; !failed && i < G_N_ELEMENTS(namespaces); i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	return failed ? failed : add_device_rules(filter);
}

bool sandbox_filter_calls(GError **error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int failed = filter ? add_rules(filter) : -ENOMEM;

	if (!failed)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	return !failed || weft_fail_errno(error, -failed, "filter system calls");
}
