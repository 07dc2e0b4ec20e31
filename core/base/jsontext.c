// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/jsontext.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <stdbool.h>

int jsontext_add(struct strbuf *out, const json_t *value, size_t flags)
{
	CLEANUP_FREE char *text = json_dumps(value, flags | JSON_ENCODE_ANY);

	if (!text)
		return -ENOMEM;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;

		if (*p == 0x7f || c1) {
			strbuf_printf(out, "\\u%04x", (unsigned int)p[c1]);
			p += c1;
		} else {
			strbuf_putc(out, (char)*p);
		}
	}
	return 0;
}

int jsontext_write_line(int fd, const json_t *value)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	int r = jsontext_add(&line, value, JSON_COMPACT);

	strbuf_putc(&line, '\n');
	return r < 0 ? r : fd_write_all(fd, line.text, line.len);
}
