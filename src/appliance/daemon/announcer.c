/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/announcer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define TICKS 16 /* it is told at tick 1, 2, 4, 8 and 16 */

struct address {
	char device[DEVICE_STRLEN];
	struct mac mac;
	struct ip ip;
	unsigned ticks;
	bool wanted;
};

struct announcer {
	GHashTable *addresses; /* a set of struct address, all that it has */
	guint timer;
};

struct arp_frame {
	struct ether_header eth;
	struct ether_arp arp;
} __attribute__((packed));

struct na_frame {
	struct ether_header eth;
	struct ip6_hdr ip;
	struct nd_neighbor_advert na;
	struct nd_opt_hdr option;
	struct mac mac;
} __attribute__((packed));

static guint address_hash(gconstpointer data)
{
	const struct address *address = data;

	return g_str_hash(address->device) ^ ip_hash(&address->ip);
}

static gboolean address_equal(gconstpointer a, gconstpointer b)
{
	const struct address *one = a, *other = b;

	return !strcmp(one->device, other->device) && ip_equal(&one->ip, &other->ip) &&
	       !mac_compare(&one->mac, &other->mac);
}

static size_t make_arp(const struct address *address, struct arp_frame *ret)
{
	*ret = (struct arp_frame){ .eth.ether_type = htons(ETHERTYPE_ARP),
		.arp.ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETHERTYPE_IP),
			.ar_hln = ETH_ALEN,
			.ar_pln = 4,
			.ar_op = htons(ARPOP_REQUEST) } };
	memset(ret->eth.ether_dhost, 0xff, ETH_ALEN);
	memcpy(ret->eth.ether_shost, address->mac.b, ETH_ALEN);
	memcpy(ret->arp.arp_sha, address->mac.b, ETH_ALEN);
	memcpy(ret->arp.arp_spa, address->ip.b, 4);
	memcpy(ret->arp.arp_tpa, address->ip.b, 4);
	return sizeof(*ret);
}

/* The sum of 16 bit words (RFC 1071), of which there is an even number of bytes. */
static u32 sum_of(const void *bytes, size_t len, u32 sum)
{
	const u8 *at = bytes;

	for (size_t i = 0; i < len; i += 2)
		sum += (u32)(at[i] << 8 | at[i + 1]);
	return sum;
}

static u16 checksum_of(const struct na_frame *frame)
{
	u32 len = sizeof(*frame) - offsetof(struct na_frame, na);
	u32 sum = sum_of(&frame->ip.ip6_src, 32, len + IPPROTO_ICMPV6); /* RFC 8200, 8.1 */

	sum = sum_of(&frame->na, len, sum);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((u16) ~(sum + (sum >> 16)));
}

static size_t make_na(const struct address *address, struct na_frame *ret)
{
	static const u8 all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	static const u8 all_nodes_mac[ETH_ALEN] = { 0x33, 0x33, [5] = 1 };

	*ret = (struct na_frame){ .eth.ether_type = htons(ETHERTYPE_IPV6),
		.ip.ip6_plen = htons(sizeof(*ret) - offsetof(struct na_frame, na)),
		.ip.ip6_nxt = IPPROTO_ICMPV6,
		.ip.ip6_hlim = 255,
		.na.nd_na_type = ND_NEIGHBOR_ADVERT,
		.na.nd_na_flags_reserved = ND_NA_FLAG_ROUTER | ND_NA_FLAG_OVERRIDE,
		.option = { .nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1 },
		.mac = address->mac };
	ret->ip.ip6_vfc = 6 << 4;
	memcpy(ret->eth.ether_dhost, all_nodes_mac, ETH_ALEN);
	memcpy(ret->eth.ether_shost, address->mac.b, ETH_ALEN);
	memcpy(&ret->ip.ip6_src, address->ip.b, 16);
	memcpy(&ret->ip.ip6_dst, all_nodes, 16);
	memcpy(&ret->na.nd_na_target, address->ip.b, 16);
	ret->na.nd_na_cksum = checksum_of(ret);
	return sizeof(*ret);
}

static bool send_one(int fd, const struct address *address)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(address->device) };
	union {
		struct arp_frame arp;
		struct na_frame na;
	} frame;
	size_t len = address->ip.family == 4 ? make_arp(address, &frame.arp)
					     : make_na(address, &frame.na);

	return sendto(fd, &frame, len, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)len;
}

/* False: all has been told. */
static bool tell(struct announcer *announcer)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	bool more = false, failed = fd < 0;
	struct address *address;
	GHashTableIter i;

	g_hash_table_iter_init(&i, announcer->addresses);
	while (g_hash_table_iter_next(&i, (gpointer *)&address, NULL)) {
		if (address->ticks == TICKS)
			continue;
		address->ticks++;
		more |= address->ticks < TICKS;
		if (!failed && !(address->ticks & (address->ticks - 1)))
			failed = !send_one(fd, address);
	}
	if (failed)
		log_warning("neighbours can't be told of addresses: %s", g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return more;
}

static gboolean on_second(gpointer data)
{
	struct announcer *announcer = data;

	if (tell(announcer))
		return G_SOURCE_CONTINUE;
	announcer->timer = 0;
	return G_SOURCE_REMOVE;
}

struct announcer *announcer_new(void)
{
	struct announcer *announcer = g_new0(struct announcer, 1);

	announcer->addresses = g_hash_table_new_full(address_hash, address_equal, g_free, NULL);
	return announcer;
}

void announcer_free(struct announcer *announcer)
{
	g_clear_handle_id(&announcer->timer, g_source_remove);
	g_hash_table_unref(announcer->addresses);
	g_free(announcer);
}

static void want(struct announcer *announcer, const struct document_interface *interface)
{
	/* A MAC that two have must not be heard of by who is not master. */
	if (!mac_is_zero(&interface->virtual_mac))
		return;
	for (guint i = 0; i < interface->addresses->len; i++) {
		struct address made = { .mac = interface->mac,
			.ip = g_array_index(interface->addresses, struct prefix, i).ip };
		struct address *address;

		g_strlcpy(made.device, interface->name, sizeof(made.device));
		address = g_hash_table_lookup(announcer->addresses, &made);
		if (!address) {
			address = g_memdup2(&made, sizeof(made));
			g_hash_table_add(announcer->addresses, address);
		}
		address->wanted = true;
	}
}

static gboolean is_gone(gpointer key, gpointer value, gpointer data)
{
	struct address *address = key;
	bool gone = !address->wanted;

	(void)value;
	(void)data;
	address->wanted = false;
	return gone;
}

void announcer_set(struct announcer *announcer, const struct document *document)
{
	for (guint i = 0; i < document->interfaces->len; i++)
		want(announcer, &g_array_index(document->interfaces, struct document_interface, i));
	g_hash_table_foreach_remove(announcer->addresses, is_gone, NULL);
	if (tell(announcer) && !announcer->timer)
		announcer->timer = g_timeout_add_seconds(1, on_second, announcer);
}
