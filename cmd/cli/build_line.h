// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_BUILD_LINE_H
#define STACK_CMD_CLI_BUILD_LINE_H

#include <stddef.h>

struct strbuf;

/*
 * Build line: what buildah says, for people
 *
 * It logs as `time="…" level=warning msg="…"`, which becomes `warning: …`, and prints
 * its own data structures in the middle of a sentence, such as `{Env:[PATH=…] …}` of
 * the step that failed: they go, and the cause that stands behind them stays.
 */

/* Add the LEN bytes at TEXT, which are one line, to OUT. */
void build_line_add(struct strbuf *out, const char *text, size_t len);

#endif
