/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/packet/events.h"

#include <netinet/in.h>
#include <string.h>

#include "appliance/packet/nflog.h"
#include "appliance/render/render.h"

#define EVENTS_MAX 4096
#define RECENT_US (10 * G_USEC_PER_SEC)
enum { WORD_ACTION, WORD_DIRECTION, WORD_INTERFACE, WORD_RULE, N_WORDS };

struct events {
	struct nflog *nflog; /* NULL: nothing is written down */
	GQueue lines;	     /* JSON texts; the last one has the number next - 1 */
	s64 last_us;	     /* when there was one */
	u64 next;
};

struct events *events_new(void)
{
	struct events *events = g_new0(struct events, 1);

	g_queue_init(&events->lines);
	return events;
}

void events_free(struct events *events)
{
	nflog_free(events->nflog);
	g_queue_clear_full(&events->lines, g_free);
	g_free(events);
}

static void write_transport(const struct logged_packet *packet, struct json_writer *w)
{
	bool icmp = packet->proto == (packet->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	if (!packet->has_ports)
		return;
	jw_member_int(w, icmp ? "icmp_type" : "src_port", icmp ? packet->icmp_type : packet->sport);
	jw_member_int(w, icmp ? "icmp_code" : "dst_port", icmp ? packet->icmp_code : packet->dport);
	if (packet->proto == IPPROTO_TCP)
		jw_member_int(w, "tcp_flags", packet->tcp_flags);
}

static void write_packet(const struct logged_packet *packet, struct json_writer *w)
{
	char mac[MAC_STRLEN], ip[IP_STRLEN];

	jw_member_string(w, "src_mac", mac_format(&packet->src_mac, mac));
	jw_member_string(w, "dst_mac", mac_format(&packet->dst_mac, mac));
	jw_member_int(w, "ip_version", packet->family);
	jw_member_int(w, "protocol", packet->proto);
	jw_member_string(w, "src_ip", ip_format(&packet->src, ip));
	jw_member_string(w, "dst_ip", ip_format(&packet->dst, ip));
	write_transport(packet, w);
	jw_member_int(w, "bytes", packet->bytes);
}

static void told(const struct logged_packet *packet, void *data)
{
	g_auto(GStrv) words = g_strsplit(packet->prefix, " ", N_WORDS);
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	struct events *events = data;
	bool has_rule = g_strv_length(words) == N_WORDS && strcmp(words[WORD_RULE], "-") != 0;

	if (g_strv_length(words) != N_WORDS || !packet->family) {
		g_string_free(text, TRUE);
		return;
	}
	jw_begin_object(&w);
	jw_member_int(&w, "time_us", packet->time_us);
	jw_member_string(&w, "action", words[WORD_ACTION]);
	jw_member_string(&w, "direction", words[WORD_DIRECTION]);
	jw_member_string(&w, "interface", words[WORD_INTERFACE]);
	jw_member_string(&w, "rule_id", has_rule ? words[WORD_RULE] : NULL);
	write_packet(packet, &w);
	jw_end_object(&w);
	if (events->lines.length >= EVENTS_MAX)
		g_free(g_queue_pop_head(&events->lines));
	g_queue_push_tail(&events->lines, g_string_free(text, FALSE));
	events->next++;
	events->last_us = g_get_monotonic_time();
}

static bool any_is_logged(const struct document *document)
{
	for (guint i = 0; document && i < document->guards->len; i++) {
		const struct document_guard *guard =
			&g_array_index(document->guards, struct document_guard, i);

		if (guard->log_accept || guard->log_drop)
			return true;
	}
	return false;
}

bool events_set(struct events *events, const struct document *document, GError **error)
{
	if (!any_is_logged(document)) {
		g_clear_pointer(&events->nflog, nflog_free);
		return true;
	}
	if (!events->nflog)
		events->nflog = nflog_new(RENDER_LOG_GROUP, RENDER_LOG_BYTES, told, events, error);
	return events->nflog != NULL;
}

void events_append(const struct events *events, u64 since, struct json_writer *w)
{
	u64 first = events->next - events->lines.length, from = CLAMP(since, first, events->next);
	const GList *line = g_queue_peek_nth_link((GQueue *)&events->lines, (guint)(from - first));

	jw_member_int(w, "first", (s64)from);
	jw_member_int(w, "next", (s64)events->next);
	jw_member_int(w, "lost", events->nflog ? (s64)nflog_lost(events->nflog) : 0);
	jw_key(w, "events");
	jw_begin_array(w);
	for (; line; line = line->next)
		jw_raw(w, line->data, strlen(line->data));
	jw_end_array(w);
}

bool events_are_recent(const struct events *events)
{
	return events->last_us && g_get_monotonic_time() - events->last_us < RECENT_US;
}
