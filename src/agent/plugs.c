/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plugs.h"

#include <string.h>

#include "agent/plugs_file.h"
#include "base/log.h"

/* A device, and the port it belongs to now. */
struct device {
	struct link link;
	bool aliased, bound;
	u32 scan;	   /* the last one that saw it */
	struct uuid alias; /* the port that its alias names */
	struct uuid port;
};

struct plugs {
	struct plugs_file *file;
	plugs_changed_cb changed;
	void *data;
	u32 scan;
	GHashTable *said;    /* port → device name */
	GHashTable *said_of; /* the same the other way, borrowing from it */
	GHashTable *devices; /* name → struct device */
	GHashTable *indexes; /* ifindex → struct device */
	GHashTable *bound;   /* port → struct device */
};

bool plugs_parse_alias(const char *alias, struct uuid *ret)
{
	g_auto(GStrv) words = g_strsplit_set(alias, " ,;", -1);

	for (char **word = words; *word; word++) {
		const char *text = *word;

		if (g_str_has_prefix(text, "iface-id=") || g_str_has_prefix(text, "iface-id:"))
			text += strlen("iface-id=");
		if (uuid_parse(text, ret))
			return true;
	}
	return false;
}

static void say(struct plugs *plugs, const struct uuid *port, const char *device)
{
	struct uuid *key = g_memdup2(port, sizeof(*port));
	char *name = g_strdup(device);

	g_hash_table_insert(plugs->said, key, name);
	g_hash_table_insert(plugs->said_of, name, key);
}

/* Its end is in the file already. */
static void unsay(struct plugs *plugs, const struct uuid *port)
{
	const char *name = g_hash_table_lookup(plugs->said, port);
	g_autoptr(GError) error = NULL;

	g_hash_table_remove(plugs->said_of, name);
	g_hash_table_remove(plugs->said, port);
	if (!plugs_file_tidy(plugs->file, g_hash_table_size(plugs->said), &error))
		log_limited(warning, "the file of plugs could not be tidied: %s", error->message);
}

static void loaded(const struct uuid *port, const char *device, void *data)
{
	struct plugs *plugs = data;

	if (g_hash_table_contains(plugs->said_of, device))
		log_warning("device %s was plugged into two ports; one of them is ignored", device);
	else
		say(plugs, port, device);
}

bool plugs_new(
	const char *path, plugs_changed_cb changed, void *data, struct plugs **ret, GError **error)
{
	struct plugs *plugs = g_new0(struct plugs, 1);

	plugs->changed = changed;
	plugs->data = data;
	plugs->said = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, g_free);
	plugs->said_of = g_hash_table_new(g_str_hash, g_str_equal);
	plugs->indexes = g_hash_table_new(NULL, NULL);
	plugs->devices = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	plugs->bound = g_hash_table_new(uuid_hash, uuid_equal);
	if (!plugs_file_open(path, loaded, plugs, &plugs->file, error)) {
		plugs_free(plugs);
		return false;
	}
	*ret = plugs;
	return true;
}

void plugs_free(struct plugs *plugs)
{
	if (!plugs)
		return;
	g_hash_table_unref(plugs->bound);
	g_hash_table_unref(plugs->indexes);
	g_hash_table_unref(plugs->devices);
	g_hash_table_unref(plugs->said_of);
	g_hash_table_unref(plugs->said);
	plugs_file_close(plugs->file);
	g_free(plugs);
}

/* What @device should belong to: whoever said so, else its alias, unless that port has a device
 * already. */
static bool wanted_port(const struct plugs *plugs, const struct device *device, struct uuid *ret)
{
	const struct uuid *port = g_hash_table_lookup(plugs->said_of, device->link.name);

	if (port) {
		*ret = *port;
		return true;
	}
	if (!device->aliased || g_hash_table_contains(plugs->said, &device->alias))
		return false;
	const struct device *holder = g_hash_table_lookup(plugs->bound, &device->alias);
	if (holder && holder != device) {
		log_limited(warning,
			"device %s: its alias names a port that device %s has already; ignored",
			device->link.name, holder->link.name);
		return false;
	}
	*ret = device->alias;
	return true;
}

static void unbind(struct plugs *plugs, struct device *device)
{
	struct uuid port = device->port;

	if (!device->bound)
		return;
	g_hash_table_remove(plugs->bound, &device->port);
	device->bound = false;
	plugs->changed(&port, NULL, plugs->data);
}

/* Something about @device, or about who wants it, may have changed. */
static void update(struct plugs *plugs, struct device *device)
{
	struct uuid port;
	bool wanted = wanted_port(plugs, device, &port);

	if (device->bound && (!wanted || !uuid_equal(&port, &device->port)))
		unbind(plugs, device);
	if (!wanted)
		return;
	struct device *holder = g_hash_table_lookup(plugs->bound, &port);
	if (holder && holder != device)
		unbind(plugs, holder); /* it had the port by its alias; somebody says otherwise */
	device->bound = true;
	device->port = port;
	g_hash_table_insert(plugs->bound, &device->port, device);
	plugs->changed(&device->port, &device->link, plugs->data);
}

/* The port that @device had may be wanted by another device, through its alias. */
static void offer(struct plugs *plugs, const struct uuid *port)
{
	struct device *device;
	GHashTableIter i;

	if (g_hash_table_contains(plugs->bound, port))
		return;
	g_hash_table_iter_init(&i, plugs->devices);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&device))
		if (device->aliased && uuid_equal(&device->alias, port)) {
			update(plugs, device);
			return;
		}
}

static void remove_device(struct plugs *plugs, struct device *device)
{
	struct uuid port = device->port;
	bool bound = device->bound;

	unbind(plugs, device);
	g_hash_table_remove(plugs->indexes, GUINT_TO_POINTER(device->link.ifindex));
	g_hash_table_remove(plugs->devices, device->link.name);
	if (bound)
		offer(plugs, &port);
}

static struct device *find_or_make(struct plugs *plugs, const struct link *link)
{
	struct device *device = g_hash_table_lookup(plugs->devices, link->name);
	struct device *renamed;

	if (device)
		return device;
	renamed = g_hash_table_lookup(plugs->indexes, GUINT_TO_POINTER(link->ifindex));
	if (renamed)
		remove_device(plugs, renamed);
	device = g_new0(struct device, 1);
	device->link = *link;
	g_hash_table_insert(plugs->devices, device->link.name, device);
	return device;
}

void plugs_link(struct plugs *plugs, const struct link *link, const char *alias)
{
	struct device *device = find_or_make(plugs, link);
	struct uuid named = { 0 };
	bool aliased = plugs_parse_alias(alias, &named);
	bool same = device->bound && aliased == device->aliased &&
		    uuid_equal(&named, &device->alias) &&
		    memcmp(&device->link, link, sizeof(*link)) == 0;

	device->scan = plugs->scan;
	if (same)
		return;
	device->aliased = aliased;
	device->alias = named;
	g_hash_table_remove(plugs->indexes, GUINT_TO_POINTER(device->link.ifindex));
	device->link = *link;
	g_hash_table_insert(plugs->indexes, GUINT_TO_POINTER(link->ifindex), device);
	update(plugs, device);
}

void plugs_link_gone(struct plugs *plugs, const struct link *link)
{
	struct device *device = g_hash_table_lookup(plugs->devices, link->name);

	if (device && device->link.ifindex == link->ifindex)
		remove_device(plugs, device);
}

void plugs_scan_begin(struct plugs *plugs)
{
	plugs->scan++;
}

void plugs_scan_end(struct plugs *plugs)
{
	g_autofree gpointer *names = g_hash_table_get_keys_as_array(plugs->devices, NULL);

	for (guint i = 0; names[i]; i++) {
		struct device *device = g_hash_table_lookup(plugs->devices, names[i]);

		if (device->scan != plugs->scan)
			remove_device(plugs, device);
	}
}

bool plugs_check(struct plugs *plugs, const struct uuid *port, const char *name, GError **error)
{
	const struct device *device = g_hash_table_lookup(plugs->devices, name);
	const char *said = g_hash_table_lookup(plugs->said, port);
	char buf[UUID_STRLEN];

	if (!device)
		return weft_fail(
			error, DEVICE_NOT_FOUND, "there is no device \"%s\" on this host", name);
	if (device->link.flags & IFF_LOOPBACK)
		return weft_fail(
			error, INVALID_INPUT, "device %s is a loopback, not a guest's", name);
	if (device->bound && !uuid_equal(&device->port, port))
		return weft_fail(error, DEVICE_BUSY,
			"device %s is plugged into port %s already: unplug it there first", name,
			uuid_format(&device->port, buf));
	if (said && strcmp(said, name) != 0)
		return weft_fail(error, IN_USE, "port %s has device %s already: unplug that first",
			uuid_format(port, buf), said);
	return true;
}

bool plugs_plug(struct plugs *plugs, const struct uuid *port, const char *name, GError **error)
{
	if (!plugs_check(plugs, port, name, error))
		return false;
	if (g_hash_table_contains(plugs->said, port))
		return true;
	if (!plugs_file_append(plugs->file, port, name, error))
		return false;
	say(plugs, port, name);
	update(plugs, g_hash_table_lookup(plugs->devices, name));
	return true;
}

bool plugs_unplug(struct plugs *plugs, const struct uuid *port_in, GError **error)
{
	struct uuid port = *port_in; /* it may be the key that goes */
	struct device *device = g_hash_table_lookup(plugs->bound, &port);
	g_autofree char *name = g_strdup(g_hash_table_lookup(plugs->said, &port));
	char buf[UUID_STRLEN];

	if (!name && device)
		return weft_fail(error, CONFLICT,
			"port %s has device %s by the device's alias: change that (ip link set %s alias '')",
			uuid_format(&port, buf), device->link.name, device->link.name);
	if (!name)
		return weft_fail(error, NOT_FOUND, "nothing is plugged into port %s on this host",
			uuid_format(&port, buf));
	if (!plugs_file_append(plugs->file, &port, NULL, error) ||
		!plugs_file_sync(plugs->file, error))
		return false;
	unsay(plugs, &port);
	if (device)
		update(plugs, device);
	offer(plugs, &port);
	return true;
}

void plugs_forget(struct plugs *plugs, const struct uuid *port_in)
{
	g_autoptr(GError) error = NULL;
	struct uuid port = *port_in; /* it may be the key that goes */
	struct device *device = g_hash_table_lookup(plugs->bound, &port);

	if (!g_hash_table_contains(plugs->said, &port))
		return;
	/* not synced: should it come back with the next start, it is forgotten again */
	if (!plugs_file_append(plugs->file, &port, NULL, &error))
		log_warning("%s", error->message);
	unsay(plugs, &port);
	if (device)
		update(plugs, device);
}

void plugs_sync_later(struct plugs *plugs, plugs_file_synced_cb done, void *data)
{
	plugs_file_sync_later(plugs->file, done, data);
}

const struct link *plugs_device(const struct plugs *plugs, const struct uuid *port)
{
	const struct device *device = g_hash_table_lookup(plugs->bound, port);

	return device ? &device->link : NULL;
}

const struct uuid *plugs_port(const struct plugs *plugs, const char *name)
{
	const struct device *device = g_hash_table_lookup(plugs->devices, name);

	return device && device->bound ? &device->port : NULL;
}

const struct link *plugs_find_link(const struct plugs *plugs, const char *name)
{
	const struct device *device = g_hash_table_lookup(plugs->devices, name);

	return device ? &device->link : NULL;
}
