// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_LOGTEXT_H
#define STACK_CMD_CLI_LOGTEXT_H

#include <stddef.h>

struct strbuf;

/*
 * Log text on a terminal: colours may pass, control may not
 *
 * Append LEN bytes of a container's output to OUT.  Of escape sequences only
 * SGR (colours, bold, …) is kept, and it is reset at the end; other CSI, and
 * OSC, DCS, SOS, PM, APC strings are dropped.  Tabs stay; other control
 * characters and what is not UTF-8 are escaped (text_escape()).  A carriage
 * return begins the line anew behind PREFIX, so that nothing can stand where
 * the container's name does; one at the end is dropped.
 */
void log_text_for_terminal(struct strbuf *out, const char *text, size_t len, const char *prefix);

#endif
