// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_OUTPUT_H
#define STACK_CMD_CLI_OUTPUT_H

#include <jansson.h>
#include <stddef.h>

struct err;

/*
 * Output: results in the form that --format asks for
 */

/*
 * Index of GIVEN (NULL: the first) among the N FORMATS a command knows.
 * -1: it is none of them, which has been said.
 */
int output_format(const char *given, const char *const *formats, size_t n);

/* Print VALUE indented.  -errno: it could not be written. */
int output_json(const json_t *value, struct err *err);

/* Print the objects of LIST as indented lines, a blank line between two.  As above. */
int output_pretty(const json_t *list, struct err *err);

/* A string member of OBJECT, "" when there is none. */
const char *output_string(const json_t *object, const char *key);

/* An integer member of OBJECT, 0 when there is none. */
json_int_t output_integer(const json_t *object, const char *key);

struct strbuf;

/* The host's address of a published PORT: "0.0.0.0", "127.0.0.1", "[::1]". */
void output_host_address(const json_t *port, struct strbuf *out);

#endif
