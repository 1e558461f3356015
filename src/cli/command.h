/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of `weft`. Each is one descriptor; parsing, help, man pages, completion and
 * docs/cli.md are all made from it, so they can't disagree. Commands on resources (`weft network
 * create`) are made at start from the tables of src/model, see resource.c.
 */
#pragma once

#include <gio/gio.h>
#include <jansson.h>

#include "base/error.h"
#include "base/types.h"

struct cli;
struct resource;
struct client;

enum option_flags {
	OPTION_REPEAT = 1 << 0,	  /* may be given several times */
	OPTION_SPELLING = 1 << 1, /* another spelling of an option listed before it; not in help */
};

struct option {
	const char *name;    /* without the dashes; NULL ends a table */
	const char *metavar; /* NULL: a flag */
	const char *doc;     /* one sentence, no full stop */
	char letter;	     /* 0: none */
	u8 flags;
	const char *const *choices; /* NULL-terminated, or NULL: any value */
};

enum command_flags {
	COMMAND_REST = 1 << 0,	 /* what follows the last argument belongs to another program */
	COMMAND_HIDDEN = 1 << 1, /* not in help */
};

#define MAX_OPTION_SETS 4

struct command {
	const char *words;     /* "network create" */
	const char *summary;   /* one sentence, no full stop */
	const char *arguments; /* "PORT DEVICE", "[NAME]", "NAME…"; NULL: none */
	const char *details;   /* paragraphs for the man page, or NULL */
	const char *examples;  /* one command a line, or NULL */
	const struct option *options[MAX_OPTION_SETS]; /* tables */
	unsigned flags;
	bool (*run)(struct cli *cli, GError **error);
	const struct resource *resource; /* for commands made from a kind */
	const char *topic;		 /* "network-qos-policy"; NULL: the first of its words */
};

/* All commands in the order of help, ended by NULL. */
const struct command *const *commands_all(void);

/* The command that begins @words (argv without the program); *@ret_used counts its words. NULL:
 * none. */
const struct command *command_find(char *const *words, unsigned *ret_used);

/* The subjects of help and of manual pages, in order. NULL-terminated array, static strings. */
GPtrArray *command_topics(void);
bool command_in_topic(const struct command *command, const char *topic);

/* How many arguments a command wants; *@ret_max is G_MAXUINT for "NAME…". */
void command_arity(const struct command *command, unsigned *ret_min, unsigned *ret_max);

/* Option tables that many commands share. */
extern const struct option api_options[];    /* --url --token --ca */
extern const struct option agent_options[];  /* --socket */
extern const struct option output_options[]; /* -f -c */

/* The invocation: what was given on the command line. */
struct cli {
	const struct command *command;
	GHashTable *values;    /* option name → GPtrArray of texts */
	GPtrArray *arguments;  /* without options, NULL-terminated */
	struct client *client; /* made by cli_client() */
};

/* Parses @words (behind the command's own) into @cli. Errors are of G_OPTION_ERROR. */
bool cli_parse(struct cli *cli, const struct command *command, char *const *words, GError **error);
void cli_clear(struct cli *cli);

/* The last value of an option, or NULL. A flag's is "". */
const char *cli_option(const struct cli *cli, const char *name);
const char *cli_option_or(const struct cli *cli, const char *name, const char *fallback);
bool cli_flag(const struct cli *cli, const char *name);
/* All values, in order; borrowed, may be NULL. */
GPtrArray *cli_options(const struct cli *cli, const char *name);
/* A number in @min…@max; *@ret keeps its value when the option wasn't given. */
bool cli_number(
	const struct cli *cli, const char *name, u64 min, u64 max, u64 *ret, GError **error);
const char *cli_argument(const struct cli *cli, unsigned n); /* NULL: not given */

/* The controller's client, made of --url, --token, --ca or the environment; owned by @cli. */
struct client *cli_client(struct cli *cli, GError **error);
/* Is a controller named at all (option or environment)? */
bool cli_has_controller(const struct cli *cli);

/* Sets a usage error (exit code 2). Always returns false. */
bool cli_usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
