/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab exec`: a command in a guest or on a host. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/lab/commands.h"
#include "cli/lab/vm.h"

/* Becomes `ip netns exec`, which also puts the guest's resolv.conf in place. */
static bool exec_netns(const char *netns, char *const *words, GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	g_ptr_array_add(argv, (gpointer) "ip");
	g_ptr_array_add(argv, (gpointer) "netns");
	g_ptr_array_add(argv, (gpointer) "exec");
	g_ptr_array_add(argv, (gpointer)netns);
	for (; *words; words++)
		g_ptr_array_add(argv, *words);
	g_ptr_array_add(argv, NULL);
	execvp("ip", (char **)argv->pdata);
	return weft_fail_errno(error, errno, "run 'ip'");
}

/* Exits with the command's status, as `exec_netns` does. */
static bool exec_vm(
	const struct lab *lab, const struct guest *guest, char *const *words, GError **error)
{
	g_autoptr(GString) command = g_string_new(NULL);
	int status;

	for (; *words; words++) {
		g_autofree char *quoted = g_shell_quote(*words);

		g_string_append_printf(command, "%s%s", command->len ? " " : "", quoted);
	}
	if (!vm_exec(lab, guest, command->str, stdout, &status, error))
		return false;
	exit(status);
}

static bool lab_exec(struct cli *cli, GError **error)
{
	g_autoptr(lab) lab = lab_of(cli, error);
	const char *node = cli_argument(cli, 0);
	char *const *words = (char **)cli->arguments->pdata + 1;

	if (!lab)
		return false;
	bool host = node[0] == 'h' && strspn(node + 1, "0123456789") == strlen(node + 1) && node[1];
	g_autofree char *netns = lab_netns(lab, node);

	if (host)
		return lab_host(lab, node, error) && exec_netns(netns, words, error);
	g_autoptr(guest) guest = guest_load(lab, node, error);

	if (!guest)
		return false;
	return guest->vm ? exec_vm(lab, guest, words, error) : exec_netns(netns, words, error);
}

const struct command lab_exec_command = {
	.words = "lab exec",
	.summary = "Run a command in a guest, or on a hypervisor",
	.arguments = "NAME -- COMMAND…",
	.details =
		"Options stand before NAME. The exit code is the command's. In a virtual machine the command has no "
		"standard input, and its two outputs are one.",
	.examples = "weft lab exec a -- ping -c 3 10.0.0.4\nweft lab exec h1 -- ip address\n"
		    "weft lab exec --lab six a -- dig b",
	.options = { lab_options },
	.flags = COMMAND_REST,
	.run = lab_exec,
};
