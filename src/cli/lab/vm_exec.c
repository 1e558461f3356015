/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/lab/vm.h"

void vm_output_init(struct vm_output *output, const char *nonce)
{
	*output = (struct vm_output){
		.begin = g_strdup_printf("\nWEFT-BEGIN %s\n", nonce),
		.end = g_strdup_printf("\nWEFT-END %s ", nonce),
		.pending = g_string_new(NULL),
	};
}

void vm_output_clear(struct vm_output *output)
{
	g_free(output->begin);
	g_free(output->end);
	g_string_free(output->pending, TRUE);
}

/* Drops everything before the first line, or all that can't be its beginning. */
static void find_begin(struct vm_output *output)
{
	GString *pending = output->pending;
	char *at = memmem(pending->str, pending->len, output->begin, strlen(output->begin));

	if (at) {
		g_string_erase(pending, 0, at - pending->str + (gssize)strlen(output->begin));
		output->begun = true;
	} else if (pending->len > strlen(output->begin)) {
		g_string_erase(pending, 0, (gssize)(pending->len - strlen(output->begin)));
	}
}

void vm_output_feed(struct vm_output *output, const char *bytes, size_t len, GString *text)
{
	GString *pending = g_string_append_len(output->pending, bytes, (gssize)len);
	size_t end_len = strlen(output->end);

	if (!output->begun)
		find_begin(output);
	if (!output->begun || output->done)
		return;
	char *at = memmem(pending->str, pending->len, output->end, end_len);
	size_t n = at			    ? (size_t)(at - pending->str)
		   : pending->len > end_len ? pending->len - end_len
					    : 0;

	g_string_append_len(text, pending->str, (gssize)n);
	g_string_erase(pending, 0, (gssize)n);
	if (at && memchr(pending->str + 1, '\n',
			  pending->len - 1)) { /* the status is there in full */
		output->status = atoi(pending->str + end_len);
		output->done = true;
	}
}

static bool converse(GSocketConnection *connection, struct vm_output *output, const char *request,
	FILE *out, GError **error)
{
	GInputStream *input = g_io_stream_get_input_stream(G_IO_STREAM(connection));
	GOutputStream *to = g_io_stream_get_output_stream(G_IO_STREAM(connection));

	if (!g_output_stream_write_all(to, request, strlen(request), NULL, NULL, error))
		return false;
	while (!output->done) {
		g_autoptr(GString) text = g_string_new(NULL);
		char bytes[4096];
		gssize n = g_input_stream_read(input, bytes, sizeof(bytes), NULL, error);

		if (n <= 0)
			return n < 0 ? false
				     : weft_fail(error, UNAVAILABLE, "the machine has ended");
		vm_output_feed(output, bytes, (size_t)n, text);
		if (out) {
			fwrite(text->str, 1, text->len, out);
			fflush(out);
		}
	}
	return true;
}

/* QEMU talks to one client at a time; the others wait here. */
static int lock(const struct lab *lab, const struct guest *guest, GError **error)
{
	g_autofree char *path = lab_path(lab, "guest-%s/exec.lock", guest->name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		weft_fail_errno(error, errno, "lock %s", path);
	return fd;
}

bool vm_exec(const struct lab *lab, const struct guest *guest, const char *command, FILE *out,
	int *ret_status, GError **error)
{
	g_autofree char *path = lab_path(lab, "guest-%s/exec.sock", guest->name);
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
	g_autofree char *nonce = g_uuid_string_random();
	g_autofree char *coded = g_base64_encode((const guchar *)command, strlen(command));
	g_autofree char *request = g_strdup_printf("run %s %s\n", nonce, coded);
	g_autoptr(GError) problem = NULL;
	struct vm_output output;
	int fd = lock(lab, guest, error);

	if (fd < 0)
		return false;
	g_autoptr(GSocketConnection) connection =
		g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, &problem);

	vm_output_init(&output, nonce);
	bool done = connection && converse(connection, &output, request, out, &problem);

	if (done)
		*ret_status = output.status;
	else
		weft_fail(error, UNAVAILABLE, "the virtual machine %s does not answer: %s",
			guest->name, problem->message);
	vm_output_clear(&output);
	close(fd);
	return done;
}
