// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_STRBUF_H
#define STACK_CORE_BASE_STRBUF_H

#include "core/base/err.h"

#include <stddef.h>

/*
 * String buffer: text that grows
 *
 *	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
 *	strbuf_printf(&out, "%s:%d", path, line);
 *	puts(out.text);
 *
 * `text` is always NUL-terminated and never NULL.  As in arena.h, running out
 * of memory ends the program.
 */
struct strbuf {
	char *text;
	size_t len, size; /* size 0: text is the static empty string */
};

extern char strbuf_empty[1];

#define STRBUF_INIT                                                                                \
	{                                                                                          \
		.text = strbuf_empty                                                               \
	}

void strbuf_release(struct strbuf *buf);
void strbuf_reset(struct strbuf *buf); /* back to "", keeping the memory */
void strbuf_add(struct strbuf *buf, const void *data, size_t len);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_putc(struct strbuf *buf, char c);
void strbuf_printf(struct strbuf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Hand over the text, to be freed with free(); BUF is empty again. */
char *strbuf_take(struct strbuf *buf);

#endif
