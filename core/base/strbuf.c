// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char strbuf_empty[1];

void strbuf_release(struct strbuf *buf)
{
	if (buf->size)
		free(buf->text);
	*buf = (struct strbuf)STRBUF_INIT;
}

void strbuf_reset(struct strbuf *buf)
{
	buf->len = 0;
	if (buf->size)
		buf->text[0] = '\0';
}

/* Room for EXTRA more bytes and the NUL. */
static void strbuf_reserve(struct strbuf *buf, size_t extra)
{
	size_t wanted = buf->len + extra + 1;
	size_t size = buf->size ? buf->size : 64;
	char *text;

	if (wanted <= buf->size)
		return;
	while (size < wanted)
		size *= 2;
	text = realloc(buf->size ? buf->text : NULL, size);
	if (!text) {
		fputs("out of memory\n", stderr);
		abort();
	}
	buf->text = text;
	buf->size = size;
}

void strbuf_add(struct strbuf *buf, const void *data, size_t len)
{
	strbuf_reserve(buf, len);
	if (len)
		memcpy(buf->text + buf->len, data, len);
	buf->len += len;
	buf->text[buf->len] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_putc(struct strbuf *buf, char c)
{
	strbuf_add(buf, &c, 1);
}

void strbuf_printf(struct strbuf *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return;
	strbuf_reserve(buf, (size_t)len);
	va_start(args, fmt);
	vsnprintf(buf->text + buf->len, (size_t)len + 1, fmt, args);
	va_end(args);
	buf->len += (size_t)len;
}

char *strbuf_take(struct strbuf *buf)
{
	char *text;

	strbuf_reserve(buf, 0);
	if (buf->len == 0)
		buf->text[0] = '\0';
	text = buf->text;
	*buf = (struct strbuf)STRBUF_INIT;
	return text;
}
