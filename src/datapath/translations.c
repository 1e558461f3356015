/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translated connections of a guest that moves, where hosts share the router's address: read on the
 * host that it leaves, which keeps them, because the port is its own and the answers come to it;
 * put on the host that it goes to, which sends by the same port.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "datapath/internal.h"
#include "edge.skel.h"

#define BATCH 1024

_Static_assert((int)DP_TRANSLATION_REPLIED == (int)NAT_REPLIED &&
		       (int)DP_TRANSLATION_FIN_OUT == (int)NAT_FIN_OUT &&
		       (int)DP_TRANSLATION_FIN_IN == (int)NAT_FIN_IN,
	"one meaning");
#define CARRIED (NAT_REPLIED | NAT_FIN_OUT | NAT_FIN_IN)

static struct ip ip4_of(be32 address)
{
	struct ip ip = { .family = 4 };

	memcpy(ip.b, &address, 4);
	return ip;
}

static be32 be32_of(const struct ip *ip)
{
	be32 address;

	memcpy(&address, ip->b, 4);
	return address;
}

static u64 router_of(const u32 words[static 2])
{
	return words[0] | (u64)words[1] << 32;
}

static struct dp_translation translation_of(
	const struct nat_key *in, const struct nat *nat, u32 now)
{
	s32 idle = (s32)(now - nat->seen);

	return (struct dp_translation){ .router = router_of(nat->router),
		.guest = ip4_of(nat->addr),
		.remote = ip4_of(in->src),
		.address = ip4_of(in->dst),
		.proto = (u8)in->kind,
		.flags = nat->flags & CARRIED,
		.guest_port = GUINT16_FROM_BE(nat->port),
		.remote_port = GUINT16_FROM_BE((u16)in->ports),
		.port = GUINT16_FROM_BE((u16)(in->ports >> 16)),
		.idle_s = idle > 0 ? (u32)idle : 0 };
}

static bool is_open(const struct nat *nat)
{
	const u8 closed = NAT_FIN_OUT | NAT_FIN_IN;

	return !(nat->flags & NAT_RESET) && (nat->flags & closed) != closed;
}

void dp_translations_each(
	struct dp *dp, u64 router, const struct ip *guest, dp_translation_fn fn, void *data)
{
	int fd = bpf_map__fd(dp->edge->maps.nats), rc;
	g_autofree struct nat_key *keys = g_new(struct nat_key, BATCH);
	g_autofree struct nat *nats = g_new(struct nat, BATCH);
	u32 cursor = 0, count, now = ticks_now();
	bool first = true;

	do {
		count = BATCH;
		rc = bpf_map_lookup_batch(
			fd, first ? NULL : &cursor, &cursor, keys, nats, &count, NULL);
		if (rc && errno != ENOENT)
			return;
		for (u32 i = 0; i < count; i++) {
			struct dp_translation translation = translation_of(&keys[i], &nats[i], now);

			if (keys[i].kind >> 8 == NAT_IN && is_open(&nats[i]) &&
				translation.router == router &&
				!ip_compare(&translation.guest, guest))
				fn(&translation, data);
		}
		first = false;
	} while (!rc);
}

static bool is_mine(struct dp *dp, const struct dp_translation *translation, u32 *ret_vni)
{
	struct router_key router = { .router = { (u32)translation->router,
					     (u32)(translation->router >> 32) } };
	struct gateway gateway;

	if (!table_get(dp, TABLE_GATEWAYS, &router, &gateway) || !gateway.n_ports ||
		gateway.ip4 != be32_of(&translation->address))
		return false;
	*ret_vni = gateway.vni;
	return true;
}

/* What was made here for the same connection before it was told of; the verdict that says so too.
 */
static bool forget_former(
	struct dp *dp, u32 vni, const struct nat_key *out, const struct nat *now, GError **error)
{
	int fd = bpf_map__fd(dp->edge->maps.nats);
	struct nat former;
	struct nat_key in;

	if (bpf_map_lookup_elem(fd, out, &former) ||
		(former.addr == now->addr && former.port == now->port))
		return true;
	in = nats_way_in(vni, out, &former);
	if (!bpf_map_delete_elem(fd, &in))
		nats_release(dp, former.owner);
	bpf_map_delete_elem(fd, out);
	return host_raise_epoch(dp, error);
}

bool dp_translation_put(struct dp *dp, const struct dp_translation *t, GError **error)
{
	int fd = bpf_map__fd(dp->edge->maps.nats);
	struct nat nat = { .seen = ticks_now() - t->idle_s,
		.router = { (u32)t->router, (u32)(t->router >> 32) },
		.addr = be32_of(&t->guest),
		.port = GUINT16_TO_BE(t->guest_port),
		.flags = t->flags & CARRIED };
	struct nat_key out, in = { .kind = FLOW_KIND(t->proto, (u32)NAT_IN),
		.src = be32_of(&t->remote),
		.dst = be32_of(&t->address),
		.ports = (u32)GUINT16_TO_BE(t->remote_port) | (u32)GUINT16_TO_BE(t->port) << 16 };
	struct nat old;

	if (!is_mine(dp, t, &in.scope[0]))
		return weft_fail(error, CONFLICT,
			"this host has no ports of the router's address to send from");
	out = nats_way_out(&in, &nat);
	if (!bpf_map_lookup_elem(fd, &in, &old)) {
		if (old.addr != nat.addr || old.port != nat.port)
			return weft_fail(error, CONFLICT, "another guest has the port");
		memcpy(nat.owner, old.owner, sizeof(nat.owner));
	} else if (!nats_take(dp, nat.router, nat.owner)) {
		return weft_fail(error, OVER_QUOTA,
			"its project has as many translated connections as it may have");
	}
	if (bpf_map_update_elem(fd, &in, &nat, BPF_ANY)) {
		weft_fail_errno(error, errno, "Can't take over a translation");
		nats_release(dp, nat.owner);
		return false;
	}
	nat.addr = be32_of(&t->address);
	nat.port = GUINT16_TO_BE(t->port);
	nat.flags = NAT_TAKEN_OVER;
	if (!forget_former(dp, in.scope[0], &out, &nat, error))
		return false;
	return !bpf_map_update_elem(fd, &out, &nat, BPF_ANY) ||
	       weft_fail_errno(error, errno, "Can't take over a translation");
}
