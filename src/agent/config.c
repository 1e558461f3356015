/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include <net/if.h>
#include <string.h>

#include "base/key_file.h"
#include "datapath/datapath.h"

#define GROUP "agent"
#define LOG_GROUP "network_log"
#define LOG_RATE_MAX 1000000
#define MAPPING_NAME_MAX 64 /* provider:physical_network */

/* A list without empty elements and without blanks around each. */
static char **get_list(GKeyFile *file, const char *key)
{
	g_auto(GStrv) raw = g_key_file_get_string_list(file, GROUP, key, NULL, NULL);
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();

	for (char **text = raw; text && *text; text++)
		if (*g_strstrip(*text))
			g_strv_builder_add(list, *text);
	return g_strv_builder_end(list);
}

static bool read_host(GKeyFile *file, struct config *config, GError **error)
{
	config->host = key_file_text(file, GROUP, "host", NULL);
	if (!config->host || !*config->host)
		return weft_fail(error, INVALID_INPUT,
			"host: must be this host's name at the controller, such as h1");
	return true;
}

static bool read_controllers(GKeyFile *file, struct config *config, GError **error)
{
	config->controllers = get_list(file, "controller");
	for (char **url = config->controllers; *url; url++) {
		if (!g_str_has_prefix(*url, "http://") && !g_str_has_prefix(*url, "https://"))
			return weft_fail(error, INVALID_INPUT,
				"controller: \"%s\" must be a URL such as https://10.0.0.1:9696",
				*url);
		if (!g_uri_is_valid(*url, G_URI_FLAGS_NONE, error)) {
			g_prefix_error(error, "controller: \"%s\": ", *url);
			return false;
		}
		while (g_str_has_suffix(*url, "/"))
			(*url)[strlen(*url) - 1] = '\0';
	}
	return true;
}

static bool read_credential(GKeyFile *file, struct config *config, GError **error)
{
	g_autofree char *path = key_file_text(file, GROUP, "credential-file", NULL);

	config->credential = path ? key_file_secret(path, "credential-file", 1, error) : NULL;
	return !path || config->credential;
}

static bool read_tunnel_ips(GKeyFile *file, struct config *config, GError **error)
{
	g_auto(GStrv) list = get_list(file, "tunnel-ips");

	for (char **text = list; *text; text++) {
		struct ip ip, *slot;

		if (!ip_parse(*text, &ip) || ip_is_multicast(&ip))
			return weft_fail(error, INVALID_INPUT,
				"tunnel-ips: \"%s\" must be an IP address of this host", *text);
		slot = ip.family == 4 ? &config->tunnel_ip4 : &config->tunnel_ip6;
		if (slot->family)
			return weft_fail(error, INVALID_INPUT,
				"tunnel-ips: at most one address of each family; \"%s\" is a second",
				*text);
		*slot = ip;
	}
	return true;
}

static void clear_mapping(gpointer data)
{
	struct config_mapping *mapping = data;

	g_free(mapping->physical_network);
	g_free(mapping->device);
}

static bool add_mapping(
	GArray *mappings, const char *physical_network, const char *device, GError **error)
{
	struct config_mapping mapping;

	for (guint i = 0; i < mappings->len; i++) {
		const struct config_mapping *other =
			&g_array_index(mappings, struct config_mapping, i);

		if (!strcmp(other->physical_network, physical_network))
			return weft_fail(error, INVALID_INPUT,
				"bridge-mappings: physical network \"%s\" is mapped twice",
				physical_network);
		if (!strcmp(other->device, device))
			return weft_fail(error, INVALID_INPUT,
				"bridge-mappings: device \"%s\" can't carry both %s and %s", device,
				other->physical_network, physical_network);
	}
	mapping = (struct config_mapping){ g_strdup(physical_network), g_strdup(device) };
	g_array_append_val(mappings, mapping);
	return true;
}

/* "public:eth1, physnet2:eth2", as Neutron's agents have it. */
static bool read_bridge_mappings(GKeyFile *file, struct config *config, GError **error)
{
	g_autofree char *text = key_file_text(file, GROUP, "bridge-mappings", "");
	g_auto(GStrv) items = g_strsplit(text, ",", -1);

	config->bridge_mappings = g_array_new(FALSE, FALSE, sizeof(struct config_mapping));
	g_array_set_clear_func(config->bridge_mappings, clear_mapping);
	for (char **item = items; *item; item++) {
		g_auto(GStrv) parts = g_strsplit(g_strstrip(*item), ":", -1);

		if (!**item)
			continue;
		if (g_strv_length(parts) != 2 || !*g_strstrip(parts[0]) ||
			strlen(parts[0]) > MAPPING_NAME_MAX || !*g_strstrip(parts[1]) ||
			strlen(parts[1]) >= IFNAMSIZ)
			return weft_fail(error, INVALID_INPUT,
				"bridge-mappings: \"%s\" must be a physical network and the device that carries it, such as public:eth1",
				*item);
		if (!add_mapping(config->bridge_mappings, parts[0], parts[1], error))
			return false;
	}
	return true;
}

static bool read_metrics_port(GKeyFile *file, struct config *config, GError **error)
{
	g_autofree char *text = key_file_text(file, GROUP, "metrics-port", "0");
	guint64 port;

	if (!g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &port, NULL))
		return weft_fail(error, INVALID_INPUT,
			"metrics-port: \"%s\" must be a number from 0 to 65535", text);
	config->metrics_port = (u16)port;
	return true;
}

static bool read_uplink_kbps(GKeyFile *file, struct config *config, GError **error)
{
	g_autofree char *text = key_file_text(file, GROUP, "uplink-kbps", "0");
	guint64 kbps;

	if (!g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX, &kbps, NULL))
		return weft_fail(error, INVALID_INPUT,
			"uplink-kbps: \"%s\" must be what an uplink carries in kilobits a second, such as 10000000",
			text);
	config->uplink_kbps = (u32)kbps;
	return true;
}

static bool read_quota(GKeyFile *file, const char *key, u32 *ret, GError **error)
{
	g_autofree char *text = key_file_text(file, GROUP, key, "0");
	guint64 n;

	if (!g_ascii_string_to_unsigned(text, 10, 0, INT32_MAX, &n, NULL))
		return weft_fail(error, INVALID_INPUT,
			"%s: \"%s\" must be a number of connections, or 0 for the default", key,
			text);
	*ret = (u32)n;
	return true;
}

static bool read_quotas(GKeyFile *file, struct config *config, GError **error)
{
	return read_quota(file, "connections-per-port", &config->connections_per_port, error) &&
	       read_quota(file, "half-open-per-port", &config->half_open_per_port, error) &&
	       read_quota(
		       file, "connections-per-project", &config->connections_per_project, error) &&
	       read_quota(
		       file, "translations-per-project", &config->translations_per_project, error);
}

static bool read_bfd(GKeyFile *file, struct config *config, GError **error)
{
	g_autofree char *text = key_file_text(file, GROUP, "bfd", "on");

	config->bfd = strcmp(text, "on") == 0;
	return config->bfd || strcmp(text, "off") == 0 ||
	       weft_fail(error, INVALID_INPUT, "bfd: \"%s\" must be on or off", text);
}

static bool read_log_number(
	GKeyFile *file, const char *key, guint64 fallback, u32 *ret, GError **error)
{
	g_autofree char *text = g_key_file_get_string(file, LOG_GROUP, key, NULL);
	guint64 number = fallback;

	if (text &&
		!g_ascii_string_to_unsigned(g_strstrip(text), 10, 1, LOG_RATE_MAX, &number, NULL))
		return weft_fail(error, INVALID_INPUT,
			"[" LOG_GROUP "] %s: \"%s\" must be a number of events from 1 to %d", key,
			text, LOG_RATE_MAX);
	*ret = (u32)number;
	return true;
}

static bool read_log(GKeyFile *file, struct config *config, GError **error)
{
	g_autofree char *journal = g_key_file_get_string(file, LOG_GROUP, "journal", NULL);
	char *path = g_key_file_get_string(file, LOG_GROUP, "local_output_log_base", NULL);

	config->log_file = path && *g_strstrip(path) ? path : (g_free(path), NULL);
	config->log_to_journal = !journal || !strcmp(g_strstrip(journal), "on");
	if (journal && !config->log_to_journal && strcmp(journal, "off"))
		return weft_fail(error, INVALID_INPUT,
			"[" LOG_GROUP "] journal: \"%s\" must be on or off", journal);
	return read_log_number(file, "rate_limit", DP_LOG_RATE, &config->log_rate, error) &&
	       read_log_number(file, "burst_limit", DP_LOG_BURST, &config->log_burst, error);
}

static bool read_accelerator(GKeyFile *file, struct config *config, GError **error)
{
	char *text = config->appliance_accelerator =
		key_file_text(file, GROUP, "appliance-accelerator", NULL);

	return !text || !strcmp(text, "kvm") || !strcmp(text, "tcg") ||
	       weft_fail(error, INVALID_INPUT,
		       "appliance-accelerator: \"%s\" must be kvm or tcg; without it KVM is taken where there is one",
		       text);
}

static bool check_names(GKeyFile *file, GError **error)
{
	static const char *const known[] = { "host", "controller", "credential-file", "ca-file",
		"uplinks", "tunnel-ips", "state-dir", "run-dir", "bpf-dir", "metrics-port", "bfd",
		"uplink-kbps", "bridge-mappings", "connections-per-port", "half-open-per-port",
		"connections-per-project", "translations-per-project", "bgpd", "bgp-dir",
		"resolv-conf", "appliance", "appliance-images", "appliance-accelerator", "qemu",
		NULL };
	static const char *const known_of_log[] = { "rate_limit", "burst_limit",
		"local_output_log_base", "journal", NULL };
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (char **group = groups; *group; group++)
		if (strcmp(*group, GROUP) != 0 && strcmp(*group, LOG_GROUP) != 0)
			return weft_fail(error, INVALID_INPUT,
				"[%s] is no group of this file; [" GROUP "] and [" LOG_GROUP
				"] are",
				*group);
	return key_file_check(file, GROUP, known, error) &&
	       (!g_key_file_has_group(file, LOG_GROUP) ||
		       key_file_check(file, LOG_GROUP, known_of_log, error));
}

static bool read_all(GKeyFile *file, struct config *config, GError **error)
{
	if (!check_names(file, error) || !read_host(file, config, error) ||
		!read_controllers(file, config, error) || !read_credential(file, config, error) ||
		!read_tunnel_ips(file, config, error) || !read_metrics_port(file, config, error) ||
		!read_uplink_kbps(file, config, error) || !read_bfd(file, config, error) ||
		!read_bridge_mappings(file, config, error) || !read_quotas(file, config, error) ||
		!read_log(file, config, error) || !read_accelerator(file, config, error))
		return false;
	config->ca_file = key_file_text(file, GROUP, "ca-file", NULL);
	config->uplinks = get_list(file, "uplinks");
	config->state_dir = key_file_text(file, GROUP, "state-dir", "/var/lib/weft-agent");
	config->run_dir = key_file_text(file, GROUP, "run-dir", "/run/weft");
	config->bpf_dir = key_file_text(file, GROUP, "bpf-dir", "/sys/fs/bpf/weft");
	config->bgpd = key_file_text(file, GROUP, "bgpd", "/usr/lib/frr/bgpd");
	config->appliance = key_file_text(file, GROUP, "appliance", NULL);
	config->appliance_images =
		key_file_text(file, GROUP, "appliance-images", "/var/lib/weft-images");
	config->qemu = key_file_text(file, GROUP, "qemu", "qemu-system-x86_64");
	config->bgp_dir = key_file_text(file, GROUP, "bgp-dir", "/run/weft-bgp");
	config->resolv_conf = key_file_text(file, GROUP, "resolv-conf", "/etc/resolv.conf");
	return true;
}

bool config_load(const char *path, struct config **ret, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	struct config *config = g_new0(struct config, 1);

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error) ||
		!read_all(file, config, error)) {
		g_prefix_error(error, "%s: ", path);
		config_free(config);
		return false;
	}
	*ret = config;
	return true;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	g_free(config->host);
	g_strfreev(config->controllers);
	g_free(config->credential);
	g_free(config->ca_file);
	g_strfreev(config->uplinks);
	if (config->bridge_mappings)
		g_array_unref(config->bridge_mappings);
	g_free(config->state_dir);
	g_free(config->run_dir);
	g_free(config->bpf_dir);
	g_free(config->log_file);
	g_free(config->bgpd);
	g_free(config->bgp_dir);
	g_free(config->appliance);
	g_free(config->appliance_images);
	g_free(config->appliance_accelerator);
	g_free(config->qemu);
	g_free(config->resolv_conf);
	g_free(config);
}
