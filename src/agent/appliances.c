/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/appliances.h"

#include <string.h>

#include "agent/machine/ask.h"
#include "agent/machine/machine.h"
#include "agent/machine/machine_events.h"
#include "agent/machine/machine_process.h"
#include "agent/machine/machine_text.h"
#include "agent/machine/virtual.h"

struct appliances {
	const struct config *config;
	const struct desired *desired;
	struct machine_place place;
	struct virtual_host *virtual;
	void (*changed)(void *data);
	void *data;
	GHashTable *machines; /* appliance id → struct machine */
	bool swept;	      /* what a former process left and nobody wants is gone */
	GHashTable *watches;  /* appliance id → struct watch */
	void (*told)(const struct appliance *appliance, const json_t *answer, void *data);
	void *told_data;
	GList *questions; /* struct question */
};

struct question {
	struct appliances *appliances;
	struct ask *ask;
	appliances_answer_fn done;
	void *data;
};

/* Of an appliance that writes down what its firewall groups decide. */
struct watch {
	struct uuid id;
	struct appliances *appliances;
	struct machine_events *events;
};

/* It stands beside us, or where it is built. */
static char *find_program(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self ? g_path_get_dirname(self) : g_strdup("/usr/sbin");
	g_autofree char *beside = g_build_filename(folder, name, NULL);
	g_autofree char *built = g_build_filename(folder, "..", "appliance", name, NULL);

	if (!g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE) &&
		g_file_test(built, G_FILE_TEST_IS_EXECUTABLE))
		return g_steal_pointer(&built);
	return g_steal_pointer(&beside);
}

static struct machine_place place_of(const struct config *config)
{
	return (struct machine_place){
		.folder = g_build_filename(config->run_dir, "appliance", NULL),
		.netns = config->appliance ? g_strdup(config->appliance)
					   : find_program("weft-appliance-netns"),
		.virtual = find_program("weft-appliance-qemu"),
		.qemu = g_strdup(config->qemu),
	};
}

static void place_clear(struct machine_place *place)
{
	g_free(place->folder);
	g_free(place->netns);
	g_free(place->virtual);
	g_free(place->qemu);
}

static void free_machine(gpointer data)
{
	machine_free(data);
}

static void free_question(gpointer data)
{
	struct question *question = data;

	ask_free(question->ask);
	g_free(question);
}

static void free_watch(gpointer data)
{
	struct watch *watch = data;

	machine_events_free(watch->events);
	g_free(watch);
}

struct appliances *appliances_new(const struct config *config, const struct desired *desired,
	void (*changed)(void *data), void *data)
{
	struct appliances *appliances = g_new0(struct appliances, 1);

	*appliances = (struct appliances){ .config = config,
		.desired = desired,
		.place = place_of(config),
		.virtual = virtual_host_new(config),
		.changed = changed,
		.data = data,
		.machines = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, free_machine),
		.watches = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, free_watch) };
	return appliances;
}

void appliances_free(struct appliances *appliances)
{
	if (!appliances)
		return;
	g_list_free_full(appliances->questions, free_question);
	g_hash_table_unref(appliances->watches);
	g_hash_table_unref(appliances->machines);
	place_clear(&appliances->place);
	virtual_host_free(appliances->virtual);
	g_free(appliances);
}

static struct machine *machine_of(struct appliances *appliances, const struct uuid *id)
{
	struct machine *machine = g_hash_table_lookup(appliances->machines, id);
	char text[UUID_STRLEN];

	if (!machine) {
		machine = machine_new(&appliances->place, uuid_format(id, text),
			appliances->changed, appliances->data);
		g_hash_table_insert(appliances->machines, g_memdup2(id, sizeof(*id)), machine);
	}
	return machine;
}

/* Calls @each for all that an agent has left. */
static void each_left(const struct machine_place *place,
	void (*each)(const struct uuid *id, void *data), void *data)
{
	g_autoptr(GDir) dir = g_dir_open(place->folder, 0, NULL);
	const char *name;
	struct uuid id;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *bare = g_str_has_suffix(name, ".json")
						? g_strndup(name, strlen(name) - strlen(".json"))
						: NULL;

		if (bare && uuid_parse(bare, &id))
			each(&id, data);
	}
}

static void find_left(const struct uuid *id, void *data)
{
	machine_of(data, id);
}

static void end_unwanted(struct appliances *appliances)
{
	struct machine *machine;
	const struct uuid *id;
	GHashTableIter i;

	if (!appliances->swept)
		each_left(&appliances->place, find_left, appliances);
	appliances->swept = true;
	g_hash_table_iter_init(&i, appliances->machines);
	while (g_hash_table_iter_next(&i, (gpointer *)&id, (gpointer *)&machine)) {
		if (!g_hash_table_contains(appliances->desired->appliances, id))
			machine_retire(machine);
		if (machine_is_gone(machine))
			g_hash_table_iter_remove(&i);
	}
}

void appliances_watch(struct appliances *appliances,
	void (*told)(const struct appliance *appliance, const json_t *answer, void *data),
	void *data)
{
	appliances->told = told;
	appliances->told_data = data;
}

static void told(const json_t *answer, void *data)
{
	const struct watch *watch = data;
	struct appliances *appliances = watch->appliances;
	const struct appliance *appliance =
		g_hash_table_lookup(appliances->desired->appliances, &watch->id);

	if (appliance && appliances->told)
		appliances->told(appliance, answer, appliances->told_data);
}

static void begin_watch(struct appliances *appliances, const struct uuid *id)
{
	struct watch *watch = g_new0(struct watch, 1);
	struct machine_files files;
	char text[UUID_STRLEN];

	files = machine_files_of(&appliances->place, uuid_format(id, text));
	watch->id = *id;
	watch->appliances = appliances;
	watch->events = machine_events_new(files.folder, files.events, told, watch);
	machine_events_set(watch->events, true);
	machine_files_clear(&files);
	g_hash_table_insert(appliances->watches, &watch->id, watch);
}

static gboolean is_unwatched(gpointer id, gpointer watch, gpointer data)
{
	const struct appliances *appliances = data;
	const struct appliance *appliance =
		g_hash_table_lookup(appliances->desired->appliances, id);

	(void)watch;
	return !appliance || !appliance->logs;
}

void appliances_update(struct appliances *appliances, bool complete)
{
	const struct appliance *appliance;
	GHashTableIter i;

	g_hash_table_iter_init(&i, appliances->desired->appliances);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&appliance)) {
		g_autofree char *description =
			machine_description(appliances->config, &appliance->id, &appliance->record);
		g_autofree char *shape = machine_shape(&appliance->record);

		machine_set(machine_of(appliances, &appliance->id), description, shape,
			appliance->record.machine_image != NULL);
		if (appliance->logs && !g_hash_table_contains(appliances->watches, &appliance->id))
			begin_watch(appliances, &appliance->id);
	}
	g_hash_table_foreach_remove(appliances->watches, is_unwatched, appliances);
	if (complete)
		end_unwanted(appliances);
}

static void each_port(const struct appliance *appliance,
	void (*each)(const struct uuid *port, void *data), void *data)
{
	const json_t *nic;
	struct uuid port;
	size_t i;

	json_array_foreach(appliance->record.nics, i, nic) {
		const char *text = json_string_value(json_object_get(nic, "port_id"));

		if (text && uuid_parse(text, &port))
			each(&port, data);
	}
}

void appliances_each_stepped_down(struct appliances *appliances,
	void (*each)(const struct uuid *port, void *data), void *data)
{
	const struct appliance *appliance;
	struct machine *machine;
	const struct uuid *id;
	GHashTableIter i;

	if (!appliances)
		return;
	g_hash_table_iter_init(&i, appliances->machines);
	while (g_hash_table_iter_next(&i, (gpointer *)&id, (gpointer *)&machine)) {
		appliance = g_hash_table_lookup(appliances->desired->appliances, id);
		if (machine_has_stepped_down(machine) && appliance)
			each_port(appliance, each, data);
	}
}

void appliances_each_listener(
	const struct appliances *appliances, listener_stats_fn each, void *data)
{
	const struct machine *machine;
	GHashTableIter i;

	g_hash_table_iter_init(&i, appliances->machines);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&machine))
		if (!machine_is_retired(machine))
			machine_listeners_of(machine, each, data);
}

void appliances_each_machine(const struct appliances *appliances,
	void (*each)(const struct uuid *id, const struct machine *machine, void *data), void *data)
{
	const struct machine *machine;
	const struct uuid *id;
	GHashTableIter i;

	g_hash_table_iter_init(&i, appliances->machines);
	while (g_hash_table_iter_next(&i, (gpointer *)&id, (gpointer *)&machine))
		if (!machine_is_retired(machine))
			each(id, machine, data);
}

json_t *appliances_describe(const struct appliances *appliances)
{
	const struct machine *machine;
	const struct uuid *id;
	json_t *all;
	GHashTableIter i;
	char text[UUID_STRLEN];

	if (!appliances || !g_hash_table_size(appliances->machines))
		return NULL;
	all = json_object();
	g_hash_table_iter_init(&i, appliances->machines);
	while (g_hash_table_iter_next(&i, (gpointer *)&id, (gpointer *)&machine))
		if (!machine_is_retired(machine))
			json_object_set_new(all, uuid_format(id, text), machine_describe(machine));
	return all;
}

json_t *appliances_describe_host(const struct appliances *appliances)
{
	return appliances ? virtual_host_describe(appliances->virtual) : NULL;
}

static void question_answered(const json_t *answer, void *data)
{
	struct question *question = data;

	question->done(answer, question->data);
	question->appliances->questions = g_list_remove(question->appliances->questions, question);
	free_question(question);
}

void appliances_ask(struct appliances *appliances, const struct uuid *id, const char *path,
	appliances_answer_fn done, void *data)
{
	struct question *question = g_new0(struct question, 1);
	struct machine_files files;
	char text[UUID_STRLEN];

	files = machine_files_of(&appliances->place, uuid_format(id, text));
	question->appliances = appliances;
	question->ask = ask_new(files.folder);
	question->done = done;
	question->data = data;
	machine_files_clear(&files);
	appliances->questions = g_list_prepend(appliances->questions, question);
	ask_get(question->ask, path, question_answered, question);
}

static void silence(void *data)
{
	(void)data;
}

static void end_left(const struct uuid *id, void *place)
{
	char text[UUID_STRLEN];
	struct machine *machine = machine_new(place, uuid_format(id, text), silence, NULL);

	machine_end(machine);
	machine_free(machine);
}

void appliances_end_all(const struct config *config)
{
	struct machine_place place = place_of(config);

	each_left(&place, end_left, &place);
	place_clear(&place);
}
