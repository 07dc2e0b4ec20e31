// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_WRITER_H
#define STACK_CORE_MODEL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

/*
 * Writer: one sequence of calls, JSON or YAML as output
 *
 *	writer_open_map(&w);
 *	writer_key(&w, "image");
 *	writer_string(&w, "nginx");
 *	writer_close(&w);
 *
 * The JSON is also YAML: characters that YAML takes for line breaks or does not
 * allow are escaped.  Bytes that are not UTF-8 become U+FFFD.  The YAML is block
 * style, with quotes wherever a reader could take a text for something else.
 */
enum writer_format { WRITER_JSON, WRITER_YAML };

/* What we write ourselves, and below that what a file may have (yaml.h). */
#define WRITER_DEPTH_MAX (16 + 128)

struct writer {
	struct strbuf *out;
	enum writer_format format;
	bool escape_dollar; /* "$" becomes "$$" in strings, not in keys */
	bool for_users;	    /* without what only we understand; schema.c asks */
	bool after_key;
	unsigned int depth;
	struct {
		bool list, filled;
	} levels[WRITER_DEPTH_MAX];
};

#define WRITER_INIT(buf, fmt)                                                                      \
	{                                                                                          \
		.out = (buf), .format = (fmt)                                                      \
	}

void writer_open_map(struct writer *writer);
void writer_open_list(struct writer *writer);
void writer_close(struct writer *writer);
void writer_key(struct writer *writer, const char *key);

/* NULL is null. */
void writer_string(struct writer *writer, const char *text);
void writer_integer(struct writer *writer, int64_t value);
void writer_bool(struct writer *writer, bool value);

/* A number that is text already, such as "0.5". */
void writer_number(struct writer *writer, const char *text);

#endif
