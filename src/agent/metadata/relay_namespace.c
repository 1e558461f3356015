/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made by a thread of its own, since unshare() is about a thread: it leaves behind a device and
 * sockets that keep the namespace alive, and ends.
 */
#include "agent/metadata/relay_namespace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE "metadata"
#define MTU_BYTES 1280
#define SEGMENT_BYTES \
	1200 /* and the window: a guest's frames are short enough to be punted whole */
#define PORT 80
#define BACKLOG 256

struct making {
	struct relay_namespace *ret;
	const char *failed; /* NULL: nothing has */
	int errnum;
};

static bool fail(struct making *making, const char *what)
{
	making->failed = what;
	making->errnum = errno;
	return false;
}

static struct ifreq request(const char *device)
{
	struct ifreq ifr = { 0 };

	g_strlcpy(ifr.ifr_name, device, sizeof(ifr.ifr_name));
	return ifr;
}

static bool open_tun(struct making *making)
{
	struct ifreq ifr = request(DEVICE);
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	making->ret->tun = fd;
	if (fd < 0)
		return fail(making, "open /dev/net/tun");
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	return !ioctl(fd, TUNSETIFF, &ifr) || fail(making, "make a tun device");
}

static bool set_up(int control, const char *device)
{
	struct ifreq ifr = request(device);

	ifr.ifr_flags = IFF_UP;
	return !ioctl(control, SIOCSIFFLAGS, &ifr);
}

/* 169.254.169.254 on the device, and 10.0.0.0/8 behind it. */
static bool configure4(struct making *making, int control)
{
	struct ifreq ifr = request(DEVICE);
	struct sockaddr_in *address = (struct sockaddr_in *)&ifr.ifr_addr;
	struct rtentry route = { .rt_flags = RTF_UP, .rt_dev = (char *)DEVICE };

	ifr.ifr_mtu = MTU_BYTES;
	if (ioctl(control, SIOCSIFMTU, &ifr))
		return fail(making, "set the device's MTU");
	ifr = request(DEVICE);
	*address = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = inet_addr("169.254.169.254") };
	if (ioctl(control, SIOCSIFADDR, &ifr) || !set_up(control, DEVICE))
		return fail(making, "set the device's address");
	*(struct sockaddr_in *)&route.rt_dst = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = inet_addr("10.0.0.0") };
	*(struct sockaddr_in *)&route.rt_genmask = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = inet_addr("255.0.0.0") };
	return !ioctl(control, SIOCADDRT, &route) || fail(making, "add the route to guests");
}

/* fd00:a9fe::1/64; without IPv6 in the kernel there is none. */
static bool configure6(void)
{
	struct in6_ifreq ifr = { .ifr6_prefixlen = 64,
		.ifr6_ifindex = (int)if_nametoindex(DEVICE) };
	int control = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	inet_pton(AF_INET6, "fd00:a9fe::1", &ifr.ifr6_addr);
	ok = control >= 0 && !ioctl(control, SIOCSIFADDR, &ifr);
	if (control >= 0)
		close(control);
	return ok;
}

static int listen_at(const struct sockaddr *address, socklen_t len)
{
	const int on = 1, segment = SEGMENT_BYTES;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) ||
		setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &segment, sizeof(segment)) ||
		bind(fd, address, len) || listen(fd, BACKLOG)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool listen_all(struct making *making)
{
	const struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };

	making->ret->listeners[0] = listen_at((const struct sockaddr *)&v4, sizeof(v4));
	if (making->ret->listeners[0] < 0)
		return fail(making, "listen");
	if (configure6())
		making->ret->listeners[1] = listen_at((const struct sockaddr *)&v6, sizeof(v6));
	return true;
}

static gpointer make(gpointer data)
{
	struct making *making = data;
	int control;

	if (unshare(CLONE_NEWNET)) {
		fail(making, "make a network namespace");
		return NULL;
	}
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0)
		fail(making, "open a socket");
	else if (open_tun(making) && configure4(making, control))
		listen_all(making);
	if (control >= 0)
		close(control);
	return NULL;
}

bool relay_namespace_make(struct relay_namespace *ret, GError **error)
{
	struct relay_namespace made = { .tun = -1, .listeners = { -1, -1 } };
	struct making making = { .ret = &made };

	g_thread_join(g_thread_new("metadata", make, &making));
	if (!making.failed) {
		*ret = made;
		return true;
	}
	if (made.tun >= 0)
		close(made.tun);
	return weft_fail_errno(error, making.errnum, "The metadata service: %s", making.failed);
}
