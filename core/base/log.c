// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/log.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level log_limit = LOG_LEVEL_WARN;
static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level)
{
	log_limit = level;
}

int log_level_parse(const char *text, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	char text[1024];
	va_list args;

	if (level > log_limit)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	strbuf_printf(&line, "stack: %s: ", level_names[level]);
	text_escape(&line, text, strlen(text));
	strbuf_putc(&line, '\n');
	/* One write, so that lines of several processes do not mix. */
	(void)fd_write_all(STDERR_FILENO, line.text, line.len);
}
