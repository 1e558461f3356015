/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "appliance/daemon/gre.h"

#define TTL 64
#define BATCH 64 /* packets of one side before the other side's turn */

struct end {
	struct gre_tunnel tunnel;
	int device, socket;
};

/* A device without a header of its own: what is read and written are IP packets. */
static int open_device(const char *name, GError **error)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
	if (fd >= 0 && !ioctl(fd, TUNSETIFF, &request))
		return fd;
	weft_fail_errno(error, errno, "make the device %s by /dev/net/tun", name);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The kernel makes and checks the outer header; only the peer's packets come. */
static int open_socket(const struct gre_tunnel *tunnel, GError **error)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = tunnel->local };
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_addr.s_addr = tunnel->peer };
	int ttl = TTL;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_GRE);

	if (fd >= 0 && !setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)) &&
		!bind(fd, (const struct sockaddr *)&local, sizeof(local)) &&
		!connect(fd, (const struct sockaddr *)&peer, sizeof(peer)))
		return fd;
	weft_fail_errno(error, errno, "open the socket of GRE tunnel %s", tunnel->name);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What can't be sent is dropped, as on any wire. */
static void send_some(const struct end *end)
{
	u8 header[GRE_HEADER_MAX], packet[65536];

	for (unsigned i = 0; i < BATCH; i++) {
		ssize_t n = read(end->device, packet, sizeof(packet));
		size_t head;
		struct iovec parts[2];

		if (n <= 0)
			return;
		head = gre_build(&end->tunnel, packet, (size_t)n, header);
		parts[0] = (struct iovec){ header, head };
		parts[1] = (struct iovec){ packet, (size_t)n };
		if (head && writev(end->socket, parts, 2) < 0)
			continue;
	}
}

static void receive_some(const struct end *end)
{
	u8 packet[65536];

	for (unsigned i = 0; i < BATCH; i++) {
		ssize_t n = read(end->socket, packet, sizeof(packet));
		size_t outer, inner;

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < (ssize_t)sizeof(struct iphdr))
			continue; /* an ICMP error of the way, say */
		outer = (size_t)(packet[0] & 0xf) * 4;
		inner = outer < (size_t)n
				? gre_strip(&end->tunnel, packet + outer, (size_t)n - outer)
				: 0;
		if (inner &&
			write(end->device, packet + outer + inner, (size_t)n - outer - inner) < 0)
			continue;
	}
}

static GArray *open_all(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(struct end));

	if (!g_file_get_contents(path, &text, NULL, error))
		return NULL;
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line; line++) {
		struct end end;

		if (**line == '#')
			continue;
		if (!gre_parse_line(*line, &end.tunnel, error))
			return NULL;
		end.device = open_device(end.tunnel.name, error);
		end.socket = end.device < 0 ? -1 : open_socket(&end.tunnel, error);
		if (end.socket < 0)
			return NULL;
		g_array_append_val(ends, end);
	}
	return g_steal_pointer(&ends);
}

bool gre_serve(const char *path, GError **error)
{
	g_autoptr(GArray) ends = open_all(path, error);
	g_autofree struct pollfd *fds = NULL;

	if (!ends)
		return false;
	fds = g_new0(struct pollfd, 2 * ends->len);
	for (guint i = 0; i < ends->len; i++) {
		const struct end *end = &g_array_index(ends, struct end, i);

		fds[2 * i] = (struct pollfd){ .fd = end->device, .events = POLLIN };
		fds[2 * i + 1] = (struct pollfd){ .fd = end->socket, .events = POLLIN };
	}
	for (;;) {
		if (poll(fds, 2 * ends->len, -1) < 0 && errno != EINTR)
			return weft_fail_errno(error, errno, "wait for packets");
		for (guint i = 0; i < ends->len; i++) {
			const struct end *end = &g_array_index(ends, struct end, i);

			if (fds[2 * i].revents)
				send_some(end);
			if (fds[2 * i + 1].revents)
				receive_some(end);
		}
	}
}
