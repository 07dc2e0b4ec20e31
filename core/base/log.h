// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_LOG_H
#define STACK_CORE_BASE_LOG_H

#include "core/base/err.h"

/*
 * Log: what a program of ours tells whoever runs it, on standard error
 *
 * Not for errors that are returned (err.h): a line here is something that
 * nobody waits for an answer to.  The level is the one global of the project.
 * Control characters in the text are escaped, so that nothing a container
 * chose can move the user's cursor.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);

/* "error" | "warn" | "info" | "debug"; -EINVAL for anything else. */
int log_level_parse(const char *text, enum log_level *ret_level);

void log_at(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
