/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/qemu/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appliance/qemu/command.h"
#include "appliance/runtime/certificate.h"

#define BLOCK 512
#define END_BLOCKS 2

static const char settings[] = "[appliance]\n"
			       "listen = 127.0.0.1:9797\n"
			       "credential-file = /etc/weft/credential\n"
			       "tls-cert = /etc/weft/cert.pem\n"
			       "tls-key = /etc/weft/key.pem\n"
			       "tls-client-cert = /etc/weft/client.pem\n"
			       "memory-events = /proc/vmstat\n"
			       "channel = /run/channel/" QEMU_PORT "\n";

struct head {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], rest[247];
};
_Static_assert(sizeof(struct head) == BLOCK, "a block");

static void append(GByteArray *tar, const char *name, const char *text)
{
	static const u8 zeros[BLOCK];
	size_t len = strlen(text);
	struct head head = { .mode = "0000600",
		.uid = "0000000",
		.gid = "0000000",
		.mtime = "00000000000",
		.type = '0',
		.magic = "ustar",
		.version = { '0', '0' } };
	unsigned sum = 0;

	g_strlcpy(head.name, name, sizeof(head.name));
	g_snprintf(head.size, sizeof(head.size), "%011zo", len);
	memset(head.sum, ' ', sizeof(head.sum));
	for (size_t i = 0; i < sizeof(head); i++)
		sum += ((const u8 *)&head)[i];
	g_snprintf(head.sum, sizeof(head.sum), "%06o", sum);
	g_byte_array_append(tar, (const guint8 *)&head, sizeof(head));
	g_byte_array_append(tar, (const guint8 *)text, (guint)len);
	g_byte_array_append(tar, zeros, (guint)(-len % BLOCK));
}

/* QEMU wants a descriptor that can't be written to for a disk that can't. */
static int open_again(int fd)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

	return open(path, O_RDONLY | O_CLOEXEC);
}

int bundle_open(const char *credential, const struct certificates *certificates, GError **error)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	int fd, reader = -1;

	append(tar, "appliance.conf", settings);
	append(tar, "credential", credential);
	append(tar, "cert.pem", certificates->own);
	append(tar, "key.pem", certificates->own_key);
	append(tar, "client.pem", certificates->client);
	g_byte_array_set_size(tar, tar->len + END_BLOCKS * BLOCK);
	memset(tar->data + tar->len - END_BLOCKS * BLOCK, 0, END_BLOCKS * BLOCK);
	fd = memfd_create("weft-appliance", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, tar->data, tar->len) == (ssize_t)tar->len)
		reader = open_again(fd);
	if (reader < 0)
		weft_fail_errno(error, errno, "make the machine's configuration");
	if (fd >= 0)
		close(fd);
	return reader;
}
