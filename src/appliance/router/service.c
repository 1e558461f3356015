/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A router is made with the first guest of its network, and stays until the network is gone or
 * mapped to somebody else. All that is known here follows from weftd's document and the ports that
 * name the attachment as their device; "ID.digest" remembers which document was done last.
 */
#include "appliance/router/service.h"

#include <string.h>
#include <unistd.h>

#include "appliance/router/desired.h"
#include "appliance/router/node.h"
#include "base/uuid.h"

/* The one on the guests' network goes with that network. */
#define OWNER "network:appliance"
#define OWNER_GUEST "network:dhcp"
#define DIGEST_SUFFIX ".digest"

static json_t *take(json_t *answer, const char *key)
{
	json_t *inner = json_incref(json_object_get(answer, key));

	json_decref(answer);
	return inner;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_t *own_ports(const struct service *service, const char *id, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v2.0/ports?device_id=%s", id);
	json_t *answer = rest_call(service->weftd, "GET", path, NULL, error);

	return answer ? take(answer, "ports") : NULL;
}

static const json_t *named(const json_t *ports, const char *name)
{
	const json_t *port;
	size_t i;

	json_array_foreach(ports, i, port)
		if (!g_strcmp0(text_of(port, "name"), name))
			return port;
	return NULL;
}

/* Without port security: what it sends has guests' and outer addresses. */
static json_t *make_port(
	const struct service *service, const char *id, const json_t *wish, GError **error)
{
	json_t *port = json_copy((json_t *)wish), *body = json_pack("{s:o}", "port", port), *answer;

	json_object_set_new(port, "device_id", json_string(id));
	json_object_set_new(port, "device_owner",
		json_string(json_object_get(wish, "fixed_ips") ? OWNER_GUEST : OWNER));
	json_object_set_new(port, "port_security_enabled", json_false());
	json_object_set_new(port, "binding:host_id", json_string(service->settings->host));
	answer = rest_call(service->weftd, "POST", "/v2.0/ports", body, error);
	json_decref(body);
	return answer ? take(answer, "port") : NULL;
}

/* It has as many subnets as are wished for, and those. */
static bool has_subnets(const json_t *port, const json_t *wishes)
{
	const json_t *fixed_ips = json_object_get(port, "fixed_ips"), *wish, *fixed;
	size_t i, j, found = 0;

	json_array_foreach(wishes, i, wish)
		json_array_foreach(fixed_ips, j, fixed)
			found +=
				!g_strcmp0(text_of(wish, "subnet_id"), text_of(fixed, "subnet_id"));
	return found == json_array_size(wishes) && found == json_array_size(fixed_ips);
}

static json_t *change_port(
	const struct service *service, const json_t *port, const json_t *wishes, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v2.0/ports/%s", text_of(port, "id"));
	json_t *body = json_pack("{s:{s:O}}", "port", "fixed_ips", wishes);
	json_t *answer = rest_call(service->weftd, "PUT", path, body, error);

	json_decref(body);
	return answer ? take(answer, "port") : NULL;
}

static json_t *settle_port(const struct service *service, const char *id, const json_t *own,
	const json_t *wish, GError **error)
{
	const json_t *port = named(own, text_of(wish, "name"));
	const json_t *wishes = json_object_get(wish, "fixed_ips");

	if (!port)
		return make_port(service, id, wish, error);
	if (wishes && !has_subnets(port, wishes))
		return change_port(service, port, wishes, error);
	return json_incref((json_t *)port);
}

/* The ports that it has now, all that it needs; NULL: @error. */
static json_t *settle_ports(
	const struct service *service, const json_t *document, const json_t *own, GError **error)
{
	json_t *wishes = desired_ports(document, own, service->settings, error), *ports;
	const json_t *wish;
	size_t i;

	if (!wishes)
		return NULL;
	ports = json_array();
	json_array_foreach(wishes, i, wish) {
		json_t *port =
			settle_port(service, text_of(document, "attachment"), own, wish, error);

		if (!port) {
			g_clear_pointer(&ports, json_decref);
			break;
		}
		json_array_append_new(ports, port);
	}
	json_decref(wishes);
	return ports;
}

static bool add_subnets(
	const struct service *service, const char *network, json_t *list, GError **error)
{
	g_autofree char *path =
		network ? g_strdup_printf("/v2.0/subnets?network_id=%s", network) : NULL;
	json_t *answer = path ? rest_call(service->weftd, "GET", path, NULL, error) : NULL,
	       *subnets;

	if (!path)
		return true;
	if (!answer)
		return false;
	subnets = take(answer, "subnets");
	json_array_extend(list, subnets);
	json_decref(subnets);
	return true;
}

static bool run(
	const struct service *service, const json_t *document, const json_t *ports, GError **error)
{
	const struct router_settings *settings = service->settings;
	json_t *outer = json_array(), *description;
	bool ok = add_subnets(service, settings->management_network, outer, error) &&
		  add_subnets(service, settings->public_network, outer, error);

	if (ok) {
		description = desired_description(document, ports, outer, settings);
		ok = node_apply(settings, text_of(document, "attachment"), description, error);
		json_decref(description);
	}
	json_decref(outer);
	return ok;
}

static char *digest_path(const struct service *service, const char *id)
{
	g_autofree char *name = g_strconcat(id, DIGEST_SUFFIX, NULL);

	return g_build_filename(service->settings->state_dir, name, NULL);
}

static bool remember(
	const struct service *service, const char *id, const char *digest, GError **error)
{
	g_autofree char *path = digest_path(service, id);

	g_mkdir_with_parents(service->settings->state_dir, 0700);
	return g_file_set_contents(path, digest, -1, error);
}

/* Has it been made, or is it time to? */
static bool is_needed(const struct service *service, const json_t *document)
{
	json_t *description = node_description(service->settings, text_of(document, "attachment"));
	bool made = description != NULL;

	json_decref(description);
	return made || desired_has_guest(document);
}

bool service_apply(
	const struct service *service, const json_t *document, const char *digest, GError **error)
{
	const char *id = text_of(document, "attachment");
	json_t *own, *ports;
	bool ok;

	if (!is_needed(service, document))
		return remember(service, id, digest, error);
	own = own_ports(service, id, error);
	if (!own)
		return false;
	ports = settle_ports(service, document, own, error);
	json_decref(own);
	ok = ports && run(service, document, ports, error);
	json_decref(ports);
	return ok && remember(service, id, digest, error);
}

static bool is_own(const json_t *port)
{
	const char *owner = text_of(port, "device_owner");

	return !g_strcmp0(owner, OWNER) || !g_strcmp0(owner, OWNER_GUEST);
}

static bool delete_ports(const struct service *service, const char *id, GError **error)
{
	json_t *own = own_ports(service, id, error);
	const json_t *port;
	bool ok = own != NULL;
	size_t i;

	json_array_foreach(own, i, port) {
		g_autofree char *path = g_strdup_printf("/v2.0/ports/%s", text_of(port, "id"));
		json_t *answer = ok && is_own(port)
					 ? rest_call(service->weftd, "DELETE", path, NULL, error)
					 : json_object();

		ok = ok && answer;
		json_decref(answer);
	}
	json_decref(own);
	return ok;
}

bool service_remove(const struct service *service, const json_t *document, GError **error)
{
	const char *id = text_of(document, "attachment");
	g_autofree char *path = digest_path(service, id);

	if (!node_remove(service->settings, id, error) || !delete_ports(service, id, error))
		return false;
	unlink(path);
	return true;
}

static void add_attachment(const struct service *service, const char *name, json_t *list)
{
	g_autofree char *id = g_strndup(name, strlen(name) - strlen(DIGEST_SUFFIX));
	g_autofree char *path = digest_path(service, id), *digest = NULL;
	json_t *description = node_description(service->settings, id);

	if ((!description || node_is_well(service->settings, id)) &&
		g_file_get_contents(path, &digest, NULL, NULL))
		json_array_append_new(
			list, json_pack("{s:s, s:s}", "attachment", id, "digest", digest));
	json_decref(description);
}

json_t *service_reconcile(const struct service *service)
{
	g_autoptr(GDir) dir = g_dir_open(service->settings->state_dir, 0, NULL);
	json_t *list = json_array();
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, DIGEST_SUFFIX))
			add_attachment(service, name, list);
	return json_pack("{s:o}", "attachments", list);
}
