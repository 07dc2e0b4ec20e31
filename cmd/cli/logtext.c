// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/logtext.h"

#include "core/base/strbuf.h"
#include "core/base/text.h"

#include <stdbool.h>
#include <string.h>

#define ESC '\033'
#define BEL '\a'

static bool in(char c, unsigned char first, unsigned char last)
{
	return (unsigned char)c >= first && (unsigned char)c <= last;
}

/* Length of the CSI sequence at TEXT ("ESC [ …"), and whether it is a plain SGR (ECMA-48, 5.4). */
static size_t csi_length(const char *text, size_t len, bool *ret_sgr)
{
	size_t at = 2;
	bool plain = true;

	for (; at < len && in(text[at], 0x30, 0x3f); at++)
		plain &= in(text[at], '0', ';');
	for (; at < len && in(text[at], 0x20, 0x2f); at++)
		plain = false;
	if (at == len || !in(text[at], 0x40, 0x7e)) {
		*ret_sgr = false;
		return at;
	}
	*ret_sgr = plain && text[at] == 'm';
	return at + 1;
}

/* Length of a control string at TEXT: up to BEL or ST, else all that is there. */
static size_t string_length(const char *text, size_t len)
{
	for (size_t at = 2; at < len; at++) {
		if (text[at] == BEL)
			return at + 1;
		if (text[at] == ESC)
			return at + 1 < len && text[at + 1] == '\\' ? at + 2 : at;
	}
	return len;
}

/* Length of the escape sequence at TEXT, which begins with ESC. */
static size_t escape_length(const char *text, size_t len, bool *ret_sgr)
{
	size_t at = 1;

	*ret_sgr = false;
	if (len < 2)
		return len;
	if (text[1] == '[')
		return csi_length(text, len, ret_sgr);
	if (strchr("]PX^_", text[1]))
		return string_length(text, len);
	while (at < len && in(text[at], 0x20, 0x2f))
		at++;
	return at < len && in(text[at], 0x30, 0x7e) ? at + 1 : at;
}

void log_text_for_terminal(struct strbuf *out, const char *text, size_t len, const char *prefix)
{
	bool sgr, colored = false;
	size_t at = 0;

	while (len > 0 && text[len - 1] == '\r')
		len--;
	while (at < len) {
		size_t plain = at;

		while (plain < len && text[plain] != ESC && text[plain] != '\r' &&
		       text[plain] != '\t')
			plain++;
		text_escape(out, text + at, plain - at);
		at = plain;
		if (at == len)
			break;
		if (text[at] == ESC) {
			size_t n = escape_length(text + at, len - at, &sgr);

			if (sgr)
				strbuf_add(out, text + at, n);
			colored |= sgr;
			at += n;
		} else {
			strbuf_putc(out, text[at]);
			if (text[at++] == '\r')
				strbuf_puts(out, prefix);
		}
	}
	if (colored)
		strbuf_puts(out, "\033[0m");
}
