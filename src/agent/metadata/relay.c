/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/metadata/relay.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "agent/metadata/relay_namespace.h"
#include "agent/service/port.h"
#include "base/log.h"

#define SLOTS_MAX 65536 /* (port, address) that are known at a time */
#define FIRST_NUMBER 256u
#define LAST_NUMBER 0xfffffeu
#define PACKET_MAX 2048
#define ETHERTYPE_AT 12

/* What stands for fe80::a9fe:a9fe in the namespace. */
static const struct ip inside_ip6 = { .family = 6, .b = { 0xfd, 0, 0xa9, 0xfe, [15] = 1 } };

/* An address of a port that has asked. */
struct slot {
	struct uuid port; /* with `guest` the key */
	struct ip guest;
	struct mac mac;
	u32 number; /* its address in the namespace */
	GList link; /* in `used`, the one that was used last at the end */
};

struct relay {
	struct relay_namespace namespace;
	relay_send_fn send;
	void *user;
	GHashTable *by_guest, *by_number;
	GQueue used;
	u32 last_number;
	guint source;
};

static guint slot_hash(gconstpointer data)
{
	const struct slot *slot = data;

	return uuid_hash(&slot->port) * 31 + ip_hash(&slot->guest);
}

static gboolean slot_equal(gconstpointer a, gconstpointer b)
{
	const struct slot *x = a, *y = b;

	return uuid_equal(&x->port, &y->port) && !ip_compare(&x->guest, &y->guest);
}

static void forget(struct relay *relay, struct slot *slot)
{
	g_queue_unlink(&relay->used, &slot->link);
	g_hash_table_remove(relay->by_number, GUINT_TO_POINTER(slot->number));
	g_hash_table_remove(relay->by_guest, slot);
	g_free(slot);
}

static u32 free_number(struct relay *relay)
{
	do
		relay->last_number =
			relay->last_number >= LAST_NUMBER ? FIRST_NUMBER : relay->last_number + 1;
	while (g_hash_table_contains(relay->by_number, GUINT_TO_POINTER(relay->last_number)));
	return relay->last_number;
}

static struct slot *slot_of(
	struct relay *relay, const struct uuid *port, const struct ip *guest, const u8 *mac)
{
	struct slot key = { .port = *port, .guest = *guest };
	struct slot *slot = g_hash_table_lookup(relay->by_guest, &key);

	if (!slot) {
		if (relay->used.length >= SLOTS_MAX)
			forget(relay, relay->used.head->data);
		slot = g_memdup2(&key, sizeof(key));
		slot->number = free_number(relay);
		slot->link.data = slot;
		g_hash_table_add(relay->by_guest, slot);
		g_hash_table_insert(relay->by_number, GUINT_TO_POINTER(slot->number), slot);
	} else {
		g_queue_unlink(&relay->used, &slot->link);
	}
	g_queue_push_tail_link(&relay->used, &slot->link);
	memcpy(slot->mac.b, mac, sizeof(slot->mac.b));
	return slot;
}

static struct ip inside_address(u8 family, u32 number)
{
	struct ip ip = family == 4 ? (struct ip){ .family = 4, .b = { 10 } } : inside_ip6;
	u8 *at = ip.b + (family == 4 ? 0 : 12);

	at[1] = (u8)(number >> 16);
	at[2] = (u8)(number >> 8);
	at[3] = (u8)number;
	return ip;
}

static struct slot *slot_at(const struct relay *relay, const struct ip *inside)
{
	const u8 *at = inside->b + (inside->family == 4 ? 0 : 12);
	u32 number = (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
	struct slot *slot = g_hash_table_lookup(relay->by_number, GUINT_TO_POINTER(number));

	return slot && slot->guest.family == inside->family ? slot : NULL;
}

void relay_frame(struct relay *relay, const struct uuid *port, const u8 *frame, size_t len)
{
	u8 packet[PACKET_MAX];
	struct ip src, dst, inside;
	const struct slot *slot;

	if (len <= FRAME_ETHERNET_BYTES || len - FRAME_ETHERNET_BYTES > sizeof(packet))
		return;
	len -= FRAME_ETHERNET_BYTES;
	memcpy(packet, frame + FRAME_ETHERNET_BYTES, len);
	if (!relay_addresses(packet, len, &src, &dst) ||
		(ip_compare(&dst, &metadata_ip4) && ip_compare(&dst, &metadata_ip6)))
		return;
	slot = slot_of(relay, port, &src, frame + 6);
	inside = inside_address(src.family, slot->number);
	if (relay_rewrite(packet, &len, &inside, src.family == 4 ? &metadata_ip4 : &inside_ip6) &&
		write(relay->namespace.tun, packet, len) < 0)
		log_limited(warning, "metadata: %s", g_strerror(errno));
}

static void give_back(struct relay *relay, u8 *packet, size_t len)
{
	const struct slot *slot;
	struct ip src, dst;
	struct frame frame;

	if (!relay_addresses(packet, len, &src, &dst))
		return;
	slot = slot_at(relay, &dst);
	if (!slot || len + FRAME_ETHERNET_BYTES > sizeof(frame.data) ||
		!relay_rewrite(packet, &len, src.family == 4 ? &metadata_ip4 : &metadata_ip6,
			&slot->guest))
		return;
	memcpy(frame.data, slot->mac.b, sizeof(slot->mac.b));
	memcpy(frame.data + 6, service_mac.b, sizeof(service_mac.b));
	memcpy(frame.data + ETHERTYPE_AT, src.family == 4 ? "\x08\x00" : "\x86\xdd", 2);
	memcpy(frame.data + FRAME_ETHERNET_BYTES, packet, len);
	frame.len = len + FRAME_ETHERNET_BYTES;
	relay->send(&slot->port, &frame, relay->user);
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct relay *relay = data;
	u8 packet[PACKET_MAX];
	ssize_t n;

	(void)condition;
	while ((n = read(fd, packet, sizeof(packet))) > 0)
		give_back(relay, packet, (size_t)n);
	return G_SOURCE_CONTINUE;
}

struct relay *relay_new(relay_send_fn send, void *user, int ret_listeners[static 2], GError **error)
{
	struct relay_namespace namespace;
	struct relay *relay;

	if (!relay_namespace_make(&namespace, error))
		return NULL;
	relay = g_new0(struct relay, 1);
	relay->namespace = namespace;
	relay->send = send;
	relay->user = user;
	relay->by_guest = g_hash_table_new(slot_hash, slot_equal);
	relay->by_number = g_hash_table_new(NULL, NULL);
	g_queue_init(&relay->used);
	relay->source = g_unix_fd_add(namespace.tun, G_IO_IN, readable, relay);
	memcpy(ret_listeners, namespace.listeners, sizeof(namespace.listeners));
	return relay;
}

void relay_free(struct relay *relay)
{
	g_source_remove(relay->source);
	close(relay->namespace.tun);
	while (relay->used.length)
		forget(relay, relay->used.head->data);
	g_hash_table_unref(relay->by_guest);
	g_hash_table_unref(relay->by_number);
	g_free(relay);
}

void relay_port_gone(struct relay *relay, const struct uuid *port)
{
	GList *next;

	for (GList *link = relay->used.head; link; link = next) {
		struct slot *slot = link->data;

		next = link->next;
		if (uuid_equal(&slot->port, port))
			forget(relay, slot);
	}
}

bool relay_who(const struct relay *relay, const struct ip *peer, struct uuid *ret)
{
	const struct slot *slot = slot_at(relay, peer);

	if (slot)
		*ret = slot->port;
	return slot != NULL;
}
