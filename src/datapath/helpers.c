/* SPDX-License-Identifier: Apache-2.0 */
/* Conntrack helpers, the packets that they punt, and the connections that these announce. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "datapath/internal.h"
#include "edge.skel.h"

_Static_assert(DP_HELPER_FTP == (int)EDGE_HELPER_FTP && DP_HELPER_SIP == (int)EDGE_HELPER_SIP &&
		       DP_PUNT_HELPED == (int)PUNT_HELPED && DP_PUNT_EXPECTED == (int)PUNT_EXPECTED,
	"same order");

#define ATTEMPTS 24

static struct helper_key key_of(const struct dp_conntrack_helper *helper)
{
	return (struct helper_key){ .router = { (u32)helper->router, (u32)(helper->router >> 32) },
		.port = htons(helper->port),
		.proto = helper->proto };
}

/* The data path asks for helpers only where there are any. */
static bool set_helped(struct dp *dp, GError **error)
{
	dp->host.helped = dp->n_entries[TABLE_HELPERS] > 0;
	return host_raise_epoch(dp, error);
}

bool dp_conntrack_helper_put(
	struct dp *dp, const struct dp_conntrack_helper *helper, GError **error)
{
	struct helper_key key = key_of(helper);
	struct helper value = { .kind = helper->helper }, known;
	enum table_change change;
	u32 ifindex;

	if (!shaper_pair(dp, &ifindex, error))
		return false;
	if (table_get(dp, TABLE_HELPERS, &key, &known) && known.kind == value.kind) {
		table_keep(dp, TABLE_HELPERS, &key);
		return true;
	}
	return table_put(dp, TABLE_HELPERS, &key, &value, &change, error) && set_helped(dp, error);
}

bool helper_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_HELPERS, key, error) && set_helped(dp, error);
}

bool dp_conntrack_helper_remove(
	struct dp *dp, const struct dp_conntrack_helper *helper, GError **error)
{
	struct helper_key key = key_of(helper);
	struct helper known;

	return !table_get(dp, TABLE_HELPERS, &key, &known) || known.kind != helper->helper ||
	       helper_drop(dp, &key, error);
}

bool dp_punt_helped(
	const u8 *bytes, size_t len, struct dp_helped *ret, const u8 **ret_frame, size_t *ret_len)
{
	struct helped about;

	if (len < sizeof(about) + ETH_HLEN)
		return false;
	memcpy(&about, bytes, sizeof(about));
	*ret = (struct dp_helped){ .router = (u64)about.router[1] << 32 | about.router[0],
		.vni = about.vni,
		.port = about.port,
		.helper = (enum dp_helper)about.kind,
		.out = about.to.is_source,
		.to_server = about.flags & HELPED_TO_SERVER,
		.to = about.to.addr,
		.to_port = about.to.has_port ? ntohs(about.to.port) : 0,
		.segment = (u16)(about.flags >> HELPED_SEGMENT_SHIFT) };
	*ret_frame = bytes + sizeof(about);
	*ret_len = len - sizeof(about);
	return true;
}

/* A socket whose packets carry the mark; -1 on failure. */
static int marked_socket(GError **error)
{
	const u32 mark = EDGE_HELPED_MARK;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark))) {
		weft_fail_errno(error, errno, "Can't open a packet socket with a mark");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

bool dp_helped_send(
	struct dp *dp, const struct dp_helped *helped, const u8 *frame, size_t len, GError **error)
{
	struct helped_back back = { .vni = helped->vni, .port = helped->port, .out = helped->out };
	struct iovec parts[] = { { (void *)frame, ETH_HLEN }, { &back, sizeof(back) },
		{ (void *)(frame + ETH_HLEN), len - ETH_HLEN } };
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
	struct msghdr message = { .msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = parts,
		.msg_iovlen = G_N_ELEMENTS(parts) };
	u32 ifindex;

	if (len <= ETH_HLEN)
		return weft_fail(error, INTERNAL, "A packet of %zu bytes can't go on.", len);
	if (!shaper_pair(dp, &ifindex, error) ||
		(dp->helped_fd < 0 && (dp->helped_fd = marked_socket(error)) < 0))
		return false;
	to.sll_ifindex = (int)ifindex;
	memcpy(to.sll_addr, frame, ETH_ALEN);
	return sendmsg(dp->helped_fd, &message, 0) >= 0 ||
	       weft_fail_errno(error, errno, "Can't give a packet of %zu bytes back", len);
}

/* In, the network is that of the router's gateway. False: it has none. */
static bool expectation_key(struct dp *dp, const struct dp_expectation *e, struct nat_key *ret)
{
	struct router_key router = { .router = { (u32)e->router, (u32)(e->router >> 32) } };
	struct gateway gateway;

	*ret = (struct nat_key){ .scope = { router.router[0], router.router[1] },
		.kind = FLOW_KIND(e->proto, NAT_OUT),
		.src = e->guest,
		.dst = e->peer,
		.ports = (u32)htons(e->peer_port) << 16 };
	if (e->out)
		return true;
	if (!table_get(dp, TABLE_GATEWAYS, &router, &gateway))
		return false;
	*ret = (struct nat_key){ .scope = { gateway.vni, 0 },
		.kind = FLOW_KIND(e->proto, NAT_IN),
		.src = e->peer,
		.dst = e->outside,
		.ports = (u32)htons(e->outside_port) << 16 };
	return true;
}

/* What the ports of an address are from which one may be taken. */
struct ports {
	u16 first;
	u32 n;
};

static struct ports ports_of(struct dp *dp, const struct dp_expectation *e)
{
	struct router_key router = { .router = { (u32)e->router, (u32)(e->router >> 32) } };
	struct gateway gateway;

	if (table_get(dp, TABLE_GATEWAYS, &router, &gateway) && gateway.ip4 == e->outside)
		return (struct ports){ gateway.port_first, gateway.n_ports };
	return (struct ports){ DP_SNAT_PORT_FIRST, DP_SNAT_PORTS_ALL };
}

static bool is_forwarded(struct dp *dp, const struct nat_key *key)
{
	struct forward_key by = { .prefix_bits = FORWARD_KEY_BITS,
		.scope = { key->scope[0], key->scope[1] },
		.addr = key->dst,
		.kind = (u16)key->kind,
		.port = (u16)(key->ports >> 16) };
	struct forward forward;

	return !bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.forwards), &by, &forward);
}

/* Which port the @attempt-th try takes: the one that is wanted, then any that is odd or even as
 * that (RFC 4787 section 4.2.2). Ranges begin even and are even. */
static u16 candidate(const struct ports *ports, u16 wanted, unsigned attempt)
{
	u16 port;

	if (!attempt && (u32)wanted - ports->first < ports->n)
		return wanted;
	port = (u16)(ports->first + (u32)g_random_int_range(0, (gint32)ports->n));
	return (u16)(port ^ ((port ^ wanted) & 1));
}

bool dp_expectation_put(struct dp *dp, struct dp_expectation *e, GError **error)
{
	struct expectation value = { { (u32)e->router, (u32)(e->router >> 32) }, e->helper };
	int fd = bpf_map__fd(dp->edge->maps.expectations);
	struct ports ports = ports_of(dp, e);
	u16 wanted = e->outside_port;
	struct nat_key key;

	for (unsigned i = 0; i < (e->out ? 1 : ATTEMPTS) && ports.n; i++) {
		if (!e->out)
			e->outside_port = candidate(&ports, wanted, i);
		if (!expectation_key(dp, e, &key))
			break;
		if (!e->out && is_forwarded(dp, &key))
			continue;
		if (!bpf_map_update_elem(fd, &key, &value, e->out ? BPF_ANY : BPF_NOEXIST))
			return true;
		if (errno != EEXIST)
			return weft_fail_errno(error, errno, "Can't expect a connection");
	}
	return weft_fail(error, TOO_LARGE,
		"Can't expect a connection: the router's address has no port left for it.");
}

void dp_expectation_remove(struct dp *dp, const struct dp_expectation *e)
{
	struct nat_key key;

	if (expectation_key(dp, e, &key))
		bpf_map_delete_elem(bpf_map__fd(dp->edge->maps.expectations), &key);
}

void dp_expectations_clear(struct dp *dp)
{
	int fd = bpf_map__fd(dp->edge->maps.expectations);
	struct nat_key key;

	while (!bpf_map_get_next_key(fd, NULL, &key) && !bpf_map_delete_elem(fd, &key))
		;
}

/* The connection's keys in nats, of its ports as they are known now. */
static bool connection_keys(struct dp *dp, const struct dp_expectation *e, u16 port,
	struct nat_key *ret_in, struct nat_key *ret_out)
{
	struct dp_expectation in = *e, out = *e;

	in.out = false;
	out.out = true;
	out.peer_port = e->out ? e->peer_port : port;
	if (!expectation_key(dp, &in, ret_in) || !expectation_key(dp, &out, ret_out))
		return false;
	ret_in->ports |= htons(out.peer_port);
	ret_out->ports |= htons(e->guest_port);
	return true;
}

static bool write_connection(struct dp *dp, const struct dp_expectation *e,
	const u32 owner[static 2], const struct nat_key *in, const struct nat_key *out)
{
	int fd = bpf_map__fd(dp->edge->maps.nats);
	struct nat value = { .seen = ticks_now(),
		.router = { (u32)e->router, (u32)(e->router >> 32) },
		.owner = { owner[0], owner[1] },
		.addr = e->guest,
		.port = htons(e->guest_port) };

	if (bpf_map_update_elem(fd, in, &value, BPF_NOEXIST))
		return false;
	value.addr = e->outside;
	value.port = htons(e->outside_port);
	value.flags = NAT_EXPECTED;
	if (!bpf_map_update_elem(fd, out, &value, BPF_ANY))
		return true;
	bpf_map_delete_elem(fd, in);
	return false;
}

/* A packet the other way has been here first. */
static bool is_made(struct dp *dp, const struct dp_expectation *e, u16 port)
{
	struct nat_key key;
	struct nat known;

	if (!expectation_key(dp, e, &key))
		return false;
	key.ports |= htons(port); /* in either direction that of who opens */
	if (bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.nats), &key, &known))
		return false;
	return !e->out || (known.flags & NAT_EXPECTED && known.addr == e->outside);
}

bool dp_expectation_fulfil(
	struct dp *dp, const struct dp_expectation *expectation, u16 port, GError **error)
{
	struct dp_expectation e = *expectation;
	struct ports ports = ports_of(dp, &e);
	const u32 router[] = { (u32)e.router, (u32)(e.router >> 32) };
	u32 owner[2];
	struct nat_key in, out;

	if (is_made(dp, &e, port))
		return true;
	if (!nats_take(dp, router, owner))
		return weft_fail(error, TOO_LARGE,
			"Can't expect a connection: the router's project has as many as it may have.");
	if (e.out)
		e.guest_port = port;
	for (unsigned i = 0; i < (e.out ? ATTEMPTS : 1) && ports.n; i++) {
		if (e.out)
			e.outside_port = candidate(&ports, port, i);
		if (!connection_keys(dp, &e, port, &in, &out))
			break;
		if (!(e.out && is_forwarded(dp, &in)) && write_connection(dp, &e, owner, &in, &out))
			return true;
	}
	nats_release(dp, owner);
	return weft_fail(error, TOO_LARGE,
		"Can't translate an expected connection: the address has no port left for it.");
}
