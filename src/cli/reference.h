/* SPDX-License-Identifier: Apache-2.0 */
/* The reference, made from the command table: manual pages and docs/cli.md. */
#pragma once

#include "cli/command.h"

/* A line of the environment section. */
struct reference_variable {
	const char *name, *doc;
};
extern const struct reference_variable reference_variables[]; /* ended by a nameless one */

struct reference_exit {
	int code;
	const char *meaning;
};
extern const struct reference_exit reference_exits[]; /* ended by one without meaning */

extern const char reference_description[], reference_output[];

/* What the commands of a topic are about; static. */
const char *reference_topic_summary(const char *topic);

/* "network qos policy" of "network-qos-policy"; to be freed. */
char *reference_topic_words(const char *topic);

/* weft.1 (@topic NULL) or weft-TOPIC.1; troff, to be freed. */
char *reference_man(const char *topic);

/* Writes weft.1 and the pages of all topics into a folder, which is made. */
bool reference_man_pages(const char *folder, GError **error);

/* docs/cli.md; to be freed. */
char *reference_markdown(void);

/* "--fixed-ip VALUE" with its letter; to be freed. */
char *reference_option(const struct option *option);

/* "weft network create [NAME] [OPTIONS]"; to be freed. */
char *reference_usage(const struct command *command);

/* The option's sentence with its choices and "may be repeated"; to be freed. */
char *reference_option_doc(const struct option *option);
