/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sync/fields.h"

static bool element_peer(const json_t *element, void *ret, GError **error)
{
	struct record_bgp_peer *peer = ret;

	return field_ip(element, "peer_ip", &peer->ip, error) &&
	       field_uint(element, "remote_as", 1, G_MAXUINT32, &peer->as, error) &&
	       field_optional_string(element, "password", &peer->password, error);
}

static void clear_peer(gpointer peer)
{
	g_free(((struct record_bgp_peer *)peer)->password);
}

/* A line of bgpd's configuration is made of it. */
static bool check_passwords(const GArray *peers, GError **error)
{
	for (guint i = 0; i < peers->len; i++) {
		const char *c = g_array_index(peers, struct record_bgp_peer, i).password;

		for (; c && *c; c++)
			if (!g_ascii_isgraph(*c))
				return weft_fail(error, BAD_REQUEST,
					"password must be ASCII without white space");
	}
	return true;
}

bool decode_bgp_speaker(const json_t *data, struct record *ret, GError **error)
{
	struct record_bgp_speaker *speaker = &ret->bgp_speaker;
	u32 version = 0;

	speaker->networks = g_array_new(FALSE, TRUE, sizeof(struct uuid));
	speaker->peers = g_array_new(FALSE, TRUE, sizeof(struct record_bgp_peer));
	g_array_set_clear_func(speaker->peers, clear_peer);
	if (!field_uint(data, "local_as", 1, G_MAXUINT32, &speaker->as, error) ||
		!field_uint(data, "ip_version", 4, 6, &version, error) ||
		!field_array(data, "networks", element_uuid, speaker->networks, error) ||
		!field_array(data, "peers", element_peer, speaker->peers, error) ||
		!field_optional_bool(
			data, "advertise_floating_ip_host_routes", &speaker->floating_ips, error) ||
		!field_optional_bool(
			data, "advertise_tenant_networks", &speaker->tenant_networks, error))
		return false;
	speaker->family = (u8)version;
	return check_passwords(speaker->peers, error);
}

void clear_bgp_speaker(struct record *record)
{
	g_clear_pointer(&record->bgp_speaker.networks, g_array_unref);
	g_clear_pointer(&record->bgp_speaker.peers, g_array_unref);
}
