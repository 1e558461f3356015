/* SPDX-License-Identifier: Apache-2.0 */
#include "conversation.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/uuid.h"
#include "controller/weftd.h"

#define SPIN_MAX 100000
#define ANSWER_MAX (4 << 20)
#define IDS_MAX 64

/* What answers had in them and later requests name. */
struct memory {
	GPtrArray *ids;
	char *token, *receipt; /* the last ones */
};

char *conversation_file(const char *text)
{
	int fd = memfd_create("weft-fuzz", 0);

	g_assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	g_assert_false(fchmod(fd, 0600));
	return g_strdup_printf("/proc/self/fd/%d", fd);
}

struct config *conversation_config(const char *settings)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	struct config *config;

	g_assert_true(sodium_init() >= 0);
	g_setenv("WEFT_LOG", "warning", TRUE);
	log_init("fuzz");
	path = conversation_file(settings);
	config = config_load(path, &error);
	g_assert_no_error(error);
	return config;
}

static struct sockaddr_un address_of(int fd)
{
	struct sockaddr_un address = { 0 };
	socklen_t len = sizeof(address);

	g_assert_false(getsockname(fd, (struct sockaddr *)&address, &len));
	return address;
}

/* An abstract address of the kernel's choice; its five characters follow a NUL. */
#define ADDRESS_LEN (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 6)

static int listening_socket(void)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_false(bind(fd, (const struct sockaddr *)&any, sizeof(sa_family_t)));
	g_assert_false(listen(fd, 16));
	return fd;
}

static int connect_to(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	g_assert_false(connect(fd, (const struct sockaddr *)address, ADDRESS_LEN));
	return fd;
}

/* Until nothing is left to do, but for what a client would have to send. What there is to read is
 * read on the way. */
static void run(const struct weftd *weftd, int client, GString *answers)
{
	char buffer[65536];
	bool more = true;

	for (unsigned spins = 0; more; spins++) {
		ssize_t n = client < 0 ? 0 : recv(client, buffer, sizeof(buffer), MSG_DONTWAIT);

		g_assert_cmpuint(spins, <, SPIN_MAX);
		if (n > 0 && answers->len < ANSWER_MAX)
			g_string_append_len(answers, buffer, n);
		more = g_main_context_iteration(NULL, weftd_pending(weftd)) || n > 0 ||
		       weftd_pending(weftd);
	}
}

/* Puts ids, what was handed out, and the length of the body in their places. */
static GString *fill_in(const char *text, size_t len, const struct memory *memory)
{
	GString *filled = g_string_new_len(text, (gssize)len);
	const char *head;
	g_autofree char *length = NULL;

	for (unsigned i = 0; i < memory->ids->len; i++) {
		char place[16];

		g_snprintf(place, sizeof place, "{{%u}}", i);
		g_string_replace(filled, place, memory->ids->pdata[i], 16);
	}
	g_string_replace(filled, "{{token}}", memory->token ?: "", 16);
	g_string_replace(filled, "{{receipt}}", memory->receipt ?: "", 16);
	head = strstr(filled->str, "\r\n\r\n");
	length = g_strdup_printf("%zu", head ? filled->len - (size_t)(head + 4 - filled->str) : 0);
	g_string_replace(filled, "{{*}}", length, 1);
	return filled;
}

static void collect_ids(const char *answers, GPtrArray *ids)
{
	static const char key[] = "\"id\":\"";
	struct uuid uuid;

	for (const char *at = answers; ids->len < IDS_MAX && (at = strstr(at, key));) {
		g_autofree char *id = g_strndup(at += strlen(key), UUID_STRLEN - 1);

		if (uuid_parse(id, &uuid) &&
			!g_ptr_array_find_with_equal_func(ids, id, g_str_equal, NULL))
			g_ptr_array_add(ids, g_steal_pointer(&id));
	}
}

/* The last header of the name, whose line @name begins: replaces what was there before. */
static void collect_header(const char *answers, const char *name, char **ret)
{
	const char *at = g_strrstr(answers, name);

	if (!at)
		return;
	at += strlen(name);
	g_free(*ret);
	*ret = g_strndup(at, strcspn(at, "\r\n"));
}

static void check_json(const char *text, size_t len)
{
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

	if (!json)
		g_error("an answer is no JSON: %.*s", (int)len, text);
	json_decref(json);
}

/* The answers of one connection, as far as they are understood: a HEAD's has no body. */
static void check_answers(const char *text)
{
	while (g_str_has_prefix(text, "HTTP/1.1 ")) {
		const char *end = strstr(text, "\r\n\r\n"), *length;
		g_autofree char *head = end ? g_strndup(text, (gsize)(end - text)) : NULL;
		gsize len;

		if (g_str_has_prefix(text + 9, "500"))
			g_error("an answer is a 500: %.2000s", text);
		length = head ? strstr(head, "Content-Length: ") : NULL;
		if (!end || !length)
			return;
		len = strtoul(length + strlen("Content-Length: "), NULL, 10);
		end += 4;
		if (len > strlen(end) || g_str_has_prefix(end, "HTTP/1.1 "))
			return;
		if (strstr(head, "application/json") && len)
			check_json(end, len);
		text = end + len;
	}
}

static void converse(const struct weftd *weftd, const struct sockaddr_un *address, const char *text,
	size_t len, struct memory *memory)
{
	g_autoptr(GString) filled = fill_in(text, len, memory), answers = g_string_new(NULL);
	int client = connect_to(address);

	/* What the socket does not take at once is cut off. */
	send(client, filled->str, filled->len, MSG_NOSIGNAL);
	run(weftd, client, answers);
	close(client);
	run(weftd, -1, answers);
	check_answers(answers->str);
	if (g_getenv("FUZZ_ANSWERS"))
		g_print("%.*s => %.*s\n", (int)strcspn(filled->str, "\r\n"), filled->str,
			(int)strcspn(answers->str, "\r\n"), answers->str);
	collect_ids(answers->str, memory->ids);
	collect_header(answers->str, "\nX-Subject-Token: ", &memory->token);
	collect_header(answers->str, "\nOpenstack-Auth-Receipt: ", &memory->receipt);
}

static struct weftd *start(struct config *config, struct sockaddr_un *ret_address)
{
	g_autoptr(GError) error = NULL;
	int listener = listening_socket();
	struct weftd *weftd;

	*ret_address = address_of(listener);
	g_free(config->listen[0]);
	config->listen[0] = g_strdup_printf("fd:%d", listener);
	weftd = weftd_new(config, &error);
	g_assert_no_error(error);
	return weftd;
}

void conversation_run(struct config *config, const char *text, size_t size)
{
	struct memory memory = { .ids = g_ptr_array_new_with_free_func(g_free) };
	struct sockaddr_un address;
	g_autoptr(weftd) weftd = start(config, &address);
	const char *end = text + size;

	while (text < end) {
		const char *cut = memmem(text, (size_t)(end - text), "\n%%\n", 4);

		converse(weftd, &address, text, (size_t)((cut ?: end) - text), &memory);
		text = cut ? cut + 4 : end;
	}
	g_ptr_array_unref(memory.ids);
	g_free(memory.token);
	g_free(memory.receipt);
}
