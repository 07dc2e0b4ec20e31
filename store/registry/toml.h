// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_TOML_H
#define STACK_STORE_REGISTRY_TOML_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * TOML: as much of it as configuration of containers is written in
 *
 * toml.io v1.0: comments, [table], [[array of tables]], key = value with bare,
 * quoted and dotted keys; strings of one line, booleans, whole numbers and arrays
 * of these, over several lines.  Dates, floats, inline tables and strings of
 * several lines are refused, by name.
 */
enum toml_kind { TOML_STRING, TOML_BOOL, TOML_INTEGER, TOML_ARRAY };

struct toml_value {
	enum toml_kind kind;
	const char *string; /* TOML_STRING; valid during the call */
	bool boolean;
	int64_t integer;
};

#define TOML_PATH_MAX 256

/*
 * What is met, in order.  TABLE is "registry.mirror", "" before the first; KEY is "a.b" for a
 * dotted key.  A failure ends the reading; the sentence gets the line in front.
 */
struct toml_reader {
	int (*table)(void *data, const char *table, bool is_array, struct err *err);
	int (*value)(void *data, const char *table, const char *key, const struct toml_value *value,
		     struct err *err);
	void *data;
};

/* -EINVAL: it is no TOML, or more of it than the above.  The sentence begins with the line. */
int toml_read(const char *text, size_t len, const struct toml_reader *reader, struct err *err);

#endif
